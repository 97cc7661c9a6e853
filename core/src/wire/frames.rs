//! The frames of protocols 4 and 5, as CPython's pickler makes them.
//!
//! A frame begins with the first opcode after the last one ended. It ends at
//! the next value once it has [`TARGET`] bytes, before a payload of that size, and at STOP
//! (`_Pickler_OpcodeBoundary` and `_Pickler_write_bytes` in `_pickle.c`).

use crate::{Argument, Opcode};

/// Bytes from which on a frame ends at the next value, and a payload stands outside.
pub const TARGET: usize = 64 * 1024;

/// Frames of less are written without a header.
const MIN: usize = 4;

/// FRAME and its eight bytes of length.
const HEADER: usize = 9;

/// Where the next opcode goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Place {
    /// Into the frame in progress.
    Frame,
    /// Into a new frame.
    NewFrame,
    /// Between frames.
    Outside,
}

mod sealed {
    pub trait Sealed {}
}

/// How an [`Encoder`](crate::Encoder) makes frames: [`NoFrames`], [`FrameBuffer`] or `GrowingFrames`. Sealed.
///
/// See the example of [`FrameBuffer`].
pub trait Frames: sealed::Sealed {
    /// There are frames.
    #[doc(hidden)]
    const ON: bool;
    /// Where an opcode of that many bytes goes.
    #[doc(hidden)]
    fn place(&self, opcode: Opcode, len: usize) -> Place;
    /// Takes bytes into the frame.
    #[doc(hidden)]
    fn push(&mut self, data: &[u8]);
    /// Bytes held.
    #[doc(hidden)]
    fn pending(&self) -> usize;
    /// Bytes are held.
    #[doc(hidden)]
    fn is_open(&self) -> bool {
        self.pending() != 0
    }
    /// The frame should end before the next value.
    #[doc(hidden)]
    fn is_due(&self) -> bool;
    /// The frame with its header, if it is to have one.
    #[doc(hidden)]
    fn frame(&mut self) -> &[u8];
    /// Forgets what is held.
    #[doc(hidden)]
    fn clear(&mut self);
}

/// PROTO, and large payloads of str and bytes, stand outside.
fn stands_outside(opcode: Opcode, len: usize) -> bool {
    match opcode.argument() {
        Argument::Bytes4 => len >= TARGET + 5,
        Argument::Bytes8 => len >= TARGET + 9,
        _ => opcode == Opcode::Proto,
    }
}

/// Writes the header in front, of a frame of at least `min` bytes; gives the frame.
fn seal(buffer: &mut [u8], min: usize) -> &[u8] {
    let len = buffer.len().saturating_sub(HEADER);
    if len < min {
        return buffer.get(HEADER..).unwrap_or_default();
    }
    if let Some((head, _)) = buffer.split_first_chunk_mut::<HEADER>() {
        let [a, b, c, d, e, f, g, h] = (len as u64).to_le_bytes();
        *head = [Opcode::Frame.byte(), a, b, c, d, e, f, g, h];
    }
    buffer
}

/// No frames: opcodes go straight to the sink. Every reader takes such a stream.
///
/// See the example of [`Encoder`](crate::Encoder).
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFrames;

impl sealed::Sealed for NoFrames {}

