//! Numbers and strings.

use super::super::{Version, scalar};
use super::{Done, Save};
use crate::literal::{float, int};
use crate::machine::node::{Node, tag};
use crate::{BigInt, Opcode, Value};
use embedded_io::Write;

impl<W: Write> Save<'_, '_, W> {
    pub(super) fn empty_tuple(&mut self) -> Done<W::Error> {
        self.begin(Opcode::EmptyTuple, Opcode::Tuple)
    }

    pub(super) fn bool(&mut self, value: bool) -> Done<W::Error> {
        if self.protocol() >= 2 {
            return self.op(if value { Opcode::NewTrue } else { Opcode::NewFalse });
        }
        self.out.emit(Opcode::Int, b"I", if value { b"01" } else { b"00" }, true)
    }

    #[inline(always)]
    pub(super) fn int(&mut self, node: Node) -> Done<W::Error> {
        let value = node.data() as i64;
        let long = self.profile.is_python2() && node.is_long();
        if self.protocol() > 0 && !long {
            if let Ok(small) = u8::try_from(value) {
                return self.out.emit(Opcode::BinInt1, &[Opcode::BinInt1.byte(), small], &[], false);
            }
            if let Ok(small) = u16::try_from(value) {
                let [a, b] = small.to_le_bytes();
                return self.out.emit(Opcode::BinInt2, &[Opcode::BinInt2.byte(), a, b], &[], false);
            }
            if let Ok(small) = i32::try_from(value) {
                return self.four(Opcode::BinInt, small as u32);
            }
        }
        self.int_other(value, long)
    }

    #[inline(never)]
    fn int_other(&mut self, value: i64, long: bool) -> Done<W::Error> {
        let python2 = self.profile.is_python2();
        let old = self.profile.version == Version::Py36;
        let is_int = !long && (python2 || (i32::try_from(value).is_ok() && !old));
        if self.protocol() >= 2 && !is_int {
            let bytes = value.to_le_bytes();
            let bytes = int::minimal_twos_complement(&bytes);
            return self.out.emit(Opcode::Long1, &[Opcode::Long1.byte(), bytes.len() as u8], bytes, false);
        }
        self.scratch.clear();
        let suffix = if is_int { "" } else { "L" };
        let _ = core::fmt::Write::write_fmt(&mut scalar::Text(self.scratch), format_args!("{value}{suffix}"));
        self.line(if is_int { Opcode::Int } else { Opcode::Long })
    }

    pub(super) fn big_int(&mut self, node: Node) -> Done<W::Error> {
        let value = Value::new(self.document, node);
        self.scratch.clear();
        if self.protocol() >= 2 {
            let bytes = match value.as_big_int() {
                Some(BigInt::Bytes(bytes)) => bytes,
                _ if scalar::binary(&value, self.scratch).is_some() => self.scratch,
                _ => return self.refuse(Opcode::Long4),
            };
            let bytes = int::minimal_twos_complement(bytes);
            return match u8::try_from(bytes.len()) {
                Ok(len) => self.out.emit(Opcode::Long1, &[Opcode::Long1.byte(), len], bytes, false),
                Err(_) => {
                    let [a, b, c, d] = (bytes.len() as u32).to_le_bytes();
                    self.out.emit(Opcode::Long4, &[Opcode::Long4.byte(), a, b, c, d], bytes, false)
                }
            };
        }
        if scalar::decimal(&value, self.scratch).is_none() {
            return self.refuse(Opcode::Long);
        }
        self.scratch.push(b'L');
        self.line(Opcode::Long)
    }

    #[inline(always)]
    pub(super) fn float(&mut self, node: Node) -> Done<W::Error> {
        if self.protocol() > 0 {
            let [a, b, c, d, e, f, g, h] = node.data().to_be_bytes();
            return self.out.emit(Opcode::BinFloat, &[Opcode::BinFloat.byte(), a, b, c, d, e, f, g, h], &[], false);
        }
        let cpickle = self.profile.is_python2() && !self.profile.pure;
        let mut room = [0; float::REPR_ROOM];
        let text = scalar::float(f64::from_bits(node.data()), cpickle, &mut room);
        self.out.emit(Opcode::Float, &[Opcode::Float.byte()], text, true)
    }

    /// str, bytes and Python 2 str, without their memo entry.
    #[inline(always)]
    pub(super) fn text(&mut self, node: Node) -> Done<W::Error> {
        let data = self.document.range(node);
        if self.protocol() >= 4 && node.tag() != tag::STR8 {
            return match node.tag() {
                tag::BYTES => self.counted(Opcode::ShortBinBytes, Opcode::BinBytes, Some(Opcode::BinBytes8), data),
                _ => self.counted(Opcode::ShortBinUnicode, Opcode::BinUnicode, Some(Opcode::BinUnicode8), data),
            };
        }
        self.text_other(node, data)
    }

    #[inline(never)]
    pub(super) fn text_other(&mut self, node: Node, data: &[u8]) -> Done<W::Error> {
        match node.tag() {
            tag::STR8 => self.str8(data),
            tag::BYTES if self.protocol() >= 3 => self.counted(Opcode::ShortBinBytes, Opcode::BinBytes, None, data),
            tag::BYTES if self.profile.is_python2() => self.str8(data),
            tag::BYTES => self.old_bytes(data),
            _ => self.unicode(data),
        }
    }

    pub(super) fn unicode(&mut self, data: &[u8]) -> Done<W::Error> {
        if self.protocol() >= 4 {
            return self.counted(Opcode::ShortBinUnicode, Opcode::BinUnicode, Some(Opcode::BinUnicode8), data);
        }
        if self.protocol() > 0 {
            return self.counted(Opcode::BinUnicode, Opcode::BinUnicode, None, data);
        }
        self.scratch.clear();
        scalar::raw_unicode(data, self.profile.version <= Version::Py36, self.scratch);
        self.line(Opcode::Unicode)
    }

    fn str8(&mut self, data: &[u8]) -> Done<W::Error> {
        if self.protocol() > 0 {
            return self.counted(Opcode::ShortBinString, Opcode::BinString, None, data);
        }
        self.scratch.clear();
        scalar::quoted(data, self.scratch);
        self.line(Opcode::String)
    }
}
