//! The functions that Kotlin's `org.libpickle.Native` declares: what the rest of this crate exports through UniFFI, for
//! the Java Native Interface. A call costs some 100 ns; through JNA it costs 20 µs.
//!
//! Every function takes a `long[3]` for its outcome. Where a call fails, the first is 1 + the number of the
//! [`ErrorKind`], the second the offset, and the bytes that come back are the message. Where it does not, the first is 0
//! and the others are as the function says. Options are a `long[5]`: encoding, most bytes, most opcodes, most levels,
//! buffers; -1 is no limit.
//!
//! Objects are handed over as an address, which Kotlin gives back once to [`free`](Java_org_libpickle_Native_free), and
//! never uses after that: its readers hold a lock.

use crate::paths::find_numbers;
use crate::{
    Encoding, ErrorKind, FileItems, ItemReader, ItemStatus, PickleError, ReadOptions, Scanner, Status, Unpickler,
    dumps, find_in, flat, info, loads, scan, table_in, table_of,
};
use jni_sys::{JNIEnv, jbyte, jbyteArray, jclass, jint, jlong, jlongArray, jobject, jsize};
use std::ptr::null_mut;
use std::sync::Arc;

/// One call: the thread's environment and where its outcome goes.
struct Call {
    env: *mut JNIEnv,
    out: jlongArray,
}

/// What a call gives back: bytes, perhaps, and two numbers.
type Outcome = Result<(Option<Vec<u8>>, i64, i64), PickleError>;

macro_rules! java {
    ($call:expr, $name:ident $(, $arg:expr)*) => {
        // SAFETY: the JVM gives every native method a valid environment, whose functions are there from version 1.4 on;
        // the arguments are arrays of the right type that the JVM has just given, and ranges that lie in them.
        unsafe { ((**$call.env).v1_4.$name)($call.env $(, $arg)*) }
    };
}

impl Call {
    /// Does the call, and turns what comes of it into what Java sees. Null where there are no bytes, and where Java has
    /// no memory for them: then an exception is pending.
    fn run(&self, call: impl FnOnce(&Self) -> Outcome) -> jbyteArray {
        let (outcome, bytes) = match call(self) {
            Ok((bytes, first, second)) => ([0, first, second], bytes),
            Err(PickleError::Failed { kind, offset, text }) => {
                ([kind as i64 + 1, i64::try_from(offset).unwrap_or(i64::MAX), 0], Some(text.into_bytes()))
            }
        };
        java!(self, SetLongArrayRegion, self.out, 0, 3, outcome.as_ptr());
        bytes.map_or(null_mut(), |bytes| self.array(&bytes))
    }

    fn array(&self, bytes: &[u8]) -> jbyteArray {
        // The flat form never has more than Java can hold, and messages are short.
        let len = jsize::try_from(bytes.len()).unwrap_or(jsize::MAX);
        let array = java!(self, NewByteArray, len);
        if !array.is_null() {
            java!(self, SetByteArrayRegion, array, 0, len, bytes.as_ptr().cast::<jbyte>());
        }
        array
    }

    /// A copy of the bytes of an array from one on; fewer than `len` where the array has no more.
    fn bytes(&self, array: jbyteArray, from: jint, len: jint) -> Vec<u8> {
        let size = java!(self, GetArrayLength, array);
        let from = from.clamp(0, size);
        let len = len.clamp(0, size - from);
        let mut bytes: Vec<u8> = Vec::with_capacity(len as usize);
        java!(self, GetByteArrayRegion, array, from, len, bytes.as_mut_ptr().cast::<jbyte>());
        // SAFETY: so many bytes were reserved and written: the range lies in the array.
        unsafe { bytes.set_len(len as usize) };
        bytes
    }

    /// The bytes of a range of a direct buffer, where they are.
    fn direct<'b>(&self, data: jobject, from: jint, len: jint) -> Result<&'b [u8], PickleError> {
        let address = java!(self, GetDirectBufferAddress, data).cast::<u8>();
        let capacity = java!(self, GetDirectBufferCapacity, data);
        let (Ok(from), Ok(len)) = (usize::try_from(from), usize::try_from(len)) else { return Err(wrong()) };
        let fits = from.checked_add(len).is_some_and(|end| end as i64 <= capacity);
        match fits && !address.is_null() {
            // SAFETY: the range lies in the buffer, which the caller keeps until the call returns.
            true => Ok(unsafe { std::slice::from_raw_parts(address.add(from), len) }),
            false if len == 0 => Ok(&[]),
            false => Err(PickleError::new(ErrorKind::Other, 0, "the buffer is not direct")),
        }
    }

