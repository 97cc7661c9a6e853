//! Split plans, and the items of splits.

use crate::items::check_path;
use crate::options::{Given, Reading};
use crate::rows::{Fault, Log, Rows, SplitRows, Stream};
use crate::stretch::Stretch;
use crate::values::Values;
use pickle_core::{Change, Heap, ItemOptions, Kind, Options, Role, SplitOptions, SplitPlan, SplitPlanner, Unpickler};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Bytes that any region of memory may take: a batch of 1000 items must fit.
const MEMORY: usize = 8 << 30;

/// Items of a file as Python names them: the file, a second view of it to look ahead, a path, the plan of a split, and whether
/// pickles are items.
#[derive(FromPyObject)]
pub struct Place<'py> {
    #[pyo3(item(0))]
    file: Bound<'py, PyAny>,
    #[pyo3(item(1))]
    ahead: Option<Bound<'py, PyAny>>,
    #[pyo3(item(2))]
    path: String,
    #[pyo3(item(3))]
    plan: Option<Vec<u8>>,
    #[pyo3(item(4))]
    pickles: bool,
    /// What messages begin with.
    #[pyo3(item(5))]
    name: String,
}

impl Place<'_> {
    /// Its items.
    ///
    /// # Errors
    /// The file cannot be opened or read, or the plan is not valid.
    pub fn open(&self, options: Options, min_nodes: usize, max_bytes: Option<usize>) -> PyResult<Rows> {
        check_path(&self.path)?;
        let heap = Heap::with_limit(max_bytes.unwrap_or(MEMORY));
        let source = Stretch::of(&self.file)?;
        let options = options.stop_after_build(true);
        let items = ItemOptions::new().reader(options).min_nodes(min_nodes);
        let plan = match &self.plan {
            Some(bytes) => Some(SplitPlan::read(bytes).ok_or_else(|| PyValueError::new_err("it is not a plan"))?),
            None => None,
        };
        Ok(match (plan, self.pickles) {
            (Some(plan), true) => {
                let (first, last) = plan
                    .splits()
                    .first()
                    .zip(plan.splits().last())
                    .ok_or_else(|| PyValueError::new_err("the plan has no split"))?;
                Rows::Log(Log::new(source, options, heap, first.offset, first.first, last.end))
            }
            (None, true) => Rows::Log(Log::new(source, options, heap, 0, 0, u64::MAX)),
            (Some(plan), false) => Rows::Split(SplitRows::new(source, plan, items, heap)),
            (None, false) => {
                let ahead = self.ahead.as_ref().map(Stretch::of).transpose()?;
                Rows::Stream(Stream::new(source, ahead, &self.path, items, heap))
            }
        })
    }

    /// What messages begin with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file.
    pub fn file(&self) -> &Bound<'_, PyAny> {
        &self.file
    }
}

/// Where a file can be read from.
#[pyclass(module = "libpickle", name = "_Plan", frozen)]
pub struct Plan {
    plan: SplitPlan,
}

#[pymethods]
impl Plan {
    /// Goes through a file.
    #[new]
    #[pyo3(signature = (file, path, every_bytes, every_items, pickles))]
    fn new(
        file: &Bound<'_, PyAny>,
        path: &str,
        every_bytes: Option<u64>,
        every_items: Option<u64>,
        pickles: bool,
    ) -> PyResult<Self> {
        check_path(path)?;
        let mut options = SplitOptions::new().pickles(pickles);
        options = options.every_bytes(every_bytes.unwrap_or(options.every_bytes).max(1));
        options = options.every_items(every_items.unwrap_or(options.every_items).max(1));
        let mut source = Stretch::of(file)?;
        let plan = file.py().detach(|| {
            let mut planner = SplitPlanner::new(path, options);
            while let Some(range) = planner.wants() {
                planner.feed(&mut source.at(range)?);
            }
            Ok::<_, std::io::Error>(planner.finish())
        })?;
        Ok(Plan { plan })
    }

    /// The plan that `bytes` wrote.
    #[staticmethod]
    fn read(bytes: &[u8]) -> Option<Self> {
        SplitPlan::read(bytes).map(|plan| Plan { plan })
    }

