//! Well-known types: dates, decimals, UUIDs, arrays, as views of how pickles spell them.

use crate::document::pickle_doc;
use crate::iter::{begin, pickle_iter};
use crate::memory::{bytes, pickle_bytes, pickle_str};
use crate::status::pickle_status;
use crate::value::{Found, give, here, or_kind, pickle_value};
use core::ffi::c_void;
use pickle_core::known::{DType, Data, Number, Octets};
use pickle_core::{Known, Value};

/// A known type: one that is recognised in every spelling of every protocol and Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_known {
    /// None of these.
    None = 0,
    /// Bytes, as protocols 0 to 2 spell them: `pickle_value_copy_bytes`.
    Bytes = 1,
    /// A bytearray, as protocols 0 to 4 spell them: `pickle_value_copy_bytes`.
    ByteArray = 2,
    /// A set, as protocols 0 to 3 spell them: `pickle_value_known_items`.
    Set = 3,
    /// A frozenset, as protocols 0 to 3 spell them: `pickle_value_known_items`.
    FrozenSet = 4,
    /// `complex`: `pickle_value_as_complex`.
    Complex = 5,
    /// `range` or `xrange`: start, stop and step are the arguments of the object.
    Range = 6,
    /// `slice`: start, stop and step are the arguments of the object.
    Slice = 7,
    /// `datetime.date`: `pickle_value_as_datetime`.
    Date = 8,
    /// `datetime.time`: `pickle_value_as_datetime`.
    Time = 9,
    /// `datetime.datetime`: `pickle_value_as_datetime`.
    DateTime = 10,
    /// `datetime.timedelta`: `pickle_value_as_timedelta`.
    TimeDelta = 11,
    /// `datetime.timezone`: `pickle_value_as_timedelta` is its offset, `pickle_value_known_text` its name.
    TimeZone = 12,
    /// `zoneinfo.ZoneInfo`: `pickle_value_known_text` is its key.
    ZoneInfo = 13,
    /// `decimal.Decimal`: `pickle_value_known_text`.
    Decimal = 14,
    /// `fractions.Fraction` as its text: `pickle_value_known_text`.
    FractionText = 15,
    /// `fractions.Fraction`: numerator and denominator are the arguments of the object.
    Fraction = 16,
    /// `uuid.UUID`: `pickle_value_as_uuid`.
    Uuid = 17,
    /// `collections.OrderedDict`: `pickle_value_known_entries`.
    OrderedDict = 18,
    /// `collections.defaultdict`: `pickle_value_known_entries`.
    DefaultDict = 19,
    /// `collections.Counter`: `pickle_value_known_entries`.
    Counter = 20,
    /// `collections.deque`: `pickle_value_known_items`.
    Deque = 21,
    /// A `pathlib` path: `pickle_value_known_items` are its parts.
    Path = 22,
    /// `numpy.dtype`.
    DType = 23,
    /// `numpy.ndarray`: `pickle_value_as_array`.
    Array = 24,
    /// A numpy scalar: `pickle_value_as_array`.
    Scalar = 25,
    /// `pandas.DataFrame`.
    DataFrame = 26,
    /// `pandas.Series`.
    Series = 27,
    /// A `pandas.Index`.
    Index = 28,
    /// `torch.Tensor`.
    Tensor = 29,
    /// A sparse matrix of scipy.
    Sparse = 30,
}

/// A date, a time, or both. Parts that the value does not have are 0.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_datetime {
    /// The time zone; None if the time is naive.
    pub zone: pickle_value,
    /// 0 to 999 999.
    pub microsecond: u32,
    /// 1 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// The second of two equal local times, when a clock is set back.
    pub fold: bool,
}

/// A duration, normalised as in `datetime.timedelta`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_timedelta {
    /// -999 999 999 to 999 999 999.
    pub days: i32,
    /// 0 to 86 399.
    pub seconds: u32,
    /// 0 to 999 999.
    pub microseconds: u32,
}

