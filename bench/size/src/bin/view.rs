//! Decodes piece by piece into a document in fixed memory, and finds the fields by what the values are: their views.
#![no_std]
#![no_main]

use pickle_core::view::View;
use pickle_core::{Error, Node, Options, Status, Storage, Unpickler};
use size::{PIECE, Telemetry};

fn decode(message: &[u8], unpickler: &mut Unpickler<Storage<'_>>) -> Result<bool, Error> {
    for mut piece in message.chunks(PIECE) {
        if unpickler.feed(&mut piece)? == Status::Done {
            return Ok(true);
        }
    }
    Ok(false)
}

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
    let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 24], [Node::EMPTY; 8], [0; 32]);
    let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
    let mut unpickler = Unpickler::new(storage, Options::new());
    decode(message, &mut unpickler) == Ok(true) && fields(&unpickler) == Some(true)
}

size::measure!(work, size::PICKLE);
