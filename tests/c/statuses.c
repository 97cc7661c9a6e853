/* Every status is met: from a pickle, an option or a wrong call that means it. */
#include "check.h"

static bool met[256];

pickle_status see(pickle_status status) {
    if ((int)status >= 0 && (int)status < 256) {
        met[(int)status] = true;
    }
    return status;
}

#define PICKLE(text) text, sizeof text - 1

static const struct {
    pickle_status status;
    const char *data;
    size_t size;
} bad[] = {
    {PICKLE_STATUS_EMPTY, PICKLE("")},
    {PICKLE_STATUS_END_OF_INPUT, PICKLE("N")},
    {PICKLE_STATUS_TRUNCATED, PICKLE("K")},
    {PICKLE_STATUS_UNKNOWN_OPCODE, PICKLE("\xff.")},
    {PICKLE_STATUS_NEGATIVE_LENGTH, PICKLE("T\xff\xff\xff\xff.")},
    {PICKLE_STATUS_LENGTH_TOO_LARGE, PICKLE("\x8e\xff\xff\xff\xff\xff\xff\xff\xff.")},
    {PICKLE_STATUS_FRAME_STRADDLE, PICKLE("\x80\x04\x95\x02\0\0\0\0\0\0\0M\x01\x02.")},
    {PICKLE_STATUS_FRAME_NESTED, PICKLE("\x80\x04\x95\x20\0\0\0\0\0\0\0\x95\x01\0\0\0\0\0\0\0N.")},
    {PICKLE_STATUS_UNSUPPORTED_PROTOCOL, PICKLE("\x80\x06N.")},
    {PICKLE_STATUS_EMPTY_LINE, PICKLE("I\n.")},
    {PICKLE_STATUS_BAD_INT, PICKLE("Ione\n.")},
    {PICKLE_STATUS_BAD_FLOAT, PICKLE("F1.5x\n.")},
    {PICKLE_STATUS_FLOAT_OVERFLOW, PICKLE("F1e999\n.")},
    {PICKLE_STATUS_STRING_NOT_QUOTED, PICKLE("Sabc\n.")},
    {PICKLE_STATUS_BAD_ESCAPE, PICKLE("S'\\x1'\n.")},
    {PICKLE_STATUS_BAD_UTF8, PICKLE("X\x01\0\0\0\xff.")},
    {PICKLE_STATUS_BAD_UNICODE_ESCAPE, PICKLE("V\\u12\n.")},
    {PICKLE_STATUS_NOT_ASCII, PICKLE("P\xe9\n.")},
    {PICKLE_STATUS_STACK_UNDERFLOW, PICKLE(".")},
    {PICKLE_STATUS_UNEXPECTED_MARK, PICKLE("(.")},
    {PICKLE_STATUS_NO_MARK, PICKLE("t.")},
    {PICKLE_STATUS_MEMO_MISSING, PICKLE("h\x07.")},
    {PICKLE_STATUS_NEGATIVE_MEMO, PICKLE("Np-1\n.")},
    {PICKLE_STATUS_ODD_ITEMS, PICKLE("(Nd.")},
    {PICKLE_STATUS_NOT_CALLABLE, PICKLE("N)R.")},
    {PICKLE_STATUS_NOT_A_CLASS, PICKLE("N)\x81.")},
    {PICKLE_STATUS_ARGS_NOT_TUPLE, PICKLE("cm\nf\nNR.")},
    {PICKLE_STATUS_KWARGS_NOT_DICT, PICKLE("cm\nf\n)N\x92.")},
    {PICKLE_STATUS_GLOBAL_NOT_STR, PICKLE("NN\x93.")},
    {PICKLE_STATUS_NO_APPEND, PICKLE("NNa.")},
    {PICKLE_STATUS_NO_SET_ITEM, PICKLE("NNNs.")},
    {PICKLE_STATUS_NO_ADD, PICKLE("N(N\x90.")},
    {PICKLE_STATUS_UNHASHABLE, PICKLE("}]Ns.")},
    {PICKLE_STATUS_NO_STATE, PICKLE("]}K\x01K\x02sb.")},
    {PICKLE_STATUS_STATE_NOT_DICT, PICKLE("]K\x01" "b.")},
    {PICKLE_STATUS_NOT_A_BUFFER, PICKLE("N\x98.")},
    {PICKLE_STATUS_BAD_EXTENSION, PICKLE("\x82\0.")},
    {PICKLE_STATUS_BAD_INDEX, PICKLE("]K\x05Ns.")},
    {PICKLE_STATUS_BYTEARRAY_CHANGE, PICKLE("\x96\x01\0\0\0\0\0\0\0xK\x01" "a.")},
};

