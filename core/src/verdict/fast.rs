//! The opcodes that streams are made of, with less work than the decoder alone takes.
//!
//! Whatever is out of the ordinary is left to [`Machine::op`], before a byte of it is taken.

use super::effects::Effect;
use super::machine::{Broken, DEPTH, KEEP, Machine, WAITING};
use super::report::{Observer, Readers};
use super::rules::{Capability, Rule, Verdict};
use super::scalar;
use super::value::{Kind, Slot, pack};
use crate::{Arg, Op, Opcode};

/// What a run of dense opcodes took.
pub(crate) struct Dense {
    /// Bytes of the input.
    pub taken: usize,
    pub ops: u64,
    /// Why the stream broke, if it did.
    pub broken: Option<Broken>,
}

impl Machine<'_> {
    /// Runs the opcodes at the start of `input`, which begins at `offset` and is over where the frame is.
    pub fn dense(&mut self, input: &[u8], offset: u64, out: &mut dyn Observer) -> Dense {
        use Opcode as O;
        /// The bytes of opcodes, as patterns.
        mod byte {
            use crate::Opcode as O;
            macro_rules! bytes {
                ($($name:ident $opcode:ident)*) => { $( pub const $name: u8 = O::$opcode.byte(); )* };
            }
            bytes! {
                NONE None TRUE NewTrue FALSE NewFalse INT1 BinInt1 INT2 BinInt2 INT BinInt FLOAT BinFloat
                MARK Mark LIST EmptyList DICT EmptyDict SET EmptySet EMPTY_TUPLE EmptyTuple
                SHORT_TEXT ShortBinUnicode TEXT BinUnicode SHORT_BYTES ShortBinBytes BYTES BinBytes
                SHORT_STRING ShortBinString STRING BinString
                MEMOIZE Memoize PUT BinPut LONG_PUT LongBinPut GET BinGet LONG_GET LongBinGet
                APPEND Append APPENDS Appends SET_ITEM SetItem SET_ITEMS SetItems
                TUPLE1 Tuple1 TUPLE2 Tuple2 TUPLE3 Tuple3 TUPLE Tuple
                REDUCE Reduce NEW NewObj BUILD Build ADD_ITEMS AddItems
            }
        }
        // Where the next value would be told of, or has no room, the other path takes it.
        let open = if self.level.deep { DEPTH } else { WAITING };
        let limit = self.stack.len().min(self.level.base + open - 1);
        let (mut top, mut fence, mut last) = (self.top, self.level.fence, self.level.last);
        let (mut rest, mut before, mut ops, mut broken) = (input, input.len(), 0, None);
        macro_rules! push {
            ($slot:expr, $after:expr) => {{
                let Some(place) = self.stack.get_mut(top).filter(|_| top < limit) else { break };
                *place = $slot;
                top += 1;
                $after
            }};
        }
        macro_rules! text {
            ($kind:expr, $len:expr, $after:expr) => {{
                let Some((text, after)) = $after.split_at_checked(usize::from($len)) else { break };
                if top >= limit || $kind == Kind::Str && !scalar::is_ascii(text) {
                    break;
                }
                let slot = self.text($kind, text);
                push!(slot, after)
            }};
        }
        macro_rules! long_text {
            ($kind:expr, $len:expr, $after:expr) => {{
                let len = u32::from_le_bytes($len);
                if len > KEEP as u32 {
                    break;
                }
                text!($kind, len as u16, $after)
            }};
        }
        // Bytes may be a pickle of their own.
        macro_rules! waits {
            () => {
                self.called_below(top, fence).is_some_and(|below| {
                    below.kind == Kind::Global
                        && matches!(
                            self.names.get(below.at).effect,
                            Effect::Nested | Effect::Sink(Capability::Deserialise, _)
                        )
                })
            };
        }
        macro_rules! put {
            ($index:expr, $after:expr) => {{
                let index: usize = $index;
                let level = &mut self.level;
                let seen = level.memo_extent.max(level.memo_count as usize);
                if top <= fence || index > 2 * seen + 1024 {
                    break;
                }
                let place = level.memo_base + index;
                let (Some(value), Some(entry)) = (self.stack.get_mut(top - 1), self.memo.get_mut(place)) else {
                    break;
                };
                if value.is_mutable() && value.at == 0 {
                    value.at = place as u32 + 1;
                }
                level.memo_count += u64::from(entry.kind == Kind::Empty);
                level.memo_extent = level.memo_extent.max(index + 1);
                *entry = *value;
                $after
            }};
        }
        macro_rules! get {
            ($index:expr, $after:expr) => {{
                let index: usize = $index;
                let entry = self.memo.get(self.level.memo_base + index).filter(|_| index < self.level.memo_extent);
                let Some(value) = entry.copied().filter(|value| value.kind != Kind::Empty) else { break };
                push!(value, $after)
            }};
        }
        // What is more than a few moves: the machine as it is between opcodes.
        macro_rules! call {
            ($opcode:expr, $after:expr, $work:expr) => {{
                (self.top, self.level.fence, self.level.last) = (top, fence, $opcode.byte());
                self.offset = offset + (input.len() - rest.len()) as u64;
                self.opcode = Some($opcode);
                let done: Result<(), Broken> = $work;
                (top, fence) = (self.top, self.level.fence);
                if let Err(error) = done {
                    (before, last) = (rest.len(), $opcode.byte());
                    ops += 1;
                    broken = Some(error);
                    break;
                }
                $after
            }};
        }
        macro_rules! batch {
            ($opcode:expr, $after:expr, $work:expr) => {{
                // An error of the mark is for the other path.
                if fence == self.level.base {
                    break;
                }
                call!($opcode, $after, self.unmark().and_then(|range| $work(self, range, out)))
            }};
        }
        macro_rules! tuple {
            ($n:expr, $opcode:expr, $after:expr) => {{
                if top - fence < $n || $n == 1 && last == byte::TUPLE1 {
                    break;
                }
                top -= $n;
                call!($opcode, $after, self.tuple((top, top + $n), out))
            }};
        }
        macro_rules! rare {
            ($opcode:expr, $after:expr) => {{
                let at = offset + (input.len() - rest.len()) as u64;
                call!($opcode, $after, self.rare(&Op { opcode: $opcode, arg: Arg::Nothing, offset: at }, last, out))
            }};
        }
        // The argument of an opcode, of so many bytes.
        macro_rules! take {
            ($after:expr) => {{
                let Some((bytes, after)) = $after.split_first_chunk() else { break };
                (*bytes, after)
            }};
        }
        while let Some((&code, after)) = rest.split_first() {
            let after = match code {
                byte::NONE => push!(Slot::new(Kind::None), after),
                byte::TRUE | byte::FALSE => push!(Slot::new(Kind::Bool), after),
                byte::INT1 => {
                    let ([n], after) = take!(after);
                    push!(Slot::int(i32::from(n)), after)
                }
                byte::INT2 => {
                    let (n, after) = take!(after);
                    push!(Slot::int(i32::from(u16::from_le_bytes(n))), after)
                }
                byte::INT => {
                    let (n, after) = take!(after);
                    push!(Slot::int(i32::from_le_bytes(n)), after)
                }
                byte::FLOAT => {
                    let (_, after): ([u8; 8], _) = take!(after);
                    push!(Slot::new(Kind::Float), after)
                }
                byte::MARK => {
                    let after = push!(Slot::of(Kind::Mark, fence as u32), after);
                    fence = top;
                    after
                }
                byte::LIST => push!(Slot { aux: pack(1.0), ..Slot::new(Kind::List) }, after),
                byte::DICT => push!(Slot { aux: pack(1.0), ..Slot::new(Kind::Dict) }, after),
                byte::SET => push!(Slot { aux: pack(1.0), ..Slot::new(Kind::Set) }, after),
                byte::EMPTY_TUPLE => {
                    if top >= limit {
                        break;
                    }
                    let at = self.parts.put(&[]);
                    push!(Slot { aux: pack(1.0), ..Slot::of(Kind::Tuple, at) }, after)
                }
                byte::SHORT_TEXT => {
                    let ([n], after) = take!(after);
                    text!(Kind::Str, n, after)
                }
                byte::TEXT => {
                    let (n, after) = take!(after);
                    long_text!(Kind::Str, n, after)
                }
                byte::SHORT_BYTES if !waits!() => {
                    let ([n], after) = take!(after);
                    text!(Kind::Bytes, n, after)
                }
                byte::SHORT_STRING if !waits!() => {
                    let ([n], after) = take!(after);
                    text!(Kind::Str2, n, after)
                }
                byte::BYTES if !waits!() => {
                    let (n, after) = take!(after);
                    long_text!(Kind::Bytes, n, after)
                }
                byte::STRING if !waits!() => {
                    let (n, after) = take!(after);
                    long_text!(Kind::Str2, n, after)
                }
                byte::MEMOIZE if last != byte::MEMOIZE && !self.level.far => {
                    put!(self.level.memo_count as usize, after)
                }
                byte::PUT => {
                    let ([n], after) = take!(after);
                    put!(usize::from(n), after)
                }
                byte::LONG_PUT => {
                    let (n, after) = take!(after);
                    put!(u32::from_le_bytes(n) as usize, after)
                }
                byte::GET => {
                    let ([n], after) = take!(after);
                    get!(usize::from(n), after)
                }
                byte::LONG_GET => {
                    let (n, after) = take!(after);
                    get!(u32::from_le_bytes(n) as usize, after)
                }
                byte::TUPLE1 => tuple!(1, O::Tuple1, after),
                byte::TUPLE2 => tuple!(2, O::Tuple2, after),
                byte::TUPLE3 => tuple!(3, O::Tuple3, after),
                byte::TUPLE => batch!(O::Tuple, after, Self::tuple),
                byte::APPENDS => batch!(O::Appends, after, Self::append),
                byte::SET_ITEMS => batch!(O::SetItems, after, Self::set_items),
                byte::ADD_ITEMS => batch!(O::AddItems, after, Self::add_items),
                byte::APPEND if top > fence => {
                    top -= 1;
                    call!(O::Append, after, self.append((top, top + 1), out))
                }
                byte::SET_ITEM if top > fence + 1 => {
                    top -= 2;
                    call!(O::SetItem, after, self.set_items((top, top + 2), out))
                }
                byte::REDUCE => rare!(O::Reduce, after),
                byte::NEW => rare!(O::NewObj, after),
                byte::BUILD if !self.wrapper.seen => rare!(O::Build, after),
                _ => break,
            };
            (last, before, rest) = (code, rest.len(), after);
            ops += 1;
        }
        (self.top, self.level.fence) = (top, fence);
        if ops > 0 {
            self.level.last = last;
            self.offset = offset + (input.len() - before) as u64;
            self.opcode = Opcode::from_byte(last);
        }
        Dense { taken: input.len() - rest.len(), ops, broken }
    }

    /// The callee of `loader ( bytes` or `loader bytes`, before the bytes.
    #[inline(always)]
    pub fn called_below(&self, top: usize, fence: usize) -> Option<Slot> {
        let marked = top == fence && fence > self.level.base;
        let at = top.checked_sub(if marked { 2 } else { 1 })?;
        self.stack.get(at).copied()
    }
}

/// An opcode begins behind the end of the frame: did the one before cross it?
#[cold]
pub(crate) fn frame_passed(
    machine: &mut Machine<'_>,
    frame_end: &mut u64,
    before: (u64, u64),
    at: u64,
    out: &mut dyn Observer,
) {
    let end = core::mem::replace(frame_end, u64::MAX);
    // A frame may end between an opcode and its argument, and between a length and its payload.
    if at != end && end != before.0 + 1 && end != before.1 {
        let text = "an argument crosses the end of its frame: readers that enforce frames stop there";
        machine.tell(Rule::FrameTrick, Verdict::Divergent, Readers::WithoutFrames, text, out);
    }
}
