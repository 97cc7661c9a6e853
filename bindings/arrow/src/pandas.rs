//! The metadata with which pandas gets its frame back: `construct_metadata` in `pyarrow/pandas_compat.py`.

use crate::zone::Zone;
use arrow_schema::{DataType, TimeUnit};
use pickle_core::Value;
use pickle_core::table::{ArrowType, Categories, Frequency, Meaning, Run, Values};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

/// What pandas calls a column.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    /// Its dtype.
    pub(crate) dtype: String,
    /// Of categories: how many there are, and whether they have an order.
    categories: Option<(usize, bool)>,
    /// Name and parameters of an extension type of Arrow.
    extension: Option<(&'static str, String)>,
}

impl Described {
    fn plain(dtype: impl Into<String>) -> Self {
        Described { dtype: dtype.into(), categories: None, extension: None }
    }

    /// Objects.
    pub(crate) fn object() -> Self {
        Described::plain("object")
    }

    /// Categories, by the type of their codes.
    pub(crate) fn categories(codes: &DataType, count: usize, ordered: bool) -> Self {
        let dtype = codes.to_string().to_lowercase();
        Described { categories: Some((count, ordered)), ..Described::plain(dtype) }
    }

    /// Intervals, by what their ends are.
    pub(crate) fn intervals(end: &Described, data_type: &DataType, closed: &str) -> Self {
        let parameters = json!({ "subtype": alias(data_type), "closed": closed }).to_string();
        let dtype = format!("interval[{}, {closed}]", end.dtype);
        Described { extension: Some(("pandas.interval", parameters)), ..Described::plain(dtype) }
    }

    /// Categories that have an order.
    pub(crate) fn is_ordered(&self) -> bool {
        self.categories.is_some_and(|(_, ordered)| ordered)
    }

    /// The metadata of the field.
    pub(crate) fn field_metadata(&self) -> HashMap<String, String> {
        match &self.extension {
            None => HashMap::new(),
            Some((name, parameters)) => HashMap::from([
                ("ARROW:extension:name".to_owned(), (*name).to_owned()),
                ("ARROW:extension:metadata".to_owned(), parameters.clone()),
            ]),
        }
    }

    /// The row of a column.
    pub(crate) fn row(&self, name: Json, field: &str, data_type: &DataType) -> Json {
        let metadata = match (&self.categories, data_type) {
            (Some((count, ordered)), _) => json!({ "num_categories": count, "ordered": ordered }),
            (None, DataType::Timestamp(_, Some(zone))) => json!({ "timezone": &**zone }),
            (None, DataType::Decimal128(precision, scale)) => json!({ "precision": precision, "scale": scale }),
            _ => Json::Null,
        };
        let logical = if self.categories.is_some() { "categorical".to_owned() } else { logical(data_type) };
        json!({
            "name": name,
            "field_name": field,
            "pandas_type": logical,
            "numpy_type": self.dtype,
            "metadata": metadata,
        })
    }
}

/// The name of a type in pyarrow.
fn alias(data_type: &DataType) -> String {
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    };
    match data_type {
        DataType::Float16 => "halffloat".into(),
        DataType::Float32 => "float".into(),
        DataType::Float64 => "double".into(),
        DataType::Timestamp(of, None) => format!("timestamp[{}]", unit(of)),
        DataType::Timestamp(of, Some(zone)) => format!("timestamp[{}, tz={zone}]", unit(of)),
        DataType::Duration(of) => format!("duration[{}]", unit(of)),
        kind => kind.to_string().to_lowercase(),
    }
}

/// `get_logical_type` of pyarrow.
fn logical(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "empty".into(),
        DataType::Boolean => "bool".into(),
        DataType::Utf8 | DataType::LargeUtf8 => "unicode".into(),
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => "bytes".into(),
        DataType::Date32 | DataType::Date64 => "date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "time".into(),
        DataType::Timestamp(_, None) => "datetime".into(),
        DataType::Timestamp(_, Some(_)) => "datetimetz".into(),
        DataType::Decimal128(..) => "decimal".into(),
        DataType::LargeList(field) => format!("list[{}]", logical(field.data_type())),
        kind if kind.is_numeric() => kind.to_string().to_lowercase(),
        _ => "object".into(),
    }
}

