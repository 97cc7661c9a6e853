//! Items one at a time, from pickles that are larger than memory.

#[cfg(feature = "alloc")]
mod batch;
mod cursor;
mod known;
mod look_ahead;
mod place;
#[cfg(feature = "alloc")]
pub(crate) mod split;

#[cfg(feature = "alloc")]
pub use batch::Batch;
pub use look_ahead::LookAhead;

use self::cursor::{Cursor, attributes, node_at};
use self::known::Known;
use self::place::Place;
use crate::document::path::ValuePath;
use crate::machine::handover::{Phase, Stream};
use crate::machine::memory::sealed::Backing;
use crate::machine::memory::{Regions, Shortage};
use crate::machine::node::{Node, chunk, tag};
use crate::read::unpickler::Progress;
#[cfg(feature = "alloc")]
use crate::view::PairCells;
use crate::view::{MemberCells, Part};
use crate::{Document, Error, ErrorKind, MemoPlan, Memory, Opcode, Options, Unpickler, Value, joblib};

/// Options of an [`ItemReader`].
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{ErrorKind, Found, Heap, ItemOptions, ItemReader, Options};
///
/// let options = ItemOptions::new().min_nodes(0).reader(Options::new().max_opcodes(3));
/// let mut reader = ItemReader::new(Heap::new(), options);
/// let mut input = &b"]K\x01aK\x02aK\x03a."[..];
/// let outcome = loop {
///     match reader.feed(&mut input) {
///         Ok(Found::Item) => continue,
///         outcome => break outcome,
///     }
/// };
/// assert_eq!(outcome.map_err(|error| error.kind()), Err(ErrorKind::OpcodeLimit));
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemOptions {
    /// As for every reader, but `Options::out_of_band` has no effect, and [`Options::stop_after_build`] another: the
    /// arrays that joblib puts between the opcodes are taken, see [`joblib`].
    pub reader: Options,
    /// Minimum nodes buffered before streaming starts: a pickle that needs fewer is read as a whole. Default: 4096.
    pub min_nodes: usize,
    /// Memo entries from items that are gone, 16 bytes each in the memo's
    /// region: without a plan the older half goes when there are more. Default: 4096.
    pub cache_entries: usize,
    /// Bytes of their strings, in the byte region. Default: 256 KiB.
    pub cache_bytes: usize,
}

impl Default for ItemOptions {
    fn default() -> Self {
        ItemOptions::new()
    }
}

impl ItemOptions {
    /// The defaults.
    pub const fn new() -> Self {
        ItemOptions { reader: Options::new(), min_nodes: 4096, cache_entries: 4096, cache_bytes: 256 << 10 }
    }

    /// The options that every reader has.
    pub const fn reader(mut self, options: Options) -> Self {
        self.reader = options;
        self
    }

    /// Minimum nodes buffered before streaming starts.
    pub const fn min_nodes(mut self, nodes: usize) -> Self {
        self.min_nodes = nodes;
        self
    }

    /// Memo entries kept of items that are gone.
    pub const fn cache_entries(mut self, count: usize) -> Self {
        self.cache_entries = count;
        self
    }

    /// Bytes of their strings.
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }
}

/// Outcome of a call of [`ItemReader::feed`].
///
/// See the example of [`ItemReader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Found {
    /// All input is used up and the pickle is not over.
    NeedMore,
    /// There is an item: see [`ItemReader::item`].
    Item,
    /// The pickle is over; what is left of the input follows it.
    Done,
    /// Only with [`ItemReader::report_doubt`]: a container is being filled that seems to be the one at the path. The
    /// opcodes that follow tell, see [`ItemReader::look_ahead`]; [`ItemReader::decide`], then go on.
    Doubt,
}

/// What an item is to its container.
///
/// See the example of [`Item`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Role {
    /// An item of a list, tuple, set or frozenset, or given to an object by APPEND(S) or ADDITEMS.
    Item,
    /// A key and a value of a dict, or given to an object by SETITEM(S).
    Entry,
    /// A name and a value of an object's state.
    Attribute,
    /// The state of an object that is no dict of attributes.
    State,
}

