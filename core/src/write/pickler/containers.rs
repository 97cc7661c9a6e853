//! Containers and objects: begun, filled and ended.

use super::{BARE, KEYED, Level, MARKED, Open, PART, PENDING, Pickler, Written};
use crate::wire::frames::Frames;
use crate::wire::sink::WriteError;
use crate::write::spelling::{self, Fill};
use crate::{ErrorKind, Opcode};
use embedded_io::Write;

impl<W: Write, F: Frames> Pickler<'_, W, F> {
    /// A list; its items follow, then [`Pickler::end`]. `len` only chooses opcodes: a list of one takes a byte less.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::LevelsFull`]. So for every container.
    pub fn begin_list(&mut self, len: Option<usize>) -> Written<'_, Self, W> {
        self.begin_filled(Open::List, len == Some(1))?;
        self.encoder.begin_list()?;
        self.begun()
    }

    /// A dict; a key, its value, another key ... follow, then [`Pickler::end`].
    ///
    /// # Errors
    /// As [`Pickler::begin_list`].
    pub fn begin_dict(&mut self, len: Option<usize>) -> Written<'_, Self, W> {
        self.begin_filled(Open::Dict, len == Some(1))?;
        self.encoder.begin_dict()?;
        self.begun()
    }

    /// A set; its items follow. They must be hashable in Python, which is not checked.
    ///
    /// # Errors
    /// As [`Pickler::begin_list`].
    pub fn begin_set(&mut self) -> Written<'_, Self, W> {
        if self.protocol() < 4 {
            return self.begin_old_set("set");
        }
        self.begin_filled(Open::Set, false)?;
        self.opcode(Opcode::EmptySet)?;
        self.begun()
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
    /// # Ok::<_, pickle_core::WriteError<pickle_core::BufferFull>>(())
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
            self.any_global(module, name)?;
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
            Open::List if marked => self.opcode(Fill::LIST.many)?,
            Open::Dict if marked => self.opcode(Fill::DICT.many)?,
            Open::Set if marked => self.opcode(Fill::SET.many)?,
            Open::FrozenSet => {
                if !marked {
                    self.opcode(Opcode::Mark)?;
                }
                self.opcode(Opcode::FrozenSet)?;
            }
            Open::OldSet => {
                if marked {
                    self.opcode(Fill::LIST.many)?;
                }
                spelling::end_old_set(self)?;
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

    fn begin_filled(&mut self, open: Open, single: bool) -> Result<(), WriteError<W::Error>> {
        let flags = if single || self.protocol() == 0 { BARE } else { 0 };
        self.begin(Level::new(open, flags)).map(|_| ())
    }

    /// The opcode of an empty container is written: it may be memoised.
    fn begun(&mut self) -> Written<'_, Self, W> {
        self.fresh = true;
        Ok(self)
    }

    fn begin_old_set(&mut self, class: &str) -> Written<'_, Self, W> {
        self.begin_filled(Open::OldSet, false)?;
        spelling::begin_old_set(self, class)?;
        Ok(self)
    }

    fn bare_tuple(&self, len: Option<usize>) -> u8 {
        if len.is_some_and(|len| self.encoder.counts_tuple(len)) { BARE } else { 0 }
    }

    /// The opcode of a tuple whose items have been written.
    fn end_tuple(&mut self) -> Result<(), WriteError<W::Error>> {
        let Level { flags, count, .. } = *self.level();
        let marked = flags & MARKED != 0;
        match count {
            _ if marked => self.opcode(Opcode::Tuple),
            0 => self.encoder.empty_tuple(),
            _ => self.encoder.end_tuple(count.into()),
        }
    }

    fn begin_object(&mut self, open: Open, module: &str, name: &str, args: Option<usize>) -> Written<'_, Self, W> {
        self.check_global(module, name)?;
        let old = open == Open::New && self.protocol() < 2;
        let flags = self.bare_tuple(args);
        self.begin(Level::new(if old { Open::Call } else { open }, flags))?;
        if old {
            // What `copyreg.__newobj__` is for; the class is the first argument.
            self.any_global("copy_reg", "__newobj__")?;
            self.opcode(Opcode::Mark)?;
            *self.level() = Level { open: Open::Call, flags: MARKED, count: 0 };
        }
        self.any_global(module, name)?;
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
}
