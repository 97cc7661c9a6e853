//! libpickle for Python: the native module behind the package. What users see is in `libpickle/__init__.pyi`.

mod arrow;
mod build;
mod collector;
mod errors;
mod fast;
mod info;
mod items;
mod known;
mod live;
mod load;
mod opcodes;
mod options;
mod plain;
mod raw;
mod real;
mod record;
mod rows;
mod save;
mod source;
mod splits;
mod stretch;
mod strings;
mod times;
mod values;
mod verdict;

use pyo3::prelude::*;

#[pymodule]
#[pyo3(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<record::Global>()?;
    module.add_class::<record::Extension>()?;
    module.add_class::<record::Buffer>()?;
    module.add_class::<record::Record>()?;
    module.add_class::<load::Reader>()?;
    module.add_class::<items::Items>()?;
    module.add_class::<splits::Plan>()?;
    module.add_class::<splits::SplitItems>()?;
    module.add_class::<arrow::RowSchema>()?;
    module.add_class::<arrow::Batches>()?;
    fast::add(module)?;
    module.add_class::<save::Writer>()?;
    module.add_function(wrap_pyfunction!(load::get, module)?)?;
    module.add_function(wrap_pyfunction!(info::info, module)?)?;
    module.add_function(wrap_pyfunction!(info::scan, module)?)?;
    module.add_function(wrap_pyfunction!(verdict::verdict, module)?)?;
    module.add_function(wrap_pyfunction!(verdict::explain, module)?)?;
    module.add_function(wrap_pyfunction!(verdict::_rows, module)?)?;
    module.add_function(wrap_pyfunction!(verdict::_is_table, module)?)?;
    module.add_function(wrap_pyfunction!(verdict::_allowed, module)?)?;
    module.add_function(wrap_pyfunction!(verdict::_policy_table, module)?)?;
    module.add_function(wrap_pyfunction!(splits::_shape, module)?)?;
    module.add_function(wrap_pyfunction!(splits::_is_log, module)?)?;
    Ok(())
}
