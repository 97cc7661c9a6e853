//! pandas, torch and scipy: what a thing is and how large, where that is cheap to tell.

use super::array::Array;
use super::{Octets, View, is_module};
use crate::name::JOBLIB_ARRAY;
use crate::view::Mapping;
use crate::{GlobalName, Kind, ObjectParts, Value};

/// A tensor of torch. Its items lie in a storage outside the pickle.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, View};
///
/// // data.pkl in the file of torch.save(torch.zeros(2, 3))
/// let pickle = b"ctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nK\x06tQ\
///     K\0K\x02K\x03\x86K\x03K\x01\x86\x89}tR.";
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new());
/// let document = unpickler.load(pickle)?;
/// let View::Tensor(tensor) = document.root().view() else { panic!("it is a tensor") };
/// assert_eq!((tensor.dtype, tensor.shape.len()), (Some("float32"), 2));
/// assert_eq!(tensor.storage.and_then(|storage| storage.key.as_str()), Some("0"));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tensor<'d> {
    /// Class of the storage (`FloatStorage`) or name of the dtype (`float32`).
    pub dtype: Option<&'d str>,
    /// Items along each axis: ints.
    pub shape: Value<'d>,
    /// Items of the storage before the first of the tensor: an int.
    pub offset: Value<'d>,
    /// Items of the storage from one to the next along each axis: ints.
    pub stride: Value<'d>,
    /// It takes part in training (`torch.nn.Parameter`).
    pub parameter: bool,
    /// Where its numbers are in the file of `torch.save`.
    pub storage: Option<TensorStorage<'d>>,
    /// The storage as a whole file of torch before 1.6: what pickles have that `torch.save` did not write.
    pub packed: Option<Octets<'d>>,
}

/// The storage that tensors are cut from.
///
/// See the example of [`Tensor`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TensorStorage<'d> {
    /// Its key: a str, the name of a file in the archive.
    pub key: Value<'d>,
    /// Where it was, such as `cpu`: a str.
    pub location: Value<'d>,
}

impl<'d> Tensor<'d> {
    /// Name of the dtype that a storage class holds: `float32` for `FloatStorage`. Others come back as they are.
    pub fn storage_dtype(class: &str) -> &str {
        dtype_name(class)
    }

    pub(super) fn of(object: &ObjectParts<'d>, name: &str) -> Option<Self> {
        let mut args = object.args();
        let first = args.next()?;
        if name == "_rebuild_parameter" {
            // Not View::of: a parameter of a parameter ... would nest without end.
            let inner = first.as_object()?;
            let GlobalName { name, .. } = inner.class()?;
            let is_tensor = matches!(name, "_rebuild_tensor_v2" | "_rebuild_tensor_v3" | "_rebuild_tensor");
            return if is_tensor { Some(Tensor { parameter: true, ..Tensor::rebuilt(&inner)? }) } else { None };
        }
        Tensor::rebuilt(object)
    }

    fn rebuilt(object: &ObjectParts<'d>) -> Option<Self> {
        let mut args = object.args();
        let first = args.next()?;
        let (offset, shape, stride) = (args.next()?, args.next()?, args.next()?);
        shape.items()?;
        stride.items()?;
        let named = args.nth(2).and_then(|dtype| dtype.as_global());
        let mut dtype = named.filter(|named| named.module == "torch").map(|named| named.name);
        let (mut storage, mut packed) = (None, None);
        if first.kind() == Kind::Persistent {
            let id = first.as_object()?.callable();
            let mut parts = id.items()?.skip(1);
            let class = parts.next()?.as_global();
            storage = parts.next().zip(parts.next()).map(|(key, location)| TensorStorage { key, location });
            dtype = dtype.or(class.map(|class| class.name));
        } else if let Some(call) = first.as_object()
            && call.class() == Some(GlobalName::new("torch.storage", "_load_from_bytes"))
        {
            packed = call.args().next().and_then(Octets::of);
        }
        Some(Tensor { dtype: dtype.map(dtype_name), shape, offset, stride, parameter: false, storage, packed })
    }
}

