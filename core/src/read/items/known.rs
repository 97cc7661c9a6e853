//! Parts of a value that the view knows.

use crate::view::{MemberCells, Pairs, Unknown, View};
use crate::{Change, Value};

/// The parts of what is more than a container of the pickle, where the view knows them: of a set of protocol 2, a deque, an
/// OrderedDict of Python 2.7, a ChainMap, of a record with what it is made with.
pub(super) struct Known<'d> {
    pub members: MemberCells,
    /// Pairs of several maps, which have come apart.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code, reason = "they cannot be merged"))]
    pub chained: Option<Pairs<'d>>,
    /// Its changes follow: a state without names.
    pub changes: bool,
}

impl<'d> Known<'d> {
    pub fn of(value: Value<'d>) -> Option<Self> {
        let object = value.as_object()?;
        let changes = match value.view() {
            View::Record(record) => record.values.is_some() && record.args.len() != 0,
            View::Sequence(_) | View::Set(_) | View::Mapping(_) | View::Partial(_) | View::Derived(_) => false,
            // Its state may still make it what its class is known for.
            View::Object(_, Unknown::Parts) => return None,
            View::Object(..) => {
                let holds = |change| !matches!(change, Change::Build(_) | Change::Nested(_));
                if object.changes().any(holds) {
                    return None;
                }
                return Some(Known { members: MemberCells::made_with(&object), chained: None, changes: true });
            }
            _ => return None,
        };
        let (members, chained) = value.members()?.cells();
        Some(Known { members, chained, changes })
    }
}
