/* pickle.h: Python's pickle format in C and C++, without Python, malloc or a runtime.
 *
 * Generated from ffi/src by cbindgen; do not edit. Guide: docs/c.md.
 *
 * Null pointers and lengths of zero are safe in every call. A struct may be used by one thread at a time, a document
 * by many. What is read points into the caller's storage and input, which must outlive the document. Conventions:
 * docs/c-conventions.md. */

#ifndef PICKLE_H
#define PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Declares the memory of a reader: three arrays and `pickle_storage name` over them. Nodes and memo entries are 16
 * bytes each. A region may have 0 entries. */
#define PICKLE_STORAGE(name, node_count, memo_count, byte_count)                                              \
    pickle_node name##_nodes[(node_count) + ((node_count) == 0)];                                             \
    pickle_node name##_memo[(memo_count) + ((memo_count) == 0)];                                              \
    uint8_t name##_bytes[(byte_count) + ((byte_count) == 0)];                                                 \
    pickle_storage name = {name##_nodes, sizeof name##_nodes / sizeof name##_nodes[0], name##_memo,           \
                           sizeof name##_memo / sizeof name##_memo[0], name##_bytes, sizeof name##_bytes}

/* The same with static arrays. */
#define PICKLE_STATIC_STORAGE(name, node_count, memo_count, byte_count)                                       \
    static pickle_node name##_nodes[(node_count) + ((node_count) == 0)];                                      \
    static pickle_node name##_memo[(memo_count) + ((memo_count) == 0)];                                       \
    static uint8_t name##_bytes[(byte_count) + ((byte_count) == 0)];                                          \
    static const pickle_storage name = {                                                                      \
        name##_nodes, sizeof name##_nodes / sizeof name##_nodes[0], name##_memo,                              \
        sizeof name##_memo / sizeof name##_memo[0], name##_bytes, sizeof name##_bytes}

/* Storage that any pickle of `size` bytes fits: nodes, memo entries, bytes. Most need far fewer
 * nodes. The memo bound holds for pickles that number their entries without gaps, as all
 * picklers do. */
#define PICKLE_NODES_FOR(size) (4 * (size_t)(size) + 8)
#define PICKLE_MEMO_FOR(size) ((size_t)(size) / 2 + 1)
#define PICKLE_BYTES_FOR(size) (3 * (size_t)(size) + 8)

/* Initialise a reader or a decoder. Every init macro checks that header and library match. */
#define pickle_reader_init(reader, storage, options)                                                          \
    pickle_reader_init_abi((reader), (storage), (options), PICKLE_ABI_VERSION, sizeof(pickle_reader))
#define pickle_item_reader_init(reader, storage, options)                                                     \
    pickle_item_reader_init_abi((reader), (storage), (options), PICKLE_ABI_VERSION, sizeof(pickle_item_reader))
#define pickle_memo_plan_init(plan, uses, len, offset)                                                        \
    pickle_memo_plan_init_abi((plan), (uses), (len), (offset), PICKLE_ABI_VERSION, sizeof(pickle_memo_plan))
#define pickle_decoder_init(decoder)                                                                          \
    pickle_decoder_init_abi((decoder), PICKLE_ABI_VERSION, sizeof(pickle_decoder))

#define pickle_scan_init(scan, storage, options)                                                              \
    pickle_scan_init_abi((scan), (storage), (options), PICKLE_ABI_VERSION, sizeof(pickle_scan))

/* Declares the memory of a scan: an array of words and `pickle_scan_storage name` over it. */
#define PICKLE_SCAN_STORAGE(name, byte_count)                                                                 \
    uint64_t name##_words[((byte_count) + 7) / 8 + ((byte_count) == 0)];                                      \
    pickle_scan_storage name = {name##_words, sizeof name##_words / sizeof name##_words[0]}

/* The same with a static array. */
#define PICKLE_STATIC_SCAN_STORAGE(name, byte_count)                                                          \
    static uint64_t name##_words[((byte_count) + 7) / 8 + ((byte_count) == 0)];                               \
    static const pickle_scan_storage name = {name##_words, sizeof name##_words / sizeof name##_words[0]}

/* The length of lists, dicts, tuples and arguments that is not known in advance. */
#define PICKLE_UNKNOWN SIZE_MAX

struct pickle_field;

/* Fields of a message and where they go: `type` is the struct, `member` its member and the key, `kind` one of bool, signed,
 * unsigned, double, str (a pickle_str), text (an array of char), bytes (a pickle_bytes). Lists are of numbers or bools: an
 * array must be filled, a list has its length in another member. An optional field may be missing or None, and another
 * member of type bool says whether it is there. */
#define PICKLE_FIELD(type, member, kind)                                                                      \
    {#member, pickle_field_##kind, NULL, NULL, 0,                                                             \
     offsetof(type, member), sizeof(((type *)0)->member), PICKLE_UNKNOWN, PICKLE_UNKNOWN}
#define PICKLE_OPTIONAL(type, member, kind, is_there)                                                         \
    {#member, pickle_field_##kind, NULL, NULL, 0,                                                             \
     offsetof(type, member), sizeof(((type *)0)->member), offsetof(type, is_there), PICKLE_UNKNOWN}
#define PICKLE_ARRAY(type, member, kind)                                                                      \
    {#member, pickle_field_list, pickle_field_##kind, NULL, sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]),\
     offsetof(type, member), sizeof(((type *)0)->member[0]), PICKLE_UNKNOWN, PICKLE_UNKNOWN}
#define PICKLE_LIST(type, member, kind, length)                                                               \
    {#member, pickle_field_list, pickle_field_##kind, NULL, sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]),\
     offsetof(type, member), sizeof(((type *)0)->member[0]), PICKLE_UNKNOWN, offsetof(type, length)}
#define PICKLE_NESTED(type, member, fields)                                                                   \
    {#member, pickle_field_nested, NULL, (fields), sizeof(fields) / sizeof((fields)[0]),                      \
     offsetof(type, member), sizeof(((type *)0)->member), PICKLE_UNKNOWN, PICKLE_UNKNOWN}
/* The layout of fields in a static array: of messages with no other fields, or of messages whose other fields are skipped. */
#define PICKLE_LAYOUT(fields) {(fields), sizeof(fields) / sizeof((fields)[0]), NULL}
#define PICKLE_LAYOUT_SKIPPING(fields) {(fields), sizeof(fields) / sizeof((fields)[0]), pickle_field_skip}

/* Declares the memory of a writer: how many containers may be open at once, and how many strings
 * `pickle_writer_shared_str` shares. */
#define PICKLE_WRITER_STORAGE(name, level_count, shared_count)                                                \
    pickle_level name##_levels[(level_count) + ((level_count) == 0)];                                         \
    pickle_shared name##_shared[(shared_count) + ((shared_count) == 0)];                                      \
    pickle_writer_storage name = {name##_levels, (level_count), name##_shared, (shared_count)}

/* Initialise a writer to a buffer or a callback. `storage` may be null if nothing nests. With a null buffer or callback
 * the bytes are only counted, which gives the size of the pickle (`pickle_writer_written`). */
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


#ifdef __cplusplus
extern "C" {
#endif

/* ============================================================================================================
 * Basics. Versions, statuses, errors, and the types that all sections use.
 * ============================================================================================================ */

// Raised by incompatible changes of the interface.
#define PICKLE_VERSION_MAJOR 0

// Raised by compatible additions.
#define PICKLE_VERSION_MINOR 2

// Raised by corrections.
#define PICKLE_VERSION_PATCH 0

// The version of the struct layouts. Every `init` macro returns `PICKLE_STATUS_ABI_MISMATCH` if the header and the
// library disagree.
#define PICKLE_ABI_VERSION 1

// The version of the linked library, in the form of `PICKLE_VERSION_NUMBER`.
uint32_t pickle_version_number(void);

// The version of the linked library, such as "0.2.0". Static text.
const char *pickle_version_string(void);

// `PICKLE_ABI_VERSION` of the linked library.
uint32_t pickle_abi_version(void);

// The result of a call. 0 is success. The numbers are frozen and grouped: 1-9 a limit of this reader was reached,
// 10-19 the input ended too early, 20-29 the input is not a stream of opcodes, 30-39 CPython refuses the argument,
// 40-49 the stack or the memo does not hold what the opcode needs, 50-69 CPython refuses the operation on that value,
// 70-79 a reader was misused, 80-99 the value cannot be written, 100-109 the value is missing or of another kind,
// 110-119 this interface was misused, 200-202 not an error.
enum pickle_status
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // Success.
  PICKLE_STATUS_OK = 0,
  // The node region is full. Nodes hold values and the stack.
  PICKLE_STATUS_NODES_FULL = 1,
  // The memo region is full, or an index is beyond it.
  PICKLE_STATUS_MEMO_FULL = 2,
  // The byte region is full. It holds payloads of input in pieces, and decoded escapes.
  PICKLE_STATUS_BYTES_FULL = 3,
  // An operation that has to search (SETITEM on a list) would take more than linear time.
  PICKLE_STATUS_WORK_LIMIT = 4,
  // The pickle has more opcodes than the options allow.
  PICKLE_STATUS_OPCODE_LIMIT = 5,
  // More containers are open at once than the writer has levels for.
  PICKLE_STATUS_LEVELS_FULL = 6,
  // GET of a memo entry that an item reader no longer keeps.
  PICKLE_STATUS_MEMO_DROPPED = 7,
  // This build of the library leaves out what the opcode needs: see `FEATURES` in docs/c.md.
  PICKLE_STATUS_FEATURE_OFF = 8,
  // The input is empty (EOFError in CPython).
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
  // A text argument is empty where CPython requires at least one character.
  PICKLE_STATUS_EMPTY_LINE = 26,
  // The text of INT, LONG, GET or PUT is not an integer.
  PICKLE_STATUS_BAD_INT = 30,
  // The text of FLOAT is not a float as CPython's C code reads it.
  PICKLE_STATUS_BAD_FLOAT = 31,
  // The text of FLOAT is too large for a double.
  PICKLE_STATUS_FLOAT_OVERFLOW = 32,
  // The argument of STRING lacks matching quotes.
  PICKLE_STATUS_STRING_NOT_QUOTED = 33,
  // A `\x` escape without two hexadecimal digits, or a backslash at the end.
  PICKLE_STATUS_BAD_ESCAPE = 34,
  // The bytes of a str or of a name are not UTF-8.
  PICKLE_STATUS_BAD_UTF8 = 35,
  // `\u` or `\U` without its digits, or above 10FFFF.
  PICKLE_STATUS_BAD_UNICODE_ESCAPE = 36,
  // A name or a persistent id must be ASCII here.
  PICKLE_STATUS_NOT_ASCII = 37,
  // A Python 2 str is not valid in the requested `encoding`.
  PICKLE_STATUS_BAD_ENCODING = 38,
  // The opcode needs a value and the stack is empty.
  PICKLE_STATUS_STACK_UNDERFLOW = 40,
  // The opcode needs a value and finds a MARK.
  PICKLE_STATUS_UNEXPECTED_MARK = 41,
  // The opcode needs a MARK and there is none.
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
  // STACK_GLOBAL needs two str.
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
  // READONLY_BUFFER on something that is not a buffer.
  PICKLE_STATUS_NOT_A_BUFFER = 61,
  // EXT with a code of zero or below.
  PICKLE_STATUS_BAD_EXTENSION = 62,
  // NEXT_BUFFER, and the caller has no more buffers.
  PICKLE_STATUS_NO_BUFFER = 63,
  // The list has no such index.
  PICKLE_STATUS_BAD_INDEX = 64,
  // Valid in CPython, but not supported by this library: a change to a bytearray.
  PICKLE_STATUS_BYTEARRAY_CHANGE = 65,
  // A change to a value that an item reader has, or may have, handed over.
  PICKLE_STATUS_ITEM_CHANGED = 66,
  // The container whose items were handed over turned out to be at another place.
  PICKLE_STATUS_CONTAINER_MOVED = 67,
  // GET of the container whose items are being handed over, from inside one of them.
  PICKLE_STATUS_CONTAINER_FETCHED = 68,
  // PUT of a memo entry out of order, which an item reader does not support.
  PICKLE_STATUS_MEMO_ORDER = 69,
  // The reader has failed or finished and has not been restarted.
  PICKLE_STATUS_AFTER_END = 70,
  // Raw bytes were requested inside a frame or in the middle of an opcode.
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
  // The argument is not of the opcode's kind, or its pieces do not fit together.
  PICKLE_STATUS_BAD_ARGUMENT = 85,
  // A newline in a text argument that a newline terminates.
  PICKLE_STATUS_LINE_BREAK = 86,
  // A number or a length does not fit the opcode's field.
  PICKLE_STATUS_TOO_LONG = 87,
  // The buffer is full.
  PICKLE_STATUS_SINK_FULL = 88,
  // A container, or the pickle, was ended while something inside it is still open.
  PICKLE_STATUS_UNCLOSED = 89,
  // There is no open container, or it is of another kind.
  PICKLE_STATUS_NOTHING_OPEN = 90,
  // A value where none is allowed: the pickle, or this part of the object, already has one.
  PICKLE_STATUS_UNEXPECTED_VALUE = 91,
  // The pickle, or a part of an object, lacks its value.
  PICKLE_STATUS_MISSING_VALUE = 92,
  // This protocol cannot express this value.
  PICKLE_STATUS_INEXPRESSIBLE = 93,
  // There is no such key, attribute, index or part.
  PICKLE_STATUS_MISSING = 100,
  // The value is of another kind.
  PICKLE_STATUS_WRONG_KIND = 101,
  // The int does not fit the requested type, or the buffer is too small.
  PICKLE_STATUS_OUT_OF_RANGE = 102,
  // The str holds lone surrogates, or the Python 2 str is not UTF-8: use its bytes.
  PICKLE_STATUS_NOT_UTF8 = 103,
  // The path is malformed.
  PICKLE_STATUS_BAD_PATH = 104,
  // The parts of a table are missing, or do not fit together.
  PICKLE_STATUS_BAD_TABLE = 105,
  // What is at the path of an item reader can have no items: it is a number, a text, None.
  PICKLE_STATUS_NO_ITEMS = 106,
  // A required pointer is null, or a struct has not been initialised.
  PICKLE_STATUS_NULL = 110,
  // The program was compiled with the header of another version.
  PICKLE_STATUS_ABI_MISMATCH = 111,
  // An option or number is out of its range.
  PICKLE_STATUS_BAD_OPTION = 112,
  // The caller's callback asked to stop.
  PICKLE_STATUS_STOPPED = 113,
  // The input is consumed and the pickle is not complete: feed more.
  PICKLE_STATUS_NEED_MORE = 200,
  // There is an item, and there may be more.
  PICKLE_STATUS_ITEM = 201,
  // Only later opcodes decide whether the container is the one at the path: `pickle_item_reader_look_ahead`.
  PICKLE_STATUS_IN_DOUBT = 202,
};
#ifndef __cplusplus
typedef int32_t pickle_status;
#endif // __cplusplus

// A sentence that describes a status. Static text; not linked when unused.
const char *pickle_status_text(int32_t status);

// The name of a status, such as "NodesFull". Static text; not linked when unused.
const char *pickle_status_name(int32_t status);

// An error and where it is.
typedef struct pickle_error {
  // Offset in the stream of the opcode at fault; the end of the input if that came too early.
  uint64_t offset;
  // The error; `PICKLE_STATUS_OK` if there is none.
  pickle_status status;
  // The opcode at fault, or the byte found where an opcode was expected; 0 if there is none.
  uint8_t byte;
} pickle_error;

// One node of storage: 16 bytes, aligned as `uint64_t`. Values, stack entries and memo entries are nodes.
typedef struct pickle_node {
  // Private; do not access.
  uint64_t opaque[2];
} pickle_node;

// The memory of a reader: three regions owned by the caller, declared by `PICKLE_STORAGE`. They must outlive the
// documents in them. An empty region may be null. `PICKLE_NODES_FOR` and its siblings bound what a pickle needs.
typedef struct pickle_storage {
  // Values and the stack. Each item of a container takes one node, each container one or two more.
  struct pickle_node *nodes;
  // Number of nodes.
  size_t nodes_len;
  // One for each entry of the pickle's memo. CPython makes an entry for every container and str.
  struct pickle_node *memo;
  // Number of memo entries.
  size_t memo_len;
  // Payloads of input that comes in pieces, and decoded escapes of protocol 0.
  uint8_t *bytes;
  // Size of the byte region.
  size_t bytes_len;
} pickle_storage;

// Bytes in the input or in the storage.
typedef struct pickle_bytes {
  // Never null.
  const uint8_t *data;
  // Length in bytes.
  size_t size;
} pickle_bytes;

// UTF-8 text in the input or in the storage. It is not NUL-terminated.
typedef struct pickle_str {
  // Never null.
  const char *data;
  // Length in bytes.
  size_t size;
} pickle_str;

// Input. Functions that read it move `pos` past what they consumed.
typedef struct pickle_in {
  // The bytes; may be null if `size` is 0.
  const void *data;
  // Length in bytes.
  size_t size;
  // Bytes consumed so far, at most `size`.
  size_t pos;
} pickle_in;

// A value of a document: a small handle, passed by value. It is meaningful only together with its document.
typedef struct pickle_value {
  // Private; do not access.
  uint64_t opaque[2];
} pickle_value;

// Options for reading. All zeros are the defaults, and so is a null pointer.
typedef struct pickle_options {
  // Most opcodes that a pickle may have; 0 for no limit.
  uint64_t max_opcodes;
  // Number of out-of-band buffers that the caller has; used only with `limit_buffers`.
  uint32_t buffers;
  // One of `pickle_encoding`.
  uint8_t encoding;
  // One of `pickle_text_ints`.
  uint8_t text_ints;
  // Refuse pickles that use more than `buffers` out-of-band buffers.
  bool limit_buffers;
} pickle_options;

// How a Python 2 str is decoded: the `encoding` of `pickle.load`.
enum pickle_encoding
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // Not decoded; kept apart from str and bytes.
  PICKLE_ENCODING_KEEP = 0,
  // As bytes.
  PICKLE_ENCODING_BYTES = 1,
  // As a str of ASCII; other bytes are an error.
  PICKLE_ENCODING_ASCII = 2,
  // As a str of Latin-1: one code point per byte.
  PICKLE_ENCODING_LATIN1 = 3,
  // As a str of UTF-8.
  PICKLE_ENCODING_UTF8 = 4,
};
#ifndef __cplusplus
typedef int32_t pickle_encoding;
#endif // __cplusplus

// How the decimal text of INT and LONG is parsed.
enum pickle_text_ints
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // As in CPython up to 3.13: base prefixes such as 0x are accepted.
  PICKLE_TEXT_INTS_PREFIXED = 0,
  // As in CPython from 3.14: base 10 only.
  PICKLE_TEXT_INTS_DECIMAL = 1,
};
#ifndef __cplusplus
typedef int32_t pickle_text_ints;
#endif // __cplusplus

// A pickle that was read. It points into the storage and the input, which must not change while it is in use. Several
// threads may read it at the same time.
typedef struct pickle_doc {
  // Private; do not access.
  uint64_t opaque[12];
} pickle_doc;

/* ============================================================================================================
 * Simple. One call reads a pickle, one more fetches a value from it.
 * ============================================================================================================ */

// Reads the pickle at the start of `data` in one call. Strings are not copied: they stay in `data`, which must outlive
// `doc`. Bytes after the pickle are ignored.
//
// `options` and `error` may be null. On failure `doc` is empty, and every function refuses it.
pickle_status pickle_load(const struct pickle_storage *storage,
                          const void *data,
                          size_t size,
                          const struct pickle_options *options,
                          struct pickle_doc *doc,
                          struct pickle_error *error);

// All identities that `pickle_value_id` gives in this document are below this number.
size_t pickle_doc_id_limit(const struct pickle_doc *doc);

// True or False. Ints are not bools.
pickle_status pickle_value_as_bool(const struct pickle_doc *doc, struct pickle_value value, bool *out);

// An int that fits.
pickle_status pickle_value_as_i64(const struct pickle_doc *doc, struct pickle_value value, int64_t *out);

// An int of zero or more that fits.
pickle_status pickle_value_as_u64(const struct pickle_doc *doc, struct pickle_value value, uint64_t *out);

// A float. Ints are not floats.
pickle_status pickle_value_as_f64(const struct pickle_doc *doc, struct pickle_value value, double *out);

// A str, or a Python 2 str that is UTF-8. It is not NUL-terminated.
pickle_status pickle_value_as_str(const struct pickle_doc *doc,
                                  struct pickle_value value,
                                  struct pickle_str *out);

// Bytes, a bytearray, or a Python 2 str.
pickle_status pickle_value_as_bytes(const struct pickle_doc *doc,
                                    struct pickle_value value,
                                    struct pickle_bytes *out);

// The value under a str key of a dict, or of an attribute of an object. The last of equal keys counts.
pickle_status pickle_value_get(const struct pickle_doc *doc,
                               struct pickle_value value,
                               const char *key,
                               struct pickle_value *out);

// The value at an index of a list or tuple.
pickle_status pickle_value_at(const struct pickle_doc *doc,
                              struct pickle_value value,
                              size_t index,
                              struct pickle_value *out);

// The value at a path that begins at `value`.
pickle_status pickle_value_find(const struct pickle_doc *doc,
                                struct pickle_value value,
                                const char *path,
                                struct pickle_value *out);

// The value at a path from the root, such as `$.rows[3].temp`, `["a key"]`, `[-1]`.
pickle_status pickle_doc_find(const struct pickle_doc *doc, const char *path, struct pickle_value *out);

// The bool under a str key of a dict, or of an attribute of an object. The last of equal keys counts.
pickle_status pickle_value_get_bool(const struct pickle_doc *doc,
                                    struct pickle_value value,
                                    const char *key,
                                    bool *out);

// The bool at an index of a list or tuple.
pickle_status pickle_value_at_bool(const struct pickle_doc *doc,
                                   struct pickle_value value,
                                   size_t index,
                                   bool *out);

// The bool at a path that begins at `value`.
pickle_status pickle_value_find_bool(const struct pickle_doc *doc,
                                     struct pickle_value value,
                                     const char *path,
                                     bool *out);

// The bool at a path from the root, such as `$.rows[3].temp`, `["a key"]`, `[-1]`.
pickle_status pickle_doc_find_bool(const struct pickle_doc *doc, const char *path, bool *out);

// The int under a str key of a dict, or of an attribute of an object. The last of equal keys counts.
pickle_status pickle_value_get_i64(const struct pickle_doc *doc,
                                   struct pickle_value value,
                                   const char *key,
                                   int64_t *out);

// The int at an index of a list or tuple.
pickle_status pickle_value_at_i64(const struct pickle_doc *doc,
                                  struct pickle_value value,
                                  size_t index,
                                  int64_t *out);

// The int at a path that begins at `value`.
pickle_status pickle_value_find_i64(const struct pickle_doc *doc,
                                    struct pickle_value value,
                                    const char *path,
                                    int64_t *out);

// The int at a path from the root, such as `$.rows[3].temp`, `["a key"]`, `[-1]`.
pickle_status pickle_doc_find_i64(const struct pickle_doc *doc, const char *path, int64_t *out);

// The int of zero or more under a str key of a dict, or of an attribute of an object. The last of equal keys counts.
pickle_status pickle_value_get_u64(const struct pickle_doc *doc,
                                   struct pickle_value value,
                                   const char *key,
                                   uint64_t *out);

// The int of zero or more at an index of a list or tuple.
pickle_status pickle_value_at_u64(const struct pickle_doc *doc,
                                  struct pickle_value value,
                                  size_t index,
                                  uint64_t *out);

// The int of zero or more at a path that begins at `value`.
pickle_status pickle_value_find_u64(const struct pickle_doc *doc,
                                    struct pickle_value value,
                                    const char *path,
                                    uint64_t *out);

// The int of zero or more at a path from the root, such as `$.rows[3].temp`, `["a key"]`, `[-1]`.
pickle_status pickle_doc_find_u64(const struct pickle_doc *doc, const char *path, uint64_t *out);

// The float under a str key of a dict, or of an attribute of an object. The last of equal keys counts.
pickle_status pickle_value_get_f64(const struct pickle_doc *doc,
                                   struct pickle_value value,
                                   const char *key,
                                   double *out);

// The float at an index of a list or tuple.
pickle_status pickle_value_at_f64(const struct pickle_doc *doc,
                                  struct pickle_value value,
                                  size_t index,
                                  double *out);

// The float at a path that begins at `value`.
pickle_status pickle_value_find_f64(const struct pickle_doc *doc,
                                    struct pickle_value value,
                                    const char *path,
                                    double *out);

// The float at a path from the root, such as `$.rows[3].temp`, `["a key"]`, `[-1]`.
pickle_status pickle_doc_find_f64(const struct pickle_doc *doc, const char *path, double *out);

// The str under a str key of a dict, or of an attribute of an object. The last of equal keys counts.
pickle_status pickle_value_get_str(const struct pickle_doc *doc,
                                   struct pickle_value value,
                                   const char *key,
                                   struct pickle_str *out);

// The str at an index of a list or tuple.
pickle_status pickle_value_at_str(const struct pickle_doc *doc,
                                  struct pickle_value value,
                                  size_t index,
                                  struct pickle_str *out);

// The str at a path that begins at `value`.
pickle_status pickle_value_find_str(const struct pickle_doc *doc,
                                    struct pickle_value value,
                                    const char *path,
                                    struct pickle_str *out);

// The str at a path from the root, such as `$.rows[3].temp`, `["a key"]`, `[-1]`.
pickle_status pickle_doc_find_str(const struct pickle_doc *doc, const char *path, struct pickle_str *out);

// The bytes under a str key of a dict, or of an attribute of an object. The last of equal keys counts.
pickle_status pickle_value_get_bytes(const struct pickle_doc *doc,
                                     struct pickle_value value,
                                     const char *key,
                                     struct pickle_bytes *out);

// The bytes at an index of a list or tuple.
pickle_status pickle_value_at_bytes(const struct pickle_doc *doc,
                                    struct pickle_value value,
                                    size_t index,
                                    struct pickle_bytes *out);

// The bytes at a path that begins at `value`.
pickle_status pickle_value_find_bytes(const struct pickle_doc *doc,
                                      struct pickle_value value,
                                      const char *path,
                                      struct pickle_bytes *out);

// The bytes at a path from the root, such as `$.rows[3].temp`, `["a key"]`, `[-1]`.
pickle_status pickle_doc_find_bytes(const struct pickle_doc *doc, const char *path, struct pickle_bytes *out);

// Receives `size` bytes of output. Returning false stops the caller.
typedef bool (*pickle_write_fn)(void *context, const uint8_t *data, size_t size);

// Prints a value through `write` for logs and debugging: JSON, with floats as their bits, bytes in hexadecimal, and
// objects as class and arguments. A dict whose keys are not all str gives JSON-like text. Values below 16 levels are
// printed as `"..."`, which also ends cycles, and at most 100 000 values are printed. The command `pickle json` prints
// the exact form.
pickle_status pickle_value_dump_json(const struct pickle_doc *doc,
                                     struct pickle_value value,
                                     pickle_write_fn write,
                                     void *context);

/* ============================================================================================================
 * Explicit. Everything a document holds: kinds, iteration, objects and how they were built, known types.
 * ============================================================================================================ */

// The kind of a value, as the pickle spells it.
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
  // A Python 2 str: the pickle does not say whether it is bytes or text.
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
  // An object: how it was built and changed.
  PICKLE_KIND_OBJECT = 15,
  // An object outside the pickle, named by a persistent id.
  PICKLE_KIND_PERSISTENT = 16,
  // An out-of-band buffer.
  PICKLE_KIND_BUFFER = 17,
  // A read-only view of a bytearray.
  PICKLE_KIND_READ_ONLY = 18,
};
#ifndef __cplusplus
typedef int32_t pickle_kind;
#endif // __cplusplus

// The root value of the pickle; None where `doc` is empty.
struct pickle_value pickle_doc_root(const struct pickle_doc *doc);

// The kind of a value.
pickle_kind pickle_value_kind(const struct pickle_doc *doc, struct pickle_value value);

// Whether the value is None. Also true where a struct has no such part: the zone of a naive time, the objects of an
// array of numbers.
bool pickle_value_is_none(const struct pickle_doc *doc,
                          struct pickle_value value);

// Items of a list, tuple, set or frozenset, entries of a dict (duplicate keys counted). 0 for everything else.
size_t pickle_value_len(const struct pickle_doc *doc,
                        struct pickle_value value);

// The identity of a container, object or bytearray: equal numbers are the same object in Python.
pickle_status pickle_value_id(const struct pickle_doc *doc, struct pickle_value value, size_t *out);

// The bytes of a str: UTF-8, with lone surrogates as three bytes (`surrogatepass`).
pickle_status pickle_value_str_bytes(const struct pickle_doc *doc,
                                     struct pickle_value value,
                                     struct pickle_bytes *out);

// An int that does not fit 64 bits, as the pickle spells it.
typedef struct pickle_big_int {
  // Two's complement, little-endian; or ASCII digits, possibly with underscores between them.
  struct pickle_bytes data;
  // 0: two's complement. 2, 8, 10, 16: digits in that base.
  uint8_t radix;
  // Below zero.
  bool negative;
} pickle_big_int;

// An int that does not fit 64 bits.
pickle_status pickle_value_as_big_int(const struct pickle_doc *doc,
                                      struct pickle_value value,
                                      struct pickle_big_int *out);

// The text of a protocol 0 float, in a library built without `text-float`.
pickle_status pickle_value_float_text(const struct pickle_doc *doc,
                                      struct pickle_value value,
                                      struct pickle_str *out);

// Module and name of a class or function.
pickle_status pickle_value_as_global(const struct pickle_doc *doc,
                                     struct pickle_value value,
                                     struct pickle_str *module,
                                     struct pickle_str *name);

// Module and name of a global as the two str of STACK_GLOBAL, which need not be UTF-8.
pickle_status pickle_value_global_parts(const struct pickle_doc *doc,
                                        struct pickle_value value,
                                        struct pickle_value *module,
                                        struct pickle_value *name);

// An extension code of `copyreg`, at least 1.
pickle_status pickle_value_as_extension(const struct pickle_doc *doc,
                                        struct pickle_value value,
                                        uint32_t *out);

// The index of an out-of-band buffer, counted from 0, and whether it is read-only.
pickle_status pickle_value_as_buffer(const struct pickle_doc *doc,
                                     struct pickle_value value,
                                     uint32_t *index,
                                     bool *read_only);

// The bytearray behind a read-only view.
pickle_status pickle_value_inner(const struct pickle_doc *doc,
                                 struct pickle_value value,
                                 struct pickle_value *out);

// How far a path comes from a value, for a message: `done` receives the number of bytes of the path that lead
// somewhere, `there` what is there. `PICKLE_STATUS_OK` if all of the path leads to a value, which `there` is then;
// `PICKLE_STATUS_MISSING` if not; `PICKLE_STATUS_BAD_PATH` if the path is malformed after `done`, and `there` is None.
pickle_status pickle_value_path_reach(const struct pickle_doc *doc,
                                      struct pickle_value value,
                                      const char *path,
                                      size_t *done,
                                      struct pickle_value *there);

// An iterator over the items or entries of a value. The document must stay at its address.
typedef struct pickle_iter {
  // Number of items or entries left.
  size_t left;
  // Private; do not access.
  uint64_t opaque[8];
} pickle_iter;

// Starts an iteration over the items of a list, tuple, set or frozenset.
pickle_status pickle_value_items(const struct pickle_doc *doc,
                                 struct pickle_value value,
                                 struct pickle_iter *iter);

// Starts an iteration over the entries of a dict, in the order of the stream, including duplicate keys.
pickle_status pickle_value_entries(const struct pickle_doc *doc,
                                   struct pickle_value value,
                                   struct pickle_iter *iter);

// Advances to the next item; false at the end. For iterators over items.
bool pickle_iter_next(struct pickle_iter *iter, struct pickle_value *item);

// Advances to the next entry; false at the end. For iterators over entries.
bool pickle_iter_next_entry(struct pickle_iter *iter, struct pickle_value *key, struct pickle_value *value);

// A known type: one that is recognised in every spelling of every protocol and Python.
enum pickle_known
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // None of these: `pickle_value_kind` says what it is.
  PICKLE_KNOWN_NONE = 0,
  // Bytes, as protocols 0 to 2 spell them: `pickle_value_copy_bytes`.
  PICKLE_KNOWN_BYTES = 1,
  // A bytearray, as protocols 0 to 4 spell them: `pickle_value_copy_bytes`.
  PICKLE_KNOWN_BYTE_ARRAY = 2,
  // A set, as protocols 0 to 3 spell them: `pickle_value_known_items`.
  PICKLE_KNOWN_SET = 3,
  // A frozenset, as protocols 0 to 3 spell them: `pickle_value_known_items`.
  PICKLE_KNOWN_FROZEN_SET = 4,
  // `complex`: `pickle_value_as_complex`.
  PICKLE_KNOWN_COMPLEX = 5,
  // `range` or `xrange`: start, stop and step are the arguments of the object.
  PICKLE_KNOWN_RANGE = 6,
  // `slice`: start, stop and step are the arguments of the object.
  PICKLE_KNOWN_SLICE = 7,
  // `datetime.date`: `pickle_value_as_datetime`.
  PICKLE_KNOWN_DATE = 8,
  // `datetime.time`: `pickle_value_as_datetime`.
  PICKLE_KNOWN_TIME = 9,
  // `datetime.datetime`: `pickle_value_as_datetime`.
  PICKLE_KNOWN_DATE_TIME = 10,
  // `datetime.timedelta`: `pickle_value_as_timedelta`.
  PICKLE_KNOWN_TIME_DELTA = 11,
  // `datetime.timezone`, or another zone of a fixed offset: `pickle_value_as_timedelta`, and `pickle_value_known_text` is its name.
  PICKLE_KNOWN_TIME_ZONE = 12,
  // `zoneinfo.ZoneInfo`, or a zone of pytz or dateutil: `pickle_value_known_text` is its key, such as `Europe/Berlin`.
  PICKLE_KNOWN_ZONE_INFO = 13,
  // `decimal.Decimal`: `pickle_value_known_text`.
  PICKLE_KNOWN_DECIMAL = 14,
  // `fractions.Fraction` as its text: `pickle_value_known_text`.
  PICKLE_KNOWN_FRACTION_TEXT = 15,
  // `fractions.Fraction`: numerator and denominator are the arguments of the object.
  PICKLE_KNOWN_FRACTION = 16,
  // `uuid.UUID`: `pickle_value_as_uuid`.
  PICKLE_KNOWN_UUID = 17,
  // `collections.OrderedDict`: `pickle_value_known_entries`.
  PICKLE_KNOWN_ORDERED_DICT = 18,
  // `collections.defaultdict`: `pickle_value_known_entries`.
  PICKLE_KNOWN_DEFAULT_DICT = 19,
  // `collections.Counter`: `pickle_value_known_entries`.
  PICKLE_KNOWN_COUNTER = 20,
  // `collections.deque`: `pickle_value_known_items`.
  PICKLE_KNOWN_DEQUE = 21,
  // A `pathlib` path: `pickle_value_known_items` are its parts.
  PICKLE_KNOWN_PATH = 22,
  // `numpy.dtype`.
  PICKLE_KNOWN_D_TYPE = 23,
  // `numpy.ndarray` or `array.array`: `pickle_value_as_array`.
  PICKLE_KNOWN_ARRAY = 24,
  // A numpy scalar: `pickle_value_as_array`.
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
  // A list that is spelled as an object, of a subclass as a rule: `pickle_value_known_items`.
  PICKLE_KNOWN_LIST = 31,
  // A tuple that is spelled as an object: `pickle_value_known_items`.
  PICKLE_KNOWN_TUPLE = 32,
  // A dict that is spelled as an object, of a subclass as a rule: `pickle_value_known_entries`.
  PICKLE_KNOWN_DICT = 33,
  // `collections.UserList`: `pickle_value_known_items`.
  PICKLE_KNOWN_USER_LIST = 34,
  // `collections.UserDict`: `pickle_value_known_entries`.
  PICKLE_KNOWN_USER_DICT = 35,
  // `collections.ChainMap`: `pickle_value_known_entries`, those of the first dict last.
  PICKLE_KNOWN_CHAIN_MAP = 36,
  // `types.MappingProxyType`: `pickle_value_known_entries`.
  PICKLE_KNOWN_MAPPING_PROXY = 37,
  // `frozendict`: `pickle_value_known_entries`.
  PICKLE_KNOWN_FROZEN_DICT = 38,
  // Not given any more: an `array.array` is an array.
  PICKLE_KNOWN_NUMBER_ARRAY = 39,
  // A subclass of int, float, str or bytes, or `collections.UserString`: `pickle_value_known_inner`.
  PICKLE_KNOWN_DERIVED = 40,
  // An object of any class: `pickle_value_known_items` are its fields without names (of a namedtuple, an exception),
  // `pickle_value_known_attributes` those with.
  PICKLE_KNOWN_RECORD = 41,
  // A member of an enum by its name: `pickle_value_known_text`.
  PICKLE_KNOWN_MEMBER = 42,
  // `functools.partial`: `pickle_value_known_class` is the function, `pickle_value_known_items` are the arguments.
  PICKLE_KNOWN_PARTIAL = 43,
  // A regular expression: `pickle_value_known_inner` is its text or bytes.
  PICKLE_KNOWN_PATTERN = 44,
  // An address, network or interface of `ipaddress`: its parts are the arguments of the object.
  PICKLE_KNOWN_IP = 45,
  // The time zone of the machine that wrote the pickle (`dateutil.tz.tzlocal`).
  PICKLE_KNOWN_LOCAL_ZONE = 46,
};
#ifndef __cplusplus
typedef int32_t pickle_known;
#endif // __cplusplus

// A date, a time, or both. Parts that the value does not have are 0.
typedef struct pickle_datetime {
  // The time zone; None if the time is naive.
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
  // The second of two equal local times, when a clock is set back.
  bool fold;
} pickle_datetime;

// A duration, normalised as in `datetime.timedelta`.
typedef struct pickle_timedelta {
  // -999 999 999 to 999 999 999.
  int32_t days;
  // 0 to 86 399.
  uint32_t seconds;
  // 0 to 999 999.
  uint32_t microseconds;
} pickle_timedelta;

// A numpy array or scalar. A scalar is an array of one item without axes.
typedef struct pickle_array {
  // The length of each axis: a tuple of ints, or one int where there is one axis. None for a scalar.
  struct pickle_value shape;
  // For an array of objects, or an `array.array` of protocols 0 to 2, the list of them; else None.
  struct pickle_value objects;
  // Number of items.
  uint64_t len;
  // Size of an item in bytes.
  uint64_t item_size;
  // The items, contiguous. Empty if the pickle does not hold them as bytes (protocols 0 to 2, out-of-band buffers):
  // use `pickle_value_copy_bytes`.
  struct pickle_bytes data;
  // The kind of the items, in numpy's letters: `b` bool, `i` int, `u` unsigned, `f` float, `c` complex, `S`, `U` (UTF-32;
  // UTF-16 where `item_size` is 2), `M`, `m`, `O`, `V`.
  uint8_t kind;
  // Most significant byte first.
  bool big_endian;
  // The first axis varies fastest.
  bool fortran;
} pickle_array;

// The known type of an object; `PICKLE_KNOWN_NONE` if there is none, and for what has a kind of its own.
pickle_known pickle_value_known(const struct pickle_doc *doc, struct pickle_value value);

// The class of a record, or of a collection or scalar of a class of its own; of a member of an enum; the function of a
// partial. `PICKLE_STATUS_MISSING` where it is a built-in one. Below protocol 4 a class in a class is no global but
// `PICKLE_KNOWN_MEMBER`: this function gives the outer one, `pickle_value_known_text` its name there.
pickle_status pickle_value_known_class(const struct pickle_doc *doc,
                                       struct pickle_value value,
                                       struct pickle_value *out);

// The int, float, text or bytes that an object of a subclass is; the text or bytes of a regular expression.
pickle_status pickle_value_known_inner(const struct pickle_doc *doc,
                                       struct pickle_value value,
                                       struct pickle_value *out);

// Starts an iteration over the attributes of an object, or of a collection that has some: names and values. Slots
// follow those of `__dict__`.
pickle_status pickle_value_known_attributes(const struct pickle_doc *doc,
                                            struct pickle_value value,
                                            struct pickle_iter *iter);

// Real and imaginary part of a complex number.
pickle_status pickle_value_as_complex(const struct pickle_doc *doc,
                                      struct pickle_value value,
                                      double *real,
                                      double *imaginary);

// A `datetime.date`, `time` or `datetime`.
pickle_status pickle_value_as_datetime(const struct pickle_doc *doc,
                                       struct pickle_value value,
                                       struct pickle_datetime *out);

// A `datetime.timedelta`, or the offset of a time zone: `PICKLE_STATUS_MISSING` where it depends on the time.
pickle_status pickle_value_as_timedelta(const struct pickle_doc *doc,
                                        struct pickle_value value,
                                        struct pickle_timedelta *out);

// A Decimal or Fraction as its text, the key of a ZoneInfo, the name of a timezone, of a member of an enum.
pickle_status pickle_value_known_text(const struct pickle_doc *doc,
                                      struct pickle_value value,
                                      struct pickle_str *out);

// A UUID: 16 bytes in the order of its text form.
pickle_status pickle_value_as_uuid(const struct pickle_doc *doc, struct pickle_value value, uint8_t *out);

// Starts an iteration over the items of any sequence or set, over the parts of a path, the arguments of a partial, the
// fields of a record that have no names.
pickle_status pickle_value_known_items(const struct pickle_doc *doc,
                                       struct pickle_value value,
                                       struct pickle_iter *iter);

// Starts an iteration over the entries of any mapping, as the pickle has them: of equal keys the last counts.
pickle_status pickle_value_known_entries(const struct pickle_doc *doc,
                                         struct pickle_value value,
                                         struct pickle_iter *iter);

// Copies bytes in any spelling, or the items of an array, to `buffer`: at most `capacity` bytes. `size` receives the
// whole size, also with `PICKLE_STATUS_OUT_OF_RANGE`, which says that the buffer is too small.
pickle_status pickle_value_copy_bytes(const struct pickle_doc *doc,
                                      struct pickle_value value,
                                      void *buffer,
                                      size_t capacity,
                                      size_t *size);

// A numpy array, whether pickled by numpy or joblib, an `array.array`, or a numpy scalar.
pickle_status pickle_value_as_array(const struct pickle_doc *doc,
                                    struct pickle_value value,
                                    struct pickle_array *out);

// An item of an array as a double: bool, int or float of any size and byte order.
pickle_status pickle_array_item_f64(const struct pickle_array *array, const void *item, double *out);

// An item of an array as an int: bool or int of any size and byte order, or ticks of datetime64 and timedelta64.
pickle_status pickle_array_item_i64(const struct pickle_array *array,
                                    const void *item,
                                    int64_t *out);

// The opcode that built an object.
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
  // PERSID, BINPERSID: a persistent id.
  PICKLE_HOW_PERS_ID = 5,
  // None: a global, extension or buffer that was changed without being called.
  PICKLE_HOW_CHANGED = 6,
};
#ifndef __cplusplus
typedef int32_t pickle_how;
#endif // __cplusplus

