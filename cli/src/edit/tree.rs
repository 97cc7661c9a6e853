//! Which bytes of a pickle are which value.

use super::{EditError, Rope};
use crate::survey::indexes::Sharing;
use crate::survey::symbols::Symbols;
use crate::survey::walk::{keep_part, kept_op};
use pickle_core::joblib::ArrayForm;
use pickle_core::{
    Arg, Decoder, Error, ErrorKind, Heap, Op, OpKind, Opcode, Options, PathStep, StackEffect, Step, Unpickler,
};
use std::collections::BTreeMap;
use std::io;

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// What a value is, as far as paths lead into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Numbers, text, and all that has no parts with a place of their own.
    Leaf,
    List,
    Tuple,
    Dict,
    /// Parts are what was put into it, and its state.
    Object,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub shape: Shape,
    /// The bytes that made it, and filled it where that came directly afterwards.
    pub start: u64,
    pub end: u64,
    pub slots: Vec<Slot>,
    pub state: Option<usize>,
    /// Where it is on top of the stack, and more can be put into it.
    pub open: u64,
}

/// A part of a value, with the bytes that put it there.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub key: Option<Place>,
    pub value: Place,
    /// The APPEND or SETITEM that takes this one alone.
    pub alone: Option<u64>,
    /// It can be taken out: nothing counts what is on the stack.
    pub loose: bool,
}

/// A value on the stack, and the bytes that put it there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub node: usize,
    pub start: u64,
    pub end: u64,
}

/// An opcode about the memo.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memo {
    pub at: u64,
    pub index: u64,
    pub is_fetch: bool,
    /// MEMOIZE, which numbers by what came before.
    pub counts: bool,
}

/// A pickle by its bytes.
#[derive(Default)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
    pub root: Option<Place>,
    pub memos: Vec<Memo>,
    /// Each FRAME: where the opcode is, and where its frame ends.
    pub frames: Vec<(u64, u64)>,
    /// Where joblib has the length of the padding before an array, and that length.
    pub paddings: Vec<(u64, u64)>,
    /// The argument of PROTO.
    pub protocol: u8,
    stack: Vec<Option<Place>>,
    /// Where the opcodes of the marks on the stack are.
    marks: Vec<u64>,
    /// Where the mark was that was taken last.
    mark: u64,
    memo: BTreeMap<u64, usize>,
    /// A pickle behind it fetches what this one puts into the memo.
    pub is_shared: bool,
}

impl Tree {
    /// The pickles from `at` on fetch what this one has put into the memo.
    fn is_shared_from(&self, input: &Rope, mut at: u64) -> Result<bool, EditError> {
        let mut sharing = Sharing::behind(self.memos.iter().filter(|memo| !memo.is_fetch).map(|memo| memo.index));
        let mut decoder = Decoder::new();
        let (mut piece, mut part) = (vec![0; PIECE], Vec::new());
        loop {
            let n = input.read_at(at, &mut piece)?;
            let mut rest = piece.get(..n).unwrap_or_default();
            at += n as u64;
            loop {
                let shared = match decoder.next(&mut rest) {
                    Ok(Step::Op(op)) => sharing.op(&op),
                    Ok(Step::Fragment(fragment)) => {
                        if fragment.position == 0 {
                            part.clear();
                        }
                        keep_part(&mut part, &fragment);
                        if fragment.last { sharing.op(&kept_op(&fragment, &part)) } else { None }
                    }
                    Ok(Step::NeedMore) if n != 0 => break,
                    Ok(Step::End) => {
                        sharing.next_pickle();
                        decoder.next_pickle();
                        None
                    }
                    Ok(Step::Raw(_)) => None,
                    // What follows is none, or has ended.
                    Ok(Step::NeedMore) | Err(_) => return Ok(false),
                };
                if let Some(shared) = shared {
                    return Ok(shared);
                }
            }
        }
    }

