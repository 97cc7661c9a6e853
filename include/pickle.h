/* pickle.h: Python's pickle format in C and C++, without Python, malloc or a runtime.
 *
 * Generated from ffi/src by cbindgen; do not edit. Guide: docs/c.md.
 *
 * Null pointers and lengths of zero are safe in every call. One object belongs to one thread at a time.
 * What is read lies in the caller's storage and input, which must outlive the document. */

#ifndef PICKLE_H
#define PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Declares a reader's memory: an array of each kind and `pickle_storage name` over them. Nodes and memo entries are
 * 16 bytes each. 0 is allowed for each region; it then has one entry, for C has no empty arrays. */
#define PICKLE_STORAGE(name, node_count, memo_count, byte_count)                                              \
    pickle_node name##_nodes[(node_count) + ((node_count) == 0)];                                             \
    pickle_node name##_memo[(memo_count) + ((memo_count) == 0)];                                              \
    uint8_t name##_bytes[(byte_count) + ((byte_count) == 0)];                                                 \
    pickle_storage name = {name##_nodes, sizeof name##_nodes / sizeof name##_nodes[0], name##_memo,           \
                           sizeof name##_memo / sizeof name##_memo[0], name##_bytes, sizeof name##_bytes}

/* The same with static arrays, which no stack has to hold. */
#define PICKLE_STATIC_STORAGE(name, node_count, memo_count, byte_count)                                       \
    static pickle_node name##_nodes[(node_count) + ((node_count) == 0)];                                      \
    static pickle_node name##_memo[(memo_count) + ((memo_count) == 0)];                                       \
    static uint8_t name##_bytes[(byte_count) + ((byte_count) == 0)];                                          \
    static const pickle_storage name = {                                                                      \
        name##_nodes, sizeof name##_nodes / sizeof name##_nodes[0], name##_memo,                              \
        sizeof name##_memo / sizeof name##_memo[0], name##_bytes, sizeof name##_bytes}

/* Make a reader, or a decoder, ready. All of these check that header and library belong together. */
#define pickle_reader_init(reader, storage, options)                                                          \
    pickle_reader_init_abi((reader), (storage), (options), PICKLE_ABI_VERSION, sizeof(pickle_reader))
#define pickle_decoder_init(decoder)                                                                          \
    pickle_decoder_init_abi((decoder), PICKLE_ABI_VERSION, sizeof(pickle_decoder))

/* For lists, dicts, tuples and arguments whose number is not known beforehand. */
#define PICKLE_UNKNOWN SIZE_MAX

/* Declares a writer's memory: how many containers may be open at once, and how many strings
 * `pickle_write_shared_str` shares. */
#define PICKLE_WRITER_STORAGE(name, level_count, shared_count)                                                \
    pickle_level name##_levels[(level_count) + ((level_count) == 0)];                                         \
    pickle_shared name##_shared[(shared_count) + ((shared_count) == 0)];                                      \
    pickle_writer_storage name = {name##_levels, (level_count), name##_shared, (shared_count)}

/* Make a writer ready that writes to a buffer, or through a callback; `storage` may be null where nothing nests. With
 * a null buffer, or a null callback, bytes are only counted: `pickle_written` tells how large a pickle will be. */
#define pickle_writer_init(writer, buffer, size, protocol, storage)                                           \
    pickle_writer_init_abi((writer), (buffer), (size), NULL, NULL, (protocol), (storage), PICKLE_ABI_VERSION, \
                           sizeof(pickle_writer))
#define pickle_writer_init_sink(writer, write, context, protocol, storage)                                    \
    pickle_writer_init_abi((writer), NULL, 0, (write), (context), (protocol), (storage), PICKLE_ABI_VERSION,  \
                           sizeof(pickle_writer))

#define PICKLE_VERSION_NUMBER                                                                                 \
    (PICKLE_VERSION_MAJOR * 1000000 + PICKLE_VERSION_MINOR * 1000 + PICKLE_VERSION_PATCH)
#define PICKLE_VERSION_TEXT_(number) #number
#define PICKLE_VERSION_TEXT(number) PICKLE_VERSION_TEXT_(number)
#define PICKLE_VERSION_STRING                                                                                 \
    PICKLE_VERSION_TEXT(PICKLE_VERSION_MAJOR)                                                                 \
    "." PICKLE_VERSION_TEXT(PICKLE_VERSION_MINOR) "." PICKLE_VERSION_TEXT(PICKLE_VERSION_PATCH)


// Changes with incompatible changes of the interface.
#define PICKLE_VERSION_MAJOR 0

// Changes with compatible additions.
#define PICKLE_VERSION_MINOR 1

// Changes with corrections.
#define PICKLE_VERSION_PATCH 0

// The shape of the structs. A program and a library whose numbers differ do
// not work together, and every `init` says so.
#define PICKLE_ABI_VERSION 1

// What a call found. 0 is success. The numbers are frozen and grouped: 1-9 a
// limit of this reader, 10-19 the input ended, 20-29 not an opcode stream,
// 30-39 an argument that CPython refuses, 40-49 the stack machine was broken,
// 50-69 an operation that CPython refuses on that value, 70-79 wrong use of
// a reader, 80-99 what cannot be written, 100-109 nothing or something else
// is there, 110-119 wrong use of this interface, 200: no error, go on.
enum pickle_status
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // It is done.
  PICKLE_STATUS_OK = 0,
  // The node region is full (nodes hold values and the stack, 16 bytes each).
  PICKLE_STATUS_NODES_FULL = 1,
  // The memo region is full, or an index lies beyond it.
  PICKLE_STATUS_MEMO_FULL = 2,
  // The byte region is full (strings of pushed input, decoded escapes).
  PICKLE_STATUS_BYTES_FULL = 3,
  // An operation that must search (SETITEM on a list) would take more than linear work.
  PICKLE_STATUS_WORK_LIMIT = 4,
  // The caller's limit on opcodes was reached.
  PICKLE_STATUS_OPCODE_LIMIT = 5,
  // More containers are open at once than the caller gave levels for.
  PICKLE_STATUS_LEVELS_FULL = 6,
  // GET of a memo entry that an item reader no longer keeps.
  PICKLE_STATUS_MEMO_DROPPED = 7,
  // There was no input at all (EOFError in CPython).
  PICKLE_STATUS_EMPTY = 10,
  // The input ended between two opcodes, before STOP (EOFError in CPython).
  PICKLE_STATUS_END_OF_INPUT = 11,
  // The input ended inside an opcode's argument or inside a declared frame.
  PICKLE_STATUS_TRUNCATED = 12,
  // The byte is not an opcode.
  PICKLE_STATUS_UNKNOWN_OPCODE = 20,
  // A signed length is negative.
  PICKLE_STATUS_NEGATIVE_LENGTH = 21,
  // An eight-byte length is above 2^63 - 1.
  PICKLE_STATUS_LENGTH_TOO_LARGE = 22,
  // An argument crosses the end of its frame.
  PICKLE_STATUS_FRAME_STRADDLE = 23,
  // A frame begins inside another.
  PICKLE_STATUS_FRAME_NESTED = 24,
  // PROTO names a protocol above 5.
  PICKLE_STATUS_UNSUPPORTED_PROTOCOL = 25,
  // A text argument is empty where CPython wants at least one character.
  PICKLE_STATUS_EMPTY_LINE = 26,
  // The text of INT, LONG, GET or PUT is not an integer.
  PICKLE_STATUS_BAD_INT = 30,
  // The text of FLOAT is not a float as CPython's C code reads it.
  PICKLE_STATUS_BAD_FLOAT = 31,
  // The text of FLOAT is too large for a double.
  PICKLE_STATUS_FLOAT_OVERFLOW = 32,
  // STRING wants matching quotes at both ends.
  PICKLE_STATUS_STRING_NOT_QUOTED = 33,
  // A `\x` escape without two hexadecimal digits, or a backslash at the end.
  PICKLE_STATUS_BAD_ESCAPE = 34,
  // The bytes of a str or of a name are not UTF-8.
  PICKLE_STATUS_BAD_UTF8 = 35,
  // `\u` or `\U` without its digits, or above 10FFFF.
  PICKLE_STATUS_BAD_UNICODE_ESCAPE = 36,
  // A name or a persistent id must be ASCII here.
  PICKLE_STATUS_NOT_ASCII = 37,
  // A Python 2 str does not fit the `encoding` that was asked for.
  PICKLE_STATUS_BAD_ENCODING = 38,
  // A value was wanted and the stack was empty.
  PICKLE_STATUS_STACK_UNDERFLOW = 40,
  // A value was wanted and a MARK was found.
  PICKLE_STATUS_UNEXPECTED_MARK = 41,
  // A MARK was wanted and none is there.
  PICKLE_STATUS_NO_MARK = 42,
  // GET of a memo entry that was never PUT.
  PICKLE_STATUS_MEMO_MISSING = 43,
  // PUT with a negative index.
  PICKLE_STATUS_NEGATIVE_MEMO = 44,
  // Keys and values do not pair up.
  PICKLE_STATUS_ODD_ITEMS = 45,
  // REDUCE, OBJ: this built-in value cannot be called.
  PICKLE_STATUS_NOT_CALLABLE = 50,
  // NEWOBJ, NEWOBJ_EX: this built-in value is not a class.
  PICKLE_STATUS_NOT_A_CLASS = 51,
  // The arguments must be a tuple.
  PICKLE_STATUS_ARGS_NOT_TUPLE = 52,
  // The keyword arguments must be a dict.
  PICKLE_STATUS_KWARGS_NOT_DICT = 53,
  // STACK_GLOBAL wants two str.
  PICKLE_STATUS_GLOBAL_NOT_STR = 54,
  // This built-in value has no `append`.
  PICKLE_STATUS_NO_APPEND = 55,
  // This built-in value has no item assignment.
  PICKLE_STATUS_NO_SET_ITEM = 56,
  // This built-in value has no `add`.
  PICKLE_STATUS_NO_ADD = 57,
  // A list, dict, set, bytearray, or a tuple with one inside, as a key or set item.
  PICKLE_STATUS_UNHASHABLE = 58,
  // BUILD: this built-in value has no attributes to set.
  PICKLE_STATUS_NO_STATE = 59,
  // BUILD: the state must be a dict here.
  PICKLE_STATUS_STATE_NOT_DICT = 60,
  // READONLY_BUFFER on something that is no buffer.
  PICKLE_STATUS_NOT_A_BUFFER = 61,
  // EXT with a code of zero or below.
  PICKLE_STATUS_BAD_EXTENSION = 62,
  // NEXT_BUFFER, and the caller said that there are none, or no more.
  PICKLE_STATUS_NO_BUFFER = 63,
  // An index that the list does not have.
  PICKLE_STATUS_BAD_INDEX = 64,
  // Valid in CPython, but not supported by this library: a change to a bytearray.
  PICKLE_STATUS_BYTEARRAY_CHANGE = 65,
  // A change to what an item reader has handed over or may have.
  PICKLE_STATUS_ITEM_CHANGED = 66,
  // The container whose items were handed over turned out to be at another place.
  PICKLE_STATUS_CONTAINER_MOVED = 67,
  // GET of the container whose items are being handed over, from inside one of them.
  PICKLE_STATUS_CONTAINER_FETCHED = 68,
  // PUT of a memo entry that an item reader has passed, or far ahead.
  PICKLE_STATUS_MEMO_ORDER = 69,
  // A reader was used again after it had failed or ended, without a reset.
  PICKLE_STATUS_AFTER_END = 70,
  // Raw bytes were asked for inside a frame or in the middle of an opcode.
  PICKLE_STATUS_RAW_IN_FRAME = 71,
  // The opcode is younger than protocol 0.
  PICKLE_STATUS_NOT_IN_PROTOCOL0 = 80,
  // The opcode is younger than protocol 1.
  PICKLE_STATUS_NOT_IN_PROTOCOL1 = 81,
  // The opcode is younger than protocol 2.
  PICKLE_STATUS_NOT_IN_PROTOCOL2 = 82,
  // The opcode is younger than protocol 3.
  PICKLE_STATUS_NOT_IN_PROTOCOL3 = 83,
  // The opcode is younger than protocol 4.
  PICKLE_STATUS_NOT_IN_PROTOCOL4 = 84,
  // The argument is not of the opcode's kind, or is in pieces that do not fit together.
  PICKLE_STATUS_BAD_ARGUMENT = 85,
  // A text with a newline where the opcode ends at one.
  PICKLE_STATUS_LINE_BREAK = 86,
  // A number or a length beyond the opcode's field.
  PICKLE_STATUS_TOO_LONG = 87,
  // The sink took no more bytes and gave no reason.
  PICKLE_STATUS_SINK_FULL = 88,
  // A container, or a pickle, was ended with something open in it.
  PICKLE_STATUS_UNCLOSED = 89,
  // There is no container to end, or it is of another kind.
  PICKLE_STATUS_NOTHING_OPEN = 90,
  // A value where none may be: the pickle, or the part of an object, has its value already.
  PICKLE_STATUS_UNEXPECTED_VALUE = 91,
  // The pickle, or a part of an object, has no value yet.
  PICKLE_STATUS_MISSING_VALUE = 92,
  // No pickle of this protocol holds this value.
  PICKLE_STATUS_INEXPRESSIBLE = 93,
  // There is no such key, attribute, index or part.
  PICKLE_STATUS_MISSING = 100,
  // The value is of another kind.
  PICKLE_STATUS_WRONG_KIND = 101,
  // The int does not fit the type asked for.
  PICKLE_STATUS_OUT_OF_RANGE = 102,
  // The str holds lone surrogates or the Python 2 str is not UTF-8: take its bytes.
  PICKLE_STATUS_NOT_UTF8 = 103,
  // The path cannot be read.
  PICKLE_STATUS_BAD_PATH = 104,
  // A pointer that must not be null is, or a struct has not been initialised.
  PICKLE_STATUS_NULL = 110,
  // The program was compiled with the header of another version.
  PICKLE_STATUS_ABI_MISMATCH = 111,
  // An option or number has no meaning here.
  PICKLE_STATUS_BAD_OPTION = 112,
  // The caller's callback asked to stop.
  PICKLE_STATUS_STOPPED = 113,
  // All input is used up and the pickle is not over: feed more.
  PICKLE_STATUS_NEED_MORE = 200,
};
#ifndef __cplusplus
typedef int32_t pickle_status;
#endif // __cplusplus

// What `pickle_decoder_next` found.
enum pickle_step_kind
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // The pickle is over.
  PICKLE_STEP_KIND_END = 0,
  // An opcode with its whole argument.
  PICKLE_STEP_KIND_OP = 1,
  // A piece of an argument that does not lie whole in the input.
  PICKLE_STEP_KIND_FRAGMENT = 2,
  // Bytes that are no pickle, asked for with `pickle_decoder_take_raw`.
  PICKLE_STEP_KIND_RAW = 3,
};
#ifndef __cplusplus
typedef int32_t pickle_step_kind;
#endif // __cplusplus

// What stands in a step.
enum pickle_arg_kind
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // The opcode has no argument.
  PICKLE_ARG_KIND_NOTHING = 0,
  // `number`: an int, a memo index, a protocol, an extension code, a frame length.
  PICKLE_ARG_KIND_UINT = 1,
  // `number` holds a signed one: `(int64_t)number`.
  PICKLE_ARG_KIND_INT = 2,
  // `number` holds the bits of a double.
  PICKLE_ARG_KIND_FLOAT = 3,
  // `data`: a counted payload.
  PICKLE_ARG_KIND_BYTES = 4,
  // `data`: a line of text; for GLOBAL and INST two, the newline between them kept.
  PICKLE_ARG_KIND_TEXT = 5,
};
#ifndef __cplusplus
typedef int32_t pickle_arg_kind;
#endif // __cplusplus

