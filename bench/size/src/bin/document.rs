//! Decodes piece by piece into a document in fixed memory, and gets the fields by key.
#![no_std]
#![no_main]

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
    let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 24], [Node::EMPTY; 8], [0; 32]);
    let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
    let mut unpickler = Unpickler::new(storage, Options::new());
    decode(message, &mut unpickler) == Ok(true) && fields(&unpickler) == Some(true)
}

size::measure!(work, size::PICKLE);
