//! numpy: dtypes, arrays and scalars.

use super::{Changed, Octets, is_module};
use crate::name::JOBLIB_ARRAY;
use crate::{Change, GlobalName, Items, Kind, ObjectParts, Value};
use core::fmt;

/// A `numpy.dtype`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::known::{DType, Number};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // numpy.dtype([("a", "u1"), ("b", "<i2")])
/// let pickle = b"cnumpy\ndtype\n(VV3\ntR(K\x03V|\nN(Va\nVb\nt}(Va\n(cnumpy\ndtype\n(Vu1\ntRK\0tVb\n\
///     (cnumpy\ndtype\n(Vi2\ntRK\x01tuK\x03K\x01K\x10tb.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let dtype = DType::of(document.root()).unwrap();
/// assert_eq!((dtype.size, dtype.field_count()), (3, 2));
/// let field = dtype.field(1).unwrap();
/// assert_eq!((field.name, field.offset, field.dtype.to_string().as_str()), ("b", 1, "int16"));
/// assert_eq!(field.dtype.number(b"\xff\xff"), Some(Number::Int(-1)));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DType<'d> {
    /// Kind of the items as numpy names it: `b`, `i`, `u`, `f`, `c`, `S`, `U`, `M`, `m`, `O`, `V`, ...
    pub kind: u8,
    /// Bytes of an item.
    pub size: u64,
    /// Most significant byte first.
    pub big_endian: bool,
    /// Names of the fields of a record.
    pub fields: Option<Value<'d>>,
    /// By name, the dtype of each field and the byte that it begins at, perhaps with a title.
    pub places: Option<Value<'d>>,
    /// The array that each item is.
    pub subarray: Option<Subarray<'d>>,
    /// Fields lie where a C compiler would put them.
    pub aligned: bool,
    /// What a tick of a datetime64 or timedelta64 is.
    pub unit: Option<Tick<'d>>,
    /// The items hold references to objects.
    pub objects: bool,
}

/// The array that each item of another is.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::known::DType;
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // numpy.dtype(("u1", (2,)))
/// let pickle = b"cnumpy\ndtype\n(VV2\ntR(K\x03V|\n(cnumpy\ndtype\n(Vu1\ntR(K\x02ttNNK\x02K\x01K\0tb.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let subarray = DType::of(document.root()).and_then(|dtype| dtype.subarray).unwrap();
/// assert_eq!(DType::of(subarray.dtype).map(|dtype| dtype.to_string()).as_deref(), Some("uint8"));
/// assert_eq!(subarray.shape.at(0).and_then(|axis| axis.as_i64()), Some(2));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Subarray<'d> {
    /// The `numpy.dtype` of its items.
    pub dtype: Value<'d>,
    /// Its shape: ints, or one int.
    pub shape: Value<'d>,
}

/// What a tick of a `datetime64` or `timedelta64` is, such as `25` of `ms`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::known::DType;
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // numpy.dtype("datetime64[25ms]")
/// let pickle = b"cnumpy\ndtype\n(VM8\ntR(K\x04V<\nNNNI-1\nI-1\nI0\n(N(Vms\nK\x19K\x01K\x01tttb.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let dtype = DType::of(document.root()).unwrap();
/// assert_eq!(dtype.unit.map(|tick| (tick.count, tick.unit)), Some((25, "ms")));
/// assert_eq!(dtype.to_string(), "datetime64[25ms]");
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Tick<'d> {
    /// NumPy's name of the unit, as `ns`.
    pub unit: &'d str,
    /// How many of it.
    pub count: i64,
}

/// One item of an array.
///
/// See the example of [`DType`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// `bool`.
    Bool(bool),
    /// Signed integers; ticks of datetime64 and timedelta64.
    Int(i64),
    /// Unsigned integers.
    Uint(u64),
    /// Floats of up to 64 bits.
    Float(f64),
    /// Real and imaginary part.
    Complex(f64, f64),
}

impl<'d> DType<'d> {
    /// A type of numbers or text, by its kind and the bytes of an item.
    pub fn plain(kind: u8, size: u64, big_endian: bool) -> Self {
        DType {
            kind,
            size,
            big_endian,
            fields: None,
            places: None,
            subarray: None,
            aligned: false,
            unit: None,
            objects: false,
        }
    }