// The opcode that built an object.
pickle_status pickle_object_how(const struct pickle_doc *doc, struct pickle_value value, pickle_how *out);

// The class or function that was called to build an object. For a persistent object the persistent id, for a changed
// global the global. `pickle_value_as_global` gives its name.
pickle_status pickle_object_callable(const struct pickle_doc *doc,
                                     struct pickle_value value,
                                     struct pickle_value *out);

// The arguments as one value, as REDUCE, NEWOBJ and NEWOBJ_EX take them.
pickle_status pickle_object_args_value(const struct pickle_doc *doc,
                                       struct pickle_value value,
                                       struct pickle_value *out);

// Starts an iteration over the arguments, whichever opcode built the object.
pickle_status pickle_object_args(const struct pickle_doc *doc,
                                 struct pickle_value value,
                                 struct pickle_iter *iter);

// The keyword arguments (NEWOBJ_EX).
pickle_status pickle_object_kwargs(const struct pickle_doc *doc,
                                   struct pickle_value value,
                                   struct pickle_value *out);

// The state of the last BUILD.
pickle_status pickle_object_state(const struct pickle_doc *doc,
                                  struct pickle_value value,
                                  struct pickle_value *out);

// An iterator over the changes of an object. The document must stay at its address.
typedef struct pickle_changes {
  // 0 at the end.
  size_t more;
  // Private; do not access.
  uint64_t opaque[2];
} pickle_changes;

