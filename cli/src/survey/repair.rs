//! Damaged files: what was done to them, and what is left.

use super::salvage;
use super::search;
use pickle_core::{Arg, Decoder, Error, ErrorKind, Heap, OpKind, Opcode, Options, Status, Step, Unpickler, joblib};
use std::borrow::Cow;

/// Bytes of a file that are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    /// The first.
    pub from: u64,
    /// Behind the last.
    pub to: u64,
    /// What was wrong there.
    pub why: String,
    /// The value before them is kept as far as it is whole.
    pub partly: bool,
}

/// What is left of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repaired {
    /// Whole pickles, one after another.
    pub bytes: Vec<u8>,
    /// How many.
    pub pickles: u64,
    /// What was undone, without a loss.
    pub undone: Vec<String>,
    /// What is lost, in the order of the file.
    pub lost: Vec<Loss>,
}

/// Everything of a file that can be read. Offsets are those of the file, or of what undoing made of it.
pub(crate) fn repair(file: &[u8]) -> Repaired {
    let mut repaired = Repaired::default();
    let mut data = Cow::Borrowed(file);
    if let Some(bytes) = from_utf8(&data) {
        repaired.undone.push(format!(
            "its bytes were taken for text and written as UTF-8: {} bytes were {}, and all offsets are counted in those",
            data.len(),
            bytes.len()
        ));
        data = bytes.into();
    }
    if let Some(bytes) = from_crlf(&data) {
        let count = data.len() - bytes.len();
        repaired
            .undone
            .push(format!("a text mode had made CR LF of {count} line ends; offsets are counted without the CR"));
        data = bytes.into();
    }
    let unknown = data.windows(3).filter(|bytes| *bytes == b"\xef\xbf\xbd").count();
    if unknown != 0 && !is_whole(&data) {
        let at = data.windows(3).position(|bytes| bytes == b"\xef\xbf\xbd").unwrap_or(0) as u64;
        let why = format!("{unknown} bytes became U+FFFD, the first here: what they were cannot be known");
        repaired.lost.push(Loss { from: at, to: at + 3, why, partly: false });
    }
    repaired.all(data);
    repaired
}

impl Repaired {
    fn all(&mut self, mut data: Cow<'_, [u8]>) {
        let mut at = 0;
        // What a pickle of protocol 0 or 1 that was whole begins with, and what was looked at to find another.
        let (mut like, mut looked_at) = (None, 0);
        while let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) {
            let (error, opcodes) = match read_counted(rest) {
                Ok(len) => {
                    self.keep(rest.get(..len).unwrap_or_default());
                    like = rest.first_chunk::<2>().copied().filter(|[first, _]| *first != 0x80);
                    at += len;
                    continue;
                }
                Err(found) => found,
            };
            if error.kind() == ErrorKind::MemoMissing
                && self.pickles > 0
                && self.lost.is_empty()
                && let Some(pickles) = whole_with_one_memo(&data)
            {
                self.bytes.clear();
                self.bytes.extend_from_slice(&data);
                self.pickles = pickles;
                return;
            }
            let places = if error.kind() == ErrorKind::BadUtf8 { broken_texts(rest) } else { Vec::new() };
            if !places.is_empty() {
                for (from, to) in &places {
                    let (from, to) = (at + from, at + to);
                    data.to_mut().get_mut(from..to).unwrap_or_default().fill(b'?');
                    let why = "bytes of a text are not UTF-8: a ? stands for each".to_owned();
                    self.lost.push(Loss { from: from as u64, to: to as u64, why, partly: false });
                }
                continue;
            }
            if let Some((bytes, len)) = without_frames(rest)
                && read(&bytes) == Ok(bytes.len())
            {
                self.undone.push(format!("the lengths of frames in the pickle at byte {at} are wrong, and left out"));
                self.keep(&bytes);
                at += len;
                continue;
            }
            let begun = matches!(rest, [0x80, 0..=5, ..])
                || error.kind().is_incomplete() && error.offset() > 8
                || opcodes >= BEGUN;
            // What opcodes were read of is no place where a pickle begins, whatever its bytes look like.
            let fault = if begun { usize::try_from(error.offset()).unwrap_or(usize::MAX) } else { 0 };
            let passed = usize::try_from(search::behind(fault as u64)).unwrap_or(usize::MAX).max(1);
            let next = search::next_in(&data, at.saturating_add(passed), at.saturating_add(fault));
            let alike = like.and_then(|like| next_like(&data, at.saturating_add(passed), like, &mut looked_at));
            let to = [next, alike].into_iter().flatten().min().unwrap_or(data.len());
            let own = data.get(at..to).unwrap_or_default();
            let is_readable = |part: &salvage::Part| read(&part.bytes).is_ok();
            let part = if begun {
                let before = || salvage::part(own.get(..fault)?).filter(is_readable);
                salvage::part(own).filter(is_readable).or_else(before)
            } else {
                None
            };
            let from = at + part.as_ref().map_or(0, |part| part.used);
            if let Some(part) = &part {
                self.keep(&part.bytes);
            }
            let why = if begun { error.to_string() } else { "no pickle".to_owned() };
            self.lost.push(Loss { from: from as u64, to: to as u64, why, partly: part.is_some() });
            at = to;
        }
    }

    fn keep(&mut self, pickle: &[u8]) {
        self.bytes.extend_from_slice(pickle);
        self.pickles += 1;
    }
}

