//! Which container on the stack is the one at a path.

use super::Streaming;
use crate::document::path::{PathStep, ValuePath};
use crate::machine::node::{NIL, Node, chunk, tag};
use crate::machine::stream::is_streamable;
use crate::read::unpickler::Unpickler;
use crate::view::{MappingKind, SequenceKind, View};
use crate::{Document, GlobalName, Memory, Value};

/// Items that CPython puts into a container by one opcode. After fewer it puts in no more.
const CPYTHON_BATCH: u32 = 1000;

/// Stack entries that are looked at for a step of the path. CPython has a batch, of keys and values, above a container.
const MOST: usize = 1 << 11;

/// What a value becomes of the one around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Item,
    /// A value under a key.
    Entry,
    /// The state of an object.
    State,
}

/// A step of the path: the place on the stack of what it leads to, and of the container that it must go into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub from: usize,
    pub to: usize,
    pub part: Part,
}

/// Is the path's container on the stack?
pub(super) enum Place {
    /// It is another one.
    Elsewhere,
    /// It is, as CPython most likely writes pickles.
    Here(Node),
    /// It is, unless what stands before a value on the way still takes that value in.
    InDoubt(Node),
}

/// Whether the container at `at` of the stack is the one at the path. `note` is told the way to it, from the outermost on.
pub(super) fn container_at<M: Memory>(
    unpickler: &Unpickler<Streaming<M>>,
    path: &str,
    at: usize,
    note: impl FnMut(Way),
) -> Place {
    match find(unpickler, path, at, note) {
        Some((node, false)) => Place::Here(node),
        Some((node, true)) => Place::InDoubt(node),
        None => Place::Elsewhere,
    }
}

fn find<M: Memory>(
    unpickler: &Unpickler<Streaming<M>>,
    path: &str,
    at: usize,
    mut note: impl FnMut(Way),
) -> Option<(Node, bool)> {
    let Unpickler { memory, machine, .. } = unpickler;
    let (nodes, bytes) = memory.view();
    let document = Document::new(nodes, bytes, &[], Node::EMPTY);
    let entry = |index: usize| machine.stack_at(nodes, index);
    let header = |node: Node| document.node(node.high() as usize);
    let mut here = machine.floor();
    let mut doubt = false;
    let mut steps = ValuePath::new(path);
    // A UserDict has its items in an attribute.
    let mut within = false;
    loop {
        let step = match steps.next() {
            Some(step) => Some(step?),
            None if !within && is_user(Value::new(&document, entry(here)?)) => None,
            None => break,
        };
        within = step.is_none();
        let mut begin = here + 1;
        let mut around = entry(here)?;
        if around.tag() == tag::OBJECT && entry(begin)?.tag() == tag::DICT {
            // The attributes of an object.
            note(Way { from: begin, to: here, part: Part::State });
            (around, begin) = (entry(begin)?, begin + 1);
        }
        let to = begin - 1;
        let marked = entry(begin)?.tag() == tag::MARK;
        begin += usize::from(marked);
        // The container on the way is the last value below the next mark.
        let mut between = begin..at.min(begin.saturating_add(MOST));
        let mark = between.find(|&index| entry(index).is_some_and(|node| node.tag() == tag::MARK));
        let is_mapping = matches!(around.tag(), tag::DICT | tag::OBJECT);
        let last = match mark {
            Some(mark) => mark.checked_sub(1)?,
            None if at - begin.min(at) > MOST => return None,
            None if steps.clone().next().is_some() => begin + usize::from(is_mapping),
            None => at,
        };
        let value = |index: usize| if index >= begin { entry(index) } else { None };
        let is_name = |name: Node| matches!(name.tag(), tag::STR | tag::STR8);
        match step {
            None | Some(PathStep::Key(_)) if is_mapping => {
                let name = entry(last.checked_sub(1)?)?;
                let same = is_name(name)
                    && match step {
                        Some(PathStep::Key(key)) => key.is(document.range(name)),
                        _ => document.range(name) == b"data",
                    };
                if !same || last <= begin || (last - begin) % 2 != 1 {
                    return None;
                }
                doubt |= last.checked_sub(2).and_then(value).is_some_and(|before| takes_entry(&document, before));
            }
            Some(PathStep::Index(index)) if around.tag() == tag::LIST => {
                let found = u64::from(header(around).high()) + last.checked_sub(begin)? as u64;
                if u64::try_from(index).ok()? != found {
                    return None;
                }
                doubt |= last.checked_sub(1).and_then(value).is_some_and(|before| takes_item(&document, before));
            }
            _ => return None,
        }
        let part = if is_mapping { Part::Entry } else { Part::Item };
        note(Way { from: last, to, part });
        here = last;
    }
    let node = entry(here)?;
    if here == at {
        return Some((node, doubt)).filter(|_| is_streamable(node, header(node)));
    }
    // The state of an object.
    let state = entry(at).filter(|state| state.tag() == tag::DICT)?;
    // The keys of a ChainMap are known when all of its maps are.
    let fits = at == here + 1
        && node.tag() == tag::OBJECT
        && is_streamable(node, header(node))
        && class(Value::new(&document, node)) != Some(("collections", "ChainMap"));
    note(Way { from: at, to: here, part: Part::State });
    if fits { Some((state, doubt)) } else { None }
}

