//! A table with everything that is needed to write it.

use super::Other;
use super::time::Style;
use super::values::{Arena, Column};
use pickle_core::Value;
use pickle_core::table::{Categories, Copies, Index, Table, TableError, Values};
use std::sync::OnceLock;

/// The levels of an axis.
pub struct Axis<'d> {
    /// One a level.
    pub levels: Vec<Column<'d>>,
    /// Its name.
    pub names: Vec<String>,
    /// How all labels of a level are written together: known when the first is.
    styles: Vec<OnceLock<Style>>,
}

impl<'d> Axis<'d> {
    fn of(index: &Index<'d>, arena: &'d Arena) -> Result<Self, TableError> {
        let mut axis = Axis { levels: Vec::new(), names: Vec::new(), styles: Vec::new() };
        for level in 0..index.levels() {
            let values = index.level(level)?;
            let mut column = Column::of(values, arena, &mut Copies::new());
            // The codes of a level are not what it is.
            if let (Index::Multi(_), Values::Categorical { categories, .. }) = (index, values) {
                column.dtype = match categories {
                    Categories::Run(run) => Values::Run(run).dtype().to_string(),
                    Categories::Intervals(left, right, closed) => {
                        Values::Intervals(left, right, closed).dtype().to_string()
                    }
                    _ => column.dtype,
                };
            }
            axis.styles.push(OnceLock::new());
            axis.levels.push(column);
            axis.names.push(index.name(level).map_or(String::new(), |name| label(name, arena.other)));
        }
        Ok(axis)
    }

    /// The label of a level of the columns, as `to_csv` writes it: the `str()` of what is in a tuple, where there are several.
    pub fn heading(&self, level: usize, at: usize, out: &mut String) {
        match self.levels.get(level) {
            Some(column) if self.levels.len() > 1 => column.heading(at, out),
            _ => self.label(level, at, out),
        }
    }

    /// The label of a level, as `to_csv` writes it.
    pub fn label(&self, level: usize, at: usize, out: &mut String) {
        if let (Some(column), Some(style)) = (self.levels.get(level), self.styles.get(level)) {
            column.write(at, *style.get_or_init(|| column.style(0..column.len())), out);
        }
    }

    /// All labels of one place.
    pub fn joined(&self, at: usize) -> String {
        let mut text = String::new();
        for level in 0..self.levels.len() {
            if level > 0 {
                text.push_str(", ");
            }
            self.heading(level, at, &mut text);
        }
        if self.levels.len() == 1 { text } else { format!("({text})") }
    }
}

/// Why a frame's column, or a series, cannot be read.
pub fn unread(error: TableError, value: Value<'_>, column: usize) -> String {
    match (error, Table::unknown_class(value, column)) {
        (TableError::Class, Some(class)) => {
            format!("its values are of the class {}.{}, which is not known", class.module, class.name)
        }
        _ => error.to_string(),
    }
}

/// A label as text.
pub fn label(value: Value<'_>, other: Other) -> String {
    let mut text = String::new();
    super::python::text(value, other, &mut text);
    text
}

/// Rows and columns.
pub struct Grid<'d> {
    /// The labels of the rows; None where they are only counted.
    pub index: Option<Axis<'d>>,
    /// The labels of the columns, where they have several levels.
    pub header: Option<Axis<'d>>,
    /// What of the labels of the columns is not known, where they have one level.
    pub unknown_label: Option<String>,
    /// What the labels of the columns are called, one name a level.
    pub heading: Vec<String>,
    /// One a column.
    pub names: Vec<String>,
    /// The columns.
    pub columns: Vec<Column<'d>>,
    /// Number of rows.
    pub rows: usize,
    /// It is one column by its nature: a series, an index.
    pub is_series: bool,
    /// These are the first rows, and more follow.
    pub is_cut: bool,
}

impl<'d> Grid<'d> {
    /// The labels of an index as columns.
    ///
    /// # Errors
    /// Its parts do not fit together.
    pub fn index(index: &Index<'d>, arena: &'d Arena) -> Result<Self, TableError> {
        let axis = Axis::of(index, arena)?;
        let names = axis.names.iter().enumerate().map(|(at, name)| match name.as_str() {
            "" => at.to_string(),
            name => name.to_owned(),
        });
        Ok(Grid {
            names: names.collect(),
            columns: axis.levels,
            rows: index.len(),
            index: None,
            header: None,
            unknown_label: None,
            heading: Vec::new(),
            is_series: true,
            is_cut: false,
        })
    }

