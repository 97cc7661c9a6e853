//! `pickle get`: one value of a file, as JSON.

use crate::Failure;
use crate::input::{InputFile, containers};
use crate::pickles::items::{self, Item, Whose, is_shaped};
use crate::pickles::splits::{PlanFile, Planned};
use crate::pickles::{Pickles, beside, dropped};
use crate::print::json::{self, json, one_line};
use crate::print::rows::Rows;
use crate::print::table::values::Arena;
use clap::Args;
use pickle_core::view::{PathError, View};
use pickle_core::{Document, PathStep, Role, Value, ValuePath};
use std::io::Write;
use std::num::NonZeroU64;

/// `pickle get`
#[derive(Debug, Args)]
#[command(after_help = "\
An item of a list, and what is in it, is found without holding what comes before and after. Bytes and arrays are better taken out with `pickle extract`. Where a path has wildcards or slices, every value is one line. docs/paths.md has all that paths can say.

Examples:
  pickle get run.pkl '$.config'
  pickle get rows.pkl '$[1000000].temp'
  pickle get run.pkl '$.runs[*].loss'
  pickle get log.pkl --pickle 3 '$.time'")]
pub struct GetArgs {
    /// The file to read; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// Where the value is, such as `$.rows[3].temp` or `$["a key"]`
    #[arg(value_name = "PATH")]
    pub path: String,

    /// In which of the file's pickles, counted from 1
    #[arg(long, value_name = "N", default_value_t = NonZeroU64::MIN)]
    pub pickle: NonZeroU64,

    /// Blanks a level; 0 puts everything on one line
    #[arg(short, long, value_name = "N", default_value_t = 2)]
    pub indent: usize,
}

verb!(GetArgs => run, file: file);

/// Runs the command.
///
/// # Errors
/// The file cannot be read, is damaged, or has nothing at the path.
fn run(args: &GetArgs, out: &mut dyn Write) -> Result<(), Failure> {
    Failure::check_path(&args.path, "$.rows[3].temp")?;
    let refuse = |text: String| Failure::Refused { name: args.file.display().to_string(), text };
    let can_be_read_again = args.file.as_os_str() != "-";
    if args.pickle == NonZeroU64::MIN
        && !ValuePath::new(&args.path).is_many()
        && let Some((list, index, rest)) = first_index(&args.path)
    {
        match item(args, list, index, &rest, out) {
            Ok(true) => return Ok(()),
            // Of a tuple or list that the stream changes later, or that no stream leads to, the whole is read.
            Ok(false) | Err(Failure::Refused { .. } | Failure::Pickle { .. }) if can_be_read_again => {}
            Ok(false) => return Err(refuse(format!("there is nothing at {}", args.path))),
            Err(failure) => return Err(failure),
        }
    }
    let mut pickles = Pickles::new(containers::open_one(&args.file)?, pickle_core::Options::new(), false);
    let no_more = |last: u64| refuse(format!("there is no pickle number {}: the last is number {last}", args.pickle));
    for before in 1..args.pickle.get() {
        if pickles.next_document()?.is_none() {
            return Err(no_more(before - 1));
        }
    }
    let several = ValuePath::new(&args.path).is_many();
    let failure = match pickles.next_document() {
        Ok(Some(document)) => {
            beside::tell(&args.file, &document);
            let root = document.root();
            if let Some(deep) = Deep::of(&args.path) {
                if !deep.print(root, args, out)? {
                    return Err(refuse(deep.why_not(root)));
                }
            } else {
                match root.find_all(&args.path) {
                    Ok(found) => found.iter().try_for_each(|value| print(&value.document(), args, several, out))?,
                    Err(error) if within(root, &args.path, &error, args, out)? => {}
                    Err(error) => return Err(refuse(error.to_string())),
                }
            }
            dropped::tell(&args.file.display().to_string(), &document);
            return Ok(());
        }
        Ok(None) if args.pickle > NonZeroU64::MIN => return Err(no_more(args.pickle.get() - 1)),
        Ok(None) => return Err(refuse("there is no pickle".into())),
        Err(failure) => failure,
    };
    // What is whole before a fault is printed, and the fault is reported.
    if let Some(document) = pickles.salvage() {
        if let Some(deep) = Deep::of(&args.path) {
            deep.print(document.root(), args, out)?;
        } else if let Ok(found) = document.root().find_all(&args.path) {
            found.iter().try_for_each(|value| print(&value.document(), args, several, out))?;
        }
    }
    Err(failure)
}

