//! A document in fixed memory: what the programs that have one share.

use crate::PIECE;
use pickle_core::{Error, Node, Options, Status, Storage, Unpickler};

fn decode(message: &[u8], unpickler: &mut Unpickler<Storage<'_>>) -> Result<bool, Error> {
    for mut piece in message.chunks(PIECE) {
        if unpickler.feed(&mut piece)? == Status::Done {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Decodes piece by piece into a document, in which `fields` finds what is expected.
#[inline(always)]
pub fn read(message: &[u8], fields: impl FnOnce(&Unpickler<Storage<'_>>) -> Option<bool>) -> bool {
    let (mut nodes, mut memo, mut bytes) = ([Node::EMPTY; 24], [Node::EMPTY; 8], [0; 32]);
    let storage = Storage::new(&mut nodes, &mut memo, &mut bytes);
    let mut unpickler = Unpickler::new(storage, Options::new());
    decode(message, &mut unpickler) == Ok(true) && fields(&unpickler) == Some(true)
}
