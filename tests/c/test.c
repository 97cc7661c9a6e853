/* The C interface, function by function, as C99 and as C++17. Arguments: pickles to read with tiny storage too. */
#include "check.h"

int failures;

#if PICKLE_VERSION_NUMBER != PICKLE_VERSION_MAJOR * 1000000 + PICKLE_VERSION_MINOR * 1000 + PICKLE_VERSION_PATCH
#error "version macros disagree"
#endif

PICKLE_STATIC_STORAGE(storage, 8192, 1024, 4096);
const pickle_storage *const memory = &storage;

/* Regions of no entries are allowed. */
PICKLE_STATIC_STORAGE(empty, 0, 0, 0);

struct text {
    char data[65536];
    size_t size;
    size_t limit;
};

static bool keep(void *context, const uint8_t *data, size_t size) {
    struct text *text = (struct text *)context;
    if (text->size + size >= text->limit) {
        return false;
    }
    memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = 0;
    return true;
}

/* {"temp": 21.5, "n": [1, -2, 300], "ok": True, "name": "x\u00e9", "raw": b"\x00\xff", "none": None, "big": 1 << 64} */
static const char sample[] = "\x80\x03}(X\x04\0\0\0tempG@5\x80\0\0\0\0\0X\x01\0\0\0n](K\x01J\xfe\xff\xff\xffM,\x01"
                             "eX\x02\0\0\0ok\x88X\x04\0\0\0nameX\x03\0\0\0x\xc3\xa9X\x03\0\0\0rawC\x02\0\xff"
                             "X\x04\0\0\0noneNX\x03\0\0\0big\x8a\x09\0\0\0\0\0\0\0\0\x01u.";

static void getters(const pickle_doc *doc) {
    pickle_value root = pickle_doc_root(doc), list, value, key;
    pickle_iter iter;
    pickle_big_int big;
    pickle_str str;
    pickle_bytes bytes;
    double f64 = 0;
    int64_t i64 = 0, sum = 0;
    uint64_t u64 = 0;
    bool flag = false;
    size_t id = 0, count = 0;

    CHECK(pickle_value_kind(doc, root) == PICKLE_KIND_DICT && pickle_value_len(doc, root) == 7);
    CHECK(pickle_value_get_f64(doc, root, "temp", &f64) == PICKLE_STATUS_OK && f64 == 21.5);
    CHECK(pickle_value_get_bool(doc, root, "ok", &flag) == PICKLE_STATUS_OK && flag);
    CHECK(pickle_value_get_str(doc, root, "name", &str) == PICKLE_STATUS_OK && str.size == 3 && !memcmp(str.data, "x\xc3\xa9", 3));
    CHECK(pickle_value_get_bytes(doc, root, "raw", &bytes) == PICKLE_STATUS_OK && bytes.size == 2 && bytes.data[1] == 0xff);
    CHECK(pickle_value_get(doc, root, "none", &value) == PICKLE_STATUS_OK && pickle_value_is_none(doc, value));
    GIVES(OK, pickle_value_get(doc, root, "big", &value));
    GIVES(OUT_OF_RANGE, pickle_value_as_i64(doc, value, &i64));
    GIVES(OUT_OF_RANGE, pickle_value_as_u64(doc, value, &u64));
    CHECK(pickle_value_as_big_int(doc, value, &big) == PICKLE_STATUS_OK && big.radix == 0 && big.data.size == 9 && !big.negative);
    CHECK(pickle_value_get(doc, root, "n", &list) == PICKLE_STATUS_OK && pickle_value_id(doc, list, &id) == PICKLE_STATUS_OK);
    CHECK(id < pickle_doc_id_limit(doc));
    CHECK(pickle_value_at_i64(doc, list, 1, &i64) == PICKLE_STATUS_OK && i64 == -2);
    GIVES(OUT_OF_RANGE, pickle_value_at_u64(doc, list, 1, &u64));
    CHECK(pickle_value_at_u64(doc, list, 2, &u64) == PICKLE_STATUS_OK && u64 == 300);
    GIVES(MISSING, pickle_value_at(doc, list, 3, &value));
    CHECK(pickle_value_find_i64(doc, root, "$.n[-1]", &i64) == PICKLE_STATUS_OK && i64 == 300);
    GIVES(BAD_PATH, pickle_value_find_i64(doc, root, "$.n[x]", &i64));
    GIVES(MISSING, pickle_value_find_i64(doc, root, "$.m", &i64));
    GIVES(WRONG_KIND, pickle_value_get_i64(doc, root, "temp", &i64));
    GIVES(WRONG_KIND, pickle_value_get_i64(doc, list, "temp", &i64));
    GIVES(MISSING, pickle_value_get_i64(doc, root, "\xff", &i64));
    CHECK(pickle_value_items(doc, list, &iter) == PICKLE_STATUS_OK && iter.left == 3);
    while (pickle_iter_next(&iter, &value)) {
        GIVES(OK, pickle_value_as_i64(doc, value, &i64));
        sum += i64;
    }
    CHECK(sum == 299 && !pickle_iter_next(&iter, &value));
    GIVES(OK, pickle_value_entries(doc, root, &iter));
    while (pickle_iter_next_entry(&iter, &key, &value)) {
        count++;
    }
    CHECK(count == 7);
    CHECK(pickle_value_items(doc, root, &iter) == PICKLE_STATUS_WRONG_KIND && iter.left == 0);
}

