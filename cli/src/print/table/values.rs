//! The cells of a column, ready to be written in any form.

use super::text;
use super::time::{self, Instant, Style, Zone};
use super::{Other, python, wkt};
use pickle_core::Value;
use pickle_core::known::Octets;
use pickle_core::table::{
    ArrowType, Categories, Cell, Chunk, Closed, Copies, Frequency, Interval, Lane, Meaning, Run, Scalar, Unit, Values,
};
use std::fmt::Write;

/// What a table is made with.
pub struct Arena {
    /// Copies of bytes that a pickle has as text.
    copies: typed_arena::Arena<Vec<u8>>,
    /// What is written of objects that have no text of their own.
    pub other: Other,
}

impl Arena {
    /// Nothing is copied yet.
    pub fn new(other: Other) -> Self {
        Arena { copies: typed_arena::Arena::with_capacity(0), other }
    }

    fn alloc(&self, bytes: Vec<u8>) -> &[u8] {
        self.copies.alloc(bytes)
    }
}

/// One value.
#[derive(Clone, Copy)]
pub enum Item<'d> {
    /// A cell.
    Cell(Cell<'d>),
    /// An interval.
    Interval(Cell<'d>, Cell<'d>, Closed),
}

/// What is lost of a value that is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It is infinite, which JSON has not.
    Infinity,
    /// It is bytes that are no UTF-8.
    Bytes,
    /// It has no text of its own.
    NoText,
}