// A type that is recognised by how pickles spell it. Nothing is called.
enum pickle_known
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // None of these.
  PICKLE_KNOWN_NONE = 0,
  // Bytes, as protocols 0 to 2 spell them: `pickle_copy_bytes`.
  PICKLE_KNOWN_BYTES = 1,
  // A bytearray, as protocols 0 to 4 spell them: `pickle_copy_bytes`.
  PICKLE_KNOWN_BYTE_ARRAY = 2,
  // A set, as protocols 0 to 3 spell them: `pickle_known_items`.
  PICKLE_KNOWN_SET = 3,
  // A frozenset, as protocols 0 to 3 spell them: `pickle_known_items`.
  PICKLE_KNOWN_FROZEN_SET = 4,
  // `complex`: `pickle_as_complex`.
  PICKLE_KNOWN_COMPLEX = 5,
  // `range` or `xrange`: start, stop and step are the arguments of the object.
  PICKLE_KNOWN_RANGE = 6,
  // `slice`: start, stop and step are the arguments of the object.
  PICKLE_KNOWN_SLICE = 7,
  // `datetime.date`: `pickle_as_datetime`.
  PICKLE_KNOWN_DATE = 8,
  // `datetime.time`: `pickle_as_datetime`.
  PICKLE_KNOWN_TIME = 9,
  // `datetime.datetime`: `pickle_as_datetime`.
  PICKLE_KNOWN_DATE_TIME = 10,
  // `datetime.timedelta`: `pickle_as_timedelta`.
  PICKLE_KNOWN_TIME_DELTA = 11,
  // `datetime.timezone`: `pickle_as_timedelta` is its offset, `pickle_known_text` its name.
  PICKLE_KNOWN_TIME_ZONE = 12,
  // `zoneinfo.ZoneInfo`: `pickle_known_text` is its key.
  PICKLE_KNOWN_ZONE_INFO = 13,
  // `decimal.Decimal`: `pickle_known_text`.
  PICKLE_KNOWN_DECIMAL = 14,
  // `fractions.Fraction` as its text: `pickle_known_text`.
  PICKLE_KNOWN_FRACTION_TEXT = 15,
  // `fractions.Fraction`: numerator and denominator are the arguments of the object.
  PICKLE_KNOWN_FRACTION = 16,
  // `uuid.UUID`: `pickle_as_uuid`.
  PICKLE_KNOWN_UUID = 17,
  // `collections.OrderedDict`: `pickle_known_entries`.
  PICKLE_KNOWN_ORDERED_DICT = 18,
  // `collections.defaultdict`: `pickle_known_entries`.
  PICKLE_KNOWN_DEFAULT_DICT = 19,
  // `collections.Counter`: `pickle_known_entries`.
  PICKLE_KNOWN_COUNTER = 20,
  // `collections.deque`: `pickle_known_items`.
  PICKLE_KNOWN_DEQUE = 21,
  // A `pathlib` path: `pickle_known_items` are its parts.
  PICKLE_KNOWN_PATH = 22,
  // `numpy.dtype`.
  PICKLE_KNOWN_D_TYPE = 23,
  // `numpy.ndarray`: `pickle_as_array`.
  PICKLE_KNOWN_ARRAY = 24,
  // A numpy scalar: `pickle_as_array`.
  PICKLE_KNOWN_SCALAR = 25,
  // `pandas.DataFrame`.
  PICKLE_KNOWN_DATA_FRAME = 26,
  // `pandas.Series`.
  PICKLE_KNOWN_SERIES = 27,
  // A `pandas.Index`.
  PICKLE_KNOWN_INDEX = 28,
  // `torch.Tensor`.
  PICKLE_KNOWN_TENSOR = 29,
  // A sparse matrix of scipy.
  PICKLE_KNOWN_SPARSE = 30,
};
#ifndef __cplusplus
typedef int32_t pickle_known;
#endif // __cplusplus