/// The class of what pandas keeps values in.
fn class_of(value: Value<'_>) -> Option<&str> {
    let object = value.as_object()?;
    match object.instance()?.class.as_global()?.pair() {
        (_, "__pyx_unpickle_NDArrayBacked") => object.args().next()?.as_global().map(|class| class.name),
        (_, name) => Some(name),
    }
}

/// The values are strings of pandas, by the class that they are kept in: `str` with NaN, or `string` with NA.
fn strings(array: Option<Value<'_>>) -> Option<&'static str> {
    match class_of(array?)? {
        "ArrowStringArrayNumpySemantics" | "StringArrayNumpySemantics" => Some("str"),
        "ArrowExtensionArray" => Some("string[pyarrow]"),
        "StringArray" | "ArrowStringArray" => {
            let dtype = array.and_then(|array| array.get("_dtype"));
            // Since pandas 3 the dtype says what is missing: StringDtype(storage, na_value).
            let args = dtype.and_then(|dtype| dtype.as_object()).map(|dtype| dtype.args());
            let nan = args.into_iter().flatten().any(|part| part.as_f64().is_some_and(f64::is_nan));
            Some(if nan { "str" } else { "string" })
        }
        _ => None,
    }
}

/// What pandas calls these values. `array` is what it keeps them in.
pub(crate) fn describe(values: &Values<'_>, array: Option<Value<'_>>) -> Described {
    match values {
        Values::Run(Run::Range { .. } | Run::Pointers(_)) => Described::plain("int64"),
        Values::Run(Run::Lane(lane, Meaning::Zone(_))) => {
            Described::plain(format!("datetime64[{}]", lane.dtype().unit.map_or("ns", |tick| tick.unit)))
        }
        Values::Run(Run::Lane(_, Meaning::Period(freq))) => {
            let freq = Frequency::of(*freq).map_or_else(String::new, |freq| freq.to_string());
            let parameters = json!({ "freq": freq }).to_string();
            Described { extension: Some(("pandas.period", parameters)), ..Described::plain(format!("period[{freq}]")) }
        }
        Values::Run(Run::Lane(lane, _)) if lane.is_objects() => Described::plain(strings(array).unwrap_or("object")),
        Values::Run(Run::Lane(lane, _)) => match lane.dtype().kind {
            b'S' | b'U' | b'V' => Described::object(),
            // The byte order of this machine.
            _ => Described::plain(lane.dtype().to_string().trim_start_matches(['>', '<']).to_owned()),
        },
        Values::Run(Run::Arrow(arrow)) => Described::plain(match arrow.kind() {
            ArrowType::Text { utf8: true, .. } => strings(array).unwrap_or("str").to_owned(),
            ArrowType::Dictionary(_, values) => ArrowType::of(values).map_or_else(|| "object".to_owned(), numpy_type),
            kind => numpy_type(kind),
        }),
        Values::Masked(data, _) if data.is_objects() => Described::plain(strings(array).unwrap_or("string")),
        Values::Masked(data, _) => {
            let name = data.dtype().to_string();
            Described::plain(match name.as_str() {
                "bool" => "boolean".to_owned(),
                name => name.replacen("uint", "UInt", 1).replacen("int", "Int", 1).replacen("float", "Float", 1),
            })
        }
        Values::Stored(stored) => match stored.dtype() {
            Some(dtype) => Described::plain(dtype.to_string()),
            None => Described::object(),
        },
        Values::Sparse { values, .. } => Described::plain(values.dtype().to_string()),
        Values::Categorical { categories: Categories::Run(run), .. } => describe(&Values::Run(*run), None),
        _ => Described::object(),
    }
}

/// `numpy_type` of a column of pyarrow. pandas reads no name with a number in it back, and calls decimals objects.
fn numpy_type(kind: ArrowType<'_>) -> String {
    match kind {
        ArrowType::Decimal(..) | ArrowType::Fixed(_) | ArrowType::Dictionary(..) => "object".to_owned(),
        kind => format!("{}[pyarrow]", arrow_name(kind)),
    }
}

fn arrow_name(kind: ArrowType<'_>) -> String {
    match kind {
        ArrowType::Null => "null".into(),
        ArrowType::Bool => "bool".into(),
        ArrowType::Int(bits, true) => format!("int{bits}"),
        ArrowType::Int(bits, false) => format!("uint{bits}"),
        ArrowType::Float(16) => "halffloat".into(),
        ArrowType::Float(32) => "float".into(),
        ArrowType::Float(_) => "double".into(),
        ArrowType::Timestamp(unit, Some(zone)) => format!("timestamp[{}, tz={zone}]", unit.name()),
        ArrowType::Timestamp(unit, None) => format!("timestamp[{}]", unit.name()),
        ArrowType::Duration(unit) => format!("duration[{}]", unit.name()),
        ArrowType::Date(32) => "date32[day]".into(),
        ArrowType::Date(_) => "date64[ms]".into(),
        ArrowType::Time(unit, bits) => format!("time{bits}[{}]", unit.name()),
        ArrowType::Decimal(precision, scale) => format!("decimal128({precision}, {scale})"),
        ArrowType::Fixed(len) => format!("fixed_size_binary[{len}]"),
        ArrowType::Text { utf8: false, large: true } => "large_binary".into(),
        ArrowType::Text { utf8: false, .. } => "binary".into(),
        _ => "string".into(),
    }
}

/// A level of the columns' labels.
pub(crate) fn column_index(values: &Values<'_>, name: Option<String>) -> Json {
    let values = match values {
        Values::Categorical { categories: Categories::Run(run), .. } => &Values::Run(*run),
        values => values,
    };
    let described = match values {
        // pandas reads no such type back out of the texts: they stay texts.
        Values::Masked(..) | Values::Run(Run::Lane(_, Meaning::Period(_) | Meaning::Nullable)) => Described::object(),
        values => describe(values, None),
    };
    let zone = match values {
        Values::Run(Run::Lane(_, Meaning::Zone(zone))) => Zone::of(pickle_core::view::Zone::of(*zone)),
        _ => None,
    };
    let is_text = |text: &dyn Fn(Value<'_>) -> bool| match values {
        Values::Run(Run::Items(list)) => list.items().into_iter().flatten().all(text),
        Values::Run(Run::Lane(lane, Meaning::Plain)) if lane.is_objects() => {
            lane.cells().all(|cell| matches!(cell, pickle_core::table::Cell::Value(value) if text(value)))
        }
        _ => true,
    };
    let (logical, metadata) = match described.dtype.as_str() {
        _ if zone.is_some() => ("datetimetz", json!({ "timezone": zone.map(|zone| zone.name().to_string()) })),
        "str" | "string" => ("unicode", json!({ "encoding": "UTF-8" })),
        "object" if is_text(&|value| value.as_str().is_some()) => ("unicode", json!({ "encoding": "UTF-8" })),
        "object" if is_text(&|value| value.as_i64().is_some()) => ("integer", Json::Null),
        "object" => ("mixed", Json::Null),
        dtype => (dtype, Json::Null),
    };
    json!({
        "name": name,
        "field_name": name,
        "pandas_type": logical,
        "numpy_type": described.dtype,
        "metadata": metadata,
    })
}

/// The whole of the metadata.
pub(crate) fn metadata(index_columns: Vec<Json>, column_indexes: Vec<Json>, columns: Vec<Json>) -> String {
    let mut whole = Map::new();
    whole.insert("index_columns".into(), index_columns.into());
    whole.insert("column_indexes".into(), column_indexes.into());
    whole.insert("columns".into(), columns.into());
    whole.insert("attributes".into(), json!({}));
    whole.insert("creator".into(), json!({ "library": "pickle-arrow", "version": env!("CARGO_PKG_VERSION") }));
    whole.insert("pandas_version".into(), Json::Null);
    Json::Object(whole).to_string()
}
