//! The bytes of a pickle, opcode by opcode, for the ways that do without a document.

use pickle_core::Opcode;

/// Something that is not for here.
pub struct Other;

type Done = Result<(), Other>;

/// The bytes of the pickle. Frames are enforced as [`pickle_core::Decoder`] does it.
pub struct Input<'a> {
    all: &'a [u8],
    at: usize,
    /// Where the frame ends that is open; without one, or where that lies further on, where the input does.
    limit: usize,
    framed: bool,
    /// Of the frame that is open.
    frame_end: usize,
    /// A piece of a pickle, which others follow.
    piece: bool,
    /// It ends in the middle of an opcode, or behind one.
    short: bool,
}

impl<'a> Input<'a> {
    pub fn new(all: &'a [u8]) -> Self {
        Input { all, at: 0, limit: all.len(), framed: false, frame_end: 0, piece: false, short: false }
    }

    /// A piece of a pickle, and how much of the frame that is open is still to come.
    pub fn piece(all: &'a [u8], frame: Option<usize>) -> Self {
        let frame_end = frame.unwrap_or(0);
        let limit = if frame.is_some() { frame_end.min(all.len()) } else { all.len() };
        Input { all, at: 0, limit, framed: frame.is_some(), frame_end, piece: true, short: false }
    }

    /// What failed did so because the piece ends there.
    pub fn is_short(&self) -> bool {
        self.short
    }

    /// Goes back to the start of an opcode of the same frame; gives what is to come of the frame.
    pub fn back_to(&mut self, at: usize) -> Option<usize> {
        self.at = at;
        self.framed.then(|| self.frame_end - at)
    }

    #[cold]
    fn ends(&mut self) -> Other {
        // Behind the end of a frame lies nothing that an opcode in it could want.
        self.short = self.piece && self.limit == self.all.len() && (!self.framed || self.frame_end > self.limit);
        Other
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
        self.at == self.frame_end || !self.framed
    }

    /// A line that is the name of a module or what is in one, as all but the strangest are.
    pub fn name(&mut self) -> Result<&'a [u8], Other> {
        let rest = self.all.get(self.at..self.limit).ok_or(Other)?;
        let Some(len) = rest.iter().position(|byte| !matches!(byte, 0x21..=0x7e)) else { return Err(self.ends()) };
        let name = self.take(len)?;
        if len == 0 || self.byte()? != b'\n' { Err(Other) } else { Ok(name) }
    }

    #[inline(always)]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Other> {
        let Some(end) = self.at.checked_add(len).filter(|end| *end <= self.limit) else { return Err(self.ends()) };
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
            if self.framed && self.frame_end > self.limit {
                return Err(self.ends());
            }
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
        self.frame_end = self.at.checked_add(len).filter(|end| self.piece || *end <= self.all.len()).ok_or(Other)?;
        self.framed = true;
        self.limit = self.frame_end.min(self.all.len());
        Ok(())
    }
}