// The kind of a change.
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
  // Raw bytes between the opcodes (joblib): `raw`.
  PICKLE_CHANGE_KIND_RAW = 5,
  // A pickle between the opcodes (joblib): `value`.
  PICKLE_CHANGE_KIND_NESTED = 6,
};
#ifndef __cplusplus
typedef int32_t pickle_change_kind;
#endif // __cplusplus

// A change of an object after it was built.
typedef struct pickle_change {
  // A state, or a nested pickle.
  struct pickle_value value;
  // Items or entries.
  struct pickle_iter items;
  // Bytes.
  struct pickle_bytes raw;
  // Which of these fields is set.
  pickle_change_kind kind;
} pickle_change;

// Starts an iteration over the changes of an object, in the order of the stream.
pickle_status pickle_object_changes(const struct pickle_doc *doc,
                                    struct pickle_value value,
                                    struct pickle_changes *out);

// Advances to the next change; false at the end.
bool pickle_changes_next(struct pickle_changes *changes, struct pickle_change *out);

/* ============================================================================================================
 * Streaming. Input in pieces of any size: whole pickles, or the items of one container in bounded memory.
 * ============================================================================================================ */

// A reader that takes input in pieces. Initialise it with `pickle_reader_init`.
typedef struct pickle_reader {
  // Private; do not access.
  uint64_t opaque[72];
} pickle_reader;

