//! A stack and a memo that hold only what names and shapes need: a pickle is
//! followed opcode by opcode, without its objects.
//!
//! STACK_GLOBAL takes its module and name from the stack, where they may have
//! come out of the memo, so strings must be followed. joblib's arrays lie
//! between the opcodes, and only the shape and the dtype in the state of their
//! wrapper tell how long they are, so those are followed too. All else is a
//! kind: sixteen bytes on the stack and in the memo. Of a string, at most
//! [`NAME_MAX`] bytes are kept, as long as it can still be fetched. Of a memo
//! of more than `HELD` entries, what named a class stays, and the youngest.

mod memo;
mod objects;
mod text;

use self::memo::Young;
use super::globals::{Global, Globals, NAME_MAX, cut};
use pickle_core::joblib::ArrayForm;
use pickle_core::{Arg, Error, ErrorKind, GlobalName, Op, OpKind, Opcode, memo_index};
use std::collections::{HashMap, VecDeque};

/// What a value is, as far as the opcodes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Shape {
    None,
    Bool,
    Int,
    Float,
    Str,
    /// A str of Python 2.
    Str8,
    Bytes,
    ByteArray,
    List,
    Tuple,
    Dict,
    Set,
    FrozenSet,
    /// A class or function itself.
    Global,
    /// Made by calling something.
    Object,
    PersistentId,
    Extension,
    Buffer,
}

impl Shape {
    /// It is this, or something of which no more is known than that it is a value.
    fn may_be(self, wanted: Shape) -> bool {
        self == wanted
            || matches!(self, Shape::Object | Shape::PersistentId | Shape::Extension | Shape::Global)
            || (wanted == Shape::List && self == Shape::ByteArray)
    }

    /// No plain value can be called.
    fn may_be_called(self) -> bool {
        matches!(self, Shape::Object | Shape::PersistentId | Shape::Extension | Shape::Global)
    }
}

/// One value on the stack or in the memo.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Slot {
    /// No memo entry.
    Absent,
    Plain(Shape),
    Int(i64),
    /// A str: its bytes in the text of the stack, or of the memo.
    Text {
        start: u32,
        len: u16,
        kept: bool,
        python2: bool,
    },
    Global(u32),
    /// Made by calling this global.
    Object(u32),
    /// A tuple of ints, by its product: the shape of an array.
    Ints(u64),
    /// A tuple that begins with a dtype's code.
    Code {
        item_len: u64,
        objects: bool,
    },
    /// A tuple that begins with a global.
    First(u32),
    /// A tuple as `numpy.dtype.__setstate__` takes it.
    DtypeState {
        item_len: i64,
        objects: bool,
    },
    Dtype(u32),
    /// What makes it the state of an array's wrapper.
    Dict {
        dtype: u32,
        padded: bool,
        items: u64,
    },
}

impl Slot {
    fn shape(self) -> Shape {
        match self {
            Slot::Plain(shape) => shape,
            Slot::Int(_) => Shape::Int,
            Slot::Text { python2: false, .. } => Shape::Str,
            Slot::Text { python2: true, .. } => Shape::Str8,
            Slot::Global(_) => Shape::Global,
            Slot::Ints(_) | Slot::Code { .. } | Slot::First(_) | Slot::DtypeState { .. } => Shape::Tuple,
            Slot::Dict { .. } => Shape::Dict,
            Slot::Object(_) | Slot::Dtype(_) | Slot::Absent => Shape::Object,
        }
    }
}

/// No number of a dtype.
const NO_DTYPE: u32 = u32::MAX;
/// No shape of an array.
const NO_ITEMS: u64 = u64::MAX;
/// An entry of the memo of which nothing is known but that it was there.
const FORGOTTEN: Slot = Slot::Plain(Shape::Object);
const EMPTY_DICT: Slot = Slot::Dict { dtype: NO_DTYPE, padded: false, items: NO_ITEMS };
/// Keys that are kept, from containers no further than [`KEY_LEVELS`] down the stack.
const KEYS_MAX: usize = 96;
/// The root is level 0.
const KEY_LEVELS: usize = 4;

/// The first LONG1 of torch's format before 1.6: 0x1950a86a20f9469cfc6c.
const TORCH_MAGIC: &[u8] = b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
/// The same as protocols 0 and 1 have it.
const TORCH_MAGIC_TEXT: &[u8] = b"119547037146038801333356L";

