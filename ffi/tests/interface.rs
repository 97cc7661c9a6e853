//! The header is what the crate says, and statuses are the core's kinds.

mod header;

use pickle::{pickle_status, pickle_status_name, pickle_status_text};
use pickle_core::ErrorKind;
use std::ffi::CStr;
use std::path::Path;

#[test]
fn header_is_up_to_date() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = header::text(crate_dir);
    let path = crate_dir.join("../include/pickle.h");
    if std::env::var_os("PICKLE_WRITE_HEADER").is_some() {
        std::fs::write(&path, &header).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == header,
        "include/pickle.h is old: PICKLE_WRITE_HEADER=1 cargo test -p pickle-ffi --test interface"
    );
}

fn c_text(text: *const std::ffi::c_char) -> String {
    // SAFETY: the library's texts are static and end with a NUL.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_string()
}

#[test]
fn statuses_are_the_kinds_of_the_core() {
    for kind in ErrorKind::ALL {
        let status = pickle_status::from(*kind);
        assert_eq!(status as i32, *kind as i32);
        assert_eq!(format!("{status:?}"), kind.name());
        assert_eq!(c_text(pickle_status_name(status as i32)), kind.name());
        assert_eq!(c_text(pickle_status_text(status as i32)), kind.text());
    }
    // No number has a text by accident.
    let named = (-300..300).filter(|&n| c_text(pickle_status_name(n)) != "?").count();
    assert_eq!(named, ErrorKind::ALL.len() + 15);
}
