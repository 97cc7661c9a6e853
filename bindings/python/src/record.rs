//! What a pickle holds that plain Python has no value for.

mod equal;

use pyo3::exceptions::{PyAttributeError, PyTypeError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Names of [`pickle_core::How`], in its order.
pub const HOWS: [&str; 7] = ["REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ", "INST", "PERSID", "CHANGED"];

/// A class or function by its name. Nothing was imported.
#[pyclass(module = "libpickle", name = "Global", frozen, weakref)]
pub struct Global {
    pub module: Py<PyAny>,
    pub name: Py<PyAny>,
}

fn text(object: &Py<PyAny>, py: Python<'_>) -> String {
    object.bind(py).str().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Attributes of attributes that are followed, as in the core.
const LEVELS: usize = 64;

/// Module and name of a class or function: of a Global, or of a class in a class, which protocols below 4 have as
/// `getattr(Outer, 'Inner')`.
fn name_of(named: &Bound<'_, PyAny>) -> Option<String> {
    let py = named.py();
    let (mut names, mut of) = (Vec::new(), named.clone());
    for _ in 0..LEVELS {
        if let Ok(global) = of.cast::<Global>() {
            names.push(global.get().path_text(py));
            names.reverse();
            return Some(names.join("."));
        }
        let made = of.cast::<Record>().ok()?.try_borrow().ok()?;
        let called = made.callable.as_ref()?.bind(py).cast::<Global>().ok()?.get().path_text(py);
        let args = made.args.as_ref()?.bind(py).cast::<PyTuple>().ok()?.clone();
        drop(made);
        if !matches!(called.as_str(), "builtins.getattr" | "__builtin__.getattr") || args.len() != 2 {
            return None;
        }
        names.push(args.get_item(1).ok()?.cast::<PyString>().ok()?.to_string_lossy().into_owned());
        of = args.get_item(0).ok()?;
    }
    None
}

impl Global {
    pub fn path_text(&self, py: Python<'_>) -> String {
        format!("{}.{}", text(&self.module, py), text(&self.name, py))
    }
}

#[pymethods]
impl Global {
    #[new]
    fn new(module: Py<PyAny>, name: Py<PyAny>) -> Self {
        Global { module, name }
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str) {
        ("module", "name")
    }

    #[getter]
    fn module(&self, py: Python<'_>) -> Py<PyAny> {
        self.module.clone_ref(py)
    }

    #[getter]
    fn name(&self, py: Python<'_>) -> Py<PyAny> {
        self.name.clone_ref(py)
    }

    #[getter]
    fn path(&self, py: Python<'_>) -> String {
        self.path_text(py)
    }

    fn __setattr__(&self, _name: &str, _value: Py<PyAny>) -> PyResult<()> {
        Err(PyAttributeError::new_err("Global cannot be changed"))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = other.py();
        match other.cast::<Global>() {
            Ok(other) => Ok(self.module.bind(py).eq(&other.get().module)? && self.name.bind(py).eq(&other.get().name)?),
            Err(_) => Ok(false),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyTuple::new(py, [&self.module, &self.name])?.hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Global({}, {})", self.module.bind(py).repr()?, self.name.bind(py).repr()?))
    }

    fn __reduce__<'py>(this: &Bound<'py, Self>) -> (Bound<'py, PyType>, (Py<PyAny>, Py<PyAny>)) {
        let py = this.py();
        (this.get_type(), (this.get().module.clone_ref(py), this.get().name.clone_ref(py)))
    }
}

/// An extension code of `copyreg`.
#[pyclass(module = "libpickle", name = "Extension", frozen, eq, hash, get_all)]
#[derive(PartialEq, Eq, Hash)]
pub struct Extension {
    pub code: u32,
}

#[pymethods]
impl Extension {
    #[new]
    fn new(code: u32) -> Self {
        Extension { code }
    }

    fn __repr__(&self) -> String {
        format!("Extension({})", self.code)
    }

    fn __reduce__<'py>(this: &Bound<'py, Self>) -> (Bound<'py, PyType>, (u32,)) {
        (this.get_type(), (this.get().code,))
    }
}

/// An out-of-band buffer that was not given, by its number.
#[pyclass(module = "libpickle", name = "Buffer", frozen, eq, hash, get_all)]
#[derive(PartialEq, Eq, Hash)]
pub struct Buffer {
    pub index: u32,
    pub read_only: bool,
}

#[pymethods]
impl Buffer {
    #[new]
    fn new(index: u32, read_only: bool) -> Self {
        Buffer { index, read_only }
    }

    fn __repr__(&self) -> String {
        format!("Buffer({}, {})", self.index, if self.read_only { "True" } else { "False" })
    }

    fn __reduce__<'py>(this: &Bound<'py, Self>) -> (Bound<'py, PyType>, (u32, bool)) {
        (this.get_type(), (this.get().index, this.get().read_only))
    }
}

