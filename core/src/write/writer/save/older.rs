//! What older protocols have no opcode for.

use super::super::{Version, scalar};
use super::{Done, Save};
use crate::Opcode;
use crate::literal::compat;
use crate::machine::node::{Node, tag};
use crate::wire::sink::WriteError;
use alloc::vec::Vec;
use embedded_io::Write;

impl<W: Write> Save<'_, '_, W> {
    pub(super) fn old_tuple(&mut self) -> Done<W::Error> {
        if self.protocol() < 2 { self.op(Opcode::Mark) } else { Ok(()) }
    }

    /// Ends a tuple of `n` values (1 to 3) that nothing else refers to.
    pub(super) fn end_old_tuple(&mut self, n: u32) -> Done<W::Error> {
        self.tuple_opcode(n)?;
        self.put().map(|_| ())
    }

    pub(super) fn tuple_opcode(&mut self, n: u32) -> Done<W::Error> {
        match n {
            1 if self.protocol() >= 2 => self.op(Opcode::Tuple1),
            2 if self.protocol() >= 2 => self.op(Opcode::Tuple2),
            3 if self.protocol() >= 2 => self.op(Opcode::Tuple3),
            _ => self.op(Opcode::Tuple),
        }
    }

    /// A text that no node stands for; equal ones are one object.
    pub(super) fn made_text(&mut self, text: &str) -> Done<W::Error> {
        let mut key = Vec::from(b"\n");
        key.extend_from_slice(text.as_bytes());
        if let Some(number) = self.memo.made(&key) {
            return self.get(number);
        }
        self.unicode(text.as_bytes())?;
        let number = self.put()?;
        self.memo.set_made(&key, number);
        Ok(())
    }

    /// A global by its Python 3 name; equal ones are one object.
    pub(super) fn made_global(&mut self, module: &str, name: &str) -> Done<W::Error> {
        let (module, name) = if self.protocol() < 3 { compat::to_python2(module, name) } else { (module, name) };
        self.named_global(module, name).map(|_| ())
    }

    /// A global by the name that is to be written; returns its memo entry.
    pub(super) fn named_global(&mut self, module: &str, name: &str) -> Result<u32, WriteError<W::Error>> {
        let mut key = Vec::from(module.as_bytes());
        key.push(b'\n');
        key.extend_from_slice(name.as_bytes());
        if let Some(number) = self.memo.made(&key) {
            self.get(number)?;
            return Ok(number);
        }
        if self.protocol() >= 4 {
            self.made_text(module)?;
            self.made_text(name)?;
            self.op(Opcode::StackGlobal)?;
        } else {
            if (self.protocol() < 3 && !key.is_ascii()) || module.contains('\n') || name.contains('\n') {
                return self.refuse(Opcode::Global);
            }
            self.out.emit(Opcode::Global, &[Opcode::Global.byte()], &key, true)?;
        }
        let number = self.put()?;
        self.memo.set_made(&key, number);
        Ok(number)
    }

    /// Bytes below protocol 3 (`save_bytes`), without their memo entry.
    pub(super) fn old_bytes(&mut self, data: &[u8]) -> Done<W::Error> {
        if data.is_empty() {
            self.made_global("builtins", "bytes")?;
            self.empty_tuple()?;
            return self.op(Opcode::Reduce);
        }
        self.made_global("_codecs", "encode")?;
        self.old_latin1(data, "latin1")?;
        self.op(Opcode::Reduce)
    }

    /// The tuple of a Latin-1 text and the codec's name.
    fn old_latin1(&mut self, data: &[u8], codec: &str) -> Done<W::Error> {
        self.old_tuple()?;
        let mut text = Vec::new();
        scalar::latin1(data.iter().copied(), &mut text);
        self.unicode(&text)?;
        self.put()?;
        self.made_text(codec)?;
        self.end_old_tuple(2)
    }

    pub(super) fn byte_array(&mut self, node: Node) -> Done<W::Error> {
        let data = self.document.range(self.document.node(node.high() as usize + 1));
        self.byte_array_of(data, node.high())
    }

    pub(super) fn byte_array_of(&mut self, data: &[u8], id: u32) -> Done<W::Error> {
        if self.protocol() >= 5 {
            let [a, b, c, d, e, f, g, h] = (data.len() as u64).to_le_bytes();
            let opcode = Opcode::ByteArray8;
            self.out.emit(opcode, &[opcode.byte(), a, b, c, d, e, f, g, h], data, false)?;
        } else {
            self.made_global("builtins", "bytearray")?;
            if data.is_empty() {
                self.empty_tuple()?;
            } else if self.protocol() < 3 && self.profile.version <= Version::Py36 {
                self.old_latin1(data, "latin-1")?;
            } else {
                self.old_tuple()?;
                self.text_other(Node::atom(tag::BYTES), data)?;
                self.put()?;
                self.end_old_tuple(1)?;
            }
            self.op(Opcode::Reduce)?;
        }
        let number = self.put()?;
        self.memo.set_node(id, number);
        Ok(())
    }

    pub(super) fn extension(&mut self, code: u64) -> Done<W::Error> {
        if self.protocol() < 2 {
            return self.refuse(Opcode::Ext1);
        }
        match (u8::try_from(code), u16::try_from(code)) {
            (Ok(code), _) => self.out.emit(Opcode::Ext1, &[Opcode::Ext1.byte(), code], &[], false),
            (_, Ok(code)) => {
                let [a, b] = code.to_le_bytes();
                self.out.emit(Opcode::Ext2, &[Opcode::Ext2.byte(), a, b], &[], false)
            }
            _ => self.four(Opcode::Ext4, code as u32),
        }
    }
}
