/* The item reader: every piece size, batches pending at STOP, plans, paths, bounded memory, bad input. */
#include "check.h"

enum { LARGEST = 1 << 20 };
static uint8_t pickle[LARGEST];

/* {"meta": {"v": 1}, "rows": [{"id": 0, "name": "n"}, ...]} or the list alone; keys are written once. */
static size_t rows(size_t count, bool in_dict, bool as_tuple) {
    PICKLE_WRITER_STORAGE(levels, 4, 4);
    pickle_writer out;
    size_t n;
    pickle_writer_init(&out, pickle, sizeof pickle, 4, &levels);
    if (in_dict) {
        pickle_writer_begin_dict(&out, 2);
        pickle_writer_str(&out, "meta");
        pickle_writer_i64(&out, 1);
        pickle_writer_str(&out, "rows");
    }
    if (as_tuple) {
        pickle_writer_begin_tuple(&out, PICKLE_UNKNOWN);
    } else {
        pickle_writer_begin_list(&out, PICKLE_UNKNOWN);
    }
    for (n = 0; n < count; n++) {
        pickle_writer_begin_dict(&out, 2);
        pickle_writer_shared_str(&out, "id");
        pickle_writer_i64(&out, (int64_t)n);
        pickle_writer_shared_str(&out, "name");
        pickle_writer_str(&out, "n");
        pickle_writer_end(&out);
    }
    pickle_writer_end(&out);
    if (in_dict) {
        pickle_writer_end(&out);
    }
    GIVES(OK, pickle_writer_finish(&out));
    return pickle_writer_written(&out);
}

struct result {
    pickle_status status;
    size_t count;
    uint64_t sum;
    uint64_t offset;
};

/* Reads all items, `step` bytes a call. */
static struct result items(const pickle_storage *storage, const void *data, size_t size, size_t step,
                           const pickle_item_options *options) {
    pickle_item_reader reader;
    struct result result = {PICKLE_STATUS_OK, 0, 0, 0};
    pickle_item item;
    uint64_t id;
    size_t at = options ? (size_t)options->offset : 0;
    result.status = pickle_item_reader_init(&reader, storage, options);
    if (result.status != PICKLE_STATUS_OK) {
        return result;
    }
    for (;;) {
        pickle_in in;
        in.data = (const uint8_t *)data + at;
        in.size = size - at < step ? size - at : step;
        in.pos = 0;
        while ((result.status = pickle_item_reader_next(&reader, &in, &item)) == PICKLE_STATUS_ITEM) {
            CHECK(item.index == result.count);
            result.count++;
            if (pickle_doc_find_u64(&item.doc, "$.id", &id) == PICKLE_STATUS_OK) {
                result.sum += id;
            }
            CHECK(item.has_key == (item.role == PICKLE_ROLE_ENTRY || item.role == PICKLE_ROLE_ATTRIBUTE));
            CHECK(pickle_value_kind(&item.doc, item.value) == pickle_value_kind(&item.doc, pickle_doc_root(&item.doc)));
        }
        at += in.pos;
        if (result.status != PICKLE_STATUS_NEED_MORE) {
            break;
        }
        CHECK(in.pos == in.size);
        if (at == size) {
            result.status = pickle_item_reader_finish(&reader);
            break;
        }
    }
    result.offset = pickle_item_reader_offset(&reader);
    return result;
}

static void every_step(size_t size, size_t count, const pickle_storage *storage, const pickle_item_options *options) {
    static const size_t steps[] = {1, 2, 3, 7, 64, 255, 256, 4096, 65535, 65536, LARGEST};
    size_t n;
    for (n = 0; n < sizeof steps / sizeof steps[0]; n++) {
        struct result found = items(storage, pickle, size, steps[n], options);
        CHECK(found.status == PICKLE_STATUS_OK && found.count == count && found.offset == size);
        CHECK(found.sum == (count ? (uint64_t)count * (count - 1) / 2 : 0));
    }
}

