//! Messages of a known layout, into a struct of C.

use crate::memory::{bytes, pickle_bytes, pickle_in, pickle_str, text};
use crate::status::ended;
use core::ffi::{c_char, c_void};
use core::slice;
use pickle_core::message::{FieldNames, ItemKind, Reader, Refusal, RefusalReason};

/// Messages within messages.
const DEPTH: u8 = 16;

/// Why a message is refused. 0 is success. The numbers are frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum pickle_reason {
    /// The message was read.
    None = 0,
    /// The input ended before the message did.
    EndOfInput = 1,
    /// An argument crosses the end of its frame, or a frame begins inside another.
    BadFrame = 2,
    /// The byte is not an opcode, or one that is not allowed here.
    Unexpected = 3,
    /// PROTO names a protocol above 5.
    BadProtocol = 4,
    /// The value is of another type than its field.
    WrongType = 5,
    /// The number does not fit its member.
    OutOfRange = 6,
    /// The text of a number is not as CPython writes it, or it is a float and this build reads none as text.
    BadNumber = 7,
    /// The text is not UTF-8, or an escape in it is not whole.
    BadText = 8,
    /// The text is written with escapes, as in protocol 0, so that it cannot be borrowed: read it into an array.
    Escaped = 9,
    /// The text or the list is longer than its member.
    TooLong = 10,
    /// The list has fewer items than its member.
    TooShort = 11,
    /// The message has no such field.
    UnknownField = 12,
    /// The field comes a second time.
    DuplicateField = 13,
    /// A field that must be there is missing.
    MissingField = 14,
    /// GET of a memo entry that is not there, or for which there was no room.
    NotKept = 15,
    /// GET of a tuple of one to three items.
    SharedTuple = 16,
    /// A skipped value, or the layout, nests too deep.
    TooDeep = 17,
    /// Skipping would take more than linear work.
    WorkLimit = 18,
    /// A pointer that may not be null is null, or there are more than 32 fields.
    BadLayout = 100,
}

macro_rules! reason_texts {
    ($($name:ident)*) => {
        // A reason of the core has the same number here.
        const _: () = {
            $( assert!(pickle_reason::$name as i32 == RefusalReason::$name as i32); )*
            assert!([$(RefusalReason::$name),*].len() == RefusalReason::ALL.len());
        };

        fn reason_text(reason: i32) -> &'static [u8] {
            match reason {
                $( reason if reason == pickle_reason::$name as i32 => {
                    const TEXT: &str = RefusalReason::$name.text();
                    const ENDED: [u8; TEXT.len() + 1] = ended(TEXT);
                    &ENDED
                } )*
                reason if reason == pickle_reason::None as i32 => b"done\0",
                reason if reason == pickle_reason::BadLayout as i32 => {
                    b"a pointer that may not be null is null, or there are more than 32 fields\0"
                }
                _ => b"no such reason\0",
            }
        }
    };
}

reason_texts! {
    EndOfInput BadFrame Unexpected BadProtocol WrongType OutOfRange BadNumber BadText Escaped TooLong TooShort UnknownField
    DuplicateField MissingField NotKept SharedTuple TooDeep WorkLimit
}

/// A sentence that describes a reason. Static text; not linked when unused.
#[unsafe(no_mangle)]
pub extern "C" fn pickle_reason_text(reason: i32) -> *const c_char {
    reason_text(reason).as_ptr().cast()
}

/// What is wrong with a message.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_refusal {
    /// Bytes from the start of the input to the opcode that is refused.
    pub offset: usize,
    /// Why.
    pub reason: pickle_reason,
    /// Index of the field that was read last, of the innermost message; of that which is missing.
    pub field: u8,
    /// The byte at the offset; 0 at the end of the input.
    pub byte: u8,
}

/// A message that is being read: private.
pub struct pickle_message {
    reader: Reader<'static, 'static>,
    /// The struct around the member.
    base: *mut u8,
    depth: u8,
    unknown: pickle_field_reader,
}

/// Reads one value into a member. Those of the library are `pickle_field_...`: only what a layout names is linked.
pub type pickle_field_reader =
    Option<unsafe extern "C" fn(message: *mut pickle_message, field: *const pickle_field, member: *mut c_void)>;