// What a reader has consumed and used, as a guide to the size of the storage.
typedef struct pickle_usage {
  // Bytes consumed of the stream.
  uint64_t offset;
  // Opcodes executed of this pickle.
  uint64_t opcodes;
  // Entries in the memo.
  uint64_t memo;
  // Nodes in use by values. The stack takes more, which is not counted.
  size_t nodes;
  // Bytes in the byte region.
  size_t bytes;
  // The argument of the last PROTO opcode; 0 if there was none.
  uint8_t protocol;
} pickle_usage;

// Use the macro `pickle_reader_init(reader, storage, options)`.
pickle_status pickle_reader_init_abi(struct pickle_reader *reader,
                                     const struct pickle_storage *storage,
                                     const struct pickle_options *options,
                                     uint32_t abi_version,
                                     size_t reader_size);

// Reads a piece of input. Strings are copied to the byte region, so the piece need not outlive the call.
// `PICKLE_STATUS_OK`: the pickle is complete and `input->pos` is just past it. `PICKLE_STATUS_NEED_MORE`: feed the next
// piece. `PICKLE_STATUS_NODES_FULL`, `_MEMO_FULL` and `_BYTES_FULL` say which region is too small.
pickle_status pickle_reader_feed(struct pickle_reader *reader,
                                 struct pickle_in *input);

// Ends the input of the reader. `PICKLE_STATUS_OK` if the pickle is complete.
pickle_status pickle_reader_finish(struct pickle_reader *reader);

// The document, once `pickle_reader_feed` has returned `PICKLE_STATUS_OK`. It lives in the reader's storage.
pickle_status pickle_reader_doc(struct pickle_reader *reader, struct pickle_doc *doc);

// Begins the next pickle of the stream. The previous document becomes invalid. With `keep_memo` the next pickle may
// refer to values of the previous one (several `dump` calls on one Python `Pickler`); the storage is then not reused.
pickle_status pickle_reader_next_pickle(struct pickle_reader *reader,
                                        bool keep_memo);