static void from_root(const pickle_doc *doc) {
    pickle_value root = pickle_doc_root(doc), value;
    pickle_str text;
    pickle_bytes bytes;
    int64_t i64 = 0;
    uint64_t u64 = 0;
    double f64 = 0;
    bool flag = false;

    GIVES(OK, pickle_doc_find(doc, "$", &value));
    CHECK(pickle_value_kind(doc, value) == pickle_value_kind(doc, root));
    GIVES(NULL, pickle_doc_find(NULL, "$", &value));
    GIVES(NULL, pickle_doc_find(doc, NULL, &value));
    GIVES(NULL, pickle_doc_find(doc, "$", NULL));
    GIVES(BAD_PATH, pickle_doc_find(doc, "$[", &value));
    GIVES(MISSING, pickle_doc_find(doc, "$.nowhere", &value));
    CHECK(pickle_doc_find_bool(doc, "$.ok", &flag) == PICKLE_STATUS_OK && flag);
    CHECK(pickle_doc_find_i64(doc, "$.n[1]", &i64) == PICKLE_STATUS_OK && i64 == -2);
    CHECK(pickle_doc_find_u64(doc, "$.n[2]", &u64) == PICKLE_STATUS_OK && u64 == 300);
    CHECK(pickle_doc_find_f64(doc, "$.temp", &f64) == PICKLE_STATUS_OK && f64 == 21.5);
    CHECK(pickle_doc_find_str(doc, "$.name", &text) == PICKLE_STATUS_OK && text.size == 3);
    CHECK(pickle_doc_find_bytes(doc, "$.raw", &bytes) == PICKLE_STATUS_OK && bytes.size == 2);
    GIVES(WRONG_KIND, pickle_doc_find_f64(doc, "$.n[1]", &f64));
}

static void objects(void) {
    /* __main__.P(1), state {"a": 2}, by REDUCE and BUILD */
    static const char object[] = "c__main__\nP\n(K\x01tR}X\x01\0\0\0aK\x02sb.";
    pickle_doc doc;
    pickle_value root, value;
    pickle_how how;
    pickle_iter iter;
    pickle_changes changes;
    pickle_change change;
    pickle_str module, name;
    int64_t i64 = 0;

    GIVES(OK, pickle_load(memory, object, sizeof object - 1, NULL, &doc, NULL));
    root = pickle_doc_root(&doc);
    CHECK(pickle_value_kind(&doc, root) == PICKLE_KIND_OBJECT);
    CHECK(pickle_object_how(&doc, root, &how) == PICKLE_STATUS_OK && how == PICKLE_HOW_REDUCE);
    GIVES(OK, pickle_object_callable(&doc, root, &value));
    CHECK(pickle_value_as_global(&doc, value, &module, &name) == PICKLE_STATUS_OK && module.size == 8 && *name.data == 'P');
    CHECK(pickle_object_args_value(&doc, root, &value) == PICKLE_STATUS_OK && pickle_value_len(&doc, value) == 1);
    CHECK(pickle_object_args(&doc, root, &iter) == PICKLE_STATUS_OK && iter.left == 1);
    GIVES(MISSING, pickle_object_kwargs(&doc, root, &value));
    CHECK(pickle_object_state(&doc, root, &value) == PICKLE_STATUS_OK && pickle_value_len(&doc, value) == 1);
    CHECK(pickle_value_get_i64(&doc, root, "a", &i64) == PICKLE_STATUS_OK && i64 == 2);
    GIVES(OK, pickle_object_changes(&doc, root, &changes));
    CHECK(pickle_changes_next(&changes, &change) && change.kind == PICKLE_CHANGE_KIND_BUILD);
    CHECK(!pickle_changes_next(&changes, &change));
}

