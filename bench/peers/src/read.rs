//! Opcodes, and values in each library's own generic form.

use crate::count;
use bench_harness::{Fault, Input, Meter, fault};
use deser_pickle::DeserializerConfig;
use serde_pickle::DeOptions;

pub fn repugnant(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let parse = |pickle| {
        let parsed = repugnant_pickle::parse_ops::<nom::error::Error<&[u8]>>(pickle);
        parsed.map(|(_, ops)| ops).map_err(|e| fault(e.map(|e| format!("{:?}", e.code))))
    };
    meter.each(input, parse, |ops| Some(ops.len() as u64))
}

pub fn serde_pickle(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let read = |pickle| serde_pickle::value_from_slice(pickle, DeOptions::new()).map_err(fault);
    meter.each(input, read, |value| plain(input, count::serde_pickle(value)))
}

/// Its limit on shared values, meant against bombs, would refuse half of the workloads.
pub fn deser_config() -> DeserializerConfig {
    let mut config = DeserializerConfig::new();
    config.set_max_shared_events(usize::MAX / 2);
    config
}

pub fn deser_pickle(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let config = deser_config();
    let read = |pickle| config.from_slice::<deser_value::Value>(pickle).map_err(fault);
    meter.each(input, read, |value| plain(input, count::deser_pickle(value)))
}

pub fn pickler(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let read = |pickle| pickler::unpickle(pickle).map_err(fault);
    meter.each(input, read, |data| plain(input, count::pickler(&data.root)))
}

/// Instances have another shape in every library, so only plain values are compared.
fn plain(input: &Input, count: u64) -> Option<u64> {
    (input.kind != "instances").then_some(count)
}
