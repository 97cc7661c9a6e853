//! What differs between two values, by path.
//!
//! Values are compared by what they mean, not by how they are spelled: the protocol, the memo and the order of sets and
//! of keys make no difference. The walk has a stack of its own; every pair of containers is looked at once.

mod arrays;
mod keys;
mod means;
mod tables;

use crate::Failure;
use crate::pickles::parts::{self, Step};
use crate::print::brief::{comparable_json, kind};
use crate::print::canonical::big_int;
use crate::print::json::one_line;
use crate::print::names;
use crate::print::table::values::Arena;
use keys::by_key;
use pickle_core::known::{Array, Octets, Tensor};
use pickle_core::view::{Attributes, Record, View};
use pickle_core::{Items, Kind, ObjectParts, Value};
use std::collections::{HashMap, HashSet};

/// Bytes of text of values that are compared by their text: dates, ranges, time zones.
const MOST_TEXT: usize = 1 << 20;

/// When two numbers are taken for equal: `|a - b| <= absolute + relative * |b|`, as `numpy.isclose` has it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tolerance {
    pub absolute: f64,
    pub relative: f64,
}

impl Tolerance {
    fn is_close(self, a: f64, b: f64) -> bool {
        a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= self.absolute + self.relative * b.abs()
    }

    fn is_any(self) -> bool {
        self.absolute > 0.0 || self.relative > 0.0
    }
}

/// A difference.
pub(crate) enum What<'d> {
    /// A value became another one.
    Changed(Value<'d>, Value<'d>),
    /// Only the first has it.
    Removed(Value<'d>),
    /// Only the second has it.
    Added(Value<'d>),
    /// A property such as the type or the shape.
    Property(&'static str, String, String),
    /// Cells of an array or a column.
    Cells(Cells),
    /// Bytes: how many differ of how many, and where the first is.
    Bytes { differing: u64, of: u64, first: u64 },
}

/// Cells that differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cells {
    pub differing: u64,
    pub of: u64,
    /// The largest difference of two numbers, where it is, and both.
    pub largest: Option<(f64, String, String, String)>,
}

/// Takes a difference: the path, and what it is.
pub(crate) type Found<'f> = dyn FnMut(&str, &What<'_>) -> Result<(), Failure> + 'f;

/// What two values have at the same step.
type Both<'d> = (Step<'d>, Option<Value<'d>>, Option<Value<'d>>);

/// Compares values.
pub(crate) struct Comparer {
    pub tolerance: Tolerance,
    /// What could not be compared.
    pub doubts: Vec<String>,
}

impl Comparer {
    pub fn new(tolerance: Tolerance) -> Self {
        Comparer { tolerance, doubts: Vec::new() }
    }

