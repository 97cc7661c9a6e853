//! The lengths in front of pickles, as `--framed` names them: bytes of each, and which come first.

use clap::ValueEnum;

/// The lengths in front of pickles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Lengths {
    /// A byte.
    #[value(name = "1")]
    One,
    /// Two bytes, the highest first.
    #[value(name = "2be")]
    TwoBig,
    /// Two bytes, the lowest first.
    #[value(name = "2le")]
    TwoLittle,
    /// Four bytes, the highest first.
    #[value(name = "4be")]
    FourBig,
    /// Four bytes, the lowest first.
    #[value(name = "4le")]
    FourLittle,
    /// Eight bytes, the highest first.
    #[value(name = "8be")]
    EightBig,
    /// Eight bytes, the lowest first.
    #[value(name = "8le")]
    EightLittle,
}

impl Lengths {
    /// The length of a pickle as it stands in front of it; `None` where it has no room.
    pub(super) fn spell(self, len: u64) -> Option<Vec<u8>> {
        let (size, big) = self.shape();
        let digits = len.to_be_bytes();
        let (zeros, digits) = digits.split_at(digits.len() - size);
        if zeros.iter().any(|digit| *digit != 0) {
            return None;
        }
        let mut digits = digits.to_vec();
        if !big {
            digits.reverse();
        }
        Some(digits)
    }

    /// Bytes of a length, and whether the highest comes first.
    pub(super) fn shape(self) -> (usize, bool) {
        match self {
            Lengths::One => (1, true),
            Lengths::TwoBig => (2, true),
            Lengths::TwoLittle => (2, false),
            Lengths::FourBig => (4, true),
            Lengths::FourLittle => (4, false),
            Lengths::EightBig => (8, true),
            Lengths::EightLittle => (8, false),
        }
    }

    /// The length that these bytes are, as many of them as one has.
    pub(super) fn read(self, digits: &[u8]) -> u64 {
        let add = |all: u64, digit: &u8| all << 8 | u64::from(*digit);
        if self.shape().1 { digits.iter().fold(0, add) } else { digits.iter().rev().fold(0, add) }
    }
}
