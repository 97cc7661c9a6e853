//! Files that have pickles in them: archives, arrays, databases, text.
//!
//! A container is recognised by content and unfolded into its members, those
//! into theirs. Members are named `FILE!MEMBER`. What a directory says is
//! checked against what is there, sizes are never trusted, and nothing is
//! unpacked further than it is read. docs/containers.md has the formats.

mod bdb;
mod bytes;
mod cachelib;
mod dbm;
#[cfg(feature = "sqlite")]
mod diskcache;
mod djcache;
mod format;
mod gdbm;
mod hdf5;
mod keyed;
mod lmdb;
mod npy;
mod queuelib;
mod renpy;
pub(super) mod rezip;
mod sequence_file;
#[cfg(feature = "sevenzip")]
mod sevenz;
#[cfg(feature = "sqlite")]
mod sqlite;
pub(super) mod table;
mod tar;
pub(super) mod text;
mod torch;
mod zip;
mod zodb;

pub use npy::{
    Described as DescribedNpy, Header as NpyHeader, describe as describe_npy, opcodes as npy_opcodes,
    plain_end as plain_arrays_end, read_header as read_npy_header,
};

use crate::Failure;
use crate::input::reading::{Reading, is_cut_off};
use crate::input::{Container, Input, InputFile, InputOptions, Part, beside, damage, sniff};
use crate::messages::printable;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

/// Containers inside containers that are opened.
const MAX_DEPTH: usize = 4;

/// Members that are named where none is a pickle.
const LISTED: usize = 8;

/// Something in a container: its name there, and its bytes.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name in the container.
    pub name: String,
    /// The bytes.
    pub data: Data,
}

/// The bytes of a member.
#[derive(Clone, Debug)]
pub enum Data {
    /// As they are in the file.
    Stored(Part),
    /// Deflated. It ends where the deflate stream ends, at the latest with the range.
    Deflated(Part),
    /// Compressed by another method of zip.
    Packed(zip::Method, Part),
    /// Decoded already.
    Memory(Vec<u8>),
    /// In a row of an SQLite database.
    #[cfg(feature = "sqlite")]
    Cell(sqlite::Cell),
    /// In a file beside the one that names it.
    #[cfg(feature = "sqlite")]
    Beside(PathBuf),
    /// Not available, and why.
    Unreadable(String),
}

impl Member {
    /// Opens the member as an input of its own, its compression undone.
    ///
    /// # Errors
    /// The file cannot be read, or the member not be unpacked.
    pub fn open(&self, name: String) -> Result<Input, Failure> {
        match &self.data {
            Data::Stored(part) => Input::from_part(name, part.clone()),
            Data::Unreadable(text) => Err(Failure::Refused { name, text: text.clone() }),
            #[cfg(feature = "sqlite")]
            Data::Beside(path) => match Part::of_file(path) {
                Ok(part) => Input::from_part(name, part),
                Err(source) => Err(Failure::Input { name, source }),
            },
            _ => {
                let fail = |source| Failure::Input { name: name.clone(), source };
                Input::from_reader(name.clone(), self.open_raw().map_err(fail)?)
            }
        }
    }

    /// The same, made whole where that was asked for; the options note a loss.
    ///
    /// # Errors
    /// As [`Member::open`].
    pub fn open_with(&self, name: String, options: &InputOptions) -> Result<Input, Failure> {
        let input = self.open(name)?;
        if options.salvage { damage::salvaged(input, options) } else { Ok(input) }
    }

    /// It is a pickle, or tells of damage, whatever else is there and whatever its name is.
    pub fn is_certain(&self) -> bool {
        #[cfg(feature = "sqlite")]
        if let Data::Beside(_) = self.data {
            return true;
        }
        self.name == keyed::DAMAGED
    }

    /// Brings to memory what would have to be read twice, to be looked at and then to be used.
    fn fetched(self) -> io::Result<Member> {
        #[cfg(feature = "sqlite")]
        if let Data::Cell(cell) = &self.data {
            return Ok(Member { data: Data::Memory(cell.read()?), ..self });
        }
        Ok(self)
    }

