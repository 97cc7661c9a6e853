//! Types that every Python has, from how a pickle spells them: what is made here cannot do harm.

use crate::build::Build;
use pickle_core::view::{Fraction, MappingKind, Octets, SequenceKind, TimeDelta, View, Zone};
use pickle_core::{GlobalName, ObjectParts, Value};
use pyo3::exceptions::{PyArithmeticError, PyLookupError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyByteArray, PyBytes, PyComplex, PyDict, PyFrozenSet, PyList, PySet, PyTuple};

/// An object as a value of Python's own.
pub enum Known<'py> {
    /// Its changes are in it already.
    Whole(Bound<'py, PyAny>),
    /// Its items follow as changes.
    Container(Bound<'py, PyAny>),
}

/// What a Record says that it is, where that is known.
pub const KINDS: [&str; 8] = ["DTYPE", "ARRAY", "SCALAR", "DATA_FRAME", "SERIES", "INDEX", "TENSOR", "SPARSE"];

/// The kind of a Record.
pub fn kind(value: Value<'_>) -> Option<&'static str> {
    Some(match value.view() {
        View::DType(_) => "DTYPE",
        View::Array(_) => "ARRAY",
        View::Scalar(..) => "SCALAR",
        View::DataFrame { .. } => "DATA_FRAME",
        View::Series { .. } => "SERIES",
        View::Index { .. } => "INDEX",
        View::Tensor(_) => "TENSOR",
        View::Sparse { .. } => "SPARSE",
        _ => return None,
    })
}

macro_rules! class {
    ($py:expr, $module:literal, $name:literal) => {{
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        CLASS
            .get_or_try_init($py, || -> PyResult<Py<PyAny>> { Ok($py.import($module)?.getattr($name)?.unbind()) })
            .map(|class| class.bind($py).clone())
    }};
}

fn octets(bytes: Octets<'_>) -> Vec<u8> {
    match bytes.as_slice() {
        Some(slice) => slice.to_vec(),
        None => bytes.collect(),
    }
}

/// Makes a value of Python's own; `None` where it is none, or Python refuses it: then it stays a Record.
///
/// # Errors
/// The pickle wants more work than its size can pay for.
pub fn make<'py>(
    build: &mut Build<'_, '_, 'py>,
    value: Value<'_>,
    object: &ObjectParts<'_>,
) -> PyResult<Option<Known<'py>>> {
    match of(build, &value.view(), object) {
        Ok(made) => Ok(made),
        Err(error) => {
            let py = build.py;
            // Such as a date with a time zone that is not known here.
            let refused = error.is_instance_of::<PyTypeError>(py)
                || error.is_instance_of::<PyValueError>(py)
                || error.is_instance_of::<PyArithmeticError>(py)
                || error.is_instance_of::<PyLookupError>(py)
                || error.is_instance_of::<PyOSError>(py);
            if refused { Ok(None) } else { Err(error) }
        }
    }
}