// Reads the pickle that begins at `offset` in `data` without copying, for data that holds several pickles. The offset
// in `pickle_reader_usage` is where it ends.
pickle_status pickle_reader_load(struct pickle_reader *reader,
                                 const void *data,
                                 size_t size,
                                 size_t offset,
                                 struct pickle_doc *doc);

// The last error of this reader.
pickle_status pickle_reader_error(struct pickle_reader *reader, struct pickle_error *error);

// How far the reader has come and how much of its storage is in use.
pickle_status pickle_reader_usage(struct pickle_reader *reader, struct pickle_usage *usage);

// Storage of a plan: 16 bytes for each memo entry that is ever fetched.
typedef struct pickle_memo_use {
  // Private; do not access.
  uint64_t opaque[2];
} pickle_memo_use;

// Which memo entries of a pickle are fetched, and where last. Initialise it with `pickle_memo_plan_init`.
typedef struct pickle_memo_plan {
  // Private; do not access.
  uint64_t opaque[28];
} pickle_memo_plan;

// Use the macro `pickle_memo_plan_init(plan, uses, len, offset)`.
pickle_status pickle_memo_plan_init_abi(struct pickle_memo_plan *plan,
                                        struct pickle_memo_use *uses,
                                        size_t uses_len,
                                        uint64_t offset,
                                        uint32_t abi_version,
                                        size_t plan_size);

// Reads a piece of the pickle. `PICKLE_STATUS_OK`: the plan is finished. `PICKLE_STATUS_NEED_MORE`: feed the next piece.
// `PICKLE_STATUS_MEMO_FULL`: the storage is too small; begin again with more.
pickle_status pickle_memo_plan_feed(struct pickle_memo_plan *plan,
                                    struct pickle_in *input);

// Number of memo entries that are fetched, so far.
size_t pickle_memo_plan_len(struct pickle_memo_plan *plan);

// The error of this plan.
pickle_status pickle_memo_plan_error(struct pickle_memo_plan *plan, struct pickle_error *error);

// Options for reading items. All zeros are the defaults, and so is a null pointer.
typedef struct pickle_item_options {
  // Options for reading the pickle.
  struct pickle_options reader;
  // The path of the container, such as `$.rows`; null for the outermost one. It must outlive the reader. One that
  // may lead to several (`[*]`, `[1:3]`, `..name`) is `PICKLE_STATUS_BAD_PATH`.
  const char *path;
  // The plan of this pickle, finished; null for none. It must outlive the reader. Without a plan a bounded number of
  // memo entries is kept, and a pickle that needs others is `PICKLE_STATUS_MEMO_DROPPED`.
  const struct pickle_memo_plan *plan;
  // Offset of the pickle in the stream.
  uint64_t offset;
  // Minimum nodes buffered before streaming starts. A pickle that needs fewer is read whole. 0: a quarter of the node
  // region, at most 4096.
  size_t min_nodes;
  // Most memo entries kept from items that are gone. 0: half of the memo region, at most 4096.
  size_t cache_entries;
  // Most bytes kept of their strings. 0: half of the byte region, at most 256 KiB.
  size_t cache_bytes;
} pickle_item_options;

// How an item belongs to its container.
enum pickle_role
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // An item of a list, tuple, set or frozenset, or one added to an object.
  PICKLE_ROLE_ITEM = 0,
  // A key and a value of a dict, or an entry of an object.
  PICKLE_ROLE_ENTRY = 1,
  // The name and the value of an attribute.
  PICKLE_ROLE_ATTRIBUTE = 2,
  // The state of an object, where that is not a dict of attributes.
  PICKLE_ROLE_STATE = 3,
};
#ifndef __cplusplus
typedef int32_t pickle_role;
#endif // __cplusplus

// An item. It is valid until the next call on its reader.
typedef struct pickle_item {
  // A document whose root is the item, or the value of the entry.
  struct pickle_doc doc;
  // The key of an entry, the name of an attribute; None for others. A value of `doc`.
  struct pickle_value key;
  // The root of `doc`.
  struct pickle_value value;
  // The number of the item, from 0.
  uint64_t index;
  // How it belongs to its container.
  pickle_role role;
  // Whether there is a key.
  bool has_key;
} pickle_item;

// A reader of items. Initialise it with `pickle_item_reader_init`.
typedef struct pickle_item_reader {
  // Private; do not access.
  uint64_t opaque[128];
} pickle_item_reader;

// Use the macro `pickle_item_reader_init(reader, storage, options)`.
pickle_status pickle_item_reader_init_abi(struct pickle_item_reader *reader,
                                          const struct pickle_storage *storage,
                                          const struct pickle_item_options *options,
                                          uint32_t abi_version,
                                          size_t reader_size);

// Reads up to the next item and fills `item`. `PICKLE_STATUS_ITEM`: there is one; call again, also when the input is
// used up, since one piece can complete many items. `PICKLE_STATUS_NEED_MORE`: call again with the next piece.
// `PICKLE_STATUS_OK`: the pickle is complete and `input->pos` is just past it. `PICKLE_STATUS_NO_ITEMS`: it is complete, too,
// and what is at the path can have no items; `pickle_item_reader_next_pickle` goes on. Other statuses are errors; the items
// before them reflect the stream up to there.
pickle_status pickle_item_reader_next(struct pickle_item_reader *reader,
                                      struct pickle_in *input,
                                      struct pickle_item *item);

// Ends the input of the reader. `PICKLE_STATUS_OK` if the pickle is complete and all of its items have been
// read. `PICKLE_STATUS_ITEM`: there are more items; go on with `pickle_item_reader_next`. `PICKLE_STATUS_NO_ITEMS`: as there.
pickle_status pickle_item_reader_finish(struct pickle_item_reader *reader);

// A look-ahead: which container will hold the one that is being filled. `pickle_item_reader_look_ahead` fills it; it borrows
// nothing.
typedef struct pickle_look_ahead {
  // Private; do not access.
  uint64_t opaque[320];
} pickle_look_ahead;

// Reports ambiguous containers instead of guessing: a list after an empty dict may still be put into that dict. For input
// that can be read again, such as a file. `pickle_item_reader_next` then returns `PICKLE_STATUS_IN_DOUBT`: call
// `pickle_item_reader_look_ahead`, give `pickle_look_ahead_feed` the bytes from `pickle_look_ahead_offset` on, and pass the answer to
// `pickle_item_reader_decide`. Without this call such a pickle is read as a whole: `pickle_item_reader_is_held_in_doubt`.
// Call it before the first `pickle_item_reader_next`.
pickle_status pickle_item_reader_report_doubt(struct pickle_item_reader *reader);

// After `PICKLE_STATUS_IN_DOUBT`: what finds out, from the opcodes that follow, whether this container is the one.
// `PICKLE_STATUS_MISSING`: there is no doubt.
pickle_status pickle_item_reader_look_ahead(struct pickle_item_reader *reader,
                                            struct pickle_look_ahead *look_ahead);

// Bytes from the start of the stream to where `pickle_look_ahead_feed` begins.
uint64_t pickle_look_ahead_offset(struct pickle_look_ahead *look_ahead);

// Looks at the bytes that follow, in pieces of any size. `PICKLE_STATUS_OK`: the container is the one at the path.
// `PICKLE_STATUS_MISSING`: it is not. `PICKLE_STATUS_NEED_MORE`: call again with the next piece; at the end of input, it is
// not.
pickle_status pickle_look_ahead_feed(struct pickle_look_ahead *look_ahead,
                                     struct pickle_in *input);

// After `PICKLE_STATUS_IN_DOUBT`: whether the container is the one at the path. Go on with `pickle_item_reader_next`.
pickle_status pickle_item_reader_decide(struct pickle_item_reader *reader,
                                        bool leads_here);

// True if the whole pickle is held and its items come at the end, because a container before the one at the path could
// still take it in. `pickle_item_reader_report_doubt` avoids that for input that can be read again.
bool pickle_item_reader_is_held_in_doubt(struct pickle_item_reader *reader);

// Begins the next pickle of the stream. Not for readers with a plan, which is one pickle's
// (`PICKLE_STATUS_BAD_OPTION`): initialise the reader again, with the next plan and its offset.
pickle_status pickle_item_reader_next_pickle(struct pickle_item_reader *reader);

// Whether the path led to a container or another value in this pickle. False until it is known: at the latest when
// `pickle_item_reader_finish` returns `PICKLE_STATUS_OK`. A reader without a path has found its container.
bool pickle_item_reader_path_found(struct pickle_item_reader *reader);

// Where the first call stands, of those read so far of this pickle, whose result the pickle drops: the offset of the POP.
// Such a call was made for what it does to a value. cloudpickle and dill set so what is in functions, classes and cells,
// which no item and no document shows. `PICKLE_STATUS_MISSING`: there is none. `PICKLE_STATUS_FEATURE_OFF`: the library was built
// without the feature `dropped-calls`.
pickle_status pickle_item_reader_dropped_call(struct pickle_item_reader *reader,
                                              uint64_t *offset);

// The same of the pickle at the start of `data`, which is read for that in one call: `PICKLE_STATUS_OK` and the offset, or
// `PICKLE_STATUS_MISSING` where no such call is in it. Other statuses are errors, as of `pickle_load`. The storage is for
// this call alone: one that a document lives in is overwritten.
//
// `options` and `error` may be null.
pickle_status pickle_dropped_call(const struct pickle_storage *storage,
                                  const void *data,
                                  size_t size,
                                  const struct pickle_options *options,
                                  uint64_t *offset,
                                  struct pickle_error *error);

// Bytes consumed of the stream.
uint64_t pickle_item_reader_offset(struct pickle_item_reader *reader);

// The last error of this reader.
pickle_status pickle_item_reader_error(struct pickle_item_reader *reader, struct pickle_error *error);

/* ============================================================================================================
 * Tables. Frames and series of pandas, arrays, dicts of columns: columns of cells, and of items where they lie.
 * ============================================================================================================ */

// The unit of a time.
enum pickle_unit
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // Not a time, or one without a unit.
  PICKLE_UNIT_NONE = 0,
  // Years.
  PICKLE_UNIT_YEAR = 1,
  // Months.
  PICKLE_UNIT_MONTH = 2,
  // Weeks.
  PICKLE_UNIT_WEEK = 3,
  // Days.
  PICKLE_UNIT_DAY = 4,
  // Hours.
  PICKLE_UNIT_HOUR = 5,
  // Minutes.
  PICKLE_UNIT_MINUTE = 6,
  // Seconds.
  PICKLE_UNIT_SECOND = 7,
  // 10^-3 seconds.
  PICKLE_UNIT_MILLI = 8,
  // 10^-6 seconds.
  PICKLE_UNIT_MICRO = 9,
  // 10^-9 seconds.
  PICKLE_UNIT_NANO = 10,
  // 10^-12 seconds.
  PICKLE_UNIT_PICO = 11,
  // 10^-15 seconds.
  PICKLE_UNIT_FEMTO = 12,
  // 10^-18 seconds.
  PICKLE_UNIT_ATTO = 13,
};
#ifndef __cplusplus
typedef int32_t pickle_unit;
#endif // __cplusplus

