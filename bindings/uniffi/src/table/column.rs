//! Writing: columns of cells, all of a kind.

use super::atom::Atom;
use super::cells::each;
use super::kind::Kind;
use crate::flat::write::{encode_list, number};
use crate::{ErrorKind, PickleError};
use foldhash::fast::RandomState;
use pickle_core::Value;
use pickle_core::table::{Categories, Cell, Chunk, Closed, Frequency, Lane, Meaning, Run, Values};
use pickle_core::view::Octets;
use std::collections::HashMap;

/// Bytes of a table: what a Java array can hold.
const LEN_MAX: usize = i32::MAX as usize - 64;

/// A table that is being written.
pub(super) struct Writer<'a> {
    pub(super) bytes: Vec<u8>,
    path: &'a str,
    /// Cells that may still come, and bytes that there may be.
    cells: usize,
    limit: usize,
    max_depth: u32,
}

/// Why a column cannot be written.
pub(super) enum Bad {
    Cell,
    Zone,
    Error(PickleError),
}

impl From<PickleError> for Bad {
    fn from(error: PickleError) -> Self {
        Bad::Error(error)
    }
}

type Copy<'c, 'd> = &'c mut dyn FnMut(Octets<'d>) -> &'d [u8];

impl<'a> Writer<'a> {
    pub(super) fn new(path: &'a str, cells: usize, limit: usize, max_depth: u32) -> Self {
        Writer { bytes: Vec::new(), path, cells, limit: limit.min(LEN_MAX), max_depth }
    }

    pub(super) fn error(&self, kind: ErrorKind, text: &str) -> PickleError {
        PickleError::new(kind, 0, [self.path, " ", text].concat())
    }

    pub(super) fn refused(&self, error: pickle_core::table::TableError) -> PickleError {
        self.error(ErrorKind::NoTable, &format!("is not a table that can be read: {error}"))
    }

    pub(super) fn column_refused(&self, name: Option<&str>, error: pickle_core::table::TableError) -> PickleError {
        self.error(ErrorKind::NoTable, &format!("has a column {} that cannot be read: {error}", name.unwrap_or("?")))
    }

    fn too_large(&self) -> PickleError {
        self.error(
            ErrorKind::SizeLimit,
            "is a table with far more cells than the pickle has bytes, or takes more than the limit or 2 GiB",
        )
    }

    /// Takes cells, each of so many bytes, from what there may be.
    fn spend(&mut self, cells: usize, size: usize) -> Result<(), PickleError> {
        let left = self.cells.checked_sub(cells);
        let end = cells.checked_mul(size).and_then(|size| size.checked_add(self.bytes.len()));
        match (left, end) {
            (Some(left), Some(end)) if end <= self.limit => {
                self.cells = left;
                Ok(())
            }
            _ => Err(self.too_large()),
        }
    }

    fn number(&mut self, n: usize) {
        number(&mut self.bytes, n as u64);
    }

    fn text(&mut self, text: &[u8]) {
        self.number(text.len());
        self.bytes.extend_from_slice(text);
    }

    pub(super) fn head(&mut self, rows: usize, columns: usize, levels: usize) -> Result<(), PickleError> {
        // Every column costs as much as a cell, also where there are no rows.
        self.spend(columns, 1)?;
        self.bytes.push(super::VERSION);
        for n in [rows, columns, levels] {
            self.number(n);
        }
        Ok(())
    }

    /// A column, whose values `write` writes.
    pub(super) fn column(
        &mut self,
        at: usize,
        name: Option<&str>,
        dtype: &str,
        write: impl FnOnce(&mut Self) -> Result<(), Bad>,
    ) -> Result<(), PickleError> {
        self.number(at);
        match name {
            Some(name) => {
                self.number(name.len() + 1);
                self.bytes.extend_from_slice(name.as_bytes());
            }
            None => self.number(0),
        }
        self.text(dtype.as_bytes());
        write(self).map_err(|bad| {
            let why = match bad {
                Bad::Error(error) => return error,
                Bad::Cell => "a cell cannot be read",
                Bad::Zone => "its time zone has no name",
            };
            let text = format!("has a column {} of {dtype} that cannot be read: {why}", name.unwrap_or("?"));
            self.error(ErrorKind::NoTable, &text)
        })?;
        if self.bytes.len() > self.limit { Err(self.too_large()) } else { Ok(()) }
    }