/// An object: how it was made and what happened to it. Nothing was called.
///
/// how is one of REDUCE, NEWOBJ, NEWOBJ_EX, OBJ, INST, PERSID, CHANGED. Each change is a pair: APPEND, SETITEM, ADD or
/// BUILD, and a tuple of what was given. Two Records are equal where they were made and changed in the same way.
#[pyclass(module = "libpickle", name = "Record", weakref, subclass)]
pub struct Record {
    #[pyo3(get, set)]
    pub how: Py<PyAny>,
    #[pyo3(get, set)]
    pub callable: Option<Py<PyAny>>,
    #[pyo3(get, set)]
    pub args: Option<Py<PyAny>>,
    #[pyo3(get, set)]
    pub kwargs: Option<Py<PyAny>>,
    #[pyo3(set)]
    pub changes: Option<Py<PyAny>>,
    /// What a known type it is, such as ARRAY: set by the reader.
    #[pyo3(get)]
    pub kind: Option<&'static str>,
}

impl Record {
    /// The same list in every call.
    pub fn changes_list<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = this.py();
        if let Some(changes) = &this.borrow().changes {
            return Ok(changes.bind(py).clone());
        }
        let list = PyList::empty(py).into_any();
        this.borrow_mut().changes = Some(list.clone().unbind());
        Ok(list)
    }

    fn class_name(&self, py: Python<'_>) -> Option<String> {
        let named = self.callable.as_ref()?.bind(py);
        // What copyreg makes without a `__new__` of its own names the class first.
        if let Ok(global) = named.cast::<Global>()
            && text(&global.get().name, py) == "_reconstructor"
            && let Some(args) = &self.args
            && let Ok(args) = args.bind(py).cast::<PyTuple>()
            && let Ok(first) = args.get_item(0)
        {
            return name_of(&first);
        }
        name_of(named)
    }

    /// The list or dict that `copyreg._reconstructor` was given: in protocols 0 and 1 subclasses of them are made of one.
    fn base<'py>(this: &Bound<'py, Self>) -> Option<Bound<'py, PyAny>> {
        let py = this.py();
        let this = this.borrow();
        let callable = this.callable.as_ref()?.bind(py).cast::<Global>().ok()?;
        if text(&callable.get().name, py) != "_reconstructor" {
            return None;
        }
        this.args.as_ref()?.bind(py).cast::<PyTuple>().ok()?.get_item(2).ok()
    }

    /// Calls `each` with the name and values of every change.
    fn each_change<'py>(
        this: &Bound<'py, Self>,
        mut each: impl FnMut(&str, &Bound<'py, PyAny>) -> PyResult<()>,
    ) -> PyResult<()> {
        let changes = this.borrow().changes.as_ref().map(|changes| changes.clone_ref(this.py()));
        let Some(changes) = changes else { return Ok(()) };
        for change in changes.bind(this.py()).try_iter()? {
            let change = change?;
            let name: String = change.get_item(0)?.extract()?;
            each(&name, &change.get_item(1)?)?;
        }
        Ok(())
    }
}

#[pymethods]
impl Record {
    #[new]
    #[pyo3(signature = (callable=None, args=None, how=None, kwargs=None, changes=None))]
    fn new(
        py: Python<'_>,
        callable: Option<Py<PyAny>>,
        args: Option<Py<PyAny>>,
        how: Option<Py<PyAny>>,
        kwargs: Option<Py<PyAny>>,
        changes: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let how = match how {
            Some(how) => how,
            None => "REDUCE".into_pyobject(py)?.into_any().unbind(),
        };
        let args = args.unwrap_or_else(|| PyTuple::empty(py).into_any().unbind());
        let changes = match changes {
            Some(changes) => {
                let list = PyList::empty(py);
                for change in changes.try_iter()? {
                    list.append(change?)?;
                }
                Some(list.into_any().unbind())
            }
            None => None,
        };
        Ok(Record { how, callable, args: Some(args), kwargs, changes, kind: None })
    }