/* A number that two pieces share is fetched as any other. */
static void plans_in_pieces(void) {
    static const char text[] = "(lp0\nVshared\np1234\nag1234\nag0001234\na.";
    size_t step;
    for (step = 1; step < sizeof text; step++) {
        pickle_memo_plan plan;
        pickle_memo_use uses[4];
        pickle_status status = PICKLE_STATUS_NEED_MORE;
        size_t at;
        GIVES(OK, pickle_memo_plan_init(&plan, uses, 4, 0));
        for (at = 0; at < sizeof text - 1; at += step) {
            pickle_in in = {NULL, 0, 0};
            in.data = (const uint8_t *)text + at;
            in.size = sizeof text - 1 - at < step ? sizeof text - 1 - at : step;
            status = pickle_memo_plan_feed(&plan, &in);
        }
        CHECK(status == PICKLE_STATUS_OK && pickle_memo_plan_len(&plan) == 1);
    }
}

static void bounded(void) {
    static const size_t counts[] = {0, 1, 2, 255, 256, 1000, 1001, 2000, 30000};
    PICKLE_STATIC_STORAGE(small, 20000, 64, 4096);
    size_t n;
    for (n = 0; n < sizeof counts / sizeof counts[0]; n++) {
        pickle_item_options options;
        pickle_memo_plan plan;
        pickle_memo_use uses[16];
        pickle_in in = {pickle, 0, 0};
        size_t size = rows(counts[n], true, false);

        memset(&options, 0, sizeof options);
        options.path = "$.rows";
        GIVES(OK, pickle_memo_plan_init(&plan, uses, 16, 0));
        in.size = size / 2;
        GIVES(NEED_MORE, pickle_memo_plan_feed(&plan, &in));
        in.size = size;
        GIVES(OK, pickle_memo_plan_feed(&plan, &in));
        CHECK(in.pos == size && pickle_memo_plan_len(&plan) == (counts[n] > 1 ? 2 : 0));
        options.plan = &plan;
        every_step(size, counts[n], &small, &options);
        /* 30000 rows take some 200000 nodes as a document. Here there is room for two batches of 1000 rows. */
        options.plan = NULL;
        if (counts[n] <= 1000) {
            every_step(size, counts[n], memory, &options);
        }
        options.min_nodes = 1;
        options.plan = &plan;
        every_step(size, counts[n], &small, &options);

        /* A tuple is complete at STOP: all of its items are pending then. */
        if (counts[n] <= 1000) {
            size = rows(counts[n], false, true);
            every_step(size, counts[n], memory, NULL);
            every_step(rows(counts[n], false, false), counts[n], memory, NULL);
        }
    }
}

/* `finish` in the middle of a batch says that there is more, and loses nothing. */
static void finished_early(void) {
    pickle_item_reader reader;
    pickle_item item;
    pickle_in in = {pickle, 0, 0}, none = {NULL, 0, 0};
    size_t count = 0;
    pickle_error error;
    in.size = rows(100, false, true);
    GIVES(OK, pickle_item_reader_init(&reader, memory, NULL));
    GIVES(ITEM, pickle_item_reader_next(&reader, &in, &item));
    CHECK(in.pos == in.size);
    for (count = 1; pickle_item_reader_finish(&reader) == PICKLE_STATUS_ITEM; count++) {
        GIVES(ITEM, pickle_item_reader_finish(&reader));
        GIVES(ITEM, pickle_item_reader_next(&reader, &none, &item));
        CHECK(item.index == count);
    }
    CHECK(count == 100);
    GIVES(OK, pickle_item_reader_next(&reader, &none, &item));
    GIVES(OK, pickle_item_reader_finish(&reader));

    /* Two pickles, and a third that is cut. */
    GIVES(OK, pickle_item_reader_init(&reader, memory, NULL));
    in.data = "]K\1a.(lI2\na.]K\3";
    in.pos = 0;
    in.size = 15;
    GIVES(ITEM, pickle_item_reader_next(&reader, &in, &item));
    GIVES(OK, pickle_item_reader_next(&reader, &in, &item));
    GIVES(OK, pickle_item_reader_next_pickle(&reader));
    GIVES(ITEM, pickle_item_reader_next(&reader, &in, &item));
    GIVES(OK, pickle_item_reader_next(&reader, &in, &item));
    CHECK(pickle_item_reader_offset(&reader) == in.pos);
    GIVES(OK, pickle_item_reader_next_pickle(&reader));
    GIVES(NEED_MORE, pickle_item_reader_next(&reader, &in, &item));
    GIVES(END_OF_INPUT, pickle_item_reader_finish(&reader));
    CHECK(pickle_item_reader_error(&reader, &error) == PICKLE_STATUS_OK && error.offset == 15);
}