    /// Goes through two values; `base` is the path of both.
    pub fn compare<'d>(
        &mut self,
        base: &str,
        a: Value<'d>,
        b: Value<'d>,
        found: &mut Found<'_>,
    ) -> Result<(), Failure> {
        // What is copied of tables: it outlives all that looks at it.
        let arena = Arena::new(one_line);
        self.walk(base, a, b, &arena, found)
    }

    fn walk<'d>(
        &mut self,
        base: &str,
        a: Value<'d>,
        b: Value<'d>,
        arena: &'d Arena,
        found: &mut Found<'_>,
    ) -> Result<(), Failure> {
        let mut frames: Vec<std::vec::IntoIter<Both<'d>>> = Vec::new();
        let mut steps: Vec<Step<'d>> = Vec::new();
        let mut seen = HashSet::new();
        let path = |steps: &[Step<'_>]| {
            let mut path = base.to_owned();
            steps.iter().for_each(|step| step.write(&mut path));
            path
        };
        let mut next = Some((a, b));
        loop {
            if let Some((a, b)) = next.take() {
                let new = match (a.id(), b.id()) {
                    (Some(a), Some(b)) => seen.insert((a, b)),
                    _ => true,
                };
                let mut differences = Vec::new();
                let both = if new { self.pair(a, b, arena, &mut differences) } else { Vec::new() };
                let doubts = std::mem::take(&mut self.doubts);
                self.doubts.extend(doubts.into_iter().map(|doubt| match doubt.strip_prefix('?') {
                    Some(text) => format!("{}: {text}", path(&steps)),
                    None => doubt,
                }));
                for what in &differences {
                    found(&path(&steps), what)?;
                }
                if both.is_empty() {
                    steps.pop();
                } else {
                    frames.push(both.into_iter());
                }
            }
            let Some(frame) = frames.last_mut() else { return Ok(()) };
            let Some((step, a, b)) = frame.next() else {
                frames.pop();
                steps.pop();
                continue;
            };
            steps.push(step);
            let what = match (a, b) {
                (Some(a), Some(b)) => {
                    next = Some((a, b));
                    continue;
                }
                (Some(a), None) => What::Removed(a),
                (None, Some(b)) => What::Added(b),
                (None, None) => continue,
            };
            found(&path(&steps), &what)?;
            steps.pop();
        }
    }

    /// Compares two values without their parts; gives those.
    fn pair<'d>(&mut self, a: Value<'d>, b: Value<'d>, arena: &'d Arena, found: &mut Vec<What<'d>>) -> Vec<Both<'d>> {
        let same_kind = |found: &mut Vec<What<'d>>| found.extend(types(a, b));
        match (a.view(), b.view()) {
            (View::Sequence(x), View::Sequence(y)) => {
                same_kind(found);
                found.extend(means::property("maxlen", x.max_len, y.max_len));
                let mut both = by_place(x.items, y.items);
                both.extend(by_key(x.attributes, y.attributes, &mut self.doubts));
                both
            }
            (View::Set(x), View::Set(y)) => {
                same_kind(found);
                let mut both = keys::as_sets(x.items, y.items, &mut self.doubts);
                both.extend(by_key(x.attributes, y.attributes, &mut self.doubts));
                both
            }
            (View::Mapping(x), View::Mapping(y)) => {
                same_kind(found);
                found.extend(means::property("default_factory", x.factory, y.factory));
                // Keys of later maps stand behind those of the first.
                if let Some(states) = means::chains((a, &x), (b, &y)) {
                    return vec![(Step::Name("state"), Some(states.0), Some(states.1))];
                }
                let mut both = by_key(x.pairs, y.pairs, &mut self.doubts);
                both.extend(by_key(x.attributes, y.attributes, &mut self.doubts));
                if x.state.is_some() || y.state.is_some() {
                    both.push((Step::Name("state"), x.state, y.state));
                }
                both
            }
            (View::Record(x), View::Record(y)) => {
                same_kind(found);
                self.records(a, b, x, y)
            }
            (View::Array(x), View::Array(y)) => {
                same_kind(found);
                self.arrays(a, b, &x, &y, found)
            }
            (View::Scalar(x, left), View::Scalar(y, right)) => {
                same_kind(found);
                let item = |octets: Octets<'_>| octets.take(32).collect::<Vec<u8>>();
                let equal = match (x.number(&item(left)), y.number(&item(right))) {
                    (Some(x), Some(y)) => arrays::is_close(x, y, self.tolerance),
                    _ => left.eq(right),
                };
                if !equal {
                    found.push(What::Changed(a, b));
                }
                Vec::new()
            }
            (View::Bytes(x), View::Bytes(y)) | (View::ByteArray(x), View::ByteArray(y)) => {
                found.extend(bytes(a, b, x, y));
                Vec::new()
            }
            (View::Derived(x), View::Derived(y)) => {
                same_kind(found);
                let inner = self.pair(x.value, y.value, arena, found);
                if !inner.is_empty() {
                    return self.made_of(a, b);
                }
                // What a UserString has is the text.
                if x.class.is_none() && y.class.is_none() {
                    return inner;
                }
                by_key(own(a), own(b), &mut self.doubts)
            }
            // Protocols 0 and 1 make an int of a subclass in another way than later ones.
            (View::Derived(x), View::Record(y)) if x.class.is_some() && y.args.len() == 1 => {
                same_kind(found);
                let mut both = vec![(Step::Numbered("args", 0), Some(x.value), y.args.clone().next())];
                both.extend(by_key(own(a), y.attributes, &mut self.doubts));
                both
            }
            (View::Record(x), View::Derived(y)) if y.class.is_some() && x.args.len() == 1 => {
                same_kind(found);
                let mut both = vec![(Step::Numbered("args", 0), x.args.clone().next(), Some(y.value))];
                both.extend(by_key(x.attributes, own(b), &mut self.doubts));
                both
            }
            (View::DataFrame { .. }, View::DataFrame { .. }) | (View::Series { .. }, View::Series { .. }) => {
                same_kind(found);
                match tables::compare(a, b, self, arena) {
                    Some((differences, both)) => {
                        found.extend(differences);
                        both
                    }
                    None => self.made_of(a, b),
                }
            }
            (View::Tensor(x), View::Tensor(y)) => {
                same_kind(found);
                tensors(&x, &y, found);
                // Where no storage is named, it is in the pickle.
                if x.storage.is_none() || y.storage.is_none() {
                    return self.made_of(a, b);
                }
                for ((name, x), (_, y)) in beside_storage(a, &x).into_iter().zip(beside_storage(b, &y)) {
                    found.extend(means::property(name, x, y));
                }
                by_key(own(a), own(b), &mut self.doubts)
            }
            (x, y) => self.others(a, b, (&x, &y), found),
        }
    }

    /// The fields, arguments and attributes of two objects.
    fn records<'d>(&mut self, a: Value<'d>, b: Value<'d>, x: Record<'d>, y: Record<'d>) -> Vec<Both<'d>> {
        let mut both = if means::same_octets(&x, &y) { Vec::new() } else { by_place(x.positional(), y.positional()) };
        let named = |kwargs: Option<Value<'d>>| kwargs.and_then(|kwargs| kwargs.entries()).into_iter().flatten();
        both.extend(by_key(named(x.kwargs), named(y.kwargs), &mut self.doubts));
        both.extend(by_key(x.attributes, y.attributes, &mut self.doubts));
        // A state without names beside arguments: of a partial, an iterator, a random generator.
        let (x, y) = (parts::state_beside(a, &x), parts::state_beside(b, &y));
        if x.is_some() || y.is_some() {
            both.push((Step::Name("state"), x, y));
        }
        both
    }

    /// Numbers, text, and what has no parts of its own.
    fn others<'d>(
        &mut self,
        a: Value<'d>,
        b: Value<'d>,
        views: (&View<'d>, &View<'d>),
        found: &mut Vec<What<'d>>,
    ) -> Vec<Both<'d>> {
        let equal = match views {
            (View::None, View::None) => true,
            (View::Bool(x), View::Bool(y)) => x == y,
            (View::Text(x), View::Text(y)) => x == y,
            (View::Surrogates(x), View::Surrogates(y)) => x == y,
            (View::Int(_) | View::BigInt(_), View::Int(_) | View::BigInt(_)) => {
                let exact = match (a.as_i64(), b.as_i64()) {
                    (Some(x), Some(y)) => x == y,
                    _ => big_int(&a) == big_int(&b),
                };
                exact || self.tolerance.is_any() && self.are_close(a, b)
            }
            (View::Float(x), View::Float(y)) => self.tolerance.is_close(*x, *y),
            (View::Int(_) | View::Float(_), View::Int(_) | View::Float(_)) => {
                self.tolerance.is_any() && self.are_close(a, b)
            }
            (View::Complex(x, i), View::Complex(y, j)) => {
                self.tolerance.is_close(*x, *y) && self.tolerance.is_close(*i, *j)
            }
            // Protocols below 4 have a class in a class as an attribute.
            (View::Global(_) | View::Member(_), View::Global(_) | View::Member(_)) => same_global(a, b),
            (View::Object(..), _) | (_, View::Object(..))
                if a.kind() == Kind::Object && b.kind() == Kind::Object && types(a, b).is_none() =>
            {
                return self.made_of(a, b);
            }
            (View::Buffer(x), View::Buffer(y)) => {
                self.doubts.push("?its bytes are outside the pickle, in a buffer, and are not compared".into());
                x == y
            }
            (x, y) if std::mem::discriminant(x) != std::mem::discriminant(y) => false,
            _ if a.kind() == Kind::Object && parts::parts(a).is_some() => {
                found.extend(types(a, b));
                // The helpers that protocols 0 and 1 make objects with are no difference.
                return match as_records(a, b) {
                    Some((x, y)) => self.records(a, b, x, y),
                    None => self.made_of(a, b),
                };
            }
            _ if parts::parts(a).is_some() => return self.made_of(a, b),
            _ => match (comparable_json(a, MOST_TEXT), comparable_json(b, MOST_TEXT)) {
                (Some(x), Some(y)) => {
                    if x == y {
                        found.extend(means::beside_text(a, b, views));
                    }
                    x == y
                }
                _ => {
                    self.doubts.push("?it is too large to be compared".into());
                    true
                }
            },
        };
        if !equal {
            found.push(What::Changed(a, b));
        }
        Vec::new()
    }

    fn are_close(&self, a: Value<'_>, b: Value<'_>) -> bool {
        let number = |value: Value<'_>| value.as_f64().or(value.as_i128().map(|int| int as f64));
        number(a).zip(number(b)).is_some_and(|(a, b)| self.tolerance.is_close(a, b))
    }

    fn arrays<'d>(
        &mut self,
        a: Value<'d>,
        b: Value<'d>,
        x: &Array<'d>,
        y: &Array<'d>,
        found: &mut Vec<What<'d>>,
    ) -> Vec<Both<'d>> {
        let mut both = match arrays::compare(x, y, self.tolerance, found) {
            arrays::Outcome::Done => Vec::new(),
            // joblib has them in a pickle of their own.
            arrays::Outcome::Parts => match arrays::objects(x, y) {
                Some((x, y)) => by_place(x, y),
                None => return self.made_of(arrays::pickled(a), arrays::pickled(b)),
            },
            arrays::Outcome::Elsewhere => {
                self.doubts.push("?its items are outside the pickle, in a buffer, and are not compared".into());
                Vec::new()
            }
        };
        if x.extra.is_some() || y.extra.is_some() {
            both.push((Step::Name("state"), x.extra, y.extra));
        }
        both
    }

    /// The parts of two objects as the opcodes have them.
    fn made_of<'d>(&mut self, a: Value<'d>, b: Value<'d>) -> Vec<Both<'d>> {
        let text = |step: Step<'d>| {
            let mut text = String::new();
            step.write(&mut text);
            text
        };
        let of = |value: Value<'d>| {
            let mut all: Vec<_> = parts::parts(value).or_else(|| parts::made_of(value)).into_iter().flatten().collect();
            // What is called is the type, which is compared.
            if value.as_object().is_some_and(|object| names::of(object.callable()).is_some()) {
                all.retain(|(step, _)| !matches!(step, Step::Name("call")));
            }
            // The helpers that protocols 0 and 1 make objects with are no difference.
            if let Some(instance) = value.as_object().and_then(|object| object.instance()) {
                let before = all.len();
                all.retain(|(step, _)| !matches!(step, Step::Numbered("call", _)));
                if all.len() != before {
                    all.extend(instance.args.enumerate().map(|(at, value)| (Step::Numbered("args", at), value)));
                }
            }
            all.into_iter()
        };
        let mut right: HashMap<String, (usize, Step<'d>, Value<'d>)> =
            of(b).enumerate().map(|(at, (step, value))| (text(step), (at, step, value))).collect();
        let mut both: Vec<Both<'d>> =
            of(a).map(|(step, value)| (step, Some(value), right.remove(&text(step)).map(|found| found.2))).collect();
        let mut rest: Vec<_> = right.into_values().collect();
        rest.sort_by_key(|(at, ..)| *at);
        both.extend(rest.into_iter().map(|(_, step, value)| (step, None, Some(value))));
        both
    }
}

