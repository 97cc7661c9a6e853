//! `pickle table`: rows and columns out of frames, arrays, and lists of rows.

#[cfg(feature = "arrow")]
mod columnar;
mod first;
mod log;
mod strict;

use self::first::{FirstRows, Look};
use self::log::Log;
use crate::Failure;
use crate::input::{InputFile, containers};
use crate::messages::note;
use crate::output::Output;
use crate::pickles::items::{Item, is_log};
use crate::pickles::{Pickles, dropped};
use crate::print::json::one_line;
use crate::print::table::grid::Grid;
use crate::print::table::values::Arena;
use crate::print::table::{preview, rows, write};
use clap::{Args, ValueEnum};
use pickle_core::known::Array;
use pickle_core::table::Table;
use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{Options, Value, WriteError};
use std::io::Write;
use std::path::PathBuf;

/// `pickle table`
#[derive(Debug, Args)]
#[command(after_help = "\
A table is a DataFrame or Series of any pandas from 0.10 on, a NumPy array, a list of dicts, tuples or objects, a dict
of columns, a dict of rows. Neither pandas nor NumPy is needed, and nothing is executed. CSV is what `to_csv()` writes.

Examples:
  pickle table frame.pkl                          the first and last rows
  pickle table frame.pkl -o frame.csv             all of them, as pandas writes them
  pickle table frame.pkl -o frame.parquet         and with their types, for pandas, polars, DuckDB
  pickle table run.pkl '$.rows' -f jsonl          the rows of a list, an object each")]
pub struct TableArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// Where the table is, such as `$.frame`; without it the whole pickle
    #[arg(value_name = "PATH")]
    pub path: Option<String>,

    /// Rows to show, half of them from the end; of a list beyond 4 MB, which is not read to its end, the first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub rows: usize,

    /// Only these columns, in this order
    #[arg(short, long, value_name = "A,B", value_delimiter = ',')]
    pub columns: Vec<String>,

    /// What to write; without it what the name of the output ends with
    #[arg(short, long, value_name = "table|csv|tsv|jsonl|markdown|html|parquet|arrow", hide_possible_values = true)]
    pub format: Option<Format>,

    /// The file to write, atomically; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,

    /// Write the labels of the rows (CSV and the like do, JSON Lines does not)
    #[arg(long, overrides_with = "no_index")]
    pub index: bool,

    /// Leave the labels of the rows out
    #[arg(long)]
    pub no_index: bool,

    /// Make columns a.b of dicts inside dicts
    #[arg(long)]
    pub flatten: bool,

    /// Threads that read the rows of a list for Parquet and Arrow, by a plan; 0 for as many as there are cores [default: 1, or with FILE.pkx beside it the cores]
    #[arg(short, long, value_name = "N", value_parser = super::items::threads_of)]
    pub jobs: Option<u32>,

    /// Fail where a cell cannot be written as it is, instead of warning
    #[arg(long)]
    pub strict: bool,
}

/// A form of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned, the first and last rows.
    Table,
    /// As `DataFrame.to_csv()`.
    Csv,
    /// The same with tabs.
    Tsv,
    /// An object of JSON a line.
    #[value(alias = "ndjson")]
    Jsonl,
    /// A table of Markdown.
    #[value(alias = "md")]
    Markdown,
    /// A table of HTML.
    Html,
    /// Parquet, compressed with zstd.
    Parquet,
    /// Arrow IPC, which Feather is, too.
    #[value(alias = "feather", alias = "ipc")]
    Arrow,
}

impl Format {
    fn of(args: &TableArgs) -> Result<Format, Failure> {
        if let Some(format) = args.format {
            return Ok(format);
        }
        let Some(output) = args.output.as_ref().filter(|output| output.as_os_str() != "-") else {
            return Ok(Format::Table);
        };
        let ending = output.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match ending.as_str() {
            "csv" => Ok(Format::Csv),
            "tsv" | "tab" => Ok(Format::Tsv),
            "jsonl" | "ndjson" => Ok(Format::Jsonl),
            "md" => Ok(Format::Markdown),
            "html" | "htm" => Ok(Format::Html),
            "txt" => Ok(Format::Table),
            "parquet" | "pq" => Ok(Format::Parquet),
            "arrow" | "feather" | "ipc" => Ok(Format::Arrow),
            _ => Err(Failure::Usage(format!(
                "{} does not end with .csv, .tsv, .jsonl, .md, .html, .parquet, .arrow or .txt: say --format",
                output.display()
            ))),
        }
    }
}

verb!(TableArgs => run, file: file);

