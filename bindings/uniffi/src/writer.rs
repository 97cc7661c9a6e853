//! Writing: values in the flat form to a pickle.

use crate::{ErrorKind, PickleError, flat};
use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{Heap, Options, Unpickler};

/// Writes values in the flat form as CPython 3.12 would, with `protocol` 0 to 5. Sharing, cycles and classes stay.
///
/// # Errors
/// [`ErrorKind::BadValue`]: the values hold what no pickle can, or not one of this protocol.
#[uniffi::export]
pub fn dumps(flat: &[u8], protocol: u8) -> Result<Vec<u8>, PickleError> {
    let plain = flat::read::decode(flat)?;
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let bad = |text: String| PickleError::new(ErrorKind::BadValue, 0, text);
    let document =
        unpickler.load(&plain).map_err(|error| bad(format!("no such value can be: {}", error.kind().text())))?;
    // What was never a pickle has no names of another protocol.
    let profile = Profile::new(Version::Py311, protocol);
    Writer::new().write(&document, 5, profile, false, Vec::new()).map_err(|error| bad(error.to_string()))
}
