//! Numbers at offsets of a block, in either byte order; zero where the block is too short.

/// How the bytes of a number are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Lowest byte first.
    Little,
    /// Highest byte first.
    Big,
}

/// A block with numbers in it.
#[derive(Clone, Copy)]
pub(super) struct Block<'b> {
    pub bytes: &'b [u8],
    pub order: Order,
}

impl<'b> Block<'b> {
    pub fn new(bytes: &'b [u8], order: Order) -> Self {
        Block { bytes, order }
    }

    fn number<const N: usize>(self, at: usize) -> u64 {
        let Some(bytes) = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<N>()) else { return 0 };
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self.order {
            Order::Big => bytes.iter().fold(0, add),
            Order::Little => bytes.iter().rev().fold(0, add),
        }
    }

    pub fn u8(self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    pub fn u16(self, at: usize) -> u16 {
        self.number::<2>(at) as u16
    }

    pub fn u32(self, at: usize) -> u32 {
        self.number::<4>(at) as u32
    }

    pub fn u64(self, at: usize) -> u64 {
        self.number::<8>(at)
    }
}
