//! `pickle edit`: changes values of a pickle and leaves all other bytes as they are.

use super::rename::Rename;
use crate::Failure;
use crate::edit::{Change, EditError, Rope, change};
use crate::input::{Input, InputFile, Part, Wrapping, containers};
use crate::output::Output;
use crate::pickles::renaming::{self, ONE_MEMO};
use crate::pickles::shares_memo;
use crate::pieces::PIECE;
use crate::print::json::{self, json};
use clap::Args;
use pickle_core::joblib::{ArrayForm, array_after};
use pickle_core::{Document, Error, ErrorKind, Heap, Opcode, Options, Status, Unpickler, WriteError};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// `pickle edit`
#[derive(Debug, Args)]
#[command(after_help = "\
Only the value at a path is rewritten; every other byte is kept, and frame lengths are adjusted. Paths lead through dicts, lists, tuples and attributes of objects. Of a shared value, only the place that the path names is set; what is in a shared container changes everywhere. A missing key of a dict is added. In a file with several pickles, the first is changed. What JSON has no terms for is written as json --tagged has it: {\"$bytes\": BASE64}, $bytearray, $tuple, $set, $frozenset, $int, $float, $global.

With --in-place, and with --rewrap, the result is wrapped as the file was: the same compression, lengths in front of pickles, the same member of the same zip file, whose other members stay byte for byte, and hex, base64, escapes and dumps in a text, JSON or a table.

Memory grows with the number of values, not with the bytes of long ones: a file of any size is read in pieces, and piped or compressed input goes to a temporary file. joblib arrays between the opcodes are kept, aligned to 16 bytes. In a torch file since 1.6, the pickle in it is changed, and the result is such a file.

Before it is written, the result is read back and compared with the request. --in-place keeps the old file until the new one is on disk.

Examples:
  pickle edit run.pkl -o new.pkl --set '$.config.lr=0.1'
  pickle edit run.pkl --in-place --set '$.name=\"x\"' --set '$.tags=[\"a\", \"b\"]' --delete '$.secret'
  pickle edit session.b64 --in-place --set '$.user=7'
  pickle edit model.pt --in-place --set '$.epoch=7'
  pickle edit 'cache.zip!run.pkl' --in-place --set '$.epoch=7'
  pickle edit model.pkl -o new.pkl --rename-global shop.Item=store.Thing")]
pub struct EditArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// The file to write, atomically; - is standard output
    #[arg(short, long, value_name = "OUT", required_unless_present = "in_place", conflicts_with = "in_place")]
    pub output: Option<PathBuf>,

    /// Write to FILE itself
    #[arg(long)]
    pub in_place: bool,

    /// Wrap the result as FILE was: compress it, put it into the zip file, lengths in front, as the same kind of text
    #[arg(long)]
    pub rewrap: bool,

    /// The value that is to be there, as JSON; may be given again
    #[arg(long, value_name = "PATH=JSON")]
    pub set: Vec<String>,

    /// A key, an item or an attribute to take out; may be given again
    #[arg(long, value_name = "PATH")]
    pub delete: Vec<String>,

    /// Another name for a module and all below it, or for one class or function; may be given again
    #[arg(long, value_name = "OLD=NEW")]
    pub rename_global: Vec<Rename>,
}

verb!(EditArgs => run, file: file);