/// Opcodes after which chance is ruled out where nothing says that a pickle begins.
const BEGUN: u64 = 8;

/// Reads the pickle at the start; gives the bytes that it takes.
fn read(input: &[u8]) -> Result<usize, Error> {
    read_counted(input).map_err(|(error, _)| error)
}

/// The same; with an error, how many opcodes stand before it.
fn read_counted(input: &[u8]) -> Result<usize, (Error, u64)> {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new().stop_after_build(true));
    loop {
        let done = unpickler.advance(input).and_then(|status| match status {
            Status::Built => joblib::take_array(&mut unpickler, input).map(|()| false),
            _ => Ok(true),
        });
        match done {
            Ok(true) => return Ok(usize::try_from(unpickler.offset()).unwrap_or(usize::MAX)),
            Ok(false) => {}
            Err(error) => return Err((error, unpickler.opcodes())),
        }
    }
}

/// Times the bytes of a file that are looked at to find pickles of protocols 0 and 1.
const LOOKS: u64 = 16;

/// The next pickle of protocol 0 or 1 from `from` on, in a file that had one which began with the same two bytes: behind a
/// STOP, or behind zeros or line ends.
fn next_like(data: &[u8], from: usize, like: [u8; 2], looked_at: &mut u64) -> Option<usize> {
    let most = (data.len() as u64).saturating_mul(LOOKS);
    let mut at = from;
    while *looked_at < most {
        at += memchr::memmem::find(data.get(at..)?, &like)?;
        let before = at.checked_sub(1).and_then(|before| data.get(before));
        let rest = data.get(at..)?;
        if matches!(before, Some(b'.' | 0 | b'\n')) && search::begins_pickle_counted(rest, looked_at) {
            let opcodes = read_counted(rest).map_or_else(|(_, opcodes)| opcodes, |_| BEGUN);
            if opcodes >= BEGUN {
                return Some(at);
            }
        }
        at += 1;
    }
    None
}

/// Where bytes of strs are that are no UTF-8, in the pickle at the start. Lone surrogates are none, as for Python.
fn broken_texts(input: &[u8]) -> Vec<(usize, usize)> {
    let mut decoder = Decoder::lenient();
    let mut places: Vec<(usize, usize)> = Vec::new();
    let mut rest = input;
    while let Ok(Step::Op(op)) = decoder.next(&mut rest) {
        if op.opcode.kind() != OpKind::Str || op.opcode == Opcode::Unicode {
            continue;
        }
        let mut at = op.offset as usize + op.header_len();
        let end = at + op.bytes().len();
        while let Some(text) = input.get(at..end) {
            let Err(error) = str::from_utf8(text) else { break };
            at += error.valid_up_to();
            if matches!(input.get(at..end), Some([0xed, 0xa0..=0xbf, 0x80..=0xbf, ..])) {
                at += 3;
                continue;
            }
            let len = error.error_len().unwrap_or(end - at);
            match places.last_mut() {
                Some((_, to)) if *to == at => *to += len,
                _ => places.push((at, at + len)),
            }
            at += len;
        }
    }
    places
}

/// Nothing but pickles, if the memo of each lives on: how many. `None` where one is damaged.
fn whole_with_one_memo(data: &[u8]) -> Option<u64> {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let (mut rest, mut pickles) = (data, 0);
    while !rest.is_empty() {
        if pickles > 0 {
            unpickler.next_pickle(true);
        }
        while unpickler.feed(&mut rest).ok()? != Status::Done {
            if rest.is_empty() {
                return None;
            }
        }
        pickles += 1;
    }
    Some(pickles)
}

/// Nothing but pickles.
fn is_whole(mut data: &[u8]) -> bool {
    while !data.is_empty() {
        match read(data) {
            Ok(len) => data = data.get(len..).unwrap_or_default(),
            Err(_) => return false,
        }
    }
    true
}