/// One item. It borrows the reader: work on it, then go on.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Found, Heap, ItemOptions, ItemReader, Role};
///
/// // pickle.dumps({"id": 7})
/// let mut input = &b"\x80\x04}\x8c\x02idK\x07s."[..];
/// let mut reader = ItemReader::new(Heap::new(), ItemOptions::new());
/// assert_eq!(reader.feed(&mut input)?, Found::Item);
/// let item = reader.item().unwrap();
/// assert_eq!((item.index(), item.role()), (0, Role::Entry));
/// assert_eq!(item.key().and_then(|key| key.as_str()), Some("id"));
/// assert_eq!(item.value().as_i64(), Some(7));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Item<'r> {
    document: Document<'r>,
    index: u64,
    role: Role,
    key: Node,
    value: Node,
}

impl<'r> Item<'r> {
    /// Which item, counted from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// What it is to its container.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The key of an entry, the name of an attribute.
    pub fn key(&self) -> Option<Value<'_>> {
        if self.key == Node::EMPTY { None } else { Some(Value::new(&self.document, self.key)) }
    }

    /// The item, or the value under its key.
    pub fn value(&self) -> Value<'_> {
        Value::new(&self.document, self.value)
    }

    /// The value as a document of its own.
    pub fn document(&self) -> Document<'r> {
        self.document.with_root(self.value)
    }

    /// The key as a document of its own.
    pub fn key_document(&self) -> Option<Document<'r>> {
        if self.key == Node::EMPTY { None } else { Some(self.document.with_root(self.key)) }
    }
}

/// Memory, and what the machine must know to hand items over.
struct Streaming<M> {
    memory: M,
    stream: Stream,
}

impl<M: Memory> Memory for Streaming<M> {}

impl<M: Memory> Backing for Streaming<M> {
    #[inline]
    fn regions(&mut self) -> Regions<'_> {
        Regions { stream: Some(&mut self.stream), ..self.memory.regions() }
    }

    fn view(&self) -> (&[Node], &[u8]) {
        self.memory.view()
    }

    fn grow(&mut self, shortage: Shortage) -> Result<(), ErrorKind> {
        self.memory.grow(shortage)
    }

    fn clear(&mut self) {
        self.memory.clear();
    }
}

/// Where the next item comes from.
#[derive(Clone, Copy, Debug)]
enum From {
    /// The stream.
    Stream,
    /// The parts of a value, then the document.
    Members(Cursor),
    /// The document; then what lies on the stack, or the end.
    Document(Cursor),
    /// The stack: how many nodes have been handed over.
    Stack(usize),
    /// This container on the stack, if it is the one that is asked for.
    Doubt(Node),
}

/// Reads the items of one container of a pickle, one after another, and uses
/// their memory again.
///
/// The container is the outermost list, tuple, dict, set or object, or the
/// one at a path. The items of an object are what it is made with, then its attributes: all that
/// [`Value::members`] gives. A ChainMap is read as a whole, and each of its keys comes once (feature `alloc`; without, those
/// of every map, of which the last counts). An item is handed over when the opcode that puts it into
/// its container is read (`APPENDS` and its like: CPython writes 1000 items,
/// then that), because until then it can turn out to be a part of something
/// else. What was in memory when the first items were handed over stays; of
/// later items only what the memo may need again is kept, within bounds.
///
/// Every value that is handed over is what [`Unpickler`] would give. A stream
/// that fetches what is no longer kept, or changes what was handed over, is an
/// error: [`ErrorKind::MemoDropped`], [`ErrorKind::ItemChanged`],
/// [`ErrorKind::ContainerMoved`], [`ErrorKind::ContainerFetched`],
/// [`ErrorKind::MemoOrder`]; [`ItemReader::entry`] tells the memo entry.
///
/// ```
/// use pickle_core::{Found, ItemOptions, ItemReader, Node, Storage};
///
/// let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 32], [Node::EMPTY; 8], [0; 64]);
/// let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
/// let mut reader = ItemReader::new(storage, ItemOptions::new().min_nodes(0));
/// let (mut input, mut sum) = (&b"]K\x01aK\x02aK\x03a."[..], 0);
/// while reader.feed(&mut input)? == Found::Item {
///     sum += reader.item().and_then(|item| item.value().as_i64()).unwrap_or(0);
/// }
/// assert_eq!(sum, 6);
/// # Ok::<_, pickle_core::Error>(())
/// ```
pub struct ItemReader<'p, M> {
    unpickler: Unpickler<Streaming<M>>,
    options: ItemOptions,
    path: &'p str,
    plan: Option<&'p MemoPlan<'p>>,
    from: From,
    /// The container is the state of the object at the path, and not a dict at the path itself.
    state: bool,
    /// For [`From::Members`]: what is left of them.
    members: MemberCells,
    /// For [`From::Members`]: the entries of a ChainMap, which come first.
    #[cfg(feature = "alloc")]
    merged: alloc::vec::IntoIter<(Node, Node)>,
    /// Key and value of the current item.
    current: Option<(Role, Node, Node)>,
    count: u64,
    over: bool,
    /// At the end: the path leads to a value.
    path_found: bool,
    /// Doubts are for the caller to settle.
    asks: bool,
    /// A container was left because of a doubt.
    doubted: bool,
    /// The container that is not the one, as the caller says.
    refused: Option<u32>,
}

