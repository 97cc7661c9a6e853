/* Tables through the C interface, in three protocols (table.h). */
#include "check.h"
#include "table.h"

static pickle_doc doc;
static pickle_table table;
static pickle_column column;
static pickle_cell cell;

/* The named column of the frame, from its first row on. */
static void at(const char *name) {
    size_t number = 99;
    pickle_str text;
    CHECK(pickle_table_find(&table, name, &number) == PICKLE_STATUS_OK);
    CHECK(pickle_table_name(&table, number, 0, &cell) == PICKLE_STATUS_OK);
    CHECK(cell.kind == PICKLE_CELL_KIND_TEXT && cell.bytes.size == strlen(name) && !memcmp(cell.bytes.data, name, strlen(name)));
    CHECK(pickle_value_as_str(&doc, cell.value, &text) != PICKLE_STATUS_NULL);
    CHECK(pickle_table_column(&table, number, &column) == PICKLE_STATUS_OK && column.rows == table.rows);
}

/* The next cell, which is that of a row as well. */
static pickle_cell_kind next(size_t row) {
    pickle_cell same;
    CHECK(pickle_column_next(&column, &cell) == PICKLE_STATUS_ITEM);
    CHECK(pickle_column_cell(&column, row, &same) == PICKLE_STATUS_OK);
    CHECK(same.kind == cell.kind && same.i64 == cell.i64 && same.u64 == cell.u64 && same.unit == cell.unit);
    CHECK(!memcmp(&same.f64, &cell.f64, sizeof same.f64));
    return cell.kind;
}

static void end(void) {
    CHECK(pickle_column_next(&column, &cell) == PICKLE_STATUS_OK);
    CHECK(pickle_column_next(&column, &cell) == PICKLE_STATUS_OK);
    CHECK(pickle_column_cell(&column, column.rows, &cell) == PICKLE_STATUS_MISSING);
}

static bool text_is(const char *expected) {
    char text[16];
    size_t size = 0;
    return pickle_cell_text(&cell, text, sizeof text, &size) == PICKLE_STATUS_OK && size == strlen(expected) &&
           !memcmp(text, expected, size);
}

/* What lies in the input, as numbers of C. */
static double number(size_t row) {
    const uint8_t *item = column.data.data + row * column.stride;
    double f8;
    int64_t i8;
    uint64_t u8;
    int32_t i4;
    int16_t i2;
    CHECK(column.data.size >= row * column.stride + column.item_size);
    switch (column.kind) {
    case 'f':
        if (column.item_size != 8) {
            pickle_array array;
            memset(&array, 0, sizeof array);
            array.kind = column.kind;
            array.item_size = column.item_size;
            array.big_endian = column.big_endian;
            CHECK(pickle_array_item_f64(&array, item, &f8) == PICKLE_STATUS_OK);
            return f8;
        }
        memcpy(&f8, item, 8);
        return f8;
    case 'u':
        memcpy(&u8, item, 8);
        return (double)u8;
    case 'b':
        return *item;
    default:
        if (column.item_size == 2) {
            memcpy(&i2, item, 2);
            return i2;
        }
        if (column.item_size == 4) {
            memcpy(&i4, item, 4);
            return i4;
        }
        memcpy(&i8, item, 8);
        return (double)i8;
    }
}

