//! What an object offers to a type that asks for a map, a sequence or a scalar: its view, as the type wants it.

use super::error::{Result, SerdeError};
use super::made::{Few, Made, Range};
use super::shown;
use crate::view::known::Data;
use crate::view::{Attributes, Changed, Fraction, Ip, Octets, Pairs, Scalar, TimeDelta, Unknown, View, Zone};
use crate::{Entries, Items, Kind, ObjectParts, Value};

/// What the type asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Any,
    Map,
    Struct,
    Seq,
    /// A tuple of so many items.
    Tuple(usize),
    Scalar,
    Str,
    Bytes,
}

impl Want {
    /// A sequence of one kind or another.
    pub fn is_seq(self) -> bool {
        matches!(self, Want::Seq | Want::Tuple(_))
    }

    /// One scalar, or whatever there is.
    fn is_scalar(self) -> bool {
        matches!(self, Want::Any | Want::Str | Want::Scalar | Want::Bytes)
    }
}

/// What an object offers.
pub(crate) enum Offer<'f> {
    /// Its items, or its arguments.
    Items(Items<'f>),
    /// Keys and values.
    Map(PairsOf<'f>),
    /// Another value stands for it: its state, or its one argument.
    Value(Value<'f>),
    /// Bytes, however they are spelled.
    Octets(Octets<'f>),
    /// What no value of the pickle says in these terms.
    Made(Made<'f>),
}

/// Which part of an object its value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Attributes, of the `__dict__` or slots.
    Attributes,
    /// A state of another kind.
    State,
    /// What was appended, added or set.
    Items,
    /// The arguments, one by one.
    Args,
    /// The one argument.
    Arg,
    /// The arguments given by name.
    Keywords,
    /// The text of a date, time, span, zone or UUID.
    Text,
    /// Text that the class, called with it, makes the object of again.
    CallText,
    /// The ints that the class, called with them, makes the object of again.
    CallInts,
    /// The value of a subclass of a scalar.
    Derived,
    /// The name of a member.
    Member,
    /// Less than the object, or something that nothing makes an object of again.
    Part,
}

/// Keys and values from wherever an object has them.
pub(crate) enum PairsOf<'f> {
    Pairs(Pairs<'f>),
    Entries(Entries<'f>),
    Attributes(Attributes<'f>),
    /// The keys of several maps, each once.
    #[cfg(feature = "alloc")]
    Merged(alloc::vec::IntoIter<(Value<'f>, Value<'f>)>),
}

impl<'f> PairsOf<'f> {
    fn of(pairs: Pairs<'f>) -> Self {
        #[cfg(feature = "alloc")]
        if pairs.are_chained() {
            return PairsOf::Merged(pairs.merged().into_iter());
        }
        PairsOf::Pairs(pairs)
    }
}

impl<'f> Iterator for PairsOf<'f> {
    type Item = (Value<'f>, Value<'f>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            PairsOf::Pairs(pairs) => pairs.next(),
            PairsOf::Entries(entries) => entries.next(),
            PairsOf::Attributes(attributes) => attributes.next(),
            #[cfg(feature = "alloc")]
            PairsOf::Merged(pairs) => pairs.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            PairsOf::Pairs(pairs) => pairs.size_hint(),
            PairsOf::Entries(entries) => entries.size_hint(),
            PairsOf::Attributes(attributes) => attributes.size_hint(),
            #[cfg(feature = "alloc")]
            PairsOf::Merged(pairs) => pairs.size_hint(),
        }
    }
}

/// The items of a set come in any order.
pub(crate) fn no_fields() -> SerdeError {
    SerdeError::value(format_args!("a set has no order, so its items cannot be the fields of a struct"))
}

/// What `object`, which `value` is, offers to a type that wants `want`, and which part of the object that is.
#[inline(never)]
pub(crate) fn offer<'f>(value: Value<'f>, object: &ObjectParts<'f>, want: Want) -> Result<(Offer<'f>, Taken)> {
    let view = value.view();
    Ok(match view {
        View::Persistent(_) => {
            return Err(SerdeError::value(format_args!("the object is named by a persistent id; ask for Persistent")));
        }
        View::Bytes(octets) | View::ByteArray(octets) => (Offer::Octets(octets), Taken::Arg),
        View::Set(set) => match want {
            Want::Map | Want::Struct if set.attributes.len() != 0 => {
                (Offer::Map(PairsOf::Attributes(set.attributes)), Taken::Part)
            }
            Want::Struct => return Err(no_fields()),
            _ => {
                let taken = if set.attributes.len() == 0 { Taken::Items } else { Taken::Part };
                (Offer::Items(set.items), taken)
            }
        },
        View::Sequence(sequence) => match want {
            // A subclass of list with attributes of its own.
            Want::Map | Want::Struct if sequence.attributes.len() != 0 => {
                (Offer::Map(PairsOf::Attributes(sequence.attributes)), Taken::Part)
            }
            _ => {
                let whole = sequence.attributes.len() == 0 && sequence.max_len.is_none();
                (Offer::Items(sequence.items), if whole { Taken::Items } else { Taken::Part })
            }
        },
        View::Mapping(mapping) => {
            let whole = mapping.attributes.len() == 0 && mapping.factory.is_none() && mapping.state.is_none();
            (Offer::Map(PairsOf::of(mapping.pairs)), if whole { Taken::Items } else { Taken::Part })
        }
        View::Derived(derived) => {
            let taken = if derived.class.is_some() { Taken::Derived } else { Taken::Part };
            (Offer::Value(derived.value), taken)
        }
        View::Record(record) => parts(object, want, &Parts::of(object)?, record.values)?,
        View::Object(_, Unknown::Changes) => {
            return Err(SerdeError::value(format_args!(
                "the object was changed in more ways than one value can show; read it as a Document"
            )));
        }
        View::Array(array) => match array.data {
            // What a nested pickle holds.
            Data::Objects(inner) if inner.items().is_none() => (Offer::Value(inner), Taken::Part),
            _ => (Offer::Made(Made::Array(array)), Taken::Part),
        },
        View::Scalar(dtype, octets) => (Offer::Made(Made::Scalar(dtype, octets)), Taken::Part),
        View::DType(dtype) if want.is_scalar() => (Offer::Made(text(format_args!("{dtype}"))?), Taken::Part),
        other => match known(other, object, want)? {
            Some(found) => found,
            None => parts(object, want, &Parts::of(object)?, None)?,
        },
    })
}

/// Text that has to be made.
fn text<'f>(message: core::fmt::Arguments<'_>) -> Result<Made<'f>> {
    Ok(Made::Text(shown::whole(message)?))
}

/// Scalars that are made of several values, or spelled unlike what they are.
fn known<'f>(view: View<'f>, object: &ObjectParts<'f>, want: Want) -> Result<Option<(Offer<'f>, Taken)>> {
    let arg = |nth: usize| {
        let mut args = object.instance()?.args;
        args.nth(nth).map(Offer::Value)
    };
    let ints = |ints: &[i64]| Offer::Made(Made::Few(Few::ints(ints)));
    Ok(Some(match view {
        View::Complex(re, im) if want == Want::Str => {
            (Offer::Made(Made::Text(shown::complex(re, im)?)), Taken::CallText)
        }
        View::Complex(re, im) => (Offer::Made(Made::Few(Few::floats(re, im))), Taken::CallInts),
        View::Range(start, stop, step) if matches!(want, Want::Any | Want::Seq) => {
            let int = |value: Value<'_>| value.as_i64();
            match (int(start), int(stop), int(step)) {
                (Some(start), Some(stop), Some(step)) if step != 0 => {
                    (Offer::Made(Made::Range(Range::new(start, stop, step))), Taken::Part)
                }
                _ => return Err(SerdeError::value(format_args!("the range does not fit 64 bits"))),
            }
        }
        View::Date(date) if want.is_scalar() => (Offer::Made(text(format_args!("{date}"))?), Taken::Text),
        View::Date(date) if want.is_seq() || want == Want::Struct => {
            (ints(&[i64::from(date.year), i64::from(date.month), i64::from(date.day)]), Taken::CallInts)
        }
        View::Time(time, zone) if want.is_scalar() => {
            let made = match zone {
                Some(zone) => text(format_args!("{time}{}", known_zone(zone)?))?,
                None => text(format_args!("{time}"))?,
            };
            (Offer::Made(made), if time.fold { Taken::Part } else { by_zone(zone) })
        }
        View::Time(time, None) if want.is_seq() || want == Want::Struct => {
            let whole = if time.fold { Taken::Part } else { Taken::CallInts };
            let [hour, minute, second] = [time.hour, time.minute, time.second].map(i64::from);
            (ints(&[hour, minute, second, i64::from(time.microsecond)]), whole)
        }
        View::DateTime(date, time, zone) if want.is_scalar() => {
            let made = match zone {
                Some(zone) => text(format_args!("{date}T{time}{}", known_zone(zone)?))?,
                None => text(format_args!("{date}T{time}"))?,
            };
            (Offer::Made(made), if time.fold { Taken::Part } else { by_zone(zone) })
        }
        View::DateTime(date, time, None) if want.is_seq() || want == Want::Struct => {
            let whole = if time.fold { Taken::Part } else { Taken::CallInts };
            let [month, day, hour, minute, second] =
                [date.month, date.day, time.hour, time.minute, time.second].map(i64::from);
            let parts = [i64::from(date.year), month, day, hour, minute, second, i64::from(time.microsecond)];
            (ints(&parts), whole)
        }
        View::TimeDelta(delta) => match want {
            Want::Scalar => (Offer::Made(Made::float(in_seconds(delta.total_microseconds(), 1_000_000))), Taken::Part),
            // Seconds and nanoseconds, as the types of durations have it.
            Want::Tuple(2) => (ints(&seconds_and_nanos(delta)), Taken::Part),
            Want::Any | Want::Str | Want::Bytes => (Offer::Made(text(format_args!("{delta}"))?), Taken::Text),
            _ => (
                ints(&[i64::from(delta.days), i64::from(delta.seconds), i64::from(delta.microseconds)]),
                Taken::CallInts,
            ),
        },
        View::Zone(zone) if want.is_scalar() => match zone {
            Zone::Named { key, .. } => (Offer::Made(text(format_args!("{key}"))?), Taken::Text),
            Zone::Fixed(..) => (Offer::Made(text(format_args!("{zone}"))?), by_zone(Some(zone))),
            _ => return Err(no_zone()),
        },
        View::Decimal(_) if want.is_scalar() => return Ok(arg(0).map(|offer| (offer, Taken::Arg))),
        View::Fraction(Fraction::Text(_)) if want.is_scalar() => {
            return Ok(arg(0).map(|offer| (offer, Taken::Arg)));
        }
        View::Fraction(Fraction::Text(text)) => {
            let (over, under) = text.split_once('/').unwrap_or((text, "1"));
            match (over.parse::<i64>(), under.parse::<i64>()) {
                (Ok(over), Ok(under)) => (ints(&[over, under]), Taken::CallInts),
                _ => {
                    return Err(SerdeError::value(format_args!("the fraction does not fit 64 bits; ask for its text")));
                }
            }
        }
        View::Fraction(Fraction::Ints(over, under)) if matches!(want, Want::Any | Want::Str) => {
            match (over.as_i128(), under.as_i128()) {
                (Some(over), Some(1)) => (Offer::Made(text(format_args!("{over}"))?), Taken::CallText),
                (Some(over), Some(under)) => (Offer::Made(text(format_args!("{over}/{under}"))?), Taken::CallText),
                _ => return Ok(None),
            }
        }
        View::Pandas(Scalar::Timedelta(ticks, unit)) if matches!(want, Want::Scalar | Want::Tuple(2)) => {
            let per_second = i64::try_from(unit.per_second().unwrap_or(1)).unwrap_or(1);
            let scale = 1_000_000_000i64.checked_div(per_second).unwrap_or(0);
            let nanos = ticks.checked_rem_euclid(per_second).unwrap_or(0).saturating_mul(scale);
            match want {
                Want::Scalar => (Offer::Made(Made::float(in_seconds(ticks.into(), per_second))), Taken::Part),
                _ => (ints(&[ticks.checked_div_euclid(per_second).unwrap_or(0), nanos]), Taken::Part),
            }
        }
        View::Pandas(scalar) if want.is_scalar() => (Offer::Made(text(format_args!("{scalar}"))?), Taken::Part),
        View::Uuid(uuid) => match want {
            Want::Bytes => (Offer::Made(Made::Sixteen(uuid.0.to_be_bytes())), Taken::Text),
            Want::Scalar => (Offer::Made(Made::Wide(uuid.0)), Taken::Part),
            Want::Any | Want::Str => (Offer::Made(text(format_args!("{uuid}"))?), Taken::Text),
            _ => return Ok(None),
        },
        View::Path(path) if want.is_scalar() => (Offer::Made(text(format_args!("{path}"))?), Taken::CallText),
        View::Ip(Ip::V4(bits)) if want == Want::Scalar => (Offer::Made(Made::Wide(u128::from(bits))), Taken::Arg),
        View::Ip(Ip::V6(bits)) if want == Want::Scalar => (Offer::Made(Made::Wide(bits)), Taken::Arg),
        View::Ip(ip) if want.is_scalar() => (Offer::Made(text(format_args!("{ip}"))?), Taken::CallText),
        View::Pattern(_) if want.is_scalar() => return Ok(arg(0).map(|offer| (offer, Taken::Part))),
        // `getattr(Color, 'RED')`
        View::Member(_) => return Ok(arg(1).map(|offer| (offer, Taken::Member))),
        _ => return Ok(None),
    }))
}

