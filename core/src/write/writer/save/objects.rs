//! Objects: what makes them, their items and their state.

use super::super::Version;
use super::{Batch, Frame, Next, Save, Stage};
use crate::document::iter::Cells;
use crate::machine::node::{How, NIL, Node, chunk, tag};
use crate::wire::sink::WriteError;
use crate::{GlobalName, Opcode, Value, View};
use alloc::vec::Vec;
use embedded_io::Write;

impl<W: Write> Save<'_, '_, W> {
    pub(super) fn part(&self, index: u32, n: u32) -> Node {
        self.document.node((index + 1 + n) as usize)
    }

    /// Objects have few parts: one copy of what lists and dicts have inline serves them all.
    #[inline(never)]
    pub(super) fn save_part(&mut self, node: Node, owner: Option<u32>) -> Next<W::Error> {
        self.save(node, owner)
    }

    pub(super) fn object(&mut self, node: Node, header: Node) -> Next<W::Error> {
        let index = node.high();
        let how = header.sub();
        let callable = self.part(index, 0);
        let value = Value::new(self.document, node);
        if self.from < self.protocol() && how == How::Reduce as u8 {
            // What has an opcode now.
            match value.view() {
                View::Bytes(octets) if self.from < 3 && self.protocol() >= 3 => {
                    let data: Vec<u8> = octets.collect();
                    self.text_other(Node::atom(tag::BYTES), &data)?;
                    let number = self.put()?;
                    self.memo.set_node(index, number);
                    return Ok(None);
                }
                View::ByteArray(octets) => {
                    let data: Vec<u8> = octets.collect();
                    self.byte_array_of(&data, index)?;
                    return Ok(None);
                }
                _ => {}
            }
        }
        if how == How::Reduce as u8
            && self.protocol() < 4
            && self.profile.version >= Version::Py313
            && self.chain(index)?
        {
            return Ok(None);
        }
        if how == How::PersId as u8 {
            // The object is asked for anew wherever it is met: it is in no memo, and what was put into it has no place.
            if header.first() != NIL {
                return self.refuse_object(index, Opcode::BinPersId);
            }
            if self.protocol() == 0 {
                let text = if callable.tag() == tag::STR { self.document.range(callable) } else { b"\n" };
                if !text.is_ascii() || text.contains(&b'\n') {
                    return self.refuse(Opcode::PersId);
                }
                self.out.line(Opcode::PersId, text)?;
                return Ok(None);
            }
            return Ok(Some(Frame::Then(Some(callable), Opcode::BinPersId)));
        }
        if how == How::Obj as u8 || how == How::Inst as u8 {
            self.op(Opcode::Mark)?;
            let args = Cells::run(index + 2, header.high().saturating_sub(1));
            let stage = if self.protocol() == 0 { Stage::Stacked(args) } else { Stage::Class(args) };
            return Ok(Some(Frame::Object(index, stage)));
        }
        if self.memo.open(index) {
            self.forget_arguments(index);
        }
        Ok(Some(Frame::Object(index, Stage::Callable)))
    }

    /// An object is met again inside its own arguments. The lists, dicts and sets among them that are being written are
    /// not full yet: those that were full when the object was made are made anew, as the pickler gets them anew each time
    /// that it asks an object how to make it (a subclass of set, a Counter). Those that were filled later are what it holds
    /// (a tuple of a list): they are fetched.
    #[cold]
    fn forget_arguments(&mut self, index: u32) {
        let begun = |frame: &Frame| matches!(frame, Frame::Object(begun, _) if *begun == index);
        let Some(at) = self.stack.iter().rposition(begun) else { return };
        // Looking back takes time as well.
        self.work = self.work.saturating_sub(((self.stack.len() - at) / 16) as u64);
        for frame in self.stack.iter().skip(at + 1) {
            match frame {
                Frame::Tuple(..) => {}
                Frame::Batch(Batch { of, .. }) if *of != NIL => {
                    let last = self.document.node(*of as usize).last();
                    if last == NIL || last > index {
                        break;
                    }
                    self.memo.forget_node(*of);
                }
                _ => break,
            }
        }
    }

