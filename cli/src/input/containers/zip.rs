//! Zip files: the directory by crate `zip`, the local headers by hand.
//!
//! PyTorch's files are zip files, and attackers write some on which readers
//! disagree. So both lists of members are read: those of the central
//! directory come first, in its order, then those that have a local header
//! and are not in the directory (APPNOTE.TXT 4.3). Flags that say "encrypted"
//! and checksums do not matter, as they do not to torch.

use super::format::{Format, Open, Recognise, plain};
use super::{Data, Member, keyed};
use crate::Failure;
use crate::input::{Container, Input, Part, sniff};
use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufReader, Read};

/// A zip file, from its first byte on.
pub(super) const FORMAT: Format = Format {
    name: "zip",
    what: "a zip file",
    recognise: Recognise::Head(|head| {
        matches!(sniff(head), Some(Container::Zip | Container::TorchZip | Container::Npz))
    }),
    open: Open::Members(|input, part| plain(input, members(part))),
    all: false,
};

/// A zip file behind something else that is no pickle.
pub(super) const BEHIND: Format = Format { recognise: Recognise::File(is_behind), ..FORMAT };

fn is_behind(input: &Input, part: &Part) -> Result<bool, Failure> {
    Ok(plain(input, ends_like_one(part))? && !super::is_pickle(Input::from_part(input.name(), part.clone())?))
}

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
/// Bytes of a local header before the name.
const LOCAL_LEN: u64 = 30;
/// The record at the end without its comment, which is at most 64 KiB.
const END_LEN: u64 = 22;
/// Memory that a member in LZMA may ask for.
const MAX_LZMA: u64 = 1 << 30;
/// Bytes that are searched at a time.
const WINDOW: usize = 256 * 1024;

/// True if the record that ends a zip file stands near the end, and a directory lies where it says.
pub(super) fn ends_like_one(part: &Part) -> io::Result<bool> {
    let from = part.len().saturating_sub(END_LEN + 0xffff);
    let tail = part.bytes_at(from, (END_LEN + 0xffff) as usize)?;
    let Some(at) = tail.windows(END.len()).rposition(|window| window == END) else { return Ok(false) };
    let Some(&[_, _, _, _, _, _, _, _, entries, _, _, _, s0, s1, s2, s3]) =
        tail.get(at..at + 16).and_then(|r| r.first_chunk::<16>())
    else {
        return Ok(false);
    };
    let size = u64::from(u32::from_le_bytes([s0, s1, s2, s3]));
    let Some(start) = (from + at as u64).checked_sub(size) else { return Ok(false) };
    Ok(entries != 0 && part.bytes_at(start, 4)? == CENTRAL)
}

/// All members: those of the directory, then those that it does not tell of.
pub(super) fn members(part: &Part) -> io::Result<Vec<Member>> {
    let listed = directory(part);
    let mut members = Vec::new();
    // Where each listed member begins, and where its data ends.
    let mut known = BTreeMap::new();
    for entry in listed {
        let local = Local::read(part, entry.header)?;
        if let Some(local) = &local {
            known.insert(entry.header, local.data + entry.size);
        }
        members.push(Member { data: entry.data(part, local.as_ref()), name: entry.name });
    }
    unlisted(part, &known, &mut members)?;
    if known.is_empty() && !members.is_empty() && !ends_like_one(part)? {
        members.push(keyed::damaged("the directory at the end of a zip file"));
    }
    Ok(members)
}

/// What the central directory says of a member.
struct Entry {
    name: String,
    header: u64,
    size: u64,
    /// Bytes that come out.
    unpacked: u64,
    /// The directory says that a password is needed.
    encrypted: bool,
    method: Option<u16>,
}

/// The members of the central directory; none where it cannot be read.
fn directory(part: &Part) -> Vec<Entry> {
    // The crate follows its config on where the archive begins in the file.
    let Ok(archive) = ::zip::ZipArchive::new(BufReader::with_capacity(WINDOW, part.reader())) else {
        return Vec::new();
    };
    let entry = |i| {
        let file = archive.by_index_data(i).ok()?;
        Some(Entry {
            name: file
                .name()
                .map_or_else(|_| String::from_utf8_lossy(file.name_raw()).into_owned(), |name| name.into()),
            header: file.header_start(),
            size: file.compressed_size(),
            unpacked: file.size(),
            encrypted: file.encrypted(),
            method: method(file.compression()),
        })
    };
    (0..archive.len()).filter_map(entry).filter(|entry| !entry.name.ends_with('/')).collect()
}