/* What the sample does not have. */
static void others(void) {
    pickle_doc doc;
    pickle_value value, module_value, name_value;
    pickle_str text;
    pickle_bytes bytes;
    pickle_iter iter;
    uint32_t number = 0;
    bool flag = true;
    double f64 = 0;

    GIVES(OK, pickle_load(memory, "\x80\x05\x97\x98.", 5, NULL, &doc, NULL));
    CHECK(pickle_value_as_buffer(&doc, pickle_doc_root(&doc), &number, &flag) == PICKLE_STATUS_OK && number == 0 && flag);
    GIVES(OK, pickle_load(memory, "\x80\x05\x96\x01\0\0\0\0\0\0\0x\x98.", 14, NULL, &doc, NULL));
    CHECK(pickle_value_kind(&doc, pickle_doc_root(&doc)) == PICKLE_KIND_READ_ONLY);
    GIVES(OK, pickle_value_inner(&doc, pickle_doc_root(&doc), &value));
    CHECK(pickle_value_kind(&doc, value) == PICKLE_KIND_BYTE_ARRAY);
    CHECK(pickle_value_as_bytes(&doc, value, &bytes) == PICKLE_STATUS_OK && bytes.size == 1 && *bytes.data == 'x');
    GIVES(OK, pickle_load(memory, "\x82\x07.", 3, NULL, &doc, NULL));
    CHECK(pickle_value_as_extension(&doc, pickle_doc_root(&doc), &number) == PICKLE_STATUS_OK && number == 7);
    GIVES(OK, pickle_load(memory, "\x8c\x01m\x8c\x01n\x93.", 8, NULL, &doc, NULL));
    GIVES(OK, pickle_value_global_parts(&doc, pickle_doc_root(&doc), &module_value, &name_value));
    CHECK(pickle_value_as_str(&doc, name_value, &text) == PICKLE_STATUS_OK && text.size == 1 && *text.data == 'n');
    GIVES(OK, pickle_load(memory, "X\x03\0\0\0\xed\xa0\x80.", 9, NULL, &doc, NULL));
    GIVES(NOT_UTF8, pickle_value_as_str(&doc, pickle_doc_root(&doc), &text));
    CHECK(pickle_value_str_bytes(&doc, pickle_doc_root(&doc), &bytes) == PICKLE_STATUS_OK && bytes.size == 3);
    GIVES(OK, pickle_load(memory, "F0.1\n.", 6, NULL, &doc, NULL));
    /* Built with or without `text-float`. */
    CHECK(pickle_value_as_f64(&doc, pickle_doc_root(&doc), &f64) == PICKLE_STATUS_OK
              ? f64 == 0.1
              : pickle_value_float_text(&doc, pickle_doc_root(&doc), &text) == PICKLE_STATUS_OK && !memcmp(text.data, "0.1", 3));
    /* Getters by key, index and path, of every type. */
    {
        static const char all[] = "(\x88K\x05G?\xf8\0\0\0\0\0\0X\x01\0\0\0sC\x01" "bt.";
        pickle_value root;
        int64_t i64 = 0;
        uint64_t u64 = 0;
        GIVES(OK, pickle_load(memory, all, sizeof all - 1, NULL, &doc, NULL));
        root = pickle_doc_root(&doc);
        CHECK(pickle_value_at_bool(&doc, root, 0, &flag) == PICKLE_STATUS_OK && flag);
        CHECK(pickle_value_find_bool(&doc, root, "[0]", &flag) == PICKLE_STATUS_OK && flag);
        CHECK(pickle_value_at_i64(&doc, root, 1, &i64) == PICKLE_STATUS_OK && i64 == 5);
        CHECK(pickle_value_at_u64(&doc, root, 1, &u64) == PICKLE_STATUS_OK && u64 == 5);
        CHECK(pickle_value_find_u64(&doc, root, "[1]", &u64) == PICKLE_STATUS_OK && u64 == 5);
        CHECK(pickle_value_at_f64(&doc, root, 2, &f64) == PICKLE_STATUS_OK && f64 == 1.5);
        CHECK(pickle_value_find_f64(&doc, root, "[2]", &f64) == PICKLE_STATUS_OK && f64 == 1.5);
        CHECK(pickle_value_at_str(&doc, root, 3, &text) == PICKLE_STATUS_OK && text.size == 1 && *text.data == 's');
        CHECK(pickle_value_find_str(&doc, root, "[3]", &text) == PICKLE_STATUS_OK && text.size == 1);
        CHECK(pickle_value_at_bytes(&doc, root, 4, &bytes) == PICKLE_STATUS_OK && *bytes.data == 'b');
        CHECK(pickle_value_find_bytes(&doc, root, "[4]", &bytes) == PICKLE_STATUS_OK && bytes.size == 1);
        CHECK(pickle_value_find(&doc, root, "[-1]", &value) == PICKLE_STATUS_OK);
        GIVES(MISSING, pickle_value_at(&doc, root, 5, &value));
        GIVES(WRONG_KIND, pickle_value_entries(&doc, root, &iter));
    }
    GIVES(OK, pickle_load(memory, "}X\x01\0\0\0uK\x05s.", 11, NULL, &doc, NULL));
    {
        uint64_t u64 = 0;
        CHECK(pickle_value_get_u64(&doc, pickle_doc_root(&doc), "u", &u64) == PICKLE_STATUS_OK && u64 == 5);
    }
}

