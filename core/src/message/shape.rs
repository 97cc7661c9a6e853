//! Dicts, lists and tuples: in which order CPython writes what is in them.

use super::reader::{Place, Reader, is_text, op};
use super::refusal::RefusalReason;
use super::text::Raw;
use crate::wire::op::BATCH;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the container.
    New,
    /// Behind the container, whole so far.
    Idle,
    /// Behind an item that APPEND or SETITEM must follow.
    Single,
    /// Between MARK and APPENDS or SETITEMS.
    Batch,
    /// Between MARK and TUPLE.
    Marked,
    /// In a tuple without a mark.
    Small,
    Over,
}

/// A container that is being read.
pub(super) struct Level<'i> {
    /// Where to go on behind a container out of the memo.
    back: Option<Place<'i>>,
    /// Before the item that APPEND must follow.
    before: Place<'i>,
    start: u32,
    /// Items, or keys with their values, that are surely in it.
    count: u32,
    /// The same before the MARK.
    batch: u32,
    state: State,
    /// A tuple of it has one to three items, the first of which may begin with a MARK.
    few: bool,
    /// It may be a dict, and whether it is one.
    dicts: bool,
    dict: bool,
    /// The opcodes that take one item, and all behind a MARK.
    one: u8,
    many: u8,
    /// Made by MARK LIST or MARK DICT: protocol 0, which writes one item at a time.
    one_by_one: bool,
    /// A text may follow the container that does not belong to it.
    inside: bool,
    /// Its items are numbers or texts.
    simple: bool,
}

impl Level<'_> {
    #[inline(always)]
    fn new(simple: bool, few: bool, dicts: bool) -> Self {
        Level {
            back: None,
            before: Place::default(),
            start: 0,
            count: 0,
            batch: 0,
            state: State::New,
            few,
            dicts,
            dict: false,
            one: op::APPEND,
            many: op::APPENDS,
            one_by_one: false,
            inside: false,
            simple,
        }
    }

    fn set_dict(&mut self) {
        (self.dict, self.one, self.many) = (true, op::SETITEM, op::SETITEMS);
    }
}

/// Fields of a message that are being read.
///
/// See the example of [`Reader`](super::Reader).
pub struct Fields<'i> {
    level: Level<'i>,
    seen: u32,
    next: usize,
}

/// Items of a list or tuple that are being read.
///
/// See the example of [`Reader`](super::Reader).
pub struct LazyItems<'i> {
    level: Level<'i>,
    texts: bool,
}

/// What the items of a list are.
///
/// See the example of [`Reader`](super::Reader).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemKind {
    /// Numbers or bools.
    Number,
    /// Texts or bytes, or None.
    Text,
    /// Lists or messages.
    Container,
}

/// The names of the fields of a message.
///
/// See the example of [`Reader`](super::Reader).
pub trait FieldNames {
    /// How many there are.
    fn count(&self) -> usize;

    /// One of them.
    fn name(&self, index: usize) -> &[u8];
}

impl FieldNames for [&str] {
    #[inline(always)]
    fn count(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn name(&self, index: usize) -> &[u8] {
        self.get(index).map_or(&[], |name| name.as_bytes())
    }
}

impl<'i> Reader<'i, '_> {
    /// Begins a container, when its first item is asked for: a level that is returned open would be copied.
    fn open(&mut self, level: &mut Level<'i>) {
        level.state = State::Idle;
        level.inside = self.inside;
        let mut first = self.look();
        if matches!(first, op::BINGET | op::LONG_BINGET | op::GET) {
            let before = self.place();
            let byte = self.op();
            level.back = self.fetch(byte, level.simple);
            first = self.look();
            if is_text(first) && level.back.take().is_some() {
                // Not the container, but the first item of a small tuple.
                self.come_back(before);
                first = byte;
            }
        }
        match first {
            op::EMPTY_DICT if level.dicts => {
                self.op();
                level.set_dict();
            }
            op::EMPTY_LIST => {
                self.op();
            }
            op::EMPTY_TUPLE => {
                self.op();
                level.state = State::Over;
            }
            op::MARK if !level.few || self.protocol() < 2 => {
                self.op();
                level.start = self.top();
                self.no_top();
                let second = self.peek();
                if second == op::DICT {
                    level.set_dict();
                    if !level.dicts {
                        self.refuse(RefusalReason::WrongType);
                    }
                }
                if matches!(second, op::DICT | op::LIST) {
                    self.op();
                    self.top_from(level.start);
                    level.one_by_one = true;
                } else {
                    level.state = State::Marked;
                    self.inside = true;
                }
            }
            _ => {
                level.start = self.upcoming();
                level.state = State::Small;
                self.inside = true;
            }
        }
    }

