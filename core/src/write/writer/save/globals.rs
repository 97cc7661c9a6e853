//! Classes and functions by name.

use super::super::{NameMapping, Version};
use super::{Done, NESTED, Save, place_key};
use crate::literal::compat;
use crate::machine::node::{How, NIL, Node, tag};
use crate::wire::sink::WriteError;
use crate::write::spelling;
use crate::{GlobalName, Opcode, Value};
use embedded_io::Write;

impl<W: Write> Save<'_, '_, W> {
    /// Known under its place or node.
    fn remember(&mut self, node: Node, number: u32) {
        match node.is_reference() {
            true => self.memo.set_node(node.high(), number),
            false => self.memo.set_place(place_key(node), number),
        }
    }

    pub(super) fn global(&mut self, node: Node) -> Done<W::Error> {
        if !node.is_reference()
            && let Some(number) = self.memo.place(place_key(node))
        {
            return self.get(number);
        }
        // What the stream has in a form of this protocol stays in that form.
        let same_side = self.names == NameMapping::Keep && (self.from >= 4) == (self.protocol() >= 4);
        if same_side && node.tag() == tag::STACK_GLOBAL {
            let at = node.high() as usize;
            for part in [self.document.node(at + 1), self.document.node(at + 2)] {
                self.save_part(part, None)?;
            }
            self.op(Opcode::StackGlobal)?;
        } else if same_side {
            let line = self.document.range(node);
            self.out.line(Opcode::Global, line)?;
        } else {
            let value = Value::new(self.document, node);
            let Some(GlobalName { module, name }) = value.as_global() else { return self.refuse(Opcode::Global) };
            let GlobalName { module, name } = self.renamed(module, name);
            let number = match name.split_once('.') {
                Some((first, path)) if self.protocol() < 4 && self.from >= 4 => self.dotted(module, first, path)?,
                _ => self.named_global(module, name)?,
            };
            self.remember(node, number);
            return Ok(());
        }
        let number = self.put()?;
        self.remember(node, number);
        Ok(())
    }

    /// GLOBAL or INST, without a memo entry.
    pub(super) fn names_line(&mut self, opcode: Opcode, module: &str, name: &str) -> Done<W::Error> {
        self.scratch.clear();
        self.scratch.extend_from_slice(module.as_bytes());
        self.scratch.push(b'\n');
        self.scratch.extend_from_slice(name.as_bytes());
        self.line(opcode)
    }

    /// A nested class that the document has as `getattr(getattr(class, ..), ..)`, as `save_global` of 3.13 writes it:
    /// nothing inside is memoised. False if it is not such a chain.
    ///
    /// A bound class method looks the same, but is memoised throughout. Those of
    /// builtin classes are told apart by their module; others are taken for nested names.
    pub(super) fn chain(&mut self, index: u32) -> Result<bool, WriteError<W::Error>> {
        let mut path = [Node::EMPTY; NESTED];
        let mut depth = 0;
        let mut at = index;
        let class = loop {
            let header = self.document.node(at as usize);
            let (callable, args) = (self.part(at, 0), self.part(at, 1));
            if !matches!(args.tag(), tag::TUPLE | tag::TUPLE_OF_MUTABLE) {
                return Ok(false);
            }
            let cells = args.high() as usize;
            let known = self.memo.node(args.high()).is_some() || self.memo.node(at).is_some();
            let is_getattr = matches!(
                Value::new(self.document, callable).as_global().map(GlobalName::pair),
                Some(("builtins" | "__builtin__", "getattr"))
            );
            let pair = self.document.node(cells).high() == 2;
            if header.sub() != How::Reduce as u8 || header.first() != NIL || known || !is_getattr || !pair {
                return Ok(false);
            }
            let (owner, name) = (self.document.node(cells + 1), self.document.node(cells + 2));
            let Some(slot) = path.get_mut(depth).filter(|_| name.tag() == tag::STR) else { return Ok(false) };
            *slot = name;
            depth += 1;
            match owner.tag() {
                tag::GLOBAL if self.memo.place(place_key(owner)).is_none() => break owner,
                tag::OBJECT => at = owner.high(),
                _ => return Ok(false),
            }
        };
        let Some(GlobalName { module, name }) = Value::new(self.document, class).as_global() else { return Ok(false) };
        if matches!(module, "builtins" | "__builtin__") {
            return Ok(false);
        }
        let GlobalName { module, name } = self.renamed(module, name);
        for _ in 0..depth {
            self.global(self.part(index, 0))?;
            self.out.begin_short_tuple()?;
        }
        self.names_line(Opcode::Global, module, name)?;
        for name in path.into_iter().take(depth).rev() {
            self.save_part(name, None)?;
            self.out.end_tuple(2)?;
            self.op(Opcode::Reduce)?;
        }
        let number = self.put()?;
        self.memo.set_node(index, number);
        Ok(true)
    }

    pub(super) fn renamed<'n>(&self, module: &'n str, name: &'n str) -> GlobalName<&'n str> {
        match self.names {
            NameMapping::Keep => GlobalName::new(module, name),
            NameMapping::ToPython2 => compat::to_python2(module, name),
            NameMapping::ToPython3 => compat::to_python3(module, name),
        }
    }

    /// A nested class below protocol 4: `getattr(getattr(module.first, ..), ..)`.
    pub(super) fn dotted(&mut self, module: &str, first: &str, path: &str) -> Result<u32, WriteError<W::Error>> {
        let throughout = self.profile.version < Version::Py313;
        spelling::dotted(self, path.as_bytes().split(|&b| b == b'.'), throughout, |save| {
            if throughout {
                save.named_global(module, first).map(|_| ())
            } else {
                save.names_line(Opcode::Global, module, first)
            }
        })?;
        self.put()
    }
}