/* What is wrong does not depend on the pieces in which it comes. */
static void test_bad(void) {
    size_t i, at;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pickle_doc doc;
        pickle_error error, pushed;
        pickle_reader reader;
        pickle_status status = PICKLE_STATUS_NEED_MORE;
        CHECK(see(pickle_load(memory, bad[i].data, bad[i].size, NULL, &doc, &error)) == bad[i].status);
        CHECK(error.status == bad[i].status && error.offset <= bad[i].size);
        CHECK(pickle_value_kind(&doc, pickle_doc_root(&doc)) == PICKLE_KIND_NONE);
        GIVES(OK, pickle_reader_init(&reader, memory, NULL));
        for (at = 0; at < bad[i].size && status == PICKLE_STATUS_NEED_MORE; at++) {
            pickle_in in;
            in.data = bad[i].data + at;
            in.size = 1;
            in.pos = 0;
            status = see(pickle_reader_feed(&reader, &in));
        }
        if (status == PICKLE_STATUS_NEED_MORE) {
            status = pickle_reader_finish(&reader);
        }
        CHECK(status == bad[i].status);
        CHECK(pickle_reader_error(&reader, &pushed) == PICKLE_STATUS_OK);
        CHECK(pushed.status == error.status && pushed.offset == error.offset && pushed.byte == error.byte);
        /* It stays in the error, and begins anew. */
        CHECK(pickle_reader_finish(&reader) == bad[i].status);
        GIVES(NEED_MORE, pickle_reader_doc(&reader, &doc));
        GIVES(OK, pickle_reader_next_pickle(&reader, false));
        GIVES(OK, pickle_reader_load(&reader, "K\x07.", 3, 0, &doc));
    }
}

