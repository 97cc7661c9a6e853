//! Files that have pickles in them: archives, arrays, databases, text.
//!
//! A container is recognised by content and unfolded into its members, those
//! into theirs. Members are named `FILE!MEMBER`. What a directory says is
//! checked against what is there, sizes are never trusted, and nothing is
//! unpacked further than it is read. docs/containers.md has the formats.

mod bdb;
mod bytes;
mod dbm;
mod gdbm;
mod keyed;
mod lmdb;
mod npy;
mod renpy;
mod sequence_file;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tar;
mod text;
mod torch;
mod zip;
mod zodb;

pub use npy::{Header as NpyHeader, read_header as read_npy_header};

use crate::Failure;
use crate::input::{Container, Input, Part, Told, damage, sniff};
use crate::messages::printable;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Containers inside containers that are opened.
const MAX_DEPTH: usize = 4;

/// Bytes of text that are searched for pickles; what is longer is taken for a pickle itself.
const MAX_TEXT: u64 = 256 << 20;

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
    /// Not to be had, and why.
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
            _ => {
                let fail = |source| Failure::Input { name: name.clone(), source };
                Input::from_reader(name.clone(), self.open_raw().map_err(fail)?)
            }
        }
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
pub fn open(path: &Path) -> Result<Members, Failure> {
    let (file, member) = split(path);
    Ok(members(Input::open(&file)?, member))
}

/// The pickles of an input; `member` names the one that is wanted.
pub fn members(input: Input, member: Option<String>) -> Members {
    let first = Pending {
        name: input.name().to_owned(),
        member: String::new(),
        depth: 0,
        source: Source::Input(Box::new(input)),
        unsure: false,
    };
    Members { pending: vec![first], wanted: member, found: false, nothing: None }
}