// What is in a cell.
enum pickle_cell_kind
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // Nothing: None, NaT, NA, or masked. (A float that is NaN is a float.)
  PICKLE_CELL_KIND_NULL = 0,
  // `i64` is 0 or 1.
  PICKLE_CELL_KIND_BOOL = 1,
  // `i64`.
  PICKLE_CELL_KIND_INT = 2,
  // `u64`: above what `i64` holds, or of an unsigned column.
  PICKLE_CELL_KIND_UINT = 3,
  // `f64`, of `bits` bits.
  PICKLE_CELL_KIND_FLOAT = 4,
  // `f64` and `imaginary`.
  PICKLE_CELL_KIND_COMPLEX = 5,
  // UTF-8 in `bytes`.
  PICKLE_CELL_KIND_TEXT = 6,
  // Text as numpy keeps it, in UTF-32 (UTF-16 where the item has two bytes): `bytes` in the order that `big_endian` says,
  // or `pickle_cell_text`, which makes it UTF-8.
  PICKLE_CELL_KIND_WIDE = 7,
  // Bytes: `bytes`, or `pickle_cell_text` where that is empty.
  PICKLE_CELL_KIND_BYTES = 8,
  // `i64` units since 1970, in UTC where the column has a zone.
  PICKLE_CELL_KIND_DATE_TIME = 9,
  // `i64` units.
  PICKLE_CELL_KIND_TIME_DELTA = 10,
  // `i64` is the ordinal of a period of pandas.
  PICKLE_CELL_KIND_PERIOD = 11,
  // `i64` days since 1970.
  PICKLE_CELL_KIND_DATE = 12,
  // `i64` units since midnight.
  PICKLE_CELL_KIND_TIME = 13,
  // A decimal number: digits of 128 bits, `i64` the more significant half and `u64` the other; `scale` of them are
  // after the point.
  PICKLE_CELL_KIND_DECIMAL = 14,
  // An object: `value`.
  PICKLE_CELL_KIND_VALUE = 15,
  // An item of an array that has no other kind, such as a record: `bytes`.
  PICKLE_CELL_KIND_RAW = 16,
  // An interval: `pickle_column_interval`.
  PICKLE_CELL_KIND_INTERVAL = 17,
};
#ifndef __cplusplus
typedef int32_t pickle_cell_kind;
#endif // __cplusplus

// A cell of a table. Members that its kind does not name are 0.
typedef struct pickle_cell {
  // What is in it.
  pickle_cell_kind kind;
  // The unit of a time.
  pickle_unit unit;
  // An int, a bool, a time.
  int64_t i64;
  // An unsigned int.
  uint64_t u64;
  // A float; the real part of a complex number.
  double f64;
  // The imaginary part.
  double imaginary;
  // Text or bytes in the input or the storage.
  struct pickle_bytes bytes;
  // The object, where the column has objects.
  struct pickle_value value;
  // Bits of a float: 16, 32 or 64; of a complex number 64 or 128.
  uint8_t bits;
  // Digits of a decimal number after the point; negative for zeros before it.
  int8_t scale;
  // Of text in UTF-32: most significant byte first.
  bool big_endian;
  // Private; do not access.
  uint64_t opaque[8];
} pickle_cell;

// Copies the text of a cell, as UTF-8 without a NUL, or its bytes, into `buffer`. `size` is the length of all of it;
// `PICKLE_STATUS_OUT_OF_RANGE` if that is more than `capacity`.
pickle_status pickle_cell_text(const struct pickle_cell *cell,
                               char *buffer,
                               size_t capacity,
                               size_t *size);

// How a column holds its values.
enum pickle_column_kind
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // An item of an array a row: `data`.
  PICKLE_COLUMN_KIND_ARRAY = 0,
  // An item of an array a row, and a bool a row that says which are missing: `data` and `mask`.
  PICKLE_COLUMN_KIND_MASKED = 1,
  // A category a row: `data` has their numbers, of which -1 is a missing value.
  PICKLE_COLUMN_KIND_CATEGORICAL = 2,
  // An interval a row: `pickle_column_interval`.
  PICKLE_COLUMN_KIND_INTERVALS = 3,
  // Values of some rows, and one value for all others.
  PICKLE_COLUMN_KIND_SPARSE = 4,
  // Ints at equal distances.
  PICKLE_COLUMN_KIND_RANGE = 5,
  // Values of pyarrow. Of protocols 0 to 2 they cannot be read (`PICKLE_STATUS_BAD_TABLE`): their bytes are not in one piece.
  PICKLE_COLUMN_KIND_ARROW = 6,
  // Objects of a list.
  PICKLE_COLUMN_KIND_LIST = 7,
  // Any other: cell by cell.
  PICKLE_COLUMN_KIND_OTHER = 8,
};
#ifndef __cplusplus
typedef int32_t pickle_column_kind;
#endif // __cplusplus

// A column of a table, or a level of its labels: 2.5 KB.
typedef struct pickle_column {
  // Number of rows.
  size_t rows;
  // How it holds its values.
  pickle_column_kind how;
  // The unit of `data` where these are times: ticks since 1970, or spans. The least int is a missing one.
  pickle_unit unit;
  // So many units are a tick.
  int64_t unit_count;
  // From the first byte of the first item to the last byte of the last, in the input. Empty where the pickle does not
  // hold them as bytes in one piece (objects, and numbers in protocols 0 to 2): `pickle_column_next`.
  struct pickle_bytes data;
  // Bytes from one item of `data` to the next.
  size_t stride;
  // Size of an item of `data` in bytes.
  size_t item_size;
  // One byte a row that is not 0 where the value is missing.
  struct pickle_bytes mask;
  // Bytes from one byte of `mask` to the next.
  size_t mask_stride;
  // The time zone in which times, which are in UTC, are shown; else None.
  struct pickle_value zone;
  // The kind of the items of `data` in numpy's letters, as in `pickle_array`; 0 where there is no array.
  uint8_t kind;
  // Most significant byte first.
  bool big_endian;
  // Private; do not access.
  uint64_t opaque[304];
} pickle_column;

// The items of a column as an array of C: of this kind (numpy's letter) and size, one after another, in the byte order of
// this machine, none of them missing by a mask, and aligned to their size. Null where any of that is not so: then
// `data` and `stride` may still do, with memcpy.
const void *pickle_column_items(const struct pickle_column *column,
                                char kind,
                                size_t item_size);

// The cell of a row. Constant for numbers in one piece; linear in the row for others: `pickle_column_next`.
// `PICKLE_STATUS_BAD_TABLE` where its parts are missing.
pickle_status pickle_column_cell(const struct pickle_column *column, size_t row, struct pickle_cell *out);

// The cell of the next row, from the first on: `PICKLE_STATUS_ITEM`, and `PICKLE_STATUS_OK` after the last. Constant,
// except for values of pyarrow in chunks, sparse ones and categories that are objects. `PICKLE_STATUS_BAD_TABLE` where
// parts of the cell are missing.
pickle_status pickle_column_next(struct pickle_column *column,
                                 struct pickle_cell *out);

// The ends of the interval in a row, and whether they belong to it. `PICKLE_STATUS_MISSING` where the row has none,
// `PICKLE_STATUS_WRONG_KIND` where the column has no intervals.
pickle_status pickle_column_interval(const struct pickle_column *column,
                                     size_t row,
                                     struct pickle_cell *left,
                                     struct pickle_cell *right,
                                     bool *left_closed,
                                     bool *right_closed);

// A table in a document: 7 KB. The document, its storage and the input must stay as they are while it is in use.
typedef struct pickle_table {
  // Number of rows.
  size_t rows;
  // Number of columns, without the labels of the rows.
  size_t columns;
  // Levels of the labels of rows: several for a MultiIndex, 0 where rows are counted from 0 on.
  size_t row_levels;
  // Levels of the labels of columns: at least 1.
  size_t column_levels;
  // Private; do not access.
  uint64_t opaque[896];
} pickle_table;

// Opens the table that a value is: a DataFrame or Series of any pandas, an array of one or two axes, a structured or
// masked array, a dict of arrays, a sparse matrix of scipy. `PICKLE_STATUS_WRONG_KIND` where it is none,
// `PICKLE_STATUS_BAD_TABLE` where its parts do not fit together. Linear in the number of columns.
pickle_status pickle_table_open(const struct pickle_doc *doc,
                                struct pickle_value value,
                                struct pickle_table *out);

// The name of a column, in a level of its labels: text as a rule, but pandas takes any value. A column of an array is
// called by its number, a series may have no name.
pickle_status pickle_table_name(const struct pickle_table *table,
                                size_t column,
                                size_t level,
                                struct pickle_cell *out);

// The first column of a name, which is in the first level of the labels; `PICKLE_STATUS_MISSING` where there is none.
pickle_status pickle_table_find(const struct pickle_table *table,
                                const char *name,
                                size_t *out);

// A column by its number. Found in time linear in the number of blocks of the frame.
pickle_status pickle_table_column(const struct pickle_table *table, size_t number, struct pickle_column *out);

// The labels of the rows, in a level of them; `PICKLE_STATUS_MISSING` where there are none.
pickle_status pickle_table_index(const struct pickle_table *table, size_t level, struct pickle_column *out);

// The name of a level of the labels of the rows; null where it has none.
pickle_status pickle_table_index_name(const struct pickle_table *table,
                                      size_t level,
                                      struct pickle_cell *out);

/* ============================================================================================================
 * Messages. Messages of a known layout, into a struct.
 * ============================================================================================================ */

// Why a message is refused. 0 is success. The numbers are frozen.
enum pickle_reason
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // The message was read.
  PICKLE_REASON_NONE = 0,
  // The input ended before the message did.
  PICKLE_REASON_END_OF_INPUT = 1,
  // An argument crosses the end of its frame, or a frame begins inside another.
  PICKLE_REASON_BAD_FRAME = 2,
  // The byte is not an opcode, or one that is not allowed here.
  PICKLE_REASON_UNEXPECTED = 3,
  // PROTO names a protocol above 5.
  PICKLE_REASON_BAD_PROTOCOL = 4,
  // The value is of another type than its field.
  PICKLE_REASON_WRONG_TYPE = 5,
  // The number does not fit its member.
  PICKLE_REASON_OUT_OF_RANGE = 6,
  // The text of a number is not as CPython writes it, or it is a float and this build reads none as text.
  PICKLE_REASON_BAD_NUMBER = 7,
  // The text is not UTF-8, or an escape in it is not whole.
  PICKLE_REASON_BAD_TEXT = 8,
  // The text is written with escapes, as in protocol 0, so that it cannot be borrowed: read it into an array.
  PICKLE_REASON_ESCAPED = 9,
  // The text or the list is longer than its member.
  PICKLE_REASON_TOO_LONG = 10,
  // The list has fewer items than its member.
  PICKLE_REASON_TOO_SHORT = 11,
  // The message has no such field.
  PICKLE_REASON_UNKNOWN_FIELD = 12,
  // The field comes a second time.
  PICKLE_REASON_DUPLICATE_FIELD = 13,
  // A field that must be there is missing.
  PICKLE_REASON_MISSING_FIELD = 14,
  // GET of a memo entry that is not there, or for which there was no room.
  PICKLE_REASON_NOT_KEPT = 15,
  // GET of a tuple of one to three items.
  PICKLE_REASON_SHARED_TUPLE = 16,
  // A skipped value, or the layout, nests too deep.
  PICKLE_REASON_TOO_DEEP = 17,
  // Skipping would take more than linear work.
  PICKLE_REASON_WORK_LIMIT = 18,
  // A pointer that may not be null is null, or there are more than 32 fields.
  PICKLE_REASON_BAD_LAYOUT = 100,
};
#ifndef __cplusplus
typedef int32_t pickle_reason;
#endif // __cplusplus

// A sentence that describes a reason. Static text; not linked when unused.
const char *pickle_reason_text(int32_t reason);

// What is wrong with a message.
typedef struct pickle_refusal {
  // Bytes from the start of the input to the opcode that is refused.
  size_t offset;
  // Why.
  pickle_reason reason;
  // Index of the field that was read last, of the innermost message; of that which is missing.
  uint8_t field;
  // The byte at the offset; 0 at the end of the input.
  uint8_t byte;
} pickle_refusal;

// A message that is being read: private.
typedef struct pickle_message pickle_message;

// Reads one value into a member. Those of the library are `pickle_field_...`: only what a layout names is linked.
typedef void (*pickle_field_reader)(struct pickle_message *message,
                                    const struct pickle_field *field,
                                    void *member);

// A field of a message and where its value goes: see `PICKLE_FIELD` and its siblings.
typedef struct pickle_field {
  // Its key. One with a backslash, quotes or beyond ASCII is not found in protocol 0, which is refused then.
  const char *name;
  // Reads the value.
  pickle_field_reader read;
  // Reads an item of a list.
  pickle_field_reader item;
  // The fields of a message within.
  const struct pickle_field *fields;
  // Number of them; of a list, the items that its member has room for.
  size_t count;
  // Bytes from the start of the struct to the member.
  size_t offset;
  // Bytes of the member; of a list, of one item.
  size_t size;
  // Bytes from the start of the struct to the `bool` that says whether the message has the field, and no None there;
  // `SIZE_MAX` where it must have it.
  size_t present;
  // Bytes from the start of the struct to the `size_t` that receives the length of a list; `SIZE_MAX` where it must fill
  // its member.
  size_t length;
} pickle_field;

