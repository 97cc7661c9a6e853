//! Decodes piece by piece into a document in fixed memory, and finds the fields by what the values are: their views.
#![no_std]
#![no_main]

use pickle_core::view::View;
use pickle_core::{Storage, Unpickler};
use size::Telemetry;

fn fields(unpickler: &Unpickler<Storage<'_>>) -> Option<bool> {
    let document = unpickler.document()?;
    let View::Mapping(mapping) = document.root().view() else { return None };
    let (mut id, mut temp, mut name, mut samples) = (None, None, None, [0; 4]);
    for (key, value) in mapping.pairs {
        match (key.str_bytes()?, value.view()) {
            (b"id", View::Int(int)) => id = u32::try_from(int).ok(),
            (b"temp", View::Float(float)) => temp = Some(float),
            (b"name", View::Text(_)) => name = value.str_bytes(),
            (b"samples", View::Sequence(sequence)) => {
                for (sample, value) in samples.iter_mut().zip(sequence.items) {
                    *sample = value.as_i64()? as u8;
                }
            }
            _ => return None,
        }
    }
    Some(Telemetry { id: id?, temp: temp?, name: name?, samples }.is_expected())
}

fn work(message: &[u8]) -> bool {
    size::document::read(message, fields)
}

size::measure!(work, size::PICKLE);
