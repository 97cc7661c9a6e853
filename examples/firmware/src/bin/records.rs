//! Reads a list of any length from the UART, record by record: what it holds
//! of the list is one record and the names of the fields.
#![no_std]
#![no_main]

use embedded_io::Read;
use firmware::Uart;
use pickle_core::{Arg, Decoder, Error, Opcode, Step};

const FIELDS: [&[u8]; 3] = [b"id", b"temp", b"name"];
const ID: usize = 0;
const TEMP: usize = 1;
const NAME: usize = 2;
/// A key that is none of the fields.
const UNKNOWN: usize = FIELDS.len();
/// Bytes of a text that are kept.
const TEXT: usize = 16;

/// The record in progress, and what the opcodes around it said.
#[derive(Default)]
struct Records {
    /// Which field the next value is for; `None` where a key comes next.
    field: Option<usize>,
    /// Memo entries of the keys: a key is written once, and fetched afterwards.
    keys: [Option<u64>; FIELDS.len()],
    memo: u64,
    /// The key that has just been read.
    key: Option<usize>,
    text: [u8; TEXT],
    len: usize,
    name: [u8; TEXT],
    name_len: usize,
    id: u64,
    temp: f64,
    count: u32,
    ids: u64,
    temps: f64,
}

impl Records {
    fn text(&mut self, position: u64, data: &[u8], last: bool) {
        if position == 0 {
            self.len = 0;
        }
        for (place, byte) in self.text.iter_mut().skip(self.len).zip(data) {
            *place = *byte;
            self.len += 1;
        }
        if !last {
            return;
        }
        match self.field.take() {
            Some(NAME) => (self.name, self.name_len) = (self.text, self.len),
            Some(_) => {}
            None => {
                let text = self.text.get(..self.len).unwrap_or_default();
                self.key = FIELDS.iter().position(|field| *field == text);
                self.field = self.key.or(Some(UNKNOWN));
            }
        }
    }

    fn op(&mut self, opcode: Opcode, arg: Arg<'_>) {
        match (opcode, arg) {
            (Opcode::Memoize, _) => {
                if let Some(place) = self.key.and_then(|key| self.keys.get_mut(key)) {
                    *place = Some(self.memo);
                }
                self.memo += 1;
            }
            (Opcode::BinGet | Opcode::LongBinGet, Arg::Uint(index)) => {
                // A value that was there before is not kept: only keys are.
                let key = self.keys.iter().position(|key| *key == Some(index)).unwrap_or(UNKNOWN);
                self.field = if self.field.is_none() { Some(key) } else { None };
            }
            (Opcode::BinInt1 | Opcode::BinInt2, Arg::Uint(number)) => {
                if self.field.take() == Some(ID) {
                    self.id = number;
                }
            }
            (Opcode::BinFloat, Arg::Float(bits)) => {
                if self.field.take() == Some(TEMP) {
                    self.temp = f64::from_bits(bits);
                }
            }
            (_, Arg::Bytes(data)) => self.text(0, data, true),
            (Opcode::SetItems, _) => self.record(),
            _ => {}
        }
        if !matches!(arg, Arg::Bytes(_)) {
            self.key = None;
        }
    }

    fn record(&mut self) {
        self.count += 1;
        self.ids += self.id;
        self.temps += self.temp;
        if self.count.is_multiple_of(250) {
            let name = core::str::from_utf8(self.name.get(..self.name_len).unwrap_or_default()).unwrap_or("?");
            defmt::info!("record {=u32}: {=str}, id {=u64}, {=f64} C", self.count, name, self.id, self.temp);
        }
        self.field = None;
    }
}

fn read(uart: &mut Uart) -> Result<(Records, u64), Error> {
    let (mut decoder, mut records, mut buffer) = (Decoder::new(), Records::default(), [0; 16]);
    loop {
        let Ok(len) = uart.read(&mut buffer);
        let mut piece = buffer.get(..len).unwrap_or_default();
        loop {
            match decoder.next(&mut piece)? {
                Step::Op(op) => records.op(op.opcode, op.arg),
                Step::Fragment(fragment) => records.text(fragment.position, fragment.data, fragment.last),
                Step::NeedMore | Step::Raw(_) => break,
                Step::End => return Ok((records, decoder.offset())),
            }
        }
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut uart = Uart::start();
    let held = size_of::<Records>() + size_of::<Decoder>() + 16;
    match read(&mut uart) {
        Ok((records, bytes)) => {
            defmt::info!(
                "{=u32} records, ids sum to {=u64}, temperatures to {=f64}",
                records.count,
                records.ids,
                records.temps
            );
            defmt::info!("{=u64} bytes, {=usize} held: {=u64} times as much", bytes, held, bytes / held as u64);
            firmware::exit(true);
        }
        Err(error) => {
            defmt::error!("at byte {=u64}: {=str}", error.offset(), error.kind().text());
            firmware::exit(false);
        }
    }
}
