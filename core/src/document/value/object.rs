//! Objects: what made them and what changed them.

use super::Value;
use super::items::{Entries, Items};
use crate::GlobalName;
use crate::document::Document;
use crate::machine::node::{How, NIL, Node, chunk};

/// What happened to an object after it was made, in the order of the stream.
///
/// See the example of [`Changes`].
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Change<'d> {
    /// APPEND, APPENDS.
    Append(Items<'d>),
    /// SETITEM, SETITEMS.
    SetItem(Entries<'d>),
    /// ADDITEMS.
    Add(Items<'d>),
    /// BUILD: `__setstate__`, or attributes.
    Build(Value<'d>),
    /// Bytes that stood between the opcodes (joblib), and their offset in the stream.
    Raw(&'d [u8], u64),
    /// A pickle that stood between the opcodes (joblib).
    Nested(Value<'d>),
}

/// The changes of an object: an iterator.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Change, Heap, Options, Unpickler};
///
/// // pickle.dumps(deque([1, 2]))
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04ccollections\ndeque\n)R(K\x01K\x02e.")?;
/// let mut changes = document.root().as_object().unwrap().changes();
/// assert!(matches!(changes.next(), Some(Change::Append(items)) if items.len() == 2));
/// assert!(changes.next().is_none());
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Changes<'d> {
    pub(crate) document: &'d Document<'d>,
    pub(crate) next: u32,
}

impl<'d> Iterator for Changes<'d> {
    type Item = Change<'d>;

    fn next(&mut self) -> Option<Change<'d>> {
        if self.next == NIL {
            return None;
        }
        let at = self.next as usize;
        let header = self.document.node(at);
        // Batches are invisible: neighbours of one kind are one change.
        let mergeable = header.sub() < chunk::BUILD;
        let mut after = header.first();
        let mut count = header.high();
        while mergeable && after != NIL {
            let next = self.document.node(after as usize);
            if next.sub() != header.sub() {
                break;
            }
            count = count.saturating_add(next.high());
            after = next.first();
        }
        self.next = after;
        let items = Items::chunks(self.document, at as u32, count);
        let cell = self.document.node(at + 1);
        let value = Value::new(self.document, cell);
        Some(match header.sub() {
            chunk::SET_ITEM => Change::SetItem(Entries { items }),
            chunk::ADD => Change::Add(items),
            chunk::BUILD => Change::Build(value),
            chunk::RAW => Change::Raw(self.document.range(self.document.node(at + 2)), cell.data()),
            chunk::NESTED => Change::Nested(value),
            _ => Change::Append(items),
        })
    }
}

/// An object: what made it and what changed it.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{GlobalName, Heap, How, Options, Unpickler};
///
/// // pickle.dumps(User(name="Jane"), 4) of a class User in app
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(b"\x80\x04\x8c\x03app\x8c\x04User\x93)\x81}\x8c\x04name\x8c\x04Janesb.")?;
/// let user = document.root().as_object().unwrap();
/// assert_eq!((user.how(), user.class()), (How::NewObj, Some(GlobalName::new("app", "User"))));
/// assert_eq!(user.state().and_then(|state| state.get("name")?.as_str()), Some("Jane"));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ObjectParts<'d> {
    pub(crate) document: &'d Document<'d>,
    pub(crate) index: u32,
    pub(crate) header: Node,
}

impl<'d> ObjectParts<'d> {
    /// Which opcode made it.
    pub fn how(&self) -> How {
        match self.header.sub() {
            0 => How::Reduce,
            1 => How::NewObj,
            2 => How::NewObjEx,
            3 => How::Obj,
            4 => How::Inst,
            5 => How::PersId,
            _ => How::Changed,
        }
    }

    fn part(&self, n: usize) -> Option<Value<'d>> {
        let cell = self.document.cells(self.index as usize + 1, self.header.high() as usize).get(n)?;
        Some(Value::new(self.document, *cell))
    }

    /// The class or function that made it. The persistent id for
    /// [`How::PersId`], the thing itself for [`How::Changed`].
    pub fn callable(&self) -> Value<'d> {
        self.part(0).unwrap_or(Value::new(self.document, Node::EMPTY))
    }

    /// The arguments as one value: a tuple (REDUCE, NEWOBJ, NEWOBJ_EX).
    pub fn args_value(&self) -> Option<Value<'d>> {
        if matches!(self.how(), How::Reduce | How::NewObj | How::NewObjEx) { self.part(1) } else { None }
    }

    /// The arguments one by one, wherever the opcode keeps them.
    pub fn args(&self) -> Items<'d> {
        match self.how() {
            How::Obj | How::Inst => Items::run(self.document, self.index + 2, self.header.high().saturating_sub(1)),
            _ => self.args_value().and_then(|args| args.items()).unwrap_or(Items::run(self.document, 0, 0)),
        }
    }

    /// The keyword arguments (NEWOBJ_EX).
    pub fn kwargs(&self) -> Option<Value<'d>> {
        if self.how() == How::NewObjEx { self.part(2) } else { None }
    }

    /// What happened afterwards, in the order of the stream.
    pub fn changes(&self) -> Changes<'d> {
        Changes { document: self.document, next: self.header.first() }
    }

    /// The state of the last BUILD.
    pub fn state(&self) -> Option<Value<'d>> {
        let states = self.changes().filter_map(|change| match change {
            Change::Build(state) => Some(state),
            _ => None,
        });
        states.last()
    }

    /// Module and name of the class or function, where it is a global.
    pub fn class(&self) -> Option<GlobalName<&'d str>> {
        self.callable().as_global()
    }
}