static void test_limits(void) {
    static char work[8192];
    pickle_doc doc;
    pickle_options options;
    pickle_storage small = *memory;
    size_t at = 0;
    int i;
    memset(&options, 0, sizeof options);
    small.nodes_len = 1;
    GIVES(NODES_FULL, pickle_load(&small, PICKLE("NN."), NULL, &doc, NULL));
    small = *memory;
    small.memo_len = 1;
    GIVES(MEMO_FULL, pickle_load(&small, PICKLE("Nq\x01."), NULL, &doc, NULL));
    small = *memory;
    small.bytes_len = 1;
    GIVES(BYTES_FULL, pickle_load(&small, PICKLE("S'\\x41\\x42'\n."), NULL, &doc, NULL));
    /* A list in a thousand chunks, then its last item set again and again. */
    work[at++] = ']';
    for (i = 0; i < 1000; i++) {
        memcpy(work + at, "]0Na", 4);
        at += 4;
    }
    for (i = 0; i < 200; i++) {
        memcpy(work + at, "J\xff\xff\xff\xffNs", 7);
        at += 7;
    }
    GIVES(WORK_LIMIT, pickle_load(memory, work, at, NULL, &doc, NULL));
    options.max_opcodes = 2;
    GIVES(OPCODE_LIMIT, pickle_load(memory, PICKLE("NN0."), &options, &doc, NULL));
    GIVES(OK, pickle_load(memory, PICKLE("N."), &options, &doc, NULL));
    memset(&options, 0, sizeof options);
    options.limit_buffers = true;
    GIVES(NO_BUFFER, pickle_load(memory, PICKLE("\x80\x05\x97."), &options, &doc, NULL));
    options.buffers = 1;
    GIVES(OK, pickle_load(memory, PICKLE("\x80\x05\x97."), &options, &doc, NULL));
    memset(&options, 0, sizeof options);
    options.encoding = PICKLE_ENCODING_ASCII;
    GIVES(BAD_ENCODING, pickle_load(memory, PICKLE("U\x01\xff."), &options, &doc, NULL));
    options.encoding = PICKLE_ENCODING_UTF8;
    GIVES(BAD_ENCODING, pickle_load(memory, PICKLE("U\x01\xff."), &options, &doc, NULL));
    options.encoding = PICKLE_ENCODING_LATIN1;
    GIVES(OK, pickle_load(memory, PICKLE("U\x01\xff."), &options, &doc, NULL));
    CHECK(pickle_value_kind(&doc, pickle_doc_root(&doc)) == PICKLE_KIND_STR);
    options.encoding = PICKLE_ENCODING_BYTES;
    GIVES(OK, pickle_load(memory, PICKLE("U\x01\xff."), &options, &doc, NULL));
    CHECK(pickle_value_kind(&doc, pickle_doc_root(&doc)) == PICKLE_KIND_BYTES);
    options.encoding = PICKLE_ENCODING_KEEP;
    GIVES(OK, pickle_load(memory, PICKLE("U\x01\xff."), &options, &doc, NULL));
    CHECK(pickle_value_kind(&doc, pickle_doc_root(&doc)) == PICKLE_KIND_STR8);
    options.text_ints = PICKLE_TEXT_INTS_DECIMAL;
    GIVES(BAD_INT, pickle_load(memory, PICKLE("I0x1f\n."), &options, &doc, NULL));
    options.text_ints = PICKLE_TEXT_INTS_PREFIXED;
    GIVES(OK, pickle_load(memory, PICKLE("I0x1f\n."), &options, &doc, NULL));
    options.text_ints = 7;
    GIVES(BAD_OPTION, pickle_load(memory, PICKLE("N."), &options, &doc, NULL));
}

