//! `pickle from-json`: JSON to pickles, plain JSON and the tagged form of docs/json.md.
//!
//! The JSON becomes opcodes that any protocol may have; the core reads those into a document and writes it as CPython's
//! pickler does.

mod array;
mod dtype;
mod object;

use crate::Failure;
use crate::input::{Frames, Input, InputFile, Lengths};
use crate::output::Output;
use crate::pickles::rewrite::refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use num_bigint::BigInt;
use pickle_core::writer::{Profile, Version, Writer};
use pickle_core::{Arg, Encoder, Heap, Opcode, Options, Unpickler, WriteError};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::collections::HashMap;
use std::io::Write;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

/// `pickle from-json`
#[derive(Debug, Args)]
#[command(after_help = "\
Plain JSON becomes None, bools, ints, floats, strs, lists and dicts. Keys with $ are those of docs/json.md. Each JSON document of the file becomes a pickle.

Examples:
  pickle from-json rows.json -o rows.pkl
  pickle from-json metrics.json -p 2 --write-framed 4be -o - | nc graphite 2004
  pickle json --tagged model.pkl | sed s/old/new/ | pickle from-json - -o model.pkl")]
pub struct FromJsonArgs {
    /// The JSON file; - is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub file: InputFile,

    /// The file to write, atomically; - is standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,

    /// The protocol, 0 to 5 [default: 4; 2 where there are strings of Python 2]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=5))]
    pub protocol: Option<u8>,

    /// Names of modules and classes stay as they are, those of Python 2 too; without this they are Python 3's from protocol 3 on, Python 2's below
    #[arg(long)]
    pub keep_names: bool,

    /// Write its length in front of each pickle: bytes of it, and which come first, such as 4be
    #[arg(long, value_name = "SIZE", hide_possible_values = true)]
    pub write_framed: Option<Lengths>,
}

/// The protocol that every Python since 3.4 reads.
const DEFAULT_PROTOCOL: u8 = 4;

/// Levels of JSON in JSON. An object takes three; CPython's pickler gives up after 1000 levels of objects.
const LEVELS: usize = 10_000;

/// Bytes of stack for each of them: reading, making and dropping go down level by level. Twice what a build without
/// optimisation takes.
const STACK: usize = 16 * 1024;

verb!(FromJsonArgs => run, file: file);

/// `pickle from-json`: writes a pickle for every JSON document of a file.
///
/// # Errors
/// The input is no JSON or has keys with `$` that mean nothing, or the output cannot be written.
fn run(args: &FromJsonArgs, _: &mut dyn Write) -> Result<(), Failure> {
    let options = args.file.options();
    for (is_given, option) in
        [(args.file.names_member(), "--member"), (options.salvage, "--salvage"), (options.host.is_some(), "--host")]
    {
        if is_given {
            return Err(Failure::Usage(format!("{option} is about pickles; from-json reads files of JSON")));
        }
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(LEVELS * STACK);
        match thread.spawn_scoped(scope, || make(args)) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(source) => Err(Failure::Input { name: args.file.display().to_string(), source }),
        }
    })
}

