//! What values mean, asked through the functions of C, in every spelling of `tests/data/views`.

mod common;

use common::storage;
use pickle::*;
use std::ffi::{CStr, CString};

/// A document, and all questions about its values.
struct Asked<'d> {
    doc: &'d pickle_doc,
}

impl Asked<'_> {
    fn each(&self, iter: Result<pickle_iter, pickle_status>) -> Vec<pickle_value> {
        let mut iter = iter.expect("an iterator");
        let (left, mut found) = (iter.left, Vec::new());
        let mut item = value_of_none();
        // SAFETY: the iterator was filled by the library, and `item` is a value.
        while unsafe { pickle_iter_next(&mut iter, &mut item) } {
            found.push(item);
        }
        assert_eq!(found.len(), left);
        found
    }

    fn each_entry(&self, iter: Result<pickle_iter, pickle_status>) -> Vec<(pickle_value, pickle_value)> {
        let mut iter = iter.expect("an iterator");
        let (left, mut found) = (iter.left, Vec::new());
        let (mut key, mut value) = (value_of_none(), value_of_none());
        // SAFETY: as above.
        while unsafe { pickle_iter_next_entry(&mut iter, &mut key, &mut value) } {
            found.push((key, value));
        }
        assert_eq!(found.len(), left);
        found
    }

    fn ask<T: Copy>(
        &self,
        value: pickle_value,
        empty: T,
        get: unsafe extern "C" fn(*const pickle_doc, pickle_value, *mut T) -> pickle_status,
    ) -> Result<T, pickle_status> {
        let mut out = empty;
        // SAFETY: all pointers are to what their types say.
        match unsafe { get(self.doc, value, &mut out) } {
            pickle_status::Ok => Ok(out),
            status => Err(status),
        }
    }

    fn str(&self, found: Result<pickle_str, pickle_status>) -> Option<String> {
        let text = found.ok()?;
        // SAFETY: the library says that so many bytes are there.
        let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.size) };
        Some(String::from_utf8(bytes.to_vec()).expect("UTF-8"))
    }

    fn name_of(&self, value: pickle_value) -> String {
        let (mut module, mut name) = (str_of_nothing(), str_of_nothing());
        // SAFETY: all pointers are to what their types say.
        match unsafe { pickle_value_as_global(self.doc, value, &mut module, &mut name) } {
            pickle_status::Ok => self.str(Ok(name)).unwrap_or_default(),
            // A class in a class, below protocol 4: a member of the outer one.
            _ => match self.ask(value, value_of_none(), pickle_value_known_class) {
                Ok(outer) => {
                    let name = self.str(self.ask(value, str_of_nothing(), pickle_value_known_text));
                    format!("{}.{}", self.name_of(outer), name.unwrap_or_default())
                }
                Err(_) => "?".into(),
            },
        }
    }

    fn class(&self, value: pickle_value) -> String {
        self.ask(value, value_of_none(), pickle_value_known_class)
            .map_or(String::new(), |class| format!("{}:", self.name_of(class)))
    }

    fn list(&self, values: &[pickle_value]) -> String {
        values.iter().map(|value| self.describe(*value)).collect::<Vec<_>>().join(",")
    }

    fn items(&self, value: pickle_value) -> String {
        self.list(&self.each(self.ask(value, EMPTY, pickle_value_known_items)))
    }

    fn pairs(&self, value: pickle_value) -> String {
        let entries = self.each_entry(self.ask(value, EMPTY, pickle_value_known_entries));
        let pairs = entries.iter().map(|(key, value)| format!("{}:{}", self.describe(*key), self.describe(*value)));
        pairs.collect::<Vec<_>>().join(",")
    }

    fn attributes(&self, value: pickle_value) -> String {
        let entries = self.each_entry(self.ask(value, EMPTY, pickle_value_known_attributes));
        let one = |(key, value): &(pickle_value, pickle_value)| {
            let name = self.str(self.ask(*key, str_of_nothing(), pickle_value_as_str)).unwrap_or_default();
            format!(".{name}={}", self.describe(*value))
        };
        entries.iter().map(one).collect()
    }

    /// As `describe` of the core's test of views, as far as C has it in so many words: `...` stands for the rest.
    fn describe(&self, value: pickle_value) -> String {
        // SAFETY: the document is alive.
        let (kind, known) = unsafe { (pickle_value_kind(self.doc, value), pickle_value_known(self.doc, value)) };
        let text = || self.str(self.ask(value, str_of_nothing(), pickle_value_known_text));
        match known {
            pickle_known::None => match kind {
                pickle_kind::None => "None".into(),
                pickle_kind::Bool => self.ask(value, false, pickle_value_as_bool).expect("a bool").to_string(),
                pickle_kind::Int => {
                    self.ask(value, 0i64, pickle_value_as_i64).map_or("big ...".into(), |int| int.to_string())
                }
                pickle_kind::Float => {
                    self.ask(value, 0f64, pickle_value_as_f64).map_or("...".into(), |float| format!("{float:?}"))
                }
                pickle_kind::Str => {
                    let text = self.str(self.ask(value, str_of_nothing(), pickle_value_as_str));
                    text.map_or("...".into(), |text| format!("'{text}'"))
                }
                pickle_kind::List => format!("[{}]", self.items(value)),
                pickle_kind::Tuple => format!("({})", self.items(value)),
                pickle_kind::Dict => format!("{{{}}}", self.pairs(value)),
                pickle_kind::Set => format!("set{{{}}}", self.items(value)),
                pickle_kind::FrozenSet => format!("frozenset{{{}}}", self.items(value)),
                pickle_kind::Global => format!("global {}", self.name_of(value)),
                _ => "...".into(),
            },
            pickle_known::Bytes | pickle_known::ByteArray => {
                let (mut bytes, mut size) = (vec![0u8; 70_000], 0);
                // SAFETY: the buffer has so many bytes.
                let status = unsafe {
                    pickle_value_copy_bytes(self.doc, value, bytes.as_mut_ptr().cast(), bytes.len(), &mut size)
                };
                assert_eq!(status, pickle_status::Ok);
                let hex: String = bytes[..size].iter().map(|byte| format!("{byte:02x}")).collect();
                format!("b'{hex}'")
            }
            pickle_known::Complex => "complex(...".into(),
            pickle_known::Range => "range(...".into(),
            pickle_known::Slice => "slice(...".into(),
            pickle_known::Date | pickle_known::Time | pickle_known::DateTime => {
                let mut at = std::mem::MaybeUninit::<pickle_datetime>::zeroed();
                // SAFETY: any bits are such a struct.
                let at = unsafe {
                    assert_eq!(pickle_value_as_datetime(self.doc, value, at.as_mut_ptr()), pickle_status::Ok);
                    at.assume_init()
                };
                let date = format!("{:04}-{:02}-{:02}", at.year, at.month, at.day);
                let time = format!("{:02}:{:02}:{:02}", at.hour, at.minute, at.second);
                match known {
                    pickle_known::Date => format!("date {date}"),
                    pickle_known::Time => format!("time {time}..."),
                    _ => format!("datetime {date}T{time}..."),
                }
            }
            pickle_known::TimeDelta => "delta ...".into(),
            pickle_known::TimeZone | pickle_known::ZoneInfo | pickle_known::LocalZone => "zone ...".into(),
            pickle_known::Decimal => format!("decimal {}", text().expect("a text")),
            pickle_known::FractionText => format!("fraction {}", text().expect("a text")),
            pickle_known::Fraction => "fraction ...".into(),
            pickle_known::Uuid => {
                let mut bytes = [0u8; 16];
                // SAFETY: the buffer has 16 bytes.
                let status = unsafe { pickle_value_as_uuid(self.doc, value, bytes.as_mut_ptr()) };
                assert_eq!(status, pickle_status::Ok);
                let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let part = |from: usize, to: usize| hex[from..to].concat();
                format!("uuid {}-{}-{}-{}-{}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16))
            }
            pickle_known::Path => "path ...".into(),
            pickle_known::Pattern => {
                let inner = self.ask(value, value_of_none(), pickle_value_known_inner).expect("a pattern");
                format!("pattern {}...", self.describe(inner))
            }
            pickle_known::Ip => "ip ...".into(),
            pickle_known::Member => {
                format!("member {}.{}", self.class(value).trim_end_matches(':'), text().expect("a name"))
            }
            pickle_known::Partial => {
                format!("partial {}({})...", self.class(value).trim_end_matches(':'), self.items(value))
            }
            pickle_known::Set => format!("{}set{{{}}}", self.class(value), self.items(value)),
            pickle_known::FrozenSet => format!("{}frozenset{{{}}}", self.class(value), self.items(value)),
            pickle_known::List | pickle_known::NumberArray => format!("{}[{}]", self.class(value), self.items(value)),
            pickle_known::Tuple => format!("{}({})", self.class(value), self.items(value)),
            pickle_known::Deque => format!("{}deque[{}]...", self.class(value), self.items(value)),
            pickle_known::UserList => format!("{}UserList[{}]", self.class(value), self.items(value)),
            pickle_known::UserDict => format!("{}UserDict{{{}}}", self.class(value), self.pairs(value)),
            pickle_known::Dict
            | pickle_known::OrderedDict
            | pickle_known::DefaultDict
            | pickle_known::Counter
            | pickle_known::ChainMap
            | pickle_known::MappingProxy
            | pickle_known::FrozenDict => {
                let name = match known {
                    pickle_known::Dict => String::new(),
                    pickle_known::MappingProxy => "Proxy".into(),
                    known => format!("{known:?}"),
                };
                format!("{}{name}{{{}}}{}", self.class(value), self.pairs(value), self.attributes(value))
            }
            pickle_known::Derived => {
                let inner = self.ask(value, value_of_none(), pickle_value_known_inner).expect("a value");
                format!("derived {}", self.describe(inner))
            }
            pickle_known::Record => {
                let (name, fields) = (self.class(value), self.items(value));
                let attributes = self.attributes(value);
                let name = name.trim_end_matches(':');
                if fields.is_empty() {
                    return format!("record {name}(){attributes}");
                }
                // Fields that have no names stand in brackets there, where they are no arguments.
                format!("record {name}({fields}){attributes}|record {name}()[{fields}]{attributes}")
            }
            _ => "...".into(),
        }
    }
}