    fn text(&self, array: jbyteArray) -> String {
        String::from_utf8_lossy(&self.bytes(array, 0, jint::MAX)).into_owned()
    }

    /// Texts with a NUL behind each.
    fn names(&self, array: jbyteArray) -> Vec<String> {
        self.text(array).split_terminator('\0').map(str::to_owned).collect()
    }

    /// What is allowed: names, or a policy where that is not null.
    fn allowed(&self, names: jbyteArray, policy: jbyteArray) -> (Vec<String>, Option<Vec<u8>>) {
        (self.names(names), (!policy.is_null()).then(|| self.bytes(policy, 0, jint::MAX)))
    }

    fn options(&self, array: jlongArray) -> ReadOptions {
        let mut numbers = [0; 5];
        if java!(self, GetArrayLength, array) >= 5 {
            java!(self, GetLongArrayRegion, array, 0, 5, numbers.as_mut_ptr());
        }
        let [encoding, max_bytes, max_opcodes, max_depth, buffers] = numbers;
        let encoding = match encoding {
            1 => Encoding::Bytes,
            2 => Encoding::Ascii,
            3 => Encoding::Latin1,
            4 => Encoding::Utf8,
            _ => Encoding::Keep,
        };
        ReadOptions {
            encoding,
            max_bytes: u64::try_from(max_bytes).ok(),
            max_opcodes: u64::try_from(max_opcodes).ok(),
            max_depth: u32::try_from(max_depth).unwrap_or(0),
            buffers: u32::try_from(buffers).ok(),
        }
    }
}

/// What the objects here are: for [`Java_org_libpickle_Native_free`].
enum Handle {
    Unpickler(Arc<Unpickler>),
    Items(Arc<ItemReader>),
    File(Arc<FileItems>),
    Scanner(Arc<Scanner>),
}

impl Handle {
    fn into_raw(self) -> i64 {
        Box::into_raw(Box::new(self)) as i64
    }

    /// The object of an address that was given away and is not yet free.
    fn at<'h>(address: jlong) -> &'h Handle {
        // SAFETY: Kotlin hands in what `give` gave, under a lock, and nothing after `free`.
        unsafe { &*(address as *const Handle) }
    }

    fn unpickler(address: jlong) -> Result<&'static Unpickler, PickleError> {
        if let Handle::Unpickler(reader) = Handle::at(address) { Ok(reader) } else { Err(wrong()) }
    }

    fn items(address: jlong) -> Result<&'static ItemReader, PickleError> {
        if let Handle::Items(reader) = Handle::at(address) { Ok(reader) } else { Err(wrong()) }
    }

    fn scanner(address: jlong) -> Result<&'static Scanner, PickleError> {
        if let Handle::Scanner(scanner) = Handle::at(address) { Ok(scanner) } else { Err(wrong()) }
    }
}

fn wrong() -> PickleError {
    PickleError::new(ErrorKind::Other, 0, "this is another kind of reader")
}

fn min_nodes(nodes: jint) -> Option<u32> {
    u32::try_from(nodes).ok()
}