/// A numpy array or scalar. A scalar is an array of one item without axes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_array {
    /// The length of each axis: a tuple of ints. None for a scalar.
    pub shape: pickle_value,
    /// For an array of objects, the list of them; else None.
    pub objects: pickle_value,
    /// Number of items.
    pub len: u64,
    /// Size of an item in bytes.
    pub item_size: u64,
    /// The items, contiguous. Empty if the pickle does not hold them as bytes (protocols 0 to 2, out-of-band buffers):
    /// use `pickle_value_copy_bytes`.
    pub data: pickle_bytes,
    /// The kind of the items, in numpy's letters: `b` bool, `i` int, `u` unsigned, `f` float, `c` complex, `S`, `U`, `M`, `m`, `O`, `V`.
    pub kind: u8,
    /// Most significant byte first.
    pub big_endian: bool,
    /// The first axis varies fastest.
    pub fortran: bool,
}

/// # Safety
/// As [`here`].
unsafe fn known<'a>(doc: *const pickle_doc, value: pickle_value) -> Found<Known<'a>> {
    // SAFETY: as the caller says.
    unsafe { here(doc, value) }.and_then(|value| or_kind(Known::of(value)))
}

/// The known type of a value; `PICKLE_KNOWN_NONE` if there is none.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_known(doc: *const pickle_doc, value: pickle_value) -> pickle_known {
    // SAFETY: as the caller says.
    let Ok(found) = (unsafe { known(doc, value) }) else { return pickle_known::None };
    match found {
        Known::Bytes(_) => pickle_known::Bytes,
        Known::ByteArray(_) => pickle_known::ByteArray,
        Known::Set(_) => pickle_known::Set,
        Known::FrozenSet(_) => pickle_known::FrozenSet,
        Known::Complex(..) => pickle_known::Complex,
        Known::Range(..) => pickle_known::Range,
        Known::Slice(..) => pickle_known::Slice,
        Known::Date(_) => pickle_known::Date,
        Known::Time(..) => pickle_known::Time,
        Known::DateTime(..) => pickle_known::DateTime,
        Known::TimeDelta(_) => pickle_known::TimeDelta,
        Known::TimeZone(..) => pickle_known::TimeZone,
        Known::ZoneInfo(_) => pickle_known::ZoneInfo,
        Known::Decimal(_) => pickle_known::Decimal,
        Known::FractionText(_) => pickle_known::FractionText,
        Known::Fraction(..) => pickle_known::Fraction,
        Known::Uuid(_) => pickle_known::Uuid,
        Known::OrderedDict(..) => pickle_known::OrderedDict,
        Known::DefaultDict(..) => pickle_known::DefaultDict,
        Known::Counter(_) => pickle_known::Counter,
        Known::Deque(..) => pickle_known::Deque,
        Known::Path(..) => pickle_known::Path,
        Known::DType(_) => pickle_known::DType,
        Known::Array(_) => pickle_known::Array,
        Known::Scalar(..) => pickle_known::Scalar,
        Known::DataFrame { .. } => pickle_known::DataFrame,
        Known::Series { .. } => pickle_known::Series,
        Known::Index { .. } => pickle_known::Index,
        Known::Tensor(_) => pickle_known::Tensor,
        Known::Sparse { .. } => pickle_known::Sparse,
        _ => pickle_known::None,
    }
}

/// Real and imaginary part of a complex number.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_as_complex(
    doc: *const pickle_doc,
    value: pickle_value,
    real: *mut f64,
    imaginary: *mut f64,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = match unsafe { known(doc, value) } {
        Ok(Known::Complex(re, im)) => Ok((re, im)),
        Ok(_) => Err(pickle_status::WrongKind),
        Err(status) => Err(status),
    };
    // SAFETY: as the caller says.
    match unsafe { give(real, found.map(|(re, _)| re)) } {
        pickle_status::Ok => unsafe { give(imaginary, found.map(|(_, im)| im)) },
        status => status,
    }
}

