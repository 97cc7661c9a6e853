//! Plain data straight from the opcodes, without a document between: most pickles are nothing else.
//!
//! It takes what CPython's picklers write of str, bytes, numbers, tuples, lists, dicts, sets, dates and times in protocols 2 to
//! 5. Where anything else comes, or a limit or a fault, it gives up without a word, and the document tells what there is: both have to
//! give the same values, and no value may come from here that a document would refuse.

mod items;

use crate::opcodes::{Input, Other};
use crate::raw::{self, Kept, Raw, again, is};
use crate::strings;
use crate::times::{self, Times};
use pickle_core::Opcode;
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;

use items::Sparse;
pub use items::{PlainItems, Stepped};

/// Memory of up to so many entries is kept for the next pickle.
const KEPT: usize = 1 << 14;
/// Values that hashing may look at beside those that the size of the input pays for, as in documents.
const WORK: u64 = 100_000;

type Done = Result<(), Other>;

/// A value on the stack: a reference of ours.
#[derive(Clone, Copy)]
struct Entry {
    object: Raw,
    /// Levels of containers in it: 0 of what holds nothing.
    depth: u32,
    /// Of a container: 1 + its number in the memo.
    number: u32,
}

/// A value in the memo.
#[derive(Clone, Copy)]
struct Noted {
    object: Raw,
    depth: u32,
    /// A container that stands elsewhere as well: its depth must not change any more.
    fetched: bool,
}

#[derive(Default)]
struct Scratch {
    stack: Vec<Entry>,
    memo: Vec<Noted>,
    /// Where the items of enclosing marks begin.
    marks: Vec<usize>,
    /// The ints of one byte, which every CPython has once.
    ints: Vec<Raw>,
    shape: Shape,
    times: Times,
}

/// The depth of such a class itself: with it, any container is too deep.
const CLASS: u32 = u32::MAX / 2;

/// The keys of the last dict with many, and once they have come again, a dict of them: records have the same keys, and a copy
/// of a table of keys is made faster than the table.
#[derive(Default)]
struct Shape {
    keys: Vec<Raw>,
    dict: Option<Raw>,
}

/// A dict of fewer keys is made as fast.
const SHAPED: usize = 6;
/// More are not compared.
const SHAPED_MOST: usize = 64;

// SAFETY: it is touched with the interpreter's lock only.
unsafe impl Send for Scratch {}

static SCRATCH: Kept<Box<Scratch>> = Kept::new();

fn new_scratch() -> Box<Scratch> {
    // SAFETY: small ints, of which the interpreter keeps one each.
    let ints = (0..256).map(|int| unsafe { ffi::PyLong_FromLong(int) }).collect();
    Box::new(Scratch { ints, ..Scratch::default() })
}

struct Plain<'py> {
    py: Python<'py>,
    scratch: Box<Scratch>,
    /// Where the items of the last mark begin.
    base: usize,
    /// The memo has references of its own. Without, what it names is held by the stack and by what is made of it, which
    /// nothing but this code sees meanwhile.
    owning: bool,
    /// Dates and times are made.
    known: bool,
    /// One was met, whose classes are not known yet.
    asks: bool,
    work: u64,
    /// Where the opcode begins that comes next: of items only.
    start: usize,
    /// Where to stop, behind an opcode: of items only.
    until: usize,
    /// The place on the stack behind the container whose items are handed over.
    above: usize,
    /// What reading items has instead of the memo.
    sparse: Option<Sparse>,
}

/// What [`Plain::run`] has come to.
enum Ran {
    /// The value behind STOP: a reference of the caller's.
    Value(Entry),
    /// Items that may be handed over.
    Items,
    /// The place where it had to stop.
    Reached,
}

/// What is asked for.
#[derive(Clone, Copy)]
pub struct How {
    /// Levels that values may nest.
    pub max_depth: u32,
    /// No code of Python can run while it is made, not even that of the collector.
    pub alone: bool,
    /// Dates and times are made.
    pub known: bool,
}