// The layout of a message: see `PICKLE_LAYOUT`.
typedef struct pickle_layout {
  // The fields.
  const struct pickle_field *fields;
  // How many there are, 32 at most.
  size_t count;
  // Takes the value of a field that is not among them: `pickle_field_skip`, or null to refuse it.
  pickle_field_reader unknown;
} pickle_layout;

// Reads the message at `input->pos` into the struct at `out`, as its layout says: a dict with the names as keys, in any
// order, or a list or tuple of the values in the order of the fields. `input->pos` moves past the message. `memo` is room
// for the values that the message refers to again: one entry for each text and container of it, or none where it does
// not. Where a message is refused, the struct is filled in part, and `input` is as it was. Offsets are from `input->pos`.
pickle_reason pickle_message_read(const struct pickle_layout *message,
                                  struct pickle_in *input,
                                  uint32_t *memo,
                                  size_t memo_len,
                                  void *out,
                                  struct pickle_refusal *refusal);

// Skips a value, whatever it is.
void pickle_field_skip(struct pickle_message *message, const struct pickle_field*, void*);

// A bool.
void pickle_field_bool(struct pickle_message *message, const struct pickle_field*, void *member);

// An int, into a signed one of 1, 2, 4 or 8 bytes.
void pickle_field_signed(struct pickle_message *message, const struct pickle_field *field, void *member);

// An int, into an unsigned one of 1, 2, 4 or 8 bytes; no more than an `int64_t` holds.
void pickle_field_unsigned(struct pickle_message *message, const struct pickle_field *field, void *member);

// A float.
void pickle_field_double(struct pickle_message *message, const struct pickle_field*, void *member);

// A str, borrowed from the input: into a `pickle_str`.
void pickle_field_str(struct pickle_message *message, const struct pickle_field*, void *member);

// bytes, borrowed from the input: into a `pickle_bytes`.
void pickle_field_bytes(struct pickle_message *message, const struct pickle_field*, void *member);

// A str without a NUL in it, into an array of char: UTF-8 that ends with a NUL. Escapes of protocol 0 are undone.
void pickle_field_text(struct pickle_message *message,
                       const struct pickle_field *field,
                       void *member);

// A list or tuple of numbers or bools, into an array.
void pickle_field_list(struct pickle_message *message,
                       const struct pickle_field *field,
                       void *member);

// A message within, into a struct with a layout of its own.
void pickle_field_nested(struct pickle_message *message, const struct pickle_field *field, void *member);

/* ============================================================================================================
 * Verdict. What loading a pickle would do, and whether that is proved harmless. Nothing is loaded.
 * ============================================================================================================ */

// The headline of a scan, in rising order: the worst finding rules. docs/verdict.md says what the words mean.
enum pickle_verdict
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // Nothing was judged.
  PICKLE_VERDICT_NONE = 0,
  // Proved: loading calls only listed callees, imports only listed modules, and every byte was read.
  PICKLE_VERDICT_CLEAN = 1,
  // Something is not listed, was not looked at, or a limit was hit.
  PICKLE_VERDICT_UNKNOWN = 2,
  // No reader loads it, and what would run before the break is harmless.
  PICKLE_VERDICT_MALFORMED = 3,
  // CPython's readers disagree about the bytes.
  PICKLE_VERDICT_DIVERGENT = 4,
  // Introspection, computed names, state set on classes: nothing that honest pickles do.
  PICKLE_VERDICT_SUSPICIOUS = 5,
  // Code objects of a known serialiser: the file is a program by design.
  PICKLE_VERDICT_CODE = 6,
  // A dangerous global is named, or reachable through what is called.
  PICKLE_VERDICT_DANGEROUS = 7,
};
#ifndef __cplusplus
typedef int32_t pickle_verdict;
#endif // __cplusplus

// What a global can do once it is called.
enum pickle_capability
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // Nothing known.
  PICKLE_CAPABILITY_NONE = 0,
  // Runs Python code given as text or as a code object.
  PICKLE_CAPABILITY_EXEC = 1,
  // Starts another program.
  PICKLE_CAPABILITY_PROCESS = 2,
  // Reads files.
  PICKLE_CAPABILITY_FILE_READ = 3,
  // Writes files.
  PICKLE_CAPABILITY_FILE_WRITE = 4,
  // Deletes or moves files.
  PICKLE_CAPABILITY_FILE_DELETE = 5,
  // Talks to the network.
  PICKLE_CAPABILITY_NET = 6,
  // Reads or changes the environment of the process.
  PICKLE_CAPABILITY_ENV = 7,
  // Loads or calls native code.
  PICKLE_CAPABILITY_NATIVE = 8,
  // Reaches other objects through attributes, frames or the collector.
  PICKLE_CAPABILITY_INTROSPECT = 9,
  // Changes classes, modules, registries or hooks of the whole process.
  PICKLE_CAPABILITY_MUTATE = 10,
  // Ends, stops or exhausts the process.
  PICKLE_CAPABILITY_CRASH = 11,
  // Imports a module whose name is data.
  PICKLE_CAPABILITY_IMPORT = 12,
  // Loads another pickle, marshal data or a similar format.
  PICKLE_CAPABILITY_DESERIALISE = 13,
  // Memory outside an object's bounds could be read or written.
  PICKLE_CAPABILITY_NATIVE_MEMORY = 14,
};
#ifndef __cplusplus
typedef int32_t pickle_capability;
#endif // __cplusplus

// Whether loading runs something that is not proved harmless.
enum pickle_executes
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // It does not.
  PICKLE_EXECUTES_NO = 0,
  // Not while loading; an object that is stored does when it is used.
  PICKLE_EXECUTES_DEFERRED = 1,
  // It does.
  PICKLE_EXECUTES_YES = 2,
};
#ifndef __cplusplus
typedef int32_t pickle_executes;
#endif // __cplusplus

// One reason for a verdict. It and its texts are valid during the callback.
typedef struct pickle_finding {
  // Bytes from the start of the stream; inside a nested pickle, from the start of that.
  uint64_t offset;
  // The verdict that it implies for the whole.
  pickle_verdict verdict;
  // What the global can do.
  pickle_capability capability;
  // Number of the pickle in its stream, from 0.
  uint32_t pickle;
  // The rule: 101 is PK101 of docs/verdict.md.
  uint16_t rule;
  // Nesting level of the pickle that it is in; 0 for the outermost.
  uint8_t depth;
  // The opcode at which it showed; 0 if it was none.
  uint8_t opcode;
  // Module of the global as the stream has it; empty if the finding is about none. Not to be printed unescaped.
  struct pickle_str module;
  // Name of the global.
  struct pickle_str name;
  // Module of what calls it; empty if nothing does.
  struct pickle_str via_module;
  // Name of what calls it.
  struct pickle_str via_name;
  // The arguments in short: printable ASCII.
  struct pickle_str args;
  // The rule in words.
  struct pickle_str text;
  // More about it; empty where the rule says all.
  struct pickle_str detail;
  // Which Pythons it holds for: "all", "2.7", "3", "some", ...
  struct pickle_str pythons;
} pickle_finding;

// Receives a finding as soon as it is made.
typedef void (*pickle_finding_fn)(void *context, const struct pickle_finding *finding);

// The result of a scan.
typedef struct pickle_scan_summary {
  // Where another reading of the stream begins: the end of a frame that was open at STOP, where some of CPython's
  // readers go on. `UINT64_MAX` if there is none. Scan the bytes from there on as a stream of their own, as
  // `pickle_scan_whole` does; until then the result is not complete.
  uint64_t other_reading;
  // Opcodes.
  uint64_t ops;
  // Bytes.
  uint64_t bytes;
  // Buffers outside the stream (NEXT_BUFFER).
  uint64_t buffers;
  // Pickles that were read to their STOP.
  uint32_t pickles;
  // The worst that was found.
  pickle_verdict verdict;
  // Whether loading runs something.
  pickle_executes executes;
  // Everything was read and no limit was hit. Nothing is clean without it.
  bool complete;
} pickle_scan_summary;

// The word of a capability, such as "process". Static text; not linked when unused.
const char *pickle_capability_name(int32_t capability);

// The word of a verdict, such as "clean". Static text; not linked when unused.
const char *pickle_verdict_name(int32_t verdict);

// Writes a finding as a line, such as "dangerous: a dangerous global is called: os.system('true') at 0x18 [PK201]":
// at most `size` bytes with the NUL. Returns the length that the line has without it, as `snprintf` does. What names
// hold that could act on a terminal is escaped.
size_t pickle_finding_text(const struct pickle_finding *finding,
                           char *buffer,
                           size_t size);

// The memory of a scan, declared by `PICKLE_SCAN_STORAGE`. It must outlive the scan.
typedef struct pickle_scan_storage {
  // Words that the scan shares out. 8 KiB do for messages and configurations, 8 MiB for any model. Where they do not,
  // the result is not complete, and never clean.
  uint64_t *words;
  // Number of words.
  size_t words_len;
} pickle_scan_storage;

// Options of a scan. All zeros are the defaults, and so is a null pointer.
typedef struct pickle_scan_options {
  // Called with each finding; null for none.
  pickle_finding_fn on_finding;
  // The first argument of `on_finding`.
  void *context;
  // What `pickle policy compile` wrote: names of your own that are allowed or denied; null for none. It must outlive the
  // scan. Other bytes are refused with `PICKLE_STATUS_BAD_OPTION`: what they deny may be lost.
  const uint8_t *policy;
  // Size of the policy in bytes.
  size_t policy_size;
} pickle_scan_options;

// A scan of a stream of pickles. Initialise it with `pickle_scan_init`.
typedef struct pickle_scan {
  // Private; do not access.
  uint64_t opaque[640];
} pickle_scan;

// Use the macro `pickle_scan_init(scan, storage, options)`.
pickle_status pickle_scan_init_abi(struct pickle_scan *scan,
                                   const struct pickle_scan_storage *storage,
                                   const struct pickle_scan_options *options,
                                   uint32_t abi_version,
                                   size_t scan_size);

// Takes the next bytes of the stream, all of them. Findings are reported on the way; `pickle_scan_verdict` may be asked after
// each piece, so that a stream can be dropped early. `PICKLE_STATUS_AFTER_END` once the scan is finished.
pickle_status pickle_scan_feed(struct pickle_scan *scan,
                               struct pickle_in *input);

// Ends the input and returns the result; calling it again returns the same.
pickle_status pickle_scan_finish(struct pickle_scan *scan, struct pickle_scan_summary *summary);

// The verdict so far. It only rises. `PICKLE_VERDICT_NONE` of a scan that is not initialised.
pickle_verdict pickle_scan_verdict(struct pickle_scan *scan);

// Scans bytes that are whole in memory, in every reading that they have. `scan` needs no initialisation; afterwards it is
// finished.
pickle_status pickle_scan_whole(struct pickle_scan *scan,
                                const struct pickle_scan_storage *storage,
                                const void *data,
                                size_t size,
                                const struct pickle_scan_options *options,
                                struct pickle_scan_summary *summary);

/* ============================================================================================================
 * Writing. Values one after another, to a buffer or a callback.
 * ============================================================================================================ */

// An open container of a writer: four bytes.
typedef struct pickle_level {
  // Private; do not access.
  uint16_t opaque[2];
} pickle_level;

// A string that is written once and then referred to.
typedef struct pickle_shared {
  // Private; do not access.
  size_t opaque[3];
} pickle_shared;

// The memory of a writer, declared by `PICKLE_WRITER_STORAGE`. It must outlive the writer.
typedef struct pickle_writer_storage {
  // One for every container that is open at once.
  struct pickle_level *levels;
  // Number of levels.
  size_t levels_len;
  // One for every string that `pickle_writer_shared_str` shares.
  struct pickle_shared *shared;
  // Number of shared strings.
  size_t shared_len;
} pickle_writer_storage;

// A memo entry: a value that was written and can be written again as the same object.
typedef struct pickle_memo {
  // Private; do not access.
  uint32_t opaque;
} pickle_memo;