/* {"a": {}, "rows": [...]}: the list may yet be put into the empty dict. Who asks, and looks ahead, has its items at once. */
static void behind_a_sibling(void) {
    static const char head[] = "\x80\x02}(X\x01\0\0\0a}X\x04\0\0\0rows]";
    enum { ROWS = 5000, NODES = 4500 };
    PICKLE_STORAGE(storage, NODES, 64, 4096);
    size_t size = 0, n, step;
    int into_sibling, asks;
    for (into_sibling = 0; into_sibling < 2; into_sibling++) {
        size = sizeof head - 1;
        memcpy(pickle, head, size);
        for (n = 0; n < ROWS; n++) {
            if (n % 1000 == 0) {
                pickle[size++] = '(';
            }
            pickle[size++] = 'K';
            pickle[size++] = (uint8_t)n;
            if (n % 1000 == 999) {
                pickle[size++] = 'e';
            }
        }
        if (into_sibling) {
            pickle[size++] = 's';
        }
        pickle[size++] = 'u';
        pickle[size++] = '.';
        for (asks = 0; asks < 2; asks++) {
            for (step = 61; step <= size; step *= 7) {
                pickle_item_options options;
                pickle_item_reader reader;
                pickle_item item;
                pickle_look_ahead look_ahead;
                pickle_status status;
                size_t at = 0, count = 0, doubts = 0;
                memset(&options, 0, sizeof options);
                options.path = "$.rows";
                GIVES(OK, pickle_item_reader_init(&reader, &storage, &options));
                GIVES(MISSING, pickle_item_reader_look_ahead(&reader, &look_ahead));
                if (asks) {
                    GIVES(OK, pickle_item_reader_report_doubt(&reader));
                }
                for (;;) {
                    pickle_in in;
                    in.data = pickle + at;
                    in.size = size - at < step ? size - at : step;
                    in.pos = 0;
                    status = pickle_item_reader_next(&reader, &in, &item);
                    at += in.pos;
                    if (status == PICKLE_STATUS_ITEM) {
                        count++;
                    } else if (status == PICKLE_STATUS_IN_DOUBT) {
                        pickle_status known;
                        size_t ahead;
                        GIVES(OK, pickle_item_reader_look_ahead(&reader, &look_ahead));
                        ahead = (size_t)pickle_look_ahead_offset(&look_ahead);
                        do {
                            pickle_in look;
                            look.data = pickle + ahead;
                            look.size = size - ahead < step ? size - ahead : step;
                            look.pos = 0;
                            known = pickle_look_ahead_feed(&look_ahead, &look);
                            ahead += look.pos;
                        } while (known == PICKLE_STATUS_NEED_MORE && ahead < size);
                        CHECK(known == (into_sibling ? PICKLE_STATUS_MISSING : PICKLE_STATUS_OK));
                        GIVES(OK, pickle_item_reader_decide(&reader, known == PICKLE_STATUS_OK));
                        doubts++;
                    } else if (status != PICKLE_STATUS_NEED_MORE || at == size) {
                        break;
                    }
                }
                if (!asks) {
                    CHECK(status == PICKLE_STATUS_NODES_FULL && count == 0);
                    CHECK(pickle_item_reader_is_held_in_doubt(&reader));
                } else if (into_sibling) {
                    CHECK(count == 0 && doubts == 1 && status != PICKLE_STATUS_ITEM);
                } else {
                    CHECK(status == PICKLE_STATUS_OK && count == ROWS && doubts == 1);
                    CHECK(!pickle_item_reader_is_held_in_doubt(&reader));
                }
            }
        }
    }
    GIVES(NULL, pickle_item_reader_report_doubt(NULL));
    GIVES(NULL, pickle_item_reader_look_ahead(NULL, NULL));
    GIVES(NULL, pickle_item_reader_decide(NULL, true));
    GIVES(NULL, pickle_look_ahead_feed(NULL, NULL));
    CHECK(pickle_look_ahead_offset(NULL) == 0 && !pickle_item_reader_is_held_in_doubt(NULL));
}