static void nulls(void) {
    pickle_doc doc;
    pickle_reader reader;
    pickle_decoder decoder;
    pickle_value none;
    pickle_error error;
    pickle_options options;
    pickle_iter iter;
    double f64;
    memset(&doc, 0, sizeof doc);
    memset(&reader, 0, sizeof reader);
    memset(&decoder, 0, sizeof decoder);
    memset(&none, 0, sizeof none);
    memset(&options, 0, sizeof options);
    memset(&iter, 0, sizeof iter);
    CHECK(pickle_load(NULL, sample, 1, NULL, &doc, &error) == PICKLE_STATUS_NULL && error.status == PICKLE_STATUS_NULL);
    GIVES(EMPTY, pickle_load(memory, NULL, 9, NULL, &doc, NULL));
    GIVES(EMPTY, pickle_load(memory, sample, 0, NULL, &doc, NULL));
    GIVES(NULL, pickle_load(memory, sample, sizeof sample - 1, NULL, NULL, NULL));
    options.encoding = 9;
    GIVES(BAD_OPTION, pickle_load(memory, sample, 1, &options, &doc, NULL));
    CHECK(pickle_value_kind(NULL, none) == PICKLE_KIND_NONE && pickle_value_kind(&doc, none) == PICKLE_KIND_NONE);
    GIVES(NULL, pickle_value_get_f64(&doc, none, "a", &f64));
    GIVES(NULL, pickle_value_get_f64(NULL, none, NULL, NULL));
    CHECK(pickle_value_len(NULL, none) == 0 && !pickle_iter_next(NULL, &none) && !pickle_iter_next(&iter, NULL));
    CHECK(pickle_reader_feed(NULL, NULL) == PICKLE_STATUS_NULL && pickle_reader_finish(&reader) == PICKLE_STATUS_NULL);
    GIVES(NULL, pickle_decoder_finish(&decoder));
    GIVES(NULL, pickle_reader_init(NULL, memory, NULL));
    GIVES(ABI_MISMATCH, pickle_reader_init_abi(&reader, memory, NULL, 0, sizeof reader));
    GIVES(NULL, pickle_value_dump_json(NULL, none, keep, NULL));
}

