//! Records as the objects that they stand for.

use super::{BATCH, Save, Task, op};
use crate::errors::bad_value;
use crate::record::{Global, HOWS, Record};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

impl<'py> Save<'_, 'py> {
    pub(super) fn record(&mut self, object: Bound<'py, PyAny>) -> PyResult<()> {
        let py = self.py;
        let record = object.cast::<Record>()?.clone();
        let borrowed = record.borrow();
        let how = borrowed.how.bind(py).str()?.to_string_lossy().into_owned();
        let part = |part: &Option<Py<PyAny>>| part.as_ref().map_or(py.None(), |part| part.clone_ref(py)).into_bound(py);
        let (callable, args, kwargs) = (part(&borrowed.callable), part(&borrowed.args), part(&borrowed.kwargs));
        drop(borrowed);
        let tuple = args.is_instance_of::<PyTuple>();
        if !HOWS.contains(&how.as_str()) {
            let text = format!("a Record is made by one of {}, not {how:?}", HOWS.join(", "));
            return Err(bad_value(py, &text));
        }
        let takes_args = !matches!(how.as_str(), "PERSID" | "CHANGED");
        let computed = args.is_instance_of::<Record>() && !matches!(how.as_str(), "OBJ" | "INST");
        if takes_args && !tuple && !computed {
            return Err(bad_value(py, &format!("the arguments of a Record made by {how} must be a tuple")));
        }
        self.push(Task::Changes(object.clone(), 0));
        match how.as_str() {
            "PERSID" => {
                let text = callable.str()?.to_string_lossy().into_owned();
                let changed = Record::changes_list(&record)?.len()? > 0;
                if changed {
                    self.push(Task::Made(object, true));
                }
                if self.protocol == 0 {
                    if !callable.is_instance_of::<PyString>() || !text.is_ascii() || text.contains('\n') {
                        return Err(bad_value(py, "persistent ids of protocol 0 are ASCII text in one line"));
                    }
                    self.out.put(format!("P{text}\n").as_bytes());
                    return Ok(());
                }
                self.push(Task::Op(op::BINPERSID));
                self.later(&callable);
            }
            "CHANGED" => {
                self.push(Task::Memo(object));
                self.later(&callable);
            }
            "OBJ" | "INST" => {
                self.push(Task::Made(object, true));
                let args = args.cast_into::<PyTuple>()?;
                self.out.byte(op::MARK);
                if self.protocol == 0 {
                    let Ok(class) = callable.clone().cast_into::<Global>() else {
                        return Err(bad_value(py, "protocol 0 makes instances of classes with a name only"));
                    };
                    let text = |part: &Py<PyAny>| part.bind(py).str().map(|text| text.to_string_lossy().into_owned());
                    let (module, name) = (text(&class.get().module)?, text(&class.get().name)?);
                    if module.contains('\n') || name.contains('\n') {
                        return Err(bad_value(py, "a name of protocol 0 stands in one line"));
                    }
                    for byte in format!("i{module}\n{name}\n").bytes().rev() {
                        self.push(Task::Op(byte));
                    }
                } else {
                    self.push(Task::Op(op::OBJ));
                }
                for arg in args.iter().collect::<Vec<_>>().into_iter().rev() {
                    self.later(&arg);
                }
                if self.protocol > 0 {
                    self.later(&callable);
                }
            }
            _ => {
                self.push(Task::Made(object, true));
                self.made_by(&how, callable, args, kwargs)?;
            }
        }
        Ok(())
    }

    fn made_by(
        &mut self,
        how: &str,
        callable: Bound<'py, PyAny>,
        args: Bound<'py, PyAny>,
        kwargs: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let py = self.py;
        let helper = |name: &str| -> PyResult<Bound<'py, PyAny>> {
            let module = if self.protocol < 3 { "copy_reg" } else { "copyreg" };
            let (module, name) = (PyString::intern(py, module), PyString::intern(py, name));
            Ok(Bound::new(py, Global { module: module.into_any().unbind(), name: name.into_any().unbind() })?
                .into_any())
        };
        let (op, callable, args) = match how {
            "NEWOBJ" if self.protocol < 2 => {
                let Ok(args) = args.cast_into::<PyTuple>() else {
                    return Err(bad_value(py, "this protocol makes objects of a tuple of arguments only"));
                };
                let mut all = vec![callable];
                all.extend(args.iter());
                (op::REDUCE, helper("__newobj__")?, PyTuple::new(py, all)?.into_any())
            }
            "NEWOBJ" => (op::NEWOBJ, callable, args),
            "NEWOBJ_EX" if self.protocol < 4 => {
                let all = PyTuple::new(py, [callable, args, kwargs])?.into_any();
                (op::REDUCE, helper("__newobj_ex__")?, all)
            }
            "NEWOBJ_EX" => {
                self.push(Task::Op(op::NEWOBJ_EX));
                self.later(&kwargs);
                self.later(&args);
                self.later(&callable);
                return Ok(());
            }
            _ => (op::REDUCE, callable, args),
        };
        self.push(Task::Op(op));
        self.later(&args);
        self.later(&callable);
        Ok(())
    }

    /// The change at an index; the next becomes a task.
    pub(super) fn changes(&mut self, object: Bound<'py, PyAny>, at: usize) -> PyResult<()> {
        let py = self.py;
        let changes = Record::changes_list(object.cast::<Record>()?)?;
        if at >= changes.len()? {
            return Ok(());
        }
        let change = changes.get_item(at)?;
        let name: String = change.get_item(0)?.extract()?;
        let values: Vec<Bound<'py, PyAny>> = change.get_item(1)?.try_iter()?.collect::<PyResult<_>>()?;
        self.push(Task::Changes(object, at + 1));
        let (one, many, step) = match name.as_str() {
            "APPEND" => (Some(op::APPEND), op::APPENDS, 1),
            "SETITEM" => (Some(op::SETITEM), op::SETITEMS, 2),
            "ADD" if self.protocol < 4 => return Err(bad_value(py, "ADD needs protocol 4 or higher")),
            "ADD" => (None, op::ADDITEMS, 1),
            "BUILD" => {
                let [state] = values.as_slice() else { return Err(bad_value(py, "a BUILD has one state")) };
                self.push(Task::Op(op::BUILD));
                self.later(state);
                return Ok(());
            }
            _ => {
                let text = format!("a change is APPEND, SETITEM, ADD or BUILD; {name} cannot be written");
                return Err(bad_value(py, &text));
            }
        };
        if !values.len().is_multiple_of(step) {
            return Err(bad_value(py, "the keys and values of a SETITEM must pair up"));
        }
        let batches: Vec<&[Bound<'py, PyAny>]> =
            values.chunks(if self.protocol == 0 { step } else { BATCH * step }).collect();
        for batch in batches.into_iter().rev() {
            match one {
                Some(one) if batch.len() == step => {
                    self.push(Task::Op(one));
                    batch.iter().rev().for_each(|value| self.later(value));
                }
                _ => {
                    self.push(Task::Op(many));
                    batch.iter().rev().for_each(|value| self.later(value));
                    self.push(Task::Op(op::MARK));
                }
            }
        }
        Ok(())
    }
}