    /// The dtype that a value is.
    pub fn of(value: Value<'d>) -> Option<Self> {
        let object = value.as_object()?;
        let GlobalName { module, name } = object.class()?;
        if (module, name) != ("numpy", "dtype") {
            return DType::strings(module, name);
        }
        let code = object.args().next()?;
        let code = match (ascii(code), code.as_global().map(GlobalName::pair)) {
            (Some(code), _) => code,
            // The dtype of a recarray; its state has the size.
            (None, Some(("numpy", "record"))) => "V0",
            _ => return None,
        };
        let kind = code.bytes().next()?;
        let digits = code.get(1..).unwrap_or_default();
        // A unicode character takes four bytes; states give the size where the code does not.
        let mut size = if digits.is_empty() { 0 } else { digits.parse::<u64>().ok()? };
        if kind == b'U' {
            size = size.checked_mul(4)?;
        }
        let mut this = DType { objects: kind == b'O', ..DType::plain(kind, size, false) };
        for change in object.changes() {
            let Change::Build(state) = change else { return None };
            this.big_endian = state.at(1).and_then(ascii) == Some(">");
            this.fields = state.at(3).filter(|names| names.kind() == Kind::Tuple);
            this.places = state.at(4).filter(|places| places.kind() == Kind::Dict);
            this.subarray = state.at(2).and_then(|parts| Some(Subarray { dtype: parts.at(0)?, shape: parts.at(1)? }));
            if let Some(size) = state.at(5).and_then(|size| size.as_u64()) {
                this.size = size;
            }
            this.aligned = state.at(7).and_then(|flags| flags.as_u64()).is_some_and(|flags| flags & 0x80 != 0);
            this.objects |= state.at(7).and_then(|flags| flags.as_u64()).is_some_and(|flags| flags & 1 != 0);
            if let Some(unit) = state.at(8).and_then(|metadata| metadata.at(1)) {
                let name = unit.at(0).and_then(ascii);
                let count = unit.at(1).and_then(|count| count.as_i64());
                this.unit = name.zip(count).map(|(unit, count)| Tick { unit, count });
            }
        }
        Some(this)
    }

    /// `numpy.dtypes.StringDType`: NumPy 2's texts of any length, which arrays list as objects.
    fn strings(module: &str, name: &str) -> Option<Self> {
        if name != "_convert_to_stringdtype_kwargs" || !is_module(module, "numpy") {
            return None;
        }
        Some(DType { objects: true, ..DType::plain(b'T', 16, false) })
    }

    /// The number that the bytes of an item stand for; `None` for kinds that are no numbers.
    pub fn number(&self, item: &[u8]) -> Option<Number> {
        let mut wide = [0; 8];
        let word = |bytes: &[u8], wide: &mut [u8; 8]| {
            *wide = [0; 8];
            for (i, byte) in bytes.iter().enumerate() {
                let at = if self.big_endian { bytes.len() - 1 - i } else { i };
                *wide.get_mut(at)? = *byte;
            }
            Some(u64::from_le_bytes(*wide))
        };
        let float = |bits: u64, size: usize| match size {
            2 => Some(half(bits as u16)),
            4 => Some(f64::from(f32::from_bits(bits as u32))),
            8 => Some(f64::from_bits(bits)),
            _ => None,
        };
        match self.kind {
            b'b' if self.size == 1 => Some(Number::Bool(*item.first()? != 0)),
            b'u' => Some(Number::Uint(word(item, &mut wide)?)),
            b'i' | b'M' | b'm' => {
                let shift = 64u32.checked_sub(item.len() as u32 * 8).filter(|&shift| shift < 64)?;
                let value = word(item, &mut wide)?;
                Some(Number::Int((value << shift) as i64 >> shift))
            }
            b'f' => Some(Number::Float(float(word(item, &mut wide)?, item.len())?)),
            b'c' => {
                let (re, im) = item.split_at_checked(item.len() / 2)?;
                let re = float(word(re, &mut wide)?, re.len())?;
                Some(Number::Complex(re, float(word(im, &mut wide)?, im.len())?))
            }
            _ => None,
        }
    }
}

/// A field of a structured dtype.
///
/// See the example of [`DType`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DTypeField<'d> {
    /// Its name.
    pub name: &'d str,
    /// What it holds.
    pub dtype: DType<'d>,
    /// Bytes of an item before it.
    pub offset: u64,
    /// Another name.
    pub title: Option<&'d str>,
}

impl<'d> DType<'d> {
    /// Number of fields.
    pub fn field_count(&self) -> usize {
        self.fields.map_or(0, |fields| fields.len())
    }