/// Where the values of a column are.
enum Data<'d> {
    Values(Box<Values<'d>>),
    Chunks(Vec<Chunk<'d>>),
    /// Objects; None where there is nothing.
    Objects(Vec<Option<Value<'d>>>),
    /// What is found only one after the other.
    Cells(Vec<Cell<'d>>),
    /// Codes and what they stand for.
    Coded(Box<Lane<'d>>, Vec<Item<'d>>),
}

/// A column.
pub struct Column<'d> {
    data: Data<'d>,
    /// Its categories have an order.
    ordered: bool,
    len: usize,
    /// As pandas names it.
    pub dtype: String,
    zone: Option<Zone>,
    /// pyarrow keeps it.
    is_arrow: bool,
    /// What `str()` of a missing label is.
    missing: &'static str,
    freq: Option<Frequency<'d>>,
    other: Other,
    /// A zone or frequency that is not known: what its cells cannot say.
    pub unknown: Option<String>,
}

impl<'d> Column<'d> {
    /// Objects one by one.
    pub fn objects(values: Vec<Option<Value<'d>>>, other: Other) -> Self {
        let dtype = kind_of(&values).to_owned();
        let (len, data, ordered) = (values.len(), Data::Objects(values), false);
        let (zone, freq) = (None, None);
        Column { len, data, ordered, dtype, zone, is_arrow: false, missing: "nan", freq, other, unknown: None }
    }

    /// The values of a table's column. `copies` are those that were made for other columns of it.
    pub fn of(values: Values<'d>, arena: &'d Arena, copies: &mut Copies<'d>) -> Self {
        let mut copy = |octets: Octets<'d>| copies.get(octets, |octets: Octets<'d>| arena.alloc(octets.collect()));
        let values = values.with_bytes(&mut copy);
        let len = values.len();
        let dtype = values.dtype().to_string();
        let mut unknown = None;
        let zone = values.zone().and_then(|zone| match Zone::of(zone) {
            Ok(zone) => Some(zone),
            Err(name) => {
                unknown = Some(format!("the zone {name}"));
                None
            }
        });
        let freq = match &values {
            Values::Run(Run::Lane(_, Meaning::Period(freq)))
            | Values::Categorical { categories: Categories::Run(Run::Lane(_, Meaning::Period(freq))), .. } => {
                let freq = Frequency::of(*freq);
                if !freq.is_some_and(|freq| freq.is_known()) {
                    unknown = Some("its frequency".to_owned());
                }
                freq
            }
            _ => None,
        };
        let missing = match &values {
            Values::Run(run) | Values::Categorical { categories: Categories::Run(run), .. } => missing_in(run),
            Values::Masked(..) => "<NA>",
            _ => "nan",
        };
        let ordered = matches!(values, Values::Categorical { ordered: true, .. });
        let run_items = |run: &Run<'d>| -> Vec<Item<'d>> { run_cells(run).into_iter().map(Item::Cell).collect() };
        let mut zone = zone;
        let data = match values {
            Values::Run(Run::Arrow(arrow)) => {
                if let ArrowType::Timestamp(_, Some(name)) = arrow.kind() {
                    zone = name.parse().ok().map(Zone::Named);
                    if zone.is_none() {
                        unknown = Some(format!("the zone {name}"));
                    }
                }
                Data::Chunks(arrow.chunks().map(|chunk| chunk.with_bytes(&mut copy)).collect())
            }
            Values::Run(run @ Run::Items(_)) => Data::Objects(values_of(run_cells(&run))),
            Values::Stored(stored) => match stored.dtype() {
                Some(_) => Data::Cells(stored.cells().collect()),
                None => Data::Objects(values_of(stored.cells().collect())),
            },
            Values::Run(run @ Run::Lane(lane, _)) if lane.is_objects() => Data::Objects(values_of(run_cells(&run))),
            Values::Categorical { codes, categories, .. } => {
                let items = match &categories {
                    Categories::Run(run) => run_items(run),
                    Categories::Intervals(left, right, closed) => run_cells(left)
                        .into_iter()
                        .zip(run_cells(right))
                        .map(|(left, right)| Item::Interval(left, right, *closed))
                        .collect(),
                    _ => Vec::new(),
                };
                Data::Coded(Box::new(codes), items)
            }
            values => Data::Values(Box::new(values)),
        };
        let is_arrow = matches!(data, Data::Chunks(_));
        let mut column =
            Column { data, ordered, len, dtype, zone, is_arrow, missing, freq, other: arena.other, unknown };
        if column.unknown.is_none() && !column.has_values() {
            column.unknown = Some("what an index of its dictionary stands for".to_owned());
        }
        if column.unknown.is_none()
            && let Some(code) = column.stray_code()
        {
            column.unknown = Some(format!("what the code {code} of its categories stands for"));
        }
        column
    }

    /// The first code that stands for none of the categories.
    fn stray_code(&self) -> Option<i128> {
        let Data::Coded(codes, items) = &self.data else { return None };
        codes.stray_code(items.len())
    }

    /// Every index of a dictionary has a value.
    fn has_values(&self) -> bool {
        let Data::Chunks(chunks) = &self.data else { return true };
        let mut coded = chunks.iter().filter(|chunk| matches!(chunk.kind(), ArrowType::Dictionary(..)));
        coded.all(|chunk| (0..chunk.len()).all(|at| chunk.cell(at).is_some()))
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// No values.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a row as the pickle has it; None behind the last, and for an interval that is missing.
    pub fn stored(&self, row: usize) -> Option<Item<'d>> {
        Some(match &self.data {
            Data::Objects(values) => Item::Cell(Cell::Value((*values.get(row)?)?)),
            Data::Cells(cells) => Item::Cell(*cells.get(row)?),
            Data::Chunks(chunks) => {
                let mut row = row;
                let chunk = chunks.iter().find(|chunk| match row.checked_sub(chunk.len()) {
                    None => true,
                    Some(rest) => {
                        row = rest;
                        false
                    }
                });
                Item::Cell(chunk?.cell(row)?)
            }
            Data::Coded(codes, items) => match usize::try_from(codes.cell(row)?.as_int()?) {
                Ok(code) => *items.get(code)?,
                Err(_) => Item::Cell(Cell::Null),
            },
            Data::Values(values) => match values.cell(row) {
                Some(cell) => Item::Cell(cell),
                None => {
                    let Interval { left, right, closed, .. } = values.interval(row)??;
                    Item::Interval(left, right, closed)
                }
            },
        })
    }

    /// The value of a row; None where it is missing.
    pub fn item(&self, row: usize) -> Option<Item<'d>> {
        match self.stored(row)? {
            Item::Cell(Cell::Null) => None,
            // To pyarrow it is a number.
            Item::Cell(Cell::Float(float, _)) if float.is_nan() && !self.is_arrow => None,
            Item::Cell(Cell::Complex(re, im, _)) if re.is_nan() || im.is_nan() => None,
            Item::Cell(Cell::Value(value)) if python::is_missing(value) => None,
            item => Some(item),
        }
    }

    /// Rows need not be looked at to know that none is a time or span.
    fn may_have_times(&self) -> bool {
        match &self.data {
            Data::Values(values) => match **values {
                Values::Run(Run::Range { .. } | Run::Pointers(_)) | Values::Intervals(..) => false,
                Values::Run(Run::Lane(lane, _)) | Values::Masked(lane, _) => matches!(lane.dtype().kind, b'M' | b'm'),
                _ => true,
            },
            _ => true,
        }
    }

    /// How times and spans of some rows are written together.
    pub fn style(&self, rows: impl Iterator<Item = usize>) -> Style {
        if !self.may_have_times() {
            return Style::default();
        }
        let mut times = rows.filter_map(|row| match self.item(row)? {
            Item::Cell(Cell::DateTime(ticks, unit) | Cell::TimeDelta(ticks, unit)) => Some(Instant::of(ticks, unit)),
            _ => None,
        });
        match &self.data {
            Data::Objects(_) => Style::default(),
            Data::Chunks(_) => Style { dates_only: false, digits: 10 },
            _ => match times.next() {
                Some(first) => Style::of(std::iter::once(first).chain(times)),
                None => Style::default(),
            },
        }
    }

    /// Some value may not be written as it is: in JSON, or in other text.
    pub fn may_lose(&self, json: bool) -> bool {
        match &self.data {
            Data::Values(values) => match &**values {
                Values::Run(Run::Range { .. }) => false,
                Values::Run(Run::Lane(lane, _)) | Values::Sparse { values: lane, .. } => match lane.dtype().kind {
                    b'f' | b'S' | b'a' | b'V' => json,
                    kind => kind == b'O',
                },
                _ => true,
            },
            _ => true,
        }
    }

    /// What of the value of a row is not written as it is.
    pub fn lost(&self, row: usize, json: bool) -> Option<Loss> {
        match self.item(row)? {
            Item::Cell(Cell::Float(float, _)) if json && float.is_infinite() => Some(Loss::Infinity),
            Item::Cell(Cell::Bytes(piece)) if json => {
                let bytes: Vec<u8> = piece.bytes().collect();
                std::str::from_utf8(&bytes).err().map(|_| Loss::Bytes)
            }
            Item::Cell(Cell::Value(value)) if !json => {
                if python::has_text(value, self.other) {
                    None
                } else {
                    Some(Loss::NoText)
                }
            }
            _ => None,
        }
    }

    /// The value of a row as `to_csv` writes it; nothing where it is missing.
    pub fn write(&self, row: usize, style: Style, out: &mut String) {
        self.write_item(self.item(row), style, out);
    }

    fn write_item(&self, item: Option<Item<'d>>, style: Style, out: &mut String) {
        match item {
            // pyarrow gives pandas floats of 64 bits.
            Some(Item::Cell(Cell::Float(float, _))) if self.is_arrow => self.cell(Cell::Float(float, 64), style, out),
            Some(Item::Cell(cell)) => self.cell(cell, style, out),
            Some(Item::Interval(left, right, closed)) => {
                let end = Style { dates_only: false, digits: 10 };
                out.push(if matches!(closed, Closed::Left | Closed::Both) { '[' } else { '(' });
                self.cell(left, end, out);
                out.push_str(", ");
                self.cell(right, end, out);
                out.push(if matches!(closed, Closed::Right | Closed::Both) { ']' } else { ')' });
            }
            None => {}
        }
    }

    fn cell(&self, cell: Cell<'d>, style: Style, out: &mut String) {
        // Writing to a String does not fail.
        let _ = match cell {
            Cell::Null => Ok(()),
            Cell::Bool(flag) => write!(out, "{}", if flag { "True" } else { "False" }),
            Cell::Int(int) => write!(out, "{int}"),
            Cell::Uint(int) => write!(out, "{int}"),
            Cell::Float(value, bits) => write!(out, "{}", text::float(value, bits)),
            Cell::Complex(re, im, bits) => write!(out, "{}", text::complex(re, im, bits)),
            Cell::Text(text) => write!(out, "{text}"),
            Cell::Chars(piece, big) => {
                out.extend(piece.chars(big));
                Ok(())
            }
            Cell::Bytes(piece) => {
                let bytes: Vec<u8> = piece.bytes().collect();
                write!(out, "{}", bytes_repr(&bytes))
            }
            Cell::DateTime(ticks, unit) if is_of_numpy(unit) => write!(out, "{}", unit.datetime(ticks)),
            Cell::TimeDelta(ticks, unit) if is_of_numpy(unit) || matches!(unit, Unit::Year | Unit::Month) => {
                write!(out, "{}", unit.timedelta(ticks))
            }
            Cell::DateTime(ticks, unit) => {
                let at = Instant::of(ticks, unit);
                // A span of digits that no column has: each time for itself.
                match (self.zone, style.digits) {
                    (None, 0..=9) => time::naive(at, style, out),
                    (zone, digits) => time::zoned(at, zone, ' ', digits, out),
                }
                Ok(())
            }
            Cell::TimeDelta(ticks, unit) => {
                time::span(ticks, unit, style, out);
                Ok(())
            }
            Cell::Period(ordinal) => match self.freq {
                Some(freq) => freq.period(ordinal, out),
                None => write!(out, "{ordinal}"),
            },
            Cell::Date(day) => {
                time::date(day.into(), out);
                Ok(())
            }
            Cell::Time(ticks, unit) => {
                let mut whole = String::new();
                time::timestamp(Instant::of(ticks, unit), None, ' ', &mut whole);
                write!(out, "{}", whole.split_once(' ').map_or("", |(_, time)| time))
            }
            Cell::Decimal(digits, scale) => write!(out, "{}", decimal(digits, scale)),
            Cell::Value(value) => {
                match self.geometry(value) {
                    Some(text) => out.push_str(&text),
                    None => python::text(value, self.other, out),
                }
                Ok(())
            }
            Cell::Raw(piece) => {
                let bytes: Vec<u8> = piece.bytes().collect();
                write!(out, "{}", bytes_repr(&bytes))
            }
            _ => Ok(()),
        };
    }

    /// The text of a geometry.
    fn geometry(&self, value: Value<'d>) -> Option<String> {
        if self.dtype == "geometry" { wkt::of_bytes(value) } else { None }
    }

    /// The label of a row as `str()` has it, where columns have several: times with the clock, and a word for what is missing.
    pub fn heading(&self, row: usize, out: &mut String) {
        let own = Style { dates_only: false, digits: 10 };
        match self.item(row) {
            None => out.push_str(self.missing),
            Some(Item::Cell(Cell::Float(float, _))) => self.cell(Cell::Float(float, 64), own, out),
            Some(_) => self.write(row, own, out),
        }
    }

    /// What the codes of a categorical stand for, as JSON, and whether that has an order.
    pub fn categories(&self) -> Option<(Vec<String>, bool)> {
        let Data::Coded(_, items) = &self.data else { return None };
        if self.dtype != "category" {
            return None;
        }
        let json = |item: &Item<'d>| {
            let mut text = String::new();
            self.item_json(Some(*item), &mut text);
            text
        };
        Some((items.iter().map(json).collect(), self.ordered))
    }

    /// The value of a row as text that no other value of a column of its type has: as JSON, with a word for each that JSON has
    /// not. Objects are told apart by their JSON alone.
    pub fn distinct(&self, row: usize, out: &mut String) {
        // Writing to a String does not fail.
        let _ = match self.stored(row) {
            None | Some(Item::Cell(Cell::Null)) => write!(out, "null"),
            Some(Item::Cell(Cell::Float(float, _))) if !float.is_finite() => write!(out, "{float}"),
            Some(Item::Cell(Cell::Complex(re, im, _))) if re.is_nan() || im.is_nan() => write!(out, "{re}, {im}"),
            item => {
                self.item_json(item, out);
                Ok(())
            }
        };
    }

    /// The value of a row as JSON.
    pub fn json(&self, row: usize, out: &mut String) {
        self.item_json(self.item(row), out);
    }

    fn item_json(&self, item: Option<Item<'d>>, out: &mut String) {
        let quoted = |text: &str, out: &mut String| out.push_str(&serde_json::Value::from(text).to_string());
        let cell = match item {
            None | Some(Item::Cell(Cell::Null)) => return out.push_str("null"),
            Some(item @ Item::Interval(..)) => {
                let mut text = String::new();
                self.write_item(Some(item), Style::default(), &mut text);
                return quoted(&text, out);
            }
            Some(Item::Cell(cell)) => cell,
        };
        let mut text = String::new();
        match cell {
            Cell::Bool(flag) => out.push_str(if flag { "true" } else { "false" }),
            Cell::Float(float, _) if !float.is_finite() => out.push_str("null"),
            Cell::Int(_) | Cell::Uint(_) | Cell::Float(..) => self.cell(cell, Style::default(), out),
            Cell::DateTime(_, unit) | Cell::TimeDelta(_, unit) if is_of_numpy(unit) => {
                self.cell(cell, Style::default(), &mut text);
                quoted(&text, out);
            }
            Cell::TimeDelta(_, Unit::Year | Unit::Month) => {
                self.cell(cell, Style::default(), &mut text);
                quoted(&text, out);
            }
            Cell::DateTime(ticks, unit) => {
                time::iso(Instant::of(ticks, unit), self.zone.is_some(), &mut text);
                quoted(&text, out);
            }
            Cell::TimeDelta(ticks, unit) => {
                time::iso_span(ticks, unit, &mut text);
                quoted(&text, out);
            }
            Cell::Value(value) => match Scalar::of(value) {
                Some(Scalar::Timestamp(ticks, unit, zone)) => {
                    time::iso(Instant::of(ticks, unit), zone.is_some(), &mut text);
                    quoted(&text, out);
                }
                Some(Scalar::Timedelta(ticks, unit)) => {
                    time::iso_span(ticks, unit, &mut text);
                    quoted(&text, out);
                }
                Some(_) => {
                    python::text(value, self.other, &mut text);
                    quoted(&text, out);
                }
                None => match self.geometry(value) {
                    Some(geometry) => quoted(&geometry, out),
                    None => {
                        (self.other)(value, out);
                    }
                },
            },
            Cell::Bytes(piece) => {
                let bytes: Vec<u8> = piece.bytes().collect();
                quoted(&String::from_utf8_lossy(&bytes), out);
            }
            cell => {
                self.cell(cell, Style::default(), &mut text);
                quoted(&text, out);
            }
        }
    }

    /// Numbers stand to the right.
    pub fn is_number(&self) -> bool {
        ["int", "uint", "float", "Int", "UInt", "Float", "complex", "double"]
            .iter()
            .any(|name| self.dtype.starts_with(name))
    }
}

