/* Writing: bytes, what they read back as, and misuse. */
#define _DEFAULT_SOURCE
#include "check.h"
#if defined(__linux__)
#include <sys/mman.h>
#endif

static uint8_t buffer[8192];

static void begin(pickle_writer *out, uint8_t protocol, const pickle_writer_storage *levels) {
    GIVES(OK, pickle_writer_init(out, buffer, sizeof buffer, protocol, levels));
}

/* One value of every kind, in a dict; Python's names for them are in write.py. */
static pickle_status everything(pickle_writer *out, uint8_t protocol) {
    pickle_memo memo;
    int i;
    pickle_writer_begin_dict(out, PICKLE_UNKNOWN);
    pickle_writer_str(out, "none");
    pickle_writer_none(out);
    pickle_writer_str(out, "bools");
    pickle_writer_begin_tuple(out, 2);
    pickle_writer_bool(out, true);
    pickle_writer_bool(out, false);
    pickle_writer_end(out);
    pickle_writer_str(out, "ints");
    pickle_writer_begin_list(out, PICKLE_UNKNOWN);
    pickle_writer_memoize(out, &memo);
    pickle_writer_i64(out, 0);
    pickle_writer_i64(out, 255);
    pickle_writer_i64(out, 65535);
    pickle_writer_i64(out, -1);
    pickle_writer_i64(out, INT64_MIN);
    pickle_writer_u64(out, UINT64_MAX);
    pickle_writer_big_int(out, "\0\0\0\0\0\0\0\0\0\0\0\0\x01", 13);
    pickle_writer_big_int(out, "\0\0\0\0\0\0\0\0\0\xff", 10);
    pickle_writer_end(out);
    pickle_writer_str(out, "ints again");
    pickle_writer_get_memo(out, memo);
    pickle_writer_str(out, "float");
    pickle_writer_f64(out, -0.1);
    pickle_writer_str(out, "strs");
    pickle_writer_begin_list(out, 2);
    pickle_writer_str(out, "x\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n\\");
    pickle_writer_str_bytes(out, "a\0\xed\xb2\x80", 5);
    pickle_writer_end(out);
    pickle_writer_str(out, "bytes");
    pickle_writer_bytes(out, "\x00\x7f\x80\xff", 4);
    pickle_writer_str(out, "bytearray");
    pickle_writer_byte_array(out, "\xff", 1);
    pickle_writer_str(out, "tuples");
    pickle_writer_begin_tuple(out, PICKLE_UNKNOWN);
    pickle_writer_begin_tuple(out, 0);
    pickle_writer_end(out);
    pickle_writer_begin_tuple(out, PICKLE_UNKNOWN);
    for (i = 0; i < 5; i++) {
        pickle_writer_i64(out, i);
    }
    pickle_writer_end(out);
    pickle_writer_end(out);
    pickle_writer_str(out, "set");
    pickle_writer_begin_set(out);
    pickle_writer_i64(out, 1);
    pickle_writer_end(out);
    pickle_writer_str(out, "frozenset");
    pickle_writer_begin_frozen_set(out);
    pickle_writer_i64(out, 2);
    pickle_writer_end(out);
    pickle_writer_str(out, "global");
    pickle_writer_global(out, "collections", "OrderedDict");
    pickle_writer_str(out, "call");
    pickle_writer_begin_call(out, "collections", "OrderedDict", 0);
    pickle_writer_then_entries(out);
    pickle_writer_str(out, "k");
    pickle_writer_str(out, "v");
    pickle_writer_end(out);
    pickle_writer_end(out);
    pickle_writer_str(out, "deque");
    pickle_writer_begin_call(out, "collections", "deque", 0);
    pickle_writer_then_items(out);
    pickle_writer_i64(out, 3);
    pickle_writer_end(out);
    pickle_writer_end(out);
    pickle_writer_str(out, "new");
    pickle_writer_begin_new(out, "argparse", "Namespace", 0);
    pickle_writer_then_state(out);
    pickle_writer_begin_dict(out, 1);
    pickle_writer_str(out, "a");
    pickle_writer_i64(out, 1);
    pickle_writer_end(out);
    pickle_writer_end(out);
    pickle_writer_str(out, "rows");
    pickle_writer_begin_list(out, PICKLE_UNKNOWN);
    for (i = 0; i < 3; i++) {
        pickle_writer_begin_dict(out, 1);
        pickle_writer_shared_str(out, "key");
        pickle_writer_i64(out, i);
        pickle_writer_end(out);
    }
    pickle_writer_end(out);
    pickle_writer_str(out, "id");
    pickle_writer_persistent_id(out, "p-1");
    if (protocol > 0) {
        pickle_writer_str(out, "id 2");
        pickle_writer_begin_persistent(out);
        pickle_writer_i64(out, 2);
        pickle_writer_end(out);
    }
    if (protocol == 5) {
        pickle_writer_str(out, "buffers");
        pickle_writer_begin_list(out, 2);
        pickle_writer_buffer(out, false);
        pickle_writer_buffer(out, true);
        pickle_writer_end(out);
    }
    pickle_writer_end(out);
    return see(pickle_writer_finish(out));
}