fn make(args: &FromJsonArgs) -> Result<(), Failure> {
    let input = Input::open(&args.file, &args.file.options().raw)?;
    let name = input.name().to_owned();
    let refused = |text: String| Failure::Refused { name: name.clone(), text };
    let mut out = Output::create(&args.output)?;
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let mut writer = Writer::new();
    let too_deep = Cell::new(false);
    let mut json = serde_json::Deserializer::from_reader(Levels::new(BufReader::new(input), &too_deep));
    // Levels are counted below it.
    json.disable_recursion_limit();
    let mut count = 0;
    for json in json.into_iter::<Value>() {
        let json = json.map_err(|error| match error.io_error_kind() {
            Some(_) if too_deep.get() => refused(format!(
                "line {} column {}: more than {LEVELS} levels of lists and maps in one another",
                error.line(),
                error.column()
            )),
            Some(kind) => Failure::Input { name: name.clone(), source: kind.into() },
            None => refused(format!("not JSON: {error}")),
        })?;
        count += 1;
        let mut maker = Maker { keep_names: args.keep_names, ..Maker::default() };
        maker.value(&json).map_err(|fault| refused(fault.to_string()))?;
        maker.op(Opcode::Stop, Arg::Nothing).map_err(|fault| refused(fault.to_string()))?;
        let protocol = args.protocol.unwrap_or(if maker.python2 { 2 } else { DEFAULT_PROTOCOL });
        if maker.python2 && protocol > 2 {
            return Err(refused(format!(
                "$str8 is a string of Python 2: protocol {protocol} has none, take --protocol 2"
            )));
        }
        let version = if maker.python2 { Version::Py27 } else { Version::Py315 };
        let document = unpickler
            .load(&maker.pickle)
            .map_err(|error| refused(format!("it does not make a valid pickle: {error}")))?;
        let from = if args.keep_names { protocol } else { 5 };
        let profile = Profile::new(version, protocol);
        let written = match args.write_framed {
            Some(lengths) => {
                let mut pickle = Vec::new();
                match writer.write(&document, from, profile, false, &mut pickle) {
                    Ok(_) => {
                        Frames::Told(lengths).put(&pickle, &mut out).map_err(|error| out.failure(error)).map(|()| None)
                    }
                    Err(WriteError::Pickle(error)) => Ok(Some(error)),
                    Err(WriteError::Io { error, .. }) => match error {},
                }
            }
            None => match writer.write(&document, from, profile, false, &mut out) {
                Ok(_) => Ok(None),
                Err(WriteError::Pickle(error)) => Ok(Some(error)),
                Err(WriteError::Io { error, .. }) => Err(out.failure(error)),
            },
        };
        if let Some(error) = written? {
            return Err(refused(refusal(&writer, &document, protocol, error)));
        }
    }
    if count == 0 {
        return Err(refused("there is no JSON: the input is empty".into()));
    }
    out.commit()
}

/// Counts the brackets that are open in the JSON that is read through it, and fails where they are too many.
struct Levels<'t, R> {
    json: R,
    open: usize,
    in_string: bool,
    escaped: bool,
    too_deep: &'t Cell<bool>,
}

impl<'t, R: Read> Levels<'t, R> {
    fn new(json: R, too_deep: &'t Cell<bool>) -> Self {
        Levels { json, open: 0, in_string: false, escaped: false, too_deep }
    }
}

impl<R: Read> Read for Levels<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.json.read(buffer)?;
        for &byte in buffer.iter().take(n) {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = self.in_string,
                b'"' => self.in_string = !self.in_string,
                b'[' | b'{' if !self.in_string => self.open += 1,
                b']' | b'}' if !self.in_string => self.open = self.open.saturating_sub(1),
                _ => {}
            }
            if self.open > LEVELS {
                self.too_deep.set(true);
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        Ok(n)
    }
}

/// What is wrong with the JSON, and at which path.
#[derive(Debug, thiserror::Error)]
#[error("${path}: {text}")]
struct Fault {
    /// From the inside out while it is passed on, then in order.
    path: String,
    text: String,
}

fn fault<T>(text: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { path: String::new(), text: text.into() })
}

impl Fault {
    fn below(mut self, step: &str) -> Fault {
        self.path.insert_str(0, step);
        self
    }
}

/// A value's JSON, which is as good as its identity, and whether it has an `$id`.
#[derive(Clone, Copy)]
struct Place<'j>(&'j Value, bool);

/// What of a value stands on the stack when it is made.
enum Parts {
    /// Everything above the last MARK, and that.
    Marked,
    Counted(u8),
}

/// What something is inside of.
enum Inside {
    Object(*const Value),
    /// A list, dict or set that is being filled.
    Container(*const Value),
}