    /// The bytes of the member. What is compressed inside the member stays so.
    ///
    /// # Errors
    /// The member cannot be unpacked.
    pub fn open_raw(&self) -> io::Result<Box<dyn Read>> {
        Ok(match &self.data {
            Data::Stored(part) => Box::new(part.reader()),
            Data::Deflated(part) => Box::new(flate2::bufread::DeflateDecoder::new(io::BufReader::new(part.reader()))),
            Data::Packed(method, part) => method.open(part)?,
            Data::Memory(bytes) => Box::new(io::Cursor::new(bytes.clone())),
            #[cfg(feature = "sqlite")]
            Data::Cell(cell) => Box::new(io::Cursor::new(cell.read()?)),
            #[cfg(feature = "sqlite")]
            Data::Beside(path) => Box::new(Part::of_file(path)?.reader()),
            Data::Unreadable(text) => return Err(io::Error::new(io::ErrorKind::InvalidData, text.clone())),
        })
    }
}

/// What a container holds.
struct Unfolded {
    /// What it is, with an article.
    what: &'static str,
    members: Vec<Member>,
    /// Every member is a pickle by the format's own rule.
    all: bool,
}

/// What an input turned out to be.
enum Content {
    /// Pickles, back to back, or at least nothing else that is known.
    Pickles(Input),
    Members(Unfolded),
}

/// The pickles of one file, an input each: an iterator.
///
/// A file that is no container is one input. Of a container come the members
/// that are pickles: those named so, and where none is, those that read as
/// one.
pub struct Members {
    /// What is still to be looked at, the next one last.
    pending: Vec<Pending>,
    options: Arc<InputOptions>,
    wanted: Option<String>,
    /// Something came out, or has failed.
    found: bool,
    /// For the message, where nothing did.
    nothing: Option<Failure>,
}

struct Pending {
    name: String,
    /// The name below the file's.
    member: String,
    depth: usize,
    source: Source,
    /// It is no pickle by its name: only what reads as one counts.
    unsure: bool,
}

enum Source {
    Input(Box<Input>),
    Member(Member),
}

/// Opens a file, or `FILE!MEMBER`; `-` is standard input.
///
/// # Errors
/// The file cannot be opened. What is wrong with members shows as they come.
pub fn open(file: &InputFile) -> Result<Members, Failure> {
    let (path, wanted) = beside::split(file);
    let path = beside::values_of(&path).unwrap_or(path);
    Ok(members(Input::open(&path, &file.options().raw)?, wanted, file.options()))
}

/// The members of a file that is one stream of rows in batches, a pickle each; `None` for every other file.
///
/// # Errors
/// The file cannot be opened.
pub fn batches(file: &InputFile) -> Result<Option<Members>, Failure> {
    let (path, member) = beside::split(file);
    // A pipe can be looked at once.
    if member.is_some() || file.options().host.is_some() || !path.is_file() {
        return Ok(None);
    }
    let mut input = Input::open(&path, &file.options().raw)?;
    Ok(sequence_file::is_sequence_file(input.head()).then(|| members(input, None, file.options())))
}

/// The pickles of an input that is open; the member of that name where one is wanted.
pub fn members(input: Input, wanted: Option<String>, options: &Arc<InputOptions>) -> Members {
    let first = Pending {
        name: input.name().to_owned(),
        member: String::new(),
        depth: 0,
        source: Source::Input(Box::new(input)),
        unsure: false,
    };
    Members { pending: vec![first], options: options.clone(), wanted, found: false, nothing: None }
}

/// The only pickle of a file, for commands that work on one.
///
/// # Errors
/// The file cannot be opened, or has several members with pickles: the message names them.
pub fn open_one(file: &InputFile) -> Result<Input, Failure> {
    one(open(file)?, file.display().to_string())
}

