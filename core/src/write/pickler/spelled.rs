//! Opcodes with payloads, and what older protocols have no opcode for.

use super::{Pickler, Written};
use crate::literal::escape;
use crate::wire::frames::Frames;
use crate::wire::sink::WriteError;
use crate::write::spelling;
use crate::{ErrorKind, Opcode};
use embedded_io::Write;

impl<W: Write, F: Frames> Pickler<'_, W, F> {
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn counted(
        &mut self,
        bytes: &[u8],
        short: Opcode,
        long: Opcode,
        huge: Option<Opcode>,
    ) -> Written<'_, Self, W> {
        if u32::try_from(bytes.len()).is_err() && huge.is_none() {
            return Err(self.encoder.fault(ErrorKind::TooLong, long));
        }
        self.before()?;
        self.counted_opcode(bytes, short, long, huge)?;
        self.after()
    }

    /// `short` has one byte of length, unless it is also `long`; `long` has four, `huge` eight.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(super) fn counted_opcode(
        &mut self,
        bytes: &[u8],
        short: Opcode,
        long: Opcode,
        huge: Option<Opcode>,
    ) -> Result<(), WriteError<W::Error>> {
        let [a, b, c, d, e, f, g, h] = (bytes.len() as u64).to_le_bytes();
        match (huge, bytes.len() as u64) {
            (_, 0..=0xff) if short != long => self.put(short, &[short.byte(), a], bytes),
            (Some(huge), 0x1_0000_0000..) => self.put(huge, &[huge.byte(), a, b, c, d, e, f, g, h], bytes),
            (Some(huge), _) if huge == long => self.put(huge, &[huge.byte(), a, b, c, d, e, f, g, h], bytes),
            _ => self.put(long, &[long.byte(), a, b, c, d], bytes),
        }
    }

    pub(super) fn check_latin1(&self, bytes: &[u8]) -> Result<(), WriteError<W::Error>> {
        if (bytes.len() as u64) < 0x8000_0000 || self.protocol() > 3 {
            Ok(())
        } else {
            Err(self.encoder.fault(ErrorKind::TooLong, Opcode::BinUnicode))
        }
    }

    /// Bytes before protocol 3: `_codecs.encode(text, 'latin1')`, or `bytes()` where there are none (`save_bytes`).
    pub(super) fn latin1_bytes(&mut self, bytes: &[u8]) -> Result<(), WriteError<W::Error>> {
        let protocol = self.protocol();
        if bytes.is_empty() {
            self.global_opcode("__builtin__", "bytes")?;
            if protocol == 0 {
                self.opcode(Opcode::Mark)?;
            }
            self.opcode(if protocol == 0 { Opcode::Tuple } else { Opcode::EmptyTuple })?;
            return self.opcode(Opcode::Reduce);
        }
        self.global_opcode("_codecs", "encode")?;
        if protocol < 2 {
            self.opcode(Opcode::Mark)?;
        }
        if protocol == 0 {
            self.encoder.begin_text(Opcode::Unicode)?;
            escape::raw_unicode_latin1_pieces(bytes, |piece| self.encoder.piece(piece))?;
            self.encoder.end_pieces()?;
            self.line(Opcode::Unicode, b"latin1")?;
        } else {
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
            self.encoder.end_pieces()?;
            self.put(Opcode::BinUnicode, &[Opcode::BinUnicode.byte(), 6, 0, 0, 0], b"latin1")?;
        }
        self.opcode(if protocol < 2 { Opcode::Tuple } else { Opcode::Tuple2 })?;
        self.opcode(Opcode::Reduce)
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

    /// GLOBAL or STACK_GLOBAL. Before protocol 4 the rest of a dotted name is looked up by `getattr`.
    pub(super) fn global_opcode(&mut self, module: &str, name: &str) -> Result<(), WriteError<W::Error>> {
        let protocol = self.protocol();
        if protocol >= 4 {
            self.counted_opcode(module.as_bytes(), Opcode::ShortBinUnicode, Opcode::BinUnicode, None)?;
            self.counted_opcode(name.as_bytes(), Opcode::ShortBinUnicode, Opcode::BinUnicode, None)?;
            return self.opcode(Opcode::StackGlobal);
        }
        for _ in name.bytes().filter(|&b| b == b'.') {
            self.names_line(Opcode::Global, spelling::builtins(protocol), b"getattr")?;
            self.opcode(Opcode::Mark)?;
        }
        // Not `split` of a str, which has a panic in it.
        let mut parts = name.as_bytes().split(|&b| b == b'.');
        self.names_line(Opcode::Global, module, parts.next().unwrap_or_default())?;
        for part in parts {
            match protocol {
                0 => {
                    self.encoder.begin_text(Opcode::Unicode)?;
                    escape::raw_unicode_pieces(part, escape::is_raw, |piece| self.encoder.piece(piece))?;
                    self.encoder.end_pieces()?;
                }
                _ => self.counted_opcode(part, Opcode::BinUnicode, Opcode::BinUnicode, None)?,
            }
            self.opcode(Opcode::Tuple)?;
            self.opcode(Opcode::Reduce)?;
        }
        Ok(())
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
