//! Pickles inside pickles: payloads that go to a loader, as bytes or as text that is encoded.

use super::{Judge, Reader};
use crate::verdict::Capability;
use crate::verdict::effects::Effect;
use crate::verdict::machine::Broken;
use crate::verdict::recode::Recode;
use crate::verdict::report::Observer;
use crate::verdict::value::Kind;
use crate::{Arg, OpKind, Opcode};
use heapless::Vec;

impl Judge<'_> {
    /// The payload that begins goes to a loader.
    pub(super) fn is_nested(&mut self, opcode: Opcode) -> bool {
        if !matches!(opcode.kind(), OpKind::Bytes | OpKind::String2) {
            return false;
        }
        let machine = &self.machine;
        let Some(below) =
            machine.called_below(machine.top, machine.level.fence).filter(|slot| slot.kind == Kind::Global)
        else {
            return false;
        };
        let row = machine.names.get(below.at);
        matches!(row.effect, Effect::Nested)
            || matches!(row.effect, Effect::Sink(Capability::Deserialise, _)) && self.is_pickle_loader(below.at)
    }

    fn is_pickle_loader(&self, id: u32) -> bool {
        let (module, name) = self.machine.names.text(id);
        matches!(name, b"loads" | b"_loads") && module != b"marshal"
    }

    pub(super) fn begin_nested(&mut self, out: &mut dyn Observer) -> bool {
        let outer = self.machine.enter();
        if let Err(reader) = self.readers.push(Reader::new(outer)) {
            self.machine.leave(reader.outer);
            self.machine.limit("pickles in pickles, too deep", out);
            return false;
        }
        true
    }

    /// The payload of the innermost reader is over.
    pub(super) fn end_nested(&mut self, out: &mut dyn Observer) {
        self.leave_nested(out);
        let Some(reader) = self.readers.last() else { return };
        let offset = reader.before.0;
        let result = self.machine.long(Opcode::BinBytes, offset, true, out);
        self.after(Opcode::BinBytes, Arg::Nothing, result, out);
    }

    fn leave_nested(&mut self, out: &mut dyn Observer) {
        while self.readers.len() > 1 {
            self.end_reader(out);
            let Some(inner) = self.readers.pop() else { return };
            self.machine.leave(inner.outer);
            if !inner.nested {
                return;
            }
        }
    }

    // ---- text that is encoded, and then loaded

    /// `loader encode text`, before the text, which begins with PROTO; with marks or without.
    pub(super) fn is_recoded(&self, opcode: Opcode, text: &[u8]) -> bool {
        // Not ASCII: what is, the fast loop takes whole, if it gets it whole.
        let Some(0x80 | 0xc2) = text.first() else { return false };
        let counted = opcode.argument().is_counted();
        if self.readers.len() != 1
            || text.first() != Some(&(if counted { 0xc2 } else { 0x80 }))
            || opcode.kind() != OpKind::Str
        {
            return false;
        }
        let machine = &self.machine;
        let (top, fence) = (machine.top, machine.level.fence);
        let encode = top.checked_sub(if top == fence && fence > machine.level.base { 2 } else { 1 });
        let slot = |at: usize| machine.stack.get(at).copied().unwrap_or_default();
        let below = |at: usize| at.checked_sub(1).map(slot).unwrap_or_default();
        encode.is_some_and(|at| {
            let marked = below(at).kind == Kind::Mark;
            let loader = at.checked_sub(usize::from(marked)).map(below).unwrap_or_default();
            slot(at).kind == Kind::Global
                && loader.kind == Kind::Global
                && matches!(machine.names.get(loader.at).effect, Effect::Nested)
                && machine.is_encode(slot(at).at)
        })
    }

    pub(super) fn begin_recoded(&mut self, opcode: Opcode, out: &mut dyn Observer) -> bool {
        let begun = self.begin_nested(out);
        if begun {
            self.recode = Some(Recode { line: !opcode.argument().is_counted(), ..Recode::default() });
        }
        begun
    }

    #[cold]
    #[inline(never)]
    pub(super) fn recode_piece(&mut self, opcode: Opcode, data: &[u8], last: bool, out: &mut dyn Observer) {
        // The readers inside take the bytes, and look at no text themselves.
        let Some(mut recode) = self.recode.take() else { return };
        for piece in data.chunks(64) {
            if !recode.line {
                recode.utf8.feed(piece);
            }
            let mut bytes: Vec<u8, 64> = Vec::new();
            for byte in piece {
                match recode.next(*byte) {
                    _ if recode.odd => break,
                    Some(byte) => {
                        let _ = bytes.push(byte);
                    }
                    None => {}
                }
            }
            self.feed_cut(1, &bytes, out);
        }
        if !last {
            self.recode = Some(recode);
            return;
        }
        self.leave_nested(out);
        let offset = self.readers.last().map_or(0, |reader| reader.before.0);
        let result = if recode.line || recode.utf8.finish() {
            let judged = !recode.odd && recode.held == 0;
            self.machine.long(opcode, offset, judged, out)
        } else {
            Err(Broken("a str that is not UTF-8"))
        };
        self.after(opcode, Arg::Nothing, result, out);
    }
}