// Which opcode made an object.
enum pickle_how
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // REDUCE: a callable and its arguments.
  PICKLE_HOW_REDUCE = 0,
  // NEWOBJ: `cls.__new__(cls, *args)`.
  PICKLE_HOW_NEW_OBJ = 1,
  // NEWOBJ_EX: with keyword arguments.
  PICKLE_HOW_NEW_OBJ_EX = 2,
  // OBJ: a class and arguments from the stack.
  PICKLE_HOW_OBJ = 3,
  // INST: a named class and arguments from the stack.
  PICKLE_HOW_INST = 4,
  // PERSID, BINPERSID: whatever the persistent id stands for.
  PICKLE_HOW_PERS_ID = 5,
  // A global, extension or buffer that was changed without being called.
  PICKLE_HOW_CHANGED = 6,
};
#ifndef __cplusplus
typedef int32_t pickle_how;
#endif // __cplusplus

// What a change was.
enum pickle_change_kind
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // APPEND, APPENDS: `items`.
  PICKLE_CHANGE_KIND_APPEND = 1,
  // SETITEM, SETITEMS: `items` are entries.
  PICKLE_CHANGE_KIND_SET_ITEM = 2,
  // ADDITEMS: `items`.
  PICKLE_CHANGE_KIND_ADD = 3,
  // BUILD: `value` is the state.
  PICKLE_CHANGE_KIND_BUILD = 4,
  // Bytes between the opcodes (joblib): `raw`.
  PICKLE_CHANGE_KIND_RAW = 5,
  // A pickle between the opcodes (joblib): `value`.
  PICKLE_CHANGE_KIND_NESTED = 6,
};
#ifndef __cplusplus
typedef int32_t pickle_change_kind;
#endif // __cplusplus

