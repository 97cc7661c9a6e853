//! Structs back to bytes. Each library writes the protocol that it always writes.

use crate::typed::{from_pickle, records, with_type};
use bench_harness::{Fault, Input, Meter, fault};
use std::hint::black_box;

/// Writes each of the messages, or the one value of the file.
fn write_each<T>(values: &[T], meter: &mut Meter, write: impl Fn(&T) -> Result<Vec<u8>, Fault>) -> Result<(), Fault> {
    match values {
        [one] => meter.prepared().measure(|| write(one)),
        many => meter.prepared().measure(|| many.iter().try_for_each(|value| write(value).map(|v| drop(black_box(v))))),
    }
}

macro_rules! write_pickles {
    ($input:expr, $meter:expr, $write:expr) => {
        with_type!($input.kind.as_str(), T => {
            let values = $input.pickles().map(from_pickle::<T>).collect::<Result<Vec<T>, _>>()?;
            write_each(&values, $meter, $write)
        })
    };
}

pub fn serde(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    write_pickles!(input, meter, |value| serde_pickle::to_vec(value, Default::default()).map_err(fault))
}

pub fn deser(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    write_pickles!(input, meter, |value| deser_pickle::to_vec(value).map_err(fault))
}

pub fn json(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let records = records(input)?;
    meter.prepared().measure(|| serde_json::to_vec(&records).map_err(fault))
}

pub fn postcard(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let records = records(input)?;
    meter.prepared().measure(|| postcard::to_stdvec(&records).map_err(fault))
}