    /// Of the pickle at the start of `input`.
    ///
    /// # Errors
    /// It cannot be read, or its opcodes are damaged.
    pub fn of(input: &Rope) -> Result<Tree, EditError> {
        let mut tree = Tree::default();
        let mut decoder = Decoder::new();
        // They find the arrays of joblib.
        let mut symbols = Symbols::default();
        let (mut piece, mut part) = (vec![0; PIECE], Vec::new());
        // Where the piece begins, and whether opcodes are those of an array of objects.
        let (mut at, mut is_nested) = (0, false);
        loop {
            let n = input.read_at(at, &mut piece)?;
            let all = piece.get(..n).unwrap_or_default();
            let mut rest = all;
            at = loop {
                let step = decoder.next(&mut rest)?;
                let here = at + (all.len() - rest.len()) as u64;
                let op = match step {
                    Step::Op(op) => op,
                    Step::Fragment(fragment) => {
                        if fragment.position == 0 {
                            part.clear();
                        }
                        keep_part(&mut part, &fragment);
                        if !fragment.last {
                            continue;
                        }
                        kept_op(&fragment, &part)
                    }
                    Step::End if is_nested => {
                        is_nested = false;
                        decoder.next_pickle();
                        tree.array_ends(here);
                        continue;
                    }
                    Step::End => {
                        tree.is_shared = tree.is_shared_from(input, here)?;
                        return Ok(tree);
                    }
                    Step::NeedMore if n == 0 => {
                        decoder.finish()?;
                        return Ok(tree);
                    }
                    Step::NeedMore => break here,
                    Step::Raw(_) => continue,
                };
                if is_nested {
                    continue;
                }
                tree.apply(&op, here)?;
                // What is wrong with it shows when it is read.
                let _ = symbols.apply(&op);
                match symbols.take_array() {
                    Some(ArrayForm::Nested) => is_nested = true,
                    Some(ArrayForm::Raw { len, padded }) => {
                        let behind = tree.pass_array(input, here, len, padded)?;
                        decoder.restart_at(behind);
                        break behind;
                    }
                    None => {}
                }
            };
        }
    }

    /// Where an array ends that lies behind the opcode that ends here.
    fn pass_array(&mut self, input: &Rope, here: u64, len: u64, padded: bool) -> Result<u64, EditError> {
        let cut = || EditError::Pickle(Error::new(ErrorKind::Truncated, Opcode::Build.byte(), here));
        let mut start = here;
        if padded {
            let padding = input.bytes(here, here + 1)?.first().copied().ok_or_else(cut)?;
            self.paddings.push((here, padding.into()));
            start += 1 + u64::from(padding);
        }
        let end = start.checked_add(len).filter(|end| *end <= input.len()).ok_or_else(cut)?;
        self.array_ends(end);
        Ok(end)
    }

    /// Nothing can be put between an object and its array.
    fn array_ends(&mut self, end: u64) {
        if let Some(node) = self.top() {
            node.open = end;
        }
    }

    fn push(&mut self, shape: Shape, start: u64, end: u64) -> usize {
        self.nodes.push(Node { shape, start, end, slots: Vec::new(), state: None, open: end });
        self.stack.push(Some(Place { node: self.nodes.len() - 1, start, end }));
        self.nodes.len() - 1
    }

    /// Takes what is above the last MARK, or so many; each ends where the next one begins.
    fn take(&mut self, count: Option<usize>, at: u64) -> Option<Vec<Place>> {
        let mut places = Vec::new();
        loop {
            if count == Some(places.len()) {
                break;
            }
            match self.stack.pop()? {
                Some(place) => places.push(place),
                None if count.is_none() => {
                    self.mark = self.marks.pop()?;
                    break;
                }
                None => return None,
            }
        }
        places.reverse();
        let starts: Vec<u64> = places.iter().skip(1).map(|next| next.start).chain([at]).collect();
        places.iter_mut().zip(starts).for_each(|(place, end)| place.end = end);
        Some(places)
    }

    fn top(&mut self) -> Option<&mut Node> {
        let place = (*self.stack.last()?)?;
        self.nodes.get_mut(place.node)
    }

