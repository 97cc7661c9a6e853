//! The garbage collector while many values are made, and after: none of them can be garbage yet.

use pyo3::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Documents of more values are made with the collector off.
const MANY: usize = 2000;
/// With so many containers that the collector has not seen, it is told that they are old.
const YOUNG: usize = 50_000;
/// Frozen objects that are not the program's doing: 3.12 has some hundred when it starts.
const FROZEN: usize = 1000;

/// The collector, switched off as long as this lives.
pub struct Collector<'py>(Option<Bound<'py, PyModule>>);

impl<'py> Collector<'py> {
    /// Switched off for many values: the collector would look at all of them again and again.
    pub fn off_for(py: Python<'py>, values: usize) -> PyResult<Self> {
        if values < MANY {
            return Ok(Collector(None));
        }
        let gc = where_it_is_on(py)?;
        if let Some(gc) = &gc {
            gc.call_method0("disable")?;
        }
        Ok(Collector(gc))
    }

    /// Whether it was on before.
    pub fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Collector<'_> {
    fn drop(&mut self) {
        if let Some(gc) = &self.0 {
            // Before it is on: the next object would make it run.
            let _ = age(gc);
            let _ = gc.call_method0("enable");
        }
    }
}

/// After many values were made while the collector was on, but could not run: since 3.12 it waits for code of Python.
pub fn settle(py: Python<'_>, values: usize) -> PyResult<()> {
    if values < YOUNG {
        return Ok(());
    }
    where_it_is_on(py)?.map_or(Ok(()), |gc| age(&gc))
}

/// The module of the collector, if that is on.
fn where_it_is_on(py: Python<'_>) -> PyResult<Option<Bound<'_, PyModule>>> {
    let gc = py.import("gc")?;
    let is_on = gc.call_method0("isenabled")?.is_truthy()?;
    Ok(is_on.then_some(gc))
}

/// Puts what the collector has not looked at among what is old, as surviving its next two runs would. The first of these
/// would begin at once, and look at each of the values that were just made.
///
/// It also takes back how far the collector is from looking at everything. So it is done once between two of those runs, that
/// none is put off for ever; and not where objects are frozen, which this would thaw.
fn age(gc: &Bound<'_, PyModule>) -> PyResult<()> {
    static FULL_RUNS: AtomicUsize = AtomicUsize::new(usize::MAX);
    let (young, _, _): (usize, usize, usize) = gc.call_method0("get_count")?.extract()?;
    if young < YOUNG {
        return Ok(());
    }
    let runs: usize = gc.call_method0("get_stats")?.get_item(2)?.get_item("collections")?.extract()?;
    let frozen: usize = gc.call_method0("get_freeze_count")?.extract()?;
    if FULL_RUNS.swap(runs, Ordering::Relaxed) == runs || frozen > FROZEN {
        return Ok(());
    }
    // No code of Python runs between the two.
    gc.call_method0("freeze")?;
    gc.call_method0("unfreeze")?;
    Ok(())
}
