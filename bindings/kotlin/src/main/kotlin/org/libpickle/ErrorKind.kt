package org.libpickle

/**
 * What went wrong. The names are those of the core, where they are explained, and some more for what only a binding can
 * meet.
 */
enum class ErrorKind {
    NODES_FULL, MEMO_FULL, BYTES_FULL, WORK_LIMIT, OPCODE_LIMIT, MEMO_DROPPED, FEATURE_OFF, EMPTY, END_OF_INPUT, TRUNCATED,
    UNKNOWN_OPCODE, NEGATIVE_LENGTH, LENGTH_TOO_LARGE, FRAME_STRADDLE, FRAME_NESTED, UNSUPPORTED_PROTOCOL,
    EMPTY_LINE, BAD_INT, BAD_FLOAT, FLOAT_OVERFLOW, STRING_NOT_QUOTED, BAD_ESCAPE, BAD_UTF8, BAD_UNICODE_ESCAPE,
    NOT_ASCII, BAD_ENCODING, STACK_UNDERFLOW, UNEXPECTED_MARK, NO_MARK, MEMO_MISSING, NEGATIVE_MEMO, ODD_ITEMS,
    NOT_CALLABLE, NOT_A_CLASS, ARGS_NOT_TUPLE, KWARGS_NOT_DICT, GLOBAL_NOT_STR, NO_APPEND, NO_SET_ITEM, NO_ADD,
    UNHASHABLE, NO_STATE, STATE_NOT_DICT, NOT_A_BUFFER, BAD_EXTENSION, NO_BUFFER, BAD_INDEX, BYTEARRAY_CHANGE,
    AFTER_END, RAW_IN_FRAME, ITEM_CHANGED, CONTAINER_MOVED, CONTAINER_FETCHED, MEMO_ORDER, LEVELS_FULL,
    NOT_IN_PROTOCOL0, NOT_IN_PROTOCOL1, NOT_IN_PROTOCOL2, NOT_IN_PROTOCOL3, NOT_IN_PROTOCOL4, BAD_ARGUMENT,
    LINE_BREAK, TOO_LONG, SINK_FULL, UNCLOSED, NOTHING_OPEN, UNEXPECTED_VALUE, MISSING_VALUE, INEXPRESSIBLE,

    /** Values nest deeper than the caller allows. */
    DEPTH_LIMIT,

    /** The values take more memory than the caller allows, or than one buffer can hold. */
    SIZE_LIMIT,

    /** A value cannot be written as a pickle. */
    BAD_VALUE,

    /** The reader was closed. */
    CLOSED,

    /** A path cannot be read. */
    BAD_PATH,

    /** A pickle has nothing at the path. */
    PATH_MISSING,

    /** A value is not a table, or one whose parts do not fit together. */
    NO_TABLE,

    /** A file could not be read. */
    INPUT_OUTPUT,

    /** A kind that this binding does not know. */
    OTHER,
}
