//! numpy, pandas, scipy, torch and joblib: what [`Value::view`](crate::Value::view) says of their objects.

mod array;
mod table;

pub use super::{Date, Instance, Octets, Pairs, Time, TimeDelta};
#[cfg(feature = "serde")]
pub(crate) use array::axes;
pub(crate) use array::half;
pub use array::{Array, DType, DTypeField, Data, Masked, Number, Subarray, Tick};
pub use table::{Tensor, TensorStorage};
pub(super) use table::{arrow_columns, arrow_len, astropy_columns};

pub(crate) use super::Changed;
use super::{Scalar, View, is_module};
use crate::name::JOBLIB_ARRAY;
use crate::{ObjectParts, Value};

/// What the rows of numpy, pandas, scipy, torch and joblib say.
pub(super) fn science<'d>(
    value: Value<'d>,
    module: &'d str,
    name: &'d str,
    object: &ObjectParts<'d>,
) -> Option<View<'d>> {
    if is_module(module, "pandas") || is_module(module, "geopandas") {
        return Scalar::of(value).map(View::Pandas).or_else(|| table::pandas(value, object, module, name));
    }
    let mut args = object.args();
    match (module, name) {
        ("pyarrow.lib", _) => table::pyarrow(value),
        _ if is_module(module, "astropy.table") => table::astropy(value),
        ("numpy", "dtype") => DType::of(value).map(View::DType),
        (_, "_reconstruct") if array::is_multiarray(module) => Array::reconstructed(object).map(View::Array),
        ("numpy.ma.core" | "numpy.ma", "_mareconstruct") => Masked::of(object).map(View::Masked),
        (_, JOBLIB_ARRAY) if array::is_joblib(module) => Array::wrapped(object).map(View::Array),
        _ if is_module(module, "scipy.sparse") => table::sparse(object, name),
        // All others are made by one call, and nothing happens to them afterwards.
        _ if !Changed::of(object).is_empty() => None,
        (_, "_frombuffer") if array::is_numeric(module) => Array::from_buffer(args).map(View::Array),
        (_, "scalar") if array::is_multiarray(module) => {
            let dtype = DType::of(args.next()?)?;
            let octets = Octets::of(args.next()?)?;
            if octets.len() as u64 == dtype.size { Some(View::Scalar(dtype, octets)) } else { None }
        }
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" | "_rebuild_parameter") => {
            Tensor::of(object, name).map(View::Tensor)
        }
        _ => None,
    }
}