/// The value of the pickle at the start of the input, if it is plain data.
pub fn read<'py>(py: Python<'py>, input: &[u8], how: How) -> Option<Bound<'py, PyAny>> {
    let (value, asks) = once(py, input, how);
    if !asks {
        return value;
    }
    // Imported between two walks: nothing is half made meanwhile.
    let times = times::find(py);
    let mut scratch = SCRATCH.take(py).unwrap_or_else(new_scratch);
    scratch.times = times;
    SCRATCH.put(py, scratch);
    if matches!(times, Times::Others) { None } else { once(py, input, how).0 }
}

fn once<'py>(py: Python<'py>, input: &[u8], how: How) -> (Option<Bound<'py, PyAny>>, bool) {
    let scratch = SCRATCH.take(py).unwrap_or_else(new_scratch);
    let work = WORK + 16 * input.len() as u64;
    let How { max_depth, alone, known } = how;
    let mut plain = Plain {
        py,
        scratch,
        base: 0,
        owning: !alone,
        known,
        asks: false,
        work,
        start: 0,
        until: usize::MAX,
        above: usize::MAX,
        sparse: None,
    };
    let root = plain.run::<false>(&mut Input::new(input));
    let Scratch { stack, memo, marks, .. } = &mut *plain.scratch;
    // SAFETY: references of ours.
    unsafe {
        for entry in stack.iter() {
            raw::release(entry.object);
        }
        if plain.owning {
            for noted in memo.iter() {
                raw::release(noted.object);
            }
        }
    }
    stack.clear();
    memo.clear();
    marks.clear();
    stack.shrink_to(KEPT);
    memo.shrink_to(KEPT);
    marks.shrink_to(KEPT);
    let asks = plain.asks;
    SCRATCH.put(py, plain.scratch);
    let Ok(Ran::Value(root)) = root else { return (None, asks) };
    // SAFETY: a new reference.
    let value = unsafe { Bound::from_owned_ptr(py, root.object) };
    ((root.depth <= max_depth.min(CLASS - 1)).then_some(value), false)
}

