//! Arrays that a library keeps in files beside the pickle.

use crate::messages::note;
use pickle_core::{Document, Kind};
use std::path::Path;

/// Says which files beside this one hold what is None in it: gensim's `NAME.attribute.npy` (`gensim.utils.SaveLoad`).
pub fn tell(file: &Path, document: &Document<'_>) {
    let Some(names) = document.root().get("__numpys").filter(|names| names.kind() == Kind::List) else { return };
    for name in names.items().into_iter().flatten().filter_map(|name| name.as_str()) {
        let mut there = file.as_os_str().to_owned();
        there.push(format!(".{name}.npy"));
        if Path::new(&there).is_file() {
            let text = format!("$.{name} is stored beside it, in {}", Path::new(&there).display());
            note(&file.display().to_string(), &text);
        }
    }
}
