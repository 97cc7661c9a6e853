//! Which compression begins here, if any: by content, never by file name.

use super::framed;
use super::layer::Layer;
use super::source::Source;
use flate2::{Decompress, FlushDecompress, Status};

/// Bytes that are tried where a magic number alone would not be proof.
const TRIAL: usize = 4096;

/// The zlib header byte that every usual compressor writes; no opcode.
const ZLIB_USUAL: u8 = 0x78;

/// Names the compression layer at the front of `source`; nothing is consumed.
///
/// It looks at a further byte only where those before it can begin a layer,
/// so that a slow stream of pickles is never waited for.
pub(crate) fn recognise(source: &mut Source) -> Option<Layer> {
    let first = *source.peek(1).first()?;
    let by_magic = match first {
        0x1f => begins(source, b"\x1f\x8b\x08").then_some(Layer::Gzip),
        // "BZh", the block size, then the magic of a block or of the end: "B" alone is BINBYTES.
        b'B' if begins(source, b"BZh") => is_bzip2(source.peek(10)).then_some(Layer::Bzip2),
        0xfd => begins(source, b"\xfd7zXZ\0").then_some(Layer::Xz),
        0x5d if matches!(source.peek(2), [_, 0 | 0xff]) => is_lzma_alone(source.peek(14)).then_some(Layer::Lzma),
        0x28 => begins(source, ZSTD).then_some(Layer::Zstd),
        0x04 => begins(source, LZ4).then_some(Layer::Lz4),
        0x50..=0x5f if begins(source, &[first, b'*', b'M', 0x18]) => after_skippable(source.peek(TRIAL)),
        0xff => begins(source, b"\xff\x06\0\0sNaPpY").then_some(Layer::Snappy),
        b'Z' if begins(source, b"ZF0x") => zfile_header(source.peek(ZFILE_HEADER_MAX)).map(|_| Layer::Zfile),
        _ => None,
    };
    match by_magic {
        Some(layer) => Some(layer),
        None if may_be_zlib(source.peek(2)) && is_zlib(source) => Some(Layer::Zlib),
        None => framed::recognise(source),
    }
}

/// Compares byte by byte, to ask for none that does not matter.
fn begins(source: &mut Source, magic: &[u8]) -> bool {
    (1..=magic.len()).all(|n| magic.get(..n) == Some(source.peek(n)))
}

const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const LZ4: &[u8] = b"\x04\x22\x4d\x18";