/// The attributes that an object has by its state.
fn own(value: Value<'_>) -> Attributes<'_> {
    value.as_object().and_then(|object| Attributes::of(object.state()?)).unwrap_or_default()
}

/// Both as records, whatever else their classes are known to mean.
fn as_records<'d>(a: Value<'d>, b: Value<'d>) -> Option<(Record<'d>, Record<'d>)> {
    a.as_object()?.as_record().zip(b.as_object()?.as_record())
}

/// The types of two values, where they differ. Names that are loaded as the same class are no difference.
fn types<'d>(a: Value<'d>, b: Value<'d>) -> Option<What<'d>> {
    let (x, y) = (kind(a), kind(b));
    let class = |value: Value<'d>| value.as_object()?.instance()?.class.class_name();
    let same = x == y || class(a).zip(class(b)).is_some_and(|(a, b)| names::same_class(a, b));
    (!same).then_some(What::Property("type", x, y))
}

/// Both are the same class or function.
fn same_global(a: Value<'_>, b: Value<'_>) -> bool {
    match (a.class_name(), b.class_name()) {
        (Some(a), Some(b)) => names::same_class(a, b),
        _ => comparable_json(a, MOST_TEXT) == comparable_json(b, MOST_TEXT),
    }
}

/// Items by their places.
fn by_place<'d>(mut a: Items<'d>, mut b: Items<'d>) -> Vec<Both<'d>> {
    let len = a.len().max(b.len());
    (0..len).map(|at| (Step::Index(at), a.next(), b.next())).collect()
}