/// The number of a method that is undone here.
fn method(method: ::zip::CompressionMethod) -> Option<u16> {
    use ::zip::CompressionMethod as Method;
    [(Method::STORE, 0), (Method::DEFLATE, 8)].iter().find(|(known, _)| *known == method).map(|(_, number)| *number)
}

impl Entry {
    fn data(&self, part: &Part, local: Option<&Local>) -> Data {
        let Some(local) = local else {
            return Data::Unreadable(format!(
                "the zip directory says that this member is at byte {}, but no member begins there; the file is damaged",
                self.header
            ));
        };
        let method = self.method.unwrap_or(local.method);
        if self.encrypted && self.is_scrambled(part, local, method) {
            return Data::Unreadable(
                "this member is encrypted: unpack it with its password first, such as with 7z or unzip -P".into(),
            );
        }
        match method {
            0 => Data::Stored(part.slice(local.data, self.size)),
            // The end of the deflated data is in the data.
            8 => Data::Deflated(part.slice(local.data, u64::MAX)),
            // What follows the data does not matter, but for LZMA without an end mark, whose size the header says.
            method => packed(method, part.slice(local.data, u64::MAX)),
        }
    }
}

impl Entry {
    /// A flag alone does not make a member encrypted, and readers of PyTorch's files do not look at it: the data does.
    /// APPNOTE.TXT 6.1: twelve bytes come first. 99 is AES.
    fn is_scrambled(&self, part: &Part, local: &Local, method: u16) -> bool {
        match method {
            99 => true,
            0 => self.size == self.unpacked.saturating_add(12),
            8 => {
                let reader = BufReader::new(part.slice(local.data, self.size).reader());
                let mut inflate = flate2::bufread::DeflateDecoder::new(reader);
                let mut scratch = [0; 8192];
                let mut left = 64;
                loop {
                    match inflate.read(&mut scratch) {
                        Ok(0) => return inflate.total_out() != self.unpacked,
                        Ok(_) if left == 0 => return false,
                        Ok(_) => left -= 1,
                        Err(_) => return true,
                    }
                }
            }
            _ => false,
        }
    }
}

/// A method besides deflate (APPNOTE.TXT 4.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// 12.
    Bzip2,
    /// 14: version and properties in front of the data.
    Lzma,
    /// 93, and 20 of older versions.
    Zstd,
    /// 95.
    Xz,
}

impl Method {
    /// The unpacked bytes.
    pub(super) fn open(self, part: &Part) -> io::Result<Box<dyn Read>> {
        let reader = BufReader::with_capacity(WINDOW, part.reader());
        Ok(match self {
            Method::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(reader)),
            Method::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(reader)?.single_frame()),
            Method::Xz => Box::new(liblzma::bufread::XzDecoder::new(reader)),
            Method::Lzma => {
                // Version (2), size of the properties (2), properties; a file of lzma has the unpacked size behind them,
                // all ones where an end mark tells.
                let head = part.bytes_at(0, 9)?;
                let Some((&[_, _, 5, 0], properties)) = head.split_first_chunk::<4>() else {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the LZMA header of this member is damaged",
                    ));
                };
                let mut header = properties.to_vec();
                header.extend([0xff; 8]);
                let stream = liblzma::stream::Stream::new_lzma_decoder(MAX_LZMA).map_err(io::Error::from)?;
                let whole = BufReader::new(io::Cursor::new(header).chain(part.slice(9, u64::MAX).reader()));
                Box::new(liblzma::bufread::XzDecoder::new_stream(whole, stream))
            }
        })
    }
}

fn packed(method: u16, part: Part) -> Data {
    let method = match method {
        12 => Method::Bzip2,
        14 => Method::Lzma,
        20 | 93 => Method::Zstd,
        95 => Method::Xz,
        _ => {
            return Data::Unreadable(format!(
                "this member is compressed with method {method} of zip, which is not read here: unzip it with another tool"
            ));
        }
    };
    Data::Packed(method, part)
}

/// A local header.
struct Local {
    name: String,
    method: u16,
    /// Sizes follow the data instead of being in the header.
    streamed: bool,
    size: u64,
    data: u64,
}

