//! What values mean: dates, decimals, UUIDs, collections, arrays, in every spelling that pickles have for them.

use crate::document::pickle_doc;
use crate::iter::{begin, pickle_iter};
use crate::memory::{bytes, pickle_bytes, pickle_str};
use crate::status::pickle_status;
use crate::value::{Found, here, or_kind, pickle_value, store};
use core::ffi::c_void;
use pickle_core::known::{DType, Data, Number, Octets};
use pickle_core::view::{Attributes, Fraction, MappingKind, SequenceKind, View, Zone};
use pickle_core::{Kind, Value};

/// A known type: one that is recognised in every spelling of every protocol and Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_known {
    /// None of these: `pickle_value_kind` says what it is.
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
    /// `datetime.timezone`, or another zone of a fixed offset: `pickle_value_as_timedelta`, and `pickle_value_known_text` is its name.
    TimeZone = 12,
    /// `zoneinfo.ZoneInfo`, or a zone of pytz or dateutil: `pickle_value_known_text` is its key, such as `Europe/Berlin`.
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
    /// `numpy.ndarray` or `array.array`: `pickle_value_as_array`.
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
    /// A list that is spelled as an object, of a subclass as a rule: `pickle_value_known_items`.
    List = 31,
    /// A tuple that is spelled as an object: `pickle_value_known_items`.
    Tuple = 32,
    /// A dict that is spelled as an object, of a subclass as a rule: `pickle_value_known_entries`.
    Dict = 33,
    /// `collections.UserList`: `pickle_value_known_items`.
    UserList = 34,
    /// `collections.UserDict`: `pickle_value_known_entries`.
    UserDict = 35,
    /// `collections.ChainMap`: `pickle_value_known_entries`, those of the first dict last.
    ChainMap = 36,
    /// `types.MappingProxyType`: `pickle_value_known_entries`.
    MappingProxy = 37,
    /// `frozendict`: `pickle_value_known_entries`.
    FrozenDict = 38,
    /// Not given any more: an `array.array` is an array.
    NumberArray = 39,
    /// A subclass of int, float, str or bytes, or `collections.UserString`: `pickle_value_known_inner`.
    Derived = 40,
    /// An object of any class: `pickle_value_known_items` are its fields without names (of a namedtuple, an exception),
    /// `pickle_value_known_attributes` those with.
    Record = 41,
    /// A member of an enum by its name: `pickle_value_known_text`.
    Member = 42,
    /// `functools.partial`: `pickle_value_known_class` is the function, `pickle_value_known_items` are the arguments.
    Partial = 43,
    /// A regular expression: `pickle_value_known_inner` is its text or bytes.
    Pattern = 44,
    /// An address, network or interface of `ipaddress`: its parts are the arguments of the object.
    Ip = 45,
    /// The time zone of the machine that wrote the pickle (`dateutil.tz.tzlocal`).
    LocalZone = 46,
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
    /// The length of each axis: a tuple of ints, or one int where there is one axis. None for a scalar.
    pub shape: pickle_value,
    /// For an array of objects, or an `array.array` of protocols 0 to 2, the list of them; else None.
    pub objects: pickle_value,
    /// Number of items.
    pub len: u64,
    /// Size of an item in bytes.
    pub item_size: u64,
    /// The items, contiguous. Empty if the pickle does not hold them as bytes (protocols 0 to 2, out-of-band buffers):
    /// use `pickle_value_copy_bytes`.
    pub data: pickle_bytes,
    /// The kind of the items, in numpy's letters: `b` bool, `i` int, `u` unsigned, `f` float, `c` complex, `S`, `U` (UTF-32;
    /// UTF-16 where `item_size` is 2), `M`, `m`, `O`, `V`.
    pub kind: u8,
    /// Most significant byte first.
    pub big_endian: bool,
    /// The first axis varies fastest.
    pub fortran: bool,
}

impl From<pickle_core::known::TimeDelta> for pickle_timedelta {
    fn from(delta: pickle_core::known::TimeDelta) -> Self {
        pickle_timedelta { days: delta.days, seconds: delta.seconds, microseconds: delta.microseconds }
    }
}

/// # Safety
/// As [`here`].
unsafe fn view<'a>(doc: *const pickle_doc, value: pickle_value) -> Found<View<'a>> {
    // SAFETY: as the caller says.
    unsafe { here(doc, value) }.map(meaning)
}