static void pushed(const char *data, size_t size, size_t step, const pickle_storage *storage, pickle_status expected) {
    pickle_reader reader;
    pickle_doc doc;
    pickle_status status = PICKLE_STATUS_NEED_MORE;
    size_t at = 0;
    GIVES(OK, pickle_reader_init(&reader, storage, NULL));
    while (status == PICKLE_STATUS_NEED_MORE && at < size) {
        pickle_in in = {data + at, size - at < step ? size - at : step, 0};
        status = pickle_reader_feed(&reader, &in);
        at += in.pos;
    }
    if (status == PICKLE_STATUS_NEED_MORE) {
        status = pickle_reader_finish(&reader);
    }
    CHECK(status == expected);
    if (status == PICKLE_STATUS_OK && expected == PICKLE_STATUS_OK) {
        GIVES(OK, pickle_reader_doc(&reader, &doc));
        if (data == sample) {
            getters(&doc);
        }
    }
}

static void opcodes(void) {
    pickle_decoder decoder;
    pickle_step step;
    size_t at, ops = 0, payload = 0;
    pickle_status status = PICKLE_STATUS_NEED_MORE;
    GIVES(OK, pickle_decoder_init(&decoder));
    for (at = 0; at < sizeof sample - 1; at++) {
        pickle_in in = {sample + at, 1, 0};
        while ((status = pickle_decoder_next(&decoder, &in, &step)) == PICKLE_STATUS_OK &&
               step.kind != PICKLE_STEP_KIND_END) {
            ops += step.kind == PICKLE_STEP_KIND_OP || step.last;
            payload += step.data.size;
            CHECK(pickle_opcode_name(step.opcode) != NULL);
        }
    }
    CHECK(status == PICKLE_STATUS_OK && pickle_decoder_finish(&decoder) == PICKLE_STATUS_OK);
    CHECK(ops == 24 && payload == 35 && pickle_decoder_offset(&decoder) == sizeof sample - 1);
    CHECK(pickle_opcode_name(0) == NULL && !strcmp(pickle_opcode_name('h'), "BINGET"));
}

/* The macros bound what any pickle needs, but for memo entries that it leaves out. */
static void bounds(const void *data, size_t size) {
    pickle_storage storage;
    pickle_options options;
    pickle_reader reader;
    pickle_status status;
    pickle_in in;
    size_t n;
    memset(&options, 0, sizeof options);
    storage.nodes_len = PICKLE_NODES_FOR(size);
    storage.memo_len = memory->memo_len;
    storage.bytes_len = PICKLE_BYTES_FOR(size);
    storage.nodes = (pickle_node *)malloc(storage.nodes_len * sizeof(pickle_node));
    storage.memo = memory->memo;
    storage.bytes = (uint8_t *)malloc(storage.bytes_len);
    if (storage.nodes && storage.bytes) {
        for (n = 0; n < 2; n++) {
            options.encoding = n ? PICKLE_ENCODING_LATIN1 : PICKLE_ENCODING_KEEP;
            GIVES(OK, pickle_reader_init(&reader, &storage, &options));
            in.data = data;
            in.size = size;
            in.pos = 0;
            do {
                /* One byte a call: everything is copied. */
                in.size = in.pos + (in.pos < size);
                status = pickle_reader_feed(&reader, &in);
            } while (status == PICKLE_STATUS_NEED_MORE && in.pos < size);
            CHECK(status != PICKLE_STATUS_NODES_FULL && status != PICKLE_STATUS_BYTES_FULL);
        }
    }
    free(storage.nodes);
    free(storage.bytes);
}