/// Runs the command.
///
/// # Errors
/// The file cannot be read or has nothing at a path, the value cannot be changed, or the output cannot be written.
fn run(args: &EditArgs, _: &mut dyn Write) -> Result<(), Failure> {
    if args.set.is_empty() && args.delete.is_empty() && args.rename_global.is_empty() {
        return Err(Failure::Usage("say what to change: --set, --delete or --rename-global".into()));
    }
    let sets = args.set.iter().map(|text| assignment(text)).collect::<Result<Vec<_>, _>>()?;
    for path in sets.iter().map(|(path, _)| *path).chain(args.delete.iter().map(String::as_str)) {
        Failure::check_path(path, "$.config.lr")?;
    }
    let options = args.file.options();
    if args.in_place && (!options.raw.can_be_put_back() || options.salvage || options.host.is_some()) {
        return Err(Failure::Usage("--in-place changes whole files as they are: say -o OUT".into()));
    }
    let torch = containers::pickle_of_torch(&args.file)?;
    let (file, rewrap) = (torch.as_ref().unwrap_or(&args.file), args.rewrap || torch.is_some());
    let path = containers::file_of(file);
    let before = if args.in_place { Some(stamp(&path)?) } else { None };
    let input = containers::open_whole(file)?;
    let wrapping = if args.in_place || rewrap { Some(Wrapping::of(file, &input)?) } else { None };
    let input = input.into_seekable()?;
    let Some(part) = input.part() else {
        return Err(input.bad_pickle(0, Error::new(ErrorKind::Empty, 0, 0)));
    };
    let fail = |error: EditError| match error {
        EditError::Pickle(error) => input.bad_pickle(0, error),
        EditError::Input(source) => Failure::Input { name: input.name().to_owned(), source },
        EditError::Refused(text) => input.refuse(text),
    };
    let mut data = Rope::new(part.clone());
    if !args.rename_global.is_empty() {
        data = renamed(&args.rename_global, &input)?;
    }
    let changes = sets.iter().map(|(path, value)| (*path, Change::Set(value)));
    for (path, what) in changes.chain(args.delete.iter().map(|path| (path.as_str(), Change::Delete))) {
        let Some(changed) = change(&data, path, what).map_err(fail)? else {
            return Err(input.refuse(nothing(&data, path)));
        };
        if let Err(text) = verify(&data, &changed, path, what) {
            return Err(input.refuse(text));
        }
        data = changed;
    }
    let mut out = Output::create(args.output.as_deref().unwrap_or(&path))?;
    let written = match &wrapping {
        Some(wrapping) => wrapping.write(&mut data.reader(), &mut out),
        None => data.write(&mut out),
    };
    written.map_err(|error| out.failure(error))?;
    if before.is_some_and(|before| stamp(&path).ok() != Some(before)) {
        return Err(input.refuse("it was changed meanwhile; nothing is written"));
    }
    out.commit()
}

/// The bytes of an input with other names for globals, in a file of their own.
fn renamed(rules: &[Rename], input: &Input) -> Result<Rope, Failure> {
    let all = input.as_slice().unwrap_or_default();
    if shares_memo(all) {
        return Err(input.refuse(ONE_MEMO));
    }
    let mut rename = |module: &str, name: &str| rules.iter().find_map(|rule| rule.apply(module, name));
    let mut out = tempfile::tempfile().map_err(Failure::System)?;
    match renaming::renamed(all, 0, &mut rename, &mut out) {
        Ok(done) if done.count == 0 => {
            return Err(input.refuse("no class or function has a name that changes"));
        }
        Ok(done) => out
            .write_all(all.get(done.len..).unwrap_or_default())
            .and_then(|()| out.flush())
            .map_err(Failure::System)?,
        Err(WriteError::Pickle(error)) => return Err(input.bad_pickle(0, error)),
        Err(WriteError::Io { error, .. }) => return Err(Failure::System(error)),
    }
    let len = out.metadata().map_err(Failure::System)?.len();
    Ok(Rope::new(Part::new(Rc::new(out), 0, len)))
}

/// `PATH=JSON`: the path ends before the first `=` that no bracket is around.
fn assignment(text: &str) -> Result<(&str, Value), Failure> {
    let wrong = |why: String| Failure::Usage(format!("--set {text}: {why}"));
    let places = text.match_indices('=').map(|(at, _)| text.split_at(at));
    let mut found = places.filter(|(path, _)| pickle_core::ValuePath::new(path).is_valid());
    let (path, value) = found.next().ok_or_else(|| wrong("expected, for example, $.config.lr=0.1".into()))?;
    let value = value.get(1..).unwrap_or_default();
    let value = serde_json::from_str(value).map_err(|error| {
        wrong(format!("the value is not valid JSON ({error}); text goes in quotes, as in '$.name=\"x\"'"))
    })?;
    Ok((path, value))
}

