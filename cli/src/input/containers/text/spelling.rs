//! How a text spells bytes, so that other bytes are spelled in the same way.

use super::forms;
use base64::Engine;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Columns of the lines that xxd and hexdump write.
const COLUMNS: usize = 16;

/// What stands around the text of bytes, and how they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    before: Vec<u8>,
    body: Body,
    after: Vec<u8>,
}

/// Lines of a text: how many characters or bytes each has, and what ends it.
type Lines = Option<(usize, &'static str)>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    /// Digits in pairs, with this between them.
    Hex {
        upper: bool,
        between: &'static str,
        lines: Lines,
    },
    Base64 {
        for_urls: bool,
        padded: bool,
        lines: Lines,
    },
    /// With what ends a line.
    Dump(Dump, &'static str),
    Escaped(Escapes),
    /// Characters that stand for bytes.
    Latin1,
}

/// Programs that write dumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dump {
    Xxd,
    /// `hexdump -C`
    Hexdump,
    /// `od -A x -t x1`
    Od,
}

/// What writes escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escapes {
    /// `repr` of Python, which chooses the quotes.
    Python,
    /// The same of a bytearray, which has a backslash before every `'`.
    ByteArray,
    /// redis-cli.
    Redis,
    /// `\x..` for every byte.
    All { upper: bool },
    /// `bytea_output = escape` of PostgreSQL.
    Octal,
}

impl Spelling {
    /// How `text` spells `bytes`; `None` where it is no form that is written again exactly as it is there.
    pub fn of(text: &[u8], bytes: &[u8]) -> Option<Spelling> {
        candidates(text).into_iter().find(|spelling| spelling.write(bytes) == text)
    }

    /// Spells other bytes.
    pub fn write(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = self.before.clone();
        match &self.body {
            Body::Hex { upper, between, lines } => {
                let (len, end) = lines.unwrap_or((usize::MAX, ""));
                let line = |line: &[u8]| line.iter().map(|&byte| hex(byte, *upper)).collect::<Vec<_>>().join(between);
                let all: Vec<String> = bytes.chunks(len.max(1)).map(line).collect();
                out.extend(all.join(end).bytes());
            }
            Body::Base64 { for_urls, padded, lines } => {
                let letters = if *for_urls { alphabet::URL_SAFE } else { alphabet::STANDARD };
                let config = GeneralPurposeConfig::new().with_encode_padding(*padded);
                let text = GeneralPurpose::new(&letters, config).encode(bytes);
                let (len, end) = lines.unwrap_or((usize::MAX, ""));
                let lines: Vec<&[u8]> = text.as_bytes().chunks(len.max(1)).collect();
                out.extend(lines.join(end.as_bytes()));
            }
            Body::Dump(dump, end) => dump.write(bytes, end, &mut out),
            Body::Escaped(escapes @ (Escapes::Python | Escapes::ByteArray)) => {
                // Double quotes only where that saves escapes.
                let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
                out.push(quote);
                bytes.iter().for_each(|&byte| escapes.write(byte, quote, &mut out));
                out.push(quote);
            }
            Body::Escaped(escapes) => bytes.iter().for_each(|&byte| escapes.write(byte, b'"', &mut out)),
            Body::Latin1 => out.extend(bytes.iter().map(|&byte| char::from(byte)).collect::<String>().bytes()),
        }
        out.extend_from_slice(&self.after);
        out
    }
}

impl Dump {
    fn write(self, bytes: &[u8], end: &str, out: &mut Vec<u8>) {
        for (at, line) in bytes.chunks(COLUMNS).enumerate() {
            let offset = at * COLUMNS;
            let shown: String =
                line.iter().map(|&b| if (b' '..=b'~').contains(&b) { char::from(b) } else { '.' }).collect();
            let pairs: Vec<String> = line.iter().map(|&byte| hex(byte, false)).collect();
            let text = match self {
                Dump::Xxd => {
                    let groups: Vec<String> = pairs.chunks(2).map(|group| group.concat()).collect();
                    format!("{offset:08x}: {:<39}  {shown}", groups.join(" "))
                }
                Dump::Hexdump => {
                    let (left, right) = pairs.split_at(pairs.len().min(COLUMNS / 2));
                    let both = format!("{}  {}", left.join(" "), right.join(" "));
                    format!("{offset:08x}  {both:<48}  |{shown}|")
                }
                Dump::Od => format!("{offset:06x} {}", pairs.join(" ")),
            };
            out.extend(text.bytes());
            out.extend(end.bytes());
        }
        match self {
            Dump::Xxd => out.truncate(out.len() - end.len()),
            Dump::Hexdump => out.extend(format!("{:08x}", bytes.len()).bytes()),
            Dump::Od => out.extend(format!("{:06x}", bytes.len()).bytes()),
        }
    }
}