/// A `datetime.date`, `time` or `datetime`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_as_datetime(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_datetime,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { known(doc, value) }.and_then(|known| {
        let (date, time, zone) = match known {
            Known::Date(date) => (Some(date), None, None),
            Known::Time(time, zone) => (None, Some(time), zone),
            Known::DateTime(date, time, zone) => (Some(date), Some(time), zone),
            _ => return Err(pickle_status::WrongKind),
        };
        let (year, month, day) = date.map_or((0, 0, 0), |date| (date.year, date.month, date.day));
        let mut found = pickle_datetime {
            zone: zone.filter(|zone| !zone.is_none()).map_or(pickle_value::NONE, Into::into),
            microsecond: 0,
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
            fold: false,
        };
        if let Some(time) = time {
            (found.hour, found.minute, found.second) = (time.hour, time.minute, time.second);
            (found.microsecond, found.fold) = (time.microsecond, time.fold);
        }
        Ok(found)
    });
    // SAFETY: as the caller says.
    unsafe { give(out, found) }
}

/// A `datetime.timedelta`, or the offset of a `datetime.timezone`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_as_timedelta(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_timedelta,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { known(doc, value) }.and_then(|known| match known {
        Known::TimeDelta(delta) | Known::TimeZone(delta, _) => {
            Ok(pickle_timedelta { days: delta.days, seconds: delta.seconds, microseconds: delta.microseconds })
        }
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { give(out, found) }
}

/// A Decimal or Fraction as its text, the key of a ZoneInfo, the name of a timezone.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_known_text(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_str,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { known(doc, value) }.and_then(|known| match known {
        Known::Decimal(text) | Known::FractionText(text) | Known::ZoneInfo(text) => Ok(text),
        Known::TimeZone(_, name) => name.ok_or(pickle_status::Missing),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { give(out, found) }
}

/// A UUID: 16 bytes in the order of its text form.
///
/// # Safety
/// `doc` is null or points to a document, `out` is null or has room for 16 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_as_uuid(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut u8,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { known(doc, value) }.and_then(|known| match known {
        Known::Uuid(uuid) => Ok(uuid.to_be_bytes()),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: an array of bytes has no alignment.
    unsafe { give(out.cast::<[u8; 16]>(), found) }
}