    /// A field by its number. `None` where there is none, or it does not lie inside the item.
    pub fn field(&self, number: usize) -> Option<DTypeField<'d>> {
        let name = self.fields?.at(number)?;
        let name = ascii(name).or_else(|| text(name))?;
        self.placed(name, self.places?.get(name)?)
    }

    /// The field of this name.
    pub(crate) fn field_named(&self, is_name: impl Fn(&str) -> bool) -> Option<DTypeField<'d>> {
        let named = |(key, place): (Value<'d>, Value<'d>)| {
            let name = ascii(key).or_else(|| text(key)).filter(|name| is_name(name))?;
            self.placed(name, place)
        };
        self.places?.entries()?.find_map(named)
    }

    /// The same in constant time, where the place is known: `key` and `place` of [`DType::places`]. `None` where the key is
    /// of another field.
    #[cfg(feature = "serde")]
    pub(crate) fn field_at(&self, number: usize, key: Value<'d>, place: Value<'d>) -> Option<DTypeField<'d>> {
        let name = self.fields?.at(number)?;
        let name = ascii(name).or_else(|| text(name))?;
        if ascii(key).or_else(|| text(key)) == Some(name) { self.placed(name, place) } else { None }
    }

    fn placed(&self, name: &'d str, place: Value<'d>) -> Option<DTypeField<'d>> {
        let (dtype, offset) = (DType::of(place.at(0)?)?, place.at(1)?.as_u64()?);
        let inside = offset.checked_add(dtype.size)? <= self.size;
        if inside { Some(DTypeField { name, dtype, offset, title: place.at(2).and_then(text) }) } else { None }
    }
}

/// A float of 16 bits.
pub(crate) fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let fraction = f64::from(bits & 0x3ff);
    let power = |exponent: u16| f64::from_bits((u64::from(exponent) + 1023 - 25) << 52);
    sign * match bits >> 10 & 0x1f {
        0 => fraction * power(1),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * power(exponent),
    }
}

/// As numpy names it: `float64`, `>i4`, `datetime64[ns]`, `<U5`, `object`.
impl fmt::Display for DType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fields) = self.fields.and_then(|fields| fields.items()) {
            for (i, name) in fields.enumerate() {
                f.write_str(if i == 0 { "{" } else { ", " })?;
                f.write_str(text(name).unwrap_or("?"))?;
            }
            return f.write_str("}");
        }
        let name = match self.kind {
            b'b' => return f.write_str("bool"),
            b'O' => return f.write_str("object"),
            b'T' => return f.write_str("StringDType"),
            b'S' | b'a' => return write!(f, "S{}", self.size),
            b'U' => return write!(f, "{}U{}", if self.big_endian { '>' } else { '<' }, self.size.div_ceil(4)),
            b'i' => "int",
            b'u' => "uint",
            b'f' => "float",
            b'c' => "complex",
            b'M' => "datetime",
            b'm' => "timedelta",
            other => return write!(f, "{}{}", char::from(other), self.size),
        };
        if self.big_endian {
            f.write_str(">")?;
        }
        write!(f, "{name}{}", self.size.saturating_mul(8))?;
        match self.unit {
            Some(Tick { unit, count: 1 }) => write!(f, "[{unit}]"),
            Some(Tick { unit, count }) => write!(f, "[{count}{unit}]"),
            None => Ok(()),
        }
    }
}