/// The only one of them.
///
/// # Errors
/// As [`open_one`].
pub fn one(mut all: Members, name: String) -> Result<Input, Failure> {
    let Some(first) = all.next() else {
        return Err(Failure::Refused { name, text: "there is no pickle in it".into() });
    };
    let first = first?;
    let Some(second) = all.next() else { return Ok(first) };
    let mut names = vec![first.name().to_owned()];
    names.extend(std::iter::once(second).chain(all).take(LISTED - 1).flatten().map(|input| input.name().to_owned()));
    let text = format!("there are several pickles in it; name one: {}", names.join(", "));
    Err(Failure::Refused { name, text })
}

/// The pickles of a file for commands that change them: all its bytes, made whole where that was asked for. A container is
/// not taken apart, for what is written would lack the rest of it, unless a member is named or the options say what it is;
/// a text that is a pickle and nothing else is.
///
/// # Errors
/// As [`open_one`].
pub fn open_whole(file: &InputFile) -> Result<Input, Failure> {
    let options = file.options();
    if options.host.is_some() || beside::split(file).1.is_some() {
        return open_one(file);
    }
    let values = beside::values_of(file);
    let mut input = Input::open(values.as_deref().unwrap_or(file), &options.raw)?;
    if options.salvage && !table::is_told_by_head(input.head()) {
        return damage::salvaged(input, options);
    }
    // Where they lie in it is said elsewhere: in its first bytes, or in a file beside.
    if options.raw.is_whole()
        && let Some(format) = table::of(&mut input)?.filter(|format| format.is_placed())
    {
        return Err(input.refuse(format!(
            "not a pickle: this is {}; `pickle info` names the pickles in it; give one as FILE!MEMBER",
            format.what
        )));
    }
    if options.raw.is_whole()
        && let Some(bytes) = text::whole(&mut input)?
    {
        return Input::from_reader(input.name().to_owned(), io::Cursor::new(bytes));
    }
    Ok(input)
}

/// The one pickle of a file of torch since 1.6, as `FILE!MEMBER`, for verbs that change it and keep all else; `None` for every
/// other file, and where a member is named.
///
/// # Errors
/// The file cannot be read.
pub fn pickle_of_torch(file: &InputFile) -> Result<Option<InputFile>, Failure> {
    let options = file.options();
    if options.host.is_some() || !options.raw.is_whole() || file.as_os_str() == "-" || beside::split(file).1.is_some() {
        return Ok(None);
    }
    let mut input = Input::open(file, &options.raw)?;
    if !matches!(sniff(input.head()), Some(Container::TorchZip)) {
        return Ok(None);
    }
    let members = list(input, options)?.unwrap_or_default();
    let mut pickles = members.iter().filter(|member| member.name == "data.pkl" || member.name.ends_with("/data.pkl"));
    let (Some(pickle), None) = (pickles.next(), pickles.next()) else { return Ok(None) };
    let mut found = file.clone();
    found.set_member(&pickle.name);
    Ok(Some(found))
}

/// The only pickle of a file, or of what it would be if it were whole: what cannot be taken for a container is given as it
/// is.
///
/// # Errors
/// As [`open_one`].
pub fn open_damaged(file: &InputFile) -> Result<Input, Failure> {
    if file.options().host.is_none() && beside::split(file).1.is_none() {
        let mut input = Input::open(file, &file.options().raw)?;
        if !table::is_told_by_head(input.head()) {
            return Ok(input);
        }
    }
    open_one(file)
}

/// The first bytes of an input, or those at its end, tell that it is a container.
pub fn is_one(input: &mut Input) -> bool {
    table::is_told_by_head(input.head())
}

/// It is a text that may have pickles in it.
pub(super) fn is_text(input: &mut Input) -> bool {
    matches!(table::of(input), Ok(Some(format)) if format.name == text::FORMAT.name)
}

/// The file with the values of a database, where another of its files or only its name is given.
pub fn values_of(file: &InputFile) -> InputFile {
    beside::values_of(file).map_or_else(|| file.clone(), |path| file.with_path(path))
}

