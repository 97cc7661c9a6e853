//! Numbers and strings.

use super::super::{Version, scalar};
use super::{Done, Save};
use crate::literal::{float, int};
use crate::machine::node::{Node, tag};
use crate::write::spelling::{self, Payload};
use crate::{BigInt, Opcode, Value};
use embedded_io::Write;

impl<W: Write> Save<'_, '_, W> {
    #[inline(always)]
    pub(super) fn int(&mut self, node: Node) -> Done<W::Error> {
        let value = node.data() as i64;
        let long = self.profile.is_python2() && node.is_long();
        match i32::try_from(value) {
            Ok(small) if self.protocol() > 0 && !long => self.out.int(small),
            _ => self.int_other(value, long),
        }
    }

    #[inline(never)]
    fn int_other(&mut self, value: i64, long: bool) -> Done<W::Error> {
        let python2 = self.profile.is_python2();
        let old = self.profile.version == Version::Py36;
        let is_int = !long && (python2 || (i32::try_from(value).is_ok() && !old));
        if self.protocol() >= 2 && !is_int {
            let bytes = value.to_le_bytes();
            return self.out.payload(Payload::Int, int::minimal_twos_complement(&bytes));
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
            return self.out.payload(Payload::Int, int::minimal_twos_complement(bytes));
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
            return self.out.float(node.data());
        }
        let cpickle = self.profile.is_python2() && !self.profile.pure;
        let mut room = [0; float::REPR_ROOM];
        let text = scalar::float(f64::from_bits(node.data()), cpickle, &mut room);
        self.out.line(Opcode::Float, text)
    }

    /// str, bytes and Python 2 str, without their memo entry.
    #[inline(always)]
    pub(super) fn text(&mut self, node: Node) -> Done<W::Error> {
        let data = self.document.range(node);
        if self.protocol() >= 4 && node.tag() != tag::STR8 {
            return self.payload(if node.tag() == tag::BYTES { Payload::Bytes } else { Payload::Str }, data);
        }
        self.text_other(node, data)
    }

    #[inline(never)]
    pub(super) fn text_other(&mut self, node: Node, data: &[u8]) -> Done<W::Error> {
        match node.tag() {
            tag::STR8 => self.str8(data),
            tag::BYTES if self.protocol() >= 3 => self.payload(Payload::Bytes, data),
            tag::BYTES if self.profile.is_python2() => self.str8(data),
            tag::BYTES => spelling::old_bytes(self, data),
            _ => self.unicode(data),
        }
    }

    pub(super) fn unicode(&mut self, data: &[u8]) -> Done<W::Error> {
        if self.protocol() > 0 {
            return self.payload(Payload::Str, data);
        }
        self.scratch.clear();
        scalar::raw_unicode(data, self.profile.version <= Version::Py36, self.scratch);
        self.line(Opcode::Unicode)
    }

    fn str8(&mut self, data: &[u8]) -> Done<W::Error> {
        if self.protocol() > 0 {
            return self.payload(Payload::Str8, data);
        }
        self.scratch.clear();
        scalar::quoted(data, self.scratch);
        self.line(Opcode::String)
    }
}