/// The root of a pickle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Root {
    /// What it is; `None` where the pickle is not complete.
    pub shape: Option<Shape>,
    /// The number of its class, or of the global that it is.
    pub global: Option<u32>,
    /// Items that it was given.
    pub items: u64,
}

/// A key near the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Values below its dict on the stack: 0 is the root.
    pub level: u8,
    /// The key.
    pub text: String,
}

/// The stack, the memo and the names of one pickle.
#[derive(Debug, Default)]
pub struct Symbols {
    stack: Vec<Slot>,
    marks: Vec<usize>,
    /// Texts on the stack; those of popped values are cut off.
    text: Vec<u8>,
    /// Texts of the memo, and of copies.
    kept: Vec<u8>,
    memo: Vec<Slot>,
    /// Memo entries far beyond the others, and those of `late` that stay.
    far: HashMap<u64, Slot>,
    /// The memo entries beyond [`HELD`] or [`HELD_TEXT`], one after another; the last of them are in `young`.
    late: std::ops::Range<u64>,
    young: VecDeque<Young>,
    memo_size: u64,
    dtypes: Vec<(u64, bool)>,
    globals: Globals,
    root: Root,
    /// The most values on the stack, after any opcode.
    pub max_stack: u64,
    /// The most marks on the stack.
    pub max_marks: u64,
    /// The highest index that was put into the memo.
    pub max_memo_index: Option<u64>,
    /// The first index that was put into the memo.
    pub first_memo_index: Option<u64>,
    /// Extension codes, in the order in which they were first seen.
    pub ext_codes: Vec<i64>,
    /// Keys near the root, in the order in which they were first seen.
    pub keys: Vec<Key>,
    /// The str behind a `_sklearn_version` key.
    pub sklearn_version: Option<String>,
    /// The pickle says that it begins a torch file.
    pub torch_magic: bool,
    /// The first opcode that takes what it can do nothing with. Its values are followed all the same.
    pub fault: Option<Error>,
    /// The array of joblib's that lies behind the last opcode, a BUILD.
    array: Option<ArrayForm>,
}

impl Symbols {
    /// For a pickle that goes on with the memo of the one before.
    pub fn with_memo_of(before: Symbols) -> Self {
        let Symbols { kept, memo, far, late, young, memo_size, dtypes, mut globals, .. } = before;
        globals.forget_uses();
        Symbols { kept, memo, far, late, young, memo_size, dtypes, globals, ..Symbols::default() }
    }

    /// Entries in the memo.
    pub fn memo_size(&self) -> u64 {
        self.memo_size
    }

    /// Values on the stack.
    pub fn depth(&self) -> u64 {
        self.stack.len() as u64
    }

    /// The class of the value on top of the stack, where it is an object.
    pub fn top_class(&self) -> Option<&Global> {
        match self.stack.last()? {
            Slot::Object(number) => self.globals.get(*number),
            Slot::Dtype(_) => self.globals.get(self.globals.find("numpy", "dtype")?),
            _ => None,
        }
    }

    /// The globals so far.
    pub fn globals(&self) -> &Globals {
        &self.globals
    }

    /// What the pickle is in the end.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Follows one opcode. Arguments may be cut to their first [`NAME_MAX`] bytes a line.
    ///
    /// # Errors
    /// The stack or the memo lacks what the opcode wants, as CPython says it.
    #[inline]
    pub fn apply(&mut self, op: &Op<'_>) -> Result<(), Error> {
        self.step(op).map_err(|kind| Error::new(kind, op.opcode.byte(), op.offset))
    }

    /// The place on the stack, from 0, of the first value that an opcode takes, or of the one that it changes; where it
    /// takes none, the place above the top.
    ///
    /// # Errors
    /// The stack lacks what the opcode wants: [`Symbols::apply`] will say the same.
    pub fn base(&self, op: &Op<'_>) -> Result<usize, Error> {
        self.reach(op.opcode).map_err(|kind| Error::new(kind, op.opcode.byte(), op.offset))
    }

