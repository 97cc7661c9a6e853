//! Whether bytes read as a pickle: its opcodes, and whether the stack has what they want. Nothing is kept.

use crate::survey::symbols::Symbols;
use pickle_core::{Decoder, Step};

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
        let (mut decoder, mut symbols, mut rest) = (Decoder::new(), Symbols::default(), bytes);
        let mut count = 0;
        loop {
            match decoder.next(&mut rest) {
                Ok(Step::Op(op)) if symbols.apply(&op).is_ok() => count += 1,
                Ok(Step::End) => return (Reading::Whole(bytes.len() - rest.len()), count),
                Ok(Step::NeedMore | Step::Fragment(_)) => return (Reading::Open, count),
                _ => return (Reading::Not, count),
            }
        }
    }
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
        assert!(are_pickles(b"K\x01.N."));
        assert!(!are_pickles(b"K\x01.N") && !are_pickles(b"K\x01.x") && !are_pickles(b""));
    }
}