/// The float next to so many ticks in seconds, as `total_seconds()` of Python gives it. A count of ticks that no float holds
/// would be rounded once before the division and once in it.
fn in_seconds(ticks: i128, per_second: i64) -> f64 {
    let (whole, rest) = (ticks.checked_div_euclid(per_second.into()), ticks.checked_rem_euclid(per_second.into()));
    match (whole, rest) {
        (Some(whole), Some(rest)) if ticks.unsigned_abs() >= 1 << 53 => whole as f64 + rest as f64 / per_second as f64,
        _ => ticks as f64 / per_second as f64,
    }
}

/// Seconds and nanoseconds of a span.
fn seconds_and_nanos(delta: TimeDelta) -> [i64; 2] {
    [i64::from(delta.days) * 86_400 + i64::from(delta.seconds), i64::from(delta.microseconds) * 1000]
}

/// A zone that a text can name.
fn known_zone(zone: Zone<'_>) -> Result<Zone<'_>> {
    match zone {
        Zone::Other(_) => Err(no_zone()),
        zone => Ok(zone),
    }
}

#[cold]
fn no_zone() -> SerdeError {
    SerdeError::value(format_args!("the time zone is of a class that is not known; read it as a Document"))
}

/// What a text with this zone keeps of a time.
fn by_zone(zone: Option<Zone<'_>>) -> Taken {
    match zone {
        None | Some(Zone::Fixed(..) | Zone::Named { .. }) => Taken::Text,
        // Local time: its text says no zone.
        _ => Taken::Part,
    }
}

/// What happened to an object, each thing at most once.
pub(crate) struct Parts<'f> {
    pub args: Items<'f>,
    pub kwargs: Option<Value<'f>>,
    pub changed: Changed<'f>,
}