/// Where the items of an array are.
///
/// See the example of [`Array`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Data<'d> {
    /// Packed, one after the other.
    Bytes(Octets<'d>),
    /// Objects: a list of them. Also the numbers or characters of an `array.array`, as protocols 0 to 2 have them.
    Objects(Value<'d>),
    /// An out-of-band buffer that was not given.
    Missing(Value<'d>),
}

/// A `numpy.ma.MaskedArray`: an array, some of whose items count for nothing.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, View};
///
/// // numpy.ma.array([1, 2, 3], mask=[0, 1, 0], dtype="i1")
/// let pickle = b"cnumpy.ma.core\n_mareconstruct\n(cnumpy.ma.core\nMaskedArray\ncnumpy\nndarray\n(K\0t\
///     C\x01btR(K\x01(K\x03tcnumpy\ndtype\n(Vi1\ntR\x89C\x03\x01\x02\x03C\x03\0\x01\0Ntb.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let View::Masked(masked) = document.root().view() else { panic!("it is a masked array") };
/// assert_eq!((masked.array.len(), masked.mask.as_slice()), (Some(3), Some(&b"\0\x01\0"[..])));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Masked<'d> {
    /// All items, also those that count for nothing.
    pub array: Array<'d>,
    /// A byte an item, not 0 where it counts for nothing; a byte a field where the items are records.
    pub mask: Octets<'d>,
    /// The first axis varies fastest in the mask.
    pub fortran: bool,
    /// What stands for items that count for nothing; None for what is usual.
    pub fill_value: Value<'d>,
}

impl<'d> Masked<'d> {
    /// `_mareconstruct(class, base, shape, code)` and its BUILD (`MaskedArray.__reduce__`).
    pub(super) fn of(object: &ObjectParts<'d>) -> Option<Self> {
        let class = object.args().next()?;
        let state = Changed::of(object).only_state()?;
        // A subclass may add an item of its own.
        let (own, extra) = match parts(state) {
            Some([a, b, c, d, e, f, g, extra]) => ([a, b, c, d, e, f, g], Some(extra)),
            None => (parts(state)?, None),
        };
        let [_, shape, dtype, fortran, data, mask, fill_value] = own;
        let fortran = flag(fortran)?;
        let array = Array { class: Some(class), extra, ..Array::new(dtype, shape, fortran, data)? };
        let mask = Octets::of_state(mask)?;
        let len = array.len()?;
        let fits = match (mask.len() as u64).checked_rem(len) {
            Some(rest) => rest == 0 && (mask.len() as u64 == len || array.dtype.fields.is_some()),
            None => mask.is_empty(),
        };
        if fits { Some(Masked { array, mask, fortran, fill_value }) } else { None }
    }
}

/// The parts of a tuple, if there are as many.
fn parts<const N: usize>(tuple: Value<'_>) -> Option<[Value<'_>; N]> {
    let mut items = tuple.items().filter(|_| tuple.kind() == Kind::Tuple && tuple.len() == N)?;
    let first = items.next()?;
    let mut parts = [first; N];
    for part in parts.iter_mut().skip(1) {
        *part = items.next()?;
    }
    Some(parts)
}

/// True or False, or an int that stands for it.
fn flag(value: Value<'_>) -> Option<bool> {
    value.as_bool().or(value.as_i64().map(|flag| flag != 0))
}

/// A `numpy.ndarray` or a subclass of it, or an `array.array`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::known::{Array, Data};
/// use pickle_core::{Heap, Options, Unpickler};
///
/// // numpy.array([[1, 2, 3], [4, 5, 6]], "i1")
/// let pickle = b"cnumpy._core.numeric\n_frombuffer\n(C\x06\x01\x02\x03\x04\x05\x06\
///     cnumpy\ndtype\n(Vi1\ntR(K\x02K\x03tVC\ntR.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let array = Array::of(document.root()).unwrap();
/// assert_eq!((array.dtype.to_string().as_str(), array.len()), ("int8", Some(6)));
/// assert!(array.axes().eq([Some(2), Some(3)]));
/// assert!(matches!(array.data, Data::Bytes(octets) if octets.as_slice() == Some(&[1, 2, 3, 4, 5, 6][..])));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Array<'d> {
    /// The class, where the pickle names it.
    pub class: Option<Value<'d>>,
    /// What the items are.
    pub dtype: DType<'d>,
    /// Items along each axis: a tuple or list of ints, or one int where there is one axis. See [`Array::axes`].
    pub shape: Value<'d>,
    /// The first axis varies fastest in the data. Never so for objects, which are listed in C order.
    pub fortran: bool,
    /// The items.
    pub data: Data<'d>,
    /// What a subclass keeps beside the array.
    pub extra: Option<Value<'d>>,
}

impl<'d> Array<'d> {
    /// Number of items; `None` where the shape makes no sense.
    pub fn len(&self) -> Option<u64> {
        self.axes().try_fold(1u64, |n, axis| n.checked_mul(axis?))
    }