    pub(super) fn step_object(&mut self, index: u32, stage: &mut Stage) -> Next<W::Error> {
        let header = self.document.node(index as usize);
        let how = header.sub();
        loop {
            match *stage {
                Stage::Callable => {
                    *stage = Stage::Args;
                    let callable = self.part(index, 0);
                    if how == How::NewObj as u8 && self.protocol() < 2 {
                        self.made_global("copyreg", "__newobj__")?;
                        self.op(Opcode::Mark)?;
                        *stage = Stage::Called(self.args_of(index, Opcode::NewObj)?);
                    } else if how == How::NewObjEx as u8 && self.protocol() < 4 {
                        self.made_global("functools", "partial")?;
                        self.out.begin_short_tuple()?;
                        if self.profile.version >= Version::Py313
                            && let Some(GlobalName { module, name }) = Value::new(self.document, callable).as_global()
                        {
                            let GlobalName { module, name } = self.renamed(module, name);
                            let (first, path) = name.split_once('.').unwrap_or((name, ""));
                            let dot = if path.is_empty() { "" } else { "." };
                            let new = self.dotted(module, first, &alloc::format!("{path}{dot}__new__"))?;
                            *stage = self.partial_of(index, new)?;
                            if let Some(child) = self.save_part(callable, None)? {
                                return Ok(Some(child));
                            }
                            continue;
                        }
                        *stage = Stage::Partial(0, Cells::run(0, 0));
                        self.made_global("builtins", "getattr")?;
                        self.out.begin_short_tuple()?;
                    }
                    if let Some(child) = self.save_part(callable, None)? {
                        return Ok(Some(child));
                    }
                }
                Stage::Args => {
                    let args = self.part(index, 1);
                    if how == How::Changed as u8 {
                        *stage = Stage::Changes(header.first());
                        continue;
                    }
                    *stage = if how == How::NewObjEx as u8 { Stage::Kwargs } else { Stage::Made };
                    if let Some(child) = self.save_part(args, Some(index))? {
                        return Ok(Some(child));
                    }
                }
                Stage::Kwargs => {
                    *stage = Stage::Made;
                    let kwargs = self.part(index, 2);
                    if let Some(child) = self.save_part(kwargs, None)? {
                        return Ok(Some(child));
                    }
                }
                Stage::Called(ref mut cells) => {
                    while let Some(node) = cells.next(self.document) {
                        if let Some(child) = self.save_part(node, None)? {
                            return Ok(Some(child));
                        }
                    }
                    self.op(Opcode::Tuple)?;
                    self.put()?;
                    *stage = Stage::Made;
                }
                Stage::Partial(step, ref mut cells) => {
                    // functools.partial(getattr(cls, '__new__')), its state, and the call.
                    match step {
                        0 => {
                            self.made_text(b"__new__")?;
                            self.out.end_tuple(2)?;
                            self.put()?;
                            self.op(Opcode::Reduce)?;
                            let new = self.put()?;
                            *stage = self.partial_of(index, new)?;
                            let class = self.part(index, 0);
                            if let Some(child) = self.save_part(class, None)? {
                                return Ok(Some(child));
                            }
                        }
                        1 => {
                            while let Some(node) = cells.next(self.document) {
                                if let Some(child) = self.save_part(node, None)? {
                                    return Ok(Some(child));
                                }
                            }
                            self.op(Opcode::Tuple)?;
                            self.put()?;
                            *stage = Stage::Partial(2, Cells::run(0, 0));
                            let kwargs = self.part(index, 2);
                            if let Some(child) = self.save_part(kwargs, None)? {
                                return Ok(Some(child));
                            }
                        }
                        _ => {
                            self.op(Opcode::None)?;
                            self.op(Opcode::Tuple)?;
                            self.put()?;
                            self.op(Opcode::Build)?;
                            self.out.empty_tuple()?;
                            *stage = Stage::Made;
                        }
                    }
                }
                Stage::Class(args) => {
                    *stage = Stage::Stacked(args);
                    if let Some(child) = self.save_part(self.part(index, 0), None)? {
                        return Ok(Some(child));
                    }
                }
                Stage::Stacked(ref mut cells) => {
                    while let Some(node) = cells.next(self.document) {
                        if let Some(child) = self.save_part(node, None)? {
                            return Ok(Some(child));
                        }
                    }
                    if self.protocol() == 0 {
                        let class = Value::new(self.document, self.part(index, 0));
                        let Some(GlobalName { module, name }) = class.as_global() else {
                            return self.refuse_object(index, Opcode::Inst);
                        };
                        self.names_line(Opcode::Inst, module, name)?;
                    } else {
                        self.op(Opcode::Obj)?;
                    }
                    let number = self.put()?;
                    self.memo.set_node(index, number);
                    *stage = Stage::Changes(header.first());
                }
                Stage::Made => {
                    self.op(match how {
                        1 if self.protocol() >= 2 => Opcode::NewObj,
                        2 if self.protocol() >= 4 => Opcode::NewObjEx,
                        _ => Opcode::Reduce,
                    })?;
                    if self.end_object(index)? {
                        return Ok(None);
                    }
                    *stage = Stage::Changes(header.first());
                }
                Stage::Changes(NIL) => return Ok(None),
                Stage::Changes(at) => {
                    let first = self.document.node(at as usize);
                    let (kind, mut after, mut count) = (first.sub(), first.first(), first.high());
                    while kind < chunk::BUILD && after != NIL {
                        let next = self.document.node(after as usize);
                        if next.sub() != kind {
                            break;
                        }
                        count = count.saturating_add(next.high());
                        after = next.first();
                    }
                    *stage = Stage::Changes(after);
                    match kind {
                        chunk::BUILD => {
                            *stage = Stage::Built(after);
                            let state = self.document.node(at as usize + 1);
                            if let Some(child) = self.save_part(state, None)? {
                                return Ok(Some(child));
                            }
                        }
                        chunk::ADD if self.protocol() < 4 => return self.refuse_object(index, Opcode::AddItems),
                        chunk::RAW | chunk::NESTED => return self.refuse_object(index, Opcode::Build),
                        _ => return Ok(self.batch(kind, at, count, false)),
                    }
                }
                Stage::Built(after) => {
                    self.op(Opcode::Build)?;
                    *stage = Stage::Changes(after);
                }
            }
        }
    }