// A kind of value, as the pickle has it.
enum pickle_kind
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // None.
  PICKLE_KIND_NONE = 0,
  // True or False.
  PICKLE_KIND_BOOL = 1,
  // An int of any size.
  PICKLE_KIND_INT = 2,
  // A float.
  PICKLE_KIND_FLOAT = 3,
  // A str.
  PICKLE_KIND_STR = 4,
  // A str of Python 2: bytes or text, the pickle cannot tell.
  PICKLE_KIND_STR8 = 5,
  // Immutable bytes.
  PICKLE_KIND_BYTES = 6,
  // A bytearray.
  PICKLE_KIND_BYTE_ARRAY = 7,
  // A list.
  PICKLE_KIND_LIST = 8,
  // A tuple.
  PICKLE_KIND_TUPLE = 9,
  // A dict.
  PICKLE_KIND_DICT = 10,
  // A set.
  PICKLE_KIND_SET = 11,
  // A frozenset.
  PICKLE_KIND_FROZEN_SET = 12,
  // A class or function by module and name; nothing was imported.
  PICKLE_KIND_GLOBAL = 13,
  // An extension code of `copyreg`.
  PICKLE_KIND_EXTENSION = 14,
  // An object: how it was made and what happened to it.
  PICKLE_KIND_OBJECT = 15,
  // An object that stands behind a persistent id.
  PICKLE_KIND_PERSISTENT = 16,
  // An out-of-band buffer.
  PICKLE_KIND_BUFFER = 17,
  // A read-only view of a bytearray.
  PICKLE_KIND_READ_ONLY = 18,
};
#ifndef __cplusplus
typedef int32_t pickle_kind;
#endif // __cplusplus

// What becomes of a Python 2 str: the `encoding` of `pickle.load`.
enum pickle_encoding
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // Stays what it is, told apart from str and bytes.
  PICKLE_ENCODING_KEEP = 0,
  // Becomes bytes.
  PICKLE_ENCODING_BYTES = 1,
  // Becomes a str; anything but ASCII is an error.
  PICKLE_ENCODING_ASCII = 2,
  // Becomes a str, a code point a byte.
  PICKLE_ENCODING_LATIN1 = 3,
  // Becomes a str.
  PICKLE_ENCODING_UTF8 = 4,
};
#ifndef __cplusplus
typedef int32_t pickle_encoding;
#endif // __cplusplus

// How the texts of INT and LONG are read.
enum pickle_text_ints
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // As CPython up to 3.13: with base prefixes such as 0x.
  PICKLE_TEXT_INTS_PREFIXED = 0,
  // As CPython from 3.14: base 10.
  PICKLE_TEXT_INTS_DECIMAL = 1,
};
#ifndef __cplusplus
typedef int32_t pickle_text_ints;
#endif // __cplusplus

// A reader of opcodes, made ready by `pickle_decoder_init`.
typedef struct pickle_decoder {
  // The library's own.
  uint64_t opaque[16];
} pickle_decoder;

// Input: `pos` moves past what was consumed.
typedef struct pickle_in {
  // The bytes; null where there are none.
  const void *data;
  // Bytes in all.
  size_t size;
  // Bytes that were consumed. At most `size`.
  size_t pos;
} pickle_in;

// Bytes that the library gives out: they lie in the input or in the storage.
typedef struct pickle_bytes {
  // Never null.
  const uint8_t *data;
  // Bytes.
  size_t size;
} pickle_bytes;

// An opcode, or a piece of one.
typedef struct pickle_step {
  // Bytes from the start of the stream to the opcode.
  uint64_t offset;
  // The number of the argument.
  uint64_t number;
  // Of a fragment: bytes of the argument that came before it.
  uint64_t position;
  // Of a fragment: bytes of the whole argument; `UINT64_MAX` where that is not known (texts).
  uint64_t total;
  // Payload or text, in the input.
  struct pickle_bytes data;
  // What was found.
  pickle_step_kind kind;
  // What the argument is.
  pickle_arg_kind arg;
  // The byte of the opcode; `pickle_opcode_name` names it.
  uint8_t opcode;
  // Of a fragment: nothing more follows.
  bool last;
} pickle_step;

// What is wrong, and where.
typedef struct pickle_error {
  // Bytes from the start of the stream to the opcode at fault; where the input ended, if it ended early.
  uint64_t offset;
  // What is wrong; `PICKLE_STATUS_OK` where nothing is.
  pickle_status status;
  // The opcode at fault, or the byte that stands where one should; 0 where there is none.
  uint8_t byte;
} pickle_error;

// One node of storage: 16 bytes, aligned as `uint64_t`. Every value, container
// and stack entry is one.
typedef struct pickle_node {
  // The library's own.
  uint64_t opaque[2];
} pickle_node;

// Three regions of the caller's, which `PICKLE_STORAGE` declares. They live
// as long as the documents in them; a region of no entries may be null.
typedef struct pickle_storage {
  // Every item of a container takes one, every container one or two more;
  // the stack needs its largest depth besides.
  struct pickle_node *nodes;
  // Nodes.
  size_t nodes_len;
  // One for every entry of the pickle's memo. CPython writes one for every container and str.
  struct pickle_node *memo;
  // Nodes.
  size_t memo_len;
  // Pushed strings and bytes, and decoded escapes of protocol 0.
  uint8_t *bytes;
  // Bytes.
  size_t bytes_len;
} pickle_storage;

// What a reader is told beforehand. All zeros are the defaults, and so is a null pointer.
typedef struct pickle_options {
  // Opcodes that a pickle may have; 0: no limit.
  uint64_t max_opcodes;
  // Out-of-band buffers that the caller has; counts only with `limit_buffers`.
  uint32_t buffers;
  // One of `pickle_encoding`.
  uint8_t encoding;
  // One of `pickle_text_ints`.
  uint8_t text_ints;
  // Refuse more than `buffers` out-of-band buffers.
  bool limit_buffers;
} pickle_options;

// A pickle that was read. It points into the storage and the input, which
// must stay as they are for as long as it is used. Any number of readers may use it at one time.
typedef struct pickle_doc {
  // The library's own.
  uint64_t opaque[12];
} pickle_doc;

// A value of a document: a small handle, passed by value. It means something
// only together with the document that it came from.
typedef struct pickle_value {
  // The library's own.
  uint64_t opaque[2];
} pickle_value;

