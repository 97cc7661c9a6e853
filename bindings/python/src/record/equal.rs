//! When two Records are the same: by how they were made and changed, through cycles and shared parts, without recursion.

use crate::record::{Global, Record};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use std::collections::HashSet;

/// The hash of what cannot hold other values; None of everything else.
pub fn plain_hash(value: &Bound<'_, PyAny>) -> Option<isize> {
    let plain = value.is_none()
        || value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyBool>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyBytes>()
        || value.is_exact_instance_of::<Global>();
    // An int and an equal float or bool have the same hash.
    if plain { value.hash().ok() } else { None }
}

/// The values are equal, and where they are Records, lists, tuples or dicts, so are their parts.
pub fn same(left: &Bound<'_, PyAny>, right: &Bound<'_, PyAny>) -> PyResult<bool> {
    let mut pairs = vec![(left.clone(), right.clone())];
    // What is being compared already is taken to be equal: it is unless something else differs.
    let mut seen = HashSet::new();
    while let Some((left, right)) = pairs.pop() {
        if left.is(&right) || !seen.insert((left.as_ptr() as usize, right.as_ptr() as usize)) {
            continue;
        }
        if let Ok(left) = left.cast::<Record>() {
            let Ok(right) = right.cast::<Record>() else { return Ok(false) };
            let (lefts, rights) = (Record::changes_list(left)?, Record::changes_list(right)?);
            pairs.push((lefts, rights));
            let (left, right, py) = (left.borrow(), right.borrow(), left.py());
            if !left.how.bind(py).eq(&right.how)? {
                return Ok(false);
            }
            for parts in [(&left.callable, &right.callable), (&left.args, &right.args), (&left.kwargs, &right.kwargs)] {
                match parts {
                    (Some(left), Some(right)) => pairs.push((left.bind(py).clone(), right.bind(py).clone())),
                    (None, None) => {}
                    _ => return Ok(false),
                }
            }
        } else if left.is_exact_instance_of::<PyTuple>() && right.is_exact_instance_of::<PyTuple>()
            || left.is_exact_instance_of::<PyList>() && right.is_exact_instance_of::<PyList>()
        {
            let len = left.len()?;
            if len != right.len()? {
                return Ok(false);
            }
            for index in 0..len {
                pairs.push((left.get_item(index)?, right.get_item(index)?));
            }
        } else if let (Ok(left), Ok(right)) = (left.cast_exact::<PyDict>(), right.cast_exact::<PyDict>()) {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (key, value) in left.iter() {
                match right.get_item(key)? {
                    Some(other) => pairs.push((value, other)),
                    None => return Ok(false),
                }
            }
        } else if !left.eq(&right)? {
            return Ok(false);
        }
    }
    Ok(true)
}