/// The file that lies on the disk of `FILE!MEMBER`.
pub fn file_of(file: &InputFile) -> PathBuf {
    beside::split(file).0
}

impl Iterator for Members {
    type Item = Result<Input, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(pending) = self.pending.pop() {
            match self.look(pending) {
                Ok(None) => {}
                Ok(Some(input)) => {
                    self.found = true;
                    return Some(Ok(input));
                }
                Err(failure) => {
                    self.found = true;
                    return Some(Err(failure));
                }
            }
        }
        if std::mem::replace(&mut self.found, true) {
            return None;
        }
        self.nothing.take().map(Err)
    }
}

impl Members {
    /// Unfolds one thing; gives it where it is pickles.
    fn look(&mut self, pending: Pending) -> Result<Option<Input>, Failure> {
        let Pending { name, member, depth, source, unsure } = pending;
        let found = match source {
            Source::Member(found) => found,
            Source::Input(input) => return self.input(*input, name, member, depth),
        };
        if !unsure {
            return self.input(found.open(name.clone())?, name, member, depth);
        }
        // It is only a try: what cannot be opened is no pickle.
        let Ok(found) = found.fetched() else { return Ok(None) };
        let is_archive = is_archive_name(&member);
        let mut input = match found.open(name.clone()) {
            Ok(input) => input,
            Err(failure) if is_archive => return Err(failure),
            Err(_) => return Ok(None),
        };
        // What cannot be unpacked was not seen; another file with the name of an archive has no pickles.
        let unpacked = || match is_archive {
            true => found.open(name.clone()).and_then(|mut input| Ok(io::copy(&mut input, &mut io::sink())?)).map(drop),
            false => Ok(()),
        };
        let likely = begins_like_pickle(input.head()) || table::is_told_by_head(input.head());
        if !likely {
            return unpacked().map(|()| None);
        }
        let is_begun = is_begun(input.head());
        match content(input, depth, false, &self.options) {
            // What is no pickle by its name and does not begin as one is not damaged, but something else.
            Ok(Content::Pickles(input)) => {
                if is_begun || is_pickle(input) {
                    found.open(name).map(Some)
                } else {
                    unpacked().map(|()| None)
                }
            }
            Ok(Content::Members(unfolded)) => self.unfold(unfolded, name, member, depth),
            // Nor is an archive that cannot be read, or lies too deep, no archive.
            Err(failure) if is_archive => Err(failure),
            Err(_) => Ok(None),
        }
    }

    fn input(&mut self, input: Input, name: String, member: String, depth: usize) -> Result<Option<Input>, Failure> {
        match content(input, depth, false, &self.options)? {
            Content::Pickles(input) => match &self.wanted {
                // What is asked for may be a container that this lies in.
                Some(wanted) if !leads(&member, wanted) => Err(Failure::Refused {
                    name,
                    text: format!("there is no member {} in it: it holds pickles itself", printable(wanted)),
                }),
                _ if self.options.salvage => damage::salvaged(input, &self.options).map(Some),
                _ => Ok(Some(input)),
            },
            Content::Members(unfolded) => self.unfold(unfolded, name, member, depth),
        }
    }

    /// Puts the members that matter on the list.
    fn unfold(
        &mut self,
        unfolded: Unfolded,
        name: String,
        member: String,
        depth: usize,
    ) -> Result<Option<Input>, Failure> {
        let Unfolded { what, members, all } = unfolded;
        let below = |inner: &str| if member.is_empty() { inner.to_owned() } else { format!("{member}!{inner}") };
        let has_name = |inner: &Member| all || is_pickle_name(&inner.name);
        let sure = members.iter().any(has_name);
        if self.nothing.is_none() {
            self.nothing = Some(self.none_of(what, &members, &name));
        }
        let mut chosen = Vec::new();
        for inner in members {
            let path = below(&inner.name);
            let unsure = match &self.wanted {
                // The member itself, what leads to it, and what is in it.
                Some(wanted) => {
                    // An array in an archive has one pickle, and it needs no name.
                    let is_whole = inner.name.is_empty() && *wanted == member;
                    if !(leads(wanted, &path) || leads(&path, wanted) || is_whole) {
                        continue;
                    }
                    false
                }
                None if sure && !has_name(&inner) && !inner.is_certain() => {
                    if !is_archive_name(&inner.name) {
                        continue;
                    }
                    true
                }
                None => !sure && !inner.is_certain(),
            };
            let name = if inner.name.is_empty() { name.clone() } else { format!("{name}!{}", printable(&inner.name)) };
            let member = if inner.name.is_empty() { member.clone() } else { path };
            chosen.push(Pending { name, member, depth: depth + 1, source: Source::Member(inner), unsure });
        }
        self.pending.extend(chosen.into_iter().rev());
        Ok(None)
    }