impl Escapes {
    fn write(self, byte: u8, quote: u8, out: &mut Vec<u8>) {
        let named = match (self, byte) {
            (Escapes::Octal | Escapes::All { .. }, _) => None,
            (_, b'\n') => Some(b'n'),
            (_, b'\r') => Some(b'r'),
            (_, b'\t') => Some(b't'),
            (Escapes::Redis, 7) => Some(b'a'),
            (Escapes::Redis, 8) => Some(b'b'),
            (_, b'\\') => Some(b'\\'),
            (Escapes::ByteArray, b'\'') => Some(byte),
            (_, byte) if byte == quote => Some(byte),
            _ => None,
        };
        match (self, named) {
            (_, Some(code)) => out.extend([b'\\', code]),
            (Escapes::All { upper }, _) => out.extend(format!("\\x{}", hex(byte, upper)).bytes()),
            (Escapes::Octal, _) if byte == b'\\' => out.extend(br"\\"),
            (_, _) if (b' '..=b'~').contains(&byte) => out.push(byte),
            (Escapes::Octal, _) => out.extend(format!("\\{byte:03o}").bytes()),
            _ => out.extend(format!("\\x{}", hex(byte, false)).bytes()),
        }
    }
}

fn hex(byte: u8, upper: bool) -> String {
    if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }
}