/// Streams the items of a list up to the one that is wanted; false where it was not there.
fn item(args: &GetArgs, list: String, index: u64, rest: &str, out: &mut dyn Write) -> Result<bool, Failure> {
    let mut found = false;
    if let Some(planned) = PlanFile::find(&args.file, &list, None)?.filter(Planned::is_usable) {
        if index >= planned.items() {
            return planned.fault().map_or(Ok(false), Err);
        }
        let mut take: &mut items::Each<'_> = &mut |item: &Item<'_>| {
            if let Some(value) = item.document().find(rest).filter(|_| item.role() == Role::Item) {
                found = true;
                print(&value.document(), args, false, out)?;
            }
            Ok(false)
        };
        planned.each(index..index + 1, &mut take)?;
        return Ok(found);
    }
    let of = Whose { file: &args.file, path: &list, resync: false };
    items::each(of, &mut |item| {
        if item.index() != index || item.role() != Role::Item {
            return Ok(item.index() < index);
        }
        let document = item.document();
        if let Some(value) = document.find(rest) {
            found = true;
            print(&value.document(), args, false, out)?;
        }
        Ok(false)
    })?;
    Ok(found)
}

/// Prints what the path leads to inside arrays and tables, where rows and cells are no values of the pickle; false where there
/// is nothing.
fn within(
    root: Value<'_>,
    path: &str,
    error: &PathError<'_, '_>,
    args: &GetArgs,
    out: &mut dyn Write,
) -> Result<bool, Failure> {
    let rest = path.get(error.done().len()..).unwrap_or_default();
    let steps: Option<Vec<PathStep<'_>>> = ValuePath::new(rest).collect();
    let (Some(_), Some(steps)) = (error.value(), steps) else { return Ok(false) };
    let Ok(found) = root.find_all(if error.done().is_empty() { "$" } else { error.done() }) else { return Ok(false) };
    let mut any = false;
    for value in found {
        let arena = Arena::new(one_line);
        match Rows::of(value, &arena) {
            Ok(Some(rows)) => rows.whole().each(&steps, &mut |part| {
                any = true;
                part.json(out)?;
                writeln!(out)
            })?,
            // A part of several that has values there, or nothing.
            _ => {
                for value in value.find_all(rest).unwrap_or_default() {
                    any = true;
                    print(&value.document(), args, true, out)?;
                }
            }
        }
    }
    Ok(any)
}

/// A path with `..`: what it leads to inside arrays and tables is printed, too.
struct Deep<'p> {
    /// The path up to the first `..`.
    to: &'p str,
    /// What stands behind each `..`.
    below: Vec<&'p str>,
}

impl<'p> Deep<'p> {
    fn of(path: &'p str) -> Option<Self> {
        let (mut to, mut below, mut from) = (None, Vec::new(), 0);
        let mut steps = ValuePath::new(path);
        loop {
            let before = steps.done().len();
            match steps.next() {
                Some(Some(PathStep::Deep)) => {
                    match to {
                        None => to = path.get(..before),
                        Some(_) => below.push(path.get(from..before)?),
                    }
                    from = steps.done().len();
                }
                Some(Some(_)) => {}
                Some(None) => return None,
                None => break,
            }
        }
        below.push(path.get(from..)?);
        Some(Deep { to: to?, below })
    }