/// What a value means. Scalars of pandas are records here: they have no getters of their own.
fn meaning(value: Value<'_>) -> View<'_> {
    match value.view() {
        View::Pandas(scalar) => match value.as_object().and_then(|object| object.as_record()) {
            Some(record) => View::Record(record),
            None => View::Pandas(scalar),
        },
        view => view,
    }
}

fn known(value: Value<'_>) -> pickle_known {
    // What has a kind of its own is identified by that.
    if !matches!(value.kind(), Kind::Object) {
        return pickle_known::None;
    }
    match meaning(value) {
        View::Bytes(_) => pickle_known::Bytes,
        View::ByteArray(_) => pickle_known::ByteArray,
        View::Complex(..) => pickle_known::Complex,
        View::Range(..) => pickle_known::Range,
        View::Slice(..) => pickle_known::Slice,
        View::Date(_) => pickle_known::Date,
        View::Time(..) => pickle_known::Time,
        View::DateTime(..) => pickle_known::DateTime,
        View::TimeDelta(_) => pickle_known::TimeDelta,
        View::Zone(Zone::Fixed(..)) => pickle_known::TimeZone,
        View::Zone(Zone::Named { .. }) => pickle_known::ZoneInfo,
        View::Zone(Zone::Local) => pickle_known::LocalZone,
        View::Decimal(_) => pickle_known::Decimal,
        View::Fraction(Fraction::Text(_)) => pickle_known::FractionText,
        View::Fraction(_) => pickle_known::Fraction,
        View::Uuid(_) => pickle_known::Uuid,
        View::Path(_) => pickle_known::Path,
        View::Pattern(_) => pickle_known::Pattern,
        View::Ip(_) => pickle_known::Ip,
        View::Member(_) => pickle_known::Member,
        View::Partial(_) => pickle_known::Partial,
        View::Set(set) if set.frozen => pickle_known::FrozenSet,
        View::Set(_) => pickle_known::Set,
        View::Sequence(sequence) => match sequence.kind {
            SequenceKind::List => pickle_known::List,
            SequenceKind::Tuple => pickle_known::Tuple,
            SequenceKind::Deque => pickle_known::Deque,
            SequenceKind::UserList => pickle_known::UserList,
            _ => pickle_known::None,
        },
        View::Mapping(mapping) => match mapping.kind {
            MappingKind::Dict => pickle_known::Dict,
            MappingKind::OrderedDict => pickle_known::OrderedDict,
            MappingKind::DefaultDict => pickle_known::DefaultDict,
            MappingKind::Counter => pickle_known::Counter,
            MappingKind::FrozenDict => pickle_known::FrozenDict,
            MappingKind::Proxy => pickle_known::MappingProxy,
            MappingKind::ChainMap => pickle_known::ChainMap,
            MappingKind::UserDict => pickle_known::UserDict,
            _ => pickle_known::None,
        },
        View::Derived(_) => pickle_known::Derived,
        View::Record(_) => pickle_known::Record,
        View::DType(_) => pickle_known::DType,
        View::Array(_) => pickle_known::Array,
        View::Scalar(..) => pickle_known::Scalar,
        View::DataFrame { .. } => pickle_known::DataFrame,
        View::Series { .. } => pickle_known::Series,
        View::Index { .. } => pickle_known::Index,
        View::Tensor(_) => pickle_known::Tensor,
        View::Sparse { .. } => pickle_known::Sparse,
        _ => pickle_known::None,
    }
}

/// The known type of an object; `PICKLE_KNOWN_NONE` if there is none, and for what has a kind of its own.
///
/// # Safety
/// `doc` is null or points to a document.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_known(doc: *const pickle_doc, value: pickle_value) -> pickle_known {
    // SAFETY: as the caller says.
    unsafe { here(doc, value) }.map_or(pickle_known::None, known)
}

/// The class of a record, or of a collection or scalar of a class of its own; of a member of an enum; the function of a
/// partial. `PICKLE_STATUS_MISSING` where it is a built-in one. Below protocol 4 a class in a class is no global but
/// `PICKLE_KNOWN_MEMBER`: this function gives the outer one, `pickle_value_known_text` its name there.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_known_class(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { view(doc, value) }.and_then(|view| {
        let class = match view {
            View::Record(record) => Some(record.class),
            View::Sequence(sequence) => sequence.class,
            View::Set(set) => set.class,
            View::Mapping(mapping) => mapping.class,
            View::Derived(derived) => derived.class,
            View::Member(member) => Some(member.of),
            View::Partial(partial) => Some(partial.function),
            _ => return Err(pickle_status::WrongKind),
        };
        class.ok_or(pickle_status::Missing)
    });
    // SAFETY: as the caller says.
    unsafe { store(out, found) }
}

/// The int, float, text or bytes that an object of a subclass is; the text or bytes of a regular expression.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_known_inner(
    doc: *const pickle_doc,
    value: pickle_value,
    out: *mut pickle_value,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { view(doc, value) }.and_then(|view| match view {
        View::Derived(derived) => Ok(derived.value),
        View::Pattern(pattern) => Ok(pattern.pattern),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { store(out, found) }
}

/// Starts an iteration over the attributes of an object, or of a collection that has some: names and values. Slots
/// follow those of `__dict__`.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_known_attributes(
    doc: *const pickle_doc,
    value: pickle_value,
    iter: *mut pickle_iter,
) -> pickle_status {
    // SAFETY: as the caller says.
    let found = unsafe { view(doc, value) }.and_then(|view| -> Found<Attributes<'_>> {
        Ok(match view {
            View::Record(record) => record.attributes,
            View::Sequence(sequence) => sequence.attributes,
            View::Set(set) => set.attributes,
            View::Mapping(mapping) => mapping.attributes,
            View::Partial(partial) => partial.attributes,
            _ => return Err(pickle_status::WrongKind),
        })
    });
    // SAFETY: as the caller says.
    unsafe { begin(iter, found) }
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
    let found = match unsafe { view(doc, value) } {
        Ok(View::Complex(re, im)) => Ok((re, im)),
        Ok(_) => Err(pickle_status::WrongKind),
        Err(status) => Err(status),
    };
    // SAFETY: as the caller says.
    match unsafe { store(real, found.map(|(re, _)| re)) } {
        pickle_status::Ok => unsafe { store(imaginary, found.map(|(_, im)| im)) },
        status => status,
    }
}