    /// Whether another item, or key with its value, follows.
    #[inline(always)]
    fn more(&mut self, level: &mut Level<'i>, texts: bool) -> bool {
        let next = self.look();
        if level.state == State::Batch && next != level.many {
            level.count += 1;
            return next != 0;
        }
        self.look_on(level, texts, next)
    }

    /// The same where that is not in the middle of a batch.
    #[inline(never)]
    fn look_on(&mut self, level: &mut Level<'i>, texts: bool, mut next: u8) -> bool {
        loop {
            if let Some(more) = self.turn(level, texts, next) {
                return more;
            }
            next = self.look();
            if level.state == State::Batch && next != level.many {
                level.count += 1;
                return next != 0;
            }
        }
    }

    /// The same with one opcode; `None` where the next has to be looked at. (In a loop, the compiler would load all of
    /// the level ahead, for every item.)
    #[inline(never)]
    fn turn(&mut self, level: &mut Level<'i>, texts: bool, next: u8) -> Option<bool> {
        if level.state == State::Over {
            return Some(self.close(level));
        }
        if level.state == State::New {
            self.open(level);
            return None;
        }
        let mut state = State::Over;
        match level.state {
            _ if next == 0 => return Some(false),
            State::Batch if level.count - level.batch == BATCH => state = State::Idle,
            State::Batch => {}
            State::Marked if next != op::TUPLE => {
                level.count += 1;
                return Some(true);
            }
            State::Marked => {
                level.state = State::Over;
                self.op();
                self.top_from(level.start);
                return None;
            }
            State::Small => {
                if level.count != 0 && u32::from(next.wrapping_sub(op::TUPLE1 - 1)) == level.count {
                    self.op();
                    self.top_small(level.start, level.simple);
                    level.state = State::Over;
                    return None;
                }
                if level.count < 3 {
                    level.count += 1;
                    return Some(true);
                }
                self.refuse_next(RefusalReason::Unexpected);
                return Some(false);
            }
            State::Single if next == level.one => {
                level.count += 1;
                if level.one_by_one {
                    state = State::Idle;
                }
            }
            State::Single if !level.dict && level.inside => {
                // The list is empty or whole, and what was read stands behind it.
                self.go(level.before);
                level.state = State::Over;
                return None;
            }
            State::Single => {
                self.refuse_next(RefusalReason::Unexpected);
                return Some(false);
            }
            _ if next == op::MARK && !level.one_by_one => {
                level.batch = level.count;
                self.inside = true;
                state = State::Batch;
            }
            _ => {
                let over =
                    if level.dict { !is_text(next) } else { ends(next, texts) || (level.simple && next == op::MARK) };
                if over {
                    level.state = State::Over;
                    return None;
                }
                level.before = self.place();
                level.state = State::Single;
                self.inside = false;
                return Some(true);
            }
        }
        self.op();
        self.no_top();
        level.state = state;
        if state == State::Over { Some(self.close(level)) } else { None }
    }

    /// Behind a container: no item follows.
    fn close(&mut self, level: &mut Level<'i>) -> bool {
        self.inside = level.inside;
        if let Some(back) = level.back.take() {
            self.come_back(back);
        }
        false
    }