    /// The columns of a table.
    ///
    /// # Errors
    /// Its parts do not fit together, or are not known.
    pub fn table(value: Value<'d>, table: &Table<'d>, arena: &'d Arena) -> Result<Self, String> {
        let axis = |index: Option<&Index<'d>>| index.map(|index| Axis::of(index, arena)).transpose();
        let index = axis(table.index()).map_err(|error| format!("its index: {error}"))?;
        let header = axis(table.labels()).map_err(|error| format!("the labels of its columns: {error}"))?;
        let mut copies = Copies::new();
        let mut columns: Vec<Option<Column<'d>>> = Vec::new();
        columns.resize_with(table.columns(), || None);
        table.each_column(&mut |number, column| {
            let column = column.map_err(|error| {
                let name = match &header {
                    Some(header) => header.joined(number),
                    None => table.field(number).map_or_else(|| number.to_string(), str::to_owned),
                };
                format!("the column {name}: {}", unread(error, value, number))
            })?;
            match columns.get_mut(number) {
                Some(slot @ None) => *slot = Some(Column::of(column.values, arena, &mut copies)),
                _ => return Err(TableError::Blocks.to_string()),
            }
            Ok(())
        })?;
        let columns: Vec<Column<'d>> =
            columns.into_iter().collect::<Option<_>>().ok_or(TableError::Blocks.to_string())?;
        let names = match table.pairs() {
            Some(pairs) => pairs.map(|(key, _)| label(key, arena.other)).collect(),
            None => {
                let name = |at| match (&header, table.field(at), table.name()) {
                    (Some(header), ..) => Axis::joined(header, at),
                    (None, Some(field), _) => field.to_owned(),
                    (None, None, Some(name)) => label(name, arena.other),
                    (None, None, None) => at.to_string(),
                };
                (0..columns.len()).map(name).collect()
            }
        };
        let heading = header.as_ref().map(|header| header.names.clone()).unwrap_or_default();
        let unknown_label = header.as_ref().and_then(|header| header.levels.first()?.unknown.clone());
        let header = header.filter(|header| header.levels.len() > 1);
        let (rows, is_series) = (table.rows(), table.is_series());
        Ok(Grid { index, header, unknown_label, heading, names, columns, rows, is_series, is_cut: false })
    }

    /// What of it cannot be written, and why: zones and frequencies that are not known, codes that stand for nothing.
    pub fn unknown(&self) -> Option<String> {
        let told = |of: &str, name: &str, column: &Column<'d>| {
            let what = column.unknown.as_ref()?;
            let blank = if name.is_empty() { "" } else { " " };
            Some(format!("{of}{blank}{name} cannot be written: {what} is not known"))
        };
        let column = self.columns.iter().zip(&self.names).find_map(|(column, name)| told("the column", name, column));
        let label = || {
            let what = self.unknown_label.as_ref()?;
            Some(format!("the labels of the columns cannot be written: {what} is not known"))
        };
        column.or_else(label).or_else(|| {
            let axes = [("the index", &self.index), ("the labels of the columns", &self.header)];
            axes.into_iter().find_map(|(of, axis)| {
                let axis = axis.as_ref()?;
                axis.levels.iter().zip(&axis.names).find_map(|(level, name)| told(of, name, level))
            })
        })
    }

    /// Columns of labels before the others: with `index`, those of the index, or one for the numbers of the rows.
    pub fn labels(&self, index: bool) -> usize {
        match &self.index {
            Some(axis) if index => axis.levels.len(),
            _ => usize::from(index),
        }
    }

    /// A series, or the labels of an index of one level: its cells are items, without a name for each.
    pub fn is_one_column(&self) -> bool {
        self.is_series && self.columns.len() == 1
    }

    /// Only these columns, in this order.
    ///
    /// # Errors
    /// The name that there is not.
    pub fn select(&mut self, wanted: &[String]) -> Result<(), String> {
        let mut columns: Vec<Option<Column<'d>>> = std::mem::take(&mut self.columns).into_iter().map(Some).collect();
        let names = std::mem::take(&mut self.names);
        for name in wanted {
            let at = names.iter().position(|have| have == name).ok_or_else(|| name.clone())?;
            let column = columns.get_mut(at).and_then(Option::take).ok_or_else(|| name.clone())?;
            self.columns.push(column);
            self.names.push(name.clone());
        }
        self.header = None;
        Ok(())
    }
}