    fn reach(&self, opcode: Opcode) -> Result<usize, ErrorKind> {
        let effect = opcode.stack_effect();
        let below = match (effect.to_mark, self.marks.split_last()) {
            (true, None) => return Err(ErrorKind::NoMark),
            (true, Some((_, below))) => below,
            (false, _) => &self.marks,
        };
        let top = self.marks.get(below.len()).copied().unwrap_or(self.stack.len());
        match top.checked_sub(usize::from(effect.pops)) {
            Some(base) if below.last().is_none_or(|&fence| base >= fence) => Ok(base),
            // A POP takes a mark as well.
            _ if opcode == Opcode::Pop && self.is_mark_on_top() => Ok(top),
            _ if below.is_empty() => Err(ErrorKind::StackUnderflow),
            _ => Err(ErrorKind::UnexpectedMark),
        }
    }

    /// What the values on the stack are, and above how many of them each mark is.
    pub fn shapes(&self) -> (Vec<Shape>, Vec<usize>) {
        (self.stack.iter().map(|slot| slot.shape()).collect(), self.marks.clone())
    }

    /// A POP would take a mark.
    pub fn is_mark_on_top(&self) -> bool {
        self.marks.last() == Some(&self.stack.len())
    }

    /// The text of the str at a place on the stack, as far as it is known.
    pub fn text_at(&self, place: usize) -> Option<&[u8]> {
        self.text_of(*self.stack.get(place)?)
    }

    /// The array that lies behind the last opcode, if one does.
    pub fn take_array(&mut self) -> Option<ArrayForm> {
        self.array.take()
    }

    fn step(&mut self, op: &Op<'_>) -> Result<(), ErrorKind> {
        let effect = op.opcode.stack_effect();
        // A POP takes a mark as well.
        if op.opcode == Opcode::Pop && self.is_mark_on_top() {
            self.marks.pop();
            return Ok(());
        }
        // A name counts even where the stack then lacks what goes with it.
        let named = match op.opcode {
            Opcode::Global | Opcode::Inst => {
                let GlobalName { module, name } = op.module_and_name().unwrap_or(GlobalName::new(op.bytes(), b""));
                self.globals.name(module, name)
            }
            _ => 0,
        };
        let base = self.reach(op.opcode)?;
        if self.fault.is_none() {
            self.fault =
                self.check_types(op.opcode, base).err().map(|kind| Error::new(kind, op.opcode.byte(), op.offset));
        }
        if effect.to_mark {
            self.marks.pop();
        }
        let fence = self.marks.last().copied().unwrap_or(0);
        use Opcode as O;
        let slot = match op.opcode {
            O::Mark => {
                self.marks.push(self.stack.len());
                self.max_marks = self.max_marks.max(self.marks.len() as u64);
                return Ok(());
            }
            O::Proto | O::Frame => return Ok(()),
            O::Pop | O::PopMark => {
                self.drop_to(base);
                return Ok(());
            }
            O::Stop => {
                self.stop(base);
                return Ok(());
            }
            O::Put | O::BinPut | O::LongBinPut => {
                if self.stack.len() <= fence {
                    return Err(ErrorKind::StackUnderflow);
                }
                self.put(index_of(op)?);
                return Ok(());
            }
            O::Memoize => {
                self.put(self.memo_size);
                return Ok(());
            }
            O::Get | O::BinGet | O::LongBinGet => self.fetch(index_of(op)?)?,
            O::Dup => self.share_top(),
            O::Append | O::Appends | O::SetItem | O::SetItems | O::AddItems | O::Build => {
                self.change(op.opcode, base);
                self.drop_to(base + 1);
                self.note_depth();
                return Ok(());
            }
            O::None => Slot::Plain(Shape::None),
            O::NewTrue | O::NewFalse => Slot::Plain(Shape::Bool),
            O::Int | O::Long => {
                self.torch_magic |= op.bytes() == TORCH_MAGIC_TEXT;
                text::text_int(op.arg)
            }
            O::BinInt | O::BinInt1 | O::BinInt2 => match op.arg {
                Arg::Uint(n) => Slot::Int(n as i64),
                Arg::Int(n) => Slot::Int(i64::from(n)),
                _ => Slot::Plain(Shape::Int),
            },
            O::Long1 | O::Long4 => {
                self.torch_magic |= op.bytes() == TORCH_MAGIC;
                text::long(op.bytes())
            }
            O::Float | O::BinFloat => Slot::Plain(Shape::Float),
            O::BinUnicode | O::ShortBinUnicode | O::BinUnicode8 => self.push_text(op.bytes(), false),
            O::BinString | O::ShortBinString => self.push_text(op.bytes(), true),
            O::Unicode => self.push_text(&text::unescaped(op.bytes(), b"uU"), false),
            O::String => self.push_text(&text::unescaped(text::unquoted(op.bytes()), b"x"), true),
            O::BinBytes | O::ShortBinBytes | O::BinBytes8 => Slot::Plain(Shape::Bytes),
            O::ByteArray8 => Slot::Plain(Shape::ByteArray),
            O::NextBuffer | O::ReadonlyBuffer => Slot::Plain(Shape::Buffer),
            O::EmptyList | O::List => Slot::Plain(Shape::List),
            O::EmptySet => Slot::Plain(Shape::Set),
            O::FrozenSet => Slot::Plain(Shape::FrozenSet),
            O::EmptyDict => EMPTY_DICT,
            O::Dict => self.dict(base),
            O::EmptyTuple => Slot::Ints(1),
            O::Tuple | O::Tuple1 | O::Tuple2 | O::Tuple3 => self.tuple(base),
            O::Ext1 | O::Ext2 | O::Ext4 => self.extension(op.arg)?,
            O::PersId | O::BinPersId => Slot::Plain(Shape::PersistentId),
            O::Global => Slot::Global(named),
            O::Inst => Slot::Object(named),
            O::StackGlobal => self.stack_global(base)?,
            O::Obj if self.stack.len() == base => return Err(ErrorKind::StackUnderflow),
            O::Obj | O::Reduce | O::NewObj | O::NewObjEx => self.made(base),
        };
        if op.opcode != O::Dup {
            // Only the items of the value that lies at the bottom are counted.
            if base == 0 {
                self.root.items = match op.opcode.kind() {
                    OpKind::Tuple | OpKind::List | OpKind::FrozenSet => self.stack.len() as u64,
                    OpKind::Dict => self.stack.len() as u64 / 2,
                    _ => 0,
                };
            }
            self.drop_from(base, slot);
        }
        self.stack.push(slot);
        self.note_depth();
        Ok(())
    }

