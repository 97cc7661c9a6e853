//! Classes and functions by their names: as `save_global` and `whichmodule` in `_pickle.c`.

use super::{Save, Task, op};
use crate::errors::{bad_value, pickling};
use crate::record::Global;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};

/// The interpreter's own table.
pub(super) fn table<'py>(py: Python<'py>, module: &str, name: &str) -> PyResult<Bound<'py, PyDict>> {
    Ok(py.import(module)?.getattr(name)?.cast_into::<PyDict>()?)
}

/// Follows a dotted name; the object, and what it was found in.
fn follow<'py>(
    start: &Bound<'py, PyAny>,
    path: &[Bound<'py, PyAny>],
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let (mut object, mut parent) = (start.clone(), start.clone());
    for name in path {
        parent = object.clone();
        object = object.getattr(name.cast::<PyString>()?)?;
    }
    Ok((object, parent))
}

impl<'py> Save<'_, 'py> {
    pub(super) fn global(&mut self, object: Bound<'py, PyAny>, name: Option<Bound<'py, PyAny>>) -> PyResult<()> {
        let py = self.py;
        let name = match name {
            Some(name) => name,
            None => match object.getattr_opt(pyo3::intern!(py, "__qualname__"))? {
                Some(name) => name,
                None => object.getattr(pyo3::intern!(py, "__name__"))?,
            },
        };
        let text = name.str()?.to_string_lossy().into_owned();
        let path: Vec<Bound<'py, PyAny>> = name.call_method1("split", (".",))?.try_iter()?.collect::<PyResult<_>>()?;
        if text.split('.').any(|part| part == "<locals>") {
            return Err(pickling(format!("Can't pickle local object {}", shown(&object))));
        }
        let module_name = self.module_of(&object, &path)?;
        let failed = |error: PyErr, text: String| {
            let new = pickling(text);
            new.set_cause(py, Some(error));
            new
        };
        let module = import(py, &module_name).map_err(|error| {
            failed(error, format!("Can't pickle {}: import of module {} failed", shown(&object), shown(&module_name)))
        })?;
        let (found, parent) = follow(&module, &path).map_err(|error| {
            let at = module_name.str().map(|name| name.to_string()).unwrap_or_default();
            failed(error, format!("Can't pickle {}: attribute lookup {text} on {at} failed", shown(&object)))
        })?;
        if !found.is(&object) {
            let at = module_name.str()?.to_string();
            return Err(pickling(format!("Can't pickle {}: it's not the same object as {at}.{text}", shown(&object))));
        }
        if self.protocol >= 2 {
            let registry = table(py, "copyreg", "_extension_registry")?;
            if let Some(code) = registry.get_item((&module_name, &name))? {
                let code: i64 = code.extract()?;
                return match u32::try_from(code) {
                    Ok(code) if code > 0 && code <= 0x7fff_ffff => self.extension(code),
                    _ => Err(pyo3::exceptions::PyRuntimeError::new_err(format!(
                        "Can't pickle {}: extension code {code} is out of range",
                        shown(&object)
                    ))),
                };
            }
        }
        // Found in a module by way of others: its last name is enough.
        let (name, path) = match path.last() {
            Some(last) if parent.is(&module) && path.len() > 1 => (last.clone(), vec![last.clone()]),
            _ => (name, path),
        };
        if self.protocol >= 4 {
            self.push(Task::Memo(object));
            self.push(Task::Op(op::STACK_GLOBAL));
            self.later(&name);
            self.later(&module_name);
            return Ok(());
        }
        if path.len() > 1 && dotted_as_calls(py)? {
            return self.dotted(object, module_name, path);
        }
        if !parent.is(&module) {
            let last = path.last().cloned().unwrap_or(name);
            let getattr = py.import("builtins")?.getattr("getattr")?;
            let args = PyTuple::new(py, [parent, last])?;
            self.push(Task::Memo(object));
            self.push(Task::Op(op::REDUCE));
            self.later(args.as_any());
            self.later(&getattr);
            return Ok(());
        }
        let (module_name, name) = self.python2_names(module_name, name)?;
        self.line(&module_name, &name, &object)?;
        self.memo_put(object.as_ptr())
    }

    /// `getattr(getattr(..., name), name)` without numbers for what lies between, as CPython has written it since 3.13.
    fn dotted(
        &mut self,
        object: Bound<'py, PyAny>,
        module_name: Bound<'py, PyAny>,
        path: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let py = self.py;
        let getattr = py.import("builtins")?.getattr("getattr")?;
        let mut path = path.into_iter();
        let Some(first) = path.next() else { return Ok(()) };
        let names: Vec<_> = path.collect();
        self.push(Task::Memo(object.clone()));
        for name in names.iter().rev() {
            self.push(Task::Op(op::REDUCE));
            self.push(Task::Op(if self.protocol < 2 { op::TUPLE } else { op::TUPLE2 }));
            self.later(name);
        }
        self.push(Task::Line(object, module_name, first));
        for _ in &names {
            if self.protocol < 2 {
                self.push(Task::Op(op::MARK));
            }
            self.later(&getattr);
        }
        Ok(())
    }

    /// The line of a name at the top of a module.
    pub(super) fn top_level(
        &mut self,
        object: &Bound<'py, PyAny>,
        module_name: Bound<'py, PyAny>,
        name: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let (module_name, name) = self.python2_names(module_name, name)?;
        self.line(&module_name, &name, object)
    }

    /// The names that Python 2 has, where it could read the protocol.
    fn python2_names(
        &self,
        module: Bound<'py, PyAny>,
        name: Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        if !self.fix_imports || self.protocol >= 3 {
            return Ok((module, name));
        }
        if let Some(pair) = table(self.py, "_compat_pickle", "REVERSE_NAME_MAPPING")?.get_item((&module, &name))? {
            return Ok((pair.get_item(0)?, pair.get_item(1)?));
        }
        let mapped = table(self.py, "_compat_pickle", "REVERSE_IMPORT_MAPPING")?.get_item(&module)?;
        Ok((mapped.unwrap_or(module), name))
    }

    fn line(
        &mut self,
        module: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
        object: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let mut line = vec![b'c'];
        for part in [module, name] {
            // SAFETY: a str that lives as long as its form in UTF-8 is used.
            let text =
                unsafe { crate::raw::utf8(part.str()?.as_ptr()) }.and_then(|text| std::str::from_utf8(text).ok());
            let Some(text) = text.filter(|text| self.protocol >= 3 || text.is_ascii()) else {
                return Err(pickling(format!(
                    "can't pickle global identifier '{}' using pickle protocol {}",
                    part.str()?.to_string_lossy(),
                    self.protocol
                )));
            };
            if text.contains('\n') {
                return Err(pickling(format!("can't pickle {}: its name has a newline", shown(object))));
            }
            line.extend(text.as_bytes());
            line.push(b'\n');
        }
        self.out.put(&line);
        Ok(())
    }

    fn module_of(&self, object: &Bound<'py, PyAny>, path: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        if let Some(name) = object.getattr_opt(pyo3::intern!(py, "__module__"))?
            && !name.is_none()
        {
            return Ok(name);
        }
        let modules = py.import("sys")?.getattr("modules")?.call_method0("copy")?;
        let modules = modules.call_method0("items")?;
        for pair in modules.try_iter()? {
            let pair = pair?;
            let (name, module) = (pair.get_item(0)?, pair.get_item(1)?);
            if module.is_none() || name.eq("__main__")? || name.eq("__mp_main__")? {
                continue;
            }
            if let Ok((found, _)) = follow(&module, path)
                && found.is(object)
            {
                return Ok(name);
            }
        }
        Ok(PyString::intern(py, "__main__").into_any())
    }

    pub(super) fn extension(&mut self, code: u32) -> PyResult<()> {
        let [a, b, c, d] = code.to_le_bytes();
        match code {
            _ if self.protocol < 2 => return Err(bad_value(self.py, "extension codes need protocol 2 or higher")),
            0 => return Err(bad_value(self.py, "extension codes begin at 1")),
            1..=0xff => self.out.put(&[0x82, a]),
            0x100..=0xffff => self.out.put(&[0x83, a, b]),
            _ => self.out.put(&[0x84, a, b, c, d]),
        }
        Ok(())
    }

    /// A `Global`: nothing is imported.
    pub(super) fn named(&mut self, global: &Bound<'py, Global>) -> PyResult<()> {
        let py = self.py;
        let (module, name) = (global.get().module.bind(py).clone(), global.get().name.bind(py).clone());
        if !module.is_instance_of::<PyString>() || !name.is_instance_of::<PyString>() {
            return Err(bad_value(py, "module and name of a Global must be str"));
        }
        let object = global.clone().into_any();
        if self.protocol >= 4 {
            self.push(Task::Memo(object));
            self.push(Task::Op(op::STACK_GLOBAL));
            self.later(&name);
            self.later(&module);
            return Ok(());
        }
        // Below protocol 4, dots in a name are no attributes.
        let text = name.str()?.to_string_lossy().into_owned();
        if let Some((outer, last)) = text.rsplit_once('.')
            && !text.starts_with('.')
        {
            let parent =
                Bound::new(py, Global { module: module.unbind(), name: PyString::new(py, outer).into_any().unbind() })?;
            let getattr = py.import("builtins")?.getattr("getattr")?;
            let args = PyTuple::new(py, [parent.into_any(), PyString::new(py, last).into_any()])?;
            self.push(Task::Memo(object));
            self.push(Task::Op(op::REDUCE));
            self.later(args.as_any());
            self.later(&getattr);
            return Ok(());
        }
        self.line(&module, &name, &object)?;
        self.memo_put(object.as_ptr())
    }
}

/// How this interpreter writes nested classes in protocols below 4: asked of it, for patch releases differ.
fn dotted_as_calls(py: Python<'_>) -> PyResult<bool> {
    static CALLS: PyOnceLock<bool> = PyOnceLock::new();
    CALLS
        .get_or_try_init(py, || -> PyResult<bool> {
            let nested = py.import("libpickle._values")?.getattr("Outer")?.getattr("Inner")?;
            let written: Vec<u8> = py.import("_pickle")?.getattr("dumps")?.call1((nested, 2))?.extract()?;
            // Without a number for the tuple: TUPLE2 REDUCE.
            Ok(written.windows(2).any(|pair| pair == [op::TUPLE2, op::REDUCE]))
        })
        .copied()
}

fn import<'py>(py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // As PyImport_Import does it: by name, then out of the table, for packages give their outermost one.
    let modules = py.import("sys")?.getattr("modules")?;
    if let Ok(module) = modules.get_item(name) {
        return Ok(module);
    }
    Ok(py.import(name.cast::<PyString>()?)?.into_any())
}

pub(super) fn shown(object: &Bound<'_, PyAny>) -> String {
    object.repr().map(|text| text.to_string_lossy().into_owned()).unwrap_or_else(|_| "<object>".into())
}
