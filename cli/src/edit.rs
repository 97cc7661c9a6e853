//! Values of a pickle changed in place: all other bytes stay as they are.
//!
//! Only what a path leads to is written anew. Where the memo has what is replaced, its numbers stay right: an old value
//! that something fetches later stays in the stream and is popped, and MEMOIZE is repeated as often as it was there. The
//! lengths of frames follow. joblib's arrays between the opcodes stay as they are, at the same places modulo 16.
//!
//! The file is read in pieces: what is held is what is known of its values, not their bytes.

mod rope;
mod tree;
mod value;

pub use rope::Rope;

use rope::Patch;

use pickle_core::{Error, Opcode, PathStep, ValuePath};
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
    /// It cannot be read.
    #[error("{0}")]
    Input(std::io::Error),
    /// Something else; what it is.
    #[error("{0}")]
    Refused(String),
}

impl From<Error> for EditError {
    fn from(error: Error) -> Self {
        EditError::Pickle(error)
    }
}

impl From<std::io::Error> for EditError {
    fn from(error: std::io::Error) -> Self {
        EditError::Input(error)
    }
}

/// A value of JSON as opcodes of protocol 4, without a frame and STOP. `None` where it nests too deeply, or is none.
pub fn opcodes(value: &Value) -> Option<Vec<u8>> {
    value::opcodes(value, 4)
}

/// Changes what a path leads to in the pickle at the start of `input`; what follows the pickle stays. `None` where nothing
/// is there and nothing can be put there.
///
/// # Errors
/// The pickle is damaged, or the value cannot be changed so.
pub fn change(input: &Rope, path: &str, change: Change<'_>) -> Result<Option<Rope>, EditError> {
    let refused = |text: String| Err(EditError::Refused(text));
    let tree = Tree::of(input)?;
    let Some(root) = tree.root else { return Ok(None) };
    let new = match change {
        Change::Set(value) => match value::opcodes(value, tree.protocol) {
            Some(new) => new,
            None => {
                return refused(
                    "the value nests too deeply, has an invalid number, or a key with $ that says nothing which can be \
                     set: $bytes, $bytearray, $int, $float, $tuple, $set, $frozenset and $global can"
                        .into(),
                );
            }
        },
        Change::Delete => Vec::new(),
    };
    let steps: Option<Vec<PathStep<'_>>> = ValuePath::new(path).collect();
    let Some(steps) = steps else { return refused(format!("{path} is not a valid path")) };
    let Some((last, before)) = steps.split_last() else {
        return match change {
            Change::Set(_) => Ok(Some(apply(input, &tree, vec![tree.replaced(root, &new)])?)),
            Change::Delete => refused("the whole pickle cannot be deleted".into()),
        };
    };
    let mut node = root.node;
    for step in before {
        let Some((owner, at)) = tree.find(input, node, *step)? else { return Ok(None) };
        let Some(slot) = tree.nodes.get(owner).and_then(|owner| owner.slots.get(at)) else { return Ok(None) };
        node = slot.value.node;
    }
    let slot = tree.find(input, node, *last)?.and_then(|(owner, at)| tree.nodes.get(owner)?.slots.get(at));
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
    Ok(Some(apply(input, &tree, patches)?))
}

impl Tree {
    /// The opcodes that fill the memo within a range, and whether something behind it fetches what they put there.
    fn memo_in(&self, from: u64, to: u64) -> (Vec<&Memo>, bool) {
        let puts: Vec<&Memo> =
            self.memos.iter().filter(|memo| !memo.is_fetch && (from..to).contains(&memo.at)).collect();
        let is_fetched = |put: &&Memo| {
            self.is_shared || self.memos.iter().any(|memo| memo.is_fetch && memo.at >= to && memo.index == put.index)
        };
        let fetched = puts.iter().any(is_fetched);
        (puts, fetched)
    }

    /// Other opcodes for a value.
    fn replaced(&self, place: Place, new: &[u8]) -> Patch {
        let (puts, fetched) = self.memo_in(place.start, place.end);
        let counting = puts.iter().filter(|put| put.counts).count();
        if fetched || counting != 0 && counting != puts.len() || self.has_frame(place) {
            // It stays: it is fetched elsewhere.
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

/// Arrays of joblib are aligned to this, so that they can be mapped (`NUMPY_ARRAY_ALIGNMENT_BYTES`).
const ALIGN: u64 = 16;

/// The bytes with all patches, frames of the lengths that they have then, and arrays where they were modulo [`ALIGN`].
fn apply(input: &Rope, tree: &Tree, mut patches: Vec<Patch>) -> Result<Rope, EditError> {
    for &(at, end) in &tree.frames {
        let (begin, mut len) = (at + 9, end - (at + 9));
        for patch in &patches {
            if (begin..end).contains(&patch.from) {
                // An array of joblib lies behind the frame that its value began in.
                len = len + patch.bytes.len() as u64 - (patch.to.min(end) - patch.from);
            }
        }
        if len != end - begin {
            patches.push(Patch { from: at + 1, to: begin, bytes: len.to_le_bytes().to_vec() });
        }
    }
    patches.sort_by_key(|patch| patch.from);
    // How far what follows has moved.
    let (mut moved, mut done) = (0, 0);
    let mut paddings = Vec::new();
    for &(at, len) in &tree.paddings {
        while let Some(patch) = patches.get(done).filter(|patch| patch.from <= at) {
            moved += patch.bytes.len() as i64 - (patch.to - patch.from) as i64;
            done += 1;
        }
        let is_inside = |patch: &Patch| (patch.from..patch.to).contains(&at);
        if moved % ALIGN as i64 == 0 || patches.iter().any(is_inside) {
            continue;
        }
        // As joblib has it, from 1 to 16.
        let new = (len as i64 - moved - 1).rem_euclid(ALIGN as i64) + 1;
        let bytes = [&[new as u8][..], &[0xff; ALIGN as usize][..new as usize]].concat();
        moved += new - len as i64;
        paddings.push(Patch { from: at, to: at + 1 + len, bytes });
    }
    patches.extend(paddings);
    patches.sort_by_key(|patch| patch.from);
    Ok(input.patched(&patches))
}
