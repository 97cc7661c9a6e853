//! How many values a result has, counted as the manifest counts them: a peer
//! that loses some must not look fast for it.

use deser_value::Kind;
use pickler::PickleValue;
use serde_pickle::{HashableValue, Value};

pub fn serde_pickle(value: &Value) -> u64 {
    1 + match value {
        Value::List(items) | Value::Tuple(items) => items.iter().map(serde_pickle).sum(),
        Value::Dict(items) => items.iter().map(|(key, value)| hashable(key) + serde_pickle(value)).sum(),
        Value::Set(items) | Value::FrozenSet(items) => items.iter().map(hashable).sum(),
        _ => 0,
    }
}

fn hashable(value: &HashableValue) -> u64 {
    1 + match value {
        HashableValue::Tuple(items) => items.iter().map(hashable).sum(),
        HashableValue::FrozenSet(items) => items.iter().map(hashable).sum::<u64>(),
        _ => 0,
    }
}

pub fn deser_pickle(value: &deser_value::Value) -> u64 {
    1 + match &**value {
        Kind::Seq(items) => items.iter().map(deser_pickle).sum(),
        Kind::Map(items) => items.iter().map(|(key, value)| deser_pickle(key) + deser_pickle(value)).sum(),
        _ => 0,
    }
}

pub fn pickler(value: &PickleValue<'_>) -> u64 {
    use PickleValue::{Dict, FrozenSet, List, Set, Tuple};
    1 + match value {
        List(items) | Tuple(items) | Set(items) | FrozenSet(items) => items.iter().map(pickler).sum(),
        Dict(items) => items.iter().map(|(key, value)| pickler(key) + pickler(value)).sum(),
        _ => 0,
    }
}
