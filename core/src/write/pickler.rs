//! Values to opcodes, one after another: no document, no allocation, containers of unknown length.

use crate::literal::escape;
use crate::literal::int;
use crate::literal::utf8;
use crate::wire::frames::{Frames, NoFrames};
use crate::wire::sink::WriteError;
use crate::write::spelling;
use crate::{Encoder, ErrorKind, Opcode};
use embedded_io::Write;

/// Items between two APPENDS, SETITEMS or ADDITEMS (`BATCHSIZE` in `_pickle.c`).
const BATCH: u16 = 1000;

/// One container that is open: four bytes of the caller's memory.
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

/// A value in the memo, to be written again by [`Pickler::recall`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memoized(u32);

/// A string that was written once, in the caller's table.
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
/// What cannot be pickled cannot be said, or is an error before anything of it is written:
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
/// # Ok::<_, pickle_core::WriteError<pickle_core::Full>>(())
/// ```
///
/// With the lengths given, the opcodes are those of CPython's pickler in C but for the memo: nothing is memoised
/// unless [`Pickler::remember`] or [`Pickler::shared_str`] say so.
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

    // ---- scalars -------------------------------------------------------------

    /// None.
    ///
    /// # Errors
    /// The sink fails, or no value may stand here. So for every value.
    pub fn none(&mut self) -> Written<'_, Self, W> {
        self.simple(Opcode::None)
    }

    /// True or False.
    ///
    /// # Errors
    /// As [`Pickler::none`].
    pub fn bool(&mut self, value: bool) -> Written<'_, Self, W> {
        if self.protocol() >= 2 {
            return self.simple(if value { Opcode::NewTrue } else { Opcode::NewFalse });
        }
        self.before()?;
        self.line(Opcode::Int, if value { b"01" } else { b"00" })?;
        self.after()
    }

    /// An int.
    ///
    /// # Errors
    /// As [`Pickler::none`].
    #[cfg_attr(target_pointer_width = "64", inline)]
    pub fn int(&mut self, value: i64) -> Written<'_, Self, W> {
        let Ok(small) = i32::try_from(value) else { return self.big_int(&value.to_le_bytes()) };
        self.before()?;
        let [a, b, c, d] = small.to_le_bytes();
        match (self.protocol(), small) {
            (0, _) => {
                let mut digits = [0; 11];
                self.line(Opcode::Int, int::decimal_i32(small, &mut digits))?;
            }
            (_, 0..=0xff) => self.put(Opcode::BinInt1, &[Opcode::BinInt1.byte(), a], &[])?,
            (_, 0..=0xffff) => self.put(Opcode::BinInt2, &[Opcode::BinInt2.byte(), a, b], &[])?,
            _ => self.put(Opcode::BinInt, &[Opcode::BinInt.byte(), a, b, c, d], &[])?,
        }
        self.after()
    }

    /// An int of zero or more.
    ///
    /// # Errors
    /// As [`Pickler::none`].
    pub fn uint(&mut self, value: u64) -> Written<'_, Self, W> {
        match i64::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => {
                let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
                self.big_int(&[a, b, c, d, e, f, g, h, 0])
            }
        }
    }

    /// An int of up to 128 bits.
    ///
    /// # Errors
    /// As [`Pickler::none`].
    pub fn int128(&mut self, value: i128) -> Written<'_, Self, W> {
        match i64::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => self.big_int(&value.to_le_bytes()),
        }
    }

    /// An int of any size: two's complement, little-endian.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::Inexpressible`] before protocol 2 beyond 64 bytes, which would have to be written in decimal.
    pub fn big_int(&mut self, bytes: &[u8]) -> Written<'_, Self, W> {
        let bytes = int::minimal_twos_complement(bytes);
        if bytes.len() <= 4
            && let Some(small) = int::from_twos_complement(bytes)
        {
            return self.int(small);
        }
        if self.protocol() < 2 {
            return self.decimal(bytes);
        }
        self.counted(bytes, Opcode::Long1, Opcode::Long4, None)
    }

    // Apart, as its room for digits should not be on every caller's stack.
    #[inline(never)]
    fn decimal(&mut self, bytes: &[u8]) -> Written<'_, Self, W> {
        let mut digits = [0; int::DECIMAL_ROOM];
        let Some(digits) = int::decimal(bytes, &mut digits) else {
            return Err(self.encoder.fault(ErrorKind::Inexpressible, Opcode::Long));
        };
        self.before()?;
        self.line(Opcode::Long, digits)?;
        self.after()
    }

    /// A float.
    ///
    /// # Errors
    /// As [`Pickler::none`]. In protocol 0 floats are text, which takes the feature `text-float`:
    /// [`ErrorKind::NotInProtocol0`] without it.
    #[cfg_attr(target_pointer_width = "64", inline)]
    pub fn float(&mut self, value: f64) -> Written<'_, Self, W> {
        #[cfg(feature = "text-float")]
        if self.protocol() == 0 {
            let mut room = [0; crate::literal::float::REPR_ROOM];
            self.before()?;
            self.line(Opcode::Float, crate::literal::float::repr(value, &mut room))?;
            return self.after();
        }
        if self.protocol() == 0 {
            return Err(self.encoder.fault(ErrorKind::NotInProtocol0, Opcode::BinFloat));
        }
        self.before()?;
        let [a, b, c, d, e, f, g, h] = value.to_bits().to_be_bytes();
        self.put(Opcode::BinFloat, &[Opcode::BinFloat.byte(), a, b, c, d, e, f, g, h], &[])?;
        self.after()
    }

    /// A str.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::TooLong`] from 4 GiB on before protocol 4.
    pub fn str(&mut self, value: &str) -> Written<'_, Self, W> {
        self.utf8(value.as_bytes())
    }

    /// A str in UTF-8, in which lone surrogates may stand as three bytes each (`surrogatepass`).
    ///
    /// # Errors
    /// As [`Pickler::str`]; [`ErrorKind::BadUtf8`].
    pub fn str_bytes(&mut self, value: &[u8]) -> Written<'_, Self, W> {
        match utf8::utf8_surrogatepass(value) {
            Ok(_) => self.utf8(value),
            Err(kind) => Err(self.encoder.fault(kind, Opcode::BinUnicode)),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    fn utf8(&mut self, value: &[u8]) -> Written<'_, Self, W> {
        match self.protocol() {
            0 => {
                self.before()?;
                self.encoder.begin_text(Opcode::Unicode)?;
                escape::raw_unicode_pieces(value, escape::is_raw, |piece| self.encoder.piece(piece))?;
                self.encoder.end_pieces()?;
                self.after()
            }
            1..=3 => self.counted(value, Opcode::BinUnicode, Opcode::BinUnicode, None),
            _ => self.counted(value, Opcode::ShortBinUnicode, Opcode::BinUnicode, Some(Opcode::BinUnicode8)),
        }
    }

    /// A str that was given before and has a place in the caller's table is fetched from the memo. For keys that come
    /// again in every record.
    ///
    /// # Errors
    /// As [`Pickler::str`].
    pub fn shared_str(&mut self, value: &'p str) -> Written<'_, Self, W> {
        let known = self.shared.iter().take(self.shared_len).find(|shared| shared.text == value);
        if let Some(&Shared { memo, .. }) = known {
            return self.recall(memo);
        }
        self.str(value)?;
        if self.shared_len < self.shared.len() {
            let memo = self.remember()?;
            if let Some(slot) = self.shared.get_mut(self.shared_len) {
                *slot = Shared { text: value, memo };
                self.shared_len += 1;
            }
        }
        Ok(self)
    }

    /// Bytes. Before protocol 3 as CPython writes them: `_codecs.encode` of a str in Latin-1.
    ///
    /// # Errors
    /// As [`Pickler::str`].
    pub fn bytes(&mut self, value: &[u8]) -> Written<'_, Self, W> {
        match self.protocol() {
            0..=2 => {
                self.check_latin1(value)?;
                self.before()?;
                self.latin1_bytes(value)?;
                self.after()
            }
            3 => self.counted(value, Opcode::ShortBinBytes, Opcode::BinBytes, None),
            _ => self.counted(value, Opcode::ShortBinBytes, Opcode::BinBytes, Some(Opcode::BinBytes8)),
        }
    }

    /// A bytearray. Before protocol 5: `bytearray` of bytes.
    ///
    /// # Errors
    /// As [`Pickler::str`].
    pub fn byte_array(&mut self, value: &[u8]) -> Written<'_, Self, W> {
        match self.protocol() {
            5 => self.counted(value, Opcode::ByteArray8, Opcode::ByteArray8, Some(Opcode::ByteArray8)),
            protocol => {
                self.check_latin1(value)?;
                self.before()?;
                self.global_opcode(spelling::builtins(protocol), "bytearray")?;
                if protocol < 2 {
                    self.opcode(Opcode::Mark)?;
                }
                match protocol {
                    0..=2 => self.latin1_bytes(value)?,
                    _ => self.counted_opcode(value, Opcode::ShortBinBytes, Opcode::BinBytes, None)?,
                }
                self.opcode(if protocol < 2 { Opcode::Tuple } else { Opcode::Tuple1 })?;
                self.opcode(Opcode::Reduce)?;
                self.after()
            }
        }
    }

    /// A class or function by module and name; a name with dots is looked up part by part. Names are written as they
    /// are given: before protocol 3, Python 3 takes those of Python 2 (`__builtin__`).
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::EmptyLine`], or [`ErrorKind::LineBreak`] before protocol 4.
    pub fn global(&mut self, module: &str, name: &str) -> Written<'_, Self, W> {
        self.check_global(module, name)?;
        self.before()?;
        self.global_opcode(module, name)?;
        self.after()
    }

    /// The object behind a persistent id that is text.
    ///
    /// # Errors
    /// As [`Pickler::none`]; in protocol 0, [`ErrorKind::NotAscii`] and [`ErrorKind::LineBreak`].
    pub fn persistent_id(&mut self, id: &str) -> Written<'_, Self, W> {
        if self.protocol() > 0 {
            return self.begin_persistent()?.str(id)?.end();
        }
        if !id.is_ascii() || id.contains('\n') {
            let kind = if id.is_ascii() { ErrorKind::LineBreak } else { ErrorKind::NotAscii };
            return Err(self.encoder.fault(kind, Opcode::PersId));
        }
        self.before()?;
        self.line(Opcode::PersId, id.as_bytes())?;
        self.after()
    }

    /// The next out-of-band buffer.
    ///
    /// # Errors
    /// As [`Pickler::none`]; an opcode of protocol 5.
    pub fn buffer(&mut self, read_only: bool) -> Written<'_, Self, W> {
        if self.protocol() < 5 {
            let kind = ErrorKind::not_in_protocol(self.protocol());
            return Err(self.encoder.fault(kind, Opcode::NextBuffer));
        }
        self.before()?;
        self.opcode(Opcode::NextBuffer)?;
        if read_only {
            self.opcode(Opcode::ReadonlyBuffer)?;
        }
        self.after()
    }

    // ---- containers ------------------------------------------------------------

    /// A list; its items follow, then [`Pickler::end`]. `len` only chooses opcodes: a list of one takes a byte less.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::LevelsFull`]. So for every container.
    pub fn begin_list(&mut self, len: Option<usize>) -> Written<'_, Self, W> {
        self.begin_filled(Open::List, Opcode::EmptyList, Opcode::List, len == Some(1))
    }

    /// A dict; a key, its value, another key ... follow, then [`Pickler::end`].
    ///
    /// # Errors
    /// As [`Pickler::begin_list`].
    pub fn begin_dict(&mut self, len: Option<usize>) -> Written<'_, Self, W> {
        self.begin_filled(Open::Dict, Opcode::EmptyDict, Opcode::Dict, len == Some(1))
    }

    /// A set; its items follow. They must be hashable in Python, which is not checked.
    ///
    /// # Errors
    /// As [`Pickler::begin_list`].
    pub fn begin_set(&mut self) -> Written<'_, Self, W> {
        if self.protocol() < 4 {
            return self.begin_old_set("set");
        }
        self.begin_filled(Open::Set, Opcode::EmptySet, Opcode::EmptySet, false)
    }

    /// A frozenset; its items follow. They must be hashable in Python, which is not checked.
    ///
    /// # Errors
    /// As [`Pickler::begin_list`].
    pub fn begin_frozen_set(&mut self) -> Written<'_, Self, W> {
        if self.protocol() < 4 {
            return self.begin_old_set("frozenset");
        }
        self.begin(Level::new(Open::FrozenSet, 0))
    }

    /// A tuple; its items follow. With `len` up to three, one byte is saved, and more items are an error.
    ///
    /// # Errors
    /// As [`Pickler::begin_list`].
    pub fn begin_tuple(&mut self, len: Option<usize>) -> Written<'_, Self, W> {
        let flags = self.bare_tuple(len);
        self.begin(Level::new(Open::Tuple, flags))
    }

    /// The result of a call: a class or function, then its arguments follow. [`Pickler::then_state`] and its like
    /// say what comes after the call; [`Pickler::end`] ends the object.
    ///
    /// # Errors
    /// As [`Pickler::begin_list`] and [`Pickler::global`].
    pub fn begin_call(&mut self, module: &str, name: &str, args: Option<usize>) -> Written<'_, Self, W> {
        self.begin_object(Open::Call, module, name, args)
    }

    /// An instance as `cls.__new__(cls, *args)` makes it; arguments follow, if any. Then as after [`Pickler::begin_call`].
    ///
    /// ```
    /// use pickle_core::{Level, Pickler, SliceWriter};
    /// let (mut buffer, mut levels) = ([0; 64], [Level::EMPTY; 4]);
    /// let mut pickler = Pickler::new(SliceWriter::new(&mut buffer), 2, &mut levels);
    /// pickler.begin_new("app", "User", Some(0))?.then_state()?;
    /// pickler.begin_dict(Some(1))?.str("name")?.str("Jane")?.end()?;
    /// pickler.end()?.finish()?;
    /// # Ok::<_, pickle_core::WriteError<pickle_core::Full>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Pickler::begin_call`].
    pub fn begin_new(&mut self, module: &str, name: &str, args: Option<usize>) -> Written<'_, Self, W> {
        self.begin_object(Open::New, module, name, args)
    }

    /// An instance of a class of Python 2 that does not derive from `object`: made of nothing, without a call. Then as
    /// after [`Pickler::begin_call`]. Python 3 has no such classes, and calls the class.
    ///
    /// # Errors
    /// As [`Pickler::begin_call`].
    pub fn begin_instance(&mut self, module: &str, name: &str) -> Written<'_, Self, W> {
        self.check_global(module, name)?;
        self.begin(Level::new(Open::State, BARE))?;
        self.opcode(Opcode::Mark)?;
        if self.protocol() == 0 {
            self.names_line(Opcode::Inst, module, name.as_bytes())?;
        } else {
            self.global_opcode(module, name)?;
            self.opcode(Opcode::Obj)?;
        }
        self.fresh = true;
        Ok(self)
    }

    /// After the arguments of [`Pickler::begin_new`]: keyword arguments follow, as the keys (str) and values of a dict; then
    /// [`Pickler::end`] (of the keywords), and the object is still open.
    ///
    /// # Errors
    /// As [`Pickler::begin_list`]; [`ErrorKind::NothingOpen`] elsewhere; an opcode of protocol 4.
    pub fn then_keywords(&mut self) -> Written<'_, Self, W> {
        self.check_levels()?;
        if self.level().open != Open::New {
            return Err(self.encoder.fault(ErrorKind::NothingOpen, Opcode::NewObjEx));
        }
        if self.protocol() < 4 {
            let kind = ErrorKind::not_in_protocol(self.protocol());
            return Err(self.encoder.fault(kind, Opcode::NewObjEx));
        }
        self.settle()?;
        self.end_tuple()?;
        *self.level() = Level::new(Open::NewEx, BARE);
        self.push(Level::new(Open::Dict, PART));
        self.opcode(Opcode::EmptyDict)?;
        Ok(self)
    }

    /// The arguments are complete: items to `append` or `extend` follow, then [`Pickler::end`] (of the items), and the
    /// object is still open.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::NothingOpen`] outside an object.
    pub fn then_items(&mut self) -> Written<'_, Self, W> {
        self.then(Level::new(Open::List, PART))
    }

    /// The arguments are complete: keys and values to set follow, then [`Pickler::end`] (of the entries).
    ///
    /// # Errors
    /// As [`Pickler::then_items`].
    pub fn then_entries(&mut self) -> Written<'_, Self, W> {
        self.then(Level::new(Open::Dict, PART))
    }

    /// The arguments are complete: one value follows, the state; then [`Pickler::end`] of the object.
    ///
    /// # Errors
    /// As [`Pickler::then_items`].
    pub fn then_state(&mut self) -> Written<'_, Self, W> {
        self.object()?;
        Ok(self)
    }

    /// The object behind a persistent id; one value follows, the id.
    ///
    /// # Errors
    /// As [`Pickler::begin_list`]; an opcode of protocol 1.
    pub fn begin_persistent(&mut self) -> Written<'_, Self, W> {
        if self.protocol() < 1 {
            return Err(self.encoder.fault(ErrorKind::NotInProtocol0, Opcode::BinPersId));
        }
        self.begin(Level::new(Open::Persistent, BARE))
    }

    /// Ends the innermost container.
    ///
    /// # Errors
    /// [`ErrorKind::NothingOpen`], [`ErrorKind::OddItems`] for a key without a value,
    /// [`ErrorKind::MissingValue`]. Or the sink fails.
    pub fn end(&mut self) -> Written<'_, Self, W> {
        let level = *self.level();
        if level.open == Open::Dict && level.has(KEYED) != level.has(PENDING) {
            return Err(self.encoder.fault(ErrorKind::OddItems, Opcode::SetItems));
        }
        match level.open {
            Open::Root => return Err(self.encoder.fault(ErrorKind::NothingOpen, Opcode::Stop)),
            Open::Persistent if level.count == 0 && !level.has(PENDING) => {
                return Err(self.encoder.fault(ErrorKind::MissingValue, Opcode::BinPersId));
            }
            _ => {}
        }
        self.settle()?;
        let Level { open, flags, count } = *self.level();
        let marked = flags & MARKED != 0;
        match open {
            Open::List if marked => self.opcode(Opcode::Appends)?,
            Open::Dict if marked => self.opcode(Opcode::SetItems)?,
            Open::Set if marked => self.opcode(Opcode::AddItems)?,
            Open::FrozenSet => {
                if !marked {
                    self.opcode(Opcode::Mark)?;
                }
                self.opcode(Opcode::FrozenSet)?;
            }
            Open::OldSet => {
                if marked {
                    self.opcode(Opcode::Appends)?;
                }
                self.opcode(if self.protocol() < 2 { Opcode::Tuple } else { Opcode::Tuple1 })?;
                self.opcode(Opcode::Reduce)?;
            }
            Open::Tuple => self.end_tuple()?,
            Open::Call | Open::New | Open::NewEx => self.object()?,
            Open::State if count != 0 => self.opcode(Opcode::Build)?,
            Open::Persistent => self.opcode(Opcode::BinPersId)?,
            _ => {}
        }
        self.depth -= 1;
        self.fresh = true;
        if flags & PART != 0 { Ok(self) } else { self.after() }
    }

    /// Ends the pickle. Another may follow, with a memo of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Unclosed`], [`ErrorKind::MissingValue`]. Or the sink fails.
    pub fn finish(&mut self) -> Result<(), WriteError<W::Error>> {
        if self.depth != 0 {
            return Err(self.encoder.fault(ErrorKind::Unclosed, Opcode::Stop));
        }
        if !self.root.has(PENDING) {
            return Err(self.encoder.fault(ErrorKind::MissingValue, Opcode::Stop));
        }
        self.opcode(Opcode::Stop)?;
        self.encoder.flush()?;
        self.root = Level::new(Open::Root, BARE);
        self.memo = 0;
        self.shared_len = 0;
        Ok(())
    }

    // ---- memo --------------------------------------------------------------------

    /// Puts the last value, or the container that was just begun, into the memo.
    ///
    /// # Errors
    /// [`ErrorKind::MissingValue`] if no value was written last. Or the sink fails.
    pub fn remember(&mut self) -> Result<Memoized, WriteError<W::Error>> {
        if !self.fresh {
            return Err(self.encoder.fault(ErrorKind::MissingValue, Opcode::Memoize));
        }
        let index = self.memo;
        match self.protocol() {
            4.. => self.opcode(Opcode::Memoize)?,
            _ => self.memo_opcode(index, Opcode::Put, Opcode::BinPut, Opcode::LongBinPut)?,
        }
        self.memo += 1;
        Ok(Memoized(index))
    }

    /// The same object again.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::MemoMissing`] if it is of another pickle and unknown here.
    #[cfg_attr(target_pointer_width = "64", inline)]
    pub fn recall(&mut self, memoized: Memoized) -> Written<'_, Self, W> {
        if memoized.0 >= self.memo {
            return Err(self.encoder.fault(ErrorKind::MemoMissing, Opcode::Get));
        }
        self.before()?;
        self.memo_opcode(memoized.0, Opcode::Get, Opcode::BinGet, Opcode::LongBinGet)?;
        self.after()
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn memo_opcode(
        &mut self,
        index: u32,
        line: Opcode,
        short: Opcode,
        long: Opcode,
    ) -> Result<(), WriteError<W::Error>> {
        let [a, b, c, d] = index.to_le_bytes();
        if self.protocol() == 0 {
            // Indices stay below the number of opcodes, far from negative.
            return self.line(line, int::decimal_i32(index as i32, &mut [0; 11]));
        }
        if index <= 0xff {
            return self.put(short, &[short.byte(), a], &[]);
        }
        self.put(long, &[long.byte(), a, b, c, d], &[])
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
        self.put(opcode, &[opcode.byte()], &[])
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn put(&mut self, opcode: Opcode, head: &[u8], tail: &[u8]) -> Result<(), WriteError<W::Error>> {
        self.encoder.emit(opcode, head, tail, false)
    }

    fn line(&mut self, opcode: Opcode, text: &[u8]) -> Result<(), WriteError<W::Error>> {
        self.encoder.emit(opcode, &[opcode.byte()], text, true)
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
        let protocol = self.protocol();
        let level = *self.level();
        let full = match level.open {
            Open::Root | Open::State | Open::Persistent => level.count == 1,
            Open::NewEx => true,
            _ => level.has(BARE) && level.count == 3,
        };
        if full {
            return Err(self.encoder.fault(ErrorKind::UnexpectedValue, Opcode::Stop));
        }
        if level.open == Open::Root && protocol >= 2 {
            self.put(Opcode::Proto, &[Opcode::Proto.byte(), protocol], &[])?;
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
        let (single, batch) = match open {
            Open::List | Open::OldSet => (Opcode::Append, Opcode::Appends),
            Open::Dict => (Opcode::SetItem, Opcode::SetItems),
            _ => (Opcode::AddItems, Opcode::AddItems),
        };
        match open {
            Open::Dict if flags & KEYED == 0 => flags |= KEYED,
            Open::List | Open::OldSet | Open::Dict if flags & BARE != 0 => {
                flags &= !KEYED;
                self.opcode(single)?;
            }
            Open::List | Open::OldSet | Open::Dict | Open::Set => {
                flags &= !KEYED;
                count += 1;
                if count == BATCH {
                    count = 0;
                    self.opcode(batch)?;
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

    /// Opens a level for a value that begins here.
    fn begin(&mut self, level: Level) -> Written<'_, Self, W> {
        self.check_levels()?;
        self.before()?;
        self.push(level);
        self.fresh = false;
        Ok(self)
    }

    fn check_levels(&self) -> Result<(), WriteError<W::Error>> {
        if self.depth < self.levels.len() {
            Ok(())
        } else {
            Err(self.encoder.fault(ErrorKind::LevelsFull, Opcode::Mark))
        }
    }

    fn push(&mut self, level: Level) {
        if let Some(slot) = self.levels.get_mut(self.depth) {
            *slot = level;
            self.depth += 1;
        }
    }

    fn begin_filled(&mut self, open: Open, empty: Opcode, old: Opcode, single: bool) -> Written<'_, Self, W> {
        self.begin(Level::new(open, if single || self.protocol() == 0 { BARE } else { 0 }))?;
        match self.protocol() {
            0 => {
                self.opcode(Opcode::Mark)?;
                self.opcode(old)?;
            }
            _ => self.opcode(empty)?,
        }
        self.fresh = true;
        Ok(self)
    }

    fn begin_old_set(&mut self, class: &str) -> Written<'_, Self, W> {
        let protocol = self.protocol();
        self.begin(Level::new(Open::OldSet, if protocol == 0 { BARE } else { 0 }))?;
        self.global_opcode(spelling::builtins(protocol), class)?;
        if protocol < 2 {
            self.opcode(Opcode::Mark)?;
        }
        match protocol {
            0 => {
                self.opcode(Opcode::Mark)?;
                self.opcode(Opcode::List)?;
            }
            _ => self.opcode(Opcode::EmptyList)?,
        }
        Ok(self)
    }

    fn bare_tuple(&self, len: Option<usize>) -> u8 {
        if self.protocol() >= 2 && len.is_some_and(|len| len <= 3) { BARE } else { 0 }
    }

    /// The opcode of a tuple whose items have been written.
    fn end_tuple(&mut self) -> Result<(), WriteError<W::Error>> {
        let Level { flags, count, .. } = *self.level();
        let marked = flags & MARKED != 0;
        let opcode = match count {
            _ if marked => Opcode::Tuple,
            0 if self.protocol() == 0 => {
                self.opcode(Opcode::Mark)?;
                Opcode::Tuple
            }
            0 => Opcode::EmptyTuple,
            1 => Opcode::Tuple1,
            2 => Opcode::Tuple2,
            _ => Opcode::Tuple3,
        };
        self.opcode(opcode)
    }

    fn begin_object(&mut self, open: Open, module: &str, name: &str, args: Option<usize>) -> Written<'_, Self, W> {
        self.check_global(module, name)?;
        let old = open == Open::New && self.protocol() < 2;
        let flags = self.bare_tuple(args);
        self.begin(Level::new(if old { Open::Call } else { open }, flags))?;
        if old {
            // What `copyreg.__newobj__` is for; the class is the first argument.
            self.global_opcode("copy_reg", "__newobj__")?;
            self.opcode(Opcode::Mark)?;
            *self.level() = Level { open: Open::Call, flags: MARKED, count: 0 };
        }
        self.global_opcode(module, name)?;
        Ok(self)
    }

    /// Makes the object of its arguments, unless that is done.
    fn object(&mut self) -> Result<(), WriteError<W::Error>> {
        let open = self.level().open;
        let made = match open {
            Open::Call => Opcode::Reduce,
            Open::New => Opcode::NewObj,
            Open::NewEx => Opcode::NewObjEx,
            Open::State if !self.level().has(PENDING) && self.level().count == 0 => return Ok(()),
            _ => return Err(self.encoder.fault(ErrorKind::NothingOpen, Opcode::Build)),
        };
        if open != Open::NewEx {
            self.settle()?;
            self.end_tuple()?;
        }
        self.opcode(made)?;
        *self.level() = Level::new(Open::State, BARE);
        self.fresh = true;
        Ok(())
    }

    fn then(&mut self, part: Level) -> Written<'_, Self, W> {
        self.check_levels()?;
        self.object()?;
        let bare = if self.protocol() == 0 { BARE } else { 0 };
        self.push(Level { flags: part.flags | bare, ..part });
        Ok(self)
    }

    // ---- opcodes with payloads -----------------------------------------------------

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn counted(&mut self, bytes: &[u8], short: Opcode, long: Opcode, huge: Option<Opcode>) -> Written<'_, Self, W> {
        if u32::try_from(bytes.len()).is_err() && huge.is_none() {
            return Err(self.encoder.fault(ErrorKind::TooLong, long));
        }
        self.before()?;
        self.counted_opcode(bytes, short, long, huge)?;
        self.after()
    }

    /// `short` has one byte of length, unless it is also `long`; `long` has four, `huge` eight.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn counted_opcode(
        &mut self,
        bytes: &[u8],
        short: Opcode,
        long: Opcode,
        huge: Option<Opcode>,
    ) -> Result<(), WriteError<W::Error>> {
        let [a, b, c, d, e, f, g, h] = (bytes.len() as u64).to_le_bytes();
        match (huge, bytes.len() as u64) {
            (_, 0..=0xff) if short != long => self.put(short, &[short.byte(), a], bytes),
            (Some(huge), 0x1_0000_0000..) => self.put(huge, &[huge.byte(), a, b, c, d, e, f, g, h], bytes),
            (Some(huge), _) if huge == long => self.put(huge, &[huge.byte(), a, b, c, d, e, f, g, h], bytes),
            _ => self.put(long, &[long.byte(), a, b, c, d], bytes),
        }
    }

    fn check_latin1(&self, bytes: &[u8]) -> Result<(), WriteError<W::Error>> {
        if (bytes.len() as u64) < 0x8000_0000 || self.protocol() > 3 {
            Ok(())
        } else {
            Err(self.encoder.fault(ErrorKind::TooLong, Opcode::BinUnicode))
        }
    }

    /// Bytes before protocol 3: `_codecs.encode(text, 'latin1')`, or `bytes()` where there are none (`save_bytes`).
    fn latin1_bytes(&mut self, bytes: &[u8]) -> Result<(), WriteError<W::Error>> {
        let protocol = self.protocol();
        if bytes.is_empty() {
            self.global_opcode("__builtin__", "bytes")?;
            if protocol == 0 {
                self.opcode(Opcode::Mark)?;
            }
            self.opcode(if protocol == 0 { Opcode::Tuple } else { Opcode::EmptyTuple })?;
            return self.opcode(Opcode::Reduce);
        }
        self.global_opcode("_codecs", "encode")?;
        if protocol < 2 {
            self.opcode(Opcode::Mark)?;
        }
        if protocol == 0 {
            self.encoder.begin_text(Opcode::Unicode)?;
            escape::raw_unicode_latin1_pieces(bytes, |piece| self.encoder.piece(piece))?;
            self.encoder.end_pieces()?;
            self.line(Opcode::Unicode, b"latin1")?;
        } else {
            let high = bytes.iter().filter(|b| !b.is_ascii()).count();
            self.encoder.begin_payload(Opcode::BinUnicode, (bytes.len() + high) as u64)?;
            let mut rest = bytes;
            while !rest.is_empty() {
                // Not `chunk_by`, which has a panic in it.
                let ascii = rest.iter().take_while(|byte| byte.is_ascii()).count();
                let (run, others) = rest.split_at_checked(ascii).unwrap_or((rest, &[]));
                self.encoder.piece(run)?;
                rest = others;
                if let Some((byte, others)) = others.split_first() {
                    self.encoder.piece(&[0xc0 | byte >> 6, 0x80 | byte & 0x3f])?;
                    rest = others;
                }
            }
            self.encoder.end_pieces()?;
            self.put(Opcode::BinUnicode, &[Opcode::BinUnicode.byte(), 6, 0, 0, 0], b"latin1")?;
        }
        self.opcode(if protocol < 2 { Opcode::Tuple } else { Opcode::Tuple2 })?;
        self.opcode(Opcode::Reduce)
    }

    fn check_global(&self, module: &str, name: &str) -> Result<(), WriteError<W::Error>> {
        if module.is_empty() || name.is_empty() {
            return Err(self.encoder.fault(ErrorKind::EmptyLine, Opcode::Global));
        }
        if self.protocol() < 4 && (module.contains('\n') || name.contains('\n')) {
            return Err(self.encoder.fault(ErrorKind::LineBreak, Opcode::Global));
        }
        if self.protocol() >= 4 && (u32::try_from(module.len()).is_err() || u32::try_from(name.len()).is_err()) {
            return Err(self.encoder.fault(ErrorKind::TooLong, Opcode::StackGlobal));
        }
        Ok(())
    }

    /// GLOBAL or STACK_GLOBAL. Before protocol 4 the rest of a dotted name is looked up by `getattr`.
    fn global_opcode(&mut self, module: &str, name: &str) -> Result<(), WriteError<W::Error>> {
        let protocol = self.protocol();
        if protocol >= 4 {
            self.counted_opcode(module.as_bytes(), Opcode::ShortBinUnicode, Opcode::BinUnicode, None)?;
            self.counted_opcode(name.as_bytes(), Opcode::ShortBinUnicode, Opcode::BinUnicode, None)?;
            return self.opcode(Opcode::StackGlobal);
        }
        for _ in name.bytes().filter(|&b| b == b'.') {
            self.names_line(Opcode::Global, spelling::builtins(protocol), b"getattr")?;
            self.opcode(Opcode::Mark)?;
        }
        // Not `split` of a str, which has a panic in it.
        let mut parts = name.as_bytes().split(|&b| b == b'.');
        self.names_line(Opcode::Global, module, parts.next().unwrap_or_default())?;
        for part in parts {
            match protocol {
                0 => {
                    self.encoder.begin_text(Opcode::Unicode)?;
                    escape::raw_unicode_pieces(part, escape::is_raw, |piece| self.encoder.piece(piece))?;
                    self.encoder.end_pieces()?;
                }
                _ => self.counted_opcode(part, Opcode::BinUnicode, Opcode::BinUnicode, None)?,
            }
            self.opcode(Opcode::Tuple)?;
            self.opcode(Opcode::Reduce)?;
        }
        Ok(())
    }

    /// GLOBAL or INST.
    fn names_line(&mut self, opcode: Opcode, module: &str, name: &[u8]) -> Result<(), WriteError<W::Error>> {
        self.encoder.begin_text(opcode)?;
        self.encoder.piece(module.as_bytes())?;
        self.encoder.piece(b"\n")?;
        self.encoder.piece(name)?;
        self.encoder.end_pieces()
    }
}