/// What shows that a file was changed.
fn stamp(file: &Path) -> Result<(u64, Option<std::time::SystemTime>), Failure> {
    let fail = |source| Failure::Input { name: file.display().to_string(), source };
    let found = std::fs::symlink_metadata(file).map_err(fail)?;
    if !found.is_file() {
        return Err(Failure::Refused {
            name: file.display().to_string(),
            text: "--in-place changes regular files only, not links: use -o OUT".into(),
        });
    }
    Ok((found.len(), found.modified().ok()))
}

/// Why nothing is at the path.
fn nothing(data: &Rope, path: &str) -> String {
    let mut unpickler = reader();
    match read(data, &mut unpickler) {
        Ok(document) => match document.root().at_path(path) {
            Err(error) => error.to_string(),
            Ok(_) => format!("what is at {path} is not part of a dict, a list or an object that can be changed"),
        },
        Err(error) => error.to_string(),
    }
}

/// Bytes of a bytes value that is not kept to look at the others.
const PAYLOAD: u64 = 4096;

fn reader() -> Unpickler<Heap> {
    Unpickler::new(Heap::new(), Options::new().stop_after_build(true).out_of_band(PAYLOAD))
}

/// Reads a pickle, without long bytes and arrays of joblib.
fn read<'u>(data: &Rope, unpickler: &'u mut Unpickler<Heap>) -> Result<Document<'u>, EditError> {
    let (mut piece, mut at) = (vec![0; PIECE], 0);
    'reading: loop {
        let n = data.read_at(at, &mut piece)?;
        let mut rest = piece.get(..n).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        at += n as u64;
        loop {
            match unpickler.feed(&mut rest)? {
                Status::Done => break 'reading,
                Status::NeedMore if rest.is_empty() => break,
                Status::Built => match unpickler.document().and_then(|built| array_after(built.root())) {
                    Some(ArrayForm::Nested) => unpickler.take_nested()?,
                    Some(ArrayForm::Raw { len, padded }) => {
                        let here = at - rest.len() as u64;
                        let padding = if padded {
                            data.bytes(here, here + 1)?.first().map_or(0, |n| 1 + u64::from(*n))
                        } else {
                            0
                        };
                        at = here.saturating_add(padding).saturating_add(len);
                        break;
                    }
                    None => {}
                },
                _ => {}
            }
        }
    }
    Ok(unpickler.finish()?)
}

/// The result is read, and says what was asked for.
fn verify(old: &Rope, new: &Rope, path: &str, what: Change<'_>) -> Result<(), String> {
    let mut unpickler = reader();
    let document = read(new, &mut unpickler)
        .map_err(|error| format!("{path} cannot be changed: the result would be damaged ({error})"))?;
    let found = document.find(path);
    match (what, found) {
        (Change::Set(value), Some(found)) if text(&found.document()) == plain(value) => Ok(()),
        (Change::Delete, None) => Ok(()),
        (Change::Delete, Some(_)) => {
            // What came behind an item has moved up, and a key may have been there twice.
            let mut before = reader();
            let was = read(old, &mut before).ok();
            let was = was.and_then(|before| Some(owner(before.root(), path)?.members()?.len()));
            let is = owner(document.root(), path).and_then(|owner| Some(owner.members()?.len()));
            if was.is_some() && is < was { Ok(()) } else { Err(format!("{path} cannot be deleted")) }
        }
        _ => Err(format!("{path} cannot be changed without changing more")),
    }
}

/// The value that has what the path leads to.
fn owner<'d>(root: pickle_core::Value<'d>, path: &str) -> Option<pickle_core::Value<'d>> {
    let mut steps = pickle_core::ValuePath::new(path);
    let mut before = String::new();
    loop {
        let done = steps.done().to_owned();
        if steps.next().is_none() {
            return root.find(if before.is_empty() { "$" } else { &before });
        }
        before = done;
    }
}

fn text(document: &Document<'_>) -> Value {
    let mut out = Vec::new();
    // A Vec takes everything.
    let _ = json(document, &json::Options::default(), &mut out);
    serde_json::from_slice(&out).unwrap_or(Value::Null)
}

/// The same value as it is printed: ints that JSON has no room for are text there.
fn plain(value: &Value) -> Value {
    let mut pickle = crate::edit::opcodes(value).unwrap_or_default();
    pickle.push(Opcode::Stop.byte());
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    unpickler.load(&pickle).map_or(Value::Null, |document| text(&document))
}
