//! What older protocols have no opcode for.

use super::super::{Version, scalar};
use super::{Done, Save};
use crate::literal::compat;
use crate::machine::node::{Node, tag};
use crate::wire::frames::GrowingFrames;
use crate::wire::sink::WriteError;
use crate::write::spelling::{self, Payload, Spell};
use crate::{Encoder, GlobalName, Opcode};
use alloc::vec::Vec;
use embedded_io::Write;

/// Everything is memoised, as Python's pickler does; names and texts are one object wherever they come again.
impl<W: Write> Spell for Save<'_, '_, W> {
    type Out = W;
    type Frames = GrowingFrames;

    #[inline(always)]
    fn encoder(&mut self) -> &mut Encoder<W, GrowingFrames> {
        &mut self.out
    }

    fn write_global(&mut self, module: &str, name: &str) -> Done<W::Error> {
        self.named_global(module, name).map(|_| ())
    }

    fn write_text(&mut self, text: &[u8]) -> Done<W::Error> {
        self.made_text(text)
    }

    fn write_latin1(&mut self, bytes: &[u8]) -> Done<W::Error> {
        let mut text = Vec::new();
        scalar::latin1(bytes.iter().copied(), &mut text);
        self.unicode(&text)?;
        self.memoize()
    }

    fn memoize(&mut self) -> Done<W::Error> {
        self.put().map(|_| ())
    }
}

impl<W: Write> Save<'_, '_, W> {
    /// A text that no node stands for; equal ones are one object.
    pub(super) fn made_text(&mut self, text: &[u8]) -> Done<W::Error> {
        let mut key = Vec::from(b"\n");
        key.extend_from_slice(text);
        if let Some(number) = self.memo.made(&key) {
            return self.get(number);
        }
        self.unicode(text)?;
        let number = self.put()?;
        self.memo.set_made(&key, number);
        Ok(())
    }

    /// A global by its Python 3 name; equal ones are one object.
    pub(super) fn made_global(&mut self, module: &str, name: &str) -> Done<W::Error> {
        let GlobalName { module, name } =
            if self.protocol() < 3 { compat::to_python2(module, name) } else { GlobalName::new(module, name) };
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
            self.made_text(module.as_bytes())?;
            self.made_text(name.as_bytes())?;
            self.op(Opcode::StackGlobal)?;
        } else {
            if (self.protocol() < 3 && !key.is_ascii()) || module.contains('\n') || name.contains('\n') {
                return self.refuse(Opcode::Global);
            }
            self.out.line(Opcode::Global, &key)?;
        }
        let number = self.put()?;
        self.memo.set_made(&key, number);
        Ok(number)
    }

    pub(super) fn byte_array(&mut self, node: Node) -> Done<W::Error> {
        let data = self.document.range(self.document.node(node.high() as usize + 1));
        self.byte_array_of(data, node.high())
    }

    pub(super) fn byte_array_of(&mut self, data: &[u8], id: u32) -> Done<W::Error> {
        if self.protocol() >= 5 {
            self.payload(Payload::ByteArray, data)?;
        } else {
            let as_text = self.profile.version <= Version::Py36;
            spelling::old_byte_array(self, data, as_text, |save, data| save.text_other(Node::atom(tag::BYTES), data))?;
        }
        let number = self.put()?;
        self.memo.set_node(id, number);
        Ok(())
    }

    pub(super) fn extension(&mut self, code: u64) -> Done<W::Error> {
        if self.protocol() < 2 {
            return self.refuse(Opcode::Ext1);
        }
        self.out.extension(code as u32)
    }
}