    /// Prints all that is there; false where that is nothing.
    fn print(&self, root: Value<'_>, args: &GetArgs, out: &mut dyn Write) -> Result<bool, Failure> {
        let Some((last, middle)) = self.below.split_last() else { return Ok(false) };
        let mut here = root.find_all(if self.to.is_empty() { "$" } else { self.to }).unwrap_or_default();
        let mut any = false;
        let mut unsearched = None;
        for path in middle {
            let mut next = Vec::new();
            each_below(&here, &mut |value, outermost| {
                match value.find_all(path) {
                    Ok(found) => next.extend(found),
                    Err(error) if outermost && within(value, path, &error, args, &mut std::io::sink())? => {
                        unsearched = Some(format!("rows and columns at {path} are not values to search from"));
                    }
                    Err(_) => {}
                }
                Ok(())
            })?;
            here = next;
        }
        each_below(&here, &mut |value, outermost| {
            match value.find_all(last) {
                Ok(found) => {
                    any |= !found.is_empty();
                    found.iter().try_for_each(|value| print(&value.document(), args, true, out))?;
                }
                // The blocks of a table are arrays, whose items are cells of its columns.
                Err(error) if outermost && error.value().is_some_and(is_shaped) => {
                    let found = within(value, last, &error, args, out)?;
                    any |= found;
                    if let Some(Err(why)) = error.value().filter(|it| !found && has_parts(*it, last)).map(why_not_rows)
                    {
                        unsearched = Some(format!("a table or array was not searched: {why}"));
                    }
                }
                Err(_) => {}
            }
            Ok(())
        })?;
        match unsearched {
            Some(text) => Err(Failure::Refused { name: args.file.display().to_string(), text }),
            None => Ok(any),
        }
    }

    /// Why there is nothing.
    fn why_not(&self, root: Value<'_>) -> String {
        match root.find_all(if self.to.is_empty() { "$" } else { self.to }) {
            Err(error) => error.to_string(),
            Ok(_) => {
                let to = if self.to.is_empty() { "$" } else { self.to };
                format!("nothing below {to} has ..{}", self.below.join(".."))
            }
        }
    }
}

/// The first step of the path can lead into this array or table: by name into tables and fields alone.
fn has_parts(value: Value<'_>, path: &str) -> bool {
    let fields = match value.view() {
        View::Array(array) => array.dtype.fields,
        View::Masked(masked) => masked.array.dtype.fields,
        _ => return true,
    };
    fields.is_some() || !matches!(ValuePath::new(path).next(), Some(Some(PathStep::Key(_))))
}

/// Why rows cannot be read, if they cannot.
fn why_not_rows(value: Value<'_>) -> Result<(), String> {
    Rows::of(value, &Arena::new(one_line)).map(drop)
}

/// Does something with these values and all that is in them, each container once, in the order of the document; `true` goes
/// with those that are no part of a table.
fn each_below<'d>(
    from: &[Value<'d>],
    take: &mut dyn FnMut(Value<'d>, bool) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let limit = from.first().map_or(0, |value| value.document().id_limit());
    let mut met = vec![false; limit];
    let mut stack: Vec<(Value<'d>, bool)> = from.iter().rev().map(|value| (*value, true)).collect();
    let mut inner = Vec::new();
    while let Some((value, outermost)) = stack.pop() {
        let first = value.id().and_then(|id| met.get_mut(id)).is_none_or(|met| !std::mem::replace(met, true));
        if !first {
            continue;
        }
        take(value, outermost)?;
        if let Some(members) = value.members() {
            let outermost = outermost && !is_shaped(value);
            inner.extend(members.map(|(_, value)| (value, outermost)));
            stack.extend(inner.drain(..).rev());
        }
    }
    Ok(())
}

/// Prints a value; one of several on a line of its own.
fn print(document: &Document<'_>, args: &GetArgs, several: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let indent = Some(args.indent).filter(|&n| n != 0 && !several);
    Ok(json(document, &json::Options { indent, ..json::Options::default() }, out)?)
}

/// The path up to the first index from the front, the index, and the path behind it; `None` where something else than
/// names stands before it.
fn first_index(path: &str) -> Option<(String, u64, String)> {
    let mut steps = ValuePath::new(path);
    loop {
        let before = steps.done();
        match steps.next()?? {
            PathStep::Key(name) if name.as_index().is_none() => {}
            PathStep::Index(index @ 0..) => {
                let before = if before.is_empty() { "$" } else { before };
                return Some((before.to_owned(), index as u64, format!("${}", steps.rest())));
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_index;

    #[test]
    fn paths_are_cut_at_the_first_index() {
        let cut = first_index("$.rows[3].points[-1]").unwrap();
        assert_eq!(cut, ("$.rows".into(), 3, "$.points[-1]".into()));
        assert_eq!(first_index("$[0]").unwrap(), ("$".into(), 0, "$".into()));
        assert_eq!(first_index("$.config"), None);
        assert_eq!(first_index("$[-1]"), None);
        assert_eq!(first_index("$.*[0]"), None);
    }
}