/// The only pickle of a file, for commands that work on one.
///
/// # Errors
/// The file cannot be opened, or has several members with pickles: the message names them.
pub fn open_one(path: &Path) -> Result<Input, Failure> {
    let name = path.display().to_string();
    let mut all = open(path)?;
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

/// The only pickle of a file, or of what it would be if it were whole: what cannot be taken for a container is given as it
/// is.
///
/// # Errors
/// As [`open_one`].
pub fn open_damaged(path: &Path) -> Result<Input, Failure> {
    if split(path).1.is_none() {
        let mut input = Input::open(path)?;
        if container(input.head()).is_none() && !HOSTS.iter().any(|host| (host.recognise)(input.head())) {
            return Ok(input);
        }
    }
    open_one(path)
}

/// Takes `FILE!MEMBER` apart. A file that has a `!` in its own name is that file.
fn split(path: &Path) -> (PathBuf, Option<String>) {
    let whole = || (path.to_owned(), None);
    let Some(text) = path.to_str() else { return whole() };
    if !text.contains('!') || path.exists() {
        return whole();
    }
    let is_file = |file: &str| file == "-" || Path::new(file).is_file() || Path::new(file).join("data.mdb").is_file();
    let found = text.match_indices('!').map(|(at, _)| text.split_at(at)).find(|(file, _)| is_file(file));
    match found {
        Some((file, member)) => (file.into(), member.strip_prefix('!').map(str::to_owned)),
        None => whole(),
    }
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
        let Ok(mut input) = found.open(name.clone()) else { return Ok(None) };
        let likely = begins_like_pickle(input.head()) || container(input.head()).is_some();
        if !likely {
            return Ok(None);
        }
        match content(input, depth) {
            Ok(Content::Pickles(input)) => {
                if is_pickle(input) {
                    found.open(name).map(Some)
                } else {
                    Ok(None)
                }
            }
            Ok(Content::Members(unfolded)) => self.unfold(unfolded, name, member, depth),
            _ => Ok(None),
        }
    }

    fn input(&mut self, input: Input, name: String, member: String, depth: usize) -> Result<Option<Input>, Failure> {
        match content(input, depth)? {
            Content::Pickles(input) => match &self.wanted {
                Some(wanted) if *wanted != member => Err(Failure::Refused {
                    name,
                    text: format!("there is no member {} in it: it holds pickles itself", printable(wanted)),
                }),
                _ if Told::current().salvage => damage::salvaged(input).map(Some),
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
                    let leads = |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|a| a.starts_with('!'));
                    // An array in an archive has one pickle, and it needs no name.
                    let is_whole = inner.name.is_empty() && *wanted == member;
                    if !(leads(wanted, &path) || leads(&path, wanted) || is_whole) {
                        continue;
                    }
                    false
                }
                None if sure && !has_name(&inner) && inner.name != keyed::DAMAGED => continue,
                // Damage is told, whatever else is there.
                None => !sure && inner.name != keyed::DAMAGED,
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
pub fn list(input: Input) -> Result<Option<Vec<Member>>, Failure> {
    Ok(match content(input, 0)? {
        Content::Pickles(_) => None,
        Content::Members(unfolded) => Some(unfolded.members),
    })
}

/// What an input is, for who looks at everything in it.
pub enum Unfolding {
    /// Pickles, or at least nothing else that is known. The input may be a part of what was asked about.
    Pickles(Input),
    /// Members of a container, and what it is, with an article.
    Members(&'static str, Vec<Member>),
}

/// Unfolds an input by one level; with `whole`, none.
///
/// # Errors
/// The input cannot be read, or is a container without pickles.
pub fn unfold(input: Input, whole: bool) -> Result<Unfolding, Failure> {
    Ok(match content(input, if whole { MAX_DEPTH } else { 0 })? {
        Content::Pickles(input) => Unfolding::Pickles(input),
        Content::Members(unfolded) => Unfolding::Members(unfolded.what, unfolded.members),
    })
}

/// What a file is, or `FILE!MEMBER`, and the bytes behind the pickles of a legacy file of torch: its storages.
///
/// # Errors
/// As [`unfold`].
pub fn unfold_file(path: &Path) -> Result<(Unfolding, Option<Part>), Failure> {
    let (file, member) = split(path);
    if member.is_some() {
        return Ok((Unfolding::Pickles(open_one(path)?), None));
    }
    let input = Input::open(&file)?;
    let rest = input.part().and_then(|part| Some(part.slice(torch_pickles_end(part)?, u64::MAX)));
    Ok((unfold(input, false)?, rest))
}

/// The members of a zip file that hangs behind something else.
pub fn zip_behind(part: &Part) -> Option<Vec<Member>> {
    if part.bytes_at(0, 2).ok()? == b"PK" || !zip::ends_like_one(part).ok()? {
        return None;
    }
    zip::members(part).ok()
}

/// Names that people give to pickles and to what holds them.
pub(crate) fn is_pickle_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let packed = [".gz", ".bz2", ".xz", ".lzma", ".zst", ".lz4", ".sz", ".z"];
    let name = packed.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
    let Some((_, extension)) = name.rsplit_once('.') else { return false };
    matches!(extension, "pkl" | "pickle" | "pck" | "p" | "pk" | "joblib" | "npy" | "npz" | "pt" | "pth" | "ckpt")
}

/// What begins with these bytes and is opened here. Only formats that no pickle begins like.
fn container(head: &[u8]) -> Option<Container> {
    match sniff(head)? {
        Container::TorchZip | Container::Npz => Some(Container::Zip),
        // A tar archive begins with any name, so the header's checksum has to be right.
        Container::Tar => tar::is_header(head).then_some(Container::Tar),
        found @ (Container::Zip | Container::Npy | Container::Base64 | Container::Json) => Some(found),
        _ => None,
    }
}

/// Where the pickles of a legacy file of torch end; `None` for every other file.
pub(crate) fn torch_pickles_end(part: &Part) -> Option<u64> {
    if torch::is_legacy(&part.bytes_at(0, 64).ok()?) { torch::pickles_end(part) } else { None }
}

fn content(mut input: Input, depth: usize) -> Result<Content, Failure> {
    if depth == 0
        && let Some(host) = Told::current().host
    {
        return hosted(input, &host);
    }
    let found = container(input.head());
    let name = input.name().to_owned();
    if depth == MAX_DEPTH && found.is_some() {
        return Err(Failure::Refused { name, text: format!("containers lie deeper than {MAX_DEPTH} levels") });
    }
    let fail = |source: io::Error| Failure::Input { name: name.clone(), source };
    let members = |what, members, all| Ok(Content::Members(Unfolded { what, members, all }));
    match found {
        Some(Container::Zip) => {
            let input = input.into_seekable()?;
            let Some(part) = input.part() else { return Ok(Content::Pickles(input)) };
            return members("a zip file", zip::members(part).map_err(fail)?, false);
        }
        Some(Container::Tar) => {
            let input = input.into_seekable()?;
            let Some(part) = input.part() else { return Ok(Content::Pickles(input)) };
            return members("a tar archive", tar::members(part, &name)?, false);
        }
        Some(Container::Npy) => return npy::pickle(input),
        Some(Container::Base64 | Container::Json) => return text(input),
        _ => {}
    }
    let head = input.head().to_vec();
    let head = head.as_slice();
    if torch::is_legacy(head) {
        let input = input.into_seekable()?;
        let Some(part) = input.part() else { return Ok(Content::Pickles(input)) };
        // Where they end is only known by reading them; an error in them is best told by whoever reads them.
        let Some(end) = torch::pickles_end(part) else { return Ok(Content::Pickles(input)) };
        return Input::from_part(name.clone(), part.slice(0, end)).map(Content::Pickles);
    }
    if zodb::is_file_storage(head) {
        let input = input.into_seekable()?;
        let Some(part) = input.part() else { return Ok(Content::Pickles(input)) };
        return members("a ZODB FileStorage", zodb::records(part).map_err(fail)?, true);
    }
    for host in HOSTS {
        if (host.recognise)(head) {
            let input = input.into_seekable()?;
            let Some(part) = input.part() else { return Ok(Content::Pickles(input)) };
            return members(host.what, (host.open)(&input, part)?, host.all);
        }
    }
    if let Some(part) = cachelib(head, &input) {
        let member = Member { name: String::new(), data: Data::Stored(part) };
        return members("a cachelib file", vec![member], true);
    }
    if depth == 0
        && let Some(part) = input.part()
        && let Some(values) = dbm::values(Path::new(&name), part)
    {
        return members("a dbm.dumb database", values, true);
    }
    if text::is_wrapped(head) {
        return text(input);
    }
    if let Some(part) = input.part()
        && zip::ends_like_one(part).map_err(fail)?
        && !is_pickle(Input::from_part(name.clone(), part.clone())?)
    {
        return members("a zip file", zip::members(part).map_err(fail)?, false);
    }
    Ok(Content::Pickles(input))
}

/// What a file holds that is said to be of this format.
fn hosted(input: Input, host: &str) -> Result<Content, Failure> {
    if host == "pickle" {
        return Ok(Content::Pickles(input));
    }
    let name = input.name().to_owned();
    if host == "text" {
        return match text(input)? {
            Content::Pickles(_) => Err(Failure::Refused { name, text: "there is no pickle in this text".into() }),
            members => Ok(members),
        };
    }
    let input = input.into_seekable()?;
    let Some(part) = input.part() else { return Err(input.refuse("the file is empty")) };
    let (what, all, members) = match host {
        "zip" => ("a zip file", false, plain(&input, zip::members(part))?),
        "tar" => ("a tar archive", false, tar::members(part, &name)?),
        "zodb" => ("a ZODB FileStorage", true, plain(&input, zodb::records(part))?),
        _ => match HOSTS.iter().find(|row| row.name == host) {
            Some(row) => (row.what, row.all, (row.open)(&input, part)?),
            None => return Err(input.refuse(format!("files of {host} are not read by this build"))),
        },
    };
    Ok(Content::Members(Unfolded { what, members, all }))
}

/// A format that its first bytes tell.
struct Host {
    /// As the command line has it.
    name: &'static str,
    /// With an article.
    what: &'static str,
    recognise: fn(&[u8]) -> bool,
    open: fn(&Input, &Part) -> Result<Vec<Member>, Failure>,
    /// Every member is a pickle by the format's own rule.
    all: bool,
}

const HOSTS: &[Host] = &[
    #[cfg(feature = "sqlite")]
    Host { name: "sqlite", what: "an SQLite database", recognise: sqlite::is_sqlite, open: sqlite::values, all: false },
    Host {
        name: "gdbm",
        what: "a GNU dbm database",
        recognise: gdbm::is_gdbm,
        open: |i, p| keyed(i, gdbm::records(p)),
        all: false,
    },
    Host {
        name: "bdb",
        what: "a Berkeley DB",
        recognise: bdb::is_bdb,
        open: |i, p| keyed(i, bdb::records(p)),
        all: false,
    },
    Host {
        name: "lmdb",
        what: "an LMDB",
        recognise: lmdb::is_lmdb,
        open: |i, p| keyed(i, lmdb::records(p)),
        all: false,
    },
    Host {
        name: "rpyc",
        what: "a Ren'Py script",
        recognise: renpy::is_script,
        open: |i, p| plain(i, renpy::slots(p)),
        all: true,
    },
    Host {
        name: "rpa",
        what: "a Ren'Py archive",
        recognise: renpy::is_archive,
        open: |i, p| plain(i, renpy::index(p)),
        all: true,
    },
    Host {
        name: "sequencefile",
        what: "a Hadoop SequenceFile",
        recognise: sequence_file::is_sequence_file,
        open: |i, p| plain(i, sequence_file::pickles(p)),
        all: true,
    },
];

fn plain<T>(input: &Input, found: io::Result<T>) -> Result<T, Failure> {
    found.map_err(|source| Failure::Input { name: input.name().to_owned(), source })
}

fn keyed(input: &Input, found: io::Result<keyed::Keyed>) -> Result<Vec<Member>, Failure> {
    plain(input, found).map(keyed::Keyed::into_members)
}

/// cachelib's `FileSystemCache`: when it expires, four bytes, then a pickle.
fn cachelib(head: &[u8], input: &Input) -> Option<Part> {
    let part = input.part()?;
    let rest = part.slice(4, u64::MAX);
    // Pickles of protocol 2 on begin so. A pickle that begins with what is a time here has an opcode first.
    if !matches!(head, [_, _, _, _, 0x80, 2..=5, ..]) || head.starts_with(b"\x80") {
        return None;
    }
    let whole = |part: Part| Input::from_part(String::new(), part).is_ok_and(is_pickle);
    (whole(rest.clone()) && !whole(part.clone())).then_some(rest)
}

fn text(mut input: Input) -> Result<Content, Failure> {
    let mut bytes = Vec::new();
    let name = input.name().to_owned();
    (&mut input as &mut dyn Read).take(MAX_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_TEXT {
        return Input::from_reader(name, io::Cursor::new(bytes).chain(input)).map(Content::Pickles);
    }
    match text::pickles(&bytes) {
        found if found.is_empty() => Input::from_reader(name, io::Cursor::new(bytes)).map(Content::Pickles),
        members => Ok(Content::Members(Unfolded { what: "text", members, all: true })),
    }
}

/// Begins with an opcode.
fn begins_like_pickle(head: &[u8]) -> bool {
    head.first().is_some_and(|&byte| pickle_core::Opcode::from_byte(byte).is_some())
}

/// A whole pickle stands at the start. Its opcodes are read, nothing is kept.
pub(crate) fn is_pickle(input: Input) -> bool {
    crate::survey::info::begins_with_pickle(input)
}