impl Local {
    /// The header at an offset; `None` where there is none.
    fn read(part: &Part, at: u64) -> io::Result<Option<Local>> {
        let head = part.bytes_at(at, LOCAL_LEN as usize)?;
        let u16_at = |i: usize| head.get(i..i + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
        let u32_at = |i: usize| u64::from(u16_at(i)) | u64::from(u16_at(i + 2)) << 16;
        if !head.starts_with(LOCAL) || head.len() < LOCAL_LEN as usize {
            return Ok(None);
        }
        let (name_len, extra_len) = (u16_at(26), u16_at(28));
        let names = part.bytes_at(at + LOCAL_LEN, usize::from(name_len) + usize::from(extra_len))?;
        let (name, extra) = names.split_at_checked(name_len.into()).unwrap_or((&names, &[]));
        let mut size = u32_at(18);
        if size == u64::from(u32::MAX) {
            size = zip64_size(extra).unwrap_or(size);
        }
        Ok(Some(Local {
            name: String::from_utf8_lossy(name).into_owned(),
            method: u16_at(8),
            streamed: u16_at(6) & 8 != 0,
            size,
            data: at + LOCAL_LEN + u64::from(name_len) + u64::from(extra_len),
        }))
    }
}

/// The packed size in the extra field of large files: its id is 1, the unpacked size stands before it.
fn zip64_size(mut extra: &[u8]) -> Option<u64> {
    while let &[i0, i1, l0, l1, ref rest @ ..] = extra {
        let (field, rest) = rest.split_at_checked(u16::from_le_bytes([l0, l1]).into())?;
        if (i0, i1) == (1, 0) {
            return field.get(8..16)?.try_into().ok().map(u64::from_le_bytes);
        }
        extra = rest;
    }
    None
}

/// Adds the members that have a local header and no entry in the directory.
fn unlisted(part: &Part, known: &BTreeMap<u64, u64>, members: &mut Vec<Member>) -> io::Result<()> {
    let mut at = 0;
    let mut seen = HashSet::new();
    loop {
        // Data of listed members is passed over, whatever is in it.
        if let Some(&end) = known.get(&at) {
            if !seen.insert(at) {
                return Ok(());
            }
            at = end.max(at + LOCAL_LEN);
            continue;
        }
        let stop = known.range(at..).next().map_or(part.len(), |(&start, _)| start);
        match find(part, LOCAL, at, stop)? {
            None if stop == part.len() => return Ok(()),
            None => at = stop,
            Some(found) => {
                let Some(local) = Local::read(part, found)? else { return Ok(()) };
                let (data, end) = extent(part, &local, stop)?;
                if !local.name.ends_with('/') {
                    members.push(Member { name: local.name, data });
                }
                at = end.max(found + LOCAL_LEN);
            }
        }
    }
}

/// The data of a member that only its local header tells of, and where it ends.
fn extent(part: &Part, local: &Local, stop: u64) -> io::Result<(Data, u64)> {
    let room = stop.saturating_sub(local.data);
    match (local.method, local.streamed && local.size == 0) {
        (8, false) => Ok((Data::Deflated(part.slice(local.data, room)), local.data.saturating_add(local.size))),
        (8, true) => {
            let reader = BufReader::new(part.slice(local.data, room).reader());
            let mut inflate = flate2::bufread::DeflateDecoder::new(reader);
            let mut scratch = [0; 8192];
            // Damage is found when it is read.
            while matches!(inflate.read(&mut scratch), Ok(1..)) {}
            let end = local.data + inflate.total_in();
            Ok((Data::Deflated(part.slice(local.data, room)), end))
        }
        (0, false) => {
            let size = local.size.min(room);
            Ok((Data::Stored(part.slice(local.data, size)), local.data + size))
        }
        (0, true) => {
            // The descriptor behind the data, or whatever comes next.
            let mut end = stop;
            for next in [DESCRIPTOR, LOCAL, CENTRAL] {
                end = find(part, next, local.data, end)?.unwrap_or(end);
            }
            Ok((Data::Stored(part.slice(local.data, end - local.data)), end))
        }
        (method, _) => Ok((packed(method, part.slice(local.data, room)), local.data.saturating_add(local.size))),
    }
}

/// Where a signature stands first between two offsets.
fn find(part: &Part, signature: &[u8], from: u64, to: u64) -> io::Result<Option<u64>> {
    let mut at = from;
    // Small gaps are the rule: a descriptor and padding.
    let mut window = 4096;
    while at < to {
        let piece = part.bytes_at(at, window.min(usize::try_from(to - at).unwrap_or(usize::MAX)))?;
        if let Some(found) = piece.windows(signature.len()).position(|bytes| bytes == signature) {
            return Ok(Some(at + found as u64));
        }
        // The signature may lie across two pieces.
        let step = piece.len().saturating_sub(signature.len() - 1);
        if step == 0 || piece.len() < window {
            return Ok(None);
        }
        at += step as u64;
        window = WINDOW;
    }
    Ok(None)
}