// A place in the items of a value. The document must stay where it is.
typedef struct pickle_iter {
  // Items, or entries, still to come.
  size_t left;
  // The library's own.
  uint64_t opaque[6];
} pickle_iter;

// Takes `size` bytes of output; with anything but true the caller stops.
typedef bool (*pickle_write_fn)(void *context, const uint8_t *data, size_t size);

// A date, a time, or both; what a value does not have is 0.
typedef struct pickle_datetime {
  // The time zone; None where there is none.
  struct pickle_value zone;
  // 0 to 999 999.
  uint32_t microsecond;
  // 1 to 9999.
  uint16_t year;
  // 1 to 12.
  uint8_t month;
  // 1 to 31.
  uint8_t day;
  // 0 to 23.
  uint8_t hour;
  // 0 to 59.
  uint8_t minute;
  // 0 to 59.
  uint8_t second;
  // The second of two equal local times.
  bool fold;
} pickle_datetime;

// A span of time, as `datetime.timedelta` keeps it.
typedef struct pickle_timedelta {
  // -999 999 999 to 999 999 999.
  int32_t days;
  // 0 to 86 399.
  uint32_t seconds;
  // 0 to 999 999.
  uint32_t microseconds;
} pickle_timedelta;

// UTF-8 text that the library gives out. No NUL ends it.
typedef struct pickle_str {
  // Never null.
  const char *data;
  // Bytes.
  size_t size;
} pickle_str;

// A numpy array, or a numpy scalar, which is an array of one item and no axes.
typedef struct pickle_array {
  // Items along each axis: a tuple of ints. None for a scalar.
  struct pickle_value shape;
  // Where the items are objects: the list of them. None otherwise.
  struct pickle_value objects;
  // Items in all.
  uint64_t len;
  // Bytes of an item.
  uint64_t item_size;
  // The items, one after the other. Empty where the pickle has them in another form (protocols 0 to 2; a buffer
  // that was not given): then `pickle_copy_bytes` gets them.
  struct pickle_bytes data;
  // What the items are, as numpy names it: `b` bool, `i` int, `u` unsigned, `f` float, `c` complex, `S`, `U`, `M`, `m`, `O`, `V`.
  uint8_t kind;
  // Most significant byte first.
  bool big_endian;
  // The first axis varies fastest.
  bool fortran;
} pickle_array;

// A place in the changes of an object. The document must stay where it is.
typedef struct pickle_changes {
  // Not 0 where changes may follow.
  size_t more;
  // The library's own.
  uint64_t opaque[2];
} pickle_changes;

// What happened to an object.
typedef struct pickle_change {
  // A state, or a nested pickle.
  struct pickle_value value;
  // Items or entries.
  struct pickle_iter items;
  // Bytes.
  struct pickle_bytes raw;
  // Which of them it is.
  pickle_change_kind kind;
} pickle_change;

// A reader, made ready by `pickle_reader_init`.
typedef struct pickle_reader {
  // The library's own.
  uint64_t opaque[72];
} pickle_reader;

// What can be told of a reader, to size the storage by.
typedef struct pickle_usage {
  // Bytes consumed of the stream.
  uint64_t offset;
  // Opcodes done of this pickle.
  uint64_t opcodes;
  // Entries in the memo.
  uint64_t memo;
  // Nodes that hold values; the stack is not counted.
  size_t nodes;
  // Bytes in the byte region.
  size_t bytes;
  // The argument of the last PROTO; 0 without one.
  uint8_t protocol;
} pickle_usage;

// An int that 64 bits do not hold, as the pickle has it.
typedef struct pickle_big_int {
  // Two's complement, little-endian; or digits in ASCII, underscores perhaps between them.
  struct pickle_bytes data;
  // 0: two's complement. 2, 8, 10, 16: digits in that base.
  uint8_t radix;
  // Below zero.
  bool negative;
} pickle_big_int;

// A writer, made ready by `pickle_writer_init` or `pickle_writer_init_sink`.
typedef struct pickle_writer {
  // The library's own.
  uint64_t opaque[20];
} pickle_writer;

// A container that is open while a pickle is written: four bytes.
typedef struct pickle_level {
  // The library's own.
  uint16_t opaque[2];
} pickle_level;

// A string that is written once and then referred to.
typedef struct pickle_shared {
  // The library's own.
  size_t opaque[3];
} pickle_shared;

// A writer's memory, which `PICKLE_WRITER_STORAGE` declares. It belongs to the writer for as long as that is used.
typedef struct pickle_writer_storage {
  // One for every container that is open at once.
  struct pickle_level *levels;
  // Levels.
  size_t levels_len;
  // One for every string that `pickle_write_shared_str` shares.
  struct pickle_shared *shared;
  // Strings.
  size_t shared_len;
} pickle_writer_storage;

// A value that was written and can be referred to: the same object again.
typedef struct pickle_memo {
  // The library's own.
  uint32_t opaque;
} pickle_memo;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Use the macro `pickle_decoder_init(decoder)`.
pickle_status pickle_decoder_init_abi(struct pickle_decoder *decoder,
                                      uint32_t abi_version,
                                      size_t decoder_size);

// The next opcode, or as much as there is. `input->pos` moves past what was
// consumed; `step->data` lies in the input. `PICKLE_STATUS_NEED_MORE`: come again with the bytes that follow.
pickle_status pickle_decoder_next(struct pickle_decoder *decoder,
                                  struct pickle_in *input,
                                  struct pickle_step *out);

// Says that no input follows. `PICKLE_STATUS_OK` if the pickle is complete.
pickle_status pickle_decoder_finish(struct pickle_decoder *decoder);

// Begins another pickle of the same stream. Offsets go on counting.
pickle_status pickle_decoder_next_pickle(struct pickle_decoder *decoder);

// The next `len` bytes are no pickle (joblib puts arrays between opcodes):
// they come as `PICKLE_STEP_KIND_RAW`, then opcodes go on.
pickle_status pickle_decoder_take_raw(struct pickle_decoder *decoder, uint64_t len);

// Bytes consumed of the stream.
uint64_t pickle_decoder_offset(struct pickle_decoder *decoder);

// Bytes left of the current frame; 0 outside frames.
uint64_t pickle_decoder_frame_left(struct pickle_decoder *decoder);

// The last error of this decoder.
pickle_status pickle_decoder_error(struct pickle_decoder *decoder, struct pickle_error *error);

// The name that `pickletools` has for an opcode, such as "BINGET"; null where the byte is none. Static text.
const char *pickle_opcode_name(uint8_t opcode);

// Reads the pickle at the start of `data`: one call, no copy. Strings stay
// in `data`, which must outlive `doc`; what follows the pickle is not looked at.
//
// `options` and `error` may be null. On failure `doc` is empty, and says so to whoever asks it.
pickle_status pickle_load(const struct pickle_storage *memory,
                          const void *data,
                          size_t size,
                          const struct pickle_options *settings,
                          struct pickle_doc *doc,
                          struct pickle_error *error);

