//! The bytes of a pickle, opcode by opcode, for the ways that do without a document.

use pickle_core::Opcode;

/// Something that is not for here.
pub struct Other;

type Done = Result<(), Other>;

/// The bytes of the pickle. Frames are enforced as [`pickle_core::Decoder`] does it.
pub struct Input<'a> {
    all: &'a [u8],
    at: usize,
    /// Where the frame ends that is open; without one, where the input does.
    limit: usize,
    framed: bool,
}

impl<'a> Input<'a> {
    pub fn new(all: &'a [u8]) -> Self {
        Input { all, at: 0, limit: all.len(), framed: false }
    }

    /// Bytes that were taken.
    #[inline(always)]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The opcode that comes next, in the same frame.
    #[inline(always)]
    pub fn next_is(&self, opcode: Opcode) -> bool {
        self.at < self.limit && self.all.get(self.at) == Some(&opcode.byte())
    }

    /// A frame ends with its pickle.
    pub fn may_stop(&self) -> bool {
        self.at == self.limit || !self.framed
    }

    /// A line that is the name of a module or what is in one, as all but the strangest are.
    pub fn name(&mut self) -> Result<&'a [u8], Other> {
        let rest = self.all.get(self.at..self.limit).ok_or(Other)?;
        let len = rest.iter().position(|byte| !matches!(byte, 0x21..=0x7e)).ok_or(Other)?;
        let name = self.take(len)?;
        if len == 0 || self.byte()? != b'\n' { Err(Other) } else { Ok(name) }
    }

    #[inline(always)]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Other> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.limit).ok_or(Other)?;
        let taken = self.all.get(self.at..end).ok_or(Other)?;
        self.at = end;
        Ok(taken)
    }

    #[inline(always)]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Other> {
        self.take(N)?.try_into().map_err(|_| Other)
    }

    #[inline(always)]
    pub fn byte(&mut self) -> Result<u8, Other> {
        self.array().map(|[byte]| byte)
    }

    #[inline(always)]
    pub fn four(&mut self) -> Result<u32, Other> {
        self.array().map(u32::from_le_bytes)
    }

    #[inline(always)]
    pub fn eight(&mut self) -> Result<usize, Other> {
        usize::try_from(u64::from_le_bytes(self.array()?)).map_err(|_| Other)
    }

    #[inline(always)]
    pub fn opcode(&mut self) -> Result<Opcode, Other> {
        if self.at == self.limit {
            self.limit = self.all.len();
            self.framed = false;
        }
        Opcode::from_byte(self.byte()?).ok_or(Other)
    }

    pub fn frame(&mut self) -> Done {
        let len = self.eight()?;
        if self.framed {
            return Err(Other);
        }
        self.framed = true;
        self.limit = self.at.checked_add(len).filter(|end| *end <= self.all.len()).ok_or(Other)?;
        Ok(())
    }
}