    fn bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut bytes = Vec::new();
        self.plan.write(&mut bytes);
        PyBytes::new(py, &bytes)
    }

    /// The plan of some splits, as bytes.
    fn part<'py>(&self, py: Python<'py>, from: usize, to: usize) -> Option<Bound<'py, PyBytes>> {
        let mut bytes = Vec::new();
        self.plan.part(from..to)?.write(&mut bytes);
        Some(PyBytes::new(py, &bytes))
    }

    /// Start, end, number of the first item, and items of each split.
    fn splits(&self) -> Vec<(u64, u64, u64, Option<u64>)> {
        self.plan.splits().iter().map(|split| (split.offset, split.end, split.first, split.count)).collect()
    }

    #[getter]
    fn path(&self) -> &str {
        self.plan.path()
    }

    #[getter]
    fn items(&self) -> Option<u64> {
        self.plan.items()
    }

    /// Pickle, offset and reason, where one is not split.
    #[getter]
    fn unsplit(&self) -> Option<(u64, u64, &'static str)> {
        self.plan.unsplit().map(|unsplit| (unsplit.pickle, unsplit.offset, unsplit.reason.text()))
    }

    /// The stream is damaged.
    #[getter]
    fn fault(&self) -> Option<String> {
        self.plan.fault().map(|error| error.to_string())
    }

    /// The last split is one that tells the fault.
    #[getter]
    fn fault_is_told(&self) -> bool {
        self.plan.splits().last().is_some_and(|split| split.inside.is_some())
    }
}

/// The items of a place as Python's values: an iterator.
#[pyclass(module = "libpickle", name = "_SplitItems")]
pub struct SplitItems {
    rows: Rows,
    name: String,
    values: Values,
    failed: Option<PyErr>,
    is_over: bool,
}

impl SplitItems {
    fn step<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.is_over || !self.rows.advance().map_err(|fault| fault.raise(py, &self.name))? {
            self.is_over = true;
            return Ok(None);
        }
        let Some(row) = self.rows.row() else { return Ok(None) };
        self.values.item(py, row.role, row.key, row.document).map(Some)
    }
}

#[pymethods]
impl SplitItems {
    #[new]
    #[pyo3(signature = (place, *, encoding=Some("ASCII"), errors="strict", max_bytes=None, max_depth=1000, min_nodes=4096, known=true))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        place: Place<'_>,
        encoding: Option<&str>,
        errors: &str,
        max_bytes: Option<usize>,
        max_depth: u32,
        min_nodes: usize,
        known: bool,
    ) -> PyResult<Self> {
        let py = place.file.py();
        let given = Given {
            encoding,
            errors,
            buffers: None,
            max_bytes,
            max_opcodes: None,
            max_depth,
            known,
            text_ints: None,
            policy: None,
            fix_imports: true,
        };
        let reading = Reading::new(py, given)?;
        Ok(SplitItems {
            rows: place.open(reading.core, min_nodes, max_bytes)?,
            name: place.name,
            values: Values::new(reading),
            failed: None,
            is_over: false,
        })
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(error) = &self.failed {
            return Err(error.clone_ref(py));
        }
        self.step(py).inspect_err(|error| self.failed = Some(error.clone_ref(py)))
    }
}

/// What the items of a place are: `rows`; or `table`, if what is there is read as a whole: entries, attributes, arrays, or
/// nothing that has items.
#[pyfunction]
pub fn _shape(place: Place<'_>) -> PyResult<&'static str> {
    let py = place.file.py();
    let mut rows = place.open(Options::new(), 4096, None)?;
    match py.detach(|| rows.advance()) {
        Ok(true) => match rows.row() {
            Some(row) if row.role == Role::Item => Ok("rows"),
            _ => Ok("table"),
        },
        // An empty list, or a number.
        Ok(false) | Err(Fault::Nothing(_)) => Ok("table"),
        Err(fault) => Err(fault.raise(py, place.name())),
    }
}

/// A file that begins with these bytes has pickles that are items: several, of which the first is no list, tuple or set.
#[pyfunction]
pub fn _is_log(head: &[u8]) -> bool {
    let mut unpickler = Unpickler::new(Heap::with_limit(64 << 20), Options::new());
    let Ok(document) = unpickler.load(head) else { return false };
    let root = document.root();
    let has_items = match root.kind() {
        Kind::List | Kind::Tuple | Kind::Set | Kind::FrozenSet => true,
        _ => root
            .as_object()
            .is_some_and(|object| object.changes().any(|change| matches!(change, Change::Append(_) | Change::Add(_)))),
    };
    let end = usize::try_from(unpickler.offset()).unwrap_or(usize::MAX);
    // Any opcode that a pickle can begin with.
    !has_items && head.get(end).is_some_and(|next| b"\x80(}cNKJXIFGSVLU".contains(next))
}
