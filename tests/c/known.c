/* Well-known types through the C interface, in the spellings of four protocols (known.h). */
#include "check.h"
#include "known.h"

static pickle_doc doc;
static pickle_value root;

static bool bytes_are(const char *expected, size_t size) {
    uint8_t copy[64];
    size_t found = 0;
    pickle_status status = pickle_value_copy_bytes(&doc, root, copy, sizeof copy, &found);
    return status == PICKLE_STATUS_OK && found == size && !memcmp(copy, expected, size);
}

static bool text_is(const char *expected) {
    pickle_str text;
    return pickle_value_known_text(&doc, root, &text) == PICKLE_STATUS_OK && text.size == strlen(expected) &&
           !memcmp(text.data, expected, text.size);
}

static int64_t sum_items(void) {
    pickle_iter iter;
    pickle_value item;
    int64_t sum = 0, one = 0;
    CHECK(pickle_value_known_items(&doc, root, &iter) == PICKLE_STATUS_OK);
    while (pickle_iter_next(&iter, &item)) {
        CHECK(pickle_value_as_i64(&doc, item, &one) == PICKLE_STATUS_OK);
        sum += one;
    }
    return sum;
}

static size_t entries(void) {
    pickle_iter iter;
    pickle_value key, value;
    size_t count = 0;
    CHECK(pickle_value_known_entries(&doc, root, &iter) == PICKLE_STATUS_OK && iter.left == 2);
    CHECK(!pickle_iter_next(&iter, &key)); /* wrong use: an iterator of entries */
    while (pickle_iter_next_entry(&iter, &key, &value)) {
        CHECK(pickle_value_kind(&doc, key) == PICKLE_KIND_STR && pickle_value_kind(&doc, value) == PICKLE_KIND_INT);
        count++;
    }
    return count;
}

/* The items of an array, as doubles and as ints. */
static void array_is(const char *kind, uint64_t item_size, size_t len, const double *numbers) {
    uint8_t copy[64];
    pickle_array array;
    size_t size, i;
    CHECK(pickle_value_as_array(&doc, root, &array) == PICKLE_STATUS_OK);
    CHECK(array.kind == (uint8_t)*kind && array.item_size == item_size && array.len == len && !array.fortran);
    CHECK(pickle_value_copy_bytes(&doc, root, copy, sizeof copy, &size) == PICKLE_STATUS_OK && size == len * item_size);
    CHECK(array.data.size == 0 || (array.data.size == size && !memcmp(array.data.data, copy, size)));
    for (i = 0; i < len; i++) {
        double f64 = 0;
        int64_t i64 = 0;
        pickle_status status = pickle_array_item_i64(&array, copy + i * item_size, &i64);
        CHECK(pickle_array_item_f64(&array, copy + i * item_size, &f64) == PICKLE_STATUS_OK && f64 == numbers[i]);
        if (*kind == 'f') {
            CHECK(status == PICKLE_STATUS_WRONG_KIND);
        } else if (numbers[i] > 1e18) {
            CHECK(status == PICKLE_STATUS_OUT_OF_RANGE);
        } else {
            CHECK(status == PICKLE_STATUS_OK && i64 == (int64_t)numbers[i]);
        }
    }
}