static void frame(int protocol) {
    pickle_cell low, high;
    pickle_str zone;
    bool left = true, right = false;
    size_t n = 0, i;
    CHECK(table.rows == 3 && table.columns == 17 && table.row_levels == 1 && table.column_levels == 1);
    CHECK(pickle_table_find(&table, "missing", &n) == PICKLE_STATUS_MISSING);
    CHECK(pickle_table_name(&table, 17, 0, &cell) == PICKLE_STATUS_MISSING);
    CHECK(pickle_table_name(&table, 0, 1, &cell) == PICKLE_STATUS_MISSING);
    CHECK(pickle_table_column(&table, 17, &column) == PICKLE_STATUS_MISSING);
    CHECK(pickle_column_next(&column, &cell) == PICKLE_STATUS_NULL);

    at("f8");
    CHECK(column.how == PICKLE_COLUMN_KIND_ARRAY && column.kind == 'f' && column.unit == PICKLE_UNIT_NONE);
    /* Protocol 2 has bytes as text. */
    CHECK((column.data.size != 0) == (protocol > 2));
    if (protocol > 2) {
        CHECK(number(0) == 0.5 && number(1) != number(1) && number(2) == -1.5);
    }
    CHECK(next(0) == PICKLE_CELL_KIND_FLOAT && cell.f64 == 0.5 && cell.bits == 64);
    CHECK(next(1) == PICKLE_CELL_KIND_FLOAT && cell.f64 != cell.f64);
    CHECK(next(2) == PICKLE_CELL_KIND_FLOAT && cell.f64 == -1.5);
    end();

    at("i8");
    if (protocol > 2) {
        const int64_t *items = (const int64_t *)pickle_column_items(&column, 'i', 8);
        CHECK(number(0) == 1 && number(1) == -2 && number(2) == 3 && column.stride == 8);
        CHECK((items != NULL) == ((size_t)column.data.data % 8 == 0) && (!items || items[1] == -2));
        CHECK(!pickle_column_items(&column, 'u', 8) && !pickle_column_items(&column, 'i', 4));
    }
    CHECK(next(0) == PICKLE_CELL_KIND_INT && cell.i64 == 1 && next(1) == PICKLE_CELL_KIND_INT && cell.i64 == -2);

    at("i2");
    CHECK(protocol == 2 || (column.item_size == 2 && number(0) == -300));
    CHECK(next(0) == PICKLE_CELL_KIND_INT && cell.i64 == -300);
    at("u8");
    CHECK(protocol == 2 || (column.kind == 'u' && number(2) == 18446744073709551615.0));
    CHECK(next(0) == PICKLE_CELL_KIND_UINT && cell.u64 == 0 && next(1) == PICKLE_CELL_KIND_UINT);
    CHECK(next(2) == PICKLE_CELL_KIND_UINT && cell.u64 == UINT64_MAX);
    at("big");
    CHECK(protocol == 2 || (column.big_endian && number(1) == 2.0 && !pickle_column_items(&column, 'f', 4)));
    CHECK(next(0) == PICKLE_CELL_KIND_FLOAT && cell.f64 == 1.0 && cell.bits == 32);
    at("bool");
    CHECK(protocol == 2 || (number(0) == 1 && number(1) == 0));
    CHECK(protocol == 2 || pickle_column_items(&column, 'b', 1) == (const void *)column.data.data);
    CHECK(next(0) == PICKLE_CELL_KIND_BOOL && cell.i64 == 1 && next(1) == PICKLE_CELL_KIND_BOOL && cell.i64 == 0);

    at("text");
    CHECK(column.how == PICKLE_COLUMN_KIND_ARRAY && column.kind == 'O' && column.data.size == 0);
    CHECK(next(0) == PICKLE_CELL_KIND_TEXT && text_is("a") && next(1) == PICKLE_CELL_KIND_NULL && next(2) == PICKLE_CELL_KIND_TEXT);
    CHECK(text_is("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
    CHECK(pickle_cell_text(&cell, NULL, 9, &n) == PICKLE_STATUS_OUT_OF_RANGE && n == 9);
    end();
    at("str");
    CHECK(column.how == PICKLE_COLUMN_KIND_ARROW);
    if (protocol == 2) {
        /* Buffers of pyarrow must lie in one piece. */
        CHECK(pickle_column_next(&column, &cell) == PICKLE_STATUS_BAD_TABLE);
    } else {
        CHECK(next(0) == PICKLE_CELL_KIND_TEXT && text_is("b") && next(1) == PICKLE_CELL_KIND_NULL);
        CHECK(next(2) == PICKLE_CELL_KIND_TEXT && text_is("\xc3\xa9"));
        end();
    }

    at("when");
    CHECK(column.unit == PICKLE_UNIT_NANO && column.unit_count == 1 && column.kind == 'M' && pickle_value_is_none(&doc, column.zone));
    CHECK(next(0) == PICKLE_CELL_KIND_DATE_TIME && cell.i64 == 1709208000000000000 && cell.unit == PICKLE_UNIT_NANO);
    CHECK(next(1) == PICKLE_CELL_KIND_NULL && next(2) == PICKLE_CELL_KIND_DATE_TIME && cell.i64 == -1000000000);
    at("zoned");
    CHECK(column.unit == PICKLE_UNIT_MICRO && pickle_value_known_text(&doc, column.zone, &zone) == PICKLE_STATUS_OK);
    CHECK(zone.size == 13 && !memcmp(zone.data, "Europe/Berlin", 13));
    CHECK(next(0) == PICKLE_CELL_KIND_DATE_TIME && cell.i64 == 1709161200000000 && next(1) == PICKLE_CELL_KIND_NULL);
    at("span");
    CHECK(next(0) == PICKLE_CELL_KIND_TIME_DELTA && cell.i64 == 1000 && cell.unit == PICKLE_UNIT_MILLI);
    CHECK(next(1) == PICKLE_CELL_KIND_NULL && next(2) == PICKLE_CELL_KIND_TIME_DELTA && cell.i64 == -5000);
    at("month");
    CHECK(next(0) == PICKLE_CELL_KIND_PERIOD && cell.i64 == 649 && next(1) == PICKLE_CELL_KIND_NULL);
    CHECK(next(2) == PICKLE_CELL_KIND_PERIOD && cell.i64 == 0);

    at("kind");
    CHECK(column.how == PICKLE_COLUMN_KIND_CATEGORICAL && (protocol == 2 || (number(0) == 1 || column.item_size == 1)));
    CHECK(next(0) == PICKLE_CELL_KIND_TEXT && text_is("x") && next(1) == PICKLE_CELL_KIND_TEXT && text_is("y"));
    CHECK(next(2) == PICKLE_CELL_KIND_NULL);
    end();
    at("some");
    CHECK(column.how == PICKLE_COLUMN_KIND_MASKED && !pickle_column_items(&column, 'i', 4));
    CHECK(protocol == 2 || (column.mask.size == 3 && column.mask_stride == 1 && column.mask.data[1] && !column.mask.data[2]));
    CHECK(next(0) == PICKLE_CELL_KIND_INT && cell.i64 == 7 && next(1) == PICKLE_CELL_KIND_NULL);
    CHECK(next(2) == PICKLE_CELL_KIND_INT && cell.i64 == -9);
    end();
    at("parts");
    CHECK(column.how == PICKLE_COLUMN_KIND_INTERVALS && next(0) == PICKLE_CELL_KIND_INTERVAL);
    CHECK(pickle_column_interval(&column, 1, &low, &high, &left, &right) == PICKLE_STATUS_OK && !left && right);
    CHECK(low.kind == PICKLE_CELL_KIND_INT && low.i64 == 1 && high.i64 == 2);
    CHECK(pickle_column_interval(&column, 3, &low, &high, &left, &right) == PICKLE_STATUS_MISSING);
    at("few");
    CHECK(column.how == PICKLE_COLUMN_KIND_SPARSE && next(0) == PICKLE_CELL_KIND_INT && cell.i64 == 0);
    CHECK(next(1) == PICKLE_CELL_KIND_INT && cell.i64 == 5 && next(2) == PICKLE_CELL_KIND_INT && cell.i64 == 0);
    CHECK(pickle_column_interval(&column, 0, &low, &high, &left, &right) == PICKLE_STATUS_WRONG_KIND);
    at("objects");
    CHECK(next(0) == PICKLE_CELL_KIND_DATE_TIME && cell.i64 == 5 && next(1) == PICKLE_CELL_KIND_FLOAT && cell.f64 == 2.5);
    CHECK(next(2) == PICKLE_CELL_KIND_VALUE && pickle_value_kind(&doc, cell.value) == PICKLE_KIND_LIST);
    CHECK(pickle_cell_text(&cell, NULL, 0, &n) == PICKLE_STATUS_WRONG_KIND);

    CHECK(pickle_table_index_name(&table, 0, &cell) == PICKLE_STATUS_OK && text_is("key"));
    CHECK(pickle_table_index_name(&table, 1, &cell) == PICKLE_STATUS_MISSING);
    CHECK(pickle_table_index(&table, 1, &column) == PICKLE_STATUS_MISSING);
    CHECK(pickle_table_index(&table, 0, &column) == PICKLE_STATUS_OK && column.rows == 3);
    for (i = 0; i < 3; i++) {
        CHECK(next(i) == PICKLE_CELL_KIND_INT && cell.i64 == 10 * (int64_t)(i + 1));
    }
    end();
}

/* Ints, column by column. */
static void ints_are(const int64_t *numbers) {
    size_t number, row;
    for (number = 0; number < table.columns; number++) {
        CHECK(pickle_table_column(&table, number, &column) == PICKLE_STATUS_OK);
        for (row = 0; row < table.rows; row++) {
            CHECK(next(row) == PICKLE_CELL_KIND_INT && cell.i64 == numbers[number * table.rows + row]);
        }
        end();
    }
}

static void one(const struct table_pickle *pickle) {
    static const int64_t matrix[] = {1, 4, 2, 5, 3, 6}, triplet[] = {0, 1, 1, 0, 7, 8}, levels[] = {1, 3, 2, 4};
    const char *name = pickle->name;
    pickle_status status;
    pickle_value root;
    CHECK(pickle_load(memory, pickle->data, pickle->size, NULL, &doc, NULL) == PICKLE_STATUS_OK);
    root = pickle_doc_root(&doc);
    status = see(pickle_table_open(&doc, root, &table));
    if (!strcmp(name, "number")) {
        CHECK(status == PICKLE_STATUS_WRONG_KIND && pickle_table_column(&table, 0, &column) == PICKLE_STATUS_NULL);
        return;
    }
    if (!strcmp(name, "blocks")) {
        CHECK(status == PICKLE_STATUS_BAD_TABLE);
        return;
    }
    CHECK(status == PICKLE_STATUS_OK);
    if (!strcmp(name, "frame")) {
        frame(pickle->protocol);
    } else if (!strcmp(name, "empty")) {
        CHECK(table.rows == 0 && table.columns == 1);
        at("a");
        CHECK(column.data.size == 0 && !pickle_column_items(&column, 'f', 8));
        end();
    } else if (!strcmp(name, "levels")) {
        CHECK(table.rows == 2 && table.row_levels == 2 && table.column_levels == 2);
        CHECK(pickle_table_name(&table, 1, 1, &cell) == PICKLE_STATUS_OK && text_is("c"));
        CHECK(pickle_table_name(&table, 1, 0, &cell) == PICKLE_STATUS_OK && text_is("a"));
        CHECK(pickle_table_index_name(&table, 0, &cell) == PICKLE_STATUS_OK && text_is("letter"));
        CHECK(pickle_table_index_name(&table, 1, &cell) == PICKLE_STATUS_OK && cell.kind == PICKLE_CELL_KIND_NULL);
        CHECK(pickle_table_index(&table, 1, &column) == PICKLE_STATUS_OK && next(0) == PICKLE_CELL_KIND_INT && cell.i64 == 1);
        CHECK(pickle_table_index(&table, 0, &column) == PICKLE_STATUS_OK && next(0) == PICKLE_CELL_KIND_TEXT && text_is("x"));
        ints_are(levels);
    } else if (!strcmp(name, "series")) {
        CHECK(table.rows == 2 && table.columns == 1);
        at("half");
        CHECK(next(0) == PICKLE_CELL_KIND_FLOAT && cell.f64 == 1.5 && next(1) == PICKLE_CELL_KIND_FLOAT && cell.f64 == 2.5);
    } else if (!strcmp(name, "matrix") || !strcmp(name, "fortran")) {
        CHECK(table.rows == 2 && table.columns == 3 && table.row_levels == 0);
        CHECK(pickle_table_name(&table, 2, 0, &cell) == PICKLE_STATUS_OK && cell.kind == PICKLE_CELL_KIND_INT && cell.i64 == 2);
        CHECK(pickle_table_index(&table, 0, &column) == PICKLE_STATUS_MISSING);
        ints_are(matrix);
        CHECK(pickle_table_column(&table, 1, &column) == PICKLE_STATUS_OK);
        CHECK(pickle->protocol == 2 || (column.stride == (*name == 'f' ? 4u : 12u) && number(0) == 2 && number(1) == 5));
    } else if (!strcmp(name, "records")) {
        CHECK(table.rows == 2 && table.columns == 3);
        at("n");
        CHECK(pickle->protocol == 2 || (column.stride == 24 && number(1) == 2));
        at("x");
        CHECK(next(0) == PICKLE_CELL_KIND_FLOAT && cell.f64 == 2.5);
        at("name");
        CHECK(next(0) == PICKLE_CELL_KIND_WIDE && text_is("ab") && next(1) == PICKLE_CELL_KIND_WIDE && text_is("\xc3\xa9"));
        CHECK(pickle->protocol == 2 || (cell.bytes.size == 12 && cell.bytes.data[0] == 0xe9 && !cell.big_endian));
    } else if (!strcmp(name, "bytes")) {
        CHECK(pickle_table_column(&table, 0, &column) == PICKLE_STATUS_OK && next(0) == PICKLE_CELL_KIND_BYTES && text_is("ab"));
        CHECK(next(1) == PICKLE_CELL_KIND_BYTES && text_is("c"));
    } else if (!strcmp(name, "dict")) {
        CHECK(table.rows == 2 && table.columns == 2);
        at("a");
        CHECK(next(0) == PICKLE_CELL_KIND_INT && cell.i64 == 1);
        at("b");
        CHECK(column.how == PICKLE_COLUMN_KIND_LIST && column.kind == 0 && next(0) == PICKLE_CELL_KIND_TEXT && text_is("x"));
        CHECK(next(1) == PICKLE_CELL_KIND_NULL);
        end();
    } else if (!strcmp(name, "masked")) {
        CHECK(pickle_table_column(&table, 0, &column) == PICKLE_STATUS_OK && next(0) == PICKLE_CELL_KIND_FLOAT);
        CHECK(next(1) == PICKLE_CELL_KIND_NULL);
    } else if (!strcmp(name, "sparse")) {
        CHECK(table.rows == 2 && table.columns == 3);
        at("value");
        ints_are(triplet);
    } else {
        CHECK(!strcmp(name, "codes") && pickle_table_column(&table, 0, &column) == PICKLE_STATUS_OK);
        CHECK(next(0) == PICKLE_CELL_KIND_TEXT && pickle_column_next(&column, &cell) == PICKLE_STATUS_BAD_TABLE);
        CHECK(pickle_column_cell(&column, 1, &cell) == PICKLE_STATUS_BAD_TABLE);
        CHECK(pickle_column_next(&column, &cell) == PICKLE_STATUS_OK);
    }
    CHECK(pickle_table_open(&doc, root, NULL) == PICKLE_STATUS_NULL && pickle_table_open(NULL, root, &table) == PICKLE_STATUS_NULL);
}

void test_tables(void) {
    size_t i, n;
    CHECK(pickle_table_column(NULL, 0, &column) == PICKLE_STATUS_NULL && pickle_table_find(&table, "a", &n) == PICKLE_STATUS_NULL);
    CHECK(!pickle_column_items(NULL, 'f', 8) && pickle_cell_text(NULL, NULL, 0, &n) == PICKLE_STATUS_NULL);
    for (i = 0; i < sizeof table_pickles / sizeof *table_pickles; i++) {
        int before = failures;
        one(&table_pickles[i]);
        if (failures != before) {
            printf("the table is %s, protocol %d\n", table_pickles[i].name, table_pickles[i].protocol);
        }
        CHECK(pickle_table_find(&table, NULL, &n) == PICKLE_STATUS_NULL);
    }
}
