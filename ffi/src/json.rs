//! A printer for debugging: JSON where JSON can express the value.

use crate::document::pickle_doc;
use crate::status::pickle_status;
use crate::value::{here, pickle_value};
use core::ffi::c_void;
use pickle_core::{Entries, Items, Kind, Value};

/// Receives `size` bytes of output. Returning false stops the caller.
pub type pickle_write_fn = Option<unsafe extern "C" fn(context: *mut c_void, data: *const u8, size: usize) -> bool>;

/// Levels that are printed; what is nested deeper is `"..."`. Bounds stack and cycles.
const DEPTH: usize = 16;

struct Out {
    write: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> bool,
    context: *mut c_void,
}

type Done = Result<(), pickle_status>;

enum Level<'d> {
    Items(Items<'d>),
    Entries(Entries<'d>),
}

impl Out {
    fn put(&mut self, text: &[u8]) -> Done {
        // SAFETY: the caller of `pickle_value_dump_json` gave both.
        if unsafe { (self.write)(self.context, text.as_ptr(), text.len()) } {
            Ok(())
        } else {
            Err(pickle_status::Stopped)
        }
    }

    fn quoted(&mut self, text: &[u8]) -> Done {
        self.put(b"\"")?;
        self.escaped(text)?;
        self.put(b"\"")
    }

    fn escaped(&mut self, text: &[u8]) -> Done {
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\').unwrap_or(rest.len());
            let (run, tail) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
            if !run.is_empty() {
                self.put(run)?;
            }
            rest = tail;
            if let Some((&byte, tail)) = rest.split_first() {
                if byte < 0x20 {
                    self.put(b"\\u00")?;
                    self.hex(&[byte])?;
                } else {
                    self.put(&[b'\\', byte])?;
                }
                rest = tail;
            }
        }
        Ok(())
    }

    fn hex(&mut self, bytes: &[u8]) -> Done {
        let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
        for byte in bytes {
            self.put(&[digit(byte >> 4), digit(byte & 15)])?;
        }
        Ok(())
    }

    fn tagged(&mut self, tag: &[u8], bytes: &[u8]) -> Done {
        self.put(b"{\"")?;
        self.put(tag)?;
        self.put(b"\": \"")?;
        self.hex(bytes)?;
        self.put(b"\"}")
    }

    fn int(&mut self, value: i64) -> Done {
        if value < 0 {
            self.put(b"-")?;
        }
        let mut digits = [0; 20];
        let mut rest = value.unsigned_abs();
        let mut used = 0;
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
            used += 1;
            if rest == 0 {
                break;
            }
        }
        self.put(digits.get(20 - used..).unwrap_or_default())
    }

    /// A value with nothing inside, or `None` and the level to go down to.
    fn scalar<'d>(&mut self, value: Value<'d>) -> Result<Option<(Level<'d>, &'static [u8])>, pickle_status> {
        if let Some(entries) = value.entries() {
            return self.put(b"{").map(|()| Some((Level::Entries(entries), &b"}"[..])));
        }
        if let Some(items) = value.items() {
            return self.put(b"[").map(|()| Some((Level::Items(items), &b"]"[..])));
        }
        match value.kind() {
            Kind::None => self.put(b"null")?,
            Kind::Bool => self.put(if value.as_bool() == Some(true) { b"true" } else { b"false" })?,
            Kind::Int => match (value.as_i64(), value.as_big_int()) {
                (Some(int), _) => self.int(int)?,
                (_, Some(pickle_core::BigInt::Text(text))) => self.put(text)?,
                (_, Some(pickle_core::BigInt::Bytes(bytes))) => self.tagged(b"$int_le", bytes)?,
                _ => self.put(b"null")?,
            },
            Kind::Float => match (value.as_f64(), value.float_text()) {
                (Some(float), _) => self.tagged(b"$float", &float.to_bits().to_be_bytes())?,
                (_, text) => self.put(text.unwrap_or_default().as_bytes())?,
            },
            Kind::Str => match value.as_str() {
                Some(text) => self.quoted(text.as_bytes())?,
                None => self.tagged(b"$wtf8", value.str_bytes().unwrap_or_default())?,
            },
            Kind::Str8 => match value.as_str() {
                Some(text) => self.quoted(text.as_bytes())?,
                None => self.tagged(b"$str8", value.as_bytes().unwrap_or_default())?,
            },
            Kind::Bytes | Kind::ByteArray | Kind::ReadOnly => {
                self.tagged(b"$bytes", value.as_bytes().unwrap_or_default())?;
            }
            Kind::Global => self.global(value)?,
            Kind::Extension => {
                self.put(b"{\"$ext\": ")?;
                self.int(i64::from(value.as_extension().unwrap_or(0)))?;
                self.put(b"}")?;
            }
            Kind::Buffer => {
                self.put(b"{\"$buffer\": ")?;
                self.int(i64::from(value.as_buffer().map_or(0, |buffer| buffer.index)))?;
                self.put(b"}")?;
            }
            _ => {
                let Some(object) = value.as_object() else { return self.put(b"null").map(|()| None) };
                self.put(b"{\"$class\": ")?;
                self.global(object.callable())?;
                if object.callable().class_name().is_some() {
                    self.put(b", \"$args\": [")?;
                    return Ok(Some((Level::Items(object.args()), b"]}")));
                }
                self.put(b"}")?;
            }
        }
        Ok(None)
    }

    fn global(&mut self, value: Value<'_>) -> Done {
        let Some(class) = value.class_name() else { return self.put(b"null") };
        self.put(b"{\"$global\": [")?;
        self.quoted(class.module().as_bytes())?;
        self.put(b", \"")?;
        for (nth, name) in class.names().enumerate() {
            if nth != 0 {
                self.put(b".")?;
            }
            self.escaped(name.as_bytes())?;
        }
        self.put(b"\"]}")
    }
}