struct pieces {
    uint8_t data[sizeof buffer];
    size_t size, limit;
};

static bool collect(void *context, const uint8_t *data, size_t size) {
    struct pieces *pieces = (struct pieces *)context;
    if (pieces->size + size > pieces->limit) {
        return false;
    }
    memcpy(pieces->data + pieces->size, data, size);
    pieces->size += size;
    return true;
}

static void test_everything(const char *folder) {
    static struct pieces pieces;
    PICKLE_WRITER_STORAGE(levels, 3, 1);
    pickle_writer out;
    pickle_error error;
    uint8_t protocol;
    for (protocol = 0; protocol <= 5; protocol++) {
        size_t size, n;
        pickle_doc doc;
        pickle_value root, value;
        int64_t i64 = 0;
        uint64_t u64 = 0;
        double f64 = 0;
        /* To a buffer, only counted, and through a callback: the same. */
        begin(&out, protocol, &levels);
        CHECK(everything(&out, protocol) == PICKLE_STATUS_OK && pickle_writer_depth(&out) == 0);
        size = pickle_writer_written(&out);
        GIVES(OK, pickle_writer_init(&out, NULL, 0, protocol, &levels));
        CHECK(everything(&out, protocol) == PICKLE_STATUS_OK && pickle_writer_written(&out) == size);
        pieces.size = 0;
        pieces.limit = sizeof pieces.data;
        GIVES(OK, pickle_writer_init_sink(&out, collect, &pieces, protocol, &levels));
        CHECK(everything(&out, protocol) == PICKLE_STATUS_OK && pieces.size == size);
        CHECK(!memcmp(pieces.data, buffer, size));
        if (folder) {
            char path[512];
            FILE *file;
            snprintf(path, sizeof path, "%s/written-%d.pickle", folder, protocol);
            file = fopen(path, "wb");
            CHECK(file && fwrite(buffer, 1, size, file) == size);
            if (file) {
                fclose(file);
            }
        }
        /* It reads back. */
        GIVES(OK, pickle_load(memory, buffer, size, NULL, &doc, &error));
        root = pickle_doc_root(&doc);
        CHECK(pickle_value_find_i64(&doc, root, "$.ints[4]", &i64) == PICKLE_STATUS_OK && i64 == INT64_MIN);
        CHECK(pickle_value_find_u64(&doc, root, "$.ints[5]", &u64) == PICKLE_STATUS_OK && u64 == UINT64_MAX);
        CHECK(pickle_value_find_f64(&doc, root, "$.float", &f64) == PICKLE_STATUS_OK && f64 == -0.1);
        CHECK(pickle_value_find_i64(&doc, root, "$.rows[2].key", &i64) == PICKLE_STATUS_OK && i64 == 2);
        CHECK(pickle_value_find_i64(&doc, root, "$.new.a", &i64) == PICKLE_STATUS_OK && i64 == 1);
        {
            size_t one = 0, other = 1;
            CHECK(pickle_value_get(&doc, root, "ints", &value) == PICKLE_STATUS_OK);
            CHECK(pickle_value_id(&doc, value, &one) == PICKLE_STATUS_OK);
            CHECK(pickle_value_get(&doc, root, "ints again", &value) == PICKLE_STATUS_OK);
            CHECK(pickle_value_id(&doc, value, &other) == PICKLE_STATUS_OK && one == other);
        }
        /* A buffer, or a callback, of any smaller size: as much as fits, then an error that stays. */
        for (n = 0; n < size; n++) {
            GIVES(OK, pickle_writer_init(&out, pieces.data, n, protocol, &levels));
            CHECK(everything(&out, protocol) == PICKLE_STATUS_SINK_FULL && pickle_writer_written(&out) == n);
            CHECK(!memcmp(pieces.data, buffer, n));
            CHECK(pickle_writer_error(&out, &error) == PICKLE_STATUS_OK && error.status == PICKLE_STATUS_SINK_FULL);
            GIVES(SINK_FULL, pickle_writer_none(&out));
        }
        pieces.size = 0;
        pieces.limit = size / 2;
        GIVES(OK, pickle_writer_init_sink(&out, collect, &pieces, protocol, &levels));
        CHECK(everything(&out, protocol) == PICKLE_STATUS_STOPPED);
        GIVES(STOPPED, pickle_writer_none(&out));
        CHECK(pickle_writer_error(&out, &error) == PICKLE_STATUS_OK && error.offset == pieces.size);
    }
}

