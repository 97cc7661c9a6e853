//! Into structs and back, with serde.

use bench_harness::{Fault, Input, Meter, fault};
use pickle_core::Heap;
use pickle_core::serde::{DeOptions, Deserializer, SerOptions, from_slice, to_vec};
use serde::{Deserialize, Serialize};

type Vector = (f64, f64, f64, f64);

/// A record as it owns its strings.
#[derive(Serialize, Deserialize)]
pub struct Record {
    id: i64,
    ts: f64,
    name: String,
    temp: f64,
    ok: bool,
    tags: Vec<String>,
    v: Vector,
}

/// The same with its strings left in the input.
#[allow(dead_code, reason = "what is read is dropped")]
#[derive(Deserialize)]
pub struct Borrowed<'a> {
    pub id: i64,
    pub ts: f64,
    pub name: &'a str,
    pub temp: f64,
    pub ok: bool,
    #[serde(borrow)]
    pub tags: Vec<&'a str>,
    pub v: Vector,
}

fn read<'a, T: Deserialize<'a>>(pickle: &'a [u8]) -> Result<T, Fault> {
    from_slice(pickle, DeOptions::new()).map_err(fault)
}

pub fn borrowed(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    meter.each(input, read::<Vec<Borrowed<'_>>>, |_| None)
}

pub fn owned(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    meter.each(input, read::<Vec<Record>>, |_| None)
}

/// By way of the document, as pickles are read that the direct way gives up on.
pub fn by_document(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let read = |pickle| {
        let mut deserializer = Deserializer::new(pickle, Heap::new(), DeOptions::new());
        Vec::<Borrowed<'_>>::deserialize(&mut deserializer).map_err(fault)
    };
    meter.each(input, read, |_| None)
}

pub fn write(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let records: Vec<Record> = read(input.bytes())?;
    meter.prepared().measure(|| to_vec(&records, SerOptions::new()).map_err(fault))
}
