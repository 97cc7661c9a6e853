//! What a file is when it is not a pickle.

use std::fmt;

/// A format that is no bare pickle, recognised by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Container {
    /// A zip file of any kind.
    Zip,
    /// A zip file that PyTorch wrote: `*/data.pkl` or `*/constants.pkl` is in it.
    TorchZip,
    /// A zip file of `.npy` members.
    Npz,
    /// One NumPy array with its header.
    Npy,
    /// A tar archive.
    Tar,
    /// A 7-Zip archive.
    SevenZip,
    /// A RAR archive.
    Rar,
    /// An HDF5 file: Keras `.h5`, pandas `to_hdf`, MATLAB 7.3.
    Hdf5,
    /// A MATLAB file before 7.3.
    Matlab,
    /// Tensors in the safetensors format.
    Safetensors,
    /// A GGUF model.
    Gguf,
    /// Apache Parquet.
    Parquet,
    /// An Apache Arrow or Feather file.
    Arrow,
    /// An SQLite database.
    Sqlite,
    /// Output of Unix `compress`.
    UnixCompress,
    /// A PDF document.
    Pdf,
    /// A PNG, JPEG or GIF image.
    Image,
    /// A program or library: ELF, Mach-O or Windows.
    Program,
    /// A Git LFS pointer instead of the file.
    GitLfs,
    /// A pickle or compressed data as base64 text.
    Base64,
    /// JSON text.
    Json,
    /// XML or HTML.
    Markup,
    /// Text that no pickle of protocol 0 looks like.
    Text,
    /// Compiled Python.
    Pyc,
    /// What Python's `marshal` writes.
    Marshal,
}

impl Container {
    /// What to call it, with its article.
    pub const fn name(self) -> &'static str {
        match self {
            Container::Zip => "a zip file",
            Container::TorchZip => "a PyTorch file (a zip file with pickles in it)",
            Container::Npz => "a NumPy .npz file (a zip file of arrays)",
            Container::Npy => "a NumPy .npy file",
            Container::Tar => "a tar archive",
            Container::SevenZip => "a 7-Zip archive",
            Container::Rar => "a RAR archive",
            Container::Hdf5 => "an HDF5 file",
            Container::Matlab => "a MATLAB file",
            Container::Safetensors => "a safetensors file",
            Container::Gguf => "a GGUF model",
            Container::Parquet => "a Parquet file",
            Container::Arrow => "an Arrow file",
            Container::Sqlite => "an SQLite database",
            Container::UnixCompress => "data packed with Unix compress",
            Container::Pdf => "a PDF document",
            Container::Image => "an image",
            Container::Program => "a program or library",
            Container::GitLfs => "a Git LFS pointer, not the file itself",
            Container::Base64 => "base64 text, perhaps with a pickle in it",
            Container::Json => "JSON text",
            Container::Markup => "XML or HTML",
            Container::Text => "text",
            Container::Pyc => "a compiled Python module (.pyc)",
            Container::Marshal => "data of Python's marshal module",
        }
    }

    /// What the user can do about it, where there is something to do.
    pub const fn hint(self) -> Option<&'static str> {
        Some(match self {
            // Most commands open these.
            Container::Zip | Container::TorchZip | Container::Npz | Container::Tar => {
                "`pickle info` names the pickles in it; give one as FILE!MEMBER"
            }
            Container::Npy => "there is a pickle in it only if its dtype is object; see `pickle show`",
            Container::SevenZip | Container::Rar | Container::UnixCompress => "unpack it first",
            Container::GitLfs => "fetch it with `git lfs pull`",
            Container::Base64 => "`pickle show` decodes it",
            Container::Markup => "was an error page saved in place of the file?",
            Container::Pyc | Container::Marshal => {
                "marshal is another format than pickle, and changes with every Python"
            }
            Container::Safetensors => "safetensors files have no pickle in them",
            _ => return None,
        })
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.hint() {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// Formats with a magic number at offset 0.
const MAGIC: &[(&[u8], Container)] = &[
    (b"\x93NUMPY", Container::Npy),
    (b"7z\xbc\xaf\x27\x1c", Container::SevenZip),
    (b"Rar!\x1a\x07", Container::Rar),
    (b"\x89HDF\r\n\x1a\n", Container::Hdf5),
    (b"MATLAB 5.0", Container::Matlab),
    (b"GGUF", Container::Gguf),
    (b"PAR1", Container::Parquet),
    (b"ARROW1", Container::Arrow),
    (b"FEA1", Container::Arrow),
    (b"SQLite format 3\0", Container::Sqlite),
    (b"\x1f\x9d", Container::UnixCompress),
    (b"%PDF-", Container::Pdf),
    (b"\x89PNG\r\n\x1a\n", Container::Image),
    (b"\xff\xd8\xff", Container::Image),
    (b"GIF8", Container::Image),
    (b"\x7fELF", Container::Program),
    (b"MZ\x90\0", Container::Program),
    (b"\xcf\xfa\xed\xfe", Container::Program),
    (b"version https://git-lfs", Container::GitLfs),
];

/// What base64 makes of the first bytes of pickles and compressed pickles.
const BASE64: &[&[u8]] = &[b"gAJ", b"gAN", b"gAR", b"gASV", b"gAW", b"H4sI", b"eJ", b"QlpoO", b"KLUv", b"/Td6"];

/// Names what begins with `head`; a kilobyte is enough. `None` for pickles and for what nothing is known of.
///
/// It looks at nothing but these bytes: ask only where a pickle could not be read.
pub fn sniff(head: &[u8]) -> Option<Container> {
    if let Some((_, found)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*found);
    }
    if head.starts_with(b"PK\x03\x04") {
        return Some(zip(head));
    }
    if head.starts_with(b"PK\x05\x06") || head.starts_with(b"PK\x07\x08") {
        return Some(Container::Zip);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(Container::Tar);
    }
    // Eight bytes of header length, then the header, a JSON object.
    if let Some((&[.., 0, 0, 0, 0], rest)) = head.split_first_chunk::<8>()
        && rest.starts_with(b"{\"")
    {
        return Some(Container::Safetensors);
    }
    text(head).or_else(|| marshal(head))
}