/// Prints a value through `write` for logs and debugging: JSON, with floats as their bits, bytes in hexadecimal, and
/// objects as class and arguments. A dict whose keys are not all str gives JSON-like text. Values below 16 levels are
/// printed as `"..."`, which also ends cycles, and at most 100 000 values are printed. The command `pickle json` prints
/// the exact form.
///
/// # Safety
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_value_dump_json(
    doc: *const pickle_doc,
    value: pickle_value,
    write: pickle_write_fn,
    context: *mut c_void,
) -> pickle_status {
    // SAFETY: as the caller says.
    let (Ok(root), Some(write)) = (unsafe { here(doc, value) }, write) else { return pickle_status::Null };
    match print(&mut Out { write, context }, root) {
        Ok(()) => pickle_status::Ok,
        Err(status) => status,
    }
}

fn print(out: &mut Out, root: Value<'_>) -> Done {
    let mut levels: [Option<(Level<'_>, &'static [u8])>; DEPTH] = [const { None }; DEPTH];
    let mut depth = 0;
    let mut budget = BUDGET;
    if let Some(level) = out.scalar(root)? {
        if let Some(slot) = levels.get_mut(0) {
            *slot = Some(level);
        }
        depth = 1;
    }
    let mut first = true;
    while depth != 0 {
        let Some(Some((level, end))) = levels.get_mut(depth - 1) else { return Ok(()) };
        let next = match level {
            Level::Items(items) => items.next().map(|item| (None, item)),
            Level::Entries(entries) => entries.next().map(|(key, item)| (Some(key), item)),
        };
        let Some((key, item)) = next else {
            out.put(end)?;
            depth -= 1;
            first = false;
            continue;
        };
        if !first {
            out.put(b", ")?;
        }
        first = false;
        budget -= 1;
        if budget == 0 {
            return out.put(b"...");
        }
        if let Some(key) = key {
            match key.items().is_some() || key.as_object().is_some() {
                true => out.put(b"\"...\"")?,
                false => out.scalar(key).map(|_| ())?,
            }
            out.put(b": ")?;
        }
        let deeper = item.items().is_some() || item.entries().is_some() || item.as_object().is_some();
        if deeper && depth == DEPTH {
            out.put(b"\"...\"")?;
        } else if let Some(level) = out.scalar(item)? {
            if let Some(slot) = levels.get_mut(depth) {
                *slot = Some(level);
            }
            depth += 1;
            first = true;
        }
    }
    Ok(())
}

/// Values that are printed at most: shared values are printed at each use,
/// and a small pickle can share its way to a text without end.
const BUDGET: u32 = 100_000;