/// Undoes what a text mode did: every LF has a CR before it, and without those it is pickles. Protocol 0 has no CR LF of
/// its own: what stands in its texts is escaped. In other protocols lengths and frames tell.
fn from_crlf(data: &[u8]) -> Option<Vec<u8>> {
    let mut before = 0;
    let mut count = 0;
    for &byte in data {
        if byte == b'\n' {
            if before != b'\r' {
                return None;
            }
            count += 1;
        }
        before = byte;
    }
    if count == 0 || !has_cr(data) && is_whole(data) {
        return None;
    }
    let mut bytes = Vec::with_capacity(data.len());
    for (at, &byte) in data.iter().enumerate() {
        if byte != b'\r' || data.get(at + 1) != Some(&b'\n') {
            bytes.push(byte);
        }
    }
    // One that is cut off as well begins better without them than with them.
    let reached = |data: &[u8]| read(data).map_or_else(|error| error.offset(), |_| u64::MAX);
    (is_whole(&bytes) || reached(&bytes) > reached(data)).then_some(bytes)
}

/// A text that an opcode takes ends in CR.
fn has_cr(data: &[u8]) -> bool {
    let mut decoder = Decoder::lenient();
    let mut rest = data;
    loop {
        match decoder.next(&mut rest) {
            Ok(Step::Op(op)) => {
                if let Arg::Text(text) = op.arg
                    && (text.ends_with(b"\r") || text.windows(2).any(|pair| pair == b"\r\n"))
                {
                    return true;
                }
            }
            Ok(Step::End) if !rest.is_empty() => decoder.next_pickle(),
            Ok(Step::Fragment(_) | Step::Raw(_)) => {}
            _ => return false,
        }
    }
}

/// Undoes that bytes were taken for Latin-1 or Windows-1252 and written as UTF-8.
fn from_utf8(data: &[u8]) -> Option<Vec<u8>> {
    // PROTO as either has it, and pickles of protocols 0 and 1 with a byte above ASCII.
    let begins = data.starts_with(b"\xc2\x80") || data.starts_with(b"\xe2\x82\xac");
    let text = str::from_utf8(data).ok().filter(|text| !text.is_ascii())?;
    let bytes: Vec<u8> = text.chars().map(byte_of).collect::<Option<_>>()?;
    (begins || is_whole(&bytes) && !is_whole(data)).then_some(bytes)
}

/// The byte that a character stands for.
fn byte_of(c: char) -> Option<u8> {
    /// What Windows-1252 has where Latin-1 has control characters; the five that are missing stay those.
    const WINDOWS: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
        '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}', '\u{2019}',
        '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}',
        '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
    ];
    u8::try_from(u32::from(c)).ok().or_else(|| {
        let at = WINDOWS.iter().position(|&other| other == c)?;
        Some(0x80 + at as u8)
    })
}