    /// What an opcode takes must be of a kind that it can do something with, as far as that is known here.
    #[inline]
    fn check_types(&self, opcode: Opcode, base: usize) -> Result<(), ErrorKind> {
        use Opcode as O;
        let shape = |place: usize| self.stack.get(place).map_or(Shape::Object, |slot| slot.shape());
        let wrong = match opcode {
            O::Reduce if !shape(base).may_be_called() => ErrorKind::NotCallable,
            O::Reduce if !shape(base + 1).may_be(Shape::Tuple) => ErrorKind::ArgsNotTuple,
            O::Obj if self.stack.len() > base && !shape(base).may_be_called() => ErrorKind::NotCallable,
            O::NewObj | O::NewObjEx if !shape(base).may_be_called() => ErrorKind::NotAClass,
            O::NewObj | O::NewObjEx if !shape(base + 1).may_be(Shape::Tuple) => ErrorKind::ArgsNotTuple,
            O::Append | O::Appends if !shape(base).may_be(Shape::List) => ErrorKind::NoAppend,
            O::SetItem | O::SetItems if !matches!(shape(base), Shape::List) && !shape(base).may_be(Shape::Dict) => {
                ErrorKind::NoSetItem
            }
            O::AddItems if !shape(base).may_be(Shape::Set) => ErrorKind::NoAdd,
            O::SetItems | O::Dict if (self.stack.len() - base) % 2 != usize::from(opcode == O::SetItems) => {
                ErrorKind::OddItems
            }
            _ => return Ok(()),
        };
        Err(wrong)
    }

    fn note_depth(&mut self) {
        self.max_stack = self.max_stack.max(self.stack.len() as u64);
    }

    /// Pops down to `depth` values, and the texts that only they had.
    fn drop_to(&mut self, depth: usize) {
        let first = self.stack.get(depth..).unwrap_or_default().iter().find_map(|slot| match slot {
            Slot::Text { start, kept: false, .. } => Some(*start as usize),
            _ => None,
        });
        if let Some(start) = first {
            self.text.truncate(start);
        }
        self.stack.truncate(depth);
    }

    /// The same where a new value follows, whose text lies above those of the popped.
    fn drop_from(&mut self, depth: usize, new: Slot) {
        if self.stack.len() > depth && !matches!(new, Slot::Text { kept: false, .. }) {
            self.drop_to(depth);
        }
    }

