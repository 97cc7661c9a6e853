//! The bytes of a pickle: frames, and the memo's numbers. As `_Pickler_Write` and its neighbours in `_pickle.c`.

use crate::raw::{self, Raw, again};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

/// A frame is closed when it has reached this many bytes.
const FRAME_TARGET: usize = 64 << 10;
/// A shorter one is not worth its header.
const FRAME_MIN: usize = 4;
const FRAME_HEADER: usize = 9;
/// Slots of a memo that are kept for the next pickle.
const KEPT: usize = 2048;

/// Where the bytes go.
pub struct Out<'py> {
    py: Python<'py>,
    pub bytes: Vec<u8>,
    framing: bool,
    frame: Option<usize>,
    /// The file's `write`.
    file: Option<Bound<'py, PyAny>>,
}

impl<'py> Out<'py> {
    pub fn new(py: Python<'py>, bytes: Vec<u8>, file: Option<Bound<'py, PyAny>>) -> Self {
        Out { py, bytes, framing: false, frame: None, file }
    }

    pub fn begin_framing(&mut self) {
        self.framing = true;
    }

    pub fn put(&mut self, bytes: &[u8]) {
        if self.framing && self.frame.is_none() {
            self.frame = Some(self.bytes.len());
            self.bytes.extend_from_slice(&[0; FRAME_HEADER]);
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes of a number that is known when this is compiled.
    #[inline(always)]
    pub fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        if self.framing && self.frame.is_none() {
            return self.put(&bytes);
        }
        self.bytes.extend_from_slice(&bytes);
    }

    #[inline(always)]
    pub fn byte(&mut self, byte: u8) {
        self.array([byte]);
    }

    pub fn close_frame(&mut self) {
        let (true, Some(start)) = (self.framing, self.frame.take()) else { return };
        let len = self.bytes.len() - start - FRAME_HEADER;
        if len >= FRAME_MIN {
            self.bytes[start] = 0x95;
            self.bytes[start + 1..start + FRAME_HEADER].copy_from_slice(&(len as u64).to_le_bytes());
        } else {
            self.bytes.drain(start..start + FRAME_HEADER);
        }
    }

    /// A frame is to end before the next value.
    #[inline(always)]
    pub fn is_due(&self) -> bool {
        self.frame.is_some_and(|start| self.bytes.len() - start - FRAME_HEADER >= FRAME_TARGET)
    }

    /// Between two values: where a frame may end.
    #[inline(always)]
    pub fn boundary(&mut self) -> PyResult<()> {
        if self.is_due() { self.next_frame() } else { Ok(()) }
    }

    #[inline(never)]
    fn next_frame(&mut self) -> PyResult<()> {
        self.close_frame();
        self.flush()
    }

    /// Hands what there is to the file.
    pub fn flush(&mut self) -> PyResult<()> {
        if let Some(file) = &self.file
            && !self.bytes.is_empty()
        {
            file.call1((PyBytes::new(self.py, &self.bytes),))?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// A header and its payload. Long ones stand outside of frames, and go to a file without another copy.
    pub fn payload(&mut self, header: &[u8], data: &[u8], object: Option<&Bound<'py, PyAny>>) -> PyResult<()> {
        if data.len() < FRAME_TARGET {
            self.put(header);
            self.put(data);
            return Ok(());
        }
        self.close_frame();
        let framing = std::mem::replace(&mut self.framing, false);
        self.put(header);
        if let Some(file) = self.file.clone() {
            self.flush()?;
            match object {
                Some(object) => file.call1((object,))?,
                None => file.call1((PyBytes::new(self.py, data),))?,
            };
        } else {
            self.put(data);
        }
        self.framing = framing;
        Ok(())
    }
}

/// The memo table: the objects that have been written, each with its index.
#[derive(Default)]
pub struct Memo {
    slots: Vec<(Raw, u32)>,
    len: usize,
}

// SAFETY: it is touched by threads that are attached only.
unsafe impl Send for Memo {}
// SAFETY: the same.
unsafe impl Sync for Memo {}

impl Memo {
    #[inline]
    fn slot(&self, object: Raw) -> usize {
        ((object as u64 >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24) as usize & (self.slots.len() - 1)
    }

    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn get(&self, object: Raw) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = self.slot(object);
        loop {
            let (key, number) = self.slots[at];
            if key == object {
                return Some(number);
            }
            if key.is_null() {
                return None;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Keeps a reference: an address that is used again would be another object.
    ///
    /// # Safety
    /// `object` is a live object.
    pub unsafe fn insert(&mut self, object: Raw, number: u32) {
        if (self.len + 1) * 3 > self.slots.len() * 2 {
            let size = (self.slots.len() * if self.len > 50_000 { 2 } else { 4 }).max(32);
            let old = std::mem::replace(&mut self.slots, vec![(std::ptr::null_mut(), 0); size]);
            for (object, number) in old {
                if !object.is_null() {
                    self.place(object, number);
                }
            }
        }
        // SAFETY: as the caller promises.
        if self.place(object, number) {
            unsafe { again(object) };
            self.len += 1;
        }
    }

    /// The object had no number.
    fn place(&mut self, object: Raw, number: u32) -> bool {
        let mut at = self.slot(object);
        while !self.slots[at].0.is_null() && self.slots[at].0 != object {
            at = (at + 1) & (self.slots.len() - 1);
        }
        let fresh = self.slots[at].0.is_null();
        self.slots[at] = (object, number);
        fresh
    }

    /// Forgets all, and keeps the memory of a small one.
    pub fn clear(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        self.len = 0;
        for slot in &mut slots {
            let (object, _) = std::mem::replace(slot, (std::ptr::null_mut(), 0));
            if !object.is_null() {
                // SAFETY: a reference of ours.
                unsafe { raw::release(object) };
            }
        }
        // What an object did as it died may have written here.
        if slots.len() <= KEPT && self.slots.is_empty() {
            self.slots = slots;
        }
    }

    pub fn objects(&self) -> impl Iterator<Item = Raw> {
        self.slots.iter().map(|slot| slot.0).filter(|object| !object.is_null())
    }

    /// As the `memo` of a Pickler: ids to pairs of number and object.
    pub fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for &(object, number) in self.slots.iter().filter(|slot| !slot.0.is_null()) {
            // SAFETY: a live object.
            let object = unsafe { Bound::from_borrowed_ptr(py, object) };
            dict.set_item(object.as_ptr() as usize, (number, object))?;
        }
        Ok(dict)
    }

    pub fn from_dict(dict: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut memo = Memo::default();
        for (_, pair) in dict.iter() {
            let Ok(pair) = pair.cast_into::<PyTuple>() else {
                return Err(pyo3::exceptions::PyTypeError::new_err("'memo' values must be 2-item tuples"));
            };
            let number: u32 = pair.get_item(0)?.extract()?;
            // SAFETY: a live object.
            unsafe { memo.insert(pair.get_item(1)?.as_ptr(), number) };
        }
        Ok(memo)
    }
}

impl Drop for Memo {
    fn drop(&mut self) {
        self.clear();
    }
}
