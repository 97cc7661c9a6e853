/* Known types that are written: read again here, and by Python in examples.py. */
#include "check.h"

static const uint8_t id[16] = {0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78};
static const double grid[6] = {0, 0.5, 1, 1.5, 2, 2.5};
static const int16_t row[3] = {-1, 0, 300};
static const size_t grid_shape[2] = {2, 3}, row_shape[1] = {3}, no_rows[2] = {0, 3};

static bool is_little(void) {
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1;
}

static void everything(const char *folder) {
    static uint8_t buffer[4096];
    pickle_datetime when;
    pickle_timedelta delta = {-2, 3, 4}, offset = {-1, 66600, 0};
    int protocol;
    memset(&when, 0, sizeof when);
    when.year = 2024;
    when.month = 2;
    when.day = 29;
    when.hour = 23;
    when.minute = 59;
    when.second = 58;
    when.microsecond = 123456;
    for (protocol = 0; protocol < 6; protocol++) {
        PICKLE_WRITER_STORAGE(levels, 5, 0);
        pickle_writer out;
        pickle_doc doc;
        pickle_value value;
        pickle_datetime read;
        pickle_timedelta read_delta;
        pickle_array array;
        double real, imaginary, number;
        pickle_writer_init(&out, buffer, sizeof buffer, (uint8_t)protocol, &levels);
        pickle_writer_begin_dict(&out, PICKLE_UNKNOWN);
        pickle_writer_str(&out, "date");
        GIVES(OK, pickle_writer_date(&out, &when));
        pickle_writer_str(&out, "time");
        GIVES(OK, pickle_writer_time(&out, &when, NULL));
        pickle_writer_str(&out, "naive");
        GIVES(OK, pickle_writer_datetime(&out, &when, NULL));
        pickle_writer_str(&out, "aware");
        GIVES(OK, pickle_writer_datetime(&out, &when, &offset));
        pickle_writer_str(&out, "delta");
        GIVES(OK, pickle_writer_timedelta(&out, &delta));
        pickle_writer_str(&out, "zone");
        GIVES(OK, pickle_writer_timezone(&out, &offset));
        pickle_writer_str(&out, "decimal");
        GIVES(OK, pickle_writer_decimal(&out, "-1.50"));
        pickle_writer_str(&out, "complex");
        GIVES(OK, pickle_writer_complex(&out, 1.5, -2));
        if (protocol >= 2) {
            pickle_writer_str(&out, "uuid");
            GIVES(OK, pickle_writer_uuid(&out, id));
        }
        if (protocol >= 4) {
            when.fold = true;
            pickle_writer_str(&out, "fold");
            GIVES(OK, pickle_writer_datetime(&out, &when, NULL));
            pickle_writer_str(&out, "fold time");
            GIVES(OK, pickle_writer_time(&out, &when, &offset));
            when.fold = false;
        }
        pickle_writer_str(&out, "grid");
        GIVES(OK, pickle_writer_array(&out, is_little() ? "<f8" : ">f8", grid_shape, 2, grid, sizeof grid));
        pickle_writer_str(&out, "row");
        GIVES(OK, pickle_writer_array(&out, is_little() ? "<i2" : ">i2", row_shape, 1, row, sizeof row));
        pickle_writer_str(&out, "no rows");
        GIVES(OK, pickle_writer_array(&out, "|u1", no_rows, 2, NULL, 0));
        pickle_writer_end(&out);
        GIVES(OK, pickle_writer_finish(&out));

        GIVES(OK, pickle_load(memory, buffer, pickle_writer_written(&out), NULL, &doc, NULL));
        GIVES(OK, pickle_doc_find(&doc, "$.aware", &value));
        GIVES(OK, pickle_value_as_datetime(&doc, value, &read));
        CHECK(read.year == 2024 && read.day == 29 && read.microsecond == 123456 && !pickle_value_is_none(&doc, read.zone));
        GIVES(OK, pickle_doc_find(&doc, "$.delta", &value));
        GIVES(OK, pickle_value_as_timedelta(&doc, value, &read_delta));
        CHECK(read_delta.days == -2 && read_delta.seconds == 3 && read_delta.microseconds == 4);
        GIVES(OK, pickle_doc_find(&doc, "$.complex", &value));
        GIVES(OK, pickle_value_as_complex(&doc, value, &real, &imaginary));
        CHECK(real == 1.5 && imaginary == -2);
        GIVES(OK, pickle_doc_find(&doc, "$.grid", &value));
        GIVES(OK, pickle_value_as_array(&doc, value, &array));
        CHECK(array.len == 6 && array.kind == 'f' && array.item_size == 8);
        if (protocol >= 3) {
            GIVES(OK, pickle_array_item_f64(&array, array.data.data + 8, &number));
            CHECK(number == 0.5);
        }
        if (folder) {
            char name[300];
            FILE *file;
            snprintf(name, sizeof name, "%s/known-%d.pickle", folder, protocol);
            file = fopen(name, "wb");
            CHECK(file && fwrite(buffer, 1, pickle_writer_written(&out), file) == pickle_writer_written(&out));
            if (file) {
                fclose(file);
            }
        }
    }
}