// The value that the pickle stands for; None where `doc` is empty.
struct pickle_value pickle_root(const struct pickle_doc *doc);

// Above every `pickle_id` of this document: the nodes that it was given.
size_t pickle_id_limit(const struct pickle_doc *doc);

// Begins with the items of a list, tuple, set or frozenset.
pickle_status pickle_items(const struct pickle_doc *doc, struct pickle_value of, struct pickle_iter *iter);

// Begins with the entries of a dict, in the order of the stream, duplicate keys and all.
pickle_status pickle_entries(const struct pickle_doc *doc, struct pickle_value of, struct pickle_iter *iter);

// The next item; false when there is none. For iterators of `pickle_items`.
bool pickle_next(struct pickle_iter *iter, struct pickle_value *item);

// The next key and value; false when there is none. For iterators of `pickle_entries`.
bool pickle_next_entry(struct pickle_iter *iter, struct pickle_value *key, struct pickle_value *value);

// Prints a value through `write`, for logs and for looking: JSON, floats as
// their bits, bytes in hexadecimal, objects as their class and arguments.
// Dict keys are printed as they are, so a dict with keys that are no str is
// only JSON-like. Deeper than 16 levels is `"..."`, which ends cycles too;
// `pickle json` of the command is the exact form.
pickle_status pickle_dump_json(const struct pickle_doc *doc,
                               struct pickle_value of,
                               pickle_write_fn write,
                               void *context);

// Which well-known type an object is.
pickle_known pickle_known_of(const struct pickle_doc *doc, struct pickle_value of);

// Real and imaginary part of a complex number.
pickle_status pickle_as_complex(const struct pickle_doc *doc,
                                struct pickle_value of,
                                double *real,
                                double *imaginary);

// A `datetime.date`, `time` or `datetime`.
pickle_status pickle_as_datetime(const struct pickle_doc *doc,
                                 struct pickle_value of,
                                 struct pickle_datetime *out);

// A `datetime.timedelta`, or the offset of a `datetime.timezone`.
pickle_status pickle_as_timedelta(const struct pickle_doc *doc,
                                  struct pickle_value of,
                                  struct pickle_timedelta *out);

// A Decimal or Fraction as its text, the key of a ZoneInfo, the name of a timezone.
pickle_status pickle_known_text(const struct pickle_doc *doc, struct pickle_value of, struct pickle_str *out);

// A UUID: 16 bytes in the order in which it is written.
pickle_status pickle_as_uuid(const struct pickle_doc *doc, struct pickle_value of, uint8_t *out);

// Begins with the items of a deque, the parts of a path, or of a set or frozenset in the spelling of protocols 0 to 3.
pickle_status pickle_known_items(const struct pickle_doc *doc,
                                 struct pickle_value of,
                                 struct pickle_iter *iter);

// Begins with the entries of an OrderedDict, defaultdict or Counter, for `pickle_next_entry`.
pickle_status pickle_known_entries(const struct pickle_doc *doc,
                                   struct pickle_value of,
                                   struct pickle_iter *iter);

// Copies bytes, in whatever spelling a pickle has them, or the items of an array: up to `capacity` bytes to `buffer`.
// `size` is how many there are, also where they do not fit (`PICKLE_STATUS_OUT_OF_RANGE`).
pickle_status pickle_copy_bytes(const struct pickle_doc *doc,
                                struct pickle_value of,
                                void *buffer,
                                size_t capacity,
                                size_t *size);

// A numpy array, also where joblib wrote it, or a numpy scalar.
pickle_status pickle_as_array(const struct pickle_doc *doc, struct pickle_value of, struct pickle_array *out);

// One item of an array as a double: bools, ints and floats of any size and byte order.
pickle_status pickle_item_f64(const struct pickle_array *array, const void *item, double *out);

// One item of an array as an int: bools and ints of any size and byte order, ticks of datetime64 and timedelta64.
pickle_status pickle_item_i64(const struct pickle_array *array,
                              const void *item,
                              int64_t *out);

// Which opcode made an object (`pickle_how`).
pickle_status pickle_object_how(const struct pickle_doc *doc, struct pickle_value of, pickle_how *out);

// The class or function that made an object; the persistent id, or what was
// changed, where nothing made it. `pickle_as_global` names it.
pickle_status pickle_object_callable(const struct pickle_doc *doc,
                                     struct pickle_value of,
                                     struct pickle_value *out);

// The arguments as the one value that REDUCE, NEWOBJ and NEWOBJ_EX take.
pickle_status pickle_object_args_value(const struct pickle_doc *doc,
                                       struct pickle_value of,
                                       struct pickle_value *out);

// Begins with the arguments one by one, wherever the opcode keeps them.
pickle_status pickle_object_args(const struct pickle_doc *doc,
                                 struct pickle_value of,
                                 struct pickle_iter *iter);

// The keyword arguments (NEWOBJ_EX).
pickle_status pickle_object_kwargs(const struct pickle_doc *doc,
                                   struct pickle_value of,
                                   struct pickle_value *out);

// The state of the last BUILD.
pickle_status pickle_object_state(const struct pickle_doc *doc,
                                  struct pickle_value of,
                                  struct pickle_value *out);

// Begins with what happened to an object, in the order of the stream.
pickle_status pickle_object_changes(const struct pickle_doc *doc,
                                    struct pickle_value of,
                                    struct pickle_changes *out);

// The next change; false when there is none.
bool pickle_next_change(struct pickle_changes *changes, struct pickle_change *out);

// Use the macro `pickle_reader_init(reader, storage, options)`.
pickle_status pickle_reader_init_abi(struct pickle_reader *reader,
                                     const struct pickle_storage *memory,
                                     const struct pickle_options *settings,
                                     uint32_t abi_version,
                                     size_t reader_size);

// Takes a piece of input; strings are copied to the byte region, the piece
// can go. `PICKLE_STATUS_OK`: the pickle is over, `input->pos` is behind it.
// `PICKLE_STATUS_NEED_MORE`: feed the next piece.
// `PICKLE_STATUS_NODES_FULL`, `_MEMO_FULL`, `_BYTES_FULL` say which region is too small.
pickle_status pickle_feed(struct pickle_reader *reader, struct pickle_in *input);

// Says that no input follows. `PICKLE_STATUS_OK` if the pickle is complete.
pickle_status pickle_feed_end(struct pickle_reader *reader);

// The document that was fed, after `PICKLE_STATUS_OK`. It lies in the reader's storage.
pickle_status pickle_reader_doc(struct pickle_reader *reader, struct pickle_doc *doc);

// Goes on to the pickle that follows in the stream; the document before is
// gone. With `keep_memo` it can refer to what the one before put there
// (several `dump` calls on one Python `Pickler`), and the storage is not freed.
pickle_status pickle_reader_next(struct pickle_reader *reader, bool keep_memo);

// Reads the pickle that begins at `offset` of `data`, without a copy, for
// data that holds several. Where it ends: `pickle_reader_usage`.
pickle_status pickle_reader_load(struct pickle_reader *reader,
                                 const void *data,
                                 size_t size,
                                 size_t offset,
                                 struct pickle_doc *doc);

