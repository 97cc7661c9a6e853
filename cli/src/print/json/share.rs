//! Which values are written once and referred to afterwards.

use super::steps::{Form, Step, Steps, steps};
use pickle_core::{Kind, Value};

/// What is known of a node.
#[derive(Clone, Copy, Default)]
struct Node {
    /// Values that it stands for, shared ones counted wherever they appear; at most `u32::MAX`.
    size: u32,
    met: Met,
    /// It is referred to: it is written once, with an `$id`.
    once: bool,
    /// It is inside of itself.
    cyclic: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Met {
    #[default]
    Never,
    /// Its parts are being looked at: meeting it now closes a cycle.
    Open,
    Done,
}

/// The node, its parts that are left, and the values that were counted.
type Frame<'d> = (Option<usize>, Steps<'d>, u32);

/// The values of a document that are written once. The memory can be used for one document after another: of that
/// only what was met is cleared, so that an item costs no more than itself.
#[derive(Default)]
pub struct Shared {
    nodes: Vec<Node>,
    /// What was met, and is to be cleared.
    met: Vec<usize>,
}

/// A value that can be referred to.
pub fn identity(value: &Value<'_>) -> Option<usize> {
    if value.kind() == Kind::Global { None } else { value.id() }
}

impl Shared {
    /// Looks at all of a document once, and forgets the one before.
    pub fn look_at<'d>(&mut self, root: Value<'d>, limit: usize, form: Form<'d>) {
        for id in self.met.drain(..) {
            if let Some(node) = self.nodes.get_mut(id) {
                *node = Node::default();
            }
        }
        if self.nodes.len() < limit {
            self.nodes.resize(limit, Node::default());
        }
        let mut stack: Vec<Frame<'d>> = Vec::new();
        stack.push((None, Box::new(std::iter::once(Step::Value(root))), 0));
        while let Some((id, rest, size)) = stack.last_mut() {
            match rest.next() {
                Some(Step::Value(value)) => {
                    let Some(id) = identity(&value) else {
                        *size = size.saturating_add(1);
                        continue;
                    };
                    let Some(node) = self.nodes.get_mut(id) else { continue };
                    match node.met {
                        Met::Never => {
                            node.met = Met::Open;
                            self.met.push(id);
                            stack.push((Some(id), steps(value, form), 1));
                        }
                        // On the way to itself, or too large to be written again.
                        Met::Open => (node.once, node.cyclic) = (true, true),
                        Met::Done => {
                            node.once |= form.options.tagged || node.size > form.options.repeat;
                            *size = size.saturating_add(if node.once { 1 } else { node.size });
                        }
                    }
                }
                Some(Step::Parts(parts)) => stack.push((None, parts, 0)),
                Some(_) => {}
                None => {
                    let (id, size) = (*id, *size);
                    stack.pop();
                    if let Some(node) = id.and_then(|id| self.nodes.get_mut(id)) {
                        node.met = Met::Done;
                        node.size = size;
                    }
                    if let Some((_, _, above)) = stack.last_mut() {
                        *above = above.saturating_add(size);
                    }
                }
            }
        }
    }

    /// The value is written once.
    pub fn is_once(&self, id: usize) -> bool {
        self.nodes.get(id).is_some_and(|node| node.once)
    }

    /// The value is inside of itself.
    pub fn is_cyclic(&self, id: usize) -> bool {
        self.nodes.get(id).is_some_and(|node| node.cyclic)
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, Shared};
    use crate::print::json::{Options, one_line};
    use crate::print::table::values::Arena;
    use pickle_core::{Heap, Options as Reading, Unpickler};

    /// Items of a large document: what is met of each is its own.
    #[test]
    fn an_item_costs_no_more_than_itself() {
        let mut pickle = b"](".to_vec();
        for _ in 0..1000 {
            // A list that stands twice in a tuple.
            pickle.extend(b"]q\0h\0\x86");
        }
        pickle.extend(b"e.");
        let mut reader = Unpickler::new(Heap::new(), Reading::new());
        let document = reader.load(&pickle).expect("a pickle");
        let (limit, arena) = (document.id_limit(), Arena::new(one_line));
        let form = |tagged| Form { options: Options { tagged, ..Options::default() }, arena: &arena };
        let mut shared = Shared::default();
        for item in document.root().items().expect("a list") {
            shared.look_at(item, limit, form(false));
            assert_eq!(shared.met.len(), 2);
            assert!(!shared.met.iter().any(|&id| shared.is_once(id)));
        }
        let items = document.root().items().expect("a list");
        let others = items.filter(|item| shared.nodes[item.id().expect("an id")].size != 0);
        assert_eq!(others.count(), 1, "the last is known, and no other");
        shared.look_at(document.root(), limit, form(true));
        assert_eq!(shared.met.iter().filter(|&&id| shared.is_once(id)).count(), 1000);
    }
}
