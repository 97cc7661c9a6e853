//! Labels as text: what columns are called that pandas calls by values of any type.

use crate::text::{Offset, real, span, timestamp};
use crate::{Text, names};
use pickle_core::table::{ArrowType, Categories, Cell, Closed, Frequency, Interval, Lane, Meaning, Run, Values};
use std::fmt::Write;

/// The labels of a level.
pub(crate) struct Labels<'d> {
    /// Each in constant time. Of intervals there are none.
    cells: Vec<Option<Cell<'d>>>,
    intervals: Option<Values<'d>>,
    zone: Option<Offset>,
    freq: Option<Frequency<'d>>,
    /// What `str()` of one that is missing is.
    missing: &'static str,
}

impl<'d> Labels<'d> {
    /// From the labels of one level.
    ///
    /// # Errors
    /// What of them is not known.
    pub(crate) fn of(values: &Values<'d>) -> Result<Self, String> {
        let mut labels = Labels { cells: Vec::new(), intervals: None, zone: None, freq: None, missing: "nan" };
        match values {
            Values::Run(run) => labels.cells = run_cells(run),
            Values::Categorical { codes, categories: Categories::Run(run), .. } => {
                let names = run_cells(run);
                check(codes, names.len())?;
                let name = |code: Cell<'_>| match usize::try_from(code.as_int()?) {
                    Ok(code) => names.get(code).copied().flatten(),
                    Err(_) => Some(Cell::Null),
                };
                labels.cells = codes.cells().map(name).collect();
            }
            Values::Categorical { codes, categories: Categories::Intervals(left, ..), .. } => {
                check(codes, left.len())?;
                labels.intervals = Some(*values);
            }
            Values::Intervals(..) => labels.intervals = Some(*values),
            values => labels.cells = (0..values.len()).map(|at| values.cell(at)).collect(),
        }
        if let Some(zone) = values.zone() {
            let name = || zone.as_str().unwrap_or("of a class that is not known").to_owned();
            labels.zone = Some(Offset::of(zone).ok_or_else(|| format!("their zone {} is not known", name()))?);
        }
        match values {
            Values::Masked(..) => labels.missing = "<NA>",
            Values::Run(run) | Values::Categorical { categories: Categories::Run(run), .. } => labels.learn(run)?,
            _ => {}
        }
        match labels.cells.iter().flatten().find(|cell| !has_text(cell)) {
            Some(_) => Err(format!("there is no text for labels of the type {}", values.dtype())),
            None => Ok(labels),
        }
    }

    /// What the cells do not say.
    fn learn(&mut self, run: &Run<'d>) -> Result<(), String> {
        match run {
            Run::Lane(_, Meaning::Period(freq)) => {
                let known = Frequency::of(*freq).filter(Frequency::is_known);
                self.freq = Some(known.ok_or("their frequency is not known")?);
                self.missing = "NaT";
            }
            Run::Lane(_, Meaning::Nullable) => self.missing = "<NA>",
            Run::Lane(_, Meaning::Zone(_)) => self.missing = "NaT",
            Run::Lane(lane, _) if matches!(lane.dtype().kind, b'M' | b'm') => self.missing = "NaT",
            Run::Arrow(arrow) => {
                if let ArrowType::Timestamp(_, Some(name)) = arrow.kind() {
                    let zone = name.parse().map_err(|_| format!("their zone {name} is not known"))?;
                    self.zone = Some(Offset::Named(zone));
                }
                if !matches!(arrow.kind(), ArrowType::Text { utf8: true, .. }) {
                    self.missing = "<NA>";
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `str()` of a label.
    pub(crate) fn text(&self, number: usize, json: Text, out: &mut String) {
        let Some(values) = &self.intervals else {
            return self.cell(self.cells.get(number).and_then(Option::as_ref), json, out);
        };
        match values.interval(number).flatten() {
            Some(Interval { left, right, closed, .. }) => {
                out.push(if matches!(closed, Closed::Left | Closed::Both) { '[' } else { '(' });
                self.cell(Some(&left), json, out);
                out.push_str(", ");
                self.cell(Some(&right), json, out);
                out.push(if matches!(closed, Closed::Right | Closed::Both) { ']' } else { ')' });
            }
            None => out.push_str(self.missing),
        }
    }

    fn cell(&self, cell: Option<&Cell<'d>>, json: Text, out: &mut String) {
        // Writing to a String does not fail.
        let _ = match cell {
            None | Some(Cell::Null) => write!(out, "{}", self.missing),
            Some(Cell::Bool(flag)) => write!(out, "{}", if *flag { "True" } else { "False" }),
            Some(Cell::Int(int)) => write!(out, "{int}"),
            Some(Cell::Uint(int)) => write!(out, "{int}"),
            Some(Cell::Float(float, _)) => write!(out, "{}", real(*float)),
            Some(Cell::DateTime(ticks, unit)) => {
                timestamp(*ticks, *unit, self.zone, out);
                Ok(())
            }
            Some(Cell::TimeDelta(ticks, unit)) => {
                span(*ticks, *unit, out);
                Ok(())
            }
            Some(Cell::Period(ordinal)) => match &self.freq {
                Some(freq) => freq.period(*ordinal, out),
                None => write!(out, "{ordinal}"),
            },
            Some(Cell::Chars(piece, big)) => {
                out.extend(piece.chars(*big));
                Ok(())
            }
            Some(Cell::Value(value)) => {
                names::of_value(*value, false, json, out);
                Ok(())
            }
            Some(cell) => write!(out, "{}", cell.as_text().unwrap_or_default()),
        };
    }
}

fn run_cells<'d>(run: &Run<'d>) -> Vec<Option<Cell<'d>>> {
    match run {
        Run::Items(list) => list.items().into_iter().flatten().map(|value| Some(Cell::Value(value))).collect(),
        Run::Lane(lane, Meaning::Plain | Meaning::Nullable | Meaning::Zone(_)) => lane.cells().map(Some).collect(),
        Run::Arrow(arrow) => arrow.chunks().flat_map(|chunk| (0..chunk.len()).map(move |at| chunk.cell(at))).collect(),
        run => (0..run.len()).map(|row| run.cell(row)).collect(),
    }
}

fn check(codes: &Lane<'_>, categories: usize) -> Result<(), String> {
    match codes.stray_code(categories) {
        Some(code) => Err(format!("what the code {code} of their categories stands for is not known")),
        None => Ok(()),
    }
}

fn has_text(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Null | Cell::Bool(_) | Cell::Int(_) | Cell::Uint(_) | Cell::Float(..) | Cell::Period(_) => true,
        Cell::Text(_) | Cell::Chars(..) | Cell::Value(_) => true,
        Cell::DateTime(_, unit) | Cell::TimeDelta(_, unit) => unit.per_second().is_some() || unit.seconds().is_some(),
        _ => false,
    }
}