/// Runs the command.
///
/// # Errors
/// The file cannot be read, is damaged, or is no table.
fn run(args: &TableArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let format = Format::of(args)?;
    let path = args.path.as_deref().unwrap_or("$");
    Failure::check_path(path, "$.frame")?;
    if matches!(format, Format::Parquet | Format::Arrow) {
        return columns(args, path, format);
    }
    let mut input = containers::open_one(&args.file)?;
    let name = input.name().to_owned();
    let refuse = |text: String| Failure::Refused { name: name.clone(), text };
    let nothing = || refuse(format!("there is nothing at {path}"));
    let arena = Arena::new(one_line);
    if is_log(&mut input) {
        let log = Log::read(input)?;
        let documents = log.documents();
        documents.iter().for_each(|document| {
            dropped::tell(&name, document);
        });
        let values = documents.iter().map(|document| document.find(path));
        let values: Vec<Value<'_>> = values.collect::<Option<_>>().ok_or_else(nothing)?;
        if values.iter().any(|value| Array::of(*value).is_some() || Table::of(*value).is_ok()) {
            return Err(refuse("it has several tables, a pickle each: see `pickle items`".into()));
        }
        return show(rows::of_each(values.into_iter(), &arena, args.flatten), args, format, out, &refuse);
    }
    if format == Format::Table {
        match first::read(args, path, input)? {
            Look::Rows(first) => return show_first(&first, args, path, out, &refuse),
            Look::Whole(again) => input = again,
            Look::Again => input = containers::open_one(&args.file)?,
        }
    }
    let mut pickles = Pickles::new(input, Options::new(), false);
    {
        let Some(document) = pickles.next_document()? else { return Err(refuse("there is no pickle in it".into())) };
        dropped::tell(&name, &document);
        let grid = rows::of(document.find(path).ok_or_else(nothing)?, &arena, args.flatten);
        let grid = grid.map_err(|why| refuse(format!("{path} is not a table: {why}")))?;
        show(grid, args, format, out, &refuse)?;
    }
    if pickles.next_document()?.is_some() {
        let text = "more pickles follow the first, and are not in the table: see `pickle items`".into();
        return Err(Failure::Refused { name, text });
    }
    Ok(())
}

/// A pickle of a row that came alone, to be kept when the reader goes on.
fn pickled(item: &Item<'_>) -> Result<Vec<u8>, pickle_core::Error> {
    let mut bytes = Vec::new();
    let written = Writer::new().write(item.document(), 5, Profile::new(Version::Py315, 5), false, &mut bytes);
    written.map_err(|WriteError::Pickle(error)| error)?;
    Ok(bytes)
}

/// Shows the first rows of a list that was not read to its end.
fn show_first(
    first: &FirstRows,
    args: &TableArgs,
    path: &str,
    out: &mut dyn Write,
    refuse: &dyn Fn(String) -> Failure,
) -> Result<(), Failure> {
    let (documents, arena) = (first.documents(), Arena::new(one_line));
    let mut grid = rows::of_each(first::values(&documents), &arena, args.flatten);
    grid.is_cut = first.is_cut;
    if first.is_cut {
        let rows = first.len();
        let text = format!(
            "the first {rows} rows of {path} were looked at: how many follow, and whether those have other columns or \
             types, is not known (`pickle count` counts them, and --format csv writes all)"
        );
        note(&args.file.display().to_string(), &text);
    }
    show(grid, args, Format::Table, out, refuse)?;
    if first.is_followed {
        return Err(refuse("something follows the first pickle, and is not in the table: see `pickle items`".into()));
    }
    Ok(())
}

/// Writes a table in any form that is text.
fn show(
    mut grid: Grid<'_>,
    args: &TableArgs,
    format: Format,
    out: &mut dyn Write,
    refuse: &dyn Fn(String) -> Failure,
) -> Result<(), Failure> {
    if !args.columns.is_empty() {
        let within = if grid.is_cut { format!(" in the first {} rows", grid.rows) } else { String::new() };
        let missing = |column| refuse(format!("there is no column {column}{within}"));
        grid.select(&args.columns).map_err(missing)?;
    }
    if let Some(why) = grid.unknown() {
        return Err(refuse(why));
    }
    let (file, path) = (args.file.display().to_string(), args.path.as_deref().unwrap_or("$"));
    strict::check(&grid, format, args.strict, &file, path)?;
    let index = match format {
        Format::Jsonl => args.index,
        // Rows that have no labels are numbered only where that was asked for.
        _ => !args.no_index && (args.index || grid.index.is_some() || format == Format::Table),
    };
    match &args.output {
        Some(output) => {
            let mut file = Output::create(output)?;
            print(&grid, format, index, args.rows, &mut file).map_err(|error| file.failure(error))?;
            file.commit()
        }
        None => print(&grid, format, index, args.rows, out).map_err(Failure::Output),
    }
}

fn print(grid: &Grid<'_>, format: Format, index: bool, rows: usize, out: &mut dyn Write) -> std::io::Result<()> {
    let width = terminal_size::terminal_size().map_or(120, |(width, _)| width.0);
    match format {
        Format::Table => preview::preview(grid, rows, index, width, out),
        Format::Csv => write::csv(grid, index, ',', 0..grid.rows, out),
        Format::Tsv => write::csv(grid, index, '\t', 0..grid.rows, out),
        Format::Jsonl => write::json_lines(grid, index, 0..grid.rows, out),
        Format::Markdown => write::markdown(grid, index, out),
        Format::Html => write::html(grid, index, out),
        // They are written elsewhere.
        Format::Parquet | Format::Arrow => Ok(()),
    }
}

/// Parquet and Arrow.
#[cfg(feature = "arrow")]
fn columns(args: &TableArgs, path: &str, format: Format) -> Result<(), Failure> {
    use std::io::IsTerminal;
    let to_terminal = args.output.as_ref().is_none_or(|output| output.as_os_str() == "-");
    if to_terminal && std::io::stdout().is_terminal() {
        return Err(Failure::Usage("a terminal cannot show this format: say -o OUT".into()));
    }
    let format = match format {
        Format::Parquet => pickle_arrow::FileFormat::Parquet,
        _ => pickle_arrow::FileFormat::Arrow,
    };
    columnar::run(args, path, format)
}

/// Parquet and Arrow are not in this build.
#[cfg(not(feature = "arrow"))]
fn columns(_args: &TableArgs, _path: &str, _format: Format) -> Result<(), Failure> {
    Err(Failure::Usage("this build has neither Parquet nor Arrow: it was made without the feature `arrow`".into()))
}