/* An empty list at a path, and nothing there, are two things. */
static void path_or_none(void) {
    static const struct {
        const char *path;
        bool found;
    } cases[] = {{"$.rows", true}, {"$.row", false}, {"$[0]", false}, {"$", true}, {"$.rows[0]", false}};
    size_t n;
    for (n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        pickle_item_reader reader;
        pickle_item_options options;
        pickle_item item;
        pickle_status status;
        pickle_in in = {"\200\2}X\4\0\0\0rows]s.", 15, 0};
        size_t count = 0;
        memset(&options, 0, sizeof options);
        options.path = cases[n].path;
        GIVES(OK, pickle_item_reader_init(&reader, memory, &options));
        while ((status = pickle_item_reader_next(&reader, &in, &item)) == PICKLE_STATUS_ITEM) {
            count++;
        }
        CHECK(status == PICKLE_STATUS_OK && in.pos == in.size && count == (strcmp(cases[n].path, "$") == 0));
        GIVES(OK, pickle_item_reader_finish(&reader));
        CHECK(pickle_item_reader_path_found(&reader) == cases[n].found);
    }
    CHECK(!pickle_item_reader_path_found(NULL));
}

/* What can have no items is told from what has none, at once and in pieces. */
static void no_items(void) {
    static const struct {
        const char *data;
        size_t size;
        const char *path;
        pickle_status status;
    } cases[] = {
        {"K\5.", 3, NULL, PICKLE_STATUS_NO_ITEMS},
        {"N.", 2, "$", PICKLE_STATUS_NO_ITEMS},
        {"].", 2, NULL, PICKLE_STATUS_OK},
        {").", 2, "$", PICKLE_STATUS_OK},
        {"\200\2}X\1\0\0\0aX\1\0\0\0bs.", 17, "$.a", PICKLE_STATUS_NO_ITEMS},
        {"\200\2}X\1\0\0\0aX\1\0\0\0bs.", 17, "$.b", PICKLE_STATUS_OK},
        {"\200\2}X\1\0\0\0a}s.", 12, "$.a", PICKLE_STATUS_OK},
        {"](K\1K\2e.", 8, "$[1]", PICKLE_STATUS_NO_ITEMS},
        {"cm\nf\n.", 6, NULL, PICKLE_STATUS_NO_ITEMS},
    };
    size_t n, step;
    for (n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        for (step = 1; step <= cases[n].size; step += cases[n].size - 1) {
            pickle_item_options options;
            struct result found;
            memset(&options, 0, sizeof options);
            options.path = cases[n].path;
            found = items(memory, cases[n].data, cases[n].size, step, &options);
            CHECK(found.status == cases[n].status && found.count == 0 && found.offset == cases[n].size);
        }
    }
    {
        /* A stream goes on behind it. */
        pickle_item_reader reader;
        pickle_item item;
        pickle_error error;
        pickle_in in = {"K\5.]K\1a.", 8, 0};
        GIVES(OK, pickle_item_reader_init(&reader, memory, NULL));
        GIVES(NO_ITEMS, pickle_item_reader_next(&reader, &in, &item));
        GIVES(NO_ITEMS, pickle_item_reader_next(&reader, &in, &item));
        GIVES(NO_ITEMS, pickle_item_reader_finish(&reader));
        GIVES(OK, pickle_item_reader_error(&reader, &error));
        CHECK(error.status == PICKLE_STATUS_NO_ITEMS && error.offset == 3);
        CHECK(pickle_item_reader_path_found(&reader));
        GIVES(OK, pickle_item_reader_next_pickle(&reader));
        GIVES(ITEM, pickle_item_reader_next(&reader, &in, &item));
        GIVES(OK, pickle_item_reader_next(&reader, &in, &item));
        GIVES(OK, pickle_item_reader_finish(&reader));
    }
}

