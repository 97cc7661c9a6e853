//! Values to opcodes, one after another: no document, no allocation, containers of unknown length.

mod containers;
mod memo;
mod scalars;
mod spelled;

use crate::wire::frames::{Frames, NoFrames};
use crate::wire::sink::WriteError;
use crate::write::spelling::{BATCH, Fill};
use crate::{Encoder, ErrorKind, Opcode};
use embedded_io::Write;

/// One container that is open: four bytes of the caller's memory.
///
/// See the example of [`Pickler`].
#[derive(Clone, Copy, Debug)]
pub struct Level {
    open: Open,
    flags: u8,
    /// Items of the batch; of a tuple, all of them.
    count: u16,
}

impl Level {
    /// An unused level; the memory for a pickler is made of these.
    pub const EMPTY: Level = Level::new(Open::Root, 0);

    const fn new(open: Open, flags: u8) -> Level {
        Level { open, flags, count: 0 }
    }

    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Root,
    List,
    Dict,
    Set,
    FrozenSet,
    /// Before protocol 4: a list, the argument of a class.
    OldSet,
    Tuple,
    /// The arguments of REDUCE.
    Call,
    /// The arguments of NEWOBJ.
    New,
    /// Those of NEWOBJ_EX: the keyword arguments are next, or complete.
    NewEx,
    /// The object is there; items and a state may follow.
    State,
    Persistent,
}

/// A value is complete, and what it asks for is not written yet.
const PENDING: u8 = 1;
/// A MARK stands below the items.
const MARKED: u8 = 2;
/// No MARK is wanted: items are added one by one, or counted by the opcode.
const BARE: u8 = 4;
/// A dict has a key and waits for its value.
const KEYED: u8 = 8;
/// Not a container of its own: items of the object below.
const PART: u8 = 16;

/// A value in the memo, to be written again by [`Pickler::get_memo`].
///
/// ```
/// use pickle_core::{Level, Pickler, SliceWriter};
///
/// let (mut buffer, mut levels) = ([0; 32], [Level::EMPTY; 2]);
/// let mut pickler = Pickler::new(SliceWriter::new(&mut buffer), 4, &mut levels);
/// pickler.begin_list(None)?.begin_list(None)?.int(7)?.end()?;
/// let inner = pickler.memoize()?;
/// // The same list again: row = [7]; [row, row]
/// pickler.get_memo(inner)?.end()?.finish()?;
/// assert_eq!(pickler.into_sink().written(), b"\x80\x04](](K\x07e\x94h\x00e.");
/// # Ok::<_, pickle_core::WriteError<pickle_core::BufferFull>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memoized(u32);

/// A string that was written once, in the caller's table.
///
/// ```
/// use pickle_core::{Level, Pickler, Shared, SliceWriter};
///
/// let (mut buffer, mut levels, mut names) = ([0; 32], [Level::EMPTY; 2], [Shared::EMPTY; 4]);
/// let mut pickler = Pickler::new(SliceWriter::new(&mut buffer), 4, &mut levels).with_shared(&mut names);
/// pickler.begin_list(Some(2))?.shared_str("temp")?.shared_str("temp")?.end()?.finish()?;
/// assert_eq!(pickler.into_sink().written(), b"\x80\x04](\x8c\x04temp\x94h\x00e.");
/// # Ok::<_, pickle_core::WriteError<pickle_core::BufferFull>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shared<'s> {
    text: &'s str,
    memo: Memoized,
}

impl Shared<'_> {
    /// An unused entry; tables are made of these.
    pub const EMPTY: Shared<'static> = Shared { text: "", memo: Memoized(0) };
}

type Written<'a, P, W> = Result<&'a mut P, WriteError<<W as embedded_io::ErrorType>::Error>>;

/// Writes pickles value by value, straight to a sink.
///
/// Containers are begun and ended; of lists, dicts and sets nobody needs to know the
/// length. The open ones take a [`Level`] each, four bytes of the caller's.
/// Invalid nesting is unrepresentable, or rejected before anything of it is written:
/// a key without a value, an end without a beginning, a second value.
///
/// ```
/// use pickle_core::{Level, Pickler, SliceWriter};
/// let (mut buffer, mut levels) = ([0; 64], [Level::EMPTY; 4]);
/// let mut pickler = Pickler::new(SliceWriter::new(&mut buffer), 4, &mut levels);
/// pickler.begin_dict(None)?.str("id")?.int(7)?.str("temp")?.float(21.5)?;
/// pickler.str("samples")?.begin_list(None)?.int(1)?.int(2)?.end()?;
/// pickler.end()?.finish()?;
/// assert_eq!(pickler.written(), 43);
/// # Ok::<_, pickle_core::WriteError<pickle_core::BufferFull>>(())
/// ```
///
/// With the lengths given, the opcodes are those of CPython's pickler in C but for the memo: nothing is memoised
/// unless [`Pickler::memoize`] or [`Pickler::shared_str`] say so.
pub struct Pickler<'p, W, F = NoFrames> {
    encoder: Encoder<W, F>,
    levels: &'p mut [Level],
    depth: usize,
    root: Level,
    /// Entries in the memo.
    memo: u32,
    shared: &'p mut [Shared<'p>],
    shared_len: usize,
    /// The top of the stack is the last value: it may be memoised.
    fresh: bool,
}

