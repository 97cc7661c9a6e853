//! Strings that were made already: by where they stand in the stream, and dict keys by what they say.

use crate::raw::{Raw, again};
use pyo3::ffi::{self, Py_ssize_t};
use pyo3::prelude::*;
use std::cell::RefCell;

/// A table from places in the stream to objects: the same place is the same object, by way of the memo.
#[derive(Default)]
pub struct Places {
    slots: Vec<(u64, Raw)>,
    used: usize,
}

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
        for (_, object) in self.slots.drain(..) {
            if !object.is_null() {
                // SAFETY: a reference of ours.
                unsafe { ffi::Py_DECREF(object) };
            }
        }
        self.used = 0;
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Keys that were made lately, for as long as the thread lives: most pickles say the same few again and again.
struct Keys(Box<[Raw; KEYS]>);

const KEYS: usize = 1024;
/// Longer ones are no names.
const LONGEST: usize = 48;

thread_local! {
    static RECENT: RefCell<Keys> = RefCell::new(Keys(Box::new([std::ptr::null_mut(); KEYS])));
}

/// A dict key: perhaps one that was made for another pickle. A new reference.
pub fn key(py: Python<'_>, text: &[u8]) -> PyResult<Raw> {
    if text.len() > LONGEST || !text.is_ascii() {
        return new_text(py, text);
    }
    let mut hash = text.len() as u64;
    for piece in text.chunks(8) {
        let mut word = [0; 8];
        word[..piece.len()].copy_from_slice(piece);
        hash = (hash.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    RECENT.with_borrow_mut(|Keys(recent)| {
        let slot = &mut recent[(hash >> 54) as usize % KEYS];
        if !slot.is_null() {
            // SAFETY: the table holds a reference to a str.
            let known = unsafe { crate::raw::utf8(*slot) };
            if known == Some(text) {
                // SAFETY: the same.
                return Ok(unsafe { again(*slot) });
            }
        }
        let made = new_text(py, text)?;
        // SAFETY: made is new; what stood there was ours.
        unsafe {
            ffi::Py_XDECREF(std::mem::replace(slot, again(made)));
        }
        Ok(made)
    })
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
