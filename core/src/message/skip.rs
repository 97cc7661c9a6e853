//! Values that nobody asked for.

use super::reader::Reader;
use super::refusal::RefusalReason;
use crate::opcode::Argument;
use crate::{OpKind, Opcode};

/// MARKs that may be open in a skipped value.
const MARKS: usize = 16;
/// Plain values in a row of which no opcode behind them makes one: tuples of three nest seven deep in them.
const IN_A_ROW: u32 = 16;

impl Reader<'_, '_> {
    /// Skips the next value, whatever it is: its opcodes are looked at, not what they do to their values.
    ///
    /// A list, dict or object is over only where what follows takes it: that far it looks ahead. Where that would be more
    /// than linear work, the message is refused ([`RefusalReason::WorkLimit`]).
    #[inline(never)]
    pub fn skip(&mut self) {
        // Values on the stack above what was there, and which of the topmost 32 may still change.
        let (mut depth, mut open) = (0u32, 0u32);
        let mut marks = [(0u32, 0u32); MARKS];
        let mut marked = 0usize;
        // Behind which there was one value, last.
        let mut whole = None;
        loop {
            let next = self.peek();
            if depth == 1 && marked == 0 {
                whole = Some(self.place());
            }
            let Some(opcode) = Opcode::from_byte(next) else {
                // The end of the input has been refused.
                if next != 0 {
                    self.refuse_next(RefusalReason::Unexpected);
                }
                return;
            };
            let effect = opcode.stack_effect();
            let mut floor = floor_of(&marks, marked);
            if effect.to_mark {
                // A mark that is not of this value belongs to what it is in.
                if marked == 0 {
                    break;
                }
                depth = floor;
                marked -= 1;
                open = marks.get(marked).map_or(0, |mark| mark.1);
                floor = floor_of(&marks, marked);
            }
            let pops = u32::from(effect.pops);
            let in_a_row = marked == 0 && depth > IN_A_ROW && open & ((1 << IN_A_ROW) - 1) == 0;
            let takes_outer = depth - floor < pops || opcode == Opcode::Stop;
            if takes_outer && marked != 0 {
                self.refuse_next(RefusalReason::Unexpected);
                return;
            }
            if takes_outer || (in_a_row && pops == 0) {
                break;
            }
            if changes(opcode) && open >> (pops - 1) & 1 == 0 {
                // A value out of the memo, which may have been read already.
                self.refuse_next(RefusalReason::Unexpected);
                return;
            }
            self.op();
            self.pass(opcode);
            if !self.spend() {
                return;
            }
            depth -= pops;
            open >>= pops;
            for _ in 0..effect.pushes {
                depth += 1;
                open = open << 1 | u32::from(may_change(opcode));
            }
            if effect.marks {
                let Some(slot) = marks.get_mut(marked) else {
                    self.refuse(RefusalReason::TooDeep);
                    return;
                };
                *slot = (depth, open);
                marked += 1;
            }
            self.skipped(effect.pops != 0 || effect.to_mark || effect.marks, effect.pushes != 0);
        }
        match whole {
            Some(place) => self.go(place),
            None => self.refuse_next(RefusalReason::Unexpected),
        }
    }

    /// Goes past an opcode's argument.
    fn pass(&mut self, opcode: Opcode) {
        let argument = opcode.argument();
        let fixed = argument.fixed_len();
        if argument.is_counted() {
            let len = self.le(fixed, false);
            self.take(usize::try_from(len).unwrap_or(usize::MAX));
            return;
        }
        self.take(fixed);
        if matches!(argument, Argument::Line | Argument::TwoLines) {
            self.line();
        }
        if argument == Argument::TwoLines {
            self.line();
        }
    }
}

/// Values below the topmost mark; all, where there is none.
fn floor_of(marks: &[(u32, u32)], marked: usize) -> u32 {
    marked.checked_sub(1).and_then(|last| marks.get(last)).map_or(0, |mark| mark.0)
}

/// Whether the opcode changes the value below what it takes.
fn changes(opcode: Opcode) -> bool {
    matches!(opcode.kind(), OpKind::Append | OpKind::SetItem | OpKind::Add | OpKind::Build)
}

/// Whether the value that the opcode leaves takes items, or a state, from opcodes behind it.
fn may_change(opcode: Opcode) -> bool {
    use OpKind::*;
    matches!(opcode.kind(), List | Dict | Set | Append | SetItem | Add | Call | New | Instance | Build)
}
