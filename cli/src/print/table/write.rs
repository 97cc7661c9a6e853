//! A table as CSV, JSON Lines, Markdown or HTML.

use super::grid::Grid;
use super::time::Style;
use super::values::Column;
use std::io::{self, Write};
use std::ops::Range;

/// Cells that pandas writes at a time: times of a chunk are written alike.
const CHUNK: usize = 100_000;

/// Quotes a field where `csv.writer` does.
fn field(text: &str, delimiter: char, alone: bool, out: &mut String) {
    if alone && text.is_empty() {
        return out.push_str("\"\"");
    }
    if text.contains([delimiter, '"', '\n', '\r']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

fn line(fields: &mut dyn Iterator<Item = String>, delimiter: char, out: &mut dyn Write) -> io::Result<()> {
    let fields: Vec<String> = fields.collect();
    let mut text = String::new();
    for (at, it) in fields.iter().enumerate() {
        if at > 0 {
            text.push(delimiter);
        }
        field(it, delimiter, fields.len() == 1, &mut text);
    }
    text.push('\n');
    out.write_all(text.as_bytes())
}

/// As `DataFrame.to_csv` writes it.
pub fn csv(grid: &Grid<'_>, index: bool, delimiter: char, rows: Range<usize>, out: &mut dyn Write) -> io::Result<()> {
    let axis = grid.index.as_ref().filter(|_| index);
    let count = match axis {
        Some(axis) => axis.levels.len(),
        None => usize::from(index),
    };
    let names: Vec<String> = match axis {
        Some(axis) => axis.names.clone(),
        None => vec![String::new(); count],
    };
    match &grid.header {
        Some(header) => {
            for level in 0..header.levels.len() {
                let first = header.names.get(level).cloned().unwrap_or_default();
                let before = (0..count).map(|at| if at == 0 { first.clone() } else { String::new() });
                let labels = (0..grid.columns.len()).map(|at| {
                    let mut text = String::new();
                    header.heading(level, at, &mut text);
                    text
                });
                line(&mut before.chain(labels), delimiter, out)?;
            }
            if names.iter().any(|name| !name.is_empty()) {
                let rest = std::iter::repeat_n(String::new(), grid.columns.len());
                line(&mut names.into_iter().chain(rest), delimiter, out)?;
            }
        }
        None => line(&mut names.into_iter().chain(grid.names.iter().cloned()), delimiter, out)?,
    }
    let chunk = (CHUNK / grid.columns.len().max(1)).max(1);
    let mut text = String::new();
    let mut cell = String::new();
    let alone = count + grid.columns.len() == 1;
    for start in rows.clone().step_by(chunk) {
        let rows = start..(start + chunk).min(rows.end);
        let styles: Vec<Style> = grid.columns.iter().map(|column| column.style(rows.clone())).collect();
        let levels: Vec<Style> = match axis {
            Some(axis) => axis.levels.iter().map(|column| column.style(rows.clone())).collect(),
            None => Vec::new(),
        };
        for row in rows {
            text.clear();
            let put = |cell: &str, text: &mut String, first: bool| {
                if !first {
                    text.push(delimiter);
                }
                field(cell, delimiter, alone, text);
            };
            match axis {
                Some(axis) => {
                    for (level, style) in levels.iter().enumerate() {
                        cell.clear();
                        match axis.levels.len() {
                            1 => axis.levels[level].write(row, *style, &mut cell),
                            _ => axis.label(level, row, &mut cell),
                        }
                        put(&cell, &mut text, level == 0);
                    }
                }
                None if index => put(&row.to_string(), &mut text, true),
                None => {}
            }
            for (at, (column, style)) in grid.columns.iter().zip(&styles).enumerate() {
                cell.clear();
                column.write(row, *style, &mut cell);
                put(&cell, &mut text, count == 0 && at == 0);
            }
            text.push('\n');
            out.write_all(text.as_bytes())?;
        }
    }
    Ok(())
}

/// An object a row, as `to_json(orient="records", lines=True, date_format="iso")`. With `index` its labels come first.
pub fn json_lines(grid: &Grid<'_>, index: bool, rows: Range<usize>, out: &mut dyn Write) -> io::Result<()> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let names: Vec<String> = grid.names.iter().map(|name| quoted(name)).collect();
    let axis = grid.index.as_ref().filter(|_| index);
    let mut text = String::new();
    for row in rows {
        text.clear();
        text.push('{');
        let mut first = true;
        let mut key = |name: &str, text: &mut String| {
            if !std::mem::take(&mut first) {
                text.push(',');
            }
            text.push_str(name);
            text.push(':');
        };
        if let Some(axis) = axis {
            for (level, column) in axis.levels.iter().enumerate() {
                let name = match axis.names.get(level).map(String::as_str) {
                    None | Some("") if axis.levels.len() == 1 => "index".to_owned(),
                    None | Some("") => format!("level_{level}"),
                    Some(name) => name.to_owned(),
                };
                key(&quoted(&name), &mut text);
                column.json(row, &mut text);
            }
        }
        for (name, column) in names.iter().zip(&grid.columns) {
            key(name, &mut text);
            column.json(row, &mut text);
        }
        text.push_str("}\n");
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// The rows of a table as text, header first. Cells of columns that are not `shown` are empty.
pub fn lines(
    grid: &Grid<'_>,
    index: bool,
    rows: impl Iterator<Item = usize> + Clone,
    shown: impl Fn(usize) -> bool,
) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let axis = grid.index.as_ref().filter(|_| index);
    let counted = index && axis.is_none();
    let mut header: Vec<String> = axis.map_or(Vec::new(), |axis| axis.names.clone());
    header.extend(counted.then(String::new));
    header.extend(grid.names.iter().cloned());
    all.push(header);
    let levels = axis.map_or(&[][..], |axis| axis.levels.as_slice());
    let label_styles: Vec<Style> = levels.iter().map(|column| column.style(rows.clone())).collect();
    let style = |(at, column): (usize, &Column<'_>)| shown(at).then(|| column.style(rows.clone()));
    let styles: Vec<Option<Style>> = grid.columns.iter().enumerate().map(style).collect();
    for row in rows {
        let mut line = Vec::new();
        for (column, style) in levels.iter().zip(&label_styles) {
            let mut cell = String::new();
            column.write(row, *style, &mut cell);
            line.push(cell);
        }
        line.extend(counted.then(|| row.to_string()));
        for (column, style) in grid.columns.iter().zip(&styles) {
            let mut cell = String::new();
            if let Some(style) = style {
                column.write(row, *style, &mut cell);
            }
            line.push(cell);
        }
        all.push(line);
    }
    all
}

/// A table of Markdown.
pub fn markdown(grid: &Grid<'_>, index: bool, out: &mut dyn Write) -> io::Result<()> {
    let escaped = |cell: &String| cell.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ");
    for (at, row) in lines(grid, index, 0..grid.rows, |_| true).iter().enumerate() {
        let cells: Vec<String> = row.iter().map(escaped).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
        if at == 0 {
            writeln!(out, "|{}", "---|".repeat(row.len()))?;
        }
    }
    Ok(())
}

/// A table of HTML.
pub fn html(grid: &Grid<'_>, index: bool, out: &mut dyn Write) -> io::Result<()> {
    let escaped =
        |cell: &String| cell.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    writeln!(out, "<table>")?;
    for (at, row) in lines(grid, index, 0..grid.rows, |_| true).iter().enumerate() {
        let tag = if at == 0 { "th" } else { "td" };
        let cells: Vec<String> = row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect();
        writeln!(out, "<tr>{}</tr>", cells.concat())?;
    }
    writeln!(out, "</table>")
}