/* What must come out byte for byte. */
static void test_bytes(void) {
    static const uint8_t one[] = "\x80\x02K\x07.", two[] = "\x80\x04\x8c\x01" "a\x94.\x80\x04\x8c\x01" "a\x94.";
    static const uint8_t many[] = "\x80\x02](K\x01K\x02" "e.", single[] = "\x80\x02]K\x01" "a.", text[] = "F0.1\n.";
    PICKLE_WRITER_STORAGE(levels, 1, 1);
    pickle_writer out;
    begin(&out, 2, NULL);
    GIVES(OK, pickle_writer_i64(&out, 7));
    GIVES(OK, pickle_writer_finish(&out));
    CHECK(pickle_writer_written(&out) == sizeof one - 1 && !memcmp(buffer, one, sizeof one - 1));
    /* Two pickles, each with a memo of its own. */
    begin(&out, 4, &levels);
    pickle_writer_shared_str(&out, "a");
    pickle_writer_finish(&out);
    pickle_writer_shared_str(&out, "a");
    GIVES(OK, pickle_writer_finish(&out));
    CHECK(pickle_writer_written(&out) == sizeof two - 1 && !memcmp(buffer, two, sizeof two - 1));
    begin(&out, 2, &levels);
    pickle_writer_begin_list(&out, 2);
    CHECK(pickle_writer_depth(&out) == 1);
    pickle_writer_i64(&out, 1);
    pickle_writer_i64(&out, 2);
    pickle_writer_end(&out);
    GIVES(OK, pickle_writer_finish(&out));
    CHECK(pickle_writer_written(&out) == sizeof many - 1 && !memcmp(buffer, many, sizeof many - 1));
    begin(&out, 2, &levels);
    pickle_writer_begin_list(&out, 1);
    pickle_writer_i64(&out, 1);
    pickle_writer_end(&out);
    GIVES(OK, pickle_writer_finish(&out));
    CHECK(pickle_writer_written(&out) == sizeof single - 1 && !memcmp(buffer, single, sizeof single - 1));
    begin(&out, 0, NULL);
    pickle_writer_f64(&out, 0.1);
    GIVES(OK, pickle_writer_finish(&out));
    CHECK(pickle_writer_written(&out) == sizeof text - 1 && !memcmp(buffer, text, sizeof text - 1));
}

