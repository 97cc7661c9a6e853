//! What a value means beside what its text says: folds, names of zones, what makes missing values.

use super::{MOST_TEXT, What, same_global};
use crate::print::brief::{brief, comparable_json, kind};
use crate::print::names;
use pickle_core::known::DType;
use pickle_core::view::{Mapping, MappingKind, Record, View, Zone};
use pickle_core::{Kind, Value};

/// Bytes of a value that are shown.
const SHOWN: usize = 120;

/// A property that is a value or None.
pub(super) fn property<'d>(name: &'static str, a: Option<Value<'d>>, b: Option<Value<'d>>) -> Option<What<'d>> {
    let same = match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            matches!((a.view(), b.view()), (View::Global(_), View::Global(_))) && same_global(a, b) || same_text(a, b)
        }
        _ => false,
    };
    let text = |value: Option<Value<'_>>| match value {
        None => "None".to_owned(),
        Some(value) => names::of(value).unwrap_or_else(|| brief(value, SHOWN)),
    };
    (!same).then(|| What::Property(name, text(a), text(b)))
}

fn same_text(a: Value<'_>, b: Value<'_>) -> bool {
    comparable_json(a, MOST_TEXT) == comparable_json(b, MOST_TEXT)
}

/// The states of two ChainMaps, which hold their maps, where one has several.
pub(super) fn chains<'d>(
    (a, x): (Value<'d>, &Mapping<'d>),
    (b, y): (Value<'d>, &Mapping<'d>),
) -> Option<(Value<'d>, Value<'d>)> {
    let state = |value: Value<'d>| value.as_object()?.state();
    let is_chain = |mapping: &Mapping<'d>| mapping.kind == MappingKind::ChainMap;
    let maps = |state: Value<'d>| state.get("maps").map_or(0, |maps| maps.len());
    let states = state(a).zip(state(b)).filter(|_| is_chain(x) && is_chain(y))?;
    (maps(states.0) != 1 || maps(states.1) != 1).then_some(states)
}

/// A subclass of bytearray is made of bytes, up to protocol 2 of a text that has them, and `latin-1`.
pub(super) fn same_octets(a: &Record<'_>, b: &Record<'_>) -> bool {
    let as_text = |record: &Record<'_>| -> Option<Vec<u8>> {
        let mut args = record.args;
        let (text, codec) = (args.next()?, args.next()?);
        let is_latin = matches!(codec.as_str(), Some("latin-1" | "latin1")) && args.len() == 0;
        let text = text.as_str().filter(|_| is_latin && text.kind() == Kind::Str)?;
        text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
    };
    let as_bytes = |record: &Record<'_>| -> Option<Vec<u8>> {
        let mut args = record.args;
        match (args.next()?.view(), args.len()) {
            (View::Bytes(octets) | View::ByteArray(octets), 0) => Some(octets.collect()),
            _ => None,
        }
    };
    let same = |text: &Record<'_>, bytes: &Record<'_>| as_text(text).is_some_and(|text| as_bytes(bytes) == Some(text));
    same(a, b) || same(b, a)
}

/// What two values of one kind and one text differ in.
pub(super) fn beside_text<'d>(a: Value<'d>, b: Value<'d>, views: (&View<'d>, &View<'d>)) -> Vec<What<'d>> {
    let mut found = Vec::new();
    let mut put = |name: &'static str, a: String, b: String| {
        if a != b {
            found.push(What::Property(name, a, b));
        }
    };
    match views {
        (View::Time(x, left), View::Time(y, right)) | (View::DateTime(_, x, left), View::DateTime(_, y, right)) => {
            put("fold", u8::from(x.fold).to_string(), u8::from(y.fold).to_string());
            put("zone", left.map_or("None".into(), zone), right.map_or("None".into(), zone));
        }
        (View::Zone(x), View::Zone(y)) => put("zone", zone(*x), zone(*y)),
        (View::Path(x), View::Path(y)) => put("type", x.class.to_owned(), y.class.to_owned()),
        (View::Ip(_), View::Ip(_)) => put("type", kind(a), kind(b)),
        (View::DType(x), View::DType(y)) => put("itemsize", x.size.to_string(), y.size.to_string()),
        (View::Pandas(_), View::Pandas(_)) => {
            if let Some((name, x, y)) = scalars(a, b) {
                put(name, x, y);
            }
        }
        _ => {}
    }
    found
}

/// A zone with all that is known of it.
fn zone(zone: Zone<'_>) -> String {
    match zone {
        Zone::Fixed(..) => match zone.name() {
            Some(name) => format!("{zone} {name}"),
            None => zone.to_string(),
        },
        Zone::Named { key, offset: Some(_), abbreviation } => {
            let space = if abbreviation.is_some() { " " } else { "" };
            format!("{zone} {key}{space}{}", abbreviation.unwrap_or_default())
        }
        Zone::Named { key, .. } => key.to_owned(),
        Zone::Other(value) => comparable_json(value, MOST_TEXT).unwrap_or_default(),
        _ => zone.name().unwrap_or_default().to_owned(),
    }
}

/// What scalars of pandas differ in: which missing value it is, frequencies, zones.
fn scalars(a: Value<'_>, b: Value<'_>) -> Option<(&'static str, String, String)> {
    use pickle_core::view::Scalar;
    let text = |value: Value<'_>| comparable_json(value, MOST_TEXT).unwrap_or_default();
    match (Scalar::of(a)?, Scalar::of(b)?) {
        (Scalar::Missing, Scalar::Missing) => {
            let name = |value: Value<'_>| {
                let class = value.as_global().or_else(|| value.as_object()?.class());
                let is_time = class.is_some_and(|class| class.name.to_ascii_lowercase().contains("nat"));
                if is_time { "NaT" } else { "NA" }.to_owned()
            };
            Some(("type", name(a), name(b)))
        }
        (Scalar::Period(_, x), Scalar::Period(_, y)) => Some(("frequency", text(x), text(y))),
        (Scalar::Timestamp(_, _, x), Scalar::Timestamp(_, _, y)) => {
            let zone = |value: Option<Value<'_>>| match value.filter(|value| !value.is_none()) {
                Some(value) => zone(Zone::of(value)),
                None => "None".to_owned(),
            };
            Some(("zone", zone(x), zone(y)))
        }
        _ => None,
    }
}

/// A dtype with the types of its fields.
pub(super) fn dtype(dtype: &DType<'_>) -> String {
    if dtype.fields.is_some() { crate::print::json::dtype(dtype) } else { dtype.to_string() }
}