/// Makes opcodes of JSON, of any protocol.
///
/// A tuple can hold a list that holds the tuple. Where it is referred to inside itself, it is made there, of its parts that
/// are made already; the one that was begun outside is then dropped. That is what CPython's pickler does.
#[derive(Default)]
struct Maker<'j> {
    pickle: Vec<u8>,
    /// The values with an `$id`.
    ids: HashMap<u64, &'j Value>,
    /// Memo entries, by the place of the JSON: of values with an `$id`, and of all values inside those that are begun.
    made: HashMap<*const Value, u32>,
    puts: u32,
    /// How often a value with an `$id` was begun.
    begun: HashMap<*const Value, u8>,
    /// Values with an `$id` that are begun and not made.
    around: u32,
    /// Objects and containers around what is made next, from the outside in.
    inside: Vec<Inside>,
    buffers: u64,
    python2: bool,
    keep_names: bool,
}

impl<'j> Maker<'j> {
    fn op(&mut self, opcode: Opcode, arg: Arg<'_>) -> Result<(), Fault> {
        match Encoder::new(&mut self.pickle, 5).op(opcode, arg) {
            Ok(()) => Ok(()),
            Err(WriteError::Pickle(error)) => fault(error.kind().text()),
            Err(WriteError::Io { error, .. }) => match error {},
        }
    }

    fn plain(&mut self, opcode: Opcode) -> Result<(), Fault> {
        self.op(opcode, Arg::Nothing)
    }

    fn text(&mut self, text: &[u8]) -> Result<(), Fault> {
        self.op(Opcode::BinUnicode8, Arg::Bytes(text))
    }

    fn value(&mut self, json: &'j Value) -> Result<(), Fault> {
        if matches!(json, Value::Array(_) | Value::Object(_)) && self.get_memo(json)? {
            return Ok(());
        }
        match json {
            Value::Null => self.plain(Opcode::None),
            Value::Bool(true) => self.plain(Opcode::NewTrue),
            Value::Bool(false) => self.plain(Opcode::NewFalse),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.text(text.as_bytes()),
            Value::Array(items) => self.list(items, Place(json, false)),
            Value::Object(fields) if fields.keys().any(|key| key.starts_with('$')) => self.tagged(json, fields),
            Value::Object(fields) => {
                self.plain(Opcode::EmptyDict)?;
                let place = Place(json, false);
                self.made(place)?;
                self.filled(place, |this| this.fields(fields))
            }
        }
    }

    /// Fills a list, dict or set, which is at the top of the stack.
    fn filled(
        &mut self,
        Place(json, _): Place<'j>,
        fill: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.inside.push(Inside::Container(json));
        let done = fill(self);
        self.inside.pop();
        done
    }

    fn number(&mut self, number: &Number) -> Result<(), Fault> {
        let text = number.as_str();
        if text.contains(['.', 'e', 'E']) {
            return match text.parse::<f64>() {
                Ok(float) if float.is_finite() => self.op(Opcode::BinFloat, Arg::Float(float.to_bits())),
                _ => {
                    fault(format!("{text} is too large for a float; {{\"$float\": \"7ff0000000000000\"}} is infinity"))
                }
            };
        }
        self.int(text)
    }