    /// A new value of all that is above the mark, or of so many.
    fn wrap(&mut self, shape: Shape, count: Option<usize>, at: u64, end: u64) -> Option<()> {
        let places = self.take(count, at)?;
        let start = if count.is_none() { self.mark } else { places.first().map_or(at, |first| first.start) };
        let loose = count.is_none();
        let node = self.push(shape, start, end);
        let slots = if shape == Shape::Dict {
            pairs(&places, None, loose)
        } else {
            places.iter().map(|value| Slot { key: None, value: *value, alone: None, loose }).collect()
        };
        self.nodes.get_mut(node)?.slots = slots;
        Some(())
    }

    /// Puts what an opcode takes into the value below it.
    fn fill(&mut self, keyed: bool, effect: StackEffect, at: u64, end: u64) -> Option<()> {
        let alone = if effect.to_mark { None } else { Some(at) };
        let places = self.take(alone.map(|_| usize::from(effect.pops).saturating_sub(1)), at)?;
        let node = self.top()?;
        if keyed {
            node.slots.extend(pairs(&places, alone, true));
        } else {
            node.slots.extend(places.iter().map(|value| Slot { key: None, value: *value, alone, loose: true }));
        }
        node.open = end;
        Some(())
    }

    fn apply(&mut self, op: &Op<'_>, end: u64) -> Result<(), Error> {
        self.step(op, end).ok_or(Error::new(ErrorKind::StackUnderflow, op.opcode.byte(), op.offset))
    }

    fn step(&mut self, op: &Op<'_>, end: u64) -> Option<()> {
        let at = op.offset;
        let effect = op.opcode.stack_effect();
        let count = if effect.to_mark { None } else { Some(effect.pops.into()) };
        match op.opcode.kind() {
            OpKind::Proto => self.protocol = op.uint()? as u8,
            OpKind::Frame => self.frames.push((at, end.checked_add(op.uint()?)?)),
            OpKind::Mark => {
                self.stack.push(None);
                self.marks.push(at);
            }
            OpKind::Stop => {
                let mut root = (*self.stack.last()?)?;
                root.end = at;
                self.root = Some(root);
            }
            OpKind::Store => {
                let place = (*self.stack.last()?)?;
                let counts = op.opcode == Opcode::Memoize;
                let index = if counts { self.memo.len() as u64 } else { index_of(op)? };
                self.memo.insert(index, place.node);
                self.memos.push(Memo { at, index, is_fetch: false, counts });
                let node = self.nodes.get_mut(place.node)?;
                if node.open == at {
                    node.open = end;
                }
            }
            OpKind::Fetch => {
                let index = index_of(op)?;
                let node = *self.memo.get(&index)?;
                self.memos.push(Memo { at, index, is_fetch: true, counts: false });
                self.stack.push(Some(Place { node, start: at, end }));
            }
            OpKind::Dup => {
                let place = (*self.stack.last()?)?;
                self.stack.push(Some(Place { start: at, end, ..place }));
            }
            // POP takes a mark, too.
            OpKind::Pop => {
                if self.stack.pop()?.is_none() {
                    self.marks.pop()?;
                }
            }
            OpKind::PopMark => drop(self.take(None, at)?),
            OpKind::List => self.wrap(Shape::List, count, at, end)?,
            OpKind::Dict => self.wrap(Shape::Dict, count, at, end)?,
            OpKind::Tuple => self.wrap(Shape::Tuple, count, at, end)?,
            OpKind::Append | OpKind::Add => self.fill(false, effect, at, end)?,
            OpKind::SetItem => self.fill(true, effect, at, end)?,
            OpKind::Build => {
                let state = self.take(Some(1), at)?.first()?.node;
                let node = self.top()?;
                node.state = Some(state);
                node.open = end;
            }
            // What is made of parts: an empty set and the rest are made of nothing but their argument.
            OpKind::FrozenSet | OpKind::Instance | OpKind::Call | OpKind::New => self.wrap_object(count, at, end)?,
            OpKind::Global | OpKind::Persistent if effect.pops > 0 => self.wrap_object(count, at, end)?,
            OpKind::Buffer if effect.pops > 0 => self.wrap_object(count, at, end)?,
            OpKind::None
            | OpKind::Bool
            | OpKind::Int
            | OpKind::Float
            | OpKind::Str
            | OpKind::String2
            | OpKind::Bytes
            | OpKind::ByteArray
            | OpKind::Buffer
            | OpKind::Set
            | OpKind::Global
            | OpKind::Extension
            | OpKind::Persistent => drop(self.push(Shape::Leaf, at, end)),
        }
        Some(())
    }