    /// `functools.partial(new)`, and the begin of its state up to the arguments, of which the class is first.
    fn partial_of(&mut self, index: u32, new: u32) -> Result<Stage, WriteError<W::Error>> {
        self.out.end_tuple(1)?;
        self.put()?;
        self.op(Opcode::Reduce)?;
        self.put()?;
        self.op(Opcode::Mark)?;
        self.get(new)?;
        self.op(Opcode::Mark)?;
        Ok(Stage::Partial(1, self.args_of(index, Opcode::NewObjEx)?))
    }

    /// The arguments of an object one by one, which must be a tuple.
    fn args_of(&mut self, index: u32, opcode: Opcode) -> Result<Cells, WriteError<W::Error>> {
        let args = self.part(index, 1);
        let count = match args.tag() {
            tag::EMPTY_TUPLE => 0,
            tag::TUPLE | tag::TUPLE_OF_MUTABLE => self.document.node(args.high() as usize).high(),
            _ => return self.refuse_object(index, opcode),
        };
        Ok(Cells::run(args.high() + 1, count))
    }

    /// Memoises an object that has just been made; true if it was in the memo already, and is fetched instead.
    pub(super) fn end_object(&mut self, id: u32) -> Result<bool, WriteError<W::Error>> {
        if let Some(number) = self.memo.node(id) {
            self.op(Opcode::Pop)?;
            self.get(number)?;
            return Ok(true);
        }
        let number = self.put()?;
        self.memo.set_node(id, number);
        Ok(false)
    }
}