/* setattr of a list, which POP drops at 27, and a call whose result stays. */
static void dropped_calls(void) {
    static const char dropped[] = "]q\0cbuiltins\nsetattr\nh\0K\1\206R0.";
    static const char kept[] = "](K\1cbuiltins\nsetattr\n)K\1\206Re.";
    uint64_t offset = 0;
    pickle_error error;
    pickle_item_reader reader, zero;
    pickle_item item;
    pickle_in in = {dropped, sizeof dropped - 1, 0};
    GIVES(OK, pickle_dropped_call(memory, dropped, sizeof dropped - 1, NULL, &offset, &error));
    CHECK(offset == 27 && error.status == PICKLE_STATUS_OK);
    GIVES(MISSING, pickle_dropped_call(memory, kept, sizeof kept - 1, NULL, &offset, NULL));
    GIVES(END_OF_INPUT, pickle_dropped_call(memory, dropped, 27, NULL, &offset, &error));
    CHECK(error.status == PICKLE_STATUS_END_OF_INPUT && error.offset == 27);
    GIVES(EMPTY, pickle_dropped_call(memory, NULL, 0, NULL, &offset, NULL));
    GIVES(NULL, pickle_dropped_call(NULL, dropped, sizeof dropped - 1, NULL, &offset, &error));
    CHECK(error.status == PICKLE_STATUS_NULL);
    GIVES(NULL, pickle_dropped_call(memory, dropped, sizeof dropped - 1, NULL, NULL, &error));

    GIVES(OK, pickle_item_reader_init(&reader, memory, NULL));
    GIVES(MISSING, pickle_item_reader_dropped_call(&reader, &offset));
    GIVES(OK, pickle_item_reader_next(&reader, &in, &item));
    offset = 0;
    GIVES(OK, pickle_item_reader_dropped_call(&reader, &offset));
    CHECK(offset == 27);
    GIVES(NULL, pickle_item_reader_dropped_call(&reader, NULL));
    GIVES(NULL, pickle_item_reader_dropped_call(NULL, &offset));
    memset(&zero, 0, sizeof zero);
    GIVES(NULL, pickle_item_reader_dropped_call(&zero, &offset));
}

