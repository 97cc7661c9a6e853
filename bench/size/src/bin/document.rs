//! Decodes piece by piece into a document in fixed memory, and gets the fields by key.
#![no_std]
#![no_main]

use pickle_core::{Storage, Unpickler};
use size::Telemetry;

fn fields(unpickler: &Unpickler<Storage<'_>>) -> Option<bool> {
    let document = unpickler.document()?;
    let root = document.root();
    let mut samples = [0; 4];
    for (sample, value) in samples.iter_mut().zip(root.get("samples")?.items()?) {
        *sample = value.as_i64()? as u8;
    }
    let telemetry = Telemetry {
        id: root.get("id")?.as_i64()? as u32,
        temp: root.get("temp")?.as_f64()?,
        name: root.get("name")?.str_bytes()?,
        samples,
    };
    Some(telemetry.is_expected())
}

fn work(message: &[u8]) -> bool {
    size::document::read(message, fields)
}

size::measure!(work, size::PICKLE);
