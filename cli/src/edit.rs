//! Values of a pickle changed in place: all other bytes stay as they are.
//!
//! Only what a path leads to is written anew. Where the memo has what is replaced, its numbers stay right: an old value
//! that something fetches later stays in the stream and is popped, and MEMOIZE is repeated as often as it was there. The
//! lengths of frames follow.

mod tree;
mod value;

use pickle_core::{Error, Opcode, Path, PathStep};
use serde_json::Value;
use tree::{Memo, Place, Tree};

/// What is to be done at a path.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// There is this value then.
    Set(&'a Value),
    /// There is nothing then.
    Delete,
}

/// Why a value cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The pickle is damaged.
    #[error("{0}")]
    Pickle(Error),
    /// Something else; what it is.
    #[error("{0}")]
    Refused(String),
}

impl From<Error> for EditError {
    fn from(error: Error) -> Self {
        EditError::Pickle(error)
    }
}

/// A value of JSON as opcodes of protocol 4, without a frame and STOP. `None` where it nests too deeply.
pub fn opcodes(value: &Value) -> Option<Vec<u8>> {
    value::opcodes(value, 4)
}

/// Bytes of a pickle and what stands there instead.
struct Patch {
    from: u64,
    to: u64,
    bytes: Vec<u8>,
}

/// Changes what a path leads to in the pickle at the start of `input`; what follows the pickle stays. `None` where nothing
/// is there and nothing can be put there.
///
/// # Errors
/// The pickle is damaged, or the value cannot be changed so.
pub fn change(input: &[u8], path: &str, change: Change<'_>) -> Result<Option<Vec<u8>>, EditError> {
    let refused = |text: String| Err(EditError::Refused(text));
    let tree = Tree::of(input)?;
    let Some(root) = tree.root else { return Ok(None) };
    let new = match change {
        Change::Set(value) => match value::opcodes(value, tree.protocol) {
            Some(new) => new,
            None => return refused("the value nests too deeply, or has a number that is none".into()),
        },
        Change::Delete => Vec::new(),
    };
    let steps: Option<Vec<PathStep<'_>>> = Path::new(path).collect();
    let Some(steps) = steps else { return refused(format!("{path} is no path")) };
    let Some((last, before)) = steps.split_last() else {
        return match change {
            Change::Set(_) => Ok(Some(apply(input, &tree, vec![tree.replaced(root, &new)]))),
            Change::Delete => refused("the whole pickle cannot be deleted".into()),
        };
    };
    let mut node = root.node;
    for step in before {
        let Some((owner, at)) = tree.find(input, node, *step) else { return Ok(None) };
        let Some(slot) = tree.nodes.get(owner).and_then(|owner| owner.slots.get(at)) else { return Ok(None) };
        node = slot.value.node;
    }
    let slot = tree.find(input, node, *last).and_then(|(owner, at)| tree.nodes.get(owner)?.slots.get(at));
    let patches = match (slot, change) {
        (Some(slot), Change::Set(_)) => vec![tree.replaced(slot.value, &new)],
        (Some(slot), Change::Delete) if !slot.loose => {
            return refused(format!("{path} is an item of a tuple, whose items are counted: set it instead"));
        }
        (Some(slot), Change::Delete) => {
            let mut patches: Vec<Patch> =
                slot.key.into_iter().chain([slot.value]).map(|place| tree.dropped(place)).collect();
            patches.extend(slot.alone.map(|at| Patch { from: at, to: at + 1, bytes: Vec::new() }));
            patches
        }
        (None, Change::Set(_)) => match tree.added(node, *last, &new) {
            Some(patch) => vec![patch],
            None => return Ok(None),
        },
        (None, Change::Delete) => return Ok(None),
    };
    Ok(Some(apply(input, &tree, patches)))
}