macro_rules! natives {
    ($($(#[doc = $doc:literal])* fn $name:ident($call:ident $(, $arg:ident: $type:ty)*) $body:block)*) => {$(
        $(#[doc = $doc])*
        #[unsafe(no_mangle)]
        pub extern "system" fn $name(env: *mut JNIEnv, _class: jclass $(, $arg: $type)*, out: jlongArray) -> jbyteArray {
            Call { env, out }.run(|$call| $body)
        }
    )*};
}

natives! {
    /// The version of this library.
    fn Java_org_libpickle_Native_version(_call) {
        Ok((Some(crate::version().into_bytes()), i64::from(flat::VERSION), 0))
    }

    /// `loads` of a range of an array.
    fn Java_org_libpickle_Native_loads(call, data: jbyteArray, from: jint, len: jint, options: jlongArray) {
        loads(&call.bytes(data, from, len), call.options(options)).map(|flat| (Some(flat), 0, 0))
    }

    /// `loads` of a range of a direct buffer, where it is.
    fn Java_org_libpickle_Native_loadsDirect(call, data: jobject, from: jint, len: jint, options: jlongArray) {
        loads(call.direct(data, from, len)?, call.options(options)).map(|flat| (Some(flat), 0, 0))
    }

    /// `find_in` of an array: the values at a path, or the first of them.
    fn Java_org_libpickle_Native_findIn(call, data: jbyteArray, path: jbyteArray, all: jint, options: jlongArray) {
        let data = call.bytes(data, 0, jint::MAX);
        find_in(&data, call.text(path), all != 0, call.options(options)).map(|flat| (Some(flat), 0, 0))
    }

    /// The same of the first bytes of an array, a value in the flat form: see `find_numbers`.
    fn Java_org_libpickle_Native_find(call, flat: jbyteArray, len: jint, path: jbyteArray, all: jint) {
        let flat = call.bytes(flat, 0, len);
        find_numbers(&flat, &call.text(path), all != 0).map(|found| (Some(found), 0, 0))
    }

    /// `table_in` of an array.
    fn Java_org_libpickle_Native_tableIn(call, data: jbyteArray, path: jbyteArray, options: jlongArray) {
        let data = call.bytes(data, 0, jint::MAX);
        table_in(&data, call.text(path), call.options(options)).map(|table| (Some(table), 0, 0))
    }

    /// The same of a range of a direct buffer.
    fn Java_org_libpickle_Native_tableDirect(
        call, data: jobject, from: jint, len: jint, path: jbyteArray, options: jlongArray
    ) {
        let data = call.direct(data, from, len)?;
        table_in(data, call.text(path), call.options(options)).map(|table| (Some(table), 0, 0))
    }

    /// `table_of` of the first bytes of an array, a value in the flat form.
    fn Java_org_libpickle_Native_tableOf(
        call, flat: jbyteArray, len: jint, path: jbyteArray, max_depth: jint, max_bytes: jlong
    ) {
        let flat = call.bytes(flat, 0, len);
        let (max_depth, max_bytes) = (u32::try_from(max_depth).unwrap_or(0), u64::try_from(max_bytes).ok());
        table_of(&flat, call.text(path), max_depth, max_bytes).map(|table| (Some(table), 0, 0))
    }

    /// `dumps` of the first bytes of an array.
    fn Java_org_libpickle_Native_dumps(call, flat: jbyteArray, len: jint, protocol: jint) {
        let flat = call.bytes(flat, 0, len);
        dumps(&flat, u8::try_from(protocol).unwrap_or(u8::MAX)).map(|pickle| (Some(pickle), 0, 0))
    }

    /// `info`: numbers in LEB128 and texts with their length before them, in the order of the fields.
    fn Java_org_libpickle_Native_info(call, data: jbyteArray, options: jlongArray) {
        let info = info(&call.bytes(data, 0, jint::MAX), call.options(options))?;
        let mut out = Vec::new();
        let number = flat::write::number;
        let text = |out: &mut Vec<u8>, text: &str| {
            number(out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        };
        for n in [info.length, u64::from(info.protocol), info.opcodes, info.memo] {
            number(&mut out, n);
        }
        text(&mut out, &info.root);
        number(&mut out, info.globals.len() as u64);
        for global in &info.globals {
            text(&mut out, &global.module);
            text(&mut out, &global.name);
            number(&mut out, global.calls);
        }
        number(&mut out, info.unnamed_calls);
        number(&mut out, info.extensions.len() as u64);
        for &code in &info.extensions {
            number(&mut out, u64::from(code));
        }
        number(&mut out, info.persistent_ids);
        number(&mut out, info.buffers);
        // One more, so that 0 is none.
        number(&mut out, info.dropped_call.map_or(0, |offset| offset + 1));
        Ok((Some(out), 0, 0))
    }

    /// A reader of pickles: its address.
    fn Java_org_libpickle_Native_unpickler(call, options: jlongArray) {
        Ok((None, Handle::Unpickler(Unpickler::new(call.options(options))).into_raw(), 0))
    }

    /// Takes a piece: how many bytes were used, and 1 where the pickle is over.
    fn Java_org_libpickle_Native_feed(call, reader: jlong, data: jbyteArray, from: jint, len: jint) {
        let fed = Handle::unpickler(reader)?.feed(&call.bytes(data, from, len))?;
        Ok((None, fed.consumed as i64, i64::from(fed.status == Status::Done)))
    }

    /// Ends the input.
    fn Java_org_libpickle_Native_finish(_call, reader: jlong) {
        match Handle::at(reader) {
            Handle::Unpickler(reader) => reader.finish()?,
            Handle::Items(reader) => reader.finish()?,
            Handle::File(_) | Handle::Scanner(_) => {}
        }
        Ok((None, 0, 0))
    }

    /// What was read, in the flat form.
    fn Java_org_libpickle_Native_document(_call, reader: jlong) {
        Ok((Some(Handle::unpickler(reader)?.document()?), 0, 0))
    }

    /// On to the pickle that follows.
    fn Java_org_libpickle_Native_nextPickle(_call, reader: jlong, keep_memo: jint) {
        match Handle::at(reader) {
            Handle::Unpickler(reader) => reader.next_pickle(keep_memo != 0),
            Handle::Items(reader) => reader.next_pickle(),
            Handle::File(_) | Handle::Scanner(_) => {}
        }
        Ok((None, 0, 0))
    }

    /// Bytes of the stream that were used.
    fn Java_org_libpickle_Native_offset(_call, reader: jlong) {
        let offset = match Handle::at(reader) {
            Handle::Unpickler(reader) => reader.offset(),
            Handle::Items(reader) => reader.offset(),
            Handle::File(_) | Handle::Scanner(_) => 0,
        };
        Ok((None, i64::try_from(offset).unwrap_or(i64::MAX), 0))
    }

    /// Where the first dropped call stands; -1 where there is none.
    fn Java_org_libpickle_Native_droppedCall(_call, reader: jlong) {
        let offset = match Handle::at(reader) {
            Handle::Items(reader) => reader.dropped_call(),
            Handle::File(items) => items.dropped_call(),
            Handle::Unpickler(_) | Handle::Scanner(_) => return Err(wrong()),
        };
        Ok((None, offset.map_or(-1, |offset| i64::try_from(offset).unwrap_or(i64::MAX)), 0))
    }

    /// A reader of items of a stream: its address.
    fn Java_org_libpickle_Native_items(call, path: jbyteArray, options: jlongArray, most: jint) {
        let reader = ItemReader::new(call.text(path), call.options(options), min_nodes(most))?;
        Ok((None, Handle::Items(reader).into_raw(), 0))
    }

    /// Takes a piece: its items, how many bytes were used, and how far the pickle is: 0 more input is needed, 1 there
    /// may be more items, 2 it is over.
    fn Java_org_libpickle_Native_feedItems(call, reader: jlong, data: jbyteArray, from: jint, len: jint) {
        let batch = Handle::items(reader)?.feed(&call.bytes(data, from, len))?;
        let status = match batch.status {
            ItemStatus::NeedMore => 0,
            ItemStatus::Items => 1,
            ItemStatus::Done => 2,
        };
        Ok((Some(batch.items), batch.consumed as i64, status))
    }

    /// A reader of items of a file: its address.
    fn Java_org_libpickle_Native_open(call, file: jbyteArray, path: jbyteArray, options: jlongArray, most: jint) {
        let items = FileItems::open(call.text(file), call.text(path), call.options(options), min_nodes(most))?;
        Ok((None, Handle::File(items).into_raw(), 0))
    }

    /// Some items of a file; null after the last.
    fn Java_org_libpickle_Native_nextBatch(_call, reader: jlong) {
        let Handle::File(items) = Handle::at(reader) else { return Err(wrong()) };
        Ok((items.next_batch()?, 0, 0))
    }

    /// `scan` of an array; names that are allowed have a NUL behind each, or there is a policy. A report, see `scan::encode`.
    fn Java_org_libpickle_Native_scan(call, data: jbyteArray, allow: jbyteArray, policy: jbyteArray) {
        let (allow, policy) = call.allowed(allow, policy);
        let report = scan(&call.bytes(data, 0, jint::MAX), allow, policy)?;
        Ok((Some(crate::scan::encode(&report)), 0, 0))
    }

    /// A scanner of a stream: its address.
    fn Java_org_libpickle_Native_scanner(call, allow: jbyteArray, policy: jbyteArray) {
        let (allow, policy) = call.allowed(allow, policy);
        Ok((None, Handle::Scanner(Scanner::new(allow, policy)?).into_raw(), 0))
    }

    /// Takes a piece: the number of the verdict so far.
    fn Java_org_libpickle_Native_feedScanner(call, scanner: jlong, data: jbyteArray, from: jint, len: jint) {
        let verdict = Handle::scanner(scanner)?.feed(&call.bytes(data, from, len))?;
        Ok((None, verdict as i64, 0))
    }

    /// Ends the input and gives the report.
    fn Java_org_libpickle_Native_finishScanner(_call, scanner: jlong) {
        Ok((Some(crate::scan::encode(&Handle::scanner(scanner)?.finish())), 0, 0))
    }
}

/// Lets go of an object. Nothing may use it afterwards.
#[unsafe(no_mangle)]
pub extern "system" fn Java_org_libpickle_Native_free(_env: *mut JNIEnv, _class: jclass, address: jlong) {
    if address != 0 {
        // SAFETY: Kotlin gives every address back once.
        drop(unsafe { Box::from_raw(address as *mut Handle) });
    }
}
