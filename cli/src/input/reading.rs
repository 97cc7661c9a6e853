//! Whether bytes read as a pickle: its opcodes, and whether the stack has what they want. Nothing is kept.

use crate::survey::symbols::Symbols;
use pickle_core::{Decoder, OpKind, Step};

/// How far bytes read as a pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// A pickle of so many bytes stands at the start.
    Whole(usize),
    /// They are the beginning of one.
    Open,
    /// They are none.
    Not,
}

impl Reading {
    /// Reads what begins here.
    pub(super) fn of(bytes: &[u8]) -> Reading {
        Reading::counted(bytes).0
    }

    /// The same, and how many opcodes there are.
    pub(super) fn counted(bytes: &[u8]) -> (Reading, usize) {
        let (reading, opcodes, _) = read(bytes);
        (reading, opcodes)
    }
}

/// How far the bytes read, how many opcodes there are, and whether one of them fills the memo.
fn read(bytes: &[u8]) -> (Reading, usize, bool) {
    let (mut decoder, mut symbols, mut rest) = (Decoder::new(), Symbols::default(), bytes);
    let (mut count, mut remembers) = (0, false);
    loop {
        match decoder.next(&mut rest) {
            Ok(Step::Op(op)) if symbols.apply(&op).is_ok() => {
                count += 1;
                remembers |= op.opcode.kind() == OpKind::Store;
            }
            Ok(Step::End) => return (Reading::Whole(bytes.len() - rest.len()), count, remembers),
            Ok(Step::NeedMore | Step::Fragment(_)) => return (Reading::Open, count, remembers),
            _ => return (Reading::Not, count, remembers),
        }
    }
}

/// A pickle that is cut off, of protocols 0 and 1, too, which have nothing in front: opcodes to the last byte, of which one
/// fills the memo, as in all that CPython writes but single numbers. Other bytes are hardly ever such.
pub(super) fn is_cut_off(bytes: &[u8]) -> bool {
    matches!(read(bytes), (Reading::Open, 3.., true))
}

/// Pickles stand back to back from the first byte to the last.
pub(super) fn are_pickles(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Reading::Whole(len) = Reading::of(rest) {
        rest = rest.get(len..).unwrap_or_default();
        if rest.is_empty() {
            return true;
        }
    }
    false
}

/// Pickles of protocols 0 and 1, of which one fills the memo: a few bytes of text read as one that does not.
pub(super) fn is_plain_pickle(bytes: &[u8]) -> bool {
    matches!(read(bytes), (Reading::Whole(_), 3.., true)) && are_pickles(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_far_as_it_goes() {
        assert_eq!(Reading::of(b"K\x01.N."), Reading::Whole(3));
        assert_eq!(Reading::of(b"\x80\x04\x95\x03\0\0\0\0\0\0\0K\x01."), Reading::Whole(14));
        for open in [&b""[..], b"K", b"X\x05\0\0\0ab", b"(lp0\n", b"V12"] {
            assert_eq!(Reading::of(open), Reading::Open, "{}", open.escape_ascii());
        }
        for other in [&b"."[..], b"\0", b"K\x01\0", b"e"] {
            assert_eq!(Reading::of(other), Reading::Not, "{}", other.escape_ascii());
        }
        for cut in [&b"(lp0\nI1\n"[..], b"]q\x00(K\x01", b"(dp1\nS'a'\np2\nI1"] {
            assert!(is_cut_off(cut), "{}", cut.escape_ascii());
        }
        for other in [&b""[..], b"Nq", b"I am", b"]q\x00.", b"(((((", b"G12345678"] {
            assert!(!is_cut_off(other), "{}", other.escape_ascii());
        }
        assert!(are_pickles(b"K\x01.N."));
        assert!(!are_pickles(b"K\x01.N") && !are_pickles(b"K\x01.x") && !are_pickles(b""));
    }
}