/// Compiled Python has a number, CR and LF, then flags and a date, then marshal's data. marshal sets the highest bit of
/// types that are referred to (`FLAG_REF` in `Python/marshal.c`), and none of those is an opcode.
fn marshal(head: &[u8]) -> Option<Container> {
    if let [_, _, b'\r', b'\n', _, _, _, _, code, ..] = head
        && (code & 0x7f == b'c'
            || matches!(head.get(12..17), Some([code, ..] | [_, _, _, _, code]) if code & 0x7f == b'c'))
    {
        return Some(Container::Pyc);
    }
    let is_type = |byte: u8| b"0NFTSOiIfgxylsutaAzZ)([{<>cr".contains(&(byte & 0x7f));
    match head {
        // Of 255 and fewer parts.
        [0xa9, 0..=255, next, ..] => is_type(*next).then_some(Container::Marshal),
        [0xa9, 0] => Some(Container::Marshal),
        [b'[' | 0xdb | b'<' | 0xbc | b'>' | 0xbe, _, _, _, 0..16, next, ..] => {
            is_type(*next).then_some(Container::Marshal)
        }
        [b'[' | 0xdb, 0, 0, 0, 0] => Some(Container::Marshal),
        [0xe3, ..] => Some(Container::Marshal),
        [b'{' | 0xfb, next, ..] => is_type(*next).then_some(Container::Marshal),
        [0xda | 0xfa, len, text @ ..] => {
            (!text.is_empty() && text.len() <= usize::from(*len)).then_some(Container::Marshal)
        }
        [0xe9, _, _, _, _] | [0xe7, _, _, _, _, _, _, _, _] => Some(Container::Marshal),
        _ => None,
    }
}