    /// Begins a message of at most `count` fields: a dict by their names, or a list or tuple of them in their order.
    #[inline(always)]
    pub fn fields(&mut self, count: usize) -> Fields<'i> {
        Fields { level: Level::new(false, count <= 3, true), seen: 0, next: 0 }
    }

    /// The number of the next field, whose value comes next; `None` behind the last.
    ///
    /// That of a field that has none of the names is the number of names: [`Reader::skip`] its value, or
    /// [`Reader::refuse`] it. Names are at most 32; with a backslash, quotes or beyond ASCII, they are not found in
    /// pickles of protocol 0, which are refused then.
    #[inline(never)]
    pub fn field(&mut self, fields: &mut Fields<'i>, names: &(impl FieldNames + ?Sized)) -> Option<usize> {
        if !self.more(&mut fields.level, true) {
            return None;
        }
        let mut index = fields.next;
        if fields.level.dict {
            let key = self.raw();
            index = find(key, names, index).unwrap_or(names.count());
            if key.is_bytes() {
                self.refuse(RefusalReason::WrongType);
            }
            if index == names.count() {
                if fields.level.state == State::Single && fields.level.inside {
                    // A key of the dict around this one.
                    self.go(fields.level.before);
                    fields.level.state = State::Over;
                    self.more(&mut fields.level, true);
                    return None;
                }
                self.check_unknown(key, names);
            }
        }
        index = index.min(names.count());
        self.set_field(index);
        let bit = if index < 32 && index < names.count() { 1 << index } else { 0 };
        if fields.seen & bit != 0 {
            self.refuse(RefusalReason::DuplicateField);
        }
        fields.seen |= bit;
        fields.next = index.saturating_add(1);
        Some(index)
    }

    /// A key that no name is may be one that is written with escapes.
    #[cold]
    fn check_unknown(&mut self, key: Raw<'i>, names: &(impl FieldNames + ?Sized)) {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !b"\\'\"".contains(byte);
        if key.borrowed().is_err() && !(0..names.count()).all(|index| names.name(index).iter().all(is_plain)) {
            self.refuse(RefusalReason::Escaped);
        }
    }

    /// Ends a message; the bits of `required` are the fields that must have come.
    #[inline(never)]
    pub fn end_fields(&mut self, fields: &Fields<'i>, required: u32) {
        let missing = required & !fields.seen;
        if missing != 0 {
            self.refuse_here(RefusalReason::MissingField, missing.trailing_zeros() as usize);
        }
    }

    /// Begins a list or tuple. `exactly`: how many items it has, where that is known.
    #[inline(always)]
    pub fn items(&mut self, kind: ItemKind, exactly: Option<usize>) -> LazyItems<'i> {
        let few = kind == ItemKind::Container && exactly.is_some_and(|count| count <= 3);
        LazyItems { level: Level::new(kind != ItemKind::Container, few, false), texts: kind != ItemKind::Number }
    }

    /// Whether another item follows, to be read next. In the end, [`LazyItems::count`] says how many there were: it may be
    /// one less than were read, and then the last was none of the list.
    #[inline(always)]
    pub fn item(&mut self, items: &mut LazyItems<'i>) -> bool {
        self.more(&mut items.level, items.texts)
    }
}

impl LazyItems<'_> {
    /// How many items there were.
    pub fn count(&self) -> usize {
        self.level.count as usize
    }
}

/// What cannot begin an item of a list: an opcode that takes it off the stack, or a key that follows it.
fn ends(byte: u8, texts: bool) -> bool {
    matches!(byte, op::SETITEM | op::SETITEMS | op::APPEND | op::APPENDS | op::STOP | op::TUPLE)
        || matches!(byte, op::TUPLE1 | op::TUPLE2 | op::TUPLE3)
        || (!texts && is_text(byte))
}

/// The number of the name that the key is; `guess` is tried first.
fn find(key: Raw<'_>, names: &(impl FieldNames + ?Sized), guess: usize) -> Option<usize> {
    let bytes = key.plain()?;
    let count = names.count();
    let mut index = guess;
    for _ in 0..count {
        if index >= count {
            index = 0;
        }
        // Names are short: a loop here is faster than a call.
        if names.name(index).len() == bytes.len() && names.name(index).iter().zip(bytes).all(|(a, b)| a == b) {
            return Some(index);
        }
        index += 1;
    }
    None
}