const EMPTY: pickle_iter = pickle_iter { left: 0, opaque: [std::mem::MaybeUninit::new(0); 8] };

fn value_of_none() -> pickle_value {
    // SAFETY: any bits are a value.
    unsafe { std::mem::zeroed() }
}

fn str_of_nothing() -> pickle_str {
    // SAFETY: a null pointer and no bytes.
    unsafe { std::mem::zeroed() }
}

/// Where `...` stands, anything may follow up to the next text.
fn fits(found: &str, means: &str) -> bool {
    // `|` separates two spellings of one record.
    found.split('|').any(|found| {
        let mut rest = means;
        let mut parts = found.split("...");
        let first = parts.next().unwrap_or_default();
        let Some(after) = rest.strip_prefix(first) else { return false };
        rest = after;
        let parts: Vec<&str> = parts.collect();
        let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
        for part in middle {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    })
}

fn load<T>(pickle: &[u8], then: impl FnOnce(&pickle_doc) -> T) -> T {
    let (mut nodes, mut memo) = (vec![[0u64; 2]; 4096], vec![[0u64; 2]; 512]);
    let mut bytes = vec![0u8; 1 << 17];
    let storage = storage(&mut nodes, &mut memo, &mut bytes);
    let mut doc = std::mem::MaybeUninit::<pickle_doc>::zeroed();
    // SAFETY: all pointers are to what their types and lengths say, and outlive the document.
    let doc = unsafe {
        let data = pickle.as_ptr().cast();
        let status =
            pickle_load(&storage, data, pickle.len(), std::ptr::null(), doc.as_mut_ptr(), std::ptr::null_mut());
        assert_eq!(status, pickle_status::Ok, "{pickle:02x?}");
        doc.assume_init()
    };
    then(&doc)
}

#[test]
fn every_spelling() {
    let table = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/views/views.tsv")).unwrap();
    let (mut wrong, mut count, mut open) = (Vec::new(), 0, 0);
    for line in table.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [name, means, hex] = fields[..] else { panic!("{line}") };
        let pickle: Vec<u8> =
            (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect();
        count += 1;
        load(&pickle, |doc| {
            // SAFETY: the document is alive.
            let found = Asked { doc }.describe(unsafe { pickle_doc_root(doc) });
            // The table has no words for arrays and dtypes yet.
            open += usize::from(found == "..." && means != "Object");
            if !fits(&found, means) {
                wrong.push(format!("{name}: {found} instead of {means}, {hex}"));
            }
        });
    }
    assert!(count > 400 && open * 20 < count, "{open} of {count} are not told apart");
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn paths_say_how_far_they_reach() {
    // {"od": OrderedDict(a=1)}
    let pickle = b"\x80\x02}X\x02\0\0\0odccollections\nOrderedDict\n)RX\x01\0\0\0aK\x01ss.";
    load(pickle, |doc| {
        let reach = |path: &CStr| {
            let (mut done, mut there) = (99, value_of_none());
            // SAFETY: all pointers are to what their types say.
            let status =
                unsafe { pickle_value_path_reach(doc, pickle_doc_root(doc), path.as_ptr(), &mut done, &mut there) };
            (status, done, Asked { doc }.describe(there))
        };
        assert_eq!(reach(c"$.od.a"), (pickle_status::Ok, 6, "1".into()));
        assert_eq!(reach(c"$.od.c"), (pickle_status::Missing, 4, "OrderedDict{'a':1}".into()));
        assert_eq!(reach(c"$.od["), (pickle_status::BadPath, 4, "None".into()));
        assert_eq!(reach(&CString::new("$").unwrap()), (pickle_status::Ok, 1, "{'od':OrderedDict{'a':1}}".into()));
        // SAFETY: null is allowed, and refused.
        let null = unsafe {
            pickle_value_path_reach(
                doc,
                pickle_doc_root(doc),
                std::ptr::null(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        };
        assert_eq!(null, pickle_status::Null);
    });
}