// The last error of this reader.
pickle_status pickle_reader_error(struct pickle_reader *reader, struct pickle_error *error);

// How far the reader is and how much of its storage is in use.
pickle_status pickle_reader_usage(struct pickle_reader *reader, struct pickle_usage *usage);

// A sentence that says what a status means. Static text; links away when unused.
const char *pickle_status_text(int32_t status);

// The name of a status, such as "NodesFull". Static text; links away when unused.
const char *pickle_status_name(int32_t status);

// The kind of a value.
pickle_kind pickle_kind_of(const struct pickle_doc *doc, struct pickle_value of);

// The value is None, or there is none: a zone that a time does not have, items that an array has not as objects.
bool pickle_is_none(const struct pickle_doc *doc,
                    struct pickle_value of);

// Items of a list, tuple, set or frozenset, entries of a dict (duplicate keys counted). 0 for everything else.
size_t pickle_len(const struct pickle_doc *doc,
                  struct pickle_value of);

// Which node it is, where identity means something (containers, objects,
// bytearrays): the same node is the same object in Python.
pickle_status pickle_id(const struct pickle_doc *doc, struct pickle_value of, size_t *out);

// The bytes of a str whatever they are: UTF-8, lone surrogates as three bytes (`surrogatepass`).
pickle_status pickle_str_bytes(const struct pickle_doc *doc,
                               struct pickle_value of,
                               struct pickle_bytes *out);

// An int that 64 bits do not hold.
pickle_status pickle_as_big_int(const struct pickle_doc *doc,
                                struct pickle_value of,
                                struct pickle_big_int *out);

// The text of a protocol 0 float that this build does not parse (feature `text-float`).
pickle_status pickle_float_text(const struct pickle_doc *doc, struct pickle_value of, struct pickle_str *out);

// Module and name of a class or function.
pickle_status pickle_as_global(const struct pickle_doc *doc,
                               struct pickle_value of,
                               struct pickle_str *module,
                               struct pickle_str *name);

// Module and name as the two str that STACK_GLOBAL took: what `pickle_as_global` gives, even where it is no UTF-8.
pickle_status pickle_global_parts(const struct pickle_doc *doc,
                                  struct pickle_value of,
                                  struct pickle_value *module,
                                  struct pickle_value *name);

// An extension code of `copyreg`, from 1 on.
pickle_status pickle_as_extension(const struct pickle_doc *doc, struct pickle_value of, uint32_t *out);

// The number of an out-of-band buffer from 0 on, and whether it is read-only.
pickle_status pickle_as_buffer(const struct pickle_doc *doc,
                               struct pickle_value of,
                               uint32_t *index,
                               bool *read_only);

// The bytearray that a read-only view looks at.
pickle_status pickle_inner(const struct pickle_doc *doc, struct pickle_value of, struct pickle_value *out);

// True or False, not 1 or 0.
pickle_status pickle_as_bool(const struct pickle_doc *doc, struct pickle_value of, bool *out);

// An int.
pickle_status pickle_as_i64(const struct pickle_doc *doc, struct pickle_value of, int64_t *out);

// An int of zero or more.
pickle_status pickle_as_u64(const struct pickle_doc *doc, struct pickle_value of, uint64_t *out);

// A float; ints are none.
pickle_status pickle_as_f64(const struct pickle_doc *doc, struct pickle_value of, double *out);

// A str, or a Python 2 str that is UTF-8; no NUL ends it.
pickle_status pickle_as_str(const struct pickle_doc *doc, struct pickle_value of, struct pickle_str *out);

// Bytes, a bytearray, or a Python 2 str.
pickle_status pickle_as_bytes(const struct pickle_doc *doc, struct pickle_value of, struct pickle_bytes *out);

// The value under a str key of a dict, or the attribute of an object. The last of equal keys counts.
pickle_status pickle_get(const struct pickle_doc *doc,
                         struct pickle_value of,
                         const char *key,
                         struct pickle_value *out);

// `pickle_get`, then `pickle_as_bool`.
pickle_status pickle_get_bool(const struct pickle_doc *doc,
                              struct pickle_value of,
                              const char *key,
                              bool *out);

// `pickle_get`, then `pickle_as_i64`.
pickle_status pickle_get_i64(const struct pickle_doc *doc,
                             struct pickle_value of,
                             const char *key,
                             int64_t *out);

// `pickle_get`, then `pickle_as_u64`.
pickle_status pickle_get_u64(const struct pickle_doc *doc,
                             struct pickle_value of,
                             const char *key,
                             uint64_t *out);

// `pickle_get`, then `pickle_as_f64`.
pickle_status pickle_get_f64(const struct pickle_doc *doc,
                             struct pickle_value of,
                             const char *key,
                             double *out);

// `pickle_get`, then `pickle_as_str`.
pickle_status pickle_get_str(const struct pickle_doc *doc,
                             struct pickle_value of,
                             const char *key,
                             struct pickle_str *out);

// `pickle_get`, then `pickle_as_bytes`.
pickle_status pickle_get_bytes(const struct pickle_doc *doc,
                               struct pickle_value of,
                               const char *key,
                               struct pickle_bytes *out);

// The value at an index of a list or tuple.
pickle_status pickle_at(const struct pickle_doc *doc,
                        struct pickle_value of,
                        size_t index,
                        struct pickle_value *out);

// `pickle_at`, then `pickle_as_bool`.
pickle_status pickle_at_bool(const struct pickle_doc *doc, struct pickle_value of, size_t index, bool *out);

// `pickle_at`, then `pickle_as_i64`.
pickle_status pickle_at_i64(const struct pickle_doc *doc, struct pickle_value of, size_t index, int64_t *out);

// `pickle_at`, then `pickle_as_u64`.
pickle_status pickle_at_u64(const struct pickle_doc *doc,
                            struct pickle_value of,
                            size_t index,
                            uint64_t *out);

// `pickle_at`, then `pickle_as_f64`.
pickle_status pickle_at_f64(const struct pickle_doc *doc, struct pickle_value of, size_t index, double *out);

// `pickle_at`, then `pickle_as_str`.
pickle_status pickle_at_str(const struct pickle_doc *doc,
                            struct pickle_value of,
                            size_t index,
                            struct pickle_str *out);

// `pickle_at`, then `pickle_as_bytes`.
pickle_status pickle_at_bytes(const struct pickle_doc *doc,
                              struct pickle_value of,
                              size_t index,
                              struct pickle_bytes *out);

// The value at a path from here, such as `$.rows[3].temp`, `["a key"]`, `[-1]`.
pickle_status pickle_find(const struct pickle_doc *doc,
                          struct pickle_value of,
                          const char *path,
                          struct pickle_value *out);

// `pickle_find`, then `pickle_as_bool`.
pickle_status pickle_find_bool(const struct pickle_doc *doc,
                               struct pickle_value of,
                               const char *path,
                               bool *out);