static void one(const struct known_pickle *pickle) {
    static const double f4[] = {1.5, -2.0, 0.25, 3.0}, i2[] = {1, -2}, u8[] = {18446744073709551615.0}, flags[] = {1, 0};
    static const double scalar[] = {-7}, half[] = {0.5, 65504};
    const char *name = pickle->name;
    pickle_known known;
    pickle_datetime at;
    pickle_timedelta span;
    pickle_array array;
    pickle_value zone;
    double re = 0, im = 0;
    uint8_t uuid[16];
    CHECK(pickle_load(memory, pickle->data, pickle->size, NULL, &doc, NULL) == PICKLE_STATUS_OK);
    root = pickle_doc_root(&doc);
    known = pickle_value_known(&doc, root);
#define IS(text) (!strcmp(name, text))
    if (IS("date")) {
        CHECK(known == PICKLE_KNOWN_DATE && pickle_value_as_datetime(&doc, root, &at) == PICKLE_STATUS_OK);
        CHECK(at.year == 2024 && at.month == 2 && at.day == 29 && at.hour == 0 && pickle_value_is_none(&doc, at.zone));
        CHECK(pickle_value_as_timedelta(&doc, root, &span) == PICKLE_STATUS_WRONG_KIND);
    } else if (IS("time")) {
        CHECK(known == PICKLE_KNOWN_TIME && pickle_value_as_datetime(&doc, root, &at) == PICKLE_STATUS_OK);
        CHECK(at.year == 0 && at.hour == 23 && at.minute == 59 && at.second == 58 && at.microsecond == 999999);
    } else if (IS("datetime")) {
        CHECK(known == PICKLE_KNOWN_DATE_TIME && pickle_value_as_datetime(&doc, root, &at) == PICKLE_STATUS_OK);
        CHECK(at.year == 2024 && at.hour == 12 && at.second == 15 && at.microsecond == 250);
        /* Protocols before 4 do not keep the fold. */
        CHECK(at.fold == (pickle->protocol > 3));
        CHECK(pickle_value_known(&doc, at.zone) == PICKLE_KNOWN_TIME_ZONE);
        CHECK(pickle_value_as_timedelta(&doc, at.zone, &span) == PICKLE_STATUS_OK && span.days == 0 && span.seconds == 0);
    } else if (IS("timedelta")) {
        CHECK(known == PICKLE_KNOWN_TIME_DELTA && pickle_value_as_timedelta(&doc, root, &span) == PICKLE_STATUS_OK);
        CHECK(span.days == -1 && span.seconds == 86399 && span.microseconds == 5);
    } else if (IS("timezone")) {
        CHECK(known == PICKLE_KNOWN_TIME_ZONE && pickle_value_as_timedelta(&doc, root, &span) == PICKLE_STATUS_OK);
        CHECK(span.seconds == 3600 && text_is("CET"));
    } else if (IS("decimal")) {
        CHECK(known == PICKLE_KNOWN_DECIMAL && text_is("-12.50"));
    } else if (IS("fraction")) {
        pickle_iter args;
        int64_t i64 = 0;
        if (known == PICKLE_KNOWN_FRACTION) {
            CHECK(pickle_object_args(&doc, root, &args) == PICKLE_STATUS_OK && pickle_iter_next(&args, &zone));
            CHECK(pickle_value_as_i64(&doc, zone, &i64) == PICKLE_STATUS_OK && i64 == -3);
        } else {
            CHECK(known == PICKLE_KNOWN_FRACTION_TEXT && text_is("-3/4"));
        }
    } else if (IS("uuid")) {
        CHECK(known == PICKLE_KNOWN_UUID && pickle_value_as_uuid(&doc, root, uuid) == PICKLE_STATUS_OK);
        CHECK(!memcmp(uuid, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16));
    } else if (IS("complex")) {
        CHECK(known == PICKLE_KNOWN_COMPLEX && pickle_value_as_complex(&doc, root, &re, &im) == PICKLE_STATUS_OK);
        CHECK(re == 1.5 && im == -2);
        CHECK(pickle_value_as_complex(&doc, root, &re, NULL) == PICKLE_STATUS_NULL);
    } else if (IS("ordered")) {
        CHECK(known == PICKLE_KNOWN_ORDERED_DICT && entries() == 2);
    } else if (IS("counter")) {
        CHECK(known == PICKLE_KNOWN_COUNTER && entries() == 2);
    } else if (IS("deque")) {
        CHECK(known == PICKLE_KNOWN_DEQUE && sum_items() == 6);
    } else if (IS("set")) {
        CHECK(pickle->protocol > 3 ? known == PICKLE_KNOWN_NONE : (known == PICKLE_KNOWN_SET && sum_items() == 7));
    } else if (IS("frozenset")) {
        CHECK(pickle->protocol > 3 ? known == PICKLE_KNOWN_NONE : (known == PICKLE_KNOWN_FROZEN_SET && sum_items() == 8));
    } else if (IS("bytes")) {
        uint8_t two[2];
        size_t size = 0;
        CHECK(bytes_are("\x00\x7f\x80\xff", 4) && (known == PICKLE_KNOWN_BYTES) == (pickle->protocol < 3));
        CHECK(pickle_value_copy_bytes(&doc, root, two, 2, &size) == PICKLE_STATUS_OUT_OF_RANGE && size == 4 && two[1] == 0x7f);
        CHECK(pickle_value_copy_bytes(&doc, root, NULL, 9, &size) == PICKLE_STATUS_OUT_OF_RANGE && size == 4);
    } else if (IS("byte_array")) {
        CHECK(bytes_are("\x00\x80", 2) && (known == PICKLE_KNOWN_BYTE_ARRAY) == (pickle->protocol < 5));
    } else if (IS("path")) {
        pickle_iter parts;
        CHECK(known == PICKLE_KNOWN_PATH && pickle_value_known_items(&doc, root, &parts) == PICKLE_STATUS_OK && parts.left == 3);
    } else if (IS("range")) {
        CHECK(known == PICKLE_KNOWN_RANGE);
    } else if (IS("f4")) {
        CHECK(known == PICKLE_KNOWN_ARRAY);
        array_is("f", 4, 4, f4);
        CHECK(pickle_value_as_array(&doc, root, &array) == PICKLE_STATUS_OK && pickle_value_len(&doc, array.shape) == 2);
    } else if (IS("i2")) {
        array_is("i", 2, 2, i2);
    } else if (IS("u8")) {
        array_is("u", 8, 1, u8);
    } else if (IS("bool")) {
        array_is("b", 1, 2, flags);
    } else if (IS("half")) {
        array_is("f", 2, 2, half);
    } else if (IS("scalar")) {
        CHECK(known == PICKLE_KNOWN_SCALAR);
        array_is("i", 2, 1, scalar);
    } else if (IS("objects")) {
        CHECK(pickle_value_as_array(&doc, root, &array) == PICKLE_STATUS_OK && array.kind == 'O');
        CHECK(pickle_value_len(&doc, array.objects) == 2);
    } else {
        printf("no test for %s\n", name);
        failures++;
    }
}