/// The time zone that a time was made with: the last argument.
fn zone_of(value: Value<'_>) -> Option<Value<'_>> {
    value.as_object()?.args().last().filter(|zone| !zone.is_none())
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
    let found = unsafe { here(doc, value) }.and_then(|value| {
        let (date, time, zone) = match value.view() {
            View::Date(date) => (Some(date), None, None),
            View::Time(time, zone) => (None, Some(time), zone),
            View::DateTime(date, time, zone) => (Some(date), Some(time), zone),
            _ => return Err(pickle_status::WrongKind),
        };
        let (year, month, day) = date.map_or((0, 0, 0), |date| (date.year, date.month, date.day));
        let mut found = pickle_datetime {
            zone: zone.and_then(|_| zone_of(value)).map_or(pickle_value::NONE, Into::into),
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
    unsafe { store(out, found) }
}

/// A `datetime.timedelta`, or the offset of a time zone: `PICKLE_STATUS_MISSING` where it depends on the time.
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
    let found = unsafe { view(doc, value) }.and_then(|view| match view {
        View::TimeDelta(delta) => Ok(delta.into()),
        View::Zone(zone) => zone.offset().map(pickle_timedelta::from).ok_or(pickle_status::Missing),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { store(out, found) }
}

/// A Decimal or Fraction as its text, the key of a ZoneInfo, the name of a timezone, of a member of an enum.
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
    let found = unsafe { view(doc, value) }.and_then(|view| match view {
        View::Decimal(text) | View::Fraction(Fraction::Text(text)) => Ok(text),
        View::Zone(zone) => zone.name().ok_or(pickle_status::Missing),
        View::Member(member) => Ok(member.name),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { store(out, found) }
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
    let found = unsafe { view(doc, value) }.and_then(|view| match view {
        View::Uuid(uuid) => Ok(uuid.0.to_be_bytes()),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: an array of bytes has no alignment.
    unsafe { store(out.cast::<[u8; 16]>(), found) }
}

/// Starts an iteration over the items of any sequence or set, over the parts of a path, the arguments of a partial, the
/// fields of a record that have no names.
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
    let found = unsafe { view(doc, value) }.and_then(|view| match view {
        View::Sequence(sequence) => Ok(sequence.items),
        View::Set(set) => Ok(set.items),
        View::Path(path) => Ok(path.parts),
        View::Partial(partial) => Ok(partial.args),
        View::Record(record) => Ok(record.positional()),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { begin(iter, found) }
}

/// Starts an iteration over the entries of any mapping, as the pickle has them: of equal keys the last counts.
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
    let found = unsafe { view(doc, value) }.and_then(|view| match view {
        View::Mapping(mapping) => Ok(mapping.pairs),
        _ => Err(pickle_status::WrongKind),
    });
    // SAFETY: as the caller says.
    unsafe { begin(iter, found) }
}

/// The items of an array or numpy scalar, or the content of bytes in any spelling.
fn octets(value: Value<'_>) -> Found<Octets<'_>> {
    match value.view() {
        View::Array(array) => match array.data {
            Data::Bytes(octets) => Ok(octets),
            Data::Objects(_) => Err(pickle_status::WrongKind),
            _ => Err(pickle_status::Missing),
        },
        View::Scalar(_, octets) => Ok(octets),
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
    let status = unsafe { store(size, found.map(|octets| octets.len())) };
    let (Ok(octets), pickle_status::Ok) = (found, status) else { return status };
    let buffer = buffer.cast::<u8>();
    let room = if buffer.is_null() { 0 } else { capacity };
    for (n, byte) in octets.take(room).enumerate() {
        // SAFETY: `n` is below the capacity.
        unsafe { buffer.add(n).write(byte) };
    }
    if octets.len() > room { pickle_status::OutOfRange } else { pickle_status::Ok }
}

/// A numpy array, whether pickled by numpy or joblib, an `array.array`, or a numpy scalar.
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
    let found = unsafe { view(doc, value) }.and_then(|view| {
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
        match view {
            View::Scalar(dtype, octets) => {
                let mut found = of_dtype(dtype);
                found.data = octets.as_slice().unwrap_or_default().into();
                Ok(found)
            }
            View::Array(array) => {
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
    unsafe { store(out, found) }
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
    let dtype = DType::plain(array.kind, array.item_size, array.big_endian);
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
    unsafe { store(out, found) }
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
    unsafe { store(out, found) }
}
