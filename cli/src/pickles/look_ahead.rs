//! A look ahead in a file: where a container goes that is being filled.

use crate::Failure;
use crate::input::Input;
use pickle_core::{Fragment, LookAhead, Op, OpReader, ReadError, Step};

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// Whether the container is the one at the path. Not where the opcodes end, or arrays of joblib lie between them: then
/// the pickle is read as a whole. The input stands elsewhere afterwards.
///
/// # Errors
/// The file cannot be read.
pub(super) fn leads_here(input: &mut Input, mut look_ahead: LookAhead) -> Result<bool, Failure> {
    input.go_to(look_ahead.offset());
    let offset = look_ahead.offset();
    let mut buffer = vec![0; PIECE];
    let mut reader = OpReader::new(input, &mut buffer);
    reader.decoder().restart_at(offset);
    loop {
        let walked = reader.each(|op| look_ahead.op(op.opcode).map_or(Ok(()), Err));
        if let Ok(Some(known)) = walked {
            return Ok(known);
        }
        let opcode = match walked.map_err(ReadError::Pickle).and_then(|_| reader.next()) {
            Ok(Step::Op(Op { opcode, .. }) | Step::Fragment(Fragment { opcode, last: true, .. })) => opcode,
            Ok(Step::End) | Err(ReadError::Pickle(_)) => return Ok(false),
            Ok(_) => continue,
            Err(ReadError::Io(error)) => return Err(error.into()),
        };
        if let Some(known) = look_ahead.op(opcode) {
            return Ok(known);
        }
    }
}
