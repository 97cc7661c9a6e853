//! `pickle edit`: changes values of a pickle and leaves all other bytes as they are.

use super::rename::Rename;
use crate::Failure;
use crate::edit::{Change, EditError, change};
use crate::input::{Input, InputFile, Wrapping, containers};
use crate::output::Output;
use crate::print::json::{self, json};
use clap::Args;
use pickle_core::{Document, Heap, Options, Unpickler, recode};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// `pickle edit`
#[derive(Debug, Args)]
#[command(after_help = "\
Only what a path leads to is written anew; every other byte stays, and lengths of frames follow. Paths lead through dicts, lists, tuples and attributes of objects. Of a shared value, the place that the path names is set, and the others keep theirs; what is in a shared container changes everywhere. A key that a dict does not have is added. Of a file with several pickles, the first is changed.

With --in-place, and with --rewrap, what was unwrapped is wrapped again: the same compression, lengths in front of pickles, the same member of the same zip file, whose other members stay byte for byte, and hex, base64, escapes and dumps in a text, JSON or a table.

Before it is written, the result is read, and has to say what was asked for. --in-place keeps the old file until the new one is on the disk.

Examples:
  pickle edit run.pkl -o new.pkl --set '$.config.lr=0.1'
  pickle edit run.pkl --in-place --set '$.name=\"x\"' --set '$.tags=[\"a\", \"b\"]' --delete '$.secret'
  pickle edit session.b64 --in-place --set '$.user=7'
  pickle edit 'model.pt!model/data.pkl' --in-place --set '$.epoch=7'
  pickle edit model.pkl -o new.pkl --rename-global shop.Item=store.Thing")]
pub struct EditArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// The file to write, whole or not at all; - is standard output
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
    let path = containers::file_of(&args.file);
    let before = if args.in_place { Some(stamp(&path)?) } else { None };
    let mut input = containers::open_whole(&args.file)?;
    let refuse = |input: &Input, text: String| Err(input.refuse(text));
    let wrapping = if args.in_place || args.rewrap { Some(Wrapping::of(&args.file, &input)?) } else { None };
    let mut held = Vec::new();
    if input.as_slice().is_none() {
        input.read_to_end(&mut held)?;
    }
    let mut data: Cow<'_, [u8]> = input.as_slice().map_or(Cow::Borrowed(&held), Cow::Borrowed);
    if !args.rename_global.is_empty() {
        let mut rename = |module: &str, name: &str| args.rename_global.iter().find_map(|rule| rule.apply(module, name));
        let mut renamed = Vec::new();
        match recode::rename(&data, &mut rename, &mut renamed) {
            Ok(done) if done.count == 0 => {
                return refuse(&input, "no class or function has a name that changes".into());
            }
            Ok(done) => renamed.extend_from_slice(data.get(done.len..).unwrap_or_default()),
            Err(pickle_core::WriteError::Pickle(error)) => return Err(input.bad_pickle(0, error)),
            Err(pickle_core::WriteError::Io { error, .. }) => match error {},
        }
        data = renamed.into();
    }
    let changes = sets.iter().map(|(path, value)| (*path, Change::Set(value)));
    for (path, what) in changes.chain(args.delete.iter().map(|path| (path.as_str(), Change::Delete))) {
        let changed = match change(&data, path, what) {
            Ok(Some(changed)) => changed,
            Ok(None) => return refuse(&input, nothing(&data, path)),
            Err(EditError::Pickle(error)) => return Err(input.bad_pickle(0, error)),
            Err(EditError::Refused(text)) => return refuse(&input, text),
        };
        if let Err(text) = verify(&data, &changed, path, what) {
            return refuse(&input, text);
        }
        data = changed.into();
    }
    let mut out = Output::create(args.output.as_deref().unwrap_or(&path))?;
    let written = match &wrapping {
        Some(wrapping) => wrapping.write(&mut &data[..], &mut out),
        None => out.write_all(&data),
    };
    written.map_err(|error| out.failure(error))?;
    if before.is_some_and(|before| stamp(&path).ok() != Some(before)) {
        return refuse(&input, "it was changed meanwhile; nothing is written".into());
    }
    out.commit()
}

/// `PATH=JSON`: the path ends before the first `=` that no bracket is around.
fn assignment(text: &str) -> Result<(&str, Value), Failure> {
    let wrong = |why: String| Failure::Usage(format!("--set {text}: {why}"));
    let places = text.match_indices('=').map(|(at, _)| text.split_at(at));
    let mut found = places.filter(|(path, _)| pickle_core::Path::new(path).is_valid());
    let (path, value) = found.next().ok_or_else(|| wrong("it looks as $.config.lr=0.1".into()))?;
    let value = value.get(1..).unwrap_or_default();
    let value = serde_json::from_str(value).map_err(|error| {
        wrong(format!("the value is no JSON ({error}); text stands in quotes, as in '$.name=\"x\"'"))
    })?;
    Ok((path, value))
}

/// What tells that a file was changed.
fn stamp(file: &Path) -> Result<(u64, Option<std::time::SystemTime>), Failure> {
    let fail = |source| Failure::Input { name: file.display().to_string(), source };
    let found = std::fs::symlink_metadata(file).map_err(fail)?;
    if !found.is_file() {
        return Err(Failure::Refused {
            name: file.display().to_string(),
            text: "--in-place changes files, and neither links nor anything else: say -o OUT".into(),
        });
    }
    Ok((found.len(), found.modified().ok()))
}

/// Why nothing is at the path.
fn nothing(data: &[u8], path: &str) -> String {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    match unpickler.load(data).map(|document| document.root().at_path(path).map_err(|error| error.to_string()).err()) {
        Ok(Some(text)) => text,
        Ok(None) => format!("what is at {path} is no part of a dict, a list or an object that can be changed"),
        Err(error) => error.to_string(),
    }
}

/// The result is read, and says what was asked for.
fn verify(old: &[u8], new: &[u8], path: &str, what: Change<'_>) -> Result<(), String> {
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler
        .load(new)
        .map_err(|error| format!("{path} cannot be changed: the result would be damaged ({error})"))?;
    let found = document.find(path);
    match (what, found) {
        (Change::Set(value), Some(found)) if text(&found.document()) == plain(value) => Ok(()),
        (Change::Delete, None) => Ok(()),
        (Change::Delete, Some(_)) => {
            // What came behind an item has moved up, and a key may have been there twice.
            let mut before = Unpickler::new(Heap::new(), Options::new());
            let was = before.load(old).ok().and_then(|document| Some(owner(document.root(), path)?.members()?.len()));
            let is = owner(document.root(), path).and_then(|owner| Some(owner.members()?.len()));
            if was.is_some() && is < was { Ok(()) } else { Err(format!("{path} cannot be deleted")) }
        }
        _ => Err(format!("{path} cannot be changed without changing more")),
    }
}

/// The value that has what the path leads to.
fn owner<'d>(root: pickle_core::Value<'d>, path: &str) -> Option<pickle_core::Value<'d>> {
    let mut steps = pickle_core::Path::new(path);
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
    pickle.push(b'.');
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    unpickler.load(&pickle).map_or(Value::Null, |document| text(&document))
}
