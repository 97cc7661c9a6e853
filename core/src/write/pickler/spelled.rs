//! Opcodes with payloads, and what older protocols have no opcode for.

use super::{Pickler, Written};
use crate::literal::escape;
use crate::wire::frames::Frames;
use crate::wire::sink::WriteError;
use crate::write::spelling::{self, Payload, Spell};
use crate::{Encoder, ErrorKind, Opcode};
use embedded_io::Write;

/// Nothing is memoised but what the caller says.
impl<W: Write, F: Frames> Spell for Pickler<'_, W, F> {
    type Out = W;
    type Frames = F;

    fn encoder(&mut self) -> &mut Encoder<W, F> {
        &mut self.encoder
    }

    fn write_global(&mut self, module: &str, name: &str) -> Result<(), WriteError<W::Error>> {
        self.plain_global(module, name.as_bytes())
    }

    fn write_text(&mut self, text: &[u8]) -> Result<(), WriteError<W::Error>> {
        match self.protocol() {
            0 => self.unicode_line(text),
            _ => self.encoder.payload(Payload::Str, text),
        }
    }

    fn write_latin1(&mut self, bytes: &[u8]) -> Result<(), WriteError<W::Error>> {
        if self.protocol() == 0 {
            self.encoder.begin_text(Opcode::Unicode)?;
            escape::raw_unicode_latin1_pieces(bytes, |piece| self.encoder.piece(piece))?;
            return self.encoder.end_pieces();
        }
        let high = bytes.iter().filter(|b| !b.is_ascii()).count();
        self.encoder.begin_payload(Opcode::BinUnicode, (bytes.len() + high) as u64)?;
        let mut rest = bytes;
        while !rest.is_empty() {
            // Not `chunk_by`, which has a panic in it.
            let ascii = rest.iter().take_while(|byte| byte.is_ascii()).count();
            let (run, others) = rest.split_at_checked(ascii).unwrap_or((rest, &[]));
            self.encoder.piece(run)?;
            rest = others;
            if let Some((byte, others)) = others.split_first() {
                self.encoder.piece(&[0xc0 | byte >> 6, 0x80 | byte & 0x3f])?;
                rest = others;
            }
        }
        self.encoder.end_pieces()
    }

    fn memoize(&mut self) -> Result<(), WriteError<W::Error>> {
        Ok(())
    }
}

impl<W: Write, F: Frames> Pickler<'_, W, F> {
    /// A value that is written as a length and bytes.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn payload(&mut self, kind: Payload, bytes: &[u8]) -> Written<'_, Self, W> {
        if !kind.fits(self.protocol(), bytes.len()) {
            return Err(self.encoder.fault(ErrorKind::TooLong, Opcode::BinUnicode));
        }
        self.before()?;
        self.encoder.payload(kind, bytes)?;
        self.after()
    }

    /// UNICODE.
    pub(super) fn unicode_line(&mut self, text: &[u8]) -> Result<(), WriteError<W::Error>> {
        self.encoder.begin_text(Opcode::Unicode)?;
        escape::raw_unicode_pieces(text, escape::is_raw, |piece| self.encoder.piece(piece))?;
        self.encoder.end_pieces()
    }

    pub(super) fn check_latin1(&self, bytes: &[u8]) -> Result<(), WriteError<W::Error>> {
        if (bytes.len() as u64) < 0x8000_0000 || self.protocol() > 3 {
            Ok(())
        } else {
            Err(self.encoder.fault(ErrorKind::TooLong, Opcode::BinUnicode))
        }
    }

    pub(super) fn check_global(&self, module: &str, name: &str) -> Result<(), WriteError<W::Error>> {
        if module.is_empty() || name.is_empty() {
            return Err(self.encoder.fault(ErrorKind::EmptyLine, Opcode::Global));
        }
        if self.protocol() < 4 && (module.contains('\n') || name.contains('\n')) {
            return Err(self.encoder.fault(ErrorKind::LineBreak, Opcode::Global));
        }
        if self.protocol() >= 4 && (u32::try_from(module.len()).is_err() || u32::try_from(name.len()).is_err()) {
            return Err(self.encoder.fault(ErrorKind::TooLong, Opcode::StackGlobal));
        }
        Ok(())
    }

    /// A class or function. Before protocol 4 the rest of a dotted name is looked up by `getattr`.
    pub(super) fn any_global(&mut self, module: &str, name: &str) -> Result<(), WriteError<W::Error>> {
        if self.protocol() >= 4 {
            return self.plain_global(module, name.as_bytes());
        }
        // Not `split` of a str, which has a panic in it.
        let mut parts = name.as_bytes().split(|&b| b == b'.');
        let first = parts.next().unwrap_or_default();
        spelling::dotted(self, parts, false, |pickler| pickler.plain_global(module, first))
    }

    /// GLOBAL or STACK_GLOBAL.
    fn plain_global(&mut self, module: &str, name: &[u8]) -> Result<(), WriteError<W::Error>> {
        if self.protocol() < 4 {
            return self.names_line(Opcode::Global, module, name);
        }
        self.encoder.payload(Payload::Str, module.as_bytes())?;
        self.encoder.payload(Payload::Str, name)?;
        self.encoder.simple(Opcode::StackGlobal)
    }

    /// GLOBAL or INST.
    pub(super) fn names_line(&mut self, opcode: Opcode, module: &str, name: &[u8]) -> Result<(), WriteError<W::Error>> {
        self.encoder.begin_text(opcode)?;
        self.encoder.piece(module.as_bytes())?;
        self.encoder.piece(b"\n")?;
        self.encoder.piece(name)?;
        self.encoder.end_pieces()
    }
}