/// Name of the dtype that a storage class holds.
fn dtype_name(class: &str) -> &str {
    match class {
        "FloatStorage" => "float32",
        "DoubleStorage" => "float64",
        "HalfStorage" => "float16",
        "BFloat16Storage" => "bfloat16",
        "LongStorage" => "int64",
        "IntStorage" => "int32",
        "ShortStorage" => "int16",
        "CharStorage" => "int8",
        "ByteStorage" => "uint8",
        "BoolStorage" => "bool",
        "ComplexFloatStorage" => "complex64",
        "ComplexDoubleStorage" => "complex128",
        other => other,
    }
}

/// What pandas class it is, under all the module names that pandas has had, or one of geopandas.
pub(super) fn pandas<'d>(value: Value<'d>, object: &ObjectParts<'d>, module: &str, name: &str) -> Option<View<'d>> {
    match name {
        "DataFrame" | "SparseDataFrame" | "GeoDataFrame" => {
            let axes = axes(object);
            let length = |n| axes.and_then(|axes| axes.at(n)).and_then(index_len);
            Some(View::DataFrame { rows: length(1), columns: length(0) })
        }
        "Series" | "SparseSeries" | "TimeSeries" | "GeoSeries" => {
            Some(View::Series { len: axes(object).and_then(|axes| axes.at(0)).and_then(index_len) })
        }
        _ if name.starts_with("_new_") && name.ends_with("Index") && is_module(module, "pandas") => {
            Some(View::Index { class: object.args().next()?, len: index_len(value) })
        }
        _ => None,
    }
}

/// A table or an array of pyarrow.
pub(super) fn pyarrow<'d>(value: Value<'d>) -> Option<View<'d>> {
    if let Some(len) = arrow_len(value) {
        return Some(View::Series { len: Some(len) });
    }
    let (columns, _) = arrow_columns(value)?;
    Some(View::DataFrame { rows: columns.at(0).map_or(Some(0), arrow_len), columns: Some(columns.len() as u64) })
}

/// The columns of a table or record batch of pyarrow, and the fields of its schema.
pub(in crate::view) fn arrow_columns(value: Value<'_>) -> Option<(Value<'_>, Value<'_>)> {
    let object = value.as_object()?;
    let ("pyarrow.lib", "_reconstruct_table" | "_reconstruct_record_batch") = object.class()?.pair() else {
        return None;
    };
    let mut args = object.args();
    let (columns, schema) = (args.next()?, args.next()?.as_object()?);
    let fields = schema.args().next().filter(|_| schema.class().is_some_and(|class| class.name == "schema"))?;
    (columns.items()?.len() == fields.items()?.len()).then_some((columns, fields))
}

/// Items of an array of pyarrow, chunked or not, of whatever type.
pub(in crate::view) fn arrow_len(value: Value<'_>) -> Option<u64> {
    let object = value.as_object()?;
    match object.class()?.pair() {
        ("pyarrow.lib", "_restore_array") => object.args().next()?.at(1)?.as_u64(),
        ("pyarrow.lib", "chunked_array") => {
            let mut chunks = object.args().next()?.items()?;
            chunks.try_fold(0u64, |len, chunk| len.checked_add(chunk.as_object()?.args().next()?.at(1)?.as_u64()?))
        }
        _ => None,
    }
}

/// A table of astropy.
pub(super) fn astropy<'d>(value: Value<'d>) -> Option<View<'d>> {
    let View::Mapping(Mapping { pairs, .. }) = astropy_columns(value)?.view() else { return None };
    let first = pairs.clone().next();
    let rows = first.map_or(Some(0), |(_, column)| Array::of(column)?.axes().next()?);
    Some(View::DataFrame { rows, columns: Some(pairs.len() as u64) })
}