/// The pickle at the start without FRAME, whatever those say, and the bytes that it took.
fn without_frames(input: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut decoder = Decoder::lenient();
    let mut rest = input;
    let mut bytes = Vec::new();
    let (mut from, mut any) = (0, false);
    loop {
        match decoder.next(&mut rest).ok()? {
            Step::Op(op) if op.opcode == pickle_core::Opcode::Frame => {
                let at = usize::try_from(op.offset).ok()?;
                bytes.extend_from_slice(input.get(from..at)?);
                from = at + op.header_len();
                any = true;
            }
            Step::Op(_) => {}
            Step::End => break,
            _ => return None,
        }
    }
    let end = input.len() - rest.len();
    bytes.extend_from_slice(input.get(from..end)?);
    any.then_some((bytes, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94(K\x01K\x0aK\x80e.";

    fn lost(repaired: &Repaired) -> Vec<(u64, u64)> {
        repaired.lost.iter().map(|loss| (loss.from, loss.to)).collect()
    }

    #[test]
    fn what_is_whole_stays() {
        for data in [&b"I1\n."[..], LIST, b"I1\n.I2\n.", b"(lp0\nS'a'\np1\na."] {
            let repaired = repair(data);
            assert_eq!(repaired.bytes, data);
            assert!(repaired.lost.is_empty() && repaired.undone.is_empty(), "{repaired:?}");
        }
    }

    #[test]
    fn text_modes_are_undone() {
        for data in [&b"(lp0\nI1\naS'a'\np1\na."[..], b"cfoo\nBar\n.", LIST] {
            let crlf: Vec<u8> = data.iter().flat_map(|&b| if b == b'\n' { vec![b'\r', b] } else { vec![b] }).collect();
            let repaired = repair(&crlf);
            assert_eq!(repaired.bytes, data, "{}", crlf.escape_ascii());
            assert!(repaired.lost.is_empty() && repaired.undone.len() == 1);
        }
        let windows = |byte: u8| {
            if byte == 0x80 {
                '\u{20ac}'
            } else if byte == 0x94 {
                '\u{201d}'
            } else if byte == 0x95 {
                '\u{2022}'
            } else {
                char::from(byte)
            }
        };
        let latin1: String = LIST.iter().copied().map(char::from).collect();
        let cp1252: String = LIST.iter().copied().map(windows).collect();
        for text in [latin1, cp1252] {
            let repaired = repair(text.as_bytes());
            assert_eq!(repaired.bytes, LIST);
            assert!(repaired.lost.is_empty() && repaired.undone.len() == 1);
        }
        let replaced = repair(String::from_utf8_lossy(LIST).as_bytes());
        assert!(replaced.bytes.is_empty() && !replaced.lost.is_empty());
    }

    #[test]
    fn cut_at_every_byte() {
        let mut best = 0;
        for len in 1..LIST.len() {
            let repaired = repair(&LIST[..len]);
            assert!(!repaired.lost.is_empty(), "{len}");
            if repaired.pickles != 0 {
                assert!(is_whole(&repaired.bytes), "{len}");
                let items = repaired.bytes.iter().filter(|&&byte| byte == b'K').count();
                assert!(items >= best, "{len}");
                best = items;
            }
        }
        assert_eq!(best, 3);
    }

    /// A pickle that begins without PROTO, and texts that are none.
    #[test]
    fn damage_in_protocol_0_and_in_texts() {
        let list: Vec<u8> =
            [b"(lp0\n".to_vec(), (0..50).flat_map(|n| format!("I{n}\na").into_bytes()).collect()].concat();
        let mut damaged = [&list[..], b"."].concat();
        damaged[100..104].fill(0xff);
        let repaired = repair(&damaged);
        assert_eq!(repaired.pickles, 1);
        assert!(repaired.bytes.starts_with(&list[..90]) && is_whole(&repaired.bytes));
        assert!(matches!(lost(&repaired)[..], [(from, to)] if from <= 100 && to == damaged.len() as u64));
        // A log of them goes on behind the damage.
        let entry = b"(dp0\nVid\np1\nI7\nsVname\np2\nVx\np3\ns.";
        let mut log = entry.repeat(9);
        log[entry.len() * 4 + 5..][..12].fill(0);
        let repaired = repair(&log);
        assert_eq!(repaired.bytes, entry.repeat(8));
        assert_eq!(lost(&repaired), [(entry.len() as u64 * 4, entry.len() as u64 * 5)]);
        // The list is whole but for bytes of one text.
        let texts = b"\x80\x04\x95\x0f\0\0\0\0\0\0\0]\x94(\x8c\x03abc\x8c\x01dK\x05e.";
        let mut broken = texts.to_vec();
        broken[17..19].fill(0xff);
        let repaired = repair(&broken);
        let mut want = texts.to_vec();
        want[17..19].fill(b'?');
        assert_eq!(repaired.bytes, want);
        assert_eq!(lost(&repaired), [(17, 19)]);
    }

    #[test]
    fn wrong_frames_and_foreign_bytes() {
        // Shorter ones are read as they are.
        for wrong in [0x0cu8, 0x20, 0xff] {
            let mut data = LIST.to_vec();
            data[3] = wrong;
            let repaired = repair(&data);
            assert_eq!(repaired.bytes, [&LIST[..2], &LIST[11..]].concat(), "{wrong}");
            assert!(repaired.lost.is_empty(), "{wrong} {repaired:?}");
        }
        let data = [b"HEADER", LIST, b"\0\0\0\0", LIST, &LIST[..LIST.len() - 4]].concat();
        let repaired = repair(&data);
        assert_eq!(repaired.pickles, 3);
        assert!(repaired.bytes.starts_with(&[LIST, LIST].concat()));
        let end = data.len() as u64;
        let len = LIST.len() as u64;
        assert_eq!(lost(&repaired)[..2], [(0, 6), (6 + len, 10 + len)]);
        assert_eq!(lost(&repaired).len(), 3);
        assert!(lost(&repaired)[2].1 == end && repaired.lost[2].partly);
        // The opcode before the fault has taken the first byte of the next pickle.
        let whole = b"\x80\x02]q\0(K\x05K\x06e.";
        let repaired = repair(&[&b"\x80\x02]q\0(K\x03K"[..], whole].concat());
        assert_eq!(repaired.bytes, [&b"\x80\x02]q\0(K\x03e."[..], whole].concat());
        assert_eq!(lost(&repaired), [(8, 9)]);
    }
}