// `pickle_find`, then `pickle_as_i64`.
pickle_status pickle_find_i64(const struct pickle_doc *doc,
                              struct pickle_value of,
                              const char *path,
                              int64_t *out);

// `pickle_find`, then `pickle_as_u64`.
pickle_status pickle_find_u64(const struct pickle_doc *doc,
                              struct pickle_value of,
                              const char *path,
                              uint64_t *out);

// `pickle_find`, then `pickle_as_f64`.
pickle_status pickle_find_f64(const struct pickle_doc *doc,
                              struct pickle_value of,
                              const char *path,
                              double *out);

// `pickle_find`, then `pickle_as_str`.
pickle_status pickle_find_str(const struct pickle_doc *doc,
                              struct pickle_value of,
                              const char *path,
                              struct pickle_str *out);

// `pickle_find`, then `pickle_as_bytes`.
pickle_status pickle_find_bytes(const struct pickle_doc *doc,
                                struct pickle_value of,
                                const char *path,
                                struct pickle_bytes *out);

// The version of the library that is linked, as `PICKLE_VERSION_NUMBER` counts it.
uint32_t pickle_version_number(void);

// The version of the library that is linked, such as "0.1.0". Static text.
const char *pickle_version_string(void);

// `PICKLE_ABI_VERSION` of the library that is linked.
uint32_t pickle_abi_version(void);

// Use `pickle_writer_init` or `pickle_writer_init_sink`.
pickle_status pickle_writer_init_abi(struct pickle_writer *writer,
                                     void *buffer,
                                     size_t size,
                                     pickle_write_fn write,
                                     void *context,
                                     uint8_t protocol,
                                     const struct pickle_writer_storage *memory,
                                     uint32_t abi_version,
                                     size_t writer_size);

// None.
pickle_status pickle_write_none(struct pickle_writer *writer);

// True or False.
pickle_status pickle_write_bool(struct pickle_writer *writer, bool value);

// An int.
pickle_status pickle_write_i64(struct pickle_writer *writer, int64_t value);

// An int of zero or more.
pickle_status pickle_write_u64(struct pickle_writer *writer, uint64_t value);

// An int of any size: two's complement, little-endian. Below protocol 2, up to 64 bytes (`PICKLE_STATUS_INEXPRESSIBLE`).
pickle_status pickle_write_big_int(struct pickle_writer *writer,
                                   const void *data,
                                   size_t size);

// A float. In protocol 0 it is text, for which the library must have been built with `text-float` (it is, as a rule).
pickle_status pickle_write_f64(struct pickle_writer *writer,
                               double value);

// A str: UTF-8 with a NUL at its end.
pickle_status pickle_write_str(struct pickle_writer *writer, const char *value);

// A str of `size` bytes of UTF-8, in which lone surrogates may stand as three bytes (`surrogatepass`).
pickle_status pickle_write_str_bytes(struct pickle_writer *writer, const void *data, size_t size);

// A str with a NUL at its end that is written once and then referred to, if the storage has room for it: for keys
// that come again in every record. The text must stay as it is until `pickle_write_finish`.
pickle_status pickle_write_shared_str(struct pickle_writer *writer,
                                      const char *value);

// Bytes.
pickle_status pickle_write_bytes(struct pickle_writer *writer, const void *data, size_t size);

// A bytearray.
pickle_status pickle_write_byte_array(struct pickle_writer *writer, const void *data, size_t size);

// A class or function by module and name. Below protocol 3 the names are Python 2's (`__builtin__`).
pickle_status pickle_write_global(struct pickle_writer *writer, const char *module, const char *name);

// The object behind a persistent id that is text. Other ids: `pickle_begin_persistent`.
pickle_status pickle_write_persistent_id(struct pickle_writer *writer, const char *id);

// The next out-of-band buffer (protocol 5).
pickle_status pickle_write_buffer(struct pickle_writer *writer, bool read_only);

// A list; its items follow, then `pickle_end`. `len` may be `PICKLE_UNKNOWN`; it only chooses opcodes.
pickle_status pickle_begin_list(struct pickle_writer *writer, size_t len);

// A dict; key, value, key, value ... follow, then `pickle_end`. `len` is entries, or `PICKLE_UNKNOWN`.
pickle_status pickle_begin_dict(struct pickle_writer *writer, size_t len);

// A tuple; its items follow, then `pickle_end`. With a `len` of up to three a byte is saved, and more items are an error.
pickle_status pickle_begin_tuple(struct pickle_writer *writer,
                                 size_t len);

// A set; its items follow, then `pickle_end`.
pickle_status pickle_begin_set(struct pickle_writer *writer);

// A frozenset; its items follow, then `pickle_end`.
pickle_status pickle_begin_frozen_set(struct pickle_writer *writer);

// The result of a call (REDUCE); its arguments follow. Then perhaps `pickle_then_items`, `pickle_then_entries`,
// `pickle_then_state`; then `pickle_end`. `args` is their number, or `PICKLE_UNKNOWN`.
pickle_status pickle_begin_call(struct pickle_writer *writer,
                                const char *module,
                                const char *name,
                                size_t args);

// An instance as `cls.__new__(cls, *args)` makes it (NEWOBJ); otherwise as `pickle_begin_call`.
pickle_status pickle_begin_new(struct pickle_writer *writer,
                               const char *module,
                               const char *name,
                               size_t args);

// The object behind a persistent id; one value follows, the id, then `pickle_end`. From protocol 1 on.
pickle_status pickle_begin_persistent(struct pickle_writer *writer);

// The arguments of the object are complete: items to append follow, then `pickle_end` of the items. The object stays open.
pickle_status pickle_then_items(struct pickle_writer *writer);

// The arguments of the object are complete: keys and values to set follow, then `pickle_end` of the entries.
pickle_status pickle_then_entries(struct pickle_writer *writer);

// The arguments of the object are complete: one value follows, its state, then `pickle_end` of the object.
pickle_status pickle_then_state(struct pickle_writer *writer);

// Ends the innermost container, object, or part of an object.
pickle_status pickle_end(struct pickle_writer *writer);

// Puts the value that was written last, or the container just begun, into the memo, for `pickle_write_again`.
pickle_status pickle_remember(struct pickle_writer *writer, struct pickle_memo *memo);

// The same object again.
pickle_status pickle_write_again(struct pickle_writer *writer, struct pickle_memo memo);

// Ends the pickle: STOP. Another may follow in the same output, with a memo of its own. The status is that of the
// first call that failed, so that a program may look at this one alone.
pickle_status pickle_write_finish(struct pickle_writer *writer);

// Bytes that the buffer or the callback has taken, over all pickles of this writer.
size_t pickle_written(const struct pickle_writer *writer);

// Containers and objects that are open.
size_t pickle_writer_depth(const struct pickle_writer *writer);

// The first error of this writer; `offset` is that of the opcode that was not written.
pickle_status pickle_writer_error(const struct pickle_writer *writer, struct pickle_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PICKLE_H */
