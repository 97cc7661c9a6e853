//! Values without items: numbers, strings, bytes, names.

use super::{Pickler, Shared, Written};
use crate::literal::{int, utf8};
use crate::wire::frames::Frames;
use crate::write::spelling::{self, Payload};
use crate::{ErrorKind, Opcode};
use embedded_io::Write;

impl<'p, W: Write, F: Frames> Pickler<'p, W, F> {
    /// None.
    ///
    /// # Errors
    /// The sink fails, or no value may stand here. So for every value.
    pub fn none(&mut self) -> Written<'_, Self, W> {
        self.simple(Opcode::None)
    }

    /// True or False.
    ///
    /// # Errors
    /// As [`Pickler::none`].
    pub fn bool(&mut self, value: bool) -> Written<'_, Self, W> {
        self.before()?;
        self.encoder.bool(value)?;
        self.after()
    }

    /// An int.
    ///
    /// # Errors
    /// As [`Pickler::none`].
    #[cfg_attr(target_pointer_width = "64", inline)]
    pub fn int(&mut self, value: i64) -> Written<'_, Self, W> {
        let Ok(small) = i32::try_from(value) else { return self.big_int(&value.to_le_bytes()) };
        self.before()?;
        self.encoder.int(small)?;
        self.after()
    }

    /// An int of zero or more.
    ///
    /// # Errors
    /// As [`Pickler::none`].
    pub fn uint(&mut self, value: u64) -> Written<'_, Self, W> {
        match i64::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => {
                let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
                self.big_int(&[a, b, c, d, e, f, g, h, 0])
            }
        }
    }

    /// An int of up to 128 bits.
    ///
    /// # Errors
    /// As [`Pickler::none`].
    pub fn int128(&mut self, value: i128) -> Written<'_, Self, W> {
        match i64::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => self.big_int(&value.to_le_bytes()),
        }
    }

    /// An int of any size: two's complement, little-endian.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::Inexpressible`] before protocol 2 beyond 64 bytes, which would have to be written in decimal.
    pub fn big_int(&mut self, bytes: &[u8]) -> Written<'_, Self, W> {
        let bytes = int::minimal_twos_complement(bytes);
        if bytes.len() <= 4
            && let Some(small) = int::from_twos_complement(bytes)
        {
            return self.int(small);
        }
        if self.protocol() < 2 {
            return self.decimal(bytes);
        }
        self.payload(Payload::Int, bytes)
    }

    // Apart, as its room for digits should not be on every caller's stack.
    #[inline(never)]
    fn decimal(&mut self, bytes: &[u8]) -> Written<'_, Self, W> {
        let mut digits = [0; int::DECIMAL_ROOM];
        let Some(digits) = int::decimal(bytes, &mut digits) else {
            return Err(self.encoder.fault(ErrorKind::Inexpressible, Opcode::Long));
        };
        self.before()?;
        self.encoder.line(Opcode::Long, digits)?;
        self.after()
    }

    /// A float.
    ///
    /// # Errors
    /// As [`Pickler::none`]. In protocol 0 floats are text, which takes the feature `text-float`:
    /// [`ErrorKind::NotInProtocol0`] without it.
    #[cfg_attr(target_pointer_width = "64", inline)]
    pub fn float(&mut self, value: f64) -> Written<'_, Self, W> {
        #[cfg(feature = "text-float")]
        if self.protocol() == 0 {
            let mut room = [0; crate::literal::float::REPR_ROOM];
            self.before()?;
            self.encoder.line(Opcode::Float, crate::literal::float::repr(value, &mut room))?;
            return self.after();
        }
        if self.protocol() == 0 {
            return Err(self.encoder.fault(ErrorKind::NotInProtocol0, Opcode::BinFloat));
        }
        self.before()?;
        self.encoder.float(value.to_bits())?;
        self.after()
    }

    /// A str.
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::TooLong`] from 4 GiB on before protocol 4.
    pub fn str(&mut self, value: &str) -> Written<'_, Self, W> {
        self.utf8(value.as_bytes())
    }

    /// A str in UTF-8, in which lone surrogates may stand as three bytes each (`surrogatepass`).
    ///
    /// # Errors
    /// As [`Pickler::str`]; [`ErrorKind::BadUtf8`].
    pub fn str_bytes(&mut self, value: &[u8]) -> Written<'_, Self, W> {
        match utf8::utf8_surrogatepass(value) {
            Ok(_) => self.utf8(value),
            Err(kind) => Err(self.encoder.fault(kind, Opcode::BinUnicode)),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline)]
    fn utf8(&mut self, value: &[u8]) -> Written<'_, Self, W> {
        if self.protocol() > 0 {
            return self.payload(Payload::Str, value);
        }
        self.before()?;
        self.unicode_line(value)?;
        self.after()
    }

    /// A str that was given before and has a place in the caller's table is fetched from the memo. For keys that come
    /// again in every record.
    ///
    /// # Errors
    /// As [`Pickler::str`].
    pub fn shared_str(&mut self, value: &'p str) -> Written<'_, Self, W> {
        let known = self.shared.iter().take(self.shared_len).find(|shared| shared.text == value);
        if let Some(&Shared { memo, .. }) = known {
            return self.get_memo(memo);
        }
        self.str(value)?;
        if self.shared_len < self.shared.len() {
            let memo = self.memoize()?;
            if let Some(slot) = self.shared.get_mut(self.shared_len) {
                *slot = Shared { text: value, memo };
                self.shared_len += 1;
            }
        }
        Ok(self)
    }

    /// Bytes. Before protocol 3 as CPython writes them: `_codecs.encode` of a str in Latin-1.
    ///
    /// # Errors
    /// As [`Pickler::str`].
    pub fn bytes(&mut self, value: &[u8]) -> Written<'_, Self, W> {
        match self.protocol() {
            0..=2 => {
                self.check_latin1(value)?;
                self.before()?;
                spelling::old_bytes(self, value)?;
                self.after()
            }
            _ => self.payload(Payload::Bytes, value),
        }
    }

    /// A bytearray. Before protocol 5: `bytearray` of bytes.
    ///
    /// # Errors
    /// As [`Pickler::str`].
    pub fn byte_array(&mut self, value: &[u8]) -> Written<'_, Self, W> {
        if self.protocol() >= 5 {
            return self.payload(Payload::ByteArray, value);
        }
        self.check_latin1(value)?;
        self.before()?;
        spelling::old_byte_array(self, value, false, |pickler, bytes| match pickler.protocol() {
            0..=2 => spelling::old_bytes(pickler, bytes),
            _ => pickler.encoder.payload(Payload::Bytes, bytes),
        })?;
        self.after()
    }

    /// A class or function by module and name; a name with dots is looked up part by part. Names are written as they
    /// are given: before protocol 3, Python 3 takes those of Python 2 (`__builtin__`).
    ///
    /// # Errors
    /// As [`Pickler::none`]; [`ErrorKind::EmptyLine`], or [`ErrorKind::LineBreak`] before protocol 4.
    pub fn global(&mut self, module: &str, name: &str) -> Written<'_, Self, W> {
        self.check_global(module, name)?;
        self.before()?;
        self.any_global(module, name)?;
        self.after()
    }

    /// The object behind a persistent id that is text.
    ///
    /// # Errors
    /// As [`Pickler::none`]; in protocol 0, [`ErrorKind::NotAscii`] and [`ErrorKind::LineBreak`].
    pub fn persistent_id(&mut self, id: &str) -> Written<'_, Self, W> {
        if self.protocol() > 0 {
            return self.begin_persistent()?.str(id)?.end();
        }
        if !id.is_ascii() || id.contains('\n') {
            let kind = if id.is_ascii() { ErrorKind::LineBreak } else { ErrorKind::NotAscii };
            return Err(self.encoder.fault(kind, Opcode::PersId));
        }
        self.before()?;
        self.encoder.line(Opcode::PersId, id.as_bytes())?;
        self.after()
    }

    /// The next out-of-band buffer.
    ///
    /// # Errors
    /// As [`Pickler::none`]; an opcode of protocol 5.
    pub fn buffer(&mut self, read_only: bool) -> Written<'_, Self, W> {
        if self.protocol() < 5 {
            let kind = ErrorKind::not_in_protocol(self.protocol());
            return Err(self.encoder.fault(kind, Opcode::NextBuffer));
        }
        self.before()?;
        self.encoder.buffer(read_only)?;
        self.after()
    }
}