static void nothing(void) {
    static pickle_item_reader reader, zero;
    static pickle_memo_plan plan, zero_plan;
    pickle_item_options options;
    pickle_memo_use uses[2];
    pickle_item item;
    pickle_error error;
    pickle_in in = {NULL, 0, 0};

    memset(&options, 0, sizeof options);
    GIVES(NULL, pickle_item_reader_init(NULL, memory, NULL));
    GIVES(NULL, pickle_item_reader_init(&reader, NULL, NULL));
    GIVES(ABI_MISMATCH, pickle_item_reader_init_abi(&reader, memory, NULL, PICKLE_ABI_VERSION, 8));
    GIVES(NULL, pickle_item_reader_next(&zero, &in, &item));
    GIVES(NULL, pickle_item_reader_next(NULL, &in, &item));
    GIVES(NULL, pickle_item_reader_finish(&zero));
    GIVES(NULL, pickle_item_reader_next_pickle(&zero));
    GIVES(NULL, pickle_item_reader_error(&zero, &error));
    CHECK(pickle_item_reader_offset(&zero) == 0 && pickle_item_reader_offset(NULL) == 0);
    options.path = "$[";
    GIVES(BAD_PATH, pickle_item_reader_init(&reader, memory, &options));
    options.path = "$.rows[*]"; /* several containers */
    GIVES(BAD_PATH, pickle_item_reader_init(&reader, memory, &options));
    options.path = "";
    options.reader.encoding = 77;
    GIVES(BAD_OPTION, pickle_item_reader_init(&reader, memory, &options));
    options.reader.encoding = 0;
    options.plan = &zero_plan;
    GIVES(NULL, pickle_item_reader_init(&reader, memory, &options));
    GIVES(OK, pickle_memo_plan_init(&plan, uses, 2, 0));
    options.plan = &plan;
    GIVES(NULL, pickle_item_reader_init(&reader, memory, &options));
    GIVES(NEED_MORE, pickle_memo_plan_feed(&plan, &in));
    in.data = "N.";
    in.size = 2;
    GIVES(OK, pickle_memo_plan_feed(&plan, &in));
    GIVES(OK, pickle_item_reader_init(&reader, memory, &options));
    GIVES(BAD_OPTION, pickle_item_reader_next_pickle(&reader));
    GIVES(NULL, pickle_item_reader_next(&reader, NULL, &item));
    GIVES(NULL, pickle_item_reader_next(&reader, &in, NULL));
    GIVES(NULL, pickle_item_reader_error(&reader, NULL));
    in.data = NULL;
    in.size = in.pos = 0;
    GIVES(NEED_MORE, pickle_item_reader_next(&reader, &in, &item));

    GIVES(NULL, pickle_memo_plan_init(NULL, uses, 2, 0));
    GIVES(ABI_MISMATCH, pickle_memo_plan_init_abi(&plan, uses, 2, 0, 0, sizeof plan));
    GIVES(NULL, pickle_memo_plan_feed(&zero_plan, &in));
    GIVES(NULL, pickle_memo_plan_feed(&plan, NULL));
    GIVES(NULL, pickle_memo_plan_error(&zero_plan, &error));
    CHECK(pickle_memo_plan_len(NULL) == 0 && pickle_memo_plan_len(&zero_plan) == 0);
    GIVES(OK, pickle_memo_plan_init(&plan, NULL, 0, 0));
    in.data = "]q\0h\0.";
    in.size = 6;
    GIVES(MEMO_FULL, pickle_memo_plan_feed(&plan, &in));
    CHECK(pickle_memo_plan_error(&plan, &error) == PICKLE_STATUS_OK && error.offset == 3);
    GIVES(NULL, pickle_memo_plan_error(&plan, NULL));
    GIVES(MEMO_FULL, pickle_memo_plan_feed(&plan, &in));
    /* Too small a region is said; the list is not. The others have room: how many nodes there are until they are full is the machine's. */
    {
        PICKLE_STORAGE(tiny, 4, 64, 4096);
        CHECK(items(&tiny, pickle, rows(100, false, false), LARGEST, NULL).status == PICKLE_STATUS_NODES_FULL);
    }
}

/* Whatever a file holds: every piece size gives the same items, as many as the document has. */
void test_items_of(const void *data, size_t size) {
    static const size_t steps[] = {1, 5, 1 << 24};
    pickle_doc doc;
    struct result first = {PICKLE_STATUS_OK, 0, 0, 0};
    size_t n;
    bool whole = pickle_load(memory, data, size, NULL, &doc, NULL) == PICKLE_STATUS_OK;
    pickle_kind kind = pickle_value_kind(&doc, pickle_doc_root(&doc));
    size_t len = pickle_value_len(&doc, pickle_doc_root(&doc));
    for (n = 0; n < sizeof steps / sizeof steps[0]; n++) {
        struct result found = items(memory, data, size, steps[n], NULL);
        if (n == 0) {
            first = found;
        }
        /* One byte a call copies payloads; the byte region may be too small for that alone. */
        CHECK((found.status == first.status && found.count == first.count && found.sum == first.sum) ||
              found.status == PICKLE_STATUS_BYTES_FULL || first.status == PICKLE_STATUS_BYTES_FULL);
        if (whole && found.status == PICKLE_STATUS_OK && kind >= PICKLE_KIND_LIST && kind <= PICKLE_KIND_FROZEN_SET) {
            CHECK(found.count == len);
        }
    }
}

void test_items(void) {
    plans_in_pieces();
    bounded();
    finished_early();
    behind_a_sibling();
    path_or_none();
    no_items();
    dropped_calls();
    nothing();
}