    fn int(&mut self, text: &str) -> Result<(), Fault> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let parsed = match digits.strip_prefix("0x") {
            Some(digits) => BigInt::parse_bytes(digits.as_bytes(), 16),
            None => BigInt::parse_bytes(digits.as_bytes(), 10),
        };
        let Some(value) = parsed else { return fault(format!("{text:?} is not an integer")) };
        let value: BigInt = value * sign;
        match i32::try_from(&value) {
            Ok(small) => self.op(Opcode::BinInt, Arg::Int(small)),
            Err(_) => self.op(Opcode::Long4, Arg::Bytes(&value.to_signed_bytes_le())),
        }
    }

    /// Fetches a value, if it is made.
    fn get_memo(&mut self, json: &'j Value) -> Result<bool, Fault> {
        let Some(&number) = self.made.get(&std::ptr::from_ref(json)) else { return Ok(false) };
        self.op(Opcode::LongBinGet, Arg::Uint(number.into()))?;
        Ok(true)
    }

    /// The value is at the top of the stack: from now on it can be referred to.
    fn made(&mut self, place: Place<'j>) -> Result<(), Fault> {
        let Place(json, has_id) = place;
        if !has_id && self.around == 0 {
            return Ok(());
        }
        let number = self.puts;
        self.puts += 1;
        self.made.insert(json, number);
        self.op(Opcode::LongBinPut, Arg::Uint(number.into()))
    }

    /// Begins a value that is not there before its parts are.
    fn begin(&mut self, Place(json, has_id): Place<'j>) -> Result<(), Fault> {
        if !has_id {
            return Ok(());
        }
        let begun = self.begun.entry(json).or_default();
        *begun += 1;
        if *begun > 2 {
            return fault("it has itself as a part: there must be a list, dict, set or state between");
        }
        self.around += 1;
        Ok(())
    }

    /// Ends what was begun: makes it by `opcode`, or, where that has been done inside of it, drops its parts and fetches it.
    /// True if it was made here.
    fn end(&mut self, place: Place<'j>, parts: Parts, opcode: Opcode) -> Result<bool, Fault> {
        let Place(json, has_id) = place;
        self.around -= u32::from(has_id);
        if !self.made.contains_key(&std::ptr::from_ref(json)) {
            self.plain(opcode)?;
            self.made(place)?;
            return Ok(true);
        }
        match parts {
            Parts::Marked => self.plain(Opcode::PopMark)?,
            Parts::Counted(n) => (0..n).try_for_each(|_| self.plain(Opcode::Pop))?,
        }
        self.get_memo(json)?;
        Ok(false)
    }

    fn values(&mut self, items: &'j [Value]) -> Result<(), Fault> {
        for (i, item) in items.iter().enumerate() {
            self.value(item).map_err(|fault| fault.below(&format!("[{i}]")))?;
        }
        Ok(())
    }

    /// Items that go to what is at the top of the stack.
    fn extend(&mut self, items: &'j [Value], opcode: Opcode) -> Result<(), Fault> {
        if items.is_empty() {
            return Ok(());
        }
        self.plain(Opcode::Mark)?;
        self.values(items)?;
        self.plain(opcode)
    }

    fn list(&mut self, items: &'j [Value], place: Place<'j>) -> Result<(), Fault> {
        self.plain(Opcode::EmptyList)?;
        self.made(place)?;
        self.filled(place, |this| this.extend(items, Opcode::Appends))
    }

    /// Keys and values of a dict; an `$id` among them is none.
    fn fields(&mut self, fields: &'j Map<String, Value>) -> Result<(), Fault> {
        let mut fields = fields.iter().filter(|(key, _)| *key != "$id").peekable();
        if fields.peek().is_none() {
            return Ok(());
        }
        self.plain(Opcode::Mark)?;
        for (key, value) in fields {
            self.text(key.as_bytes())?;
            self.value(value).map_err(|fault| fault.below(&format!(".{key}")))?;
        }
        self.plain(Opcode::SetItems)
    }

    fn pairs(&mut self, pairs: &'j [Value]) -> Result<(), Fault> {
        if pairs.is_empty() {
            return Ok(());
        }
        self.plain(Opcode::Mark)?;
        for (i, pair) in pairs.iter().enumerate() {
            match pair.as_array().map(Vec::as_slice) {
                Some(pair @ [_, _]) => self.values(pair),
                _ => fault("a pair [key, value] is wanted"),
            }
            .map_err(|fault| fault.below(&format!("[{i}]")))?;
        }
        self.plain(Opcode::SetItems)
    }

    /// A map with keys of ours.
    fn tagged(&mut self, json: &'j Value, fields: &'j Map<String, Value>) -> Result<(), Fault> {
        let place = Place(json, fields.contains_key("$id"));
        if let Some(id) = fields.get("$id") {
            let Some(id) = id.as_u64() else { return fault("$id must be a number from 0 on") };
            if self.ids.insert(id, json).is_some_and(|known| !std::ptr::eq(known, json)) {
                return fault(format!("$id {id} is given twice"));
            }
        }
        if fields.contains_key("$ndarray") {
            return self.array(fields, place);
        }
        if let Some(is_object) = ["$class", "$callable", "$persid"].iter().find(|key| fields.contains_key(**key)) {
            return self.object(fields, is_object, place);
        }
        if fields.contains_key("$table") {
            return fault("a table cannot be written from plain JSON; take the form of --tagged");
        }
        let mut ours = fields.iter().filter(|(key, _)| *key != "$id");
        let (Some((tag, value)), second) = (ours.next(), ours.next()) else {
            // An empty dict that is referred to.
            self.plain(Opcode::EmptyDict)?;
            return self.made(place);
        };
        match (tag.as_str(), second) {
            ("$buffer", Some((key, Value::Bool(true)))) if key == "$readonly" => {
                self.buffer(value, true)?;
                self.made(place)
            }
            (tag, None) if tag.starts_with('$') => {
                self.one(tag, value, place).map_err(|fault| fault.below(&format!(".{tag}")))
            }
            // A map that only has an id beside keys of its own.
            (tag, _) if !tag.starts_with('$') => {
                if let Some(key) = fields.keys().find(|key| key.starts_with('$') && *key != "$id") {
                    return fault(format!("{key} does not belong here; write a dict with such keys as $dict"));
                }
                self.plain(Opcode::EmptyDict)?;
                self.made(place)?;
                self.filled(place, |this| this.fields(fields))
            }
            (tag, other) => {
                let other = other.map_or("$id", |(other, _)| other.as_str());
                fault(format!("{tag} and {other} do not go together"))
            }
        }
    }

    fn one(&mut self, tag: &str, value: &'j Value, place: Place<'j>) -> Result<(), Fault> {
        let items = || match value {
            Value::Array(items) => Ok(items.as_slice()),
            _ => fault("a list is wanted"),
        };
        let string = || match value {
            Value::String(text) => Ok(text.as_str()),
            _ => fault("a string is wanted"),
        };
        let base64 = || match STANDARD.decode(string()?) {
            Ok(bytes) => Ok(bytes),
            Err(error) => fault(format!("base64 is wanted: {error}")),
        };
        match tag {
            "$ref" => {
                let Some(id) = value.as_u64() else { return fault("the number of an $id is wanted") };
                let Some(&known) = self.ids.get(&id) else { return fault(format!("no $id {id} comes before this")) };
                return self.value(known);
            }
            "$list" => return self.list(items()?, place),
            "$dict" => {
                self.plain(Opcode::EmptyDict)?;
                self.made(place)?;
                let pairs = items()?;
                return self.filled(place, |this| this.pairs(pairs));
            }
            "$set" => {
                self.plain(Opcode::EmptySet)?;
                self.made(place)?;
                let items = items()?;
                return self.filled(place, |this| this.extend(items, Opcode::AddItems));
            }
            "$tuple" | "$frozenset" => {
                self.begin(place)?;
                self.plain(Opcode::Mark)?;
                self.values(items()?)?;
                let opcode = if tag == "$tuple" { Opcode::Tuple } else { Opcode::FrozenSet };
                return self.end(place, Parts::Marked, opcode).map(|_| ());
            }
            "$value" | "$readonly" => {
                self.begin(place)?;
                self.value(value)?;
                self.around -= u32::from(place.1);
                if tag == "$readonly" {
                    self.plain(Opcode::ReadonlyBuffer)?;
                }
            }
            "$int" => self.int(string()?)?,
            "$float" => match u64::from_str_radix(string()?, 16) {
                Ok(bits) => self.op(Opcode::BinFloat, Arg::Float(bits))?,
                Err(_) => return fault("the bits of a double are wanted, 16 hexadecimal digits"),
            },
            "$wtf8" => self.text(&base64()?)?,
            "$str8" => {
                self.python2 = true;
                self.op(Opcode::BinString, Arg::Bytes(&base64()?))?;
            }
            "$bytes" => self.op(Opcode::BinBytes8, Arg::Bytes(&base64()?))?,
            "$bytearray" => self.op(Opcode::ByteArray8, Arg::Bytes(&base64()?))?,
            "$global" => self.global(value)?,
            "$ext" => match value.as_i64().and_then(|code| i32::try_from(code).ok()) {
                Some(code @ 1..) => self.op(Opcode::Ext4, Arg::Int(code))?,
                _ => return fault("an extension code is a number from 1 on"),
            },
            "$buffer" => self.buffer(value, false)?,
            "$complex" => match items()? {
                parts @ [_, _] => {
                    self.named("builtins", "complex")?;
                    self.values(parts)?;
                    self.plain(Opcode::Tuple2)?;
                    self.plain(Opcode::Reduce)?;
                }
                _ => return fault("a pair [real, imaginary] is wanted"),
            },
            "$range" | "$slice" => match items()? {
                parts @ [_, _, _] => {
                    self.named("builtins", tag.trim_start_matches('$'))?;
                    self.values(parts)?;
                    self.plain(Opcode::Tuple3)?;
                    self.plain(Opcode::Reduce)?;
                }
                _ => return fault("a list [start, stop, step] is wanted"),
            },
            "$seconds" => self.delta(value)?,
            _ => return fault("unknown key; write a dict with such keys as $dict"),
        }
        self.made(place)
    }

    fn named(&mut self, module: &str, name: &str) -> Result<(), Fault> {
        self.text(module.as_bytes())?;
        self.text(name.as_bytes())?;
        self.plain(Opcode::StackGlobal)
    }

    fn small(&mut self, int: i64) -> Result<(), Fault> {
        self.int(&int.to_string())
    }

    /// A `timedelta`, exact to the microsecond.
    fn delta(&mut self, seconds: &Value) -> Result<(), Fault> {
        let Value::Number(number) = seconds else { return fault("a number of seconds is wanted") };
        let text = number.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = format!("{fraction:0<6}");
        let micros = digits.get(..6).and_then(|digits| digits.parse::<i64>().ok());
        let total = whole.parse::<i64>().ok().and_then(|whole| whole.checked_mul(1_000_000)).zip(micros);
        let Some((whole, micros)) = total.filter(|_| fraction.len() <= 6) else {
            return fault(format!("{text} is not a number of seconds with up to six decimal places"));
        };
        let total = if text.starts_with('-') { whole - micros } else { whole + micros };
        let (seconds, micros) = (total.div_euclid(1_000_000), total.rem_euclid(1_000_000));
        self.named("datetime", "timedelta")?;
        self.small(seconds.div_euclid(86_400))?;
        self.small(seconds.rem_euclid(86_400))?;
        self.small(micros)?;
        self.plain(Opcode::Tuple3)?;
        self.plain(Opcode::Reduce)
    }

    fn buffer(&mut self, index: &Value, read_only: bool) -> Result<(), Fault> {
        if index.as_u64() != Some(self.buffers) {
            return fault(format!("buffers come in order: number {} is next", self.buffers));
        }
        self.buffers += 1;
        self.plain(Opcode::NextBuffer)?;
        if read_only { self.plain(Opcode::ReadonlyBuffer) } else { Ok(()) }
    }
}