    /// An object, of what it is made of.
    fn wrap_object(&mut self, count: Option<usize>, at: u64, end: u64) -> Option<()> {
        let places = self.take(count, at)?;
        let start = if count.is_none() { self.mark } else { places.first().map_or(at, |first| first.start) };
        self.push(Shape::Object, start, end);
        Some(())
    }

    /// The part one step from a value, by its owner and number.
    pub fn find(&self, input: &Rope, node: usize, step: PathStep<'_>) -> io::Result<Option<(usize, usize)>> {
        let Some(it) = self.nodes.get(node) else { return Ok(None) };
        if it.shape == Shape::Object
            && let Some(state) = it.state
        {
            // Attributes: a dict, or that and a dict of slots.
            let Some(state_node) = self.nodes.get(state) else { return Ok(None) };
            let parts = state_node.slots.iter().map(|slot| slot.value.node);
            let dicts: Vec<usize> = if state_node.shape == Shape::Tuple { parts.collect() } else { vec![state] };
            for dict in dicts {
                let found = self.by_key(input, dict, step)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        match (it.shape, step) {
            (Shape::List | Shape::Tuple | Shape::Object, PathStep::Index(index)) => {
                let items: Vec<usize> =
                    (0..).zip(&it.slots).filter(|(_, slot)| slot.key.is_none()).map(|(i, _)| i).collect();
                let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let at = usize::try_from(if index < 0 { index.saturating_add(len) } else { index }).ok();
                match at.and_then(|at| items.get(at)) {
                    Some(&at) => Ok(Some((node, at))),
                    None => self.by_key(input, node, step),
                }
            }
            _ => self.by_key(input, node, step),
        }
    }

    /// The last entry whose key the step names.
    fn by_key(&self, input: &Rope, node: usize, step: PathStep<'_>) -> io::Result<Option<(usize, usize)>> {
        let Some(node_of) = self.nodes.get(node) else { return Ok(None) };
        for (at, slot) in node_of.slots.iter().enumerate().rev() {
            if let Some(key) = slot.key
                && self.is_key(input, key, step)?
            {
                return Ok(Some((node, at)));
            }
        }
        Ok(None)
    }

    /// The key is the one that the step names: as the core finds it in a dict of this key alone.
    fn is_key(&self, input: &Rope, key: Place, step: PathStep<'_>) -> io::Result<bool> {
        let Some(node) = self.nodes.get(key.node) else { return Ok(false) };
        let mut pickle = b"}".to_vec();
        pickle.extend_from_slice(&input.bytes(node.start, node.end)?);
        pickle.extend_from_slice(b"Ns.");
        let mut unpickler = Unpickler::new(Heap::new(), Options::new());
        Ok(unpickler.load(&pickle).is_ok_and(|document| document.root().step(step).is_some()))
    }
}

fn pairs(places: &[Place], alone: Option<u64>, loose: bool) -> Vec<Slot> {
    let pair = |pair: &[Place]| match pair {
        [key, value] => Some(Slot { key: Some(*key), value: *value, alone, loose }),
        _ => None,
    };
    places.chunks(2).filter_map(pair).collect()
}

/// The number of a memo entry.
fn index_of(op: &Op<'_>) -> Option<u64> {
    match op.arg {
        Arg::Uint(index) => Some(index),
        Arg::Text(text) => str::from_utf8(text).ok()?.trim().parse().ok(),
        _ => None,
    }
}
