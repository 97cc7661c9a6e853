//! Paths into values: `docs/paths.md` has their grammar, which the core reads and follows.

use crate::reader::read;
use crate::{ErrorKind, PickleError, ReadOptions, flat};
use pickle_core::view::PathError;
use pickle_core::{Heap, Options, Unpickler, Value};
use std::collections::HashMap;

/// The values at a path of the pickle at the start of `data`, or the first of them: a list in the flat form, in which what
/// they share is shared.
///
/// # Errors
/// What is wrong with the pickle, or the limit that was reached. [`ErrorKind::BadPath`]: the path cannot be read.
/// [`ErrorKind::PathMissing`]: it leads nowhere; the text says how far it comes.
#[uniffi::export]
pub fn find_in(data: &[u8], path: String, all: bool, options: ReadOptions) -> Result<Vec<u8>, PickleError> {
    read(data, options, &|document| {
        let found = at(document.root(), &path, all)?;
        flat::write::encode_list(&found, options.max_depth)
    })
}

/// The same of a value in the flat form, whose levels are not more than `max_depth`.
///
/// # Errors
/// As [`find_in`]; [`ErrorKind::BadValue`]: the value holds what no pickle can.
#[uniffi::export]
pub fn find(flat: &[u8], path: String, all: bool, max_depth: u32) -> Result<Vec<u8>, PickleError> {
    let pickle = flat::read::decode(flat)?;
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(&pickle).map_err(bad)?;
    let found = at(document.root(), &path, all)?;
    flat::write::encode_list(&found, max_depth)
}

/// The same by the numbers of the nodes, so that the writer of the flat form finds what it has: n, so many numbers (LEB128):
/// 0 for what is no node, else 1 + that of the node; a list in the flat form of what are none.
///
/// # Errors
/// As [`find`].
pub(crate) fn find_numbers(flat: &[u8], path: &str, all: bool) -> Result<Vec<u8>, PickleError> {
    let (pickle, nodes) = flat::read::decode_with_nodes(flat)?;
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(&pickle).map_err(bad)?;
    let (Some(root), Some(listed)) = (document.root().at(0), document.root().at(1)) else { return Ok(Vec::new()) };
    let ids = listed.items().into_iter().flatten().map(|node| node.id());
    let numbers: HashMap<_, _, foldhash::fast::RandomState> =
        ids.zip(nodes).filter_map(|(id, number)| Some((id?, number))).collect();
    let found = at(root, path, all)?;
    let (mut out, mut others) = (Vec::new(), Vec::new());
    flat::write::number(&mut out, found.len() as u64);
    for value in found {
        let number = value.id().and_then(|id| numbers.get(&id));
        flat::write::number(&mut out, number.map_or(0, |number| 1 + u64::from(*number)));
        if number.is_none() {
            others.push(value);
        }
    }
    out.extend(flat::write::encode_list(&others, u32::MAX)?);
    Ok(out)
}

fn at<'d>(root: Value<'d>, path: &str, all: bool) -> Result<Vec<Value<'d>>, PickleError> {
    let found = if all { root.find_all(path) } else { root.at_path(path).map(|value| vec![value]) };
    found.map_err(|error| missing(&error))
}

pub(crate) fn missing(error: &PathError<'_, '_>) -> PickleError {
    let kind = if error.value().is_some() { ErrorKind::PathMissing } else { ErrorKind::BadPath };
    PickleError::new(kind, 0, error.to_string())
}

pub(crate) fn bad(error: pickle_core::Error) -> PickleError {
    PickleError::new(ErrorKind::BadValue, 0, format!("no such value can be: {}", error.kind().text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loads;

    const PICKLE: &[u8] = b"}(X\x04\0\0\0rows](}X\x01\0\0\0aK\x01s}X\x01\0\0\0aK\x02seX\x01\0\0\0nK\x07u.";

    fn list(flat: &[u8]) -> Vec<Option<i64>> {
        let pickle = flat::read::decode(flat).unwrap();
        let mut unpickler = Unpickler::new(Heap::new(), Options::new());
        let document = unpickler.load(&pickle).unwrap();
        document.root().items().unwrap().map(|value| value.as_i64()).collect()
    }

    #[test]
    fn values_are_found_in_pickles_and_in_the_flat_form() {
        let options = ReadOptions::default();
        let flat = loads(PICKLE, options).unwrap();
        for (path, all, expected) in [
            ("$.n", false, vec![Some(7)]),
            ("$.rows[*].a", true, vec![Some(1), Some(2)]),
            ("$.rows[-1].a", true, vec![Some(2)]),
            ("$..a", true, vec![Some(1), Some(2)]),
            ("$.rows[*].a", false, vec![Some(1)]),
            ("$.rows", false, vec![None]),
        ] {
            assert_eq!(list(&find_in(PICKLE, path.into(), all, options).unwrap()), expected, "{path}");
            assert_eq!(list(&find(&flat, path.into(), all, 100).unwrap()), expected, "{path}");
        }
        // The dict is node 0, the list 1, the rows 2 and 3.
        assert_eq!(find_numbers(&flat, "$.rows[*]", true).unwrap()[..3], [2, 3, 4]);
        assert_eq!(find_numbers(&flat, "$", false).unwrap()[..2], [1, 1]);
        assert_eq!(find_numbers(&flat, "$.n", false).unwrap()[..2], [1, 0]);
    }

    #[test]
    fn what_is_not_there_says_how_far_it_goes() {
        let flat = loads(PICKLE, ReadOptions::default()).unwrap();
        for (path, kind) in
            [("$.rows[2]", ErrorKind::PathMissing), ("$.x.y", ErrorKind::PathMissing), ("$[", ErrorKind::BadPath)]
        {
            for all in [false, true] {
                let error = find_in(PICKLE, path.into(), all, ReadOptions::default()).unwrap_err();
                assert_eq!(error.kind(), kind, "{path}");
                assert_eq!(find(&flat, path.into(), all, 100).unwrap_err(), error, "{path}");
                assert_eq!(find_numbers(&flat, path, all).unwrap_err(), error, "{path}");
            }
        }
        let error = find(&flat, "$.rows[2]".into(), false, 100).unwrap_err();
        assert!(error.to_string().starts_with("$.rows exists"), "{error}");
    }
}
