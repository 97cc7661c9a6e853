//! Types of numbers, under the names that torch, NumPy and safetensors have for them.

use pickle_core::known::DType;

/// A type of numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// The name in torch.
    pub(super) torch: &'static str,
    /// The class of its storages there; `None` where there is none of its own.
    pub(super) storage: Option<&'static str>,
    /// The name in safetensors.
    pub(super) safetensors: Option<&'static str>,
    /// The kind of NumPy's type.
    pub(super) numpy: Option<u8>,
    /// Bytes of an item.
    pub(super) size: usize,
    /// Bytes of the numbers in it: complex ones have two.
    pub(super) part: usize,
}

const fn number(
    torch: &'static str,
    storage: Option<&'static str>,
    safetensors: Option<&'static str>,
    numpy: Option<u8>,
    size: usize,
    part: usize,
) -> Number {
    Number { torch, storage, safetensors, numpy, size, part }
}

const NUMBERS: &[Number] = &[
    number("float32", Some("FloatStorage"), Some("F32"), Some(b'f'), 4, 4),
    number("float64", Some("DoubleStorage"), Some("F64"), Some(b'f'), 8, 8),
    number("float16", Some("HalfStorage"), Some("F16"), Some(b'f'), 2, 2),
    number("bfloat16", Some("BFloat16Storage"), Some("BF16"), None, 2, 2),
    number("int64", Some("LongStorage"), Some("I64"), Some(b'i'), 8, 8),
    number("int32", Some("IntStorage"), Some("I32"), Some(b'i'), 4, 4),
    number("int16", Some("ShortStorage"), Some("I16"), Some(b'i'), 2, 2),
    number("int8", Some("CharStorage"), Some("I8"), Some(b'i'), 1, 1),
    number("uint64", None, Some("U64"), Some(b'u'), 8, 8),
    number("uint32", None, Some("U32"), Some(b'u'), 4, 4),
    number("uint16", None, Some("U16"), Some(b'u'), 2, 2),
    number("uint8", Some("ByteStorage"), Some("U8"), Some(b'u'), 1, 1),
    number("bool", Some("BoolStorage"), Some("BOOL"), Some(b'b'), 1, 1),
    number("float8_e4m3fn", None, Some("F8_E4M3"), None, 1, 1),
    number("float8_e5m2", None, Some("F8_E5M2"), None, 1, 1),
    number("complex64", Some("ComplexFloatStorage"), Some("C64"), Some(b'c'), 8, 4),
    number("complex128", Some("ComplexDoubleStorage"), None, Some(b'c'), 16, 8),
];

impl Number {
    /// The type that torch names so.
    pub(super) fn of_torch(name: &str) -> Option<&'static Number> {
        NUMBERS.iter().find(|number| number.torch == name)
    }

    /// The type that safetensors names so.
    pub(super) fn of_safetensors(name: &str) -> Option<&'static Number> {
        NUMBERS.iter().find(|number| number.safetensors == Some(name))
    }

    /// The type that NumPy has so, apart from the order of bytes.
    pub(super) fn of_numpy(dtype: &DType<'_>) -> Option<&'static Number> {
        let is = |number: &&Number| number.numpy == Some(dtype.kind) && number.size as u64 == dtype.size;
        NUMBERS.iter().find(is).filter(|_| dtype.fields.is_none() && dtype.subarray.is_none())
    }

    /// NumPy's type of numbers in this order of bytes; `None` where it has none.
    pub(super) fn dtype<'d>(&self) -> Option<DType<'d>> {
        Some(DType::plain(self.numpy?, self.size as u64, false))
    }
}

/// Bytes of an item of a storage class of a file of torch before 1.6.
pub(super) fn item_len(class: &str) -> Option<u64> {
    Some(match class {
        "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
        "FloatStorage" | "IntStorage" | "QInt32Storage" => 4,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        "CharStorage" | "ByteStorage" | "BoolStorage" | "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage"
        | "QUInt2x4Storage" | "UntypedStorage" => 1,
        "ComplexDoubleStorage" => 16,
        _ => return None,
    })
}
