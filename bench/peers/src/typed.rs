//! Into structs.

use crate::read::deser_config;
use bench_harness::{Fault, Input, Meter, fault};
use serde::de::DeserializeOwned;

/// What every library wants to derive; minicbor numbers its fields and has no use for the other traits.
macro_rules! record {
    ($(#[$attr:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$attr])*
        #[derive(serde::Serialize, serde::Deserialize, deser::Serialize, deser::Deserialize)]
        pub struct $name { $(pub $field: $type),* }
    };
}

type Vector = (f64, f64, f64, f64);

record!(
    #[derive(Clone)]
    Record { id: i64, ts: f64, name: String, temp: f64, ok: bool, tags: Vec<String>, v: Vector }
);
record!(Point { ident: i64, x: f64, y: f64, label: String, alive: bool });
record!(Message { id: i64, cmd: String, key: String, ttl: i64, score: f64, flags: Vec<i64>, ok: bool });

/// [`Record`] with its strings left in the input.
#[derive(serde::Deserialize, deser::Deserialize, minicbor::Encode, minicbor::Decode)]
pub struct Borrowed<'a> {
    #[n(0)]
    pub id: i64,
    #[n(1)]
    pub ts: f64,
    #[b(2)]
    pub name: &'a str,
    #[n(3)]
    pub temp: f64,
    #[n(4)]
    pub ok: bool,
    #[b(5)]
    #[serde(borrow)]
    pub tags: Vec<&'a str>,
    #[n(6)]
    pub v: Vector,
}

/// Runs `$body` with `$T` as the type of this workload's pickles.
macro_rules! with_type {
    ($kind:expr, $T:ident => $body:expr) => {
        match $kind {
            "telemetry" => {
                type $T = Vec<$crate::typed::Record>;
                $body
            }
            "ints" => {
                type $T = Vec<i64>;
                $body
            }
            "floats" => {
                type $T = Vec<f64>;
                $body
            }
            "strings" => {
                type $T = Vec<String>;
                $body
            }
            "instances" => {
                type $T = Vec<$crate::typed::Point>;
                $body
            }
            "memo" => {
                type $T = Vec<(i64, String)>;
                $body
            }
            "small" => {
                type $T = $crate::typed::Message;
                $body
            }
            kind => Err(format!("no struct for {kind}")),
        }
    };
}
pub(crate) use with_type;

pub fn from_pickle<T: DeserializeOwned>(pickle: &[u8]) -> Result<T, Fault> {
    serde_pickle::from_slice(pickle, serde_pickle::DeOptions::new()).map_err(fault)
}

/// The records of the telemetry workload, for the formats that need them encoded anew.
pub fn records(input: &Input) -> Result<Vec<Record>, Fault> {
    from_pickle(input.bytes())
}

pub fn serde_pickle(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    with_type!(input.kind.as_str(), T => meter.each(input, from_pickle::<T>, |_| None))
}

pub fn deser_pickle(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let config = deser_config();
    with_type!(input.kind.as_str(), T => meter.each(input, |b| config.from_slice::<T>(b).map_err(fault), |_| None))
}

pub fn deser_borrowed(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let config = deser_config();
    match input.kind.as_str() {
        "telemetry" => meter.each(input, |b| config.from_slice::<Vec<Borrowed<'_>>>(b).map_err(fault), |_| None),
        _ => meter.each(input, |b| config.from_slice::<Vec<&str>>(b).map_err(fault), |_| None),
    }
}

pub fn json(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let bytes = serde_json::to_vec(&records(input)?).map_err(fault)?;
    meter.prepared().measure(|| serde_json::from_slice::<Vec<Borrowed<'_>>>(&bytes).map_err(fault))
}

pub fn minicbor(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let records = records(input)?;
    let borrowed: Vec<_> = records.iter().map(Record::borrow).collect();
    let bytes = minicbor::to_vec(&borrowed).map_err(fault)?;
    drop(borrowed);
    drop(records);
    meter.prepared().measure(|| minicbor::decode::<Vec<Borrowed<'_>>>(&bytes).map_err(fault))
}

pub fn postcard(input: &Input, meter: &mut Meter) -> Result<(), Fault> {
    let bytes = postcard::to_stdvec(&records(input)?).map_err(fault)?;
    meter.prepared().measure(|| postcard::from_bytes::<Vec<Borrowed<'_>>>(&bytes).map_err(fault))
}

impl Record {
    fn borrow(&self) -> Borrowed<'_> {
        let Record { id, ts, temp, ok, v, .. } = *self;
        Borrowed { id, ts, name: &self.name, temp, ok, tags: self.tags.iter().map(String::as_str).collect(), v }
    }
}
