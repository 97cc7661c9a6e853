//! Cells that a form of text cannot hold as they are.

use super::Format;
use crate::Failure;
use crate::messages::{note, printable};
use crate::print::table::grid::Grid;
use crate::print::table::values::Loss;

/// Cells that are named; the rest is counted.
const NAMED: u64 = 8;

/// Tells of cells that are not written as they are, or with `strict` refuses the first.
///
/// # Errors
/// With `strict`, that there is one.
pub(super) fn check(grid: &Grid<'_>, format: Format, strict: bool, file: &str, path: &str) -> Result<(), Failure> {
    let json = match format {
        Format::Jsonl => true,
        Format::Csv | Format::Tsv | Format::Markdown | Format::Html => false,
        // It shows a part, and others have checks of their own.
        Format::Table | Format::Parquet | Format::Arrow => return Ok(()),
    };
    let mut count = 0u64;
    for (column, name) in grid.columns.iter().zip(&grid.names).filter(|(column, _)| column.may_lose(json)) {
        for row in 0..column.len() {
            let Some(loss) = column.lost(row, json) else { continue };
            let why = match loss {
                Loss::Infinity => "JSON has no infinity, so it is null",
                Loss::Bytes => "it is bytes that are not UTF-8, and some are replaced",
                Loss::NoText => "it has no text of its own, so it is JSON",
            };
            let text = format!("{path}, row {row}, column {}: {why}", printable(name));
            if strict {
                return Err(Failure::Refused { name: file.to_owned(), text });
            }
            count += 1;
            if count <= NAMED {
                note(file, &text);
            }
        }
    }
    if let Some(more) = count.checked_sub(NAMED).filter(|more| *more != 0) {
        note(file, &format!("{more} more cells are not written as they are: --strict makes that an error"));
    }
    Ok(())
}