/// A field of a message and where its value goes: see `PICKLE_FIELD` and its siblings.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_field {
    /// Its key. One with a backslash, quotes or beyond ASCII is not found in protocol 0, which is refused then.
    pub name: *const c_char,
    /// Reads the value.
    pub read: pickle_field_reader,
    /// Reads an item of a list.
    pub item: pickle_field_reader,
    /// The fields of a message within.
    pub fields: *const pickle_field,
    /// Number of them; of a list, the items that its member has room for.
    pub count: usize,
    /// Bytes from the start of the struct to the member.
    pub offset: usize,
    /// Bytes of the member; of a list, of one item.
    pub size: usize,
    /// Bytes from the start of the struct to the `bool` that says whether the message has the field, and no None there;
    /// `SIZE_MAX` where it must have it.
    pub present: usize,
    /// Bytes from the start of the struct to the `size_t` that receives the length of a list; `SIZE_MAX` where it must fill
    /// its member.
    pub length: usize,
}

/// The layout of a message: see `PICKLE_LAYOUT`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct pickle_layout {
    /// The fields.
    pub fields: *const pickle_field,
    /// How many there are, 32 at most.
    pub count: usize,
    /// Takes the value of a field that is not among them: `pickle_field_skip`, or null to refuse it.
    pub unknown: pickle_field_reader,
}

struct Layout<'f>(&'f [pickle_field]);

impl FieldNames for Layout<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn name(&self, index: usize) -> &[u8] {
        let name = self.0.get(index).map_or(core::ptr::null(), |field| field.name);
        // SAFETY: `pickle_message_read` asks for texts that end with a NUL.
        unsafe { text(name) }.unwrap_or_default()
    }
}

/// # Safety
/// As [`bytes`].
unsafe fn layout<'a>(fields: *const pickle_field, count: usize) -> Option<&'a [pickle_field]> {
    if fields.is_null() || count > 32 {
        return None;
    }
    // SAFETY: not null, and the caller vouches for the rest.
    Some(unsafe { slice::from_raw_parts(fields, count) })
}

/// Reads the fields of a message into the struct at `base`.
///
/// # Safety
/// `base` points to the struct that the layout describes.
unsafe fn read_fields(state: &mut pickle_message, fields: &[pickle_field], base: *mut u8) {
    let outer = state.base;
    state.base = base;
    let mut required = 0;
    for (index, field) in fields.iter().enumerate() {
        if field.present == usize::MAX {
            required |= 1 << index;
        } else {
            // SAFETY: the layout says that there is a bool.
            unsafe { base.add(field.present).cast::<bool>().write(false) };
        }
    }
    let mut level = state.reader.fields(fields.len());
    while let Some(index) = state.reader.field(&mut level, &Layout(fields)) {
        let Some(field) = fields.get(index) else {
            match state.unknown {
                // SAFETY: it gets what it is made for.
                Some(skip) => unsafe { skip(&raw mut *state, core::ptr::null(), core::ptr::null_mut()) },
                None => state.reader.refuse(RefusalReason::UnknownField),
            }
            continue;
        };
        if field.present != usize::MAX {
            if state.reader.none() {
                continue;
            }
            // SAFETY: as above.
            unsafe { base.add(field.present).cast::<bool>().write(true) };
        }
        if let Some(read) = field.read {
            // SAFETY: the layout says that the member is there.
            unsafe { read(&raw mut *state, field, base.add(field.offset).cast()) };
        }
    }
    state.reader.end_fields(&level, required);
    state.base = outer;
}

/// Reads the message at `input->pos` into the struct at `out`, as its layout says: a dict with the names as keys, in any
/// order, or a list or tuple of the values in the order of the fields. `input->pos` moves past the message. `memo` is room
/// for the values that the message refers to again: one entry for each text and container of it, or none where it does
/// not. Where a message is refused, the struct is filled in part, and `input` is as it was. Offsets are from `input->pos`.
///
/// # Safety
/// Pointers are null or point to what their types say; the layout describes the struct at `out`; names end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_message_read(
    message: *const pickle_layout,
    input: *mut pickle_in,
    memo: *mut u32,
    memo_len: usize,
    out: *mut c_void,
    refusal: *mut pickle_refusal,
) -> pickle_reason {
    let mut result = pickle_refusal { offset: 0, reason: pickle_reason::BadLayout, field: 0, byte: 0 };
    // SAFETY: as the caller says.
    if let (Some(message), Some(input), false) = unsafe { (message.as_ref(), input.as_mut(), out.is_null()) }
        // SAFETY: as the caller says.
        && let Some(fields) = unsafe { layout(message.fields, message.count) }
    {
        let memo = if memo.is_null() || memo_len == 0 {
            &mut []
        } else {
            // SAFETY: not null, not above what an object can have, and the caller vouches for the rest.
            unsafe { slice::from_raw_parts_mut(memo, memo_len.min(isize::MAX as usize / 4)) }
        };
        // SAFETY: as the caller says.
        let whole = unsafe { bytes(input.data, input.size) }.get(input.pos..).unwrap_or_default();
        let reader = Reader::new(whole, memo);
        let mut state = pickle_message { reader, base: out.cast(), depth: 0, unknown: message.unknown };
        // SAFETY: as the caller says.
        unsafe { read_fields(&mut state, fields, out.cast()) };
        match state.reader.finish() {
            Ok(len) => {
                result.reason = pickle_reason::None;
                input.pos += len;
            }
            Err(refused) => result = refused.into(),
        }
    }
    if !refusal.is_null() {
        // SAFETY: as the caller says.
        unsafe { refusal.write(result) };
    }
    result.reason
}