    /// Items along each axis; `None` for what is no number of items.
    pub fn axes(&self) -> impl ExactSizeIterator<Item = Option<u64>> + Clone + use<'d> {
        axes(self.shape)
    }

    /// No items.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Bytes of all items; `None` where the shape makes no sense.
    pub fn size(&self) -> Option<u64> {
        self.len()?.checked_mul(self.dtype.size)
    }

    /// From the parts that all spellings have in common.
    fn new(dtype: Value<'d>, shape: Value<'d>, fortran: bool, data: Value<'d>) -> Option<Self> {
        let dtype = DType::of(dtype)?;
        // Python 2's str may have become text on its way.
        let data = match Octets::of_state(data) {
            Some(octets) => Data::Bytes(octets),
            None if data.kind() == Kind::List => Data::Objects(data),
            None if matches!(data.kind(), Kind::Buffer | Kind::ReadOnly) => Data::Missing(data),
            None => return None,
        };
        // Objects are listed in C order, however the array lies in memory.
        let fortran = fortran && !matches!(data, Data::Objects(_));
        let array = Array { class: None, dtype, shape, fortran, data, extra: None };
        let len = array.len()?;
        let fits = match data {
            Data::Bytes(octets) => array.size()? == octets.len() as u64,
            Data::Objects(list) => list.len() as u64 == len,
            Data::Missing(_) => true,
        };
        if fits { Some(array) } else { None }
    }

    /// The array that a value is: of NumPy, or of joblib.
    pub fn of(value: Value<'d>) -> Option<Self> {
        let object = value.as_object()?;
        let GlobalName { module, name } = object.class()?;
        match name {
            "_reconstruct" if is_multiarray(module) => Array::reconstructed(&object),
            "_frombuffer" if is_numeric(module) => Array::from_buffer(object.args()),
            JOBLIB_ARRAY if is_joblib(module) => Array::wrapped(&object),
            _ => None,
        }
    }

    /// `_reconstruct(class, shape, code)` and its BUILD.
    pub(super) fn reconstructed(object: &ObjectParts<'d>) -> Option<Self> {
        let class = object.args().next()?;
        let state = Changed::of(object).only_state()?;
        // A subclass may keep a tuple of the array's state and its own; and one of that, too, a tuple of both.
        let (mut state, mut extra) = (state, None);
        for _ in 0..2 {
            match state.at(0) {
                Some(inner) if inner.kind() == Kind::Tuple && state.len() < 4 => (state, extra) = (inner, state.at(1)),
                _ => break,
            }
        }
        // The shape, behind a version; one more item is of a subclass that adds it.
        let skip = usize::from(state.at(0)?.kind() == Kind::Int);
        match state.len().checked_sub(skip + 4)? {
            0 => {}
            1 if extra.is_none() => extra = state.at(skip + 4),
            _ => return None,
        }
        let mut parts = state.items()?.skip(skip);
        let (shape, dtype, fortran, data) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let fortran = flag(fortran)?;
        Some(Array { class: Some(class), extra, ..Array::new(dtype, shape, fortran, data)? })
    }

    /// `_frombuffer(buffer, dtype, shape, order)`.
    pub(super) fn from_buffer(mut args: Items<'d>) -> Option<Self> {
        let (data, dtype, shape, order) = (args.next()?, args.next()?, args.next()?, args.next()?);
        Array::new(dtype, shape, text(order)? == "F", data)
    }

    /// joblib's wrapper: a state, then the bytes or a nested pickle between the opcodes, which is looked through.
    pub(super) fn wrapped(object: &ObjectParts<'d>) -> Option<Self> {
        let mut changes = object.changes();
        let Change::Build(state) = changes.next()? else { return None };
        let data = match changes.next()? {
            Change::Raw(bytes, _) => Data::Bytes(Octets::raw(bytes)),
            // An array of objects is pickled for itself, and that is what joblib gives.
            Change::Nested(value) => return Array::reconstructed(&value.as_object()?),
            _ => return None,
        };
        let class = state.get("subclass");
        let fortran = state.get("order").and_then(text) == Some("F");
        let (dtype, shape) = (DType::of(state.get("dtype")?)?, state.get("shape")?);
        let array = Array { class, dtype, shape, fortran, data, extra: None };
        let fits = match data {
            Data::Bytes(octets) => array.size()? == octets.len() as u64,
            _ => true,
        };
        if fits { Some(array) } else { None }
    }
}

/// Items along each axis of a shape.
pub(crate) fn axes<'d>(shape: Value<'d>) -> impl ExactSizeIterator<Item = Option<u64>> + Clone + use<'d> {
    let items = shape.items();
    let rank = items.map_or(1, |items| items.len());
    (0..rank).map(move |axis| if items.is_some() { shape.at(axis)?.as_u64() } else { shape.as_u64() })
}

/// A function of numpy's C core, under all the names its module has had.
pub(super) fn is_multiarray(module: &str) -> bool {
    matches!(module, "numpy.core.multiarray" | "numpy._core.multiarray" | "numpy.core._multiarray_umath")
}

/// As [`is_multiarray`], for its numeric half.
pub(super) fn is_numeric(module: &str) -> bool {
    matches!(module, "numpy.core.numeric" | "numpy._core.numeric")
}

/// joblib, also where scikit-learn shipped it.
pub(super) fn is_joblib(module: &str) -> bool {
    is_module(module, "joblib") || is_module(module, "sklearn.externals.joblib")
}

fn text(value: Value<'_>) -> Option<&str> {
    value.as_str()
}

/// Text that Python 2 or an encoding of bytes may have left as bytes.
fn ascii(value: Value<'_>) -> Option<&str> {
    text(value).or_else(|| Octets::of(value)?.as_ascii())
}
