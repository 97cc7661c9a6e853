//! Files of several pickles, each of which is a row.

use crate::Failure;
use crate::input::Input;
use crate::survey::walk::is_cut_pickle;
use pickle_core::{Document, ErrorKind, Heap, Options, Unpickler};

/// The pickles of a file, all in memory.
pub(super) struct Log {
    bytes: Vec<u8>,
    input: Input,
    pickles: Vec<Unpickler<Heap>>,
}

impl Log {
    /// Reads them all; nothing of the input may have been consumed.
    ///
    /// # Errors
    /// The input cannot be read, a pickle is damaged, or something else follows the last one.
    pub(super) fn read(mut input: Input) -> Result<Self, Failure> {
        let mut bytes = Vec::new();
        if input.as_slice().is_none() {
            input.reader().read_to_end(&mut bytes)?;
        }
        let mut pickles = Vec::new();
        {
            let all = input.as_slice().unwrap_or(&bytes);
            let mut at = 0;
            while let Some(first) = all.get(at) {
                let index = pickles.len() as u64;
                let mut unpickler = Unpickler::new(Heap::new(), Options::new());
                if let Err(error) = unpickler.load_at(all, at) {
                    if error.kind() == ErrorKind::MemoMissing {
                        return Err(input.refuse("its pickles share one memo: `pickle items --format csv` reads them"));
                    }
                    if index > 0 && !is_cut_pickle(*first, error, unpickler.opcodes()) {
                        let text = format!("what follows {index} pickles at offset {at} is not a pickle: {error}");
                        return Err(input.refuse(text));
                    }
                    return Err(input.bad_pickle(index, error));
                }
                at = usize::try_from(unpickler.offset()).unwrap_or(usize::MAX);
                pickles.push(unpickler);
            }
        }
        Ok(Log { bytes, input, pickles })
    }

    /// A document a pickle.
    pub(super) fn documents(&self) -> Vec<Document<'_>> {
        let all = self.input.as_slice().unwrap_or(&self.bytes);
        self.pickles.iter().filter_map(|pickle| pickle.document_in(all)).collect()
    }
}