/// Starts an iteration over the items of a deque, a set, a frozenset, or over the parts of a path.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_known_items(
    doc: *const pickle_doc,
    value: pickle_value,
    iter: *mut pickle_iter,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { known(doc, value) }.and_then(|known| match known {
        Known::Set(items) | Known::FrozenSet(items) | Known::Deque(items, _) | Known::Path(_, items) => Ok(items),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { begin(iter, found) }
}

/// Starts an iteration over the entries of an OrderedDict, defaultdict or Counter.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_known_entries(
    doc: *const pickle_doc,
    value: pickle_value,
    iter: *mut pickle_iter,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { known(doc, value) }.and_then(|known| match known {
        Known::OrderedDict(pairs, _) | Known::DefaultDict(_, pairs) | Known::Counter(pairs) => Ok(pairs),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { begin(iter, found) }
}

/// The items of an array or numpy scalar, or the content of bytes in any spelling.
fn octets(value: Value<'_>) -> Found<Octets<'_>> {
    match Known::of(value) {
        Some(Known::Array(array)) => match array.data {
            Data::Bytes(octets) => Ok(octets),
            Data::Objects(_) => Err(pickle_status::WrongKind),
            _ => Err(pickle_status::Missing),
        },
        Some(Known::Scalar(_, octets)) => Ok(octets),
        _ => or_kind(Octets::of(value)),
    }
}

/// Copies bytes in any spelling, or the items of an array, to `buffer`: at most `capacity` bytes. `size` receives the
/// whole size, also with `PICKLE_STATUS_OUT_OF_RANGE`, which says that the buffer is too small.
///
/// # Safety
/// Pointers are null or point to what their types and lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_copy_bytes(
    doc: *const pickle_doc,
    value: pickle_value,
    buffer: *mut c_void,
    capacity: usize,
    size: *mut usize,
) -> pickle_status {
    // SAFETY: as the caller says, here and below.
    let found = unsafe { here(doc, value) }.and_then(octets);
    let status = unsafe { give(size, found.map(|octets| octets.len())) };
    let (Ok(octets), pickle_status::Ok) = (found, status) else { return status };
    let buffer = buffer.cast::<u8>();
    let room = if buffer.is_null() { 0 } else { capacity };
    for (n, byte) in octets.take(room).enumerate() {
        // SAFETY: `n` is below the capacity.
        unsafe { buffer.add(n).write(byte) };
    }
    if octets.len() > room { pickle_status::OutOfRange } else { pickle_status::Ok }
}

/// A numpy array, whether pickled by numpy or joblib, or a numpy scalar.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_as_array(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_array,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { known(doc, value) }.and_then(|known| {
        let of_dtype = |dtype: DType<'_>| pickle_array {
            shape: pickle_value::NONE,
            objects: pickle_value::NONE,
            len: 1,
            item_size: dtype.size,
            data: [].as_slice().into(),
            kind: dtype.kind,
            big_endian: dtype.big_endian,
            fortran: false,
        };
        match known {
            Known::Scalar(dtype, octets) => {
                let mut found = of_dtype(dtype);
                found.data = octets.as_slice().unwrap_or_default().into();
                Ok(found)
            }
            Known::Array(array) => {
                let mut found = of_dtype(array.dtype);
                found.shape = array.shape.into();
                found.len = array.len().unwrap_or(0);
                found.fortran = array.fortran;
                match array.data {
                    Data::Bytes(octets) => found.data = octets.as_slice().unwrap_or_default().into(),
                    Data::Objects(list) => found.objects = list.into(),
                    _ => {}
                }
                Ok(found)
            }
            _ => Err(pickle_status::WrongKind),
        }
    });
    // SAFETY: as the caller says.
    unsafe { give(out, found) }
}

/// # Safety
/// `array` is null or was filled by `pickle_value_as_array`; `item` is null or points to one item.
unsafe fn number(array: *const pickle_array, item: *const c_void) -> Found<Number> {
    // SAFETY: as the caller says.
    let Some(array) = (unsafe { array.as_ref() }) else { return Err(pickle_status::Null) };
    if item.is_null() {
        return Err(pickle_status::Null);
    }
    // The largest number is a complex of two doubles.
    let size = match array.item_size {
        size @ 1..=16 => size as usize,
        _ => return Err(pickle_status::WrongKind),
    };
    let dtype = DType {
        kind: array.kind,
        size: array.item_size,
        big_endian: array.big_endian,
        places: None,
        subarray: None,
        aligned: false,
        fields: None,
        unit: None,
        objects: false,
    };
    // SAFETY: as the caller says.
    or_kind(dtype.number(unsafe { bytes(item, size) }))
}

/// An item of an array as a double: bool, int or float of any size and byte order.
///
/// # Safety
/// `array` is null or was filled by `pickle_value_as_array`; `item` is null or points to one item.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_array_item_f64(
    array: *const pickle_array,
    item: *const c_void,
    out: *mut f64,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { number(array, item) }.and_then(|number| match number {
        Number::Bool(flag) => Ok(f64::from(u8::from(flag))),
        Number::Int(int) => Ok(int as f64),
        Number::Uint(int) => Ok(int as f64),
        Number::Float(float) => Ok(float),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { give(out, found) }
}

/// An item of an array as an int: bool or int of any size and byte order, or ticks of datetime64 and timedelta64.
///
/// # Safety
/// `array` is null or was filled by `pickle_value_as_array`; `item` is null or points to one item.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_array_item_i64(
    array: *const pickle_array,
    item: *const c_void,
    out: *mut i64,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { number(array, item) }.and_then(|number| match number {
        Number::Bool(flag) => Ok(i64::from(flag)),
        Number::Int(int) => Ok(int),
        Number::Uint(int) => i64::try_from(int).map_err(|_| pickle_status::OutOfRange),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { give(out, found) }
}