impl<'p, M: Memory> ItemReader<'p, M> {
    /// Reads the items of the outermost container.
    pub fn new(memory: M, options: ItemOptions) -> Self {
        let reader = Options { out_of_band: u64::MAX, ..options.reader };
        let stream = Stream::new(options.min_nodes, (options.cache_entries, options.cache_bytes), 0);
        let unpickler = Unpickler::new(Streaming { memory, stream }, reader);
        ItemReader {
            unpickler,
            options,
            path: "",
            plan: None,
            from: From::Stream,
            state: false,
            members: MemberCells::NONE,
            #[cfg(feature = "alloc")]
            merged: alloc::vec::Vec::new().into_iter(),
            current: None,
            count: 0,
            over: false,
            path_found: false,
            asks: false,
            doubted: false,
            refused: None,
        }
    }

    /// The items of the container at a path instead, such as `$.rows`. A path that may lead to several
    /// ([`ValuePath::is_many`]) leads nowhere.
    pub fn at_path(mut self, path: &'p str) -> Self {
        self.path = path;
        self.unpickler.memory.stream.depth = ValuePath::new(path).count();
        self
    }

    /// Keeps only the memo entries that a pass over the same pickle has found to be fetched, without a limit. The plan
    /// must be finished.
    pub fn with_plan(mut self, plan: &'p MemoPlan<'p>) -> Self {
        self.plan = Some(plan);
        self
    }

    /// Reports ambiguous containers with [`Found::Doubt`] instead of guessing: only later opcodes decide which container
    /// is the one at the path. In `([...], [...])` the first list is part of a tuple, in `{"a": {}, "rows": [...]}` the
    /// list may still be put into the empty dict. For callers that can look ahead, as in a file. Without it, the reader
    /// assumes the layout that CPython most likely writes and returns [`ErrorKind::ContainerMoved`] at the end if that was
    /// wrong; where several layouts are equally likely, it holds the whole pickle ([`ItemReader::is_held_in_doubt`]).
    pub fn report_doubt(mut self) -> Self {
        self.asks = true;
        self
    }

    /// After [`Found::Doubt`]: a look-ahead that decides, from the opcodes that follow, whether this container is the one
    /// at the path.
    pub fn look_ahead(&self) -> Option<LookAhead> {
        let From::Doubt(_) = self.from else { return None };
        let Unpickler { memory, machine, .. } = &self.unpickler;
        let mut look_ahead = LookAhead::new(machine, memory.view().0, memory.stream.offset);
        place::container_at(&self.unpickler, self.path, memory.stream.batch?.at, |way| look_ahead.way(way));
        Some(look_ahead)
    }

    /// After [`Found::Doubt`]: sets whether this is the container at the path. If it is set to be and turns out not to be,
    /// reading ends with [`ErrorKind::ContainerMoved`].
    pub fn decide(&mut self, leads_here: bool) {
        let From::Doubt(container) = self.from else { return };
        if !leads_here {
            self.refused = Some(container.high());
        }
        self.settle(Some(container).filter(|_| leads_here));
    }

    /// True if the whole pickle is held and its items come at the end, because a container before the one at the path
    /// could still take it in. [`ItemReader::report_doubt`] avoids that for input that can be read again.
    pub fn is_held_in_doubt(&self) -> bool {
        self.doubted
    }

