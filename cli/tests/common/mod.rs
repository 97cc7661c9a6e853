//! What the tests of `show` and `json` share.

use pickle_core::{Document, Heap, Options, Status, Unpickler, joblib};
use std::path::PathBuf;

/// Calls `each` with every pickle of a stream, up to the first that cannot be read.
pub fn each_pickle(data: &[u8], each: &mut dyn FnMut(&Document<'_>)) {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new().stop_after_build(true));
    let mut at = 0;
    while at < data.len() {
        unpickler.begin_at(at as u64, false);
        loop {
            match unpickler.advance(data) {
                Ok(Status::Built) => {
                    if joblib::take_array(&mut unpickler, data).is_err() {
                        return;
                    }
                }
                Ok(_) => break,
                Err(_) => return,
            }
        }
        each(&unpickler.document_in(data).unwrap());
        at = unpickler.offset() as usize;
    }
}

/// The files of the corpus, where it is at hand.
#[allow(dead_code)]
pub fn corpus() -> Vec<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/data");
    let mut folders = vec![std::env::var_os("PICKLE_CORPUS").map_or(here, |root| PathBuf::from(root).join("data"))];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|extension| extension != "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