fn is_bzip2(head: &[u8]) -> bool {
    matches!(head, [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
        if rest == b"\x31\x41\x59\x26\x53\x59" || rest == b"\x17\x72\x45\x38\x50\x90")
}

/// The format has no magic number. Its first byte is also EMPTY_LIST, but the
/// dictionary sizes that encoders write (4 KiB and up, 2^n or 2^n + 2^(n-1))
/// put a zero second, which is no opcode. Same rule as liblzma's auto decoder,
/// and the range coder's first byte is always zero.
pub(crate) fn is_lzma_alone(head: &[u8]) -> bool {
    let &[0x5d, d0, d1, d2, d3, u0, u1, u2, u3, u4, u5, u6, u7, 0] = head else { return false };
    let dictionary = u32::from_le_bytes([d0, d1, d2, d3]);
    let unpacked = u64::from_le_bytes([u0, u1, u2, u3, u4, u5, u6, u7]);
    let usual = dictionary >= 4096 && {
        let top = 1 << (31 - dictionary.leading_zeros());
        dictionary == top || dictionary == top | (top >> 1)
    };
    (usual || dictionary == u32::MAX) && (unpacked == u64::MAX || unpacked < 1 << 38)
}

/// zstd and lz4 share the magic numbers of frames to skip; what follows them decides.
fn after_skippable(mut head: &[u8]) -> Option<Layer> {
    while let &[0x50..=0x5f, b'*', b'M', 0x18, l0, l1, l2, l3, ref rest @ ..] = head {
        head = rest.get(u32::from_le_bytes([l0, l1, l2, l3]) as usize..)?;
    }
    match head {
        _ if head.starts_with(ZSTD) => Some(Layer::Zstd),
        _ if head.starts_with(LZ4) => Some(Layer::Lz4),
        _ => None,
    }
}

/// Longest header of joblib's old format: `ZF`, 19 characters and the blank that Python 2 adds.
pub(crate) const ZFILE_HEADER_MAX: usize = 22;

/// Length of the header and the declared length of the unpacked data.
///
/// `joblib.numpy_pickle_compat.read_zfile`: `ZF`, the length as `hex()` writes
/// it, padded with blanks to 19 characters; joblib up to 0.8.4 under Python 2
/// padded to 20.
pub(crate) fn zfile_header(head: &[u8]) -> Option<(usize, u64)> {
    let digits = head.strip_prefix(b"ZF0x")?;
    let digits = str::from_utf8(digits.get(..17)?).ok()?.trim_end_matches(' ').trim_end_matches('L');
    let declared = u64::from_str_radix(digits, 16).ok()?;
    Some((if head.get(21) == Some(&b' ') { 22 } else { 21 }, declared))
}

/// Two bytes of zlib header: method 8, a window of at most 32 KiB, no preset dictionary, the check.
fn may_be_zlib(head: &[u8]) -> bool {
    matches!(head, &[cmf, flags] if cmf & 0x0f == 8 && cmf >> 4 <= 7 && flags & 0x20 == 0
        && u16::from_be_bytes([cmf, flags]) % 31 == 0)
}

/// Really inflates the first bytes.
///
/// Some header bytes are opcodes too (`(`, `X`, `h`), so short data must be a
/// whole stream with its checksum to count. 0x78 is no opcode: there it is
/// enough that something came out.
fn is_zlib(source: &mut Source) -> bool {
    let head = source.peek(TRIAL);
    let (usual, whole) = (head.first() == Some(&ZLIB_USUAL), head.len() < TRIAL);
    let mut inflate = Decompress::new(true);
    let mut scratch = [0; 4096];
    loop {
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let rest = head.get(before_in as usize..).unwrap_or_default();
        match inflate.decompress(rest, &mut scratch, FlushDecompress::None) {
            Err(_) => return usual && inflate.total_out() > 0,
            Ok(Status::StreamEnd) => return true,
            Ok(_) if inflate.total_in() == before_in && inflate.total_out() == before_out => break,
            // A megabyte out of four kilobytes is proof enough.
            Ok(_) if inflate.total_out() > 1 << 20 => return true,
            Ok(_) => {}
        }
    }
    usual || !whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    fn layer(data: &[u8]) -> Option<Layer> {
        recognise(&mut Source::new(Box::new(Cursor::new(data.to_vec()))))
    }

    #[test]
    fn opcodes_that_look_like_magic_numbers_are_pickles() {
        // BINUNICODE of lengths that make a valid zlib header.
        for length in 0..=255u8 {
            let mut pickle = vec![b'X', length, 0, 0, 0];
            pickle.resize(5 + usize::from(length), b'a');
            pickle.push(b'.');
            assert_eq!(layer(&pickle), None, "a str of {length} characters");
        }
        // Memo numbers after BINGET, and every second byte after MARK and EMPTY_LIST.
        for second in 0..=255u8 {
            for first in [b'h', b'(', b'8', b'H', b']', b'B', b'Z', b'P'] {
                assert_eq!(layer(&[first, second, b'0', b'0', b'.']), None, "{first:02x} {second:02x}");
            }
        }
        assert_eq!(layer(b"]q\x00(K\x01K\x02K\x03K\x04K\x05K\x06K\x07K\x08K\x09e."), None);
        assert_eq!(layer(b"P*M\x18name\n."), None);
        assert_eq!(layer(b"\x80\x04]\x94."), None);
        assert_eq!(layer(b""), None);
    }

    #[test]
    fn every_zlib_level_and_window_is_recognised() {
        for level in 0..=9 {
            let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(level));
            packer.write_all(b"\x80\x04]\x94.").unwrap();
            assert_eq!(layer(&packer.finish().unwrap()), Some(Layer::Zlib), "level {level}");
        }
        // A 512-byte window, the smallest: header byte 0x18.
        assert_eq!(layer(b"\x18\x95\x6b\x60\x89\x9d\xa2\x07\x00\x07\xa1\x01\xf8"), None, "a wrong checksum");
    }

    #[test]
    fn lzma_alone_needs_a_plausible_header() {
        let head = |dictionary: u32, unpacked: u64, first: u8| {
            let mut head = vec![0x5d];
            head.extend(dictionary.to_le_bytes());
            head.extend(unpacked.to_le_bytes());
            head.push(first);
            is_lzma_alone(&head)
        };
        assert!(head(1 << 23, u64::MAX, 0));
        assert!(head((1 << 23) | (1 << 22), 1000, 0));
        assert!(!head(1 << 23, u64::MAX, 1));
        assert!(!head(1 << 8, u64::MAX, 0));
        assert!(!head((1 << 23) + 1, u64::MAX, 0));
        assert!(!head(1 << 23, 1 << 40, 0));
    }

    #[test]
    fn zfile_headers_of_both_pythons() {
        assert_eq!(zfile_header(b"ZF0x1a2              x\x9c"), Some((21, 0x1a2)));
        assert_eq!(zfile_header(b"ZF0x1a2               x\x9c"), Some((22, 0x1a2)));
        assert_eq!(zfile_header(b"ZF0x1a2L             x\x9c"), Some((21, 0x1a2)));
        assert_eq!(zfile_header(b"ZF0xzz               x"), None);
        assert_eq!(zfile_header(b"ZF0x1"), None);
    }
}