    /// What to say where no member is a pickle.
    fn none_of(&self, what: &str, members: &[Member], name: &str) -> Failure {
        let mut text = match &self.wanted {
            Some(wanted) => format!("there is no member {} in this: {what}", printable(wanted)),
            None => format!("there is no pickle in this: {what}"),
        };
        let named: Vec<_> = members.iter().filter(|member| !member.name.is_empty()).collect();
        for (i, member) in named.iter().take(LISTED).enumerate() {
            let before = if i == 0 { " of " } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{before}{}", printable(&member.name));
        }
        if named.len() > LISTED {
            let _ = write!(text, " and {} more", named.len() - LISTED);
        }
        Failure::Refused { name: name.to_owned(), text }
    }
}

/// Every member of a container, whatever it is; `None` where the input is none.
///
/// # Errors
/// The input cannot be read.
pub fn list(input: Input, options: &InputOptions) -> Result<Option<Vec<Member>>, Failure> {
    Ok(match content(input, 0, false, options)? {
        Content::Pickles(_) => None,
        Content::Members(unfolded) => Some(unfolded.members),
    })
}

/// What an input is, for verbs that look at everything in it.
pub enum Unfolding {
    /// Pickles, or at least nothing else that is known. The input may be a part of what was asked about.
    Pickles(Input),
    /// Members of a container, and what it is, with an article.
    Members(&'static str, Vec<Member>),
}

/// Unfolds an input by one level.
#[derive(Clone, Copy)]
pub struct Unfold<'o> {
    /// The options that it was opened with.
    pub options: &'o InputOptions,
    /// Levels that it lies below the file. What the options say of the file holds for level 0.
    pub depth: usize,
    /// Containers are an error.
    pub whole: bool,
    /// It need not be a pickle, so nothing of it is to be made whole.
    pub unsure: bool,
}

impl Unfold<'_> {
    /// What the input is.
    ///
    /// # Errors
    /// The input cannot be read, or is a container without pickles, or one where there must be none.
    pub fn of(self, input: Input) -> Result<Unfolding, Failure> {
        Ok(match content(input, self.depth, self.whole, self.options)? {
            Content::Pickles(input) if self.options.salvage && !self.unsure => {
                Unfolding::Pickles(damage::salvaged(input, self.options)?)
            }
            Content::Pickles(input) => Unfolding::Pickles(input),
            Content::Members(unfolded) => Unfolding::Members(unfolded.what, unfolded.members),
        })
    }
}

/// What a file is, or `FILE!MEMBER`, and the bytes behind the pickles of a legacy file of torch: its storages.
///
/// # Errors
/// As [`Unfold::of`].
pub fn unfold_file(file: &InputFile) -> Result<(Unfolding, Option<Part>), Failure> {
    let (path, member) = beside::split(file);
    if member.is_some() {
        return Ok((Unfolding::Pickles(open_one(file)?), None));
    }
    let options = file.options();
    let path = beside::values_of(&path).unwrap_or(path);
    let input = Input::open(&path, &options.raw)?;
    let rest = input.part().and_then(|part| Some(part.slice(torch_pickles_end(part)?, u64::MAX)));
    Ok((Unfold { options, depth: 0, whole: false, unsure: false }.of(input)?, rest))
}

