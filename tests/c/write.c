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
    pickle_begin_dict(out, PICKLE_UNKNOWN);
    pickle_write_str(out, "none");
    pickle_write_none(out);
    pickle_write_str(out, "bools");
    pickle_begin_tuple(out, 2);
    pickle_write_bool(out, true);
    pickle_write_bool(out, false);
    pickle_end(out);
    pickle_write_str(out, "ints");
    pickle_begin_list(out, PICKLE_UNKNOWN);
    pickle_remember(out, &memo);
    pickle_write_i64(out, 0);
    pickle_write_i64(out, 255);
    pickle_write_i64(out, 65535);
    pickle_write_i64(out, -1);
    pickle_write_i64(out, INT64_MIN);
    pickle_write_u64(out, UINT64_MAX);
    pickle_write_big_int(out, "\0\0\0\0\0\0\0\0\0\0\0\0\x01", 13);
    pickle_write_big_int(out, "\0\0\0\0\0\0\0\0\0\xff", 10);
    pickle_end(out);
    pickle_write_str(out, "ints again");
    pickle_write_again(out, memo);
    pickle_write_str(out, "float");
    pickle_write_f64(out, -0.1);
    pickle_write_str(out, "strs");
    pickle_begin_list(out, 2);
    pickle_write_str(out, "x\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n\\");
    pickle_write_str_bytes(out, "a\0\xed\xb2\x80", 5);
    pickle_end(out);
    pickle_write_str(out, "bytes");
    pickle_write_bytes(out, "\x00\x7f\x80\xff", 4);
    pickle_write_str(out, "bytearray");
    pickle_write_byte_array(out, "\xff", 1);
    pickle_write_str(out, "tuples");
    pickle_begin_tuple(out, PICKLE_UNKNOWN);
    pickle_begin_tuple(out, 0);
    pickle_end(out);
    pickle_begin_tuple(out, PICKLE_UNKNOWN);
    for (i = 0; i < 5; i++) {
        pickle_write_i64(out, i);
    }
    pickle_end(out);
    pickle_end(out);
    pickle_write_str(out, "set");
    pickle_begin_set(out);
    pickle_write_i64(out, 1);
    pickle_end(out);
    pickle_write_str(out, "frozenset");
    pickle_begin_frozen_set(out);
    pickle_write_i64(out, 2);
    pickle_end(out);
    pickle_write_str(out, "global");
    pickle_write_global(out, "collections", "OrderedDict");
    pickle_write_str(out, "call");
    pickle_begin_call(out, "collections", "OrderedDict", 0);
    pickle_then_entries(out);
    pickle_write_str(out, "k");
    pickle_write_str(out, "v");
    pickle_end(out);
    pickle_end(out);
    pickle_write_str(out, "deque");
    pickle_begin_call(out, "collections", "deque", 0);
    pickle_then_items(out);
    pickle_write_i64(out, 3);
    pickle_end(out);
    pickle_end(out);
    pickle_write_str(out, "new");
    pickle_begin_new(out, "argparse", "Namespace", 0);
    pickle_then_state(out);
    pickle_begin_dict(out, 1);
    pickle_write_str(out, "a");
    pickle_write_i64(out, 1);
    pickle_end(out);
    pickle_end(out);
    pickle_write_str(out, "rows");
    pickle_begin_list(out, PICKLE_UNKNOWN);
    for (i = 0; i < 3; i++) {
        pickle_begin_dict(out, 1);
        pickle_write_shared_str(out, "key");
        pickle_write_i64(out, i);
        pickle_end(out);
    }
    pickle_end(out);
    pickle_write_str(out, "id");
    pickle_write_persistent_id(out, "p-1");
    if (protocol > 0) {
        pickle_write_str(out, "id 2");
        pickle_begin_persistent(out);
        pickle_write_i64(out, 2);
        pickle_end(out);
    }
    if (protocol == 5) {
        pickle_write_str(out, "buffers");
        pickle_begin_list(out, 2);
        pickle_write_buffer(out, false);
        pickle_write_buffer(out, true);
        pickle_end(out);
    }
    pickle_end(out);
    return see(pickle_write_finish(out));
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
        size = pickle_written(&out);
        GIVES(OK, pickle_writer_init(&out, NULL, 0, protocol, &levels));
        CHECK(everything(&out, protocol) == PICKLE_STATUS_OK && pickle_written(&out) == size);
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
        root = pickle_root(&doc);
        CHECK(pickle_find_i64(&doc, root, "$.ints[4]", &i64) == PICKLE_STATUS_OK && i64 == INT64_MIN);
        CHECK(pickle_find_u64(&doc, root, "$.ints[5]", &u64) == PICKLE_STATUS_OK && u64 == UINT64_MAX);
        CHECK(pickle_find_f64(&doc, root, "$.float", &f64) == PICKLE_STATUS_OK && f64 == -0.1);
        CHECK(pickle_find_i64(&doc, root, "$.rows[2].key", &i64) == PICKLE_STATUS_OK && i64 == 2);
        CHECK(pickle_find_i64(&doc, root, "$.new.a", &i64) == PICKLE_STATUS_OK && i64 == 1);
        {
            size_t one = 0, other = 1;
            CHECK(pickle_get(&doc, root, "ints", &value) == PICKLE_STATUS_OK);
            CHECK(pickle_id(&doc, value, &one) == PICKLE_STATUS_OK);
            CHECK(pickle_get(&doc, root, "ints again", &value) == PICKLE_STATUS_OK);
            CHECK(pickle_id(&doc, value, &other) == PICKLE_STATUS_OK && one == other);
        }
        /* A buffer, or a callback, of any smaller size: as much as fits, then an error that stays. */
        for (n = 0; n < size; n++) {
            GIVES(OK, pickle_writer_init(&out, pieces.data, n, protocol, &levels));
            CHECK(everything(&out, protocol) == PICKLE_STATUS_SINK_FULL && pickle_written(&out) == n);
            CHECK(!memcmp(pieces.data, buffer, n));
            CHECK(pickle_writer_error(&out, &error) == PICKLE_STATUS_OK && error.status == PICKLE_STATUS_SINK_FULL);
            GIVES(SINK_FULL, pickle_write_none(&out));
        }
        pieces.size = 0;
        pieces.limit = size / 2;
        GIVES(OK, pickle_writer_init_sink(&out, collect, &pieces, protocol, &levels));
        CHECK(everything(&out, protocol) == PICKLE_STATUS_STOPPED);
        GIVES(STOPPED, pickle_write_none(&out));
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
    GIVES(OK, pickle_write_i64(&out, 7));
    GIVES(OK, pickle_write_finish(&out));
    CHECK(pickle_written(&out) == sizeof one - 1 && !memcmp(buffer, one, sizeof one - 1));
    /* Two pickles, each with a memo of its own. */
    begin(&out, 4, &levels);
    pickle_write_shared_str(&out, "a");
    pickle_write_finish(&out);
    pickle_write_shared_str(&out, "a");
    GIVES(OK, pickle_write_finish(&out));
    CHECK(pickle_written(&out) == sizeof two - 1 && !memcmp(buffer, two, sizeof two - 1));
    begin(&out, 2, &levels);
    pickle_begin_list(&out, 2);
    CHECK(pickle_writer_depth(&out) == 1);
    pickle_write_i64(&out, 1);
    pickle_write_i64(&out, 2);
    pickle_end(&out);
    GIVES(OK, pickle_write_finish(&out));
    CHECK(pickle_written(&out) == sizeof many - 1 && !memcmp(buffer, many, sizeof many - 1));
    begin(&out, 2, &levels);
    pickle_begin_list(&out, 1);
    pickle_write_i64(&out, 1);
    pickle_end(&out);
    GIVES(OK, pickle_write_finish(&out));
    CHECK(pickle_written(&out) == sizeof single - 1 && !memcmp(buffer, single, sizeof single - 1));
    begin(&out, 0, NULL);
    pickle_write_f64(&out, 0.1);
    GIVES(OK, pickle_write_finish(&out));
    CHECK(pickle_written(&out) == sizeof text - 1 && !memcmp(buffer, text, sizeof text - 1));
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
    GIVES(NULL, pickle_write_none(&out));
    GIVES(NULL, pickle_write_none(NULL));
    GIVES(NULL, pickle_writer_init(NULL, buffer, sizeof buffer, 2, &levels));
    GIVES(BAD_OPTION, pickle_writer_init(&out, buffer, sizeof buffer, 6, &levels));
    GIVES(ABI_MISMATCH, pickle_writer_init_abi(&out, buffer, 1, NULL, NULL, 2, &levels, PICKLE_ABI_VERSION, 1));
    CHECK(pickle_written(NULL) == 0 && pickle_writer_depth(NULL) == 0);
    GIVES(NULL, pickle_writer_error(NULL, &error));

    begin(&out, 4, &levels);
    GIVES(MISSING_VALUE, pickle_write_finish(&out));
    begin(&out, 4, &levels);
    GIVES(NOTHING_OPEN, pickle_end(&out));
    begin(&out, 4, &levels);
    pickle_write_none(&out);
    GIVES(UNEXPECTED_VALUE, pickle_write_none(&out));
    /* The first error stays. */
    GIVES(UNEXPECTED_VALUE, pickle_write_finish(&out));
    begin(&out, 4, &levels);
    pickle_begin_list(&out, PICKLE_UNKNOWN);
    GIVES(UNCLOSED, pickle_write_finish(&out));
    begin(&out, 4, &levels);
    pickle_begin_dict(&out, PICKLE_UNKNOWN);
    pickle_write_none(&out);
    GIVES(ODD_ITEMS, pickle_end(&out));
    begin(&out, 4, &levels);
    pickle_begin_list(&out, PICKLE_UNKNOWN);
    pickle_begin_list(&out, PICKLE_UNKNOWN);
    GIVES(LEVELS_FULL, pickle_begin_list(&out, PICKLE_UNKNOWN));
    begin(&out, 4, NULL);
    GIVES(LEVELS_FULL, pickle_begin_set(&out));
    begin(&out, 4, &levels);
    pickle_begin_persistent(&out);
    GIVES(MISSING_VALUE, pickle_end(&out));
    begin(&out, 0, &levels);
    GIVES(NOT_IN_PROTOCOL0, pickle_begin_persistent(&out));
    for (protocol = 1; protocol < 5; protocol++) {
        begin(&out, protocol, &levels);
        CHECK((int)see(pickle_write_buffer(&out, false)) == PICKLE_STATUS_NOT_IN_PROTOCOL0 + protocol);
    }
    begin(&out, 1, &levels);
    GIVES(INEXPRESSIBLE, pickle_write_big_int(&out, large, sizeof large));
    begin(&out, 2, &levels);
    GIVES(LINE_BREAK, pickle_write_global(&out, "a\nb", "c"));
    begin(&out, 2, &levels);
    GIVES(EMPTY_LINE, pickle_begin_call(&out, "", "c", 0));
    begin(&out, 0, &levels);
    GIVES(NOT_ASCII, pickle_write_persistent_id(&out, "\xc3\xa9"));
    begin(&out, 4, &levels);
    GIVES(BAD_UTF8, pickle_write_str(&out, "\xff"));
    begin(&out, 4, &levels);
    GIVES(BAD_UTF8, pickle_begin_new(&out, "m", "\xff", 0));
    begin(&out, 4, &levels);
    GIVES(MEMO_MISSING, pickle_write_again(&out, memo));
    begin(&out, 4, &levels);
    GIVES(MISSING_VALUE, pickle_remember(&out, &memo));
    begin(&out, 4, &levels);
    GIVES(NOTHING_OPEN, pickle_then_state(&out));
    begin(&out, 4, &levels);
    GIVES(NULL, pickle_write_str(&out, NULL));
    GIVES(NULL, pickle_write_finish(&out));
    begin(&out, 4, &levels);
    GIVES(NULL, pickle_write_shared_str(&out, NULL));
    begin(&out, 4, &levels);
    GIVES(NULL, pickle_write_global(&out, "m", NULL));
    begin(&out, 4, &levels);
    pickle_write_none(&out);
    GIVES(NULL, pickle_remember(&out, NULL));
    /* Null with a length is empty. */
    begin(&out, 4, &levels);
    GIVES(OK, pickle_write_bytes(&out, NULL, 9));
    GIVES(OK, pickle_write_finish(&out));
    CHECK(pickle_written(&out) == 5);
#if defined(__linux__) && UINTPTR_MAX > 0xffffffffu
    {
        /* 4 GiB that are never touched: no length field of protocol 3 holds that. */
        const size_t size = (size_t)1 << 32;
        void *much = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        CHECK(much != MAP_FAILED);
        begin(&out, 3, &levels);
        GIVES(TOO_LONG, pickle_write_bytes(&out, much, size));
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