static void test_misuse(void) {
    uint8_t large[65];
    PICKLE_WRITER_STORAGE(levels, 2, 0);
    pickle_writer out;
    pickle_memo memo = {99};
    pickle_error error;
    uint8_t protocol;
    memset(&out, 0, sizeof out);
    memset(large, 1, sizeof large);
    GIVES(NULL, pickle_writer_none(&out));
    GIVES(NULL, pickle_writer_none(NULL));
    GIVES(NULL, pickle_writer_init(NULL, buffer, sizeof buffer, 2, &levels));
    GIVES(BAD_OPTION, pickle_writer_init(&out, buffer, sizeof buffer, 6, &levels));
    GIVES(ABI_MISMATCH, pickle_writer_init_abi(&out, buffer, 1, NULL, NULL, 2, &levels, PICKLE_ABI_VERSION, 1));
    CHECK(pickle_writer_written(NULL) == 0 && pickle_writer_depth(NULL) == 0);
    GIVES(NULL, pickle_writer_error(NULL, &error));

    begin(&out, 4, &levels);
    GIVES(MISSING_VALUE, pickle_writer_finish(&out));
    begin(&out, 4, &levels);
    GIVES(NOTHING_OPEN, pickle_writer_end(&out));
    begin(&out, 4, &levels);
    pickle_writer_none(&out);
    GIVES(UNEXPECTED_VALUE, pickle_writer_none(&out));
    /* The first error stays. */
    GIVES(UNEXPECTED_VALUE, pickle_writer_finish(&out));
    begin(&out, 4, &levels);
    pickle_writer_begin_list(&out, PICKLE_UNKNOWN);
    GIVES(UNCLOSED, pickle_writer_finish(&out));
    begin(&out, 4, &levels);
    pickle_writer_begin_dict(&out, PICKLE_UNKNOWN);
    pickle_writer_none(&out);
    GIVES(ODD_ITEMS, pickle_writer_end(&out));
    begin(&out, 4, &levels);
    pickle_writer_begin_list(&out, PICKLE_UNKNOWN);
    pickle_writer_begin_list(&out, PICKLE_UNKNOWN);
    GIVES(LEVELS_FULL, pickle_writer_begin_list(&out, PICKLE_UNKNOWN));
    begin(&out, 4, NULL);
    GIVES(LEVELS_FULL, pickle_writer_begin_set(&out));
    begin(&out, 4, &levels);
    pickle_writer_begin_persistent(&out);
    GIVES(MISSING_VALUE, pickle_writer_end(&out));
    begin(&out, 0, &levels);
    GIVES(NOT_IN_PROTOCOL0, pickle_writer_begin_persistent(&out));
    for (protocol = 1; protocol < 5; protocol++) {
        begin(&out, protocol, &levels);
        CHECK((int)see(pickle_writer_buffer(&out, false)) == PICKLE_STATUS_NOT_IN_PROTOCOL0 + protocol);
    }
    begin(&out, 1, &levels);
    GIVES(INEXPRESSIBLE, pickle_writer_big_int(&out, large, sizeof large));
    begin(&out, 2, &levels);
    GIVES(LINE_BREAK, pickle_writer_global(&out, "a\nb", "c"));
    begin(&out, 2, &levels);
    GIVES(EMPTY_LINE, pickle_writer_begin_call(&out, "", "c", 0));
    begin(&out, 0, &levels);
    GIVES(NOT_ASCII, pickle_writer_persistent_id(&out, "\xc3\xa9"));
    begin(&out, 4, &levels);
    GIVES(BAD_UTF8, pickle_writer_str(&out, "\xff"));
    begin(&out, 4, &levels);
    GIVES(BAD_UTF8, pickle_writer_begin_new(&out, "m", "\xff", 0));
    begin(&out, 4, &levels);
    GIVES(MEMO_MISSING, pickle_writer_get_memo(&out, memo));
    begin(&out, 4, &levels);
    GIVES(MISSING_VALUE, pickle_writer_memoize(&out, &memo));
    begin(&out, 4, &levels);
    GIVES(NOTHING_OPEN, pickle_writer_then_state(&out));
    begin(&out, 4, &levels);
    GIVES(NULL, pickle_writer_str(&out, NULL));
    GIVES(NULL, pickle_writer_finish(&out));
    begin(&out, 4, &levels);
    GIVES(NULL, pickle_writer_shared_str(&out, NULL));
    begin(&out, 4, &levels);
    GIVES(NULL, pickle_writer_global(&out, "m", NULL));
    begin(&out, 4, &levels);
    pickle_writer_none(&out);
    GIVES(NULL, pickle_writer_memoize(&out, NULL));
    /* Null with a length is empty. */
    begin(&out, 4, &levels);
    GIVES(OK, pickle_writer_bytes(&out, NULL, 9));
    GIVES(OK, pickle_writer_finish(&out));
    CHECK(pickle_writer_written(&out) == 5);
#if defined(__linux__) && UINTPTR_MAX > 0xffffffffu
    {
        /* 4 GiB that are never touched: no length field of protocol 3 holds that. */
        const size_t size = (size_t)1 << 32;
        void *much = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        CHECK(much != MAP_FAILED);
        begin(&out, 3, &levels);
        GIVES(TOO_LONG, pickle_writer_bytes(&out, much, size));
        munmap(much, size);
    }
#else
    see(PICKLE_STATUS_TOO_LONG);
#endif
}

void test_writing(void) {
    test_everything(getenv("PICKLE_WRITTEN"));
    test_bytes();
    test_misuse();
}
