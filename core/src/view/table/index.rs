//! Labels of rows and of columns, in one level or several.

use super::run::{Meaning, Run};
use super::values::{self, Categories, Values};
use super::{Cell, Lane, TableError, is_list};
use crate::Value;
use crate::view::known::Array;

/// The labels of an axis.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::table::Index;
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // pandas.Index(["a", "b"], name="k")
/// let pickle = b"cpandas.core.indexes.base\n_new_Index\n(cpandas\nIndex\n}(Vdata\n(Va\nVb\nlVname\nVk\nutR.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let index = Index::of(document.root()).unwrap();
/// assert_eq!((index.len(), index.levels()), (2, 1));
/// assert_eq!(index.name(0).and_then(|name| name.as_str()), Some("k"));
/// assert_eq!(index.label(1).and_then(|label| label.as_text()), Some("b"));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Index<'d> {
    /// One level, and its name.
    Single(Values<'d>, Option<Value<'d>>),
    /// Several levels (MultiIndex).
    Multi(Levels<'d>),
}

/// The levels of a MultiIndex.
#[derive(Clone, Copy, Debug)]
pub struct Levels<'d> {
    levels: Value<'d>,
    codes: Value<'d>,
    names: Option<Value<'d>>,
    len: usize,
}

impl<'d> Levels<'d> {
    fn new(levels: Value<'d>, codes: Value<'d>, names: Option<Value<'d>>) -> Result<Self, TableError> {
        let count = levels.items().ok_or(TableError::Parts)?.len();
        let mut each = codes.items().ok_or(TableError::Parts)?;
        if each.len() != count {
            return Err(TableError::Parts);
        }
        let len = match each.next() {
            Some(first) => values::run_of(first, 0)?.len(),
            None => 0,
        };
        Ok(Levels { levels, codes, names, len })
    }

    fn level(&self, number: usize) -> Result<Values<'d>, TableError> {
        let codes = self.codes.at(number).ok_or(TableError::Parts)?;
        let Run::Lane(codes, _) = values::run_of(codes, 0)? else { return Err(TableError::Parts) };
        let level = self.levels.at(number).ok_or(TableError::Parts)?;
        let categories = match Values::of(level, 0)? {
            Values::Run(run) => Categories::Run(run),
            Values::Masked(data, mask) => Categories::Run(values::unmasked(data, mask)?),
            Values::Intervals(left, right, closed) => Categories::Intervals(left, right, closed),
            Values::Categorical { categories, codes, .. } => {
                // A level of categories has each of them once, mostly in their order.
                let in_order =
                    (0..codes.len()).all(|at| codes.cell(at).and_then(|code| code.as_int()) == Some(at as i128));
                if !in_order {
                    return Err(TableError::Class);
                }
                match categories {
                    // What is missing of a categorical is nan, whatever its categories are.
                    Categories::Run(Run::Lane(lane, Meaning::Nullable)) => {
                        Categories::Run(Run::Lane(lane, Meaning::Plain))
                    }
                    categories => categories,
                }
            }
            _ => return Err(TableError::Class),
        };
        if codes.len() == self.len {
            Ok(Values::Categorical { codes, categories, ordered: false })
        } else {
            Err(TableError::Parts)
        }
    }
}

impl<'d> Index<'d> {
    /// From an Index of any class, or a list of labels.
    ///
    /// # Errors
    /// It is none, or its parts do not fit together.
    pub fn of(value: Value<'d>) -> Result<Self, TableError> {
        if is_list(value) {
            return Ok(Index::Single(Values::of(value, 0)?, None));
        }
        let named = |name: Option<Value<'d>>| name.filter(|name| !name.is_none());
        if let Some(array) = Array::of(value) {
            let class = array.class.and_then(|class| class.as_global()).map_or("", |class| class.name);
            let part = |n| array.extra.and_then(|extra: Value<'d>| extra.at(n));
            if class == "MultiIndex" {
                let (levels, codes) = part(0).zip(part(1)).ok_or(TableError::Parts)?;
                return Levels::new(levels, codes, named(part(3))).map(Index::Multi);
            }
            return Ok(Index::Single(Values::of(value, 0)?, named(part(0))));
        }
        let object = value.as_object().ok_or(TableError::NoTable)?;
        let data = object.args().nth(1).ok_or(TableError::NoTable)?;
        if let Some(levels) = data.get("levels") {
            let codes = data.get("codes").or_else(|| data.get("labels")).ok_or(TableError::Parts)?;
            return Levels::new(levels, codes, named(data.get("names"))).map(Index::Multi);
        }
        Ok(Index::Single(Values::of(value, 0)?, named(data.get("name"))))
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        match self {
            Index::Single(values, _) => values.len(),
            Index::Multi(levels) => levels.len,
        }
    }

    /// No labels.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of levels.
    pub fn levels(&self) -> usize {
        match self {
            Index::Single(..) => 1,
            Index::Multi(levels) => levels.levels.len(),
        }
    }

    /// The labels of a level.
    ///
    /// # Errors
    /// There is none, or its parts do not fit together.
    pub fn level(&self, number: usize) -> Result<Values<'d>, TableError> {
        match self {
            Index::Single(values, _) if number == 0 => Ok(*values),
            Index::Single(..) => Err(TableError::Parts),
            Index::Multi(levels) => levels.level(number),
        }
    }

    /// The name of a level.
    pub fn name(&self, number: usize) -> Option<Value<'d>> {
        match self {
            Index::Single(_, name) if number == 0 => *name,
            Index::Single(..) => None,
            Index::Multi(levels) => levels.names?.at(number).filter(|name| !name.is_none()),
        }
    }

    /// Label `at` is label `other_at` of another index with as many levels.
    pub(super) fn same(&self, at: usize, other: &Index<'_>, other_at: usize) -> bool {
        self.levels() == other.levels()
            && (0..self.levels()).all(|level| {
                let (Ok(a), Ok(b)) = (self.level(level), other.level(level)) else { return false };
                match (a.cell(at), b.cell(other_at)) {
                    (Some(a), Some(b)) => a.is_same_label(&b),
                    _ => false,
                }
            })
    }

    /// The codes of a level, for those who want dictionaries.
    pub fn codes(&self, number: usize) -> Option<Lane<'d>> {
        match self.level(number).ok()? {
            Values::Categorical { codes, .. } => Some(codes),
            _ => None,
        }
    }

    /// The label in a level of one level; None for what has several.
    pub fn label(&self, at: usize) -> Option<Cell<'d>> {
        match self {
            Index::Single(values, _) => values.cell(at),
            Index::Multi(_) => None,
        }
    }
}