static void test_readers(void) {
    /* Two pickles of one Pickler: the second refers to what the first put into the memo. */
    static const char two[] = "\x80\x02]q\0.h\0.";
    pickle_reader reader;
    pickle_decoder decoder;
    pickle_doc doc;
    pickle_usage usage;
    pickle_error error;
    pickle_step step;
    pickle_in in = {two, sizeof two - 1, 0};
    GIVES(OK, pickle_reader_init(&reader, memory, NULL));
    GIVES(OK, pickle_reader_feed(&reader, &in));
    CHECK(in.pos == 6);
    /* It is over: nothing more is taken. */
    GIVES(OK, pickle_reader_feed(&reader, &in));
    CHECK(in.pos == 6);
    GIVES(OK, pickle_reader_next_pickle(&reader, true));
    GIVES(OK, pickle_reader_feed(&reader, &in));
    CHECK(in.pos == sizeof two - 1);
    GIVES(OK, pickle_reader_doc(&reader, &doc));
    CHECK(pickle_value_kind(&doc, pickle_doc_root(&doc)) == PICKLE_KIND_LIST);
    GIVES(OK, pickle_reader_usage(&reader, &usage));
    CHECK(usage.offset == sizeof two - 1 && usage.memo == 1 && usage.nodes >= 1);
    GIVES(OK, pickle_reader_next_pickle(&reader, false));
    GIVES(MEMO_MISSING, pickle_reader_load(&reader, two, sizeof two - 1, 6, &doc));
    GIVES(OK, pickle_reader_load(&reader, two, sizeof two - 1, 0, &doc));
    GIVES(OK, pickle_reader_usage(&reader, &usage));
    CHECK(usage.offset == 6 && usage.protocol == 2 && usage.opcodes == 4);
    CHECK(see(pickle_reader_load(&reader, two, sizeof two - 1, 99, &doc)) / 10 == PICKLE_STATUS_EMPTY / 10);

    GIVES(OK, pickle_decoder_init(&decoder));
    in.data = "\x80\x04\x95\x08\0\0\0\0\0\0\0N0\x80\x04xyN.N.";
    in.size = 21;
    in.pos = 0;
    while (pickle_decoder_offset(&decoder) < 11) {
        GIVES(OK, pickle_decoder_next(&decoder, &in, &step));
    }
    CHECK(step.arg == PICKLE_ARG_KIND_UINT && step.number == 8 && pickle_decoder_frame_left(&decoder) == 8);
    GIVES(RAW_IN_FRAME, pickle_decoder_take_raw(&decoder, 2));
    GIVES(OK, pickle_decoder_error(&decoder, &error));
    CHECK(error.status == PICKLE_STATUS_RAW_IN_FRAME && error.offset == 11);
    GIVES(OK, pickle_decoder_next_pickle(&decoder));
    in.data = "NxyJ\xfe\xff\xff\xff" "G?\xf0\0\0\0\0\0\0.";
    in.size = 18;
    in.pos = 0;
    GIVES(OK, pickle_decoder_next(&decoder, &in, &step));
    CHECK(step.arg == PICKLE_ARG_KIND_NOTHING && step.opcode == 'N' && step.offset == 11);
    GIVES(OK, pickle_decoder_take_raw(&decoder, 2));
    GIVES(OK, pickle_decoder_next(&decoder, &in, &step));
    CHECK(step.kind == PICKLE_STEP_KIND_RAW && step.data.size == 2 && step.data.data[0] == 'x');
    GIVES(OK, pickle_decoder_next(&decoder, &in, &step));
    CHECK(step.arg == PICKLE_ARG_KIND_INT && (int64_t)step.number == -2);
    GIVES(OK, pickle_decoder_next(&decoder, &in, &step));
    CHECK(step.arg == PICKLE_ARG_KIND_FLOAT && step.number == 0x3ff0000000000000u);
    GIVES(OK, pickle_decoder_next(&decoder, &in, &step));
    CHECK(step.kind == PICKLE_STEP_KIND_OP && step.opcode == '.');
    GIVES(OK, pickle_decoder_next(&decoder, &in, &step));
    CHECK(step.kind == PICKLE_STEP_KIND_END && in.pos == in.size);
    GIVES(OK, pickle_decoder_finish(&decoder));
    GIVES(OK, pickle_decoder_next_pickle(&decoder));
    GIVES(END_OF_INPUT, pickle_decoder_finish(&decoder));
}

void test_statuses(void) {
    int i, named = 0;
    test_bad();
    test_limits();
    test_readers();
    for (i = -1; i < 256; i++) {
        CHECK(*pickle_status_text(i) && *pickle_status_name(i));
        if (!strcmp(pickle_status_name(i), "?")) {
            continue;
        }
        named++;
        /* Only writers of single opcodes, readers of items, and smaller builds meet these. */
        if (i != PICKLE_STATUS_FEATURE_OFF && i != PICKLE_STATUS_BAD_ARGUMENT && i != PICKLE_STATUS_AFTER_END && i != PICKLE_STATUS_MEMO_DROPPED && i != PICKLE_STATUS_IN_DOUBT &&
            (i < PICKLE_STATUS_ITEM_CHANGED || i > PICKLE_STATUS_MEMO_ORDER) && !met[i]) {
            printf("status %d (%s) was not met\n", i, pickle_status_name(i));
            failures++;
        }
    }
    CHECK(named == 84);
}