impl Plain<'_> {
    /// The value, or with ITEMS, each batch of items of the list that it is.
    fn run<const ITEMS: bool>(&mut self, input: &mut Input<'_>) -> Result<Ran, Other> {
        loop {
            if ITEMS {
                self.start = input.at();
                if self.start == self.until {
                    return Ok(Ran::Reached);
                }
            }
            // SAFETY: every call makes a new reference.
            unsafe {
                match input.opcode()? {
                    Opcode::ShortBinUnicode => {
                        let len = input.byte()?;
                        self.text(input.take(len.into())?)?;
                    }
                    Opcode::Memoize if ITEMS => self.keep(None)?,
                    Opcode::Memoize => self.put(self.scratch.memo.len())?,
                    Opcode::BinGet => self.get::<ITEMS>(input.byte()?.into())?,
                    Opcode::LongBinGet => self.get::<ITEMS>(input.four()? as usize)?,
                    Opcode::BinFloat => {
                        let float = f64::from_be_bytes(input.array()?);
                        self.push(ffi::PyFloat_FromDouble(float), 0)?;
                    }
                    Opcode::BinInt1 => {
                        let small = self.scratch.ints.get(usize::from(input.byte()?)).copied().ok_or(Other)?;
                        self.push(again(small), 0)?;
                    }
                    Opcode::BinInt2 => {
                        self.push(ffi::PyLong_FromLong(u16::from_le_bytes(input.array()?).into()), 0)?;
                    }
                    Opcode::BinInt => self.push(ffi::PyLong_FromLong(i32::from_le_bytes(input.array()?).into()), 0)?,
                    Opcode::Long1 => {
                        let len = input.byte()?;
                        self.long(input.take(len.into())?)?;
                    }
                    Opcode::Mark => {
                        self.scratch.marks.push(self.base);
                        self.base = self.scratch.stack.len();
                    }
                    Opcode::None => self.push(again(ffi::Py_None()), 0)?,
                    Opcode::NewTrue => self.push(again(ffi::Py_True()), 0)?,
                    Opcode::NewFalse => self.push(again(ffi::Py_False()), 0)?,
                    Opcode::BinUnicode => {
                        let len = input.four()?;
                        self.text(input.take(len as usize)?)?;
                    }
                    Opcode::BinUnicode8 => {
                        let len = input.eight()?;
                        self.text(input.take(len)?)?;
                    }
                    Opcode::ShortBinBytes => {
                        let len = input.byte()?;
                        self.bytes(input.take(len.into())?)?;
                    }
                    Opcode::BinBytes => {
                        let len = input.four()?;
                        self.bytes(input.take(len as usize)?)?;
                    }
                    Opcode::BinBytes8 => {
                        let len = input.eight()?;
                        self.bytes(input.take(len)?)?;
                    }
                    Opcode::ByteArray8 => {
                        let len = input.eight()?;
                        let bytes = input.take(len)?;
                        let (data, size) = (bytes.as_ptr().cast(), bytes.len() as Py_ssize_t);
                        self.push(ffi::PyByteArray_FromStringAndSize(data, size), 0)?;
                    }
                    Opcode::BinPut if ITEMS => self.keep(Some(input.byte()?.into()))?,
                    Opcode::LongBinPut if ITEMS => self.keep(Some(input.four()?.into()))?,
                    Opcode::BinPut => self.put(input.byte()?.into())?,
                    Opcode::LongBinPut => self.put(input.four()? as usize)?,
                    Opcode::EmptyDict => self.push(ffi::PyDict_New(), 1)?,
                    Opcode::EmptyList => self.push(ffi::PyList_New(0), 1)?,
                    Opcode::EmptySet => self.push(ffi::PySet_New(std::ptr::null_mut()), 1)?,
                    Opcode::EmptyTuple => self.push(ffi::PyTuple_New(0), 0)?,
                    Opcode::Tuple1 => self.tuple(1)?,
                    Opcode::Tuple2 => self.tuple(2)?,
                    Opcode::Tuple3 => self.tuple(3)?,
                    Opcode::Tuple => {
                        let len = self.scratch.stack.len() - self.base;
                        self.base = self.scratch.marks.pop().ok_or(Other)?;
                        if len == 0 { self.push(ffi::PyTuple_New(0), 0)? } else { self.tuple(len)? }
                    }
                    Opcode::Append if ITEMS && self.is_above(1) => {
                        self.hand_over(&raw mut ffi::PyList_Type)?;
                        return Ok(Ran::Items);
                    }
                    Opcode::SetItem if ITEMS && self.is_above(2) => {
                        self.hand_over(&raw mut ffi::PyDict_Type)?;
                        return Ok(Ran::Items);
                    }
                    opcode @ (Opcode::Appends | Opcode::SetItems | Opcode::AddItems)
                        if ITEMS && self.base == self.above && self.is_open() =>
                    {
                        self.base = self.scratch.marks.pop().ok_or(Other)?;
                        self.hand_over(match opcode {
                            Opcode::Appends => &raw mut ffi::PyList_Type,
                            Opcode::SetItems => &raw mut ffi::PyDict_Type,
                            _ => &raw mut ffi::PySet_Type,
                        })?;
                        return Ok(Ran::Items);
                    }
                    Opcode::Append => self.fill(1, &raw mut ffi::PyList_Type, Self::append)?,
                    Opcode::SetItem => self.fill(2, &raw mut ffi::PyDict_Type, Self::set_items)?,
                    Opcode::Appends => self.fill_marked(&raw mut ffi::PyList_Type, Self::append)?,
                    Opcode::SetItems => self.fill_marked(&raw mut ffi::PyDict_Type, Self::set_items)?,
                    Opcode::AddItems => self.fill_marked(&raw mut ffi::PySet_Type, Self::add)?,
                    Opcode::FrozenSet => self.frozen_set()?,
                    Opcode::StackGlobal if self.known => self.stack_global()?,
                    Opcode::Global if self.known => {
                        let (module, name) = (input.name()?, input.name()?);
                        self.class(module, name)?;
                    }
                    Opcode::Reduce => self.reduce()?,
                    Opcode::Proto => {
                        if input.byte()? > 5 {
                            return Err(Other);
                        }
                    }
                    Opcode::Frame => input.frame()?,
                    Opcode::Stop => {
                        if !input.may_stop() || self.scratch.stack.len() != 1 || !self.scratch.marks.is_empty() {
                            return Err(Other);
                        }
                        return self.scratch.stack.pop().map(Ran::Value).ok_or(Other);
                    }
                    _ => return Err(Other),
                }
            }
        }
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) -> Done {
        // SAFETY: data and size are those of a slice; gives a new reference.
        self.push(unsafe { ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), bytes.len() as Py_ssize_t) }, 0)
    }

    /// A new reference, or NULL with an error set.
    #[inline(always)]
    fn push(&mut self, object: Raw, depth: u32) -> Done {
        if object.is_null() {
            return Err(self.failed());
        }
        self.scratch.stack.push(Entry { object, depth, number: 0 });
        Ok(())
    }

    /// What went wrong is found again, and told, by way of the document.
    #[cold]
    fn failed(&self) -> Other {
        drop(PyErr::take(self.py));
        Other
    }

    #[inline]
    fn text(&mut self, text: &[u8]) -> Done {
        let stack = &self.scratch.stack;
        let items = stack.len() - self.base;
        // The keys of a dict, if it is what stands before the mark; or of one entry, without a mark.
        let owner = if items & 1 == 0 { self.base.checked_sub(1).and_then(|at| stack.get(at)) } else { stack.last() };
        // SAFETY: a live object.
        let is_key = owner.is_some_and(|owner| unsafe { is(owner.object, &raw mut ffi::PyDict_Type) });
        let text = if is_key { strings::key(self.py, text) } else { strings::new_text(self.py, text) };
        self.push(text.map_err(|_| Other)?, 0)
    }

    fn stack_global(&mut self) -> Done {
        let from = self.scratch.stack.len().checked_sub(2).filter(|from| *from >= self.base).ok_or(Other)?;
        let Some([module, name]) = self.scratch.stack.get(from..) else { return Err(Other) };
        // SAFETY: live objects; the bytes of a str live as long as it.
        let (module, name) = unsafe {
            let text = |object| if is(object, &raw mut ffi::PyUnicode_Type) { raw::utf8(object) } else { None };
            (text(module.object).ok_or(Other)?, text(name.object).ok_or(Other)?)
        };
        self.class(module, name)?;
        // The names lie below the class now.
        let class = self.scratch.stack.pop().ok_or(Other)?;
        self.release(from);
        self.scratch.stack.push(class);
        Ok(())
    }

    /// Pushes one of the classes of dates and times.
    fn class(&mut self, module: &[u8], name: &[u8]) -> Done {
        let at = times::NAMES.iter().position(|known| known.as_bytes() == name).filter(|_| module == b"datetime");
        let at = at.ok_or(Other)?;
        let Times::Known(classes) = self.scratch.times else {
            self.asks = matches!(self.scratch.times, Times::Unknown);
            return Err(Other);
        };
        let class = *classes.get(at).ok_or(Other)?;
        // From here on the memo may name what nothing else holds: names, and what a date was made from.
        if !std::mem::replace(&mut self.owning, true) {
            for noted in &self.scratch.memo {
                // SAFETY: a live object: nothing was dropped so far.
                unsafe { again(noted.object) };
            }
        }
        // SAFETY: a live object.
        self.push(unsafe { again(class) }, CLASS)
    }

    /// A date or time from what its class takes. What it does not take is told by way of the document.
    #[inline]
    fn reduce(&mut self) -> Done {
        let from = self.scratch.stack.len().checked_sub(2).filter(|from| *from >= self.base).ok_or(Other)?;
        let Some(&[class, args]) = self.scratch.stack.get(from..) else { return Err(Other) };
        let Times::Known(classes) = self.scratch.times else { return Err(Other) };
        // SAFETY: live objects. The constructors are those of C, and the arguments what picklers write: no code of Python runs.
        let made = unsafe {
            if class.depth != CLASS || !times::is_one(&classes, class.object, args.object) {
                return Err(Other);
            }
            ffi::PyObject_CallObject(class.object, args.object)
        };
        if made.is_null() {
            return Err(self.failed());
        }
        self.release(from);
        self.push(made, args.depth + 1)
    }

    #[inline]
    fn long(&mut self, bytes: &[u8]) -> Done {
        let mut word = [if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xff } else { 0 }; 8];
        word.get_mut(..bytes.len()).ok_or(Other)?.copy_from_slice(bytes);
        // SAFETY: gives a new reference.
        self.push(unsafe { ffi::PyLong_FromLongLong(i64::from_le_bytes(word)) }, 0)
    }

    #[inline]
    fn put(&mut self, number: usize) -> Done {
        let Scratch { stack, memo, .. } = &mut *self.scratch;
        // Only as picklers number them: one after another.
        if stack.len() <= self.base || number != memo.len() || number >= u32::MAX as usize {
            return Err(Other);
        }
        let entry = stack.last_mut().ok_or(Other)?;
        if entry.depth > 0 {
            if entry.number != 0 {
                return Err(Other);
            }
            entry.number = number as u32 + 1;
        }
        if self.owning {
            // SAFETY: a live object.
            unsafe { again(entry.object) };
        }
        memo.push(Noted { object: entry.object, depth: entry.depth, fetched: false });
        Ok(())
    }

    #[inline]
    fn get<const ITEMS: bool>(&mut self, number: usize) -> Done {
        if ITEMS {
            return self.fetch(number);
        }
        let noted = self.scratch.memo.get_mut(number).ok_or(Other)?;
        noted.fetched = true;
        let number = if noted.depth > 0 { number as u32 + 1 } else { 0 };
        // SAFETY: it is alive: the memo holds it, or what was made of it does.
        let object = unsafe { again(noted.object) };
        self.scratch.stack.push(Entry { object, depth: noted.depth, number });
        Ok(())
    }

    /// A tuple of the last items.
    #[inline]
    fn tuple(&mut self, len: usize) -> Done {
        let from = self.scratch.stack.len().checked_sub(len).filter(|from| *from >= self.base).ok_or(Other)?;
        // SAFETY: gives a new reference.
        let tuple = unsafe { ffi::PyTuple_New(len as Py_ssize_t) };
        if tuple.is_null() {
            return Err(self.failed());
        }
        let mut depth = 0;
        for (position, entry) in self.scratch.stack.get(from..).unwrap_or_default().iter().enumerate() {
            depth = depth.max(entry.depth);
            // SAFETY: a new tuple with room for it, which takes the reference over.
            unsafe { ffi::PyTuple_SetItem(tuple, position as Py_ssize_t, entry.object) };
        }
        self.scratch.stack.truncate(from);
        self.push(tuple, depth + 1)
    }

    #[inline]
    fn fill_marked(
        &mut self,
        kind: *mut ffi::PyTypeObject,
        put: impl FnOnce(&mut Self, Raw, usize) -> Result<u32, Other>,
    ) -> Done {
        let len = self.scratch.stack.len() - self.base;
        self.base = self.scratch.marks.pop().ok_or(Other)?;
        self.fill(len, kind, put)
    }

    /// Puts the last items into the container before them.
    #[inline(always)]
    fn fill(
        &mut self,
        len: usize,
        kind: *mut ffi::PyTypeObject,
        put: impl FnOnce(&mut Self, Raw, usize) -> Result<u32, Other>,
    ) -> Done {
        let from = self.scratch.stack.len().checked_sub(len).filter(|from| *from > self.base).ok_or(Other)?;
        let owner = *self.scratch.stack.get(from - 1).ok_or(Other)?;
        // SAFETY: a live object.
        if !unsafe { is(owner.object, kind) } {
            return Err(Other);
        }
        let deepest = put(self, owner.object, from)? + 1;
        self.release(from);
        let Scratch { stack, memo, .. } = &mut *self.scratch;
        if let Some(noted) = owner.number.checked_sub(1).and_then(|at| memo.get_mut(at as usize)) {
            // What holds it already would be deeper than it was thought to be; or it holds itself.
            if noted.fetched {
                return Err(Other);
            }
            noted.depth = noted.depth.max(deepest);
        }
        if let Some(owner) = stack.last_mut() {
            owner.depth = owner.depth.max(deepest);
        }
        Ok(())
    }

    /// Gives back what a container has taken over.
    #[inline(always)]
    fn release(&mut self, from: usize) {
        for entry in self.scratch.stack.get(from..).unwrap_or_default() {
            // SAFETY: a reference of ours; the container has its own.
            unsafe { raw::release(entry.object) };
        }
        self.scratch.stack.truncate(from);
    }

    fn append(&mut self, list: Raw, from: usize) -> Result<u32, Other> {
        let mut deepest = 0;
        for entry in self.scratch.stack.get(from..).unwrap_or_default() {
            deepest = deepest.max(entry.depth);
            // SAFETY: a list, which takes a reference of its own.
            if unsafe { ffi::PyList_Append(list, entry.object) } != 0 {
                return Err(self.failed());
            }
        }
        Ok(deepest)
    }

    fn set_items(&mut self, dict: Raw, from: usize) -> Result<u32, Other> {
        let mut deepest = 0;
        let Scratch { stack, shape, times, .. } = &mut *self.scratch;
        // SAFETY: a dict.
        let before = unsafe { ffi::PyDict_Size(dict) };
        let (pairs, odd) = stack.get(from..).unwrap_or_default().as_chunks::<2>();
        if !odd.is_empty() {
            return Err(Other);
        }
        if before == 0 && (SHAPED..=SHAPED_MOST).contains(&pairs.len()) {
            // SAFETY: a new dict, and live objects.
            unsafe { shape.lay_out(dict, pairs) };
        }
        for [key, value] in pairs {
            deepest = deepest.max(value.depth);
            check_key(&mut self.work, times, *key)?;
            // SAFETY: a dict, which takes references of its own.
            if unsafe { ffi::PyDict_SetItem(dict, key.object, value.object) } != 0 {
                return Err(self.failed());
            }
        }
        // A key that comes twice drops what the memo may still name.
        // SAFETY: a dict.
        if unsafe { ffi::PyDict_Size(dict) } - before != pairs.len() as Py_ssize_t {
            return Err(Other);
        }
        Ok(deepest)
    }

    fn add(&mut self, set: Raw, from: usize) -> Result<u32, Other> {
        let mut deepest = 0;
        // SAFETY: a set.
        let before = unsafe { ffi::PySet_Size(set) };
        let items = self.scratch.stack.get(from..).unwrap_or_default();
        for item in items {
            deepest = deepest.max(item.depth);
            check_key(&mut self.work, &self.scratch.times, *item)?;
            // SAFETY: a set without other references, which takes a reference of its own.
            if unsafe { ffi::PySet_Add(set, item.object) } != 0 {
                return Err(self.failed());
            }
        }
        // SAFETY: a set.
        if unsafe { ffi::PySet_Size(set) } - before != items.len() as Py_ssize_t {
            return Err(Other);
        }
        Ok(deepest)
    }

    fn frozen_set(&mut self) -> Done {
        let from = self.base;
        self.base = self.scratch.marks.pop().ok_or(Other)?;
        // SAFETY: gives a new reference.
        let set = unsafe { ffi::PyFrozenSet_New(std::ptr::null_mut()) };
        // The empty one is shared: nothing may be added to it.
        if set.is_null() || self.scratch.stack.len() == from {
            return self.push(set, 1);
        }
        match self.add(set, from) {
            Ok(depth) => {
                self.release(from);
                self.push(set, depth + 1)
            }
            Err(other) => {
                // SAFETY: a reference of ours.
                unsafe { raw::release(set) };
                Err(other)
            }
        }
    }
}