    pub(super) fn values<'d>(&mut self, values: &Values<'d>, copy: Copy<'_, 'd>) -> Result<(), Bad> {
        match values {
            Values::Run(Run::Range { start, step, len }) => {
                self.begin(&Kind::Range, *len);
                for n in [start, step] {
                    self.bytes.extend_from_slice(&n.to_le_bytes());
                }
                Ok(())
            }
            Values::Categorical { codes, categories, ordered } => {
                self.begin(&Kind::Category, codes.len());
                self.bytes.push(u8::from(*ordered));
                let len = match categories {
                    Categories::Run(run) => {
                        self.run(run, copy)?;
                        run.len()
                    }
                    Categories::Intervals(left, right, closed) => {
                        self.intervals(left, right, *closed, copy)?;
                        left.len()
                    }
                    _ => return Err(Bad::Cell),
                };
                self.spend(codes.len(), 4)?;
                for code in codes.cells() {
                    let code = code.as_int().filter(|code| *code >= -1 && *code < len as i128);
                    let code = code.and_then(|code| i32::try_from(code).ok()).ok_or(Bad::Cell)?;
                    self.bytes.extend_from_slice(&code.to_le_bytes());
                }
                Ok(())
            }
            Values::Intervals(left, right, closed) => self.intervals(left, right, *closed, copy),
            values => self.cells(values, copy),
        }
    }

    fn run<'d>(&mut self, run: &Run<'d>, copy: Copy<'_, 'd>) -> Result<(), Bad> {
        match run {
            Run::Range { .. } => self.values(&Values::Run(*run), copy),
            run => self.cells(&Values::Run(*run), copy),
        }
    }

    fn intervals<'d>(
        &mut self,
        left: &Run<'d>,
        right: &Run<'d>,
        closed: Closed,
        copy: Copy<'_, 'd>,
    ) -> Result<(), Bad> {
        if left.len() != right.len() {
            return Err(Bad::Cell);
        }
        self.begin(&Kind::Interval, left.len());
        self.bytes.push(match closed {
            Closed::Left => 0,
            Closed::Right => 1,
            Closed::Both => 2,
            Closed::Neither => 3,
        });
        self.run(left, copy)?;
        self.run(right, copy)
    }

    fn begin(&mut self, kind: &Kind, len: usize) {
        self.bytes.push(kind.code());
        self.number(len);
    }

    fn cells<'d>(&mut self, values: &Values<'d>, copy: Copy<'_, 'd>) -> Result<(), Bad> {
        let len = values.len();
        let mut whole = |chunk: Chunk<'d>| chunk.with_bytes(copy);
        if let Values::Run(Run::Lane(lane, Meaning::Period(frequency))) = values
            && let Some(frequency) = Frequency::of(*frequency).filter(Frequency::is_known)
        {
            return self.periods(lane, &frequency);
        }
        let kind = match Kind::of(values) {
            Some(Kind::DateTime(_, Some(zone))) if zone == "?" => return Err(Bad::Zone),
            Some(Kind::Null) => {
                self.begin(&Kind::Null, len);
                return Ok(());
            }
            Some(kind) => {
                if let Values::Run(Run::Lane(lane, _)) = values
                    && self.bulk(&kind, lane)?
                {
                    return Ok(());
                }
                kind
            }
            None => {
                let mut kind = Kind::Null;
                each(values, &mut whole, &mut |cell| {
                    if kind != Kind::Value {
                        kind = std::mem::replace(&mut kind, Kind::Null).join(Atom::cell(cell)?.kind());
                    }
                    Some(())
                })
                .ok_or(Bad::Cell)?;
                kind
            }
        };
        let is_typed = Kind::of(values).is_some();
        self.fill(kind, len, is_typed, &mut |raw, put| {
            each(values, &mut whole, &mut |cell| match cell {
                Cell::Value(value) => put(Atom::as_told(value, raw)),
                cell => put(Atom::cell(cell)?),
            })
        })
    }

    /// Cells of objects with their rows, in order; those of all other rows are missing.
    pub(super) fn objects(&mut self, rows: usize, cells: &[(usize, Value<'_>)]) -> Result<(), Bad> {
        let mut kind = Kind::Null;
        for (_, value) in cells {
            if kind == Kind::Value {
                break;
            }
            kind = kind.join(Atom::of(*value).kind());
        }
        self.fill(kind, rows, false, &mut |raw, put| {
            let mut row = 0;
            for (at, value) in cells {
                while row < *at {
                    put(Atom::Null)?;
                    row += 1;
                }
                put(Atom::as_told(*value, raw))?;
                row += 1;
            }
            (row..rows).try_for_each(|_| put(Atom::Null))
        })
    }

    #[allow(clippy::type_complexity, reason = "a function that is handed a function")]
    fn fill<'d>(
        &mut self,
        kind: Kind,
        len: usize,
        is_typed: bool,
        each: &mut dyn FnMut(bool, &mut dyn FnMut(Atom<'d>) -> Option<()>) -> Option<()>,
    ) -> Result<(), Bad> {
        self.spend(len, 9)?;
        let mut column = Cells::new(kind, len);
        let raw = column.kind == Kind::Value;
        let filled = each(raw, &mut |atom| column.put(atom)).filter(|()| column.len == len);
        if filled.is_none() {
            // Of objects, ints of which some are negative and others too large.
            if is_typed || raw {
                return Err(Bad::Cell);
            }
            column = Cells::new(Kind::Value, len);
            each(true, &mut |atom| column.put(atom)).filter(|()| column.len == len).ok_or(Bad::Cell)?;
        }
        self.finish(column)
    }

    fn finish(&mut self, column: Cells<'_>) -> Result<(), Bad> {
        self.begin(&column.kind, column.len);
        match &column.kind {
            Kind::Null => return Ok(()),
            Kind::Text | Kind::Bytes | Kind::Decimal => {
                self.number(column.texts as usize);
                self.bytes.extend_from_slice(&column.text);
                self.bytes.extend_from_slice(&column.data);
                return Ok(());
            }
            Kind::DateTime(unit, zone) => {
                self.bytes.push(*unit as u8 + 1);
                self.text(zone.as_deref().unwrap_or("").as_bytes());
            }
            Kind::TimeDelta(unit) | Kind::Time(unit) => self.bytes.push(*unit as u8 + 1),
            _ => {}
        }
        self.bytes.push(u8::from(!column.missing.is_empty()));
        self.bytes.extend_from_slice(&column.missing);
        if column.kind == Kind::Value {
            let flat = encode_list(&column.values, self.max_depth)?;
            self.text(&flat);
        } else {
            self.bytes.extend_from_slice(&column.data);
        }
        Ok(())
    }

    /// Ints and floats of 64 bits that lie in the pickle as they are written: false for all others.
    fn bulk(&mut self, kind: &Kind, lane: &Lane<'_>) -> Result<bool, PickleError> {
        let dtype = lane.dtype();
        let is_plain = matches!(kind, Kind::Int | Kind::Uint | Kind::Float) && dtype.size == 8 && !dtype.big_endian;
        let Some(items) = lane.as_bytes().filter(|items| is_plain && items.stride == 8 && dtype.unit.is_none()) else {
            return Ok(false);
        };
        let Some(bytes) = lane.len().checked_mul(8).and_then(|size| items.bytes.get(..size)) else { return Ok(false) };
        self.spend(lane.len(), 8)?;
        self.begin(kind, lane.len());
        self.bytes.push(0);
        self.bytes.extend_from_slice(bytes);
        Ok(true)
    }

    fn periods(&mut self, lane: &Lane<'_>, frequency: &Frequency<'_>) -> Result<(), Bad> {
        self.spend(lane.len(), 9)?;
        let mut column = Cells::new(Kind::Text, lane.len());
        for cell in lane.cells() {
            let Cell::Int(ordinal) = cell else { return Err(Bad::Cell) };
            if ordinal == i64::MIN {
                column.put(Atom::Null).ok_or(Bad::Cell)?;
                continue;
            }
            let mut text = String::new();
            frequency.period(ordinal, &mut text).map_err(|_| Bad::Cell)?;
            column.put(Atom::Made(text)).ok_or(Bad::Cell)?;
        }
        self.finish(column)
    }
}

/// The cells of a column.
struct Cells<'d> {
    kind: Kind,
    len: usize,
    /// A byte a cell from the first that is missing on, and what came before it.
    missing: Vec<u8>,
    data: Vec<u8>,
    /// Texts with their lengths, how many, and where those of the pickle are.
    text: Vec<u8>,
    texts: u32,
    places: HashMap<(usize, usize), u32, RandomState>,
    values: Vec<Value<'d>>,
    most: usize,
}

impl<'d> Cells<'d> {
    fn new(kind: Kind, most: usize) -> Self {
        let missing = Vec::new();
        let (text, values) = (Vec::new(), Vec::new());
        Cells { kind, len: 0, missing, data: Vec::new(), text, texts: 0, places: HashMap::default(), values, most }
    }

    /// Adds a cell; `None` where it is none of the kind, or one too many.
    fn put(&mut self, atom: Atom<'d>) -> Option<()> {
        if self.len == self.most {
            return None;
        }
        let atom = match atom {
            // NaN among what is no float is nothing.
            Atom::Float(float)
                if float.is_nan() && !matches!(self.kind, Kind::Float | Kind::Nan | Kind::Value | Kind::Complex) =>
            {
                Atom::Null
            }
            atom => atom,
        };
        let is_missing = matches!(atom, Atom::Null);
        if is_missing && self.missing.is_empty() {
            self.missing.reserve_exact(self.most);
            self.missing.resize(self.len, 0);
        }
        if is_missing || !self.missing.is_empty() {
            self.missing.push(u8::from(is_missing));
        }
        self.len += 1;
        let kind = &self.kind;
        let word = match (kind, atom) {
            (Kind::Null, Atom::Null) => return Some(()),
            (Kind::Text, Atom::Text(text)) => return self.shared(text.as_bytes()),
            (Kind::Text, Atom::Made(text)) => return self.fresh(text.as_bytes()),
            (Kind::Decimal, Atom::Decimal(text)) => return self.fresh(text.as_bytes()),
            (Kind::Bytes, Atom::Bytes(std::borrow::Cow::Borrowed(bytes))) => return self.shared(bytes),
            (Kind::Bytes, Atom::Bytes(bytes)) => return self.fresh(&bytes),
            (Kind::Text | Kind::Bytes | Kind::Decimal, Atom::Null) => return self.place(0),
            (Kind::Bool, Atom::Bool(flag)) => {
                self.data.push(u8::from(flag));
                return Some(());
            }
            (Kind::Bool, Atom::Null) => {
                self.data.push(0);
                return Some(());
            }
            (Kind::Complex, Atom::Complex(re, im)) => {
                self.data.extend_from_slice(&re.to_le_bytes());
                self.data.extend_from_slice(&im.to_le_bytes());
                return Some(());
            }
            (Kind::Complex, Atom::Null) => {
                self.data.extend_from_slice(&[0; 16]);
                return Some(());
            }
            (Kind::Value, Atom::Null) => return Some(()),
            (Kind::Value, Atom::Value(value)) => {
                self.values.push(value);
                return Some(());
            }
            (Kind::Float | Kind::Nan, Atom::Null) => f64::NAN.to_bits(),
            (_, Atom::Null) => 0,
            (Kind::Int | Kind::Large, Atom::Int(int)) => i64::try_from(int).ok()?.cast_unsigned(),
            (Kind::Uint, Atom::Int(int)) => u64::try_from(int).ok()?,
            (Kind::Float | Kind::Nan, Atom::Float(float)) => float.to_bits(),
            (Kind::Float, Atom::Int(int)) => (int as f64).to_bits(),
            (Kind::DateTime(unit, _), Atom::DateTime(ticks, have, _)) if *unit == have => ticks.cast_unsigned(),
            (Kind::TimeDelta(unit), Atom::TimeDelta(ticks, have)) if *unit == have => ticks.cast_unsigned(),
            (Kind::Time(unit), Atom::Time(ticks, have)) if *unit == have => ticks.cast_unsigned(),
            (Kind::Date, Atom::Date(days)) => days.cast_unsigned(),
            _ => return None,
        };
        self.data.extend_from_slice(&word.to_le_bytes());
        Some(())
    }

    fn place(&mut self, place: u32) -> Option<()> {
        self.data.extend_from_slice(&place.to_le_bytes());
        Some(())
    }

    /// A text of the pickle, which is written once.
    fn shared(&mut self, text: &[u8]) -> Option<()> {
        let key = (text.as_ptr() as usize, text.len());
        match self.places.get(&key) {
            Some(&place) => self.place(place),
            None => {
                self.fresh(text)?;
                self.places.insert(key, self.texts);
                Some(())
            }
        }
    }

    fn fresh(&mut self, text: &[u8]) -> Option<()> {
        self.texts = self.texts.checked_add(1)?;
        number(&mut self.text, text.len() as u64);
        self.text.extend_from_slice(text);
        self.place(self.texts)
    }
}