/// Everything that the text may be; which it is, shows when it is written again.
fn candidates(text: &[u8]) -> Vec<Spelling> {
    let mut found = Vec::new();
    let mut add = |inner: &[u8], body: Body| {
        // The inner text is a part of the text.
        let start = (inner.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let (before, rest) = text.split_at(start.min(text.len()));
        let after = rest.get(inner.len()..).unwrap_or_default();
        found.push(Spelling { before: before.to_vec(), body, after: after.to_vec() });
    };
    let end = if text.windows(2).any(|pair| pair == b"\r\n") { "\r\n" } else { "\n" };
    let trimmed = text.trim_ascii();
    let first = trimmed.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
    let lines = |len: usize| if first.len() == trimmed.len() { None } else { Some((len, end)) };

    let digits = forms::behind_prefix(text).0.trim_ascii();
    let first_digits = digits.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
    let pairs = first_digits.iter().filter(|byte| byte.is_ascii_hexdigit()).count() / 2;
    let hex_lines = if first_digits.len() == digits.len() { None } else { Some((pairs, end)) };
    for (upper, between) in [(false, ""), (true, ""), (false, " "), (true, " ")] {
        add(digits, Body::Hex { upper, between, lines: hex_lines });
    }
    let for_urls = trimmed.iter().any(|byte| b"-_".contains(byte));
    // Where no padding is needed, it is taken to be there where it is, but not in what is for URLs.
    for padded in [!for_urls, for_urls] {
        add(trimmed, Body::Base64 { for_urls, padded, lines: lines(first.len()) });
    }
    for dump in [Dump::Xxd, Dump::Hexdump, Dump::Od] {
        add(trimmed, Body::Dump(dump, end));
    }
    let quoted = forms::unquoted(text);
    if let Some(inner) = quoted {
        // With its quotes, which are chosen anew.
        let start = (inner.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        if let Some(with_quotes) = start.checked_sub(1).and_then(|start| text.get(start..start + inner.len() + 2)) {
            let is_array = trimmed.starts_with(b"bytearray(");
            add(with_quotes, Body::Escaped(if is_array { Escapes::ByteArray } else { Escapes::Python }));
        }
    }
    let inner = quoted.unwrap_or(trimmed);
    let of_all = [Escapes::Redis, Escapes::All { upper: false }, Escapes::All { upper: true }, Escapes::Octal];
    for escapes in of_all {
        add(inner, Body::Escaped(escapes));
    }
    add(trimmed, Body::Latin1);
    found
}

#[cfg(test)]
mod tests {
    use super::Spelling;

    const OLD: &[u8] = b"\x80\x04\x95\x0f\0\0\0\0\0\0\0}\x94\x8c\x04it's\x94K\x03\"\n.";
    const NEW: &[u8] = b"\x80\x02]q\0(K\x01K\x02X\x07\0\0\0a \"long\"e\x07\\.\xff";

    /// Spelled in the same way, as the writer of `old` would.
    #[track_caller]
    fn check(old: &str, new: &str) {
        let spelling = Spelling::of(old.as_bytes(), OLD).unwrap_or_else(|| panic!("{old}"));
        assert_eq!(String::from_utf8(spelling.write(NEW)).unwrap(), new, "{old}");
    }

    #[test]
    fn every_form() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (old, new) = (hex(OLD), hex(NEW));
        for (before, after) in
            [("", ""), ("\n", "\r\n"), ("0x", "\n"), ("\\x", "\n"), ("X'", "'"), ("_binary 0x", ""), ("'\\x", "'")]
        {
            check(&format!("{before}{old}{after}"), &format!("{before}{new}{after}"));
            let upper = old.to_uppercase();
            check(&format!("{before}{upper}{after}"), &format!("{before}{}{after}", new.to_uppercase()));
        }
        let lines = |text: &str, width: usize, end: &str| {
            let lines: Vec<_> = text.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
            lines.join(end)
        };
        check(&(lines(&old, 20, "\n") + "\n"), &(lines(&new, 20, "\n") + "\n"));
        check(&lines(&old, 2, " "), &lines(&new, 2, " "));
        check("gASVDwAAAAAAAAB9lIwEaXQnc5RLAyIKLg==\n", "gAJdcQAoSwFLAlgHAAAAYSAibG9uZyJlB1wu/w==\n");
        check("gASVDwAAAAAAAAB9lIwEaXQnc5RLAyIKLg", "gAJdcQAoSwFLAlgHAAAAYSAibG9uZyJlB1wu/w");
        check("gASVDwAAAAAAAAB9\r\nlIwEaXQnc5RLAyIK\r\nLg==", "gAJdcQAoSwFLAlgH\r\nAAAAYSAibG9uZyJl\r\nB1wu/w==");
        let python = r#"b'\x80\x04\x95\x0f\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x04it\'s\x94K\x03"\n.'"#;
        check(python, r#"b'\x80\x02]q\x00(K\x01K\x02X\x07\x00\x00\x00a "long"e\x07\\.\xff'"#);
        check(
            &format!("bytearray({python})\n"),
            "bytearray(b'\\x80\\x02]q\\x00(K\\x01K\\x02X\\x07\\x00\\x00\\x00a \"long\"e\\x07\\\\.\\xff')\n",
        );
        check(
            "\"\\x80\\x04\\x95\\x0f\\x00\\x00\\x00\\x00\\x00\\x00\\x00}\\x94\\x8c\\x04it's\\x94K\\x03\\\"\\n.\"\n",
            "\"\\x80\\x02]q\\x00(K\\x01K\\x02X\\a\\x00\\x00\\x00a \\\"long\\\"e\\a\\\\.\\xff\"\n",
        );
        check(
            r#"\200\004\225\017\000\000\000\000\000\000\000}\224\214\004it's\224K\003"\012."#,
            r#"\200\002]q\000(K\001K\002X\007\000\000\000a "long"e\007\\.\377"#,
        );
        let all = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        check(&all(OLD), &all(NEW));
        check(&format!("'{}'", all(OLD)), &format!("'{}'", all(NEW)));
        // What xxd, hexdump and od of these bytes print.
        check(
            "00000000: 8004 950f 0000 0000 0000 007d 948c 0469  ...........}...i\n00000010: 7427 7394 4b03 220a 2e                   t's.K.\"..\n",
            "00000000: 8002 5d71 0028 4b01 4b02 5807 0000 0061  ..]q.(K.K.X....a\n00000010: 2022 6c6f 6e67 2265 075c 2eff             \"long\"e.\\..\n",
        );
        check(
            "00000000  80 04 95 0f 00 00 00 00  00 00 00 7d 94 8c 04 69  |...........}...i|\n00000010  74 27 73 94 4b 03 22 0a  2e                       |t's.K.\"..|\n00000019\n",
            "00000000  80 02 5d 71 00 28 4b 01  4b 02 58 07 00 00 00 61  |..]q.(K.K.X....a|\n00000010  20 22 6c 6f 6e 67 22 65  07 5c 2e ff              | \"long\"e.\\..|\n0000001c\n",
        );
        check(
            "000000 80 04 95 0f 00 00 00 00 00 00 00 7d 94 8c 04 69\n000010 74 27 73 94 4b 03 22 0a 2e\n000019\n",
            "000000 80 02 5d 71 00 28 4b 01 4b 02 58 07 00 00 00 61\n000010 20 22 6c 6f 6e 67 22 65 07 5c 2e ff\n00001c\n",
        );
        let latin1: String = OLD.iter().map(|&byte| char::from(byte)).collect();
        check(&latin1, &NEW.iter().map(|&byte| char::from(byte)).collect::<String>());
    }

    #[test]
    fn what_would_not_come_out_the_same() {
        // Digits of both cases, lines of several lengths, a signature.
        for text in [
            "8004950F000000000000007d948c0469742773944b03220A2e",
            "gASV\nDwAAAAAAAAB9lIwEaXQnc5RLAyIKLg==",
            "gASVDwAAAAAAAAB9lIwEaXQnc5RLAyIKLg:1x:y",
        ] {
            assert_eq!(Spelling::of(text.as_bytes(), OLD), None, "{text}");
        }
    }
}