impl<'p, W: Write> Pickler<'p, W> {
    /// Writes to `sink` with the opcodes of `protocol` (0 to 5; more is 5), without frames. `levels` bounds how deep
    /// containers nest.
    pub fn new(sink: W, protocol: u8, levels: &'p mut [Level]) -> Self {
        Pickler::with_encoder(Encoder::new(sink, protocol.min(5)), levels)
    }
}

impl<'p, W: Write, F: Frames> Pickler<'p, W, F> {
    /// Writes through an encoder, for frames.
    pub fn with_encoder(encoder: Encoder<W, F>, levels: &'p mut [Level]) -> Self {
        let root = Level::new(Open::Root, BARE);
        Pickler { encoder, levels, depth: 0, root, memo: 0, shared: &mut [], shared_len: 0, fresh: false }
    }

    /// Gives [`Pickler::shared_str`] a table: as many strings as it has entries are written once and fetched afterwards.
    pub fn with_shared(mut self, table: &'p mut [Shared<'p>]) -> Self {
        self.shared = table;
        self
    }

    /// Bytes that the sink has taken: after a failure, how many are good.
    pub const fn written(&self) -> usize {
        self.encoder.written()
    }

    /// Containers that are open.
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// The sink.
    pub fn sink(&self) -> &W {
        self.encoder.sink()
    }

    /// The sink, as it is.
    pub fn into_sink(self) -> W {
        self.encoder.into_sink()
    }

    // ---- the machine -------------------------------------------------------------

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn protocol(&self) -> u8 {
        self.encoder.protocol()
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn level(&mut self) -> &mut Level {
        match self.depth.checked_sub(1).and_then(|at| self.levels.get_mut(at)) {
            Some(level) => level,
            None => &mut self.root,
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn opcode(&mut self, opcode: Opcode) -> Result<(), WriteError<W::Error>> {
        self.encoder.simple(opcode)
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn simple(&mut self, opcode: Opcode) -> Written<'_, Self, W> {
        self.before()?;
        self.opcode(opcode)?;
        self.after()
    }

    /// A value begins: what the one before asks for comes first.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn before(&mut self) -> Result<(), WriteError<W::Error>> {
        if cfg!(target_pointer_width = "64") && !F::ON && self.is_in_batch() {
            self.fresh = false;
            return Ok(());
        }
        self.before_any()
    }

    /// Counts the last value as [`Pickler::settle`] does, where nothing is to be written between it and the next.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn is_in_batch(&mut self) -> bool {
        let level = self.level();
        if level.flags & (BARE | MARKED | PENDING) != MARKED | PENDING {
            return false;
        }
        match level.open {
            Open::Dict if level.flags & KEYED == 0 => level.flags |= KEYED,
            Open::List | Open::OldSet | Open::Dict | Open::Set => {
                if level.count + 1 >= BATCH {
                    return false;
                }
                level.flags &= !KEYED;
                level.count += 1;
            }
            _ => level.count = level.count.saturating_add(1),
        }
        level.flags &= !PENDING;
        true
    }

    #[inline(never)]
    fn before_any(&mut self) -> Result<(), WriteError<W::Error>> {
        self.encoder.boundary()?;
        self.settle()?;
        let level = *self.level();
        let full = match level.open {
            Open::Root | Open::State | Open::Persistent => level.count == 1,
            Open::NewEx => true,
            _ => level.has(BARE) && level.count == 3,
        };
        if full {
            return Err(self.encoder.fault(ErrorKind::UnexpectedValue, Opcode::Stop));
        }
        if level.open == Open::Root {
            self.encoder.proto()?;
        }
        if !level.has(BARE | MARKED) {
            self.opcode(Opcode::Mark)?;
            self.level().flags |= MARKED;
        }
        Ok(())
    }

    /// A value is complete.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn after(&mut self) -> Written<'_, Self, W> {
        self.level().flags |= PENDING;
        self.fresh = true;
        Ok(self)
    }

    /// Writes what the last value asks for.
    fn settle(&mut self) -> Result<(), WriteError<W::Error>> {
        let Level { open, mut flags, mut count } = *self.level();
        if flags & PENDING == 0 {
            return Ok(());
        }
        flags &= !PENDING;
        let fill = match open {
            Open::List | Open::OldSet => Fill::LIST,
            Open::Dict => Fill::DICT,
            _ => Fill::SET,
        };
        match open {
            Open::Dict if flags & KEYED == 0 => flags |= KEYED,
            Open::List | Open::OldSet | Open::Dict if flags & BARE != 0 => {
                flags &= !KEYED;
                self.opcode(fill.one)?;
            }
            Open::List | Open::OldSet | Open::Dict | Open::Set => {
                flags &= !KEYED;
                count += 1;
                if count == BATCH {
                    count = 0;
                    self.opcode(fill.many)?;
                    // CPython's loops over dicts and sets find out at the next turn that nothing is left.
                    match open {
                        Open::Dict | Open::Set if flags & PART == 0 => self.opcode(Opcode::Mark)?,
                        _ => flags &= !MARKED,
                    }
                }
            }
            _ => count = count.saturating_add(1),
        }
        *self.level() = Level { open, flags, count };
        self.fresh = false;
        Ok(())
    }
}
