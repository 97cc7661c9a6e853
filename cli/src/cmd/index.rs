//! `pickle index`: where a file can be read from the middle.

use crate::Failure;
use crate::input::InputFile;
use crate::messages::note;
use crate::output::Output;
use crate::pickles::splits::{PlanFile, Planned, beside};
use clap::Args;
use pickle_core::SplitOptions;
use std::io::Write;
use std::path::PathBuf;

/// `pickle index`
#[derive(Debug, Args)]
#[command(after_help = "\
The plan says where items begin and what they share with others, so that any of them is found without reading the others, and several can be read at the same time. items, head, tail, count, get, sample and table (Parquet and Arrow) use the plan beside a file, as long as the file is unchanged. If a file cannot be read from the middle, the plan says why, and items are read from its start.

Examples:
  pickle index rows.pkl
  pickle get rows.pkl '$[10000000]'
  pickle index run.pkl --path '$.rows' -o run.rows.pkx
  pickle items --index run.rows.pkx --path '$.rows' --from 5000 --count 10 run.pkl")]
pub struct IndexArgs {
    /// The file to read: not compressed, and not a pipe
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// Whose items, such as $.rows [default: the outermost container's]
    #[arg(short, long, default_value = "$", hide_default_value = true)]
    pub path: String,

    /// Bytes after which a split ends, at the next item [default: 256 KiB, more for large files]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub every: Option<u64>,

    /// Write the plan to this file [default: FILE.pkx]
    #[arg(short, long, value_name = "PLAN")]
    pub output: Option<PathBuf>,
}

verb!(IndexArgs => run, file: file);

/// Splits of a file at most, where their size is not asked for.
const SPLITS: u64 = 1 << 15;

/// Runs the command.
///
/// # Errors
/// The file cannot be read, or not from the middle; it is damaged: then the plan is one of what comes before.
fn run(args: &IndexArgs, out: &mut dyn Write) -> Result<(), Failure> {
    Failure::check_container_path(&args.path, "$.rows[3].points")?;
    let len = args.file.metadata().map_or(0, |file| file.len());
    let every = args.every.unwrap_or((256 << 10).max(len / SPLITS));
    let planned = Planned::make(&args.file, &args.path, SplitOptions::new().every_bytes(every))?;
    let bytes = PlanFile::bytes(&planned)?;
    let plan = planned.plan();
    let mut output = Output::create(&args.output.clone().unwrap_or_else(|| beside(&args.file)))?;
    let written = output.write_all(&bytes);
    written.map_err(|error| output.failure(error))?;
    output.commit()?;
    let items = plan.items().map_or("an unknown number of items".to_owned(), |items| counted(items, "item"));
    writeln!(
        out,
        "{items}, {}, {}",
        counted(plan.splits().len() as u64, "split"),
        counted(bytes.len() as u64, "byte")
    )?;
    if let Some(unsplit) = plan.unsplit() {
        let text = format!(
            "pickle number {} is not split (at byte {}): {}; items are read from the start of the file",
            unsplit.pickle + 1,
            unsplit.offset,
            unsplit.reason.text()
        );
        note(&args.file.display().to_string(), &text);
    }
    match planned.fault() {
        Some(fault) => {
            note(&args.file.display().to_string(), "the plan is one of what comes before the fault");
            Err(fault)
        }
        None => Ok(()),
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
