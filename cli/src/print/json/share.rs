//! Which values are written once and referred to afterwards.

use super::Options;
use super::steps::{Step, Steps, steps};
use pickle_core::{Kind, Value};

/// What is known of a node.
#[derive(Clone, Copy, Default)]
struct Node {
    /// Values that it stands for, shared ones counted wherever they appear; at most `u32::MAX`.
    size: u32,
    met: Met,
    /// It is referred to: it is written once, with an `$id`.
    once: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Met {
    #[default]
    Never,
    /// Its parts are being looked at: who meets it now closes a cycle.
    Open,
    Done,
}

/// The node, its parts that are left, and the values that were counted.
type Frame<'d> = (Option<usize>, Steps<'d>, u32);

/// The values of a document that are written once.
pub struct Shared {
    nodes: Vec<Node>,
}

/// A value that can be referred to.
pub fn identity(value: &Value<'_>) -> Option<usize> {
    if value.kind() == Kind::Global { None } else { value.id() }
}

impl Shared {
    /// Looks at all of a document once.
    pub fn of(root: Value<'_>, limit: usize, options: &Options) -> Self {
        let mut this = Shared { nodes: vec![Node::default(); limit] };
        let mut stack: Vec<Frame<'_>> = Vec::new();
        stack.push((None, Box::new(std::iter::once(Step::Value(root))), 0));
        while let Some((id, rest, size)) = stack.last_mut() {
            match rest.next() {
                Some(Step::Value(value)) => {
                    let Some(id) = identity(&value) else {
                        *size = size.saturating_add(1);
                        continue;
                    };
                    let Some(node) = this.nodes.get_mut(id) else { continue };
                    match node.met {
                        Met::Never => {
                            node.met = Met::Open;
                            stack.push((Some(id), steps(value, options), 1));
                        }
                        // On the way to itself, or too large to be written again.
                        Met::Open => node.once = true,
                        Met::Done => {
                            node.once |= options.tagged || node.size > options.repeat;
                            *size = size.saturating_add(if node.once { 1 } else { node.size });
                        }
                    }
                }
                Some(Step::Parts(parts)) => stack.push((None, parts, 0)),
                Some(_) => {}
                None => {
                    let (id, size) = (*id, *size);
                    stack.pop();
                    if let Some(node) = id.and_then(|id| this.nodes.get_mut(id)) {
                        node.met = Met::Done;
                        node.size = size;
                    }
                    if let Some((_, _, above)) = stack.last_mut() {
                        *above = above.saturating_add(size);
                    }
                }
            }
        }
        this
    }

    /// The value is written once.
    pub fn is_once(&self, id: usize) -> bool {
        self.nodes.get(id).is_some_and(|node| node.once)
    }
}
