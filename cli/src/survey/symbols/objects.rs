//! Classes, the objects that they make, and what changes those.

use super::text;
use super::{EMPTY_DICT, FORGOTTEN, KEY_LEVELS, KEYS_MAX, Key, NO_ITEMS, Shape, Slot, Symbols, text_in};
use pickle_core::joblib::ArrayForm;
use pickle_core::{Arg, ErrorKind, Opcode};

impl Symbols {
    pub(super) fn extension(&mut self, arg: Arg<'_>) -> Result<Slot, ErrorKind> {
        let code = match arg {
            Arg::Uint(code) => code as i64,
            Arg::Int(code) => i64::from(code),
            _ => 0,
        };
        if code <= 0 {
            return Err(ErrorKind::BadExtension);
        }
        if !self.ext_codes.contains(&code) {
            self.ext_codes.push(code);
        }
        Ok(Slot::Plain(Shape::Extension))
    }

    /// A Python 2 str is accepted: CPython decodes it first, unless its options forbid it.
    pub(super) fn stack_global(&mut self, base: usize) -> Result<Slot, ErrorKind> {
        let at = |i: usize| match self.stack.get(base + i) {
            Some(&FORGOTTEN) if !self.late.is_empty() => Some(&b"?"[..]),
            slot => slot.and_then(|slot| self.text_of(*slot)),
        };
        let (Some(module), Some(name)) = (at(0), at(1)) else { return Err(ErrorKind::GlobalNotStr) };
        let (module, name) = (module.to_vec(), name.to_vec());
        self.keep_names(&module, &name);
        Ok(Slot::Global(self.globals.name(&module, &name)))
    }

    /// A tuple, by what it may mean.
    pub(super) fn tuple(&self, base: usize) -> Slot {
        let items = self.stack.get(base..).unwrap_or_default();
        match items {
            [Slot::Int(_), ..] => {
                if let Some(product) = product(items) {
                    return Slot::Ints(product);
                }
                dtype_state(items).unwrap_or(Slot::Plain(Shape::Tuple))
            }
            [Slot::Global(number), ..] => Slot::First(*number),
            [text @ Slot::Text { len: 1..=24, .. }, ..] => text::code(self.text_of(*text).unwrap_or_default()),
            [] => Slot::Ints(1),
            _ => Slot::Plain(Shape::Tuple),
        }
    }

    pub(super) fn dict(&mut self, base: usize) -> Slot {
        let mut dict = EMPTY_DICT;
        self.entries(&mut dict, base, base);
        dict
    }

    /// What an opcode with a callable below its arguments makes.
    pub(super) fn made(&mut self, base: usize) -> Slot {
        let at = |i: usize| self.stack.get(base + i).copied().unwrap_or(Slot::Absent);
        let Slot::Global(number) = at(0) else { return Slot::Plain(Shape::Object) };
        let name = self.globals.get(number).map_or("", |global| global.name.as_str());
        match at(1) {
            Slot::Code { item_len, objects } if name == "dtype" => {
                self.dtypes.push((item_len, objects));
                Slot::Dtype(self.dtypes.len() as u32 - 1)
            }
            // These make an instance of the class they are given.
            Slot::First(class) if is_reconstructor(name) => Slot::Object(class),
            _ => Slot::Object(number),
        }
    }

    /// Gives the value at `base` what lies above it.
    pub(super) fn change(&mut self, opcode: Opcode, base: usize) {
        let Some(mut target) = self.stack.get(base).copied() else { return };
        match opcode {
            Opcode::Build => return self.build(target, base + 1),
            Opcode::SetItem | Opcode::SetItems => self.entries(&mut target, base, base + 1),
            _ if base == 0 => self.root.items += self.stack.len() as u64 - 1,
            _ => {}
        }
        if let Some(slot) = self.stack.get_mut(base) {
            *slot = target;
        }
    }

    /// Keys and values from `from` on go to `target` at `level`.
    pub(super) fn entries(&mut self, target: &mut Slot, level: usize, from: usize) {
        let entries = self.stack.get(from..).unwrap_or_default().as_chunks::<2>().0;
        if level == 0 {
            self.root.items += entries.len() as u64;
        }
        for [key, value] in entries {
            let Some(key) = text_in(&self.text, &self.kept, *key) else { continue };
            if let Slot::Dict { dtype, padded, items } = target {
                match (key, value) {
                    (b"dtype", Slot::Dtype(number)) => *dtype = *number,
                    (b"shape", Slot::Ints(product)) => *items = *product,
                    (b"numpy_array_alignment_bytes", value) => *padded = *value != Slot::Plain(Shape::None),
                    (b"_sklearn_version", value) if self.sklearn_version.is_none() => {
                        let version = text_in(&self.text, &self.kept, *value)
                            .map(|text| String::from_utf8_lossy(text).into_owned());
                        self.sklearn_version = version;
                    }
                    _ => {}
                }
            }
            if level < KEY_LEVELS && self.keys.len() < KEYS_MAX {
                let key = Key { level: level as u8, text: String::from_utf8_lossy(key).into_owned() };
                if !self.keys.contains(&key) {
                    self.keys.push(key);
                }
            }
        }
    }

    pub(super) fn build(&mut self, target: Slot, state: usize) {
        let state = self.stack.get(state).copied().unwrap_or(Slot::Absent);
        match (target, state) {
            (Slot::Dtype(number), Slot::DtypeState { item_len, objects }) => {
                if let Some(dtype) = self.dtypes.get_mut(number as usize) {
                    dtype.0 = u64::try_from(item_len).unwrap_or(dtype.0);
                    dtype.1 |= objects;
                }
            }
            (Slot::Object(class), Slot::Dict { dtype, padded, items }) if self.is_wrapper(class) => {
                match self.dtypes.get(dtype as usize) {
                    Some((_, true)) => self.array = Some(ArrayForm::Nested),
                    Some((item_len, _)) if items != NO_ITEMS => {
                        self.array = item_len.checked_mul(items).map(|len| ArrayForm::Raw { len, padded });
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    pub(super) fn is_wrapper(&self, class: u32) -> bool {
        self.globals.get(class).is_some_and(|class| {
            class.name == "NumpyArrayWrapper"
                && matches!(class.module.as_str(), "joblib.numpy_pickle" | "sklearn.externals.joblib.numpy_pickle")
        })
    }
}

fn is_reconstructor(name: &str) -> bool {
    matches!(name, "_reconstructor" | "_reconstruct" | "__newobj__" | "__newobj_ex__" | "_new_Index")
        || name.starts_with("__pyx_unpickle")
}

fn product(items: &[Slot]) -> Option<u64> {
    items.iter().try_fold(1u64, |product, item| match item {
        Slot::Int(n) => product.checked_mul(u64::try_from(*n).ok()?),
        _ => None,
    })
}

/// Item length and flags: places 5 and 7 of the state.
fn dtype_state(items: &[Slot]) -> Option<Slot> {
    let Slot::Int(len) = items.get(5)? else { return None };
    let objects = matches!(items.get(7), Some(Slot::Int(flags)) if flags & 1 != 0);
    Some(Slot::DtypeState { item_len: *len, objects })
}
