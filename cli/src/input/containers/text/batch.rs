//! What the batch mode of the mysql client prints (`mysql -B`, or into a pipe): columns between tabs, bytes as they are but
//! for `\0`, `\n`, `\t` and `\\`.

use super::{Found, reads_as_pickle};

/// The bytes of a cell: of the escapes only those that the client writes, and no others.
pub(super) fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, escape) = rest.split_at_checked(at)?;
        bytes.extend_from_slice(before);
        bytes.push(match escape.get(1)? {
            b'0' => 0,
            b'n' => b'\n',
            b't' => b'\t',
            b'\\' => b'\\',
            _ => return None,
        });
        rest = escape.get(2..)?;
    }
    bytes.extend_from_slice(rest);
    Some(bytes)
}

/// PROTO stands in front of a cell of one of the first lines, zeros are escaped, and there are none.
pub(super) fn begins(head: &[u8]) -> bool {
    let proto = |cell: &[u8]| matches!(cell, [0x80, 2..=5, ..]);
    let cells = || head.split(|byte| matches!(byte, b'\n' | b'\t'));
    // A length of four bytes has some, and so has that of a frame.
    !head.contains(&0) && cells().any(|cell| proto(cell) && memchr::memmem::find(cell, b"\\0\\0").is_some())
}

/// The pickles in the cells, named `ROW/COLUMN` as those of other tables; of one cell, it is the whole text.
pub(super) fn pickles(text: &[u8]) -> Vec<Found> {
    let mut header: Option<Vec<String>> = None;
    let (mut found, mut row) = (Vec::new(), 0usize);
    let lines = text.strip_suffix(b"\n").unwrap_or(text).split(|&byte| byte == b'\n');
    for line in lines {
        let before = found.len();
        for (column, cell) in line.split(|&byte| byte == b'\t').enumerate() {
            let is_one = matches!(cell, [0x80, 2..=5, ..]) || cell.contains(&b'\\');
            let Some(bytes) = unescape(cell).filter(|bytes| is_one && reads_as_pickle(bytes)) else { continue };
            let name = header.as_ref().and_then(|names| names.get(column)).filter(|name| !name.is_empty());
            let name = name.cloned().unwrap_or_else(|| (column + 1).to_string());
            let name = format!("{}/{name}", row.max(1));
            found.push(Found { name, text: cell.to_vec(), bytes: Some(bytes), is_json: false });
        }
        if header.is_none() && found.len() == before {
            let names = line.split(|&byte| byte == b'\t');
            header = Some(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect());
            row = 1;
        } else {
            header.get_or_insert_default();
            row = row.max(1) + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_the_client() {
        assert_eq!(unescape(br"a\0b\n\t\\0").unwrap(), b"a\0b\n\t\\0");
        assert_eq!(unescape(br"\012").unwrap(), b"\x0012");
        assert_eq!(unescape(br"\x80"), None);
        assert_eq!(unescape(br"a\"), None);
    }
}
