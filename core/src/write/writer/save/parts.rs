//! Items and entries, in batches.

use super::super::Version;
use super::{Batch, Done, Frame, Mode, Next, Save};
use crate::Opcode;
use crate::document::iter::Cells;
use crate::machine::node::{NIL, Node, chunk};
use crate::write::spelling::{self, BATCH, Fill};
use embedded_io::Write;

impl<W: Write> Save<'_, '_, W> {
    pub(super) fn new_batch(&self, kind: u8, first: u32, total: u32, exact: bool) -> Batch {
        // Since 3.15 the pickler written in C batches as the other.
        let as_python = self.profile.pure || self.profile.version >= Version::Py315;
        let exact = exact && !as_python && !(self.profile.is_python2() && kind != chunk::SET_ITEM);
        Batch { cells: Cells::chunks(first, total), of: NIL, exact, kind, mode: Mode::Begin, done: 0, total }
    }

    pub(super) fn batch(&self, kind: u8, first: u32, total: u32, exact: bool) -> Option<Frame> {
        if total == 0 { None } else { Some(Frame::Batch(self.new_batch(kind, first, total, exact))) }
    }

    /// All items of a list, dict or set by its header.
    #[inline(always)]
    pub(super) fn batch_of(&self, id: u32, kind: u8, header: Node) -> Option<Frame> {
        let (first, total) = (header.first(), header.high());
        if total == 0 { None } else { Some(Frame::Batch(Batch { of: id, ..self.new_batch(kind, first, total, true) })) }
    }

    pub(super) fn step(&mut self, frame: &mut Frame) -> Next<W::Error> {
        match frame {
            Frame::Batch(batch) => self.step_batch(batch),
            Frame::Tuple(id, cells, count, owner) => {
                while let Some(node) = cells.next(self.document) {
                    if let Some(child) = self.save(node, None)? {
                        return Ok(Some(child));
                    }
                }
                self.end_tuple(*id, *count, *owner)?;
                Ok(None)
            }
            Frame::FrozenSet(id, cells) => {
                while let Some(node) = cells.next(self.document) {
                    if let Some(child) = self.save_part(node, None)? {
                        return Ok(Some(child));
                    }
                }
                if let Some(number) = self.memo.node(*id) {
                    self.op(Opcode::PopMark)?;
                    self.get(number)?;
                } else {
                    self.op(Opcode::FrozenSet)?;
                    let number = self.put()?;
                    self.memo.set_node(*id, number);
                }
                Ok(None)
            }
            Frame::OldSet(id, batch) => {
                if batch.total != 0
                    && let Some(child) = self.step_old_batch(batch)?
                {
                    return Ok(Some(child));
                }
                spelling::end_old_set(self)?;
                self.end_object(*id)?;
                Ok(None)
            }
            Frame::Then(node, opcode) => {
                if let Some(node) = node.take()
                    && let Some(child) = self.save_part(node, None)?
                {
                    return Ok(Some(child));
                }
                self.op(*opcode).map(|()| None)
            }
            Frame::Object(index, stage) => self.step_object(*index, stage),
        }
    }

    /// Sets of old protocols are rare: they have no copy of their own of what lists and dicts have inline.
    #[inline(never)]
    fn step_old_batch(&mut self, batch: &mut Batch) -> Next<W::Error> {
        self.step_batch(batch)
    }

    fn end_tuple(&mut self, id: Option<u32>, count: u32, owner: Option<u32>) -> Done<W::Error> {
        let met = id.and_then(|id| self.memo.node(id));
        // Arguments are made anew each time that an object is asked for them.
        let anew = owner.is_some_and(|owner| self.memo.node(owner).is_some());
        if let Some(number) = met.filter(|_| !anew) {
            match self.protocol() {
                2.. if count <= 3 => (0..count).try_for_each(|_| self.op(Opcode::Pop))?,
                0 => (0..=count).try_for_each(|_| self.op(Opcode::Pop))?,
                _ => self.op(Opcode::PopMark)?,
            }
            return self.get(number);
        }
        self.out.end_tuple(count)?;
        let number = self.put()?;
        if let (Some(id), None) = (id, met) {
            self.memo.set_node(id, number);
        }
        Ok(())
    }

    #[inline(always)]
    fn step_batch(&mut self, batch: &mut Batch) -> Next<W::Error> {
        let per = if batch.kind == chunk::SET_ITEM { 2 } else { 1 };
        let Fill { one, many } = match batch.kind {
            chunk::APPEND => Fill::LIST,
            chunk::SET_ITEM => Fill::DICT,
            _ => Fill::SET,
        };
        loop {
            let left = batch.cells.left();
            match batch.mode {
                Mode::Begin if left == 0 => return Ok(None),
                Mode::Begin | Mode::Again => {
                    let last_one = left == per && (!batch.exact || batch.total == per);
                    let single = self.protocol() == 0 || (last_one && batch.kind != chunk::ADD);
                    batch.mode = if single { Mode::One } else { Mode::Many };
                    batch.done = 0;
                    if !single {
                        self.op(Opcode::Mark)?;
                    }
                }
                Mode::One if batch.done == per => {
                    self.op(one)?;
                    batch.mode = Mode::Begin;
                    continue;
                }
                Mode::Many if batch.done == u32::from(BATCH) * per => {
                    self.op(many)?;
                    let again = batch.exact && batch.kind != chunk::APPEND;
                    batch.mode = if again { Mode::Again } else { Mode::Begin };
                    continue;
                }
                _ => {}
            }
            let Some(node) = batch.cells.next(self.document) else {
                if batch.mode == Mode::Many {
                    self.op(many)?;
                }
                batch.mode = Mode::Begin;
                return Ok(None);
            };
            batch.done += 1;
            if let Some(child) = self.save(node, None)? {
                return Ok(Some(child));
            }
        }
    }
}