/* Objects of classes of one's own: class, fields, attributes; how far a path comes in them. */
static void of_any_class(void) {
    /* m.C(7) with x = 1, m.D as a subclass of list with one item, re.compile("a+"). */
    static const char record[] = "cm\nC\n(I7\ntR(dVx\nI1\nsb.", list[] = "\200\2cm\nD\n)\201K\5a.";
    static const char pattern[] = "cre\n_compile\n(Va+\nI0\ntR.";
    pickle_iter iter;
    pickle_value type, key, value, there;
    pickle_str module, name;
    size_t done = 99;
    int64_t i64 = 0;
    CHECK(pickle_load(memory, record, sizeof record - 1, NULL, &doc, NULL) == PICKLE_STATUS_OK);
    root = pickle_doc_root(&doc);
    CHECK(pickle_value_known(&doc, root) == PICKLE_KNOWN_RECORD);
    CHECK(pickle_value_known_class(&doc, root, &type) == PICKLE_STATUS_OK);
    CHECK(pickle_value_as_global(&doc, type, &module, &name) == PICKLE_STATUS_OK && name.size == 1 && *name.data == 'C');
    CHECK(pickle_value_known_attributes(&doc, root, &iter) == PICKLE_STATUS_OK && iter.left == 1);
    CHECK(pickle_iter_next_entry(&iter, &key, &value) && !pickle_iter_next_entry(&iter, &key, &value));
    CHECK(pickle_value_as_i64(&doc, value, &i64) == PICKLE_STATUS_OK && i64 == 1);
    CHECK(sum_items() == 7);
    CHECK(pickle_value_path_reach(&doc, root, "$.x", &done, &there) == PICKLE_STATUS_OK && done == 3);
    CHECK(pickle_value_path_reach(&doc, root, "$.x.y", &done, &there) == PICKLE_STATUS_MISSING && done == 3);
    CHECK(pickle_value_as_i64(&doc, there, &i64) == PICKLE_STATUS_OK && i64 == 1);
    CHECK(pickle_value_path_reach(&doc, root, "$[", NULL, NULL) == PICKLE_STATUS_BAD_PATH);
    CHECK(pickle_value_path_reach(&doc, root, NULL, NULL, NULL) == PICKLE_STATUS_NULL);
    CHECK(pickle_value_known_inner(&doc, root, &value) == PICKLE_STATUS_WRONG_KIND);
    CHECK(pickle_value_known_entries(&doc, root, &iter) == PICKLE_STATUS_WRONG_KIND && iter.left == 0);

    CHECK(pickle_load(memory, list, sizeof list - 1, NULL, &doc, NULL) == PICKLE_STATUS_OK);
    root = pickle_doc_root(&doc);
    CHECK(pickle_value_known(&doc, root) == PICKLE_KNOWN_LIST && sum_items() == 5);
    CHECK(pickle_value_known_attributes(&doc, root, &iter) == PICKLE_STATUS_OK && iter.left == 0);

    CHECK(pickle_load(memory, pattern, sizeof pattern - 1, NULL, &doc, NULL) == PICKLE_STATUS_OK);
    root = pickle_doc_root(&doc);
    CHECK(pickle_value_known(&doc, root) == PICKLE_KNOWN_PATTERN);
    CHECK(pickle_value_known_inner(&doc, root, &value) == PICKLE_STATUS_OK);
    CHECK(pickle_value_as_str(&doc, value, &name) == PICKLE_STATUS_OK && name.size == 2 && !memcmp(name.data, "a+", 2));
    CHECK(pickle_value_known_class(&doc, root, &type) == PICKLE_STATUS_WRONG_KIND);
    CHECK(pickle_value_known_attributes(NULL, root, &iter) == PICKLE_STATUS_NULL);
}

void test_known(void) {
    size_t i;
    pickle_array array;
    double f64;
    int64_t i64;
    memset(&array, 0, sizeof array);
    for (i = 0; i < sizeof known_pickles / sizeof known_pickles[0]; i++) {
        int before = failures;
        one(&known_pickles[i]);
        if (failures != before) {
            printf("... in %s, protocol %d\n", known_pickles[i].name, known_pickles[i].protocol);
        }
    }
    of_any_class();
    CHECK(pickle_value_known(NULL, root) == PICKLE_KNOWN_NONE);
    CHECK(pickle_value_as_uuid(&doc, root, NULL) == PICKLE_STATUS_NULL);
    CHECK(pickle_array_item_f64(NULL, "x", &f64) == PICKLE_STATUS_NULL);
    CHECK(pickle_array_item_i64(&array, NULL, &i64) == PICKLE_STATUS_NULL);
    CHECK(pickle_array_item_i64(&array, "x", &i64) == PICKLE_STATUS_WRONG_KIND);
}