impl Tree {
    /// The opcodes that fill the memo within a range, and whether something behind it fetches what they put there.
    fn memo_in(&self, from: u64, to: u64) -> (Vec<&Memo>, bool) {
        let puts: Vec<&Memo> =
            self.memos.iter().filter(|memo| !memo.is_fetch && (from..to).contains(&memo.at)).collect();
        let fetched = self
            .memos
            .iter()
            .any(|memo| memo.is_fetch && memo.at >= to && puts.iter().any(|put| put.index == memo.index));
        (puts, fetched)
    }

    /// Other opcodes for a value.
    fn replaced(&self, place: Place, new: &[u8]) -> Patch {
        let (puts, fetched) = self.memo_in(place.start, place.end);
        let counting = puts.iter().filter(|put| put.counts).count();
        if fetched || counting != 0 && counting != puts.len() || self.has_frame(place) {
            // It stays for those who fetch it.
            let bytes = [&[Opcode::Pop.byte()], new].concat();
            return Patch { from: place.end, to: place.end, bytes };
        }
        let mut bytes = new.to_vec();
        bytes.extend(std::iter::repeat_n(Opcode::Memoize.byte(), counting));
        Patch { from: place.start, to: place.end, bytes }
    }

    /// Nothing for a value.
    fn dropped(&self, place: Place) -> Patch {
        let (puts, fetched) = self.memo_in(place.start, place.end);
        let counting = puts.iter().filter(|put| put.counts).count();
        if fetched || counting != 0 && counting != puts.len() || self.has_frame(place) {
            return Patch { from: place.end, to: place.end, bytes: vec![Opcode::Pop.byte()] };
        }
        let mut bytes = Vec::new();
        if counting != 0 {
            bytes.push(Opcode::None.byte());
            bytes.extend(std::iter::repeat_n(Opcode::Memoize.byte(), counting));
            bytes.push(Opcode::Pop.byte());
        }
        Patch { from: place.start, to: place.end, bytes }
    }

    /// A frame begins within.
    fn has_frame(&self, place: Place) -> bool {
        self.frames.iter().any(|(at, _)| (place.start..place.end).contains(at))
    }

    /// An entry for a dict, or an attribute for an object.
    fn added(&self, node: usize, step: PathStep<'_>, new: &[u8]) -> Option<Patch> {
        let name: String = match step {
            PathStep::Key(name) => name.chars().collect(),
            _ => return None,
        };
        let it = self.nodes.get(node)?;
        let dict = match (it.shape, it.state) {
            (tree::Shape::Dict, _) => it,
            (tree::Shape::Object, Some(state)) => {
                self.nodes.get(state).filter(|state| state.shape == tree::Shape::Dict)?
            }
            (tree::Shape::Object, None) if it.slots.iter().any(|slot| slot.key.is_some()) => it,
            _ => return None,
        };
        let mut bytes = value::opcodes(&Value::from(name), self.protocol)?;
        bytes.extend_from_slice(new);
        bytes.push(Opcode::SetItem.byte());
        Some(Patch { from: dict.open, to: dict.open, bytes })
    }
}

/// The bytes with all patches, and frames of the lengths that they have then.
fn apply(input: &[u8], tree: &Tree, mut patches: Vec<Patch>) -> Vec<u8> {
    for &(at, end) in &tree.frames {
        let (begin, mut len) = (at + 9, end - (at + 9));
        for patch in &patches {
            if (begin..end).contains(&patch.from) {
                len = len + patch.bytes.len() as u64 - (patch.to - patch.from);
            }
        }
        if len != end - begin {
            patches.push(Patch { from: at + 1, to: begin, bytes: len.to_le_bytes().to_vec() });
        }
    }
    patches.sort_by_key(|patch| patch.from);
    let mut out = Vec::with_capacity(input.len());
    let mut done = 0;
    for patch in &patches {
        out.extend_from_slice(input.get(done..patch.from as usize).unwrap_or_default());
        out.extend_from_slice(&patch.bytes);
        done = patch.to as usize;
    }
    out.extend_from_slice(input.get(done..).unwrap_or_default());
    out
}