/// Text that has lines of PUT or GET in it, or ends in STOP.
fn like_protocol_0(text: &str) -> bool {
    let memo = |line: &str| {
        let digits = line.trim_start_matches(|c: char| !c.is_ascii_digit());
        let before = line.len() - digits.len();
        let opcodes = line.get(..before).unwrap_or_default();
        (1..4).contains(&before)
            && (opcodes.ends_with(['p', 'g']) || before == 1 && opcodes.starts_with(['I', 'F', 'L']))
            && digits.trim_end_matches('L').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    text.ends_with('.')
        || text.lines().any(memo)
        || text.starts_with(['(', 'c', 'S', 'V', 'I', 'L', 'F']) && text.len() < 8
}

/// The names of the first members tell the kinds of zip files apart.
fn zip(head: &[u8]) -> Container {
    let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
    let length = head.get(26..28).map_or(0, |n| usize::from(n[0]) | usize::from(n[1]) << 8);
    let first = head.get(30..30 + length).unwrap_or_default();
    if has(b"/data.pkl") || has(b"/constants.pkl") {
        Container::TorchZip
    } else if first.ends_with(b".npy") {
        Container::Npz
    } else {
        Container::Zip
    }
}

fn text(head: &[u8]) -> Option<Container> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let printable = match str::from_utf8(head) {
        Ok(text) => text,
        // The kilobyte may end inside a character.
        Err(error) if error.error_len().is_none() => str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    if printable.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\x0c')) {
        return None;
    }
    let start = printable.trim_start();
    let base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b'-' | b'_' | b'\r' | b'\n');
    if BASE64.iter().any(|prefix| start.as_bytes().starts_with(prefix)) && start.bytes().all(base64) {
        return Some(Container::Base64);
    }
    match (start.as_bytes().first()?, start.chars().nth(1)) {
        (b'{', _) => Some(Container::Json),
        (b'[', Some(c)) if c.is_whitespace() || c.is_ascii_digit() || "[{\"-]tfn".contains(c) => Some(Container::Json),
        (b'<', Some(c)) if c.is_ascii_alphabetic() || "!?".contains(c) => Some(Container::Markup),
        // A damaged pickle of protocol 0: the error tells more about that.
        _ if like_protocol_0(printable) => None,
        _ => Some(Container::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_their_first_bytes() {
        let zip = |name: &str| {
            let mut file = b"PK\x03\x04".to_vec();
            file.resize(26, 0);
            file.extend((name.len() as u16).to_le_bytes());
            file.extend([0, 0]);
            file.extend(name.bytes());
            sniff(&file)
        };
        assert_eq!(zip("archive/data.pkl"), Some(Container::TorchZip));
        assert_eq!(zip("a.npy"), Some(Container::Npz));
        assert_eq!(zip("a.txt"), Some(Container::Zip));
        assert_eq!(sniff(b"\x93NUMPY\x01\0v\0"), Some(Container::Npy));
        assert_eq!(sniff(b"  {\"a\": 1}"), Some(Container::Json));
        assert_eq!(sniff(b"[1, 2]"), Some(Container::Json));
        assert_eq!(sniff(b"<!DOCTYPE html>"), Some(Container::Markup));
        assert_eq!(sniff(b"\x60\0\0\0\0\0\0\0{\"__metadata__\""), Some(Container::Safetensors));
        assert_eq!(sniff(b"gASVCgAAAAAAAABdlC4=\n"), Some(Container::Base64));
        assert_eq!(sniff("{\"é\": 1}".as_bytes().get(..3).unwrap()), Some(Container::Json), "cut inside a character");
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(sniff(&tar), Some(Container::Tar));
    }

    #[test]
    fn pickles_are_none_of_them() {
        for pickle in
            [&b"\x80\x04]\x94."[..], b"(lp0\nI1\naI2\na.", b"I1\n.", b"N.", b"", b"cposix\nsystem\n(S'x'\ntR."]
        {
            assert_eq!(sniff(pickle), None, "{pickle:?}");
        }
    }
}