/// What `str()` of a missing label of these is.
fn missing_in(run: &Run<'_>) -> &'static str {
    match run {
        Run::Lane(_, Meaning::Nullable) => "<NA>",
        Run::Lane(_, Meaning::Zone(_) | Meaning::Period(_)) => "NaT",
        Run::Lane(lane, _) if matches!(lane.dtype().kind, b'M' | b'm') => "NaT",
        Run::Arrow(arrow) if !matches!(arrow.kind(), ArrowType::Text { utf8: true, .. }) => "<NA>",
        _ => "nan",
    }
}

/// No column of pandas has it, and it is shorter than what Python's times have.
fn is_of_numpy(unit: Unit) -> bool {
    matches!(unit, Unit::Pico | Unit::Femto | Unit::Atto)
}

fn bytes_repr(bytes: &[u8]) -> String {
    let mut seen = crate::print::pyrepr::QuotesSeen::default();
    seen.see_bytes(bytes);
    let quote = seen.choice();
    let mut text = vec![b'b', quote];
    bytes.iter().for_each(|&byte| crate::print::pyrepr::push_code(&mut text, byte.into(), quote, true));
    text.push(quote);
    String::from_utf8_lossy(&text).into_owned()
}

/// Digits with a point before the last `scale`.
pub fn decimal(digits: i128, scale: i8) -> String {
    let (sign, text) = (if digits < 0 { "-" } else { "" }, digits.unsigned_abs().to_string());
    let Ok(scale) = usize::try_from(scale) else { return format!("{sign}{text}E+{}", -i32::from(scale)) };
    if scale == 0 {
        return format!("{sign}{text}");
    }
    let text = format!("{text:0>width$}", width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

fn run_cells<'d>(run: &Run<'d>) -> Vec<Cell<'d>> {
    match run {
        Run::Items(list) => list.items().into_iter().flatten().map(Cell::Value).collect(),
        Run::Lane(lane, Meaning::Plain | Meaning::Nullable | Meaning::Zone(_)) => lane.cells().collect(),
        Run::Arrow(arrow) => {
            arrow.chunks().flat_map(|chunk| (0..chunk.len()).filter_map(move |at| chunk.cell(at))).collect()
        }
        run => (0..run.len()).filter_map(|row| run.cell(row)).collect(),
    }
}

fn values_of(cells: Vec<Cell<'_>>) -> Vec<Option<Value<'_>>> {
    let value = |cell| if let Cell::Value(value) = cell { Some(value) } else { None };
    cells.into_iter().map(value).collect()
}

/// What objects are, if all are the same.
fn kind_of(values: &[Option<Value<'_>>]) -> &'static str {
    use pickle_core::Kind;
    let mut kinds = values.iter().flatten().filter(|value| !value.is_none()).map(|value| value.kind());
    let Some(first) = kinds.next() else { return "object" };
    if !kinds.all(|kind| kind == first) {
        return "object";
    }
    match first {
        Kind::Int => "int",
        Kind::Float => "float",
        Kind::Bool => "bool",
        Kind::Str | Kind::Str8 => "str",
        _ => "object",
    }
}