impl Frames for NoFrames {
    const ON: bool = false;

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn place(&self, _: Opcode, _: usize) -> Place {
        Place::Outside
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn push(&mut self, _: &[u8]) {}

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn pending(&self) -> usize {
        0
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn is_due(&self) -> bool {
        false
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn frame(&mut self) -> &[u8] {
        &[]
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn clear(&mut self) {}
}

/// Frames in a buffer of the caller's. A frame ends when the buffer is full; an
/// opcode that is larger than the buffer stands outside. With 64 KiB and
/// the largest opcodes beyond that, the bytes are those of CPython.
///
/// ```
/// use pickle_core::{Arg, Encoder, FrameBuffer, Opcode, SliceWriter};
///
/// let (mut buffer, mut frame) = ([0; 32], [0; 64]);
/// let frames = FrameBuffer::new(&mut frame);
/// let mut encoder = Encoder::with_frames(SliceWriter::new(&mut buffer), 4, frames);
/// encoder.op(Opcode::Proto, Arg::Uint(4))?;
/// encoder.op(Opcode::ShortBinUnicode, Arg::Bytes(b"hi"))?;
/// encoder.op(Opcode::Stop, Arg::Nothing)?;
/// assert_eq!(encoder.finish()?.written(), b"\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x02hi.");
/// # Ok::<_, pickle_core::WriteError<pickle_core::BufferFull>>(())
/// ```
pub struct FrameBuffer<'f> {
    buffer: &'f mut [u8],
    /// Bytes in use, the header included; below `HEADER` nothing is.
    used: usize,
}

impl<'f> FrameBuffer<'f> {
    /// Frames of at most `buffer.len() - 9` bytes.
    pub const fn new(buffer: &'f mut [u8]) -> Self {
        FrameBuffer { buffer, used: HEADER }
    }
}

impl sealed::Sealed for FrameBuffer<'_> {}

impl Frames for FrameBuffer<'_> {
    const ON: bool = true;

    fn place(&self, opcode: Opcode, len: usize) -> Place {
        let most = self.buffer.len().saturating_sub(HEADER);
        if stands_outside(opcode, len) || len > most {
            return Place::Outside;
        }
        if len > self.buffer.len().saturating_sub(self.used) { Place::NewFrame } else { Place::Frame }
    }

    #[inline]
    fn push(&mut self, data: &[u8]) {
        let room = self.buffer.get_mut(self.used..).unwrap_or_default();
        for (slot, byte) in room.iter_mut().zip(data) {
            *slot = *byte;
        }
        self.used += data.len();
    }

    fn pending(&self) -> usize {
        self.used - HEADER
    }

    fn is_due(&self) -> bool {
        self.pending() >= TARGET
    }

    fn frame(&mut self) -> &[u8] {
        seal(self.buffer.get_mut(..self.used).unwrap_or_default(), MIN)
    }

    fn clear(&mut self) {
        self.used = HEADER;
    }
}

#[cfg(feature = "alloc")]
pub use growing::GrowingFrames;

#[cfg(feature = "alloc")]
mod growing {
    use super::{Frames, HEADER, MIN, Place, TARGET, seal, sealed, stands_outside};
    use crate::Opcode;
    use alloc::vec::Vec;

    /// Frames in growing memory: byte for byte those of CPython.
    ///
    /// ```
    /// use pickle_core::{Encoder, GrowingFrames, Pickler};
    ///
    /// let encoder = Encoder::with_frames(Vec::new(), 4, GrowingFrames::new());
    /// let mut pickler = Pickler::with_encoder(encoder, &mut []);
    /// pickler.str("hi")?.finish()?;
    /// assert_eq!(pickler.into_sink(), b"\x80\x04\x95\x05\0\0\0\0\0\0\0\x8c\x02hi.");
    /// # Ok::<_, pickle_core::WriteError<core::convert::Infallible>>(())
    /// ```
    #[derive(Debug)]
    pub struct GrowingFrames {
        buffer: Vec<u8>,
        /// Bytes from which on a frame has a header.
        min: usize,
        /// Large payloads stand outside.
        payloads_outside: bool,
    }

    impl GrowingFrames {
        /// Frames of at least 64 KiB where there is that much to write.
        pub fn new() -> Self {
            let mut buffer = Vec::with_capacity(2 * TARGET);
            buffer.resize(HEADER, 0);
            GrowingFrames { buffer, min: MIN, payloads_outside: true }
        }

        /// Frames as CPython 3.4 to 3.6 makes them: each has a header, and payloads of any size stand inside.
        pub(crate) fn of_python36() -> Self {
            GrowingFrames { min: 0, payloads_outside: false, ..Self::new() }
        }
    }

    impl Default for GrowingFrames {
        fn default() -> Self {
            Self::new()
        }
    }

    impl sealed::Sealed for GrowingFrames {}

    impl Frames for GrowingFrames {
        const ON: bool = true;

        #[cfg_attr(target_pointer_width = "64", inline(always))]
        fn place(&self, opcode: Opcode, len: usize) -> Place {
            let outside = stands_outside(opcode, len) && (self.payloads_outside || opcode == Opcode::Proto);
            if outside { Place::Outside } else { Place::Frame }
        }

        #[cfg_attr(target_pointer_width = "64", inline(always))]
        fn push(&mut self, data: &[u8]) {
            self.buffer.extend_from_slice(data);
        }

        #[cfg_attr(target_pointer_width = "64", inline(always))]
        fn pending(&self) -> usize {
            self.buffer.len() - HEADER
        }

        #[cfg_attr(target_pointer_width = "64", inline(always))]
        fn is_due(&self) -> bool {
            self.pending() >= TARGET
        }

        fn frame(&mut self) -> &[u8] {
            seal(&mut self.buffer, self.min)
        }

        fn clear(&mut self) {
            self.buffer.truncate(HEADER);
        }
    }
}