    /// A str that is about to be pushed.
    fn push_text(&mut self, text: &[u8], python2: bool) -> Slot {
        append_text(&mut self.text, text, false, python2)
    }

    fn text_of(&self, slot: Slot) -> Option<&[u8]> {
        text_in(&self.text, &self.kept, slot)
    }

    fn stop(&mut self, base: usize) {
        let root = self.stack.get(base).copied().unwrap_or(Slot::Absent);
        self.root.shape = Some(root.shape());
        self.root.global = match root {
            Slot::Object(number) | Slot::Global(number) => Some(number),
            Slot::Dtype(_) => self.globals.find("numpy", "dtype"),
            _ => None,
        };
        if base != 0 {
            self.root.items = 0;
        }
        self.drop_to(base);
    }

    /// The names, in the order in which they were first seen.
    pub fn into_globals(self) -> Globals {
        self.globals
    }
}

fn text_in<'t>(text: &'t [u8], kept_text: &'t [u8], slot: Slot) -> Option<&'t [u8]> {
    let Slot::Text { start, len, kept, .. } = slot else { return None };
    let all = if kept { kept_text } else { text };
    all.get(start as usize..start as usize + usize::from(len))
}

/// Appends as much of a text as is kept. Where indexes end, at 4 GiB, it is not known.
fn append_text(all: &mut Vec<u8>, text: &[u8], kept: bool, python2: bool) -> Slot {
    let text = cut(text);
    let unknown = Slot::Plain(if python2 { Shape::Str8 } else { Shape::Str });
    let (Ok(start), Ok(len)) = (u32::try_from(all.len()), u16::try_from(text.len())) else { return unknown };
    all.extend_from_slice(text);
    Slot::Text { start, len, kept, python2 }
}

fn index_of(op: &Op<'_>) -> Result<u64, ErrorKind> {
    memo_index(op).unwrap_or(Err(ErrorKind::BadInt))
}

const _: () = assert!(NAME_MAX <= u16::MAX as usize && size_of::<Slot>() <= 16);

#[cfg(test)]
mod tests {
    use super::memo::{HELD, YOUNG};
    use super::*;
    use pickle_core::{Decoder, Step};

    fn follow(pickle: &[u8]) -> Result<Symbols, Error> {
        let (mut symbols, mut decoder, mut rest) = (Symbols::default(), Decoder::new(), pickle);
        while let Step::Op(op) = decoder.next(&mut rest)? {
            symbols.apply(&op)?;
        }
        Ok(symbols)
    }

    #[test]
    fn names_are_found_in_a_memo_that_is_too_long_to_be_held() {
        let count = HELD as usize + 2 * YOUNG;
        let mut pickle = b"\x80\x04]\x94(".to_vec();
        for n in 0..count {
            let text = format!("{n:06}");
            pickle.extend(b"\x8c\x06");
            pickle.extend(text.bytes());
            pickle.push(0x94);
            if n == HELD as usize + YOUNG / 2 {
                // A class that is named late: its module is entry n + 2, its name n + 3, itself n + 4.
                pickle.extend(b"\x8c\x01m\x94\x8c\x01A\x94\x93\x94");
            }
        }
        let late = HELD as u32 + 10;
        let module = HELD as u32 + YOUNG as u32 / 2 + 2;
        let get = |index: u32| [&b"j"[..], &index.to_le_bytes()].concat();
        // Another class of the same module; an entry that is gone; a young one.
        let mut whole = [&pickle[..], &get(module), b"\x8c\x01B\x93", &get(late), &get(count as u32)].concat();
        whole.extend(b"e.");
        let symbols = follow(&whole).expect("sound");
        let names: Vec<_> = symbols.globals().named().iter().map(|global| global.path()).collect();
        assert_eq!(names, ["m.A", "m.B"]);
        assert_eq!(symbols.memo_size(), count as u64 + 4);
        assert!(symbols.young.len() == YOUNG && symbols.memo.len() as u64 <= HELD + 1);
        let missing = [&pickle[..], &get(count as u32 + 5), b"e."].concat();
        assert_eq!(follow(&missing).map(drop).map_err(|error| error.kind()), Err(ErrorKind::MemoMissing));
    }
}