    /// Goes on to the next item; `input` moves past what was consumed.
    ///
    /// # Errors
    /// What is wrong with the pickle, the region that is full, or why it can
    /// not be read item by item. Items that were handed over before were what
    /// the stream had said so far: [`ErrorKind::ItemChanged`] says that one was
    /// changed since, [`ErrorKind::ContainerMoved`] that they are another
    /// container's, which is certain only once this returns [`Found::Done`].
    pub fn feed(&mut self, input: &mut &[u8]) -> Result<Found, Error> {
        self.current = None;
        loop {
            match self.from {
                From::Document(cursor) => {
                    if self.take_cell(cursor) {
                        return Ok(self.found());
                    }
                }
                From::Members(behind) => {
                    if self.take_member(behind) {
                        return Ok(self.found());
                    }
                }
                From::Stack(done) => {
                    if self.take_stack(done) {
                        return Ok(self.found());
                    }
                    let plan = self.plan;
                    let Unpickler { memory, machine, decoder, .. } = &mut self.unpickler;
                    machine.drop_items(&mut memory.regions(), plan);
                    self.from = From::Stream;
                    decoder.next_whole(input)?;
                }
                From::Doubt(_) => return Ok(Found::Doubt),
                From::Stream if self.over => return Ok(Found::Done),
                From::Stream => match self.unpickler.drive::<false>(input)? {
                    Progress::NeedMore => return Ok(Found::NeedMore),
                    Progress::Built => joblib::take_array(&mut self.unpickler, &[])?,
                    Progress::Payload => {}
                    Progress::Items => self.items_ready(),
                    Progress::Done => self.end()?,
                },
            }
        }
    }

    fn found(&mut self) -> Found {
        self.count += 1;
        Found::Item
    }

    /// Says that no input follows.
    ///
    /// # Errors
    /// The pickle is not complete.
    pub fn finish(&mut self) -> Result<(), Error> {
        if self.over { Ok(()) } else { self.unpickler.finish().map(drop) }
    }

    /// After [`Found::Done`]: the path led to a value in this pickle. One without items is told from none by this.
    pub fn path_found(&self) -> bool {
        self.path_found
    }