impl<'f> Parts<'f> {
    pub fn of(object: &ObjectParts<'f>) -> Result<Self> {
        let args = match object.derived() {
            // The fields of a namedtuple, as protocols 0 and 1 spell it.
            Some((_, "tuple", value)) => value.items().unwrap_or(object.args()),
            _ => object.instance().map_or(object.args(), |instance| instance.args),
        };
        let kwargs = object.kwargs().filter(|kwargs| !kwargs.is_empty());
        let changed = Changed::of(object);
        if changed.more {
            return Err(SerdeError::value(format_args!(
                "the object was changed in more ways than one value can show; read it as a Document"
            )));
        }
        Ok(Parts { args, kwargs, changed })
    }

    fn one_arg(&self) -> Option<Value<'f>> {
        let mut args = self.args;
        if args.len() == 1 && self.kwargs.is_none() { args.next() } else { None }
    }
}

/// An object of which no more is known than its parts.
fn parts<'f>(
    object: &ObjectParts<'f>,
    want: Want,
    parts: &Parts<'f>,
    values: Option<Items<'f>>,
) -> Result<(Offer<'f>, Taken)> {
    let attributes = parts.changed.state.and_then(Attributes::of);
    let has_attributes = attributes.is_some();
    let other_state = if has_attributes { None } else { parts.changed.state.filter(|state| !state.is_none()) };
    let state = |state: Value<'f>| (Offer::Value(state), Taken::State);
    let map = |attributes| (Offer::Map(PairsOf::Attributes(attributes)), Taken::Attributes);
    let args = (Offer::Items(parts.args), Taken::Args);
    // An instance of a subclass of int, str, ... in protocols 0 and 1, of which its row knows nothing.
    if let Some((_, base, inner)) = object.derived()
        && base != "tuple"
        && other_state.is_none()
        && !has_attributes
    {
        return Ok((Offer::Value(inner), Taken::Part));
    }
    Ok(match want {
        Want::Any | Want::Map | Want::Struct => {
            if let Some(entries) = parts.changed.set {
                (Offer::Map(PairsOf::Entries(entries)), Taken::Items)
            } else if let (Some(items), Want::Any) = (parts.changed.appended, want) {
                (Offer::Items(items), Taken::Items)
            } else if let Some(attributes) = attributes {
                map(attributes)
            } else if let Some(values) = values.filter(|_| parts.args.len() == 0) {
                (Offer::Items(values), Taken::State)
            } else if let Some(other) = other_state {
                state(other)
            } else if let Some(items) = parts.changed.appended {
                (Offer::Items(items), Taken::Items)
            } else if let Some(kwargs) = parts.kwargs.and_then(|kwargs| kwargs.entries()) {
                (Offer::Map(PairsOf::Entries(kwargs)), Taken::Keywords)
            } else if parts.args.len() == 0 {
                (Offer::Map(PairsOf::Attributes(Attributes::default())), Taken::Args)
            } else {
                match parts.one_arg() {
                    Some(arg) if want != Want::Struct || arg.kind() == Kind::Dict => (Offer::Value(arg), Taken::Arg),
                    _ => args,
                }
            }
        }
        Want::Seq | Want::Tuple(_) => {
            if let Some(items) = parts.changed.appended {
                (Offer::Items(items), Taken::Items)
            } else if let Some(entries) = parts.changed.set {
                (Offer::Map(PairsOf::Entries(entries)), Taken::Items)
            } else if let Some(other) = other_state {
                state(other)
            } else {
                match parts.one_arg() {
                    Some(arg) if arg.items().is_some() && want != Want::Tuple(1) => (Offer::Value(arg), Taken::Arg),
                    _ => match attributes {
                        Some(attributes) if parts.args.len() == 0 => map(attributes),
                        _ => args,
                    },
                }
            }
        }
        Want::Scalar | Want::Str | Want::Bytes => match (parts.one_arg().or(other_state), attributes) {
            (Some(value), _) => {
                let taken = if parts.one_arg().is_some() { Taken::Arg } else { Taken::State };
                (Offer::Value(value), taken)
            }
            (None, Some(attributes)) => map(attributes),
            (None, None) => args,
        },
    })
}