fn bytes<'d>(a: Value<'d>, b: Value<'d>, x: Octets<'_>, y: Octets<'_>) -> Option<What<'d>> {
    let equal = match (x.as_slice(), y.as_slice()) {
        (Some(x), Some(y)) => x == y,
        _ => x.eq(y),
    };
    if equal {
        return None;
    }
    let (of, other) = (x.len() as u64, y.len() as u64);
    if of != other || of <= 16 {
        return Some(What::Changed(a, b));
    }
    let mut places = (0u64..).zip(x.zip(y)).filter(|(_, (x, y))| x != y).map(|(at, _)| at);
    let first = places.next().unwrap_or(0);
    Some(What::Bytes { differing: 1 + places.count() as u64, of, first })
}

/// What a tensor is made with beside its form and where its items are, but for what says nothing.
fn beside_storage<'d>(value: Value<'d>, tensor: &Tensor<'d>) -> [(&'static str, Option<Value<'d>>); 5] {
    let arg = |of: Option<ObjectParts<'d>>, at: usize| {
        let is_nothing = |value: &Value<'_>| match value.view() {
            View::None | View::Bool(false) => true,
            View::Mapping(mapping) => mapping.pairs.len() == 0,
            _ => false,
        };
        of?.args().nth(at).filter(|value| !is_nothing(value))
    };
    let parameter = value.as_object().filter(|_| tensor.parameter);
    let data = match parameter {
        Some(parameter) => parameter.args().next().and_then(|data| data.as_object()),
        None => value.as_object(),
    };
    // `_rebuild_tensor_v3` has the dtype before it.
    let is_third = data.and_then(|data| data.class()).is_some_and(|class| class.name == "_rebuild_tensor_v3");
    [
        ("requires_grad", arg(data, 4)),
        ("backward_hooks", arg(data, 5)),
        ("metadata", arg(data, if is_third { 7 } else { 6 })),
        ("requires_grad of the parameter", arg(parameter, 1)),
        ("backward_hooks of the parameter", arg(parameter, 2)),
    ]
}

/// What a pickle says of tensors. Their items are elsewhere.
fn tensors<'d>(x: &Tensor<'d>, y: &Tensor<'d>, found: &mut Vec<What<'d>>) {
    let json = |value: Value<'_>| comparable_json(value, MOST_TEXT).unwrap_or_default();
    let storage = |tensor: &Tensor<'_>| tensor.storage.map(|storage| json(storage.key)).unwrap_or_default();
    let device = |tensor: &Tensor<'_>| tensor.storage.map(|storage| json(storage.location)).unwrap_or_default();
    let dtype = |tensor: &Tensor<'_>| tensor.dtype.unwrap_or_default().to_owned();
    for (name, x, y) in [
        ("dtype", dtype(x), dtype(y)),
        ("shape", json(x.shape), json(y.shape)),
        ("stride", json(x.stride), json(y.stride)),
        ("offset", json(x.offset), json(y.offset)),
        ("storage", storage(x), storage(y)),
        ("device", device(x), device(y)),
    ] {
        if x != y {
            found.push(What::Property(name, x, y));
        }
    }
}