/* Any file with any storage: a status, and the same whether whole or in pieces. */
static void any_file(const char *path) {
    static char data[1 << 20];
    static struct text text;
    pickle_node nodes[64], memo[8];
    uint8_t bytes[64];
    size_t n, size;
    FILE *file = fopen(path, "rb");
    pickle_doc doc;
    CHECK(file != NULL);
    if (!file) {
        return;
    }
    size = fread(data, 1, sizeof data, file);
    fclose(file);
    for (n = 0; n <= 64; n += 8) {
        pickle_storage tiny;
        pickle_status status;
        tiny.nodes = nodes;
        tiny.nodes_len = n;
        tiny.memo = n ? memo : NULL;
        tiny.memo_len = n / 8;
        tiny.bytes = n ? bytes : NULL;
        tiny.bytes_len = n;
        status = pickle_load(&tiny, data, size, NULL, &doc, NULL);
        CHECK(!strcmp(pickle_status_name(status), "Ok") || (int)status < 80);
        pickle_load(&tiny, data, size / 2, NULL, &doc, NULL);
    }
    test_items_of(data, size);
    test_scan_of(data, size);
    bounds(data, size);
    if (pickle_load(memory, data, size, NULL, &doc, NULL) == PICKLE_STATUS_OK) {
        pickle_status status;
        text.size = 0;
        text.limit = sizeof text.data;
        status = pickle_value_dump_json(&doc, pickle_doc_root(&doc), keep, &text);
        /* Text longer than the buffer is refused by `keep`. */
        CHECK(status == PICKLE_STATUS_STOPPED || (status == PICKLE_STATUS_OK && text.size != 0));
    }
}

int main(int argc, char **argv) {
    static struct text text;
    pickle_doc doc;
    pickle_error error;
    pickle_status status;
    int i;

    CHECK(pickle_version_number() == PICKLE_VERSION_NUMBER && pickle_abi_version() == PICKLE_ABI_VERSION);
    CHECK(!strcmp(pickle_version_string(), PICKLE_VERSION_STRING));
    GIVES(OK, pickle_load(memory, sample, sizeof sample - 1, NULL, &doc, &error));
    CHECK(error.status == PICKLE_STATUS_OK);
    getters(&doc);
    from_root(&doc);
    text.limit = sizeof text.data;
    GIVES(OK, pickle_value_dump_json(&doc, pickle_doc_root(&doc), keep, &text));
    CHECK(!strcmp(text.data, "{\"temp\": {\"$float\": \"4035800000000000\"}, \"n\": [1, -2, 300], \"ok\": true, "
                             "\"name\": \"x\xc3\xa9\", \"raw\": {\"$bytes\": \"00ff\"}, \"none\": null, "
                             "\"big\": {\"$int_le\": \"000000000000000001\"}}"));
    text.size = 0;
    text.limit = 8;
    GIVES(STOPPED, pickle_value_dump_json(&doc, pickle_doc_root(&doc), keep, &text));
    objects();
    nulls();
    opcodes();
    for (i = 1; i < 90; i++) {
        pushed(sample, sizeof sample - 1, (size_t)i, memory, PICKLE_STATUS_OK);
    }
    for (i = 1; i < (int)sizeof sample - 1; i++) {
        status = pickle_load(memory, sample, (size_t)i, NULL, &doc, &error);
        CHECK((status == PICKLE_STATUS_END_OF_INPUT || status == PICKLE_STATUS_TRUNCATED) && error.offset == (size_t)i);
    }
    {
        pickle_storage small = *memory;
        small.nodes_len = 4;
        pushed(sample, sizeof sample - 1, 7, &small, PICKLE_STATUS_NODES_FULL);
        small = *memory;
        small.bytes_len = 4;
        pushed(sample, sizeof sample - 1, 7, &small, PICKLE_STATUS_BYTES_FULL);
        small = *memory;
        small.memo_len = 0;
        pushed("\x80\x02]q\0.", 6, 7, &small, PICKLE_STATUS_MEMO_FULL);
    }
    GIVES(OK, pickle_load(&empty, "N.", 2, NULL, &doc, &error));
    GIVES(NODES_FULL, pickle_load(&empty, "NN.", 3, NULL, &doc, &error));
    others();
    test_writing();
    test_writing_known();
    test_known();
    test_items();
    test_messages();
    test_scan();
    test_tables();
    test_statuses();
    for (i = 1; i < argc; i++) {
        any_file(argv[i]);
    }
    printf("%d files, %d failures\n", argc - 1, failures);
    return failures != 0;
}