fn of<'py>(build: &mut Build<'_, '_, 'py>, view: &View<'_>, object: &ObjectParts<'_>) -> PyResult<Option<Known<'py>>> {
    let py = build.py;
    let first = object.instance().and_then(|instance| instance.args.clone().next());
    let made = match view {
        View::Bytes(bytes) => match bytes.as_slice() {
            Some(slice) => {
                build.spend(slice.len() as u64 / 8)?;
                PyBytes::new(py, slice).into_any()
            }
            None => {
                let bytes = octets(*bytes);
                build.spend(bytes.len() as u64)?;
                PyBytes::new(py, &bytes).into_any()
            }
        },
        View::ByteArray(bytes) => {
            let bytes = octets(*bytes);
            build.spend(bytes.len() as u64 / 4)?;
            PyByteArray::new(py, &bytes).into_any()
        }
        View::Set(set) if set.class.is_none() && set.attributes.len() == 0 => {
            let items = match first {
                None => PyTuple::empty(py).into_any(),
                Some(list) => {
                    let weight = list.items().map_or(0, |items| build.weight(items));
                    build.spend(weight)?;
                    let Some(list) = build.ready(list) else { return Ok(None) };
                    list
                }
            };
            if set.frozen {
                py.get_type::<PyFrozenSet>().call1((items,))?
            } else {
                py.get_type::<PySet>().call1((items,))?
            }
        }
        View::Complex(re, im) => PyComplex::from_doubles(py, *re, *im).into_any(),
        View::Range(a, b, c) => three(build, class!(py, "builtins", "range")?, [*a, *b, *c])?,
        View::Slice(a, b, c) => three(build, class!(py, "builtins", "slice")?, [*a, *b, *c])?,
        View::Date(date) => class!(py, "datetime", "date")?.call1((date.year, date.month, date.day))?,
        View::Time(time, zone) => {
            let kwargs = PyDict::new(py);
            kwargs.set_item("fold", u8::from(time.fold))?;
            let Some(zone) = optional(build, zone.and_then(|_| last(object))) else { return Ok(None) };
            let args = (time.hour, time.minute, time.second, time.microsecond, zone);
            class!(py, "datetime", "time")?.call(args, Some(&kwargs))?
        }
        View::DateTime(date, time, zone) => {
            let Some(zone) = optional(build, zone.and_then(|_| last(object))) else { return Ok(None) };
            let class = class!(py, "datetime", "datetime")?;
            let (y, mo, d) = (date.year, date.month, date.day);
            let (h, mi, s, us) = (time.hour, time.minute, time.second, time.microsecond);
            if time.fold {
                let kwargs = PyDict::new(py);
                kwargs.set_item("fold", 1)?;
                class.call((y, mo, d, h, mi, s, us, zone), Some(&kwargs))?
            } else {
                class.call1((y, mo, d, h, mi, s, us, zone))?
            }
        }
        View::TimeDelta(delta) => timedelta(py, delta)?,
        View::Zone(Zone::Fixed(offset, name)) if object.class() == Some(GlobalName::new("datetime", "timezone")) => {
            let class = class!(py, "datetime", "timezone")?;
            let zero = offset.total_microseconds() == 0;
            match name {
                Some(name) => class.call1((timedelta(py, offset)?, *name))?,
                None if zero => class.getattr("utc")?,
                None => class.call1((timedelta(py, offset)?,))?,
            }
        }
        View::Zone(Zone::Named { key, offset: None, .. }) => {
            if !is_zone(key) {
                return Ok(None);
            }
            class!(py, "zoneinfo", "ZoneInfo")?.call1((*key,))?
        }
        View::Decimal(text) => class!(py, "decimal", "Decimal")?.call1((*text,))?,
        View::Fraction(Fraction::Text(text)) => {
            // An exponent in the text would make an int of any size.
            let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
            let int = py.get_type::<pyo3::types::PyInt>();
            class!(py, "fractions", "Fraction")?.call1((int.call1((numerator,))?, int.call1((denominator,))?))?
        }
        View::Fraction(Fraction::Ints(a, b)) => {
            let (Some(a), Some(b)) = (build.ready(*a), build.ready(*b)) else { return Ok(None) };
            class!(py, "fractions", "Fraction")?.call1((a, b))?
        }
        View::Uuid(uuid) => {
            let kwargs = PyDict::new(py);
            kwargs.set_item("bytes", PyBytes::new(py, &uuid.0.to_be_bytes()))?;
            class!(py, "uuid", "UUID")?.call((), Some(&kwargs))?
        }
        View::Mapping(mapping) if mapping.class.is_none() && mapping.kind == MappingKind::OrderedDict => {
            let class = class!(py, "collections", "OrderedDict")?;
            let dict = class.call0()?;
            if let Some(pairs) = first {
                // Lists of pairs: each becomes an entry, so each is looked at.
                for pair in pairs.items().into_iter().flatten() {
                    let (Some(key), Some(value)) = (pair.at(0), pair.at(1)) else { return Ok(None) };
                    build.spend(4 + build.weight_of(key))?;
                    let (Some(key), Some(value)) = (build.ready(key), build.ready(value)) else { return Ok(None) };
                    dict.set_item(key, value)?;
                }
            }
            return Ok(Some(Known::Container(dict)));
        }
        View::Mapping(mapping) if mapping.class.is_some() || mapping.attributes.len() != 0 => return Ok(None),
        View::Mapping(mapping) if mapping.kind == MappingKind::DefaultDict => {
            let factory = match mapping.factory {
                None => py.None().into_bound(py),
                Some(factory) => match factory.as_global().and_then(|named| harmless(py, named)) {
                    Some(factory) => factory,
                    // Whatever it is, it is not called for a missing key.
                    None => return Ok(None),
                },
            };
            return Ok(Some(Known::Container(class!(py, "collections", "defaultdict")?.call1((factory,))?)));
        }
        View::Mapping(mapping) if mapping.kind == MappingKind::Counter => {
            let counter = class!(py, "collections", "Counter")?.call0()?;
            let filled = PyDict::new(py);
            for (key, count) in mapping.pairs {
                build.spend(4 + build.weight_of(key))?;
                let (Some(key), Some(count)) = (build.ready(key), build.ready(count)) else { return Ok(None) };
                filled.set_item(key, count)?;
            }
            py.get_type::<PyDict>().call_method1("update", (&counter, filled))?;
            counter
        }
        View::Sequence(deque) if deque.kind == SequenceKind::Deque && deque.attributes.len() == 0 => {
            let longest = match deque.max_len {
                Some(longest) => match longest.as_i64() {
                    Some(longest) if longest >= 0 => Some(longest),
                    _ => return Ok(None),
                },
                None => None,
            };
            let items = match first {
                Some(items) => {
                    build.spend(items.items().map_or(0, |items| items.len()) as u64)?;
                    match build.ready(items) {
                        Some(items) => items,
                        None => return Ok(None),
                    }
                }
                None => PyList::empty(py).into_any(),
            };
            return Ok(Some(Known::Container(class!(py, "collections", "deque")?.call1((items, longest))?)));
        }
        View::Path(path) => {
            let class = if path.class.contains("Windows") {
                class!(py, "pathlib", "PureWindowsPath")?
            } else {
                class!(py, "pathlib", "PurePosixPath")?
            };
            let parts: Option<Vec<_>> = path.parts.map(|part| build.ready(part)).collect();
            let Some(parts) = parts else { return Ok(None) };
            class.call1(PyTuple::new(py, parts)?)?
        }
        _ => return Ok(None),
    };
    Ok(Some(Known::Whole(made)))
}