impl From<Refusal> for pickle_refusal {
    fn from(refusal: Refusal) -> Self {
        use pickle_reason as C;
        let reason = match refusal.reason() {
            RefusalReason::EndOfInput => C::EndOfInput,
            RefusalReason::BadFrame => C::BadFrame,
            RefusalReason::Unexpected => C::Unexpected,
            RefusalReason::BadProtocol => C::BadProtocol,
            RefusalReason::WrongType => C::WrongType,
            RefusalReason::OutOfRange => C::OutOfRange,
            RefusalReason::BadNumber => C::BadNumber,
            RefusalReason::BadText => C::BadText,
            RefusalReason::Escaped => C::Escaped,
            RefusalReason::TooLong => C::TooLong,
            RefusalReason::TooShort => C::TooShort,
            RefusalReason::UnknownField => C::UnknownField,
            RefusalReason::DuplicateField => C::DuplicateField,
            RefusalReason::MissingField => C::MissingField,
            RefusalReason::NotKept => C::NotKept,
            RefusalReason::SharedTuple => C::SharedTuple,
            RefusalReason::TooDeep => C::TooDeep,
            RefusalReason::WorkLimit => C::WorkLimit,
            _ => C::Unexpected,
        };
        pickle_refusal { offset: refusal.offset(), reason, field: refusal.field() as u8, byte: refusal.byte() }
    }
}

/// Skips a value, whatever it is.
///
/// # Safety
/// For layouts alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_skip(message: *mut pickle_message, _: *const pickle_field, _: *mut c_void) {
    // SAFETY: as the caller says.
    if let Some(state) = unsafe { message.as_mut() } {
        state.reader.skip();
    }
}

/// A bool.
///
/// # Safety
/// For layouts alone: `member` is a bool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_bool(message: *mut pickle_message, _: *const pickle_field, member: *mut c_void) {
    // SAFETY: as the caller says.
    if let Some(state) = unsafe { message.as_mut() } {
        // SAFETY: as the caller says.
        unsafe { member.cast::<bool>().write(state.reader.bool()) };
    }
}

/// Writes an int of `size` bytes, if `fits` says that it is one.
///
/// # Safety
/// `member` has `size` bytes.
unsafe fn put_int(state: &mut pickle_message, member: *mut c_void, size: usize, signed: bool) {
    let value = state.reader.int();
    // Cut to the size and back: the same, if it fits.
    let back = match size {
        1 if signed => i64::from(value as i8),
        2 if signed => i64::from(value as i16),
        4 if signed => i64::from(value as i32),
        1 => i64::from(value as u8),
        2 => i64::from(value as u16),
        4 => i64::from(value as u32),
        8 if signed || value >= 0 => value,
        _ => !value,
    };
    if back != value {
        state.reader.refuse(RefusalReason::OutOfRange);
        return;
    }
    // SAFETY: as the caller says; aligned as its type is.
    unsafe {
        match size {
            1 => member.cast::<u8>().write(value as u8),
            2 => member.cast::<u16>().write(value as u16),
            4 => member.cast::<u32>().write(value as u32),
            _ => member.cast::<i64>().write(value),
        }
    }
}

/// An int, into a signed one of 1, 2, 4 or 8 bytes.
///
/// # Safety
/// For layouts alone: `member` is an int of the size that the field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_signed(
    message: *mut pickle_message,
    field: *const pickle_field,
    member: *mut c_void,
) {
    // SAFETY: as the caller says.
    if let (Some(state), Some(field)) = unsafe { (message.as_mut(), field.as_ref()) } {
        // SAFETY: as the caller says.
        unsafe { put_int(state, member, field.size, true) };
    }
}