/// The columns of a table of astropy by their names.
pub(in crate::view) fn astropy_columns(value: Value<'_>) -> Option<Value<'_>> {
    let object = value.as_object()?;
    let GlobalName { module, name } = object.instance()?.class.as_global()?;
    let is_one = is_module(module, "astropy.table") && matches!(name, "Table" | "QTable");
    let columns = if is_one { object.state()?.at(0)? } else { return None };
    // Asked for its class, that no table of tables of ... nests without end.
    let is_dict = columns.kind() == Kind::Dict
        || columns.as_object().and_then(|object| object.instance()?.class.as_global()).map(GlobalName::pair)
            == Some(("collections", "OrderedDict"));
    is_dict.then_some(columns)
}

/// The axes of a frame or series: in the state of its manager, or in the arguments.
fn axes<'d>(object: &ObjectParts<'d>) -> Option<Value<'d>> {
    let state = object.state()?;
    let manager = if state.as_object().is_some() { state } else { state.get("_mgr").or_else(|| state.get("_data"))? };
    let manager = manager.as_object()?;
    if let Some(axes) = manager.args().nth(1) {
        return Some(axes);
    }
    manager.state()?.at(0)
}

/// Labels of an index.
fn index_len(index: Value<'_>) -> Option<u64> {
    let mut here = index;
    // Indexes wrap arrays that wrap arrays.
    for _ in 0..6 {
        if let Some(items) = here.items() {
            return Some(items.len() as u64);
        }
        let object = here.as_object()?;
        let GlobalName { name, .. } = object.class()?;
        if let Some(array) = Array::reconstructed(&object).or_else(|| Array::from_buffer(object.args())) {
            return array.axes().next()?;
        }
        if name == JOBLIB_ARRAY {
            return Array::wrapped(&object)?.axes().next()?;
        }
        let attributes = object.args().nth(1).filter(|attributes| attributes.kind() == Kind::Dict);
        here = match attributes {
            Some(attributes) => {
                if let (Some(start), Some(stop), Some(step)) =
                    (attributes.get("start"), attributes.get("stop"), attributes.get("step"))
                {
                    return range_len(start.as_i64()?, stop.as_i64()?, step.as_i64()?);
                }
                let codes = || attributes.get("codes").or_else(|| attributes.get("labels"))?.at(0);
                attributes.get("data").or_else(codes).or_else(|| attributes.get("left"))?
            }
            None => {
                let state = object.state()?;
                state.get("_ndarray").or_else(|| state.get("_codes")).or_else(|| state.get("_data")).or_else(|| {
                    state.items()?.find(|part| part.as_object().is_some_and(|part| part.state().is_some()))
                })?
            }
        };
    }
    None
}

/// `len(range(start, stop, step))`.
pub(super) fn range_len(start: i64, stop: i64, step: i64) -> Option<u64> {
    let (low, high) = if step < 0 { (stop, start) } else { (start, stop) };
    // A difference of two i64 fits 64 bits without a sign. (Division of 128 bits brings code that panics.)
    let span = if low < high { high.wrapping_sub(low) as u64 } else { 0 };
    let steps = span.saturating_sub(1).checked_div(step.unsigned_abs())?;
    Some(if span == 0 { 0 } else { steps + 1 })
}

/// A sparse matrix: its format (`csr`) and shape.
pub(super) fn sparse<'d>(object: &ObjectParts<'d>, name: &'d str) -> Option<View<'d>> {
    let format = name.strip_suffix("_matrix").or_else(|| name.strip_suffix("_array"))?;
    let state = object.state()?;
    let shape = state.get("_shape").or_else(|| state.get("shape"))?;
    // Not by its view: a matrix in a matrix ... would nest without end.
    let values = state.get("data").and_then(|data| {
        let data = data.as_object()?;
        Array::reconstructed(&data).or_else(|| Array::from_buffer(data.args()))?.len()
    });
    shape.items()?;
    Some(View::Sparse { format, shape, values })
}