static void wrong(void) {
    static const struct {
        uint16_t year;
        uint8_t month, day;
    } dates[] = {{0, 1, 1}, {10000, 1, 1}, {2023, 0, 1}, {2023, 13, 1}, {2023, 2, 29}, {1900, 2, 29}, {2023, 4, 31}, {2023, 1, 0}};
    static const pickle_timedelta deltas[] = {{1000000000, 0, 0}, {-1000000000, 0, 0}, {0, 86400, 0}, {0, 0, 1000000}};
    static const pickle_timedelta offsets[] = {{1, 0, 0}, {-1, 0, 0}, {-2, 5, 0}};
    PICKLE_WRITER_STORAGE(levels, 5, 0);
    pickle_writer out;
    pickle_datetime when;
    size_t n;
#define AGAIN(protocol) pickle_writer_init(&out, NULL, 0, protocol, &levels)
    memset(&when, 0, sizeof when);
    for (n = 0; n < sizeof dates / sizeof dates[0]; n++) {
        when.year = dates[n].year;
        when.month = dates[n].month;
        when.day = dates[n].day;
        AGAIN(4);
        GIVES(BAD_OPTION, pickle_writer_date(&out, &when));
        AGAIN(4);
        GIVES(BAD_OPTION, pickle_writer_datetime(&out, &when, NULL));
    }
    for (n = 0; n < 4; n++) {
        memset(&when, 0, sizeof when);
        *(n == 0 ? &when.hour : n == 1 ? &when.minute : &when.second) = 60;
        when.microsecond = n == 3 ? 1000000 : 0;
        AGAIN(4);
        GIVES(BAD_OPTION, pickle_writer_time(&out, &when, NULL));
        AGAIN(4);
        GIVES(BAD_OPTION, pickle_writer_timedelta(&out, &deltas[n]));
    }
    for (n = 0; n < 3; n++) {
        AGAIN(4);
        GIVES(BAD_OPTION, pickle_writer_timezone(&out, &offsets[n]));
    }
    memset(&when, 0, sizeof when);
    when.fold = true;
    AGAIN(3);
    GIVES(INEXPRESSIBLE, pickle_writer_time(&out, &when, NULL));
    AGAIN(1);
    GIVES(INEXPRESSIBLE, pickle_writer_uuid(&out, id));
    AGAIN(4);
    GIVES(NULL, pickle_writer_date(&out, NULL));
    AGAIN(4);
    GIVES(NULL, pickle_writer_time(&out, NULL, NULL));
    AGAIN(4);
    GIVES(NULL, pickle_writer_datetime(&out, NULL, NULL));
    AGAIN(4);
    GIVES(NULL, pickle_writer_timedelta(&out, NULL));
    AGAIN(4);
    GIVES(NULL, pickle_writer_timezone(&out, NULL));
    AGAIN(4);
    GIVES(NULL, pickle_writer_decimal(&out, NULL));
    AGAIN(4);
    GIVES(NULL, pickle_writer_uuid(&out, NULL));
    AGAIN(4);
    GIVES(NULL, pickle_writer_array(&out, NULL, row_shape, 1, row, sizeof row));
    AGAIN(4);
    GIVES(NULL, pickle_writer_array(&out, "<i2", NULL, 1, row, sizeof row));
    AGAIN(4);
    GIVES(BAD_OPTION, pickle_writer_array(&out, "<i2", row_shape, 65, row, sizeof row));
    AGAIN(4);
    GIVES(BAD_OPTION, pickle_writer_array(&out, "<i2", row_shape, 1, row, sizeof row - 1));
    AGAIN(4);
    GIVES(BAD_OPTION, pickle_writer_array(&out, "|i2", row_shape, 1, row, sizeof row));
    AGAIN(4);
    GIVES(BAD_OPTION, pickle_writer_array(&out, "", row_shape, 1, row, sizeof row));
    AGAIN(4);
    GIVES(BAD_OPTION, pickle_writer_array(&out, "\xc3\xa9", row_shape, 1, row, sizeof row));
    AGAIN(4);
    GIVES(OK, pickle_writer_array(&out, "<i2", NULL, 0, row, 2));
    GIVES(OK, pickle_writer_finish(&out));
    GIVES(NULL, pickle_writer_complex(NULL, 1, 2));
}

void test_writing_known(void) {
    everything(getenv("PICKLE_WRITTEN"));
    wrong();
}
