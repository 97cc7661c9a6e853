//! A pickle: every value has a meaning, as many parts as it says, and a path that leads to it.
#![no_main]

use pickle_core::view::Located;
use libfuzzer_sys::fuzz_target;
use pickle_core::table::Table;
use pickle_core::{Heap, Options, Unpickler, View};

fuzz_target!(|data: &[u8]| {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let Ok(document) = unpickler.load(data) else { return };
    for Located { value, path, .. } in document.paths().into_iter().take(200) {
        match value.view() {
            View::Set(set) => assert_eq!(set.items.len(), set.items.count()),
            View::Sequence(sequence) => assert_eq!(sequence.items.len(), sequence.items.count()),
            View::Mapping(mapping) => assert_eq!(mapping.pairs.len(), mapping.pairs.count()),
            _ => {}
        }
        if let Ok(table) = Table::of(value) {
            for number in 0..table.columns().min(20) {
                let Ok(column) = table.column(number) else { continue };
                assert_eq!(column.values.len(), table.rows());
                for row in 0..table.rows().min(20) {
                    let _ = column.values.cell(row);
                }
            }
        }
        if path.len() < 4096 {
            assert_eq!(document.find(&path).map(|found| found.node()), Some(value.node()), "{path}");
        }
    }
});
