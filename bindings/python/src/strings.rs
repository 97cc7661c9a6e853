//! Strings that were made already: by where they stand in the stream, and dict keys by what they say.

use crate::raw::{Kept, Raw, again};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;

/// A table from places in the stream to objects: the same place is the same object, by way of the memo.
#[derive(Default)]
pub struct Places {
    slots: Vec<(u64, Raw)>,
    used: usize,
}

/// Slots that are kept for what is read next.
const KEPT: usize = 64;

fn spread(place: u64) -> usize {
    (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize
}

impl Places {
    /// The object of a place, borrowed.
    #[inline]
    pub fn get(&self, place: u64) -> Option<Raw> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = spread(place) & mask;
        loop {
            match self.slots.get(at) {
                Some(&(_, object)) if object.is_null() => return None,
                Some(&(key, object)) if key == place => return Some(object),
                Some(_) => at = (at + 1) & mask,
                None => return None,
            }
        }
    }

    /// Keeps a reference of its own.
    ///
    /// # Safety
    /// `object` is a live object, and the place has none yet.
    #[inline]
    pub unsafe fn insert(&mut self, place: u64, object: Raw) {
        if self.used * 2 >= self.slots.len() {
            self.grow();
        }
        self.used += 1;
        // SAFETY: as the caller promises.
        self.place(place, unsafe { again(object) });
    }

    fn place(&mut self, place: u64, object: Raw) {
        let mask = self.slots.len() - 1;
        let mut at = spread(place) & mask;
        while !self.slots[at].1.is_null() {
            at = (at + 1) & mask;
        }
        self.slots[at] = (place, object);
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(32);
        let old = std::mem::replace(&mut self.slots, vec![(0, std::ptr::null_mut()); size]);
        for (place, object) in old {
            if !object.is_null() {
                self.place(place, object);
            }
        }
    }

    pub fn objects(&self) -> impl Iterator<Item = Raw> {
        self.slots.iter().map(|slot| slot.1).filter(|object| !object.is_null())
    }

    pub fn clear(&mut self) {
        if self.used == 0 {
            return;
        }
        // What was large once does not make every later one slow.
        let keep = self.slots.len() <= KEPT;
        for slot in &mut self.slots {
            let object = std::mem::replace(&mut slot.1, std::ptr::null_mut());
            if !object.is_null() {
                // SAFETY: a reference of ours.
                unsafe { ffi::Py_DECREF(object) };
            }
        }
        if !keep {
            self.slots = Vec::new();
        }
        self.used = 0;
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A key that was made lately: most pickles say the same few again and again.
#[derive(Clone, Copy)]
struct Recent {
    /// A reference of the table's own, to a str that is all ASCII: its bytes lie in it as long as it lives.
    object: Raw,
    text: *const [u8],
}

const KEYS: usize = 1024;
/// Longer ones are no names.
const LONGEST: usize = 48;

static RECENT: Kept<Box<[Option<Recent>; KEYS]>> = Kept::new();

/// A dict key: perhaps one that was made for another pickle. A new reference.
#[inline]
pub fn key(py: Python<'_>, text: &[u8]) -> PyResult<Raw> {
    if text.len() > LONGEST {
        return new_text(py, text);
    }
    let mut hash = text.len() as u64;
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        hash = (hash.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        hash = (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    let mut recent = RECENT.take(py).unwrap_or_else(|| Box::new([None; KEYS]));
    let slot = &mut recent[(hash >> 54) as usize % KEYS];
    let key = match slot {
        // SAFETY: the table holds a reference to the str, and with it its bytes.
        Some(known) if unsafe { &*known.text } == text => Ok(unsafe { again(known.object) }),
        _ => new_key(py, text, slot),
    };
    RECENT.put(py, recent);
    key
}

#[inline(never)]
fn new_key(py: Python<'_>, text: &[u8], slot: &mut Option<Recent>) -> PyResult<Raw> {
    let made = new_text(py, text)?;
    if text.is_ascii()
        // SAFETY: a str that lives as long as the table has it.
        && let Some(text) = unsafe { crate::raw::utf8(made) }
    {
        // SAFETY: made is new.
        let known = Recent { object: unsafe { again(made) }, text };
        if let Some(old) = slot.replace(known) {
            // SAFETY: a reference of ours.
            unsafe { ffi::Py_DECREF(old.object) };
        }
    }
    Ok(made)
}

/// A str from UTF-8, perhaps with lone surrogates. A new reference.
pub fn new_text(py: Python<'_>, text: &[u8]) -> PyResult<Raw> {
    let (data, size) = (text.as_ptr().cast(), text.len() as Py_ssize_t);
    // SAFETY: data and size are those of a slice.
    unsafe {
        let mut made = ffi::PyUnicode_FromStringAndSize(data, size);
        if made.is_null() {
            ffi::PyErr_Clear();
            made = ffi::PyUnicode_DecodeUTF8(data, size, c"surrogatepass".as_ptr());
        }
        crate::raw::new(py, made)
    }
}