/// Module and name of an object's class.
fn class(value: Value<'_>) -> Option<(&str, &str)> {
    value.as_object()?.instance()?.class.as_global().map(GlobalName::pair)
}

/// The value is a UserDict or UserList, of Python 2 or 3.
fn is_user(value: Value<'_>) -> bool {
    matches!(
        class(value),
        Some(
            ("collections", "UserDict" | "UserList")
                | ("UserDict", "UserDict" | "IterableUserDict")
                | ("UserList", "UserList")
        )
    )
}

/// The dict or list that has the items of such a value.
pub(super) fn inner(value: Value<'_>) -> Option<Value<'_>> {
    match value.view() {
        View::Mapping(mapping) if mapping.kind == MappingKind::UserDict => mapping.attributes.get("data"),
        View::Sequence(sequence) if sequence.kind == SequenceKind::UserList => sequence.attributes.get("data"),
        _ => None,
    }
}

/// A key and a value that follow may be put into this value: CPython does so with the last entry of a dict where all
/// others fill whole batches, or where it is the only one.
fn takes_entry(document: &Document<'_>, node: Node) -> bool {
    let header = document.node(node.high() as usize);
    match node.tag() {
        tag::DICT => (header.high() / 2).is_multiple_of(CPYTHON_BATCH),
        tag::OBJECT => match last_change(document, header) {
            Some((chunk::SET_ITEM, nodes)) => (nodes / 2).is_multiple_of(CPYTHON_BATCH),
            Some(_) => false,
            None => match Value::new(document, node).view() {
                View::Mapping(_) | View::Object(..) => true,
                View::Record(record) => record.args.len() == 0,
                _ => false,
            },
        },
        _ => false,
    }
}

/// A value that follows may be put into this one, or be its state.
fn takes_item(document: &Document<'_>, node: Node) -> bool {
    let header = document.node(node.high() as usize);
    match node.tag() {
        tag::LIST => header.high().is_multiple_of(CPYTHON_BATCH),
        tag::OBJECT => match last_change(document, header) {
            Some((chunk::BUILD, _)) => false,
            Some(_) => true,
            None => matches!(
                Value::new(document, node).view(),
                View::Mapping(_)
                    | View::Sequence(_)
                    | View::Set(_)
                    | View::Record(_)
                    | View::Object(..)
                    | View::Partial(_)
                    | View::Member(_)
                    | View::Persistent(_)
            ),
        },
        // They become objects when they are given a state.
        tag::GLOBAL | tag::STACK_GLOBAL | tag::EXTENSION => true,
        _ => false,
    }
}

/// What last happened to an object, and nodes of that.
fn last_change(document: &Document<'_>, header: Node) -> Option<(u8, u32)> {
    if header.last() == NIL {
        return None;
    }
    let chunk = document.node(header.last() as usize);
    Some((chunk.sub(), chunk.high()))
}