/// The members of a zip file that hangs behind something else.
pub fn zip_behind(part: &Part) -> Option<Vec<Member>> {
    if part.bytes_at(0, 2).ok()? == b"PK" || !zip::ends_like_one(part).ok()? {
        return None;
    }
    zip::members(part).ok()
}

/// The member `a` is `b`, or in it.
fn leads(a: &str, b: &str) -> bool {
    a.strip_prefix(b).is_some_and(|rest| rest.is_empty() || rest.starts_with('!'))
}

/// Names of archives and databases, in which more members may be.
fn is_archive_name(name: &str) -> bool {
    const ARCHIVES: [&str; 12] =
        ["tar", "tgz", "tbz", "tbz2", "txz", "tzst", "zip", "7z", "db", "sqlite", "sqlite3", "h5"];
    let name = name.to_ascii_lowercase();
    match name.rsplit_once('.') {
        Some((stem, "gz" | "bz2" | "xz" | "zst")) => stem.ends_with(".tar"),
        Some((_, extension)) => ARCHIVES.contains(&extension),
        None => false,
    }
}

/// Names that people give to pickles and to what holds them.
pub(crate) fn is_pickle_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let packed = [".gz", ".bz2", ".xz", ".lzma", ".zst", ".lz4", ".sz", ".z"];
    let name = packed.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
    let Some((_, extension)) = name.rsplit_once('.') else { return false };
    matches!(extension, "pkl" | "pickle" | "pck" | "p" | "pk" | "joblib" | "npy" | "npz" | "pt" | "pth" | "ckpt")
}

/// Where the pickles of a legacy file of torch end; `None` for every other file.
pub(crate) fn torch_pickles_end(part: &Part) -> Option<u64> {
    if torch::is_legacy(&part.bytes_at(0, 64).ok()?) { torch::pickles_end(part) } else { None }
}

/// What an input is, `depth` levels below a file. With `whole`, or too deep, containers are an error.
fn content(mut input: Input, depth: usize, whole: bool, options: &InputOptions) -> Result<Content, Failure> {
    if let (0, Some(host)) = (depth, &options.host) {
        return hosted(input, host, options);
    }
    let Some(format) = table::of(&mut input)? else { return Ok(Content::Pickles(input)) };
    if (whole || depth >= MAX_DEPTH) && !matches!(format.open, format::Open::Pickles(_)) {
        return Err(input.refuse(format!("containers are nested deeper than {} levels", depth.min(MAX_DEPTH))));
    }
    format.unfold(input, options.arrays())
}

/// What a file holds that is said to be of this format.
fn hosted(input: Input, host: &str, options: &InputOptions) -> Result<Content, Failure> {
    if host == table::PICKLE {
        return Ok(Content::Pickles(input));
    }
    let Some(format) = table::named(host) else { return Err(input.refuse(format!("{host} is not a known format"))) };
    let input = input.into_seekable()?;
    if input.part().is_none() {
        return Err(input.refuse("the file is empty"));
    }
    match (format.unfold(input, options.arrays())?, &format.open) {
        (Content::Pickles(input), format::Open::Content(_)) => {
            Err(input.refuse(format!("there is no pickle in this: it is not {}", format.what)))
        }
        (content, _) => Ok(content),
    }
}

/// Begins with an opcode.
fn begins_like_pickle(head: &[u8]) -> bool {
    head.first().is_some_and(|&byte| pickle_core::Opcode::from_byte(byte).is_some())
}

/// Begins with so much of a pickle that nothing else does: where it ends early, it is damaged.
pub(crate) fn is_begun(head: &[u8]) -> bool {
    matches!(head, [0x80, 2..=5, ..]) && Reading::counted(head).1 > 3 || is_cut_off(head)
}

/// A whole pickle stands at the start. Its opcodes are read, nothing is kept.
pub(crate) fn is_pickle(input: Input) -> bool {
    crate::survey::info::first_pickle_end(input).is_some()
}