impl Shape {
    /// Gives an empty dict the keys that it will have, if they are those of the one before; the values are still to come.
    ///
    /// # Safety
    /// An empty dict, and live objects.
    #[inline]
    unsafe fn lay_out(&mut self, dict: Raw, pairs: &[[Entry; 2]]) {
        let same = self.keys.len() == pairs.len()
            && self.keys.iter().zip(pairs).all(|(known, [key, _])| std::ptr::eq(*known, key.object));
        // SAFETY: as the caller promises.
        unsafe {
            match (same, self.dict) {
                (true, Some(shape)) => {
                    if ffi::PyDict_Update(dict, shape) != 0 {
                        ffi::PyErr_Clear();
                    }
                }
                (true, None) => self.dict = self.make(),
                (false, _) => self.take(pairs),
            }
        }
    }

    /// A dict of the keys; its values are None.
    #[cold]
    unsafe fn make(&self) -> Option<Raw> {
        // SAFETY: a new reference, live keys.
        unsafe {
            let dict = ffi::PyDict_New();
            if dict.is_null() {
                ffi::PyErr_Clear();
                return None;
            }
            for key in &self.keys {
                if ffi::PyDict_SetItem(dict, *key, ffi::Py_None()) != 0 {
                    ffi::PyErr_Clear();
                    raw::release(dict);
                    return None;
                }
            }
            // Equal keys may be two objects.
            if ffi::PyDict_Size(dict) != self.keys.len() as Py_ssize_t {
                raw::release(dict);
                return None;
            }
            Some(dict)
        }
    }