    #[getter]
    fn changes<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Record::changes_list(this)
    }

    /// Module and name of its class, or of the function that made it, with a dot between them; None if computed.
    #[getter]
    fn name(&self, py: Python<'_>) -> Option<String> {
        self.class_name(py)
    }

    /// What `__setstate__` would be given, or the attributes; None without.
    #[getter]
    pub fn state<'py>(this: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut state = None;
        Record::each_change(this, |name, values| {
            if name == "BUILD" {
                state = Some(values.get_item(0)?);
            }
            Ok(())
        })?;
        Ok(state)
    }

    /// The attributes as its state has them: the dict of its state itself, or one view of the dict and the slots. What is
    /// assigned here is written back by `dumps`.
    #[getter]
    fn attributes<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(state) = Record::state(this)?
            && state.is_instance_of::<PyDict>()
        {
            return Ok(state);
        }
        this.py().import("libpickle._attributes")?.getattr("Attributes")?.call1((this,))
    }

    /// What it was made of as a subclass of list, and given by APPEND and ADDITEMS, in order.
    #[getter]
    fn items<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(this.py());
        if let Some(base) = Record::base(this)
            && let Ok(base) = base.cast::<PyList>()
        {
            base.iter().try_for_each(|value| list.append(value))?;
        }
        Record::each_change(this, |name, values| {
            if matches!(name, "APPEND" | "ADD") {
                for value in values.try_iter()? {
                    list.append(value?)?;
                }
            }
            Ok(())
        })?;
        Ok(list)
    }

    /// What it was made of as a subclass of dict, and given by SETITEM: pairs, in order.
    #[getter]
    fn entries<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(this.py());
        if let Some(base) = Record::base(this)
            && let Ok(base) = base.cast::<PyDict>()
        {
            base.iter().try_for_each(|pair| list.append(pair))?;
        }
        Record::each_change(this, |name, values| {
            if name == "SETITEM" {
                let mut values = values.try_iter()?;
                while let (Some(key), Some(value)) = (values.next(), values.next()) {
                    list.append((key?, value?))?;
                }
            }
            Ok(())
        })?;
        Ok(list)
    }

    /// A numpy array or scalar as numpy has it. Imports numpy, and nothing that the pickle names.
    fn to_numpy<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        this.py().import("libpickle._numpy")?.call_method1("to_numpy", (this,))
    }

    fn __eq__(this: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        equal::same(this.as_any(), other)
    }

    /// Of what made it, and of the plain values in its arguments and state: a Record that is a key must not be changed.
    fn __hash__(this: &Bound<'_, Self>) -> PyResult<isize> {
        let py = this.py();
        let mut hasher = DefaultHasher::new();
        let plain = |value: &Bound<'_, PyAny>| equal::plain_hash(value).unwrap_or(0);
        let state = Record::state(this)?;
        let this = this.borrow();
        this.class_name(py).hash(&mut hasher);
        let of_tuple = |value: &Bound<'_, PyAny>, hasher: &mut DefaultHasher| {
            if let Ok(items) = value.cast::<PyTuple>() {
                for item in items.iter().take(16) {
                    plain(&item).hash(hasher);
                }
            } else {
                plain(value).hash(hasher);
            }
        };
        if this.class_name(py).is_none()
            && let Some(callable) = &this.callable
        {
            plain(callable.bind(py)).hash(&mut hasher);
        }
        if let Some(args) = &this.args {
            of_tuple(args.bind(py), &mut hasher);
        }
        if let Some(state) = state {
            match state.cast::<PyDict>() {
                // Equal dicts may be in different orders.
                Ok(dict) => {
                    let sum = dict.iter().take(if dict.len() > 16 { 0 } else { 16 });
                    let sum = sum.fold(0i64, |sum, (key, value)| {
                        sum.wrapping_add(
                            (plain(&key) as i64)
                                .wrapping_mul(31)
                                .wrapping_add(plain(&value) as i64)
                                .wrapping_mul(0x9e37_79b9),
                        )
                    });
                    sum.hash(&mut hasher);
                }
                Err(_) => of_tuple(&state, &mut hasher),
            }
        }
        Ok(hasher.finish() as isize)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let persistent = self.how.bind(py).eq("PERSID")?;
        let name = self.class_name(py).unwrap_or_else(|| if persistent { "persistent id" } else { "object" }.into());
        Ok(format!("<Record {name}>"))
    }

    fn __reduce__<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = this.py();
        let changes = Record::changes_list(this)?;
        let borrowed = this.borrow();
        let state = (&borrowed.how, &borrowed.callable, &borrowed.args, &borrowed.kwargs, changes, borrowed.kind);
        (this.get_type(), PyTuple::empty(py), state).into_pyobject(py)
    }

    fn __setstate__(&mut self, state: &Bound<'_, PyTuple>) -> PyResult<()> {
        if state.len() != 6 {
            return Err(PyValueError::new_err("this is not a state of a Record"));
        }
        let part = |n: usize| -> PyResult<Option<Py<PyAny>>> {
            let part = state.get_item(n)?;
            Ok(if part.is_none() { None } else { Some(part.unbind()) })
        };
        self.how = state.get_item(0)?.unbind();
        (self.callable, self.args, self.kwargs) = (part(1)?, part(2)?, part(3)?);
        let list = PyList::empty(state.py());
        for change in state.get_item(4)?.try_iter()? {
            list.append(change?)?;
        }
        self.changes = Some(list.into_any().unbind());
        let kind: Option<String> = state.get_item(5)?.extract()?;
        self.kind = match kind.as_deref() {
            None => None,
            Some(kind) => match crate::known::KINDS.iter().find(|known| **known == kind) {
                Some(known) => Some(known),
                None => return Err(PyTypeError::new_err("this is not a kind of Record")),
            },
        };
        Ok(())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.callable)?;
        visit.call(&self.args)?;
        visit.call(&self.kwargs)?;
        visit.call(&self.changes)
    }

    fn __clear__(&mut self) {
        self.callable = None;
        self.args = None;
        self.kwargs = None;
        self.changes = None;
    }
}