    /// The item that was found last.
    pub fn item(&self) -> Option<Item<'_>> {
        let (role, key, value) = self.current?;
        let (nodes, bytes) = self.unpickler.memory.view();
        let document = Document::new(nodes, bytes, &[], value);
        Some(Item { document, index: self.count - 1, role, key, value })
    }

    /// The whole document, once [`Found::Done`] was said and if no item was handed over: for looking into why.
    pub fn document(&self) -> Option<Document<'_>> {
        if !self.over || self.count != 0 {
            return None;
        }
        let (nodes, bytes) = self.unpickler.memory.view();
        Some(Document::new(nodes, bytes, &[], self.unpickler.root))
    }

    /// After [`Found::Done`]: what the path leads to can have no items (a number, a text, None), which is another thing than
    /// an empty container.
    ///
    /// ```
    /// use pickle_core::{Found, Heap, ItemOptions, ItemReader};
    ///
    /// for (pickle, expected) in [(&b"K\x01."[..], true), (&b"]."[..], false)] {
    ///     let mut reader = ItemReader::new(Heap::new(), ItemOptions::new());
    ///     assert_eq!(reader.feed(&mut &*pickle)?, Found::Done);
    ///     assert_eq!(reader.is_without_items(), expected);
    /// }
    /// # Ok::<_, pickle_core::Error>(())
    /// ```
    pub fn is_without_items(&self) -> bool {
        let document = self.document();
        document.is_some_and(|document| document.find(self.path).is_some_and(|value| value.members().is_none()))
    }

    /// Items that were handed over of this pickle.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Where the first call stands that was made for what it does to a value, because POP drops its result: the offset of
    /// that POP. cloudpickle and dill set so what is in functions, classes and cells, which no item shows.
    ///
    /// ```
    /// use pickle_core::{Found, Heap, ItemOptions, ItemReader};
    ///
    /// // setattr(a list, 1), which is dropped
    /// let mut input = &b"]q\x00cbuiltins\nsetattr\nh\x00K\x01\x86R0."[..];
    /// let mut reader = ItemReader::new(Heap::new(), ItemOptions::new());
    /// assert_eq!(reader.feed(&mut input)?, Found::Done);
    /// assert_eq!(reader.dropped_call(), Some(27));
    /// # Ok::<_, pickle_core::Error>(())
    /// ```
    #[cfg(feature = "dropped-calls")]
    pub fn dropped_call(&self) -> Option<u64> {
        self.unpickler.memory.stream.dropped_call()
    }

    /// The memory, for another use.
    pub fn into_memory(self) -> M {
        self.unpickler.into_memory().memory
    }

    /// Bytes consumed of the stream.
    pub fn offset(&self) -> u64 {
        self.unpickler.offset()
    }

    /// Opcodes done of this pickle.
    pub fn opcodes(&self) -> u64 {
        self.unpickler.opcodes()
    }

    /// The memo entry that the last error is about, where it is about one.
    pub fn entry(&self) -> Option<u64> {
        self.unpickler.memory.stream.entry
    }

    /// Goes on to the pickle that follows in the stream.
    pub fn next_pickle(&mut self) {
        self.begin_at(self.unpickler.offset());
    }

    /// Forgets the last pickle and begins at `offset` of the stream.
    pub fn begin_at(&mut self, offset: u64) {
        let depth = self.unpickler.memory.stream.depth;
        self.unpickler.begin_at(offset, false);
        let cache = (self.options.cache_entries, self.options.cache_bytes);
        self.unpickler.memory.stream = Stream::new(self.options.min_nodes, cache, depth);
        self.from = From::Stream;
        self.members = MemberCells::NONE;
        #[cfg(feature = "alloc")]
        {
            self.merged = alloc::vec::Vec::new().into_iter();
        }
        self.current = None;
        self.count = 0;
        self.over = false;
        self.doubted = false;
        self.refused = None;
    }

    /// The machine has found items: of the container that is asked for?
    fn items_ready(&mut self) {
        let offset = self.unpickler.decoder.offset();
        let memory = &mut self.unpickler.memory;
        memory.stream.offset = offset;
        if memory.stream.phase == Phase::Open {
            self.from = From::Stack(0);
            return;
        }
        let at = memory.stream.batch.map_or(usize::MAX, |batch| batch.at);
        match self.place_of(at) {
            Place::Elsewhere => self.settle(None),
            Place::Here(container) | Place::InDoubt(container) if self.asks => {
                match self.refused == Some(container.high()) {
                    true => self.settle(None),
                    false => self.from = From::Doubt(container),
                }
            }
            Place::Here(container) => self.settle(Some(container)),
            Place::InDoubt(_) => {
                self.doubted = true;
                self.settle(None);
            }
        }
    }

    /// Whether the container at `at` of the stack is the one that is asked for, and what it is to the value at the path.
    fn place_of(&mut self, at: usize) -> Place {
        let mut last = None;
        let place = place::container_at(&self.unpickler, self.path, at, |way| last = Some(way));
        self.state = last.is_some_and(|way| way.from == at && way.part == place::Part::State);
        place
    }

    /// Where the container is the state of an object: what that is made with.
    fn before_state(&self) -> Option<MemberCells> {
        let Unpickler { memory, machine, .. } = &self.unpickler;
        let at = memory.stream.batch?.at;
        let (nodes, bytes) = memory.view();
        let object = machine.stack_at(nodes, at.checked_sub(1)?).filter(|_| self.state)?;
        Some(Known::of(Value::new(&Document::new(nodes, bytes, &[], object), object))?.members)
    }

    /// The batch on the stack is this container's, or not one that is asked for.
    fn settle(&mut self, container: Option<Node>) {
        let before = container.and_then(|_| self.before_state());
        let Unpickler { memory, machine, .. } = &mut self.unpickler;
        let at = memory.stream.batch.map_or(usize::MAX, |batch| batch.at);
        match container {
            Some(container) if machine.begin_stream(&mut memory.regions(), at) => {
                let mut cursor = Cursor::of(memory.view().0, container);
                if self.state {
                    cursor.role = Role::Attribute;
                }
                self.from = From::Document(cursor);
                if let Some(before) = before {
                    (self.members, self.from) = (before, From::Members(cursor));
                }
                self.doubted = false;
            }
            _ => {
                // No: the operation is done again, as any other.
                memory.stream.batch = None;
                memory.stream.passed = true;
                machine.opcodes = machine.opcodes.saturating_sub(1);
                self.from = From::Stream;
            }
        }
    }

    /// The next part of a value; `behind` follows them.
    fn take_member(&mut self, behind: Cursor) -> bool {
        #[cfg(feature = "alloc")]
        if let Some((key, value)) = self.merged.next() {
            self.current = Some((Role::Entry, key, value));
            return true;
        }
        let (nodes, bytes) = self.unpickler.memory.view();
        let document = Document::new(nodes, bytes, &[], Node::EMPTY);
        self.current = match self.members.next(&document) {
            Some(Part::Item(value)) => Some((Role::Item, Node::EMPTY, value)),
            Some(Part::Entry(key, value)) => Some((Role::Entry, key, value)),
            Some(Part::Attribute(name, value)) => Some((Role::Attribute, name, value)),
            None => {
                self.from = From::Document(behind);
                return false;
            }
        };
        true
    }

    /// The next item of the document.
    fn take_cell(&mut self, mut cursor: Cursor) -> bool {
        let nodes = self.unpickler.memory.view().0;
        loop {
            if cursor.here == 0 {
                if !cursor.turn(nodes) {
                    let open = self.unpickler.memory.stream.batch.is_some();
                    self.from = if open { From::Stack(0) } else { From::Stream };
                    return false;
                }
                continue;
            }
            let pair = matches!(cursor.role, Role::Entry | Role::Attribute);
            let width = 1 + usize::from(pair);
            let key = if pair { node_at(nodes, cursor.at) } else { Node::EMPTY };
            let value = node_at(nodes, cursor.at + width - 1);
            cursor.at += width;
            cursor.here = cursor.here.saturating_sub(width);
            if cursor.role == Role::State {
                // A dict of attributes, or a pair of such dicts, is its attributes.
                if let Some((dict, slots)) = attributes(nodes, value) {
                    let next = Cursor::chunks(nodes, dict, Role::Attribute);
                    cursor = Cursor { slots, after: cursor.next, ..next };
                    continue;
                }
            }
            self.current = Some((cursor.role, key, value));
            self.from = From::Document(cursor);
            return true;
        }
    }

    /// The next item of the stack.
    fn take_stack(&mut self, done: usize) -> bool {
        let Unpickler { memory, machine, .. } = &self.unpickler;
        let Some(batch) = memory.stream.batch else { return false };
        if done >= batch.count {
            return false;
        }
        let nodes = memory.view().0;
        let base = machine.height() - batch.count + done;
        let entry = |index| machine.stack_at(nodes, index).unwrap_or(Node::EMPTY);
        let (role, key, value) = match batch.kind {
            chunk::SET_ITEM => {
                let role = if self.state { Role::Attribute } else { Role::Entry };
                (role, entry(base), entry(base + 1))
            }
            _ => (Role::Item, Node::EMPTY, entry(base)),
        };
        self.from = From::Stack(done + 1 + usize::from(key != Node::EMPTY));
        self.current = Some((role, key, value));
        true
    }

    /// STOP: the rest is handed over, or what was handed over must be where it was taken from.
    fn end(&mut self) -> Result<(), Error> {
        self.over = true;
        let (nodes, bytes) = self.unpickler.memory.view();
        let document = Document::new(nodes, bytes, &[], self.unpickler.root);
        // The items are those of one container: the first of several would pass for all.
        let one = Some(self.path).filter(|path| !ValuePath::new(path).is_many());
        let found = one.and_then(|path| document.find(path)).map(|value| place::inner(value).unwrap_or(value).node);
        self.path_found = found.is_some();
        let stream = &self.unpickler.memory.stream;
        let refused = match stream.phase {
            Phase::Open | Phase::Closed => {
                let sink = stream.sink;
                let same = |node: Node| node.is_reference() && node.high() == sink;
                let state = |node: Node| Value::new(&document, node).as_object().and_then(|object| object.state());
                match found {
                    Some(node) if same(node) => {
                        // An object's state comes after its items.
                        if node.tag() == tag::OBJECT {
                            self.from = From::Document(Cursor::of(nodes, node));
                        }
                        false
                    }
                    Some(node) => !state(node).is_some_and(|state| same(state.node)),
                    None => true,
                }
            }
            _ => {
                match found.map(|node| (node, Known::of(Value::new(&document, node)))) {
                    Some((node, Some(known))) => {
                        self.members = known.members;
                        #[cfg(feature = "alloc")]
                        if let Some(pairs) = known.chained {
                            let merged = pairs.merged().into_iter().map(|(key, value)| (key.node, value.node));
                            self.merged = merged.collect::<alloc::vec::Vec<_>>().into_iter();
                            self.members.pairs = PairCells::NONE;
                        }
                        let behind = if known.changes { Cursor::of(nodes, node) } else { Cursor::run(0, 0) };
                        self.from = From::Members(behind);
                    }
                    Some((node, None)) => self.from = From::Document(Cursor::of(nodes, node)),
                    None => {}
                }
                false
            }
        };
        if refused {
            let offset = self.unpickler.offset();
            return Err(self.unpickler.decoder.refuse(ErrorKind::ContainerMoved, Opcode::Stop.byte(), offset));
        }
        Ok(())
    }
}