/// The time zone that a time was made with.
fn last<'d>(object: &ObjectParts<'d>) -> Option<Value<'d>> {
    object.instance()?.args.last()
}

fn optional<'py>(build: &mut Build<'_, '_, 'py>, value: Option<Value<'_>>) -> Option<Bound<'py, PyAny>> {
    match value {
        Some(value) => build.ready(value),
        None => Some(build.py.None().into_bound(build.py)),
    }
}

fn three<'py>(
    build: &mut Build<'_, '_, 'py>,
    class: Bound<'py, PyAny>,
    parts: [Value<'_>; 3],
) -> PyResult<Bound<'py, PyAny>> {
    let mut ready = |part| build.ready(part).ok_or_else(|| PyTypeError::new_err("not made yet"));
    let [a, b, c] = parts;
    class.call1((ready(a)?, ready(b)?, ready(c)?))
}

fn timedelta<'py>(py: Python<'py>, delta: &TimeDelta) -> PyResult<Bound<'py, PyAny>> {
    class!(py, "datetime", "timedelta")?.call1((delta.days, delta.seconds, delta.microseconds))
}

/// A name of a time zone that does not lead out of the folder of zones.
fn is_zone(key: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b));
    key.split('/').count() <= 3 && key.split('/').all(part)
}

/// Built-in classes that make an empty value when they are called.
fn harmless<'py>(py: Python<'py>, GlobalName { module, name }: GlobalName<&str>) -> Option<Bound<'py, PyAny>> {
    let builtin = matches!(module, "builtins" | "__builtin__")
        && matches!(
            name,
            "list"
                | "dict"
                | "set"
                | "frozenset"
                | "tuple"
                | "int"
                | "float"
                | "str"
                | "bytes"
                | "bytearray"
                | "bool"
                | "complex"
        );
    if builtin {
        return py.import("builtins").ok()?.getattr(name).ok();
    }
    let collection = module == "collections" && matches!(name, "OrderedDict" | "Counter" | "deque" | "defaultdict");
    if collection { py.import("collections").ok()?.getattr(name).ok() } else { None }
}

/// Attributes of an OrderedDict.
pub fn attributes(object: &Bound<'_, PyAny>, state: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(state) = state.cast::<PyDict>() {
        object.getattr("__dict__")?.call_method1("update", (state,))?;
    }
    Ok(())
}