    /// Remembers other keys.
    #[inline(never)]
    unsafe fn take(&mut self, pairs: &[[Entry; 2]]) {
        // SAFETY: references of ours, and live objects.
        unsafe {
            if let Some(dict) = self.dict.take() {
                raw::release(dict);
            }
            for key in self.keys.drain(..) {
                raw::release(key);
            }
            // Names only: what is large is not to live on here.
            let is_name = |key: Raw| is(key, &raw mut ffi::PyUnicode_Type) && ffi::PyUnicode_GetLength(key) <= 64;
            if !pairs.iter().all(|[key, _]| is_name(key.object)) {
                return;
            }
            self.keys.extend(pairs.iter().map(|[key, _]| again(key.object)));
        }
    }
}

/// Hashing must not cost more than the size of the input pays for.
#[inline(always)]
fn check_key(work: &mut u64, times: &Times, key: Entry) -> Done {
    if key.depth == 0 {
        return Ok(());
    }
    if let Times::Known(times) = times
        // SAFETY: a live object.
        && times.contains(&unsafe { ffi::Py_TYPE(key.object) }.cast())
    {
        return Ok(());
    }
    // SAFETY: a live object.
    let flat = key.depth == 1 && unsafe { is(key.object, &raw mut ffi::PyTuple_Type) };
    // SAFETY: a tuple.
    let len = if flat { unsafe { ffi::PyTuple_Size(key.object) }.unsigned_abs() as u64 } else { u64::MAX };
    *work = work.checked_sub(len).ok_or(Other)?;
    Ok(())
}