/// An int, into an unsigned one of 1, 2, 4 or 8 bytes; no more than an `int64_t` holds.
///
/// # Safety
/// As [`pickle_field_signed`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_unsigned(
    message: *mut pickle_message,
    field: *const pickle_field,
    member: *mut c_void,
) {
    // SAFETY: as the caller says.
    if let (Some(state), Some(field)) = unsafe { (message.as_mut(), field.as_ref()) } {
        // SAFETY: as the caller says.
        unsafe { put_int(state, member, field.size, false) };
    }
}

/// A float.
///
/// # Safety
/// For layouts alone: `member` is a double.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_double(
    message: *mut pickle_message,
    _: *const pickle_field,
    member: *mut c_void,
) {
    // SAFETY: as the caller says.
    if let Some(state) = unsafe { message.as_mut() } {
        // SAFETY: as the caller says.
        unsafe { member.cast::<f64>().write(state.reader.float()) };
    }
}

/// A str, borrowed from the input: into a `pickle_str`.
///
/// # Safety
/// For layouts alone: `member` is a `pickle_str`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_str(message: *mut pickle_message, _: *const pickle_field, member: *mut c_void) {
    // SAFETY: as the caller says.
    if let Some(state) = unsafe { message.as_mut() } {
        // SAFETY: as the caller says.
        unsafe { member.cast::<pickle_str>().write(state.reader.str().into()) };
    }
}

/// bytes, borrowed from the input: into a `pickle_bytes`.
///
/// # Safety
/// For layouts alone: `member` is a `pickle_bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_bytes(message: *mut pickle_message, _: *const pickle_field, member: *mut c_void) {
    // SAFETY: as the caller says.
    if let Some(state) = unsafe { message.as_mut() } {
        // SAFETY: as the caller says.
        unsafe { member.cast::<pickle_bytes>().write(state.reader.bytes().into()) };
    }
}

/// A str without a NUL in it, into an array of char: UTF-8 that ends with a NUL. Escapes of protocol 0 are undone.
///
/// # Safety
/// For layouts alone: `member` is an array of the size that the field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_text(
    message: *mut pickle_message,
    field: *const pickle_field,
    member: *mut c_void,
) {
    // SAFETY: as the caller says.
    if let (Some(state), Some(field)) = unsafe { (message.as_mut(), field.as_ref()) } {
        if field.size == 0 {
            state.reader.refuse(RefusalReason::TooLong);
            return;
        }
        // SAFETY: as the caller says; it is filled so that its bytes are known.
        let room = unsafe {
            member.cast::<u8>().write_bytes(0, field.size);
            slice::from_raw_parts_mut(member.cast::<u8>(), field.size)
        };
        let last = room.len() - 1;
        let len = state.reader.str_into(room.get_mut(..last).unwrap_or_default());
        if room.get(..len).unwrap_or_default().contains(&0) {
            state.reader.refuse(RefusalReason::BadText);
        }
    }
}

/// A list or tuple of numbers or bools, into an array.
///
/// # Safety
/// For layouts alone: `member` is an array of as many items as the field says, and the length, if any, is a `size_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_list(
    message: *mut pickle_message,
    field: *const pickle_field,
    member: *mut c_void,
) {
    // SAFETY: as the caller says.
    let (Some(state), Some(field)) = (unsafe { (message.as_mut(), field.as_ref()) }) else { return };
    let mut items = state.reader.items(ItemKind::Number, None);
    let mut index = 0;
    while state.reader.item(&mut items) {
        if index >= field.count {
            state.reader.refuse(RefusalReason::TooLong);
        } else if let Some(item) = field.item {
            // SAFETY: there is room for so many.
            unsafe { item(&raw mut *state, field, member.cast::<u8>().add(index * field.size).cast()) };
        }
        index += 1;
    }
    let count = items.count();
    if field.length != usize::MAX {
        // SAFETY: as the caller says.
        unsafe { state.base.add(field.length).cast::<usize>().write(count) };
    } else if count < field.count {
        state.reader.refuse(RefusalReason::TooShort);
    }
}

/// A message within, into a struct with a layout of its own.
///
/// # Safety
/// For layouts alone: `member` is the struct that the fields describe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pickle_field_nested(
    message: *mut pickle_message,
    field: *const pickle_field,
    member: *mut c_void,
) {
    // SAFETY: as the caller says.
    let (Some(state), Some(field)) = (unsafe { (message.as_mut(), field.as_ref()) }) else { return };
    // SAFETY: as the caller says.
    let fields = unsafe { layout(field.fields, field.count) };
    match fields {
        Some(fields) if state.depth < DEPTH => {
            state.depth += 1;
            // SAFETY: as the caller says.
            unsafe { read_fields(state, fields, member.cast()) };
            state.depth -= 1;
        }
        _ => state.reader.refuse(RefusalReason::TooDeep),
    }
}
