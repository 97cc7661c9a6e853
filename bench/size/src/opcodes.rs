//! At the level of opcodes, straight into fields: piece by piece, no document.

use crate::{PIECE, Telemetry};
use pickle_core::{Arg, Decoder, Error, Opcode, Step};

/// What the next value is for.
#[derive(Clone, Copy, PartialEq)]
enum Slot {
    Key,
    Id,
    Temp,
    Name,
    Samples,
    Unknown,
}

struct Reader {
    id: u32,
    temp: f64,
    name: [u8; 16],
    name_len: usize,
    samples: [u8; 4],
    samples_len: usize,
    slot: Slot,
    /// A text that arrives in pieces.
    text: [u8; 16],
    text_len: usize,
}

impl Reader {
    fn scalar(&mut self, slot: Slot, value: u64) {
        match self.slot {
            Slot::Samples => {
                if let Some(sample) = self.samples.get_mut(self.samples_len) {
                    *sample = value as u8;
                    self.samples_len += 1;
                }
                return;
            }
            Slot::Id if slot == Slot::Id => self.id = value as u32,
            Slot::Temp if slot == Slot::Temp => self.temp = f64::from_bits(value),
            _ => {}
        }
        self.slot = Slot::Key;
    }

    fn text(&mut self, data: &[u8], last: bool) {
        let whole = self.text_len == 0 && last;
        if !whole || self.slot == Slot::Name {
            let room = self.text.get_mut(self.text_len..).unwrap_or_default();
            self.text_len += data.len().min(room.len());
            for (slot, byte) in room.iter_mut().zip(data) {
                *slot = *byte;
            }
        }
        if !last {
            return;
        }
        if self.slot == Slot::Key {
            let key = if whole { data } else { self.text.get(..self.text_len).unwrap_or_default() };
            self.slot = match key {
                b"id" => Slot::Id,
                b"temp" => Slot::Temp,
                b"name" => Slot::Name,
                b"samples" => Slot::Samples,
                _ => Slot::Unknown,
            };
        } else {
            if self.slot == Slot::Name {
                self.name = self.text;
                self.name_len = self.text_len;
            }
            self.slot = Slot::Key;
        }
        self.text_len = 0;
    }

    fn op(&mut self, opcode: Opcode, arg: Arg<'_>) {
        match arg {
            Arg::Bytes(data) => self.text(data, true),
            Arg::Float(bits) => self.scalar(Slot::Temp, bits),
            Arg::Uint(value) if matches!(opcode, Opcode::BinInt1 | Opcode::BinInt2) => self.scalar(Slot::Id, value),
            Arg::Int(value) => self.scalar(Slot::Id, value as u64),
            _ if opcode == Opcode::Appends => self.slot = Slot::Key,
            _ => {}
        }
    }
}

fn decode(message: &[u8], reader: &mut Reader) -> Result<bool, Error> {
    let mut decoder = Decoder::new();
    for mut piece in message.chunks(PIECE) {
        loop {
            match decoder.next(&mut piece)? {
                Step::Op(op) => reader.op(op.opcode, op.arg),
                Step::Fragment(fragment) => reader.text(fragment.data, fragment.last),
                Step::NeedMore | Step::Raw(_) => break,
                Step::End => return Ok(true),
            }
        }
    }
    Ok(false)
}

/// Decodes the message and compares the fields.
pub fn decode_fields(message: &[u8]) -> bool {
    let mut reader = Reader {
        id: 0,
        temp: 0.0,
        name: [0; 16],
        name_len: 0,
        samples: [0; 4],
        samples_len: 0,
        slot: Slot::Key,
        text: [0; 16],
        text_len: 0,
    };
    let ended = decode(message, &mut reader);
    let name = reader.name.get(..reader.name_len).unwrap_or_default();
    ended == Ok(true) && Telemetry { id: reader.id, temp: reader.temp, name, samples: reader.samples }.is_expected()
}