// A writer. Initialise it with `pickle_writer_init` or `pickle_writer_init_sink`.
typedef struct pickle_writer {
  // Private; do not access.
  uint64_t opaque[20];
} pickle_writer;

// Use `pickle_writer_init` or `pickle_writer_init_sink`.
pickle_status pickle_writer_init_abi(struct pickle_writer *writer,
                                     void *buffer,
                                     size_t size,
                                     pickle_write_fn write,
                                     void *context,
                                     uint8_t protocol,
                                     const struct pickle_writer_storage *storage,
                                     uint32_t abi_version,
                                     size_t writer_size);

// None.
pickle_status pickle_writer_none(struct pickle_writer *writer);

// True or False.
pickle_status pickle_writer_bool(struct pickle_writer *writer, bool value);

// An int.
pickle_status pickle_writer_i64(struct pickle_writer *writer, int64_t value);

// An int of zero or more.
pickle_status pickle_writer_u64(struct pickle_writer *writer, uint64_t value);

// An int of any size: two's complement, little-endian. Below protocol 2 at most 64 bytes, else
// `PICKLE_STATUS_INEXPRESSIBLE`.
pickle_status pickle_writer_big_int(struct pickle_writer *writer, const void *data, size_t size);

// A float. Protocol 0 spells it as text, which needs a library built with `text-float` (the default).
pickle_status pickle_writer_f64(struct pickle_writer *writer, double value);

// A str: NUL-terminated UTF-8.
pickle_status pickle_writer_str(struct pickle_writer *writer, const char *value);

// A str of `size` bytes of UTF-8. Lone surrogates are three bytes (`surrogatepass`).
pickle_status pickle_writer_str_bytes(struct pickle_writer *writer, const void *data, size_t size);

// A NUL-terminated str that is written once and referred to afterwards, if the storage has room for it. Meant for keys
// that every record repeats. The text must not change before `pickle_writer_finish`.
pickle_status pickle_writer_shared_str(struct pickle_writer *writer,
                                       const char *value);

// Bytes.
pickle_status pickle_writer_bytes(struct pickle_writer *writer, const void *data, size_t size);

// A bytearray.
pickle_status pickle_writer_byte_array(struct pickle_writer *writer, const void *data, size_t size);

// A class or function by module and name. Below protocol 3 the names are Python 2's (`__builtin__`).
pickle_status pickle_writer_global(struct pickle_writer *writer, const char *module, const char *name);

// A persistent object whose id is text. For other ids: `pickle_writer_begin_persistent`.
pickle_status pickle_writer_persistent_id(struct pickle_writer *writer, const char *id);

// The next out-of-band buffer (protocol 5).
pickle_status pickle_writer_buffer(struct pickle_writer *writer, bool read_only);

// Begins a list; its items follow, then `pickle_writer_end`. `len` may be `PICKLE_UNKNOWN`; it only selects opcodes.
pickle_status pickle_writer_begin_list(struct pickle_writer *writer,
                                       size_t len);

// Begins a dict; keys and values follow in turn, then `pickle_writer_end`. `len` is the number of entries, or
// `PICKLE_UNKNOWN`.
pickle_status pickle_writer_begin_dict(struct pickle_writer *writer, size_t len);

// Begins a tuple; its items follow, then `pickle_writer_end`. A `len` of at most 3 saves a byte and must be exact; else
// it may be `PICKLE_UNKNOWN`.
pickle_status pickle_writer_begin_tuple(struct pickle_writer *writer,
                                        size_t len);

// Begins a set; its items follow, then `pickle_writer_end`.
pickle_status pickle_writer_begin_set(struct pickle_writer *writer);

// Begins a frozenset; its items follow, then `pickle_writer_end`.
pickle_status pickle_writer_begin_frozen_set(struct pickle_writer *writer);

// Begins an object that a call builds (REDUCE). Its arguments follow; then, if wanted, `pickle_writer_then_items`,
// `pickle_writer_then_entries` and `pickle_writer_then_state` in this order; then `pickle_writer_end`. `args` is the
// number of arguments, or `PICKLE_UNKNOWN`.
pickle_status pickle_writer_begin_call(struct pickle_writer *writer,
                                       const char *module,
                                       const char *name,
                                       size_t args);

// Begins an object that `cls.__new__(cls, *args)` builds (NEWOBJ); otherwise like `pickle_writer_begin_call`.
pickle_status pickle_writer_begin_new(struct pickle_writer *writer,
                                      const char *module,
                                      const char *name,
                                      size_t args);

// Begins a persistent object: one value follows, its id, then `pickle_writer_end`. From protocol 1 on.
pickle_status pickle_writer_begin_persistent(struct pickle_writer *writer);

// Ends the arguments of an object and begins items to append; they follow, then `pickle_writer_end` of the items. The
// object stays open.
pickle_status pickle_writer_then_items(struct pickle_writer *writer);

// Ends the arguments or items of an object and begins entries to set; keys and values follow, then
// `pickle_writer_end` of the entries. The object stays open.
pickle_status pickle_writer_then_entries(struct pickle_writer *writer);

// Ends the other parts of an object and begins its state: one value follows, then `pickle_writer_end` of the object.
pickle_status pickle_writer_then_state(struct pickle_writer *writer);

// Ends the innermost container, object, or part of an object.
pickle_status pickle_writer_end(struct pickle_writer *writer);

// Puts the value just written, or the container just begun, into the memo, for `pickle_writer_get_memo`.
pickle_status pickle_writer_memoize(struct pickle_writer *writer, struct pickle_memo *memo);

// Writes a memo entry: the same object again.
pickle_status pickle_writer_get_memo(struct pickle_writer *writer, struct pickle_memo memo);

// Ends the pickle. Another may follow in the same output, with a memo of its own. The status is that of the first call
// that failed, so that it suffices to check this one.
pickle_status pickle_writer_finish(struct pickle_writer *writer);

// Bytes written so far, over all pickles of this writer.
size_t pickle_writer_written(const struct pickle_writer *writer);

// Number of open containers and objects.
size_t pickle_writer_depth(const struct pickle_writer *writer);

// The first error of this writer; `offset` is where the opcode would have been written.
pickle_status pickle_writer_error(const struct pickle_writer *writer, struct pickle_error *error);

// A `datetime.date`: year, month and day of `value`. A date that does not exist is `PICKLE_STATUS_BAD_OPTION`.
pickle_status pickle_writer_date(struct pickle_writer *writer,
                                 const struct pickle_datetime *value);

// A `datetime.time`: the time of `value`, and its offset from UTC, or null for a naive time. `zone` is not used. Takes
// up to three levels. With `fold`, from protocol 4 on.
pickle_status pickle_writer_time(struct pickle_writer *writer,
                                 const struct pickle_datetime *value,
                                 const struct pickle_timedelta *utc_offset);

// A `datetime.datetime`: `value`, and its offset from UTC, or null for a naive one. `zone` is not used. Takes up to
// three levels. With `fold`, from protocol 4 on.
pickle_status pickle_writer_datetime(struct pickle_writer *writer,
                                     const struct pickle_datetime *value,
                                     const struct pickle_timedelta *utc_offset);

// A `datetime.timedelta`.
pickle_status pickle_writer_timedelta(struct pickle_writer *writer, const struct pickle_timedelta *value);

// A `datetime.timezone` of a fixed offset of less than a day. Takes two levels.
pickle_status pickle_writer_timezone(struct pickle_writer *writer, const struct pickle_timedelta *utc_offset);

// A `decimal.Decimal` from its text, such as "-1.50", "1E+3", "NaN". The text is not checked.
pickle_status pickle_writer_decimal(struct pickle_writer *writer, const char *value);

// A `uuid.UUID`: 16 bytes in the order of its text form. From protocol 2 on. Takes two levels.
pickle_status pickle_writer_uuid(struct pickle_writer *writer, const uint8_t *value);

// A complex number.
pickle_status pickle_writer_complex(struct pickle_writer *writer, double real, double imaginary);

// A `numpy.ndarray` of numbers in C order. `dtype` is numpy's text: byte order (`<`, `>`, or `|` for single bytes), then
// `b1`, `i1` to `i8`, `u1` to `u8`, `f2` to `f8`, `c8` or `c16`, such as "<f8". `shape` has `axes` lengths; `size` must be
// the product of the shape and the item size (`PICKLE_STATUS_BAD_OPTION`). Every numpy reads it. Takes four levels.
pickle_status pickle_writer_array(struct pickle_writer *writer,
                                  const char *dtype_text,
                                  const size_t *shape,
                                  size_t axes,
                                  const void *data,
                                  size_t size);

/* ============================================================================================================
 * Advanced. Single opcodes, in constant memory.
 * ============================================================================================================ */

// A decoder of opcodes. Initialise it with `pickle_decoder_init`.
typedef struct pickle_decoder {
  // Private; do not access.
  uint64_t opaque[16];
} pickle_decoder;

// The kind of a step.
enum pickle_step_kind
#ifdef __cplusplus
  : int32_t
#endif // __cplusplus
 {
  // The end of the pickle.
  PICKLE_STEP_KIND_END = 0,
  // An opcode with its whole argument.
  PICKLE_STEP_KIND_OP = 1,
  // A piece of an argument that is not whole in the input.
  PICKLE_STEP_KIND_FRAGMENT = 2,
  // Raw bytes that `pickle_decoder_take_raw` requested.
  PICKLE_STEP_KIND_RAW = 3,
};
#ifndef __cplusplus
typedef int32_t pickle_step_kind;
#endif // __cplusplus

// The kind of an argument.
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
  // `data`: a line of text; for GLOBAL and INST two lines with the newline between them.
  PICKLE_ARG_KIND_TEXT = 5,
};
#ifndef __cplusplus
typedef int32_t pickle_arg_kind;
#endif // __cplusplus

// An opcode, or a fragment of one.
typedef struct pickle_step {
  // Offset of the opcode in the stream.
  uint64_t offset;
  // The number of the argument.
  uint64_t number;
  // For a fragment: its offset in the argument.
  uint64_t position;
  // For a fragment: the size of the whole argument; `UINT64_MAX` if unknown (lines of text).
  uint64_t total;
  // Payload or text, in the input.
  struct pickle_bytes data;
  // What was decoded.
  pickle_step_kind kind;
  // The kind of the argument.
  pickle_arg_kind arg;
  // The byte of the opcode; `pickle_opcode_name` names it.
  uint8_t opcode;
  // For a fragment: it is the last one.
  bool last;
} pickle_step;

// Use the macro `pickle_decoder_init(decoder)`.
pickle_status pickle_decoder_init_abi(struct pickle_decoder *decoder,
                                      uint32_t abi_version,
                                      size_t decoder_size);

// Decodes the next opcode, or as much of it as the input holds. `out->data` points into the input.
// `PICKLE_STATUS_NEED_MORE`: call again with the bytes that follow.
pickle_status pickle_decoder_next(struct pickle_decoder *decoder,
                                  struct pickle_in *input,
                                  struct pickle_step *out);

// Ends the input of the decoder. `PICKLE_STATUS_OK` if the pickle is complete.
pickle_status pickle_decoder_finish(struct pickle_decoder *decoder);

// Begins the next pickle of the stream. Offsets continue.
pickle_status pickle_decoder_next_pickle(struct pickle_decoder *decoder);

// Takes the next `len` bytes as raw bytes (joblib puts arrays between opcodes): they come as `PICKLE_STEP_KIND_RAW`,
// and opcodes follow.
pickle_status pickle_decoder_take_raw(struct pickle_decoder *decoder,
                                      uint64_t len);

// Bytes consumed of the stream.
uint64_t pickle_decoder_offset(struct pickle_decoder *decoder);

// Bytes left of the current frame; 0 outside frames.
uint64_t pickle_decoder_frame_left(struct pickle_decoder *decoder);

// The last error of this decoder.
pickle_status pickle_decoder_error(struct pickle_decoder *decoder, struct pickle_error *error);

// The name of an opcode in `pickletools`, such as "BINGET"; null if the byte is not an opcode. Static text.
const char *pickle_opcode_name(uint8_t opcode);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PICKLE_H */
