//! Values that are written at once: numbers, strings, bytes, and what was written before.

use super::{Save, class, is, op};
use crate::raw::{self, Raw};
use pyo3::exceptions::PyOverflowError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyString, PyTuple};

impl<'py> Save<'_, 'py> {
    /// Writes a value that needs no task, or that has a number already. False where it is something else.
    #[inline]
    pub(super) fn atom(&mut self, object: Raw) -> PyResult<bool> {
        // SAFETY: a live object that the caller holds; addresses of built-in types and values.
        unsafe {
            let kind = ffi::Py_TYPE(object);
            if is(kind, &raw mut ffi::PyUnicode_Type) {
                if let Some(number) = self.memo.get(object) {
                    self.memo_get(number);
                    return Ok(true);
                }
                self.text(object)?;
                return Ok(true);
            }
            if is(kind, &raw mut ffi::PyLong_Type) {
                self.int(object)?;
                return Ok(true);
            }
            if is(kind, &raw mut ffi::PyFloat_Type) {
                self.float(object)?;
                return Ok(true);
            }
            if std::ptr::eq(object, ffi::Py_None()) {
                self.out.byte(b'N');
                return Ok(true);
            }
            if is(kind, &raw mut ffi::PyBool_Type) {
                let value = std::ptr::eq(object, ffi::Py_True());
                let text: &[u8] = match (self.protocol >= 2, value) {
                    (true, true) => &[0x88],
                    (true, false) => &[0x89],
                    (false, true) => b"I01\n",
                    (false, false) => b"I00\n",
                };
                self.out.put(text);
                return Ok(true);
            }
            if let Some(number) = self.memo.get(object) {
                self.memo_get(number);
                return Ok(true);
            }
            if is(kind, &raw mut ffi::PyBytes_Type) && self.protocol >= 3 {
                let data = ffi::PyBytes_AsString(object).cast::<u8>();
                let data = std::slice::from_raw_parts(data, ffi::PyBytes_Size(object) as usize);
                let bytes = Bound::from_borrowed_ptr(self.py, object);
                self.bytes_data(&bytes, data)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    unsafe fn int(&mut self, object: Raw) -> PyResult<()> {
        let mut overflow = 0;
        // SAFETY: an exact int.
        let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(object, &mut overflow) };
        if overflow == 0
            && let Ok(small) = i32::try_from(value)
        {
            if self.protocol == 0 {
                self.out.put(format!("I{small}\n").as_bytes());
                return Ok(());
            }
            let [a, b, c, d] = small.to_le_bytes();
            match (b, c, d) {
                (0, 0, 0) => self.out.array([b'K', a]),
                (_, 0, 0) => self.out.array([b'M', a, b]),
                _ => self.out.array([b'J', a, b, c, d]),
            }
            return Ok(());
        }
        if self.protocol < 2 {
            // SAFETY: an exact int.
            let int = unsafe { Bound::from_borrowed_ptr(self.py, object) };
            let text = int.repr()?;
            self.out.put(b"L");
            self.out.put(text.to_string_lossy().as_bytes());
            self.out.put(b"L\n");
            return Ok(());
        }
        if overflow == 0 {
            let bytes = value.to_le_bytes();
            let mut len = 8;
            while len > 1 && {
                let (last, before) = (bytes[len - 1], bytes[len - 2]);
                last == 0 && before & 0x80 == 0 || last == 0xff && before & 0x80 != 0
            } {
                len -= 1;
            }
            self.out.put(&[0x8a, len as u8]);
            self.out.put(&bytes[..len]);
            return Ok(());
        }
        // SAFETY: an exact int.
        let int = unsafe { Bound::from_borrowed_ptr(self.py, object) };
        let bits: usize = int.call_method0("bit_length")?.extract()?;
        let signed = PyDict::new(self.py);
        signed.set_item("signed", true)?;
        let bytes = int.call_method("to_bytes", (bits / 8 + 1, "little"), Some(&signed))?;
        let bytes = bytes.cast_into::<PyBytes>()?;
        let mut bytes = bytes.as_bytes();
        // Of a negative one the last byte may say nothing.
        if let [rest @ .., before, 0xff] = bytes
            && before & 0x80 != 0
        {
            bytes = &bytes[..rest.len() + 1];
        }
        match u8::try_from(bytes.len()) {
            Ok(len) => self.out.put(&[0x8a, len]),
            Err(_) => {
                let len =
                    i32::try_from(bytes.len()).map_err(|_| PyOverflowError::new_err("int too large to pickle"))?;
                let [a, b, c, d] = len.to_le_bytes();
                self.out.put(&[0x8b, a, b, c, d]);
            }
        }
        self.out.put(bytes);
        Ok(())
    }

    unsafe fn float(&mut self, object: Raw) -> PyResult<()> {
        // SAFETY: an exact float.
        let value = unsafe { ffi::PyFloat_AsDouble(object) };
        if self.protocol > 0 {
            let mut op = [b'G'; 9];
            op[1..].copy_from_slice(&value.to_bits().to_be_bytes());
            self.out.array(op);
            return Ok(());
        }
        // SAFETY: the same.
        let text = unsafe { Bound::from_borrowed_ptr(self.py, object) }.repr()?;
        self.out.put(b"F");
        self.out.put(text.to_string_lossy().as_bytes());
        self.out.put(b"\n");
        Ok(())
    }

    unsafe fn text(&mut self, object: Raw) -> PyResult<()> {
        if self.protocol == 0 {
            // SAFETY: an exact str.
            let text = unsafe { Bound::from_borrowed_ptr(self.py, object) };
            let text = text.call_method1("encode", ("utf-32-le", "surrogatepass"))?.cast_into::<PyBytes>()?;
            let mut line = vec![b'V'];
            for &[a, b, c, d] in text.as_bytes().as_chunks::<4>().0 {
                let code = u32::from_le_bytes([a, b, c, d]);
                match code {
                    0x1_0000.. => line.extend(format!("\\U{code:08x}").as_bytes()),
                    0x100.. | 0x5c | 0 | 0x0a | 0x0d | 0x1a => line.extend(format!("\\u{code:04x}").as_bytes()),
                    _ => line.push(code as u8),
                }
            }
            line.push(b'\n');
            self.out.put(&line);
            return self.memo_put(object);
        }
        // SAFETY: an exact str, which the caller holds.
        match unsafe { raw::utf8(object) } {
            Some(utf8) => self.text_data(utf8)?,
            None => {
                // SAFETY: the same.
                let text = unsafe { Bound::from_borrowed_ptr(self.py, object) };
                let utf8 = text.call_method1("encode", ("utf-8", "surrogatepass"))?.cast_into::<PyBytes>()?;
                self.text_data(utf8.as_bytes())?;
            }
        }
        self.memo_put(object)
    }

    fn text_data(&mut self, utf8: &[u8]) -> PyResult<()> {
        if utf8.len() < 256 && self.protocol >= 4 {
            self.out.array([0x8c, utf8.len() as u8]);
            self.out.put(utf8);
            return Ok(());
        }
        self.counted(utf8, b'X', 0x8d, None, "cannot serialize a string larger than 4 GiB")
    }

    fn counted(
        &mut self,
        data: &[u8],
        four: u8,
        eight: u8,
        object: Option<&Bound<'py, PyAny>>,
        too_long: &'static str,
    ) -> PyResult<()> {
        if let Ok(len) = u32::try_from(data.len()) {
            let [a, b, c, d] = len.to_le_bytes();
            return self.out.payload(&[four, a, b, c, d], data, object);
        }
        if self.protocol < 4 {
            return Err(PyOverflowError::new_err(too_long));
        }
        let mut header = [eight; 9];
        header[1..].copy_from_slice(&(data.len() as u64).to_le_bytes());
        self.out.payload(&header, data, object)
    }

    fn bytes_data(&mut self, object: &Bound<'py, PyAny>, data: &[u8]) -> PyResult<()> {
        if data.len() < 256 {
            self.out.put(&[b'C', data.len() as u8]);
            self.out.put(data);
        } else {
            self.counted(data, b'B', 0x8e, Some(object), "cannot serialize a bytes object larger than 4 GiB")?;
        }
        self.memo_put(object.as_ptr())
    }

    /// Protocols 0 to 2 have no bytes: they are the Latin-1 form of a text.
    pub(super) fn old_bytes(&mut self, bytes: Bound<'py, PyAny>) -> PyResult<()> {
        if bytes.len()? == 0 {
            return self.call(self.py.get_type::<PyBytes>().into_any(), (), bytes);
        }
        let text = bytes.call_method1("decode", ("latin-1",))?;
        static ENCODE: pyo3::sync::PyOnceLock<Py<PyAny>> = pyo3::sync::PyOnceLock::new();
        let encode = ENCODE.get_or_try_init(self.py, || -> PyResult<Py<PyAny>> {
            Ok(self.py.import("_codecs")?.getattr("encode")?.unbind())
        })?;
        let latin1 = PyString::intern(self.py, "latin1");
        self.call(encode.bind(self.py).clone(), (text, latin1), bytes)
    }

    pub(super) fn byte_array(&mut self, array: Bound<'py, PyAny>) -> PyResult<()> {
        if self.protocol < 5 {
            let class = self.py.get_type::<PyByteArray>().into_any();
            if array.len()? == 0 {
                return self.call(class, (), array);
            }
            let bytes = PyBytes::new(self.py, &array.cast::<PyByteArray>()?.to_vec());
            return self.call(class, (bytes,), array);
        }
        let data = array.cast::<PyByteArray>()?.to_vec();
        self.byte_array_data(&array, &data)
    }

    fn byte_array_data(&mut self, object: &Bound<'py, PyAny>, data: &[u8]) -> PyResult<()> {
        let mut header = [0x96; 9];
        header[1..].copy_from_slice(&(data.len() as u64).to_le_bytes());
        self.out.payload(&header, data, Some(object))?;
        self.memo_put(object.as_ptr())
    }

    pub(super) fn is_pickle_buffer(&self, object: &Bound<'py, PyAny>) -> PyResult<bool> {
        Ok(object.get_type().is(class!(self.py, "pickle", "PickleBuffer")?))
    }

    pub(super) fn pickle_buffer(&mut self, object: Bound<'py, PyAny>) -> PyResult<()> {
        if self.protocol < 5 {
            return Err(crate::errors::pickling("PickleBuffer can only be pickled with protocol >= 5".into()));
        }
        let view = object.py().get_type::<pyo3::types::PyMemoryView>().call1((&object,))?;
        if !view.getattr("contiguous")?.is_truthy()? {
            return Err(crate::errors::pickling(
                "PickleBuffer can not be pickled when pointing to a non-contiguous buffer".into(),
            ));
        }
        let read_only = view.getattr("readonly")?.is_truthy()?;
        let in_band = match &self.hooks.buffer_callback {
            Some(callback) => callback.call1((&object,))?.is_truthy()?,
            None => true,
        };
        if !in_band {
            self.out.byte(0x97);
            if read_only {
                self.out.byte(0x98);
            }
            return Ok(());
        }
        let order = PyDict::new(self.py);
        order.set_item("order", "A")?;
        let bytes = view.call_method("tobytes", (), Some(&order))?.cast_into::<PyBytes>()?;
        let data = bytes.as_bytes();
        // The memo is that of the PickleBuffer.
        let payload = bytes.clone().into_any();
        if read_only {
            if data.len() < 256 {
                self.out.put(&[b'C', data.len() as u8]);
                self.out.put(data);
            } else {
                self.counted(data, b'B', 0x8e, Some(&payload), "cannot serialize a bytes object larger than 4 GiB")?;
            }
        } else {
            let mut header = [0x96; 9];
            header[1..].copy_from_slice(&(data.len() as u64).to_le_bytes());
            self.out.payload(&header, data, Some(&payload))?;
        }
        self.memo_put(object.as_ptr())
    }

    pub(super) fn is_str8(&self, object: &Bound<'py, PyAny>) -> PyResult<bool> {
        Ok(object.get_type().is(class!(self.py, "libpickle._values", "Str8")?))
    }

    /// A str of Python 2.
    pub(super) fn str8(&mut self, object: &Bound<'py, PyAny>) -> PyResult<()> {
        let bytes = object.cast::<PyBytes>()?.as_bytes().to_vec();
        if self.protocol == 0 {
            let mut line = b"S'".to_vec();
            for byte in bytes {
                match byte {
                    b'\\' | b'\'' => line.extend([b'\\', byte]),
                    b' '..=b'~' => line.push(byte),
                    _ => line.extend(format!("\\x{byte:02x}").as_bytes()),
                }
            }
            line.extend(b"'\n");
            self.out.put(&line);
        } else if bytes.len() < 256 {
            self.out.put(&[b'U', bytes.len() as u8]);
            self.out.put(&bytes);
        } else {
            let len = i32::try_from(bytes.len()).map_err(|_| PyOverflowError::new_err("a Str8 ends at 2 GiB"))?;
            let [a, b, c, d] = len.to_le_bytes();
            self.out.payload(&[b'T', a, b, c, d], &bytes, None)?;
        }
        self.memo_put(object.as_ptr())
    }

    /// What is made by calling something: as the reduced form of a built-in value.
    pub(super) fn call(
        &mut self,
        callable: Bound<'py, PyAny>,
        args: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error: Into<PyErr>>,
        object: Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let args = args.into_pyobject(self.py).map_err(Into::into)?;
        self.push(super::Task::Made(object, false));
        self.push(super::Task::Op(op::REDUCE));
        self.later(args.as_any());
        self.later(&callable);
        Ok(())
    }
}
