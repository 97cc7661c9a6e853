//! joblib's streams: arrays lie between the opcodes, behind the BUILD of
//! their `NumpyArrayWrapper`.
//!
//! After that BUILD follow, for an array of objects, a whole pickle; for any
//! other, perhaps one byte of padding length and the padding, then the raw
//! bytes of the array (`joblib.numpy_pickle.NumpyArrayWrapper.write_array`).

use crate::{Change, Error, GlobalName, Memory, Unpickler, Value};

/// What lies behind a `NumpyArrayWrapper`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use pickle_core::{Heap, Options, Unpickler, joblib};
///
/// // joblib writes the two bytes of an int8 array behind the BUILD of its wrapper.
/// let mut pickle = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)R}(Vshape\n(I2\ntVdtype\n".to_vec();
/// pickle.extend(b"cnumpy\ndtype\n(Vi1\ntRub");
/// let mut unpickler = Unpickler::new(Heap::new(), Options::new().stop_after_build(true));
/// unpickler.feed(&mut &pickle[..])?;
/// let array = joblib::array_after(unpickler.document().root());
/// assert_eq!(array, Some(joblib::Array::Raw { len: 2, padded: false }));
/// # }
/// # Ok::<_, pickle_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrayForm {
    /// The bytes of the array, behind padding where it is aligned.
    Raw {
        /// Bytes of the array itself.
        len: u64,
        /// One byte says how many bytes of padding follow it.
        padded: bool,
    },
    /// A pickle of its own.
    Nested,
}

/// What follows the BUILD of `built`; `None` where opcodes go on.
pub fn array_after(built: Value<'_>) -> Option<ArrayForm> {
    let object = built.as_object()?;
    let GlobalName { module, name } = object.class()?;
    if name != "NumpyArrayWrapper" || !matches!(module, "joblib.numpy_pickle" | "sklearn.externals.joblib.numpy_pickle")
    {
        return None;
    }
    let state = object.state()?;
    let (item_len, objects) = dtype(state.get("dtype")?)?;
    if objects {
        return Some(ArrayForm::Nested);
    }
    let mut len = item_len;
    for dimension in state.get("shape")?.items()? {
        len = len.checked_mul(dimension.as_u64()?)?;
    }
    let padded = state.get("numpy_array_alignment_bytes").is_some_and(|bytes| !bytes.is_none());
    Some(ArrayForm::Raw { len, padded })
}

/// Bytes of an item of a pickled `numpy.dtype`, and whether it holds objects.
fn dtype(dtype: Value<'_>) -> Option<(u64, bool)> {
    let object = dtype.as_object()?;
    let code = object.args().next()?.as_str()?;
    let (kind, digits) = (code.bytes().next()?, code.trim_start_matches(|c: char| !c.is_ascii_digit()));
    let mut len = digits
        .bytes()
        .take_while(u8::is_ascii_digit)
        .fold(0u64, |n, d| n.saturating_mul(10).saturating_add(u64::from(d - b'0')));
    let mut objects = kind == b'O';
    for change in object.changes() {
        let Change::Build(state) = change else { continue };
        if let Some(size) = state.at(5).and_then(|size| size.as_u64()) {
            len = size;
        }
        // Bit 0 of the flags: the items hold references to objects.
        objects |= state.at(7).and_then(|flags| flags.as_u64()).is_some_and(|flags| flags & 1 != 0);
    }
    Some((len, objects))
}

/// After [`Status::Built`](crate::Status::Built): where an array follows, has
/// the unpickler take it as the last change of its wrapper.
///
/// # Errors
/// An array inside a frame.
pub fn take_array<M: Memory>(unpickler: &mut Unpickler<M>, input: &[u8]) -> Result<(), Error> {
    let array = array_after(unpickler.document_in(input).root());
    match array {
        Some(ArrayForm::Raw { len, padded }) => unpickler.take_raw(len, padded),
        Some(ArrayForm::Nested) => unpickler.take_nested(),
        None => Ok(()),
    }
}
