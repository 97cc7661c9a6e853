/* Messages of known layouts: values, spellings, what is refused and where, bad arguments. */
#include "check.h"

typedef struct {
    int32_t x;
    double y;
    bool has_y;
} point;

typedef struct {
    uint32_t id;
    double temp;
    pickle_str name;
    uint8_t samples[4];
    int64_t big;
    bool flag, has_flag, has_big, has_note, has_view;
    char note[8];
    pickle_bytes view;
    int16_t counts[3];
    size_t counts_len;
    point at;
} telemetry;

static const pickle_field point_fields[] = {PICKLE_FIELD(point, x, signed), PICKLE_OPTIONAL(point, y, double, has_y)};
static const pickle_field fields[] = {
    PICKLE_FIELD(telemetry, id, unsigned),
    PICKLE_FIELD(telemetry, temp, double),
    PICKLE_FIELD(telemetry, name, str),
    PICKLE_ARRAY(telemetry, samples, unsigned),
    PICKLE_OPTIONAL(telemetry, big, signed, has_big),
    PICKLE_OPTIONAL(telemetry, flag, bool, has_flag),
    PICKLE_OPTIONAL(telemetry, note, text, has_note),
    PICKLE_OPTIONAL(telemetry, view, bytes, has_view),
    PICKLE_LIST(telemetry, counts, signed, counts_len),
    PICKLE_NESTED(telemetry, at, point_fields),
};
static const pickle_layout layout = PICKLE_LAYOUT(fields);
static const pickle_layout part = PICKLE_LAYOUT_SKIPPING(point_fields);

/* {"id": 7, "temp": 21.5, "name": "probe-3", "samples": [1, 2, 3, 4], "counts": [-2], "at": {"x": 5}, ...} */
static const char protocol4[] = "\x80\x04}\x94(\x8c\x02id\x94K\x07\x8c\x04temp\x94G@5\x80\0\0\0\0\0\x8c\x04name\x94\x8c\x07"
                                "probe-3\x94\x8c\x07samples\x94]\x94(K\x01K\x02K\x03K\x04"
                                "e\x8c\x06"
                                "counts\x94]\x94J\xfe\xff\xff\xff"
                                "a\x8c\x02"
                                "at\x94}\x94\x8c\x01x\x94K\x05s\x8c\x03"
                                "big\x94\x8a\x08\0\0\0\0\0\0\0\x80\x8c\x04"
                                "flag\x94\x88\x8c\x04note\x94\x8c\x07"
                                "caf\xc3\xa9 5\x94\x8c\x04view\x94"
                                "C\x02\x00\xff\x94u.";
static const char protocol0[] = "(dp0\nVname\np1\nVprobe-3\np2\nsVid\np3\nI7\nsVsamples\np4\n(lp5\nI1\naI2\naI3\naI4\nas"
                                "Vtemp\np6\nF21.5\nsVcounts\np7\n(lp8\nsVat\np9\n(dp10\nVy\np11\nNsVx\np12\nI5\nss"
                                "Vnote\np13\nVcaf\xe9\np14\nsVflag\np15\nI00\nsVbig\np16\nL5L\ns.";

static pickle_reason reads(const pickle_layout *with, const void *data, size_t size, size_t entries, void *out,
                           pickle_refusal *refusal) {
    uint32_t memo[32];
    pickle_in in = {data, size, 0};
    pickle_reason reason = pickle_message_read(with, &in, memo, entries, out, refusal);
    CHECK(in.pos == (reason == PICKLE_REASON_NONE ? size : 0));
    return reason;
}

static void refuses(const char *data, size_t size, pickle_reason reason, size_t offset) {
    point read;
    pickle_refusal refusal;
    CHECK(reads(&part, data, size, 4, &read, &refusal) == reason);
    CHECK(refusal.reason == reason && refusal.offset == offset);
    CHECK(refusal.byte == (offset < size ? (uint8_t)data[offset] : 0));
}

#define REFUSES(data, reason, offset) refuses(data, sizeof(data) - 1, PICKLE_REASON_##reason, offset)

void test_messages(void) {
    telemetry read;
    point at;
    pickle_refusal refusal;
    size_t size;

    memset(&read, 0xff, sizeof read);
    CHECK(reads(&layout, protocol4, sizeof protocol4 - 1, 0, &read, &refusal) == PICKLE_REASON_NONE);
    CHECK(refusal.reason == PICKLE_REASON_NONE);
    CHECK(read.id == 7 && read.temp == 21.5 && read.name.size == 7 && memcmp(read.name.data, "probe-3", 7) == 0);
    CHECK(memcmp(read.samples, "\1\2\3\4", 4) == 0 && read.counts_len == 1 && read.counts[0] == -2);
    CHECK(read.at.x == 5 && !read.at.has_y && read.has_big && read.big == INT64_MIN && read.has_flag && read.flag);
    CHECK(read.has_note && strcmp(read.note, "caf\xc3\xa9 5") == 0 && read.has_view && read.view.size == 2 && read.view.data[1] == 0xff);

    memset(&read, 0xff, sizeof read);
    CHECK(reads(&layout, protocol0, sizeof protocol0 - 1, 0, &read, NULL) == PICKLE_REASON_NONE);
    CHECK(read.id == 7 && read.temp == 21.5 && read.counts_len == 0 && read.at.x == 5 && !read.at.has_y);
    CHECK(strcmp(read.note, "caf\xc3\xa9") == 0 && !read.flag && read.big == 5 && !read.has_view);

    /* No part of a message is one. */
    for (size = 0; size < sizeof protocol4 - 1; size++) {
        char *piece = (char *)malloc(size ? size : 1);
        memcpy(piece, protocol4, size);
        CHECK(reads(&layout, piece, size, 32, &read, &refusal) == PICKLE_REASON_END_OF_INPUT);
        CHECK(refusal.offset <= size);
        free(piece);
    }

    CHECK(reads(&part, "(K\x05G\0\0\0\0\0\0\0\0t.", 14, 0, &at, NULL) == PICKLE_REASON_NONE && at.x == 5 && at.y == 0 && at.has_y);
    CHECK(reads(&part, "}(X\1\0\0\0zK\1X\1\0\0\0xK\2u.", 20, 0, &at, NULL) == PICKLE_REASON_NONE && at.x == 2 && !at.has_y);
    REFUSES("", END_OF_INPUT, 0);
    REFUSES("\x80\x06N.", BAD_PROTOCOL, 0);
    REFUSES("N.", WRONG_TYPE, 0);
    REFUSES("}.", MISSING_FIELD, 1);
    REFUSES("}\x8c\x01xG\0\0\0\0\0\0\0\0s.", WRONG_TYPE, 4);
    REFUSES("}\x8c\x01x\x8a\x05\0\0\0\0\1s.", OUT_OF_RANGE, 4);
    REFUSES("}\x8c\x01xI 1\ns.", BAD_NUMBER, 4);
    REFUSES("}(\x8c\x01xK\x01\x8c\x01xK\x01u.", DUPLICATE_FIELD, 7);
    REFUSES("}h\x03K\x01s.", NOT_KEPT, 1);
    REFUSES("}\x8c\x01xK\x01" "e.", UNEXPECTED, 6);
    REFUSES("\x95\x01\0\0\0\0\0\0\0}\x95\0\0\0\0\0\0\0\0.", MISSING_FIELD, 19);
    REFUSES("\x95\x03\0\0\0\0\0\0\0}(\x8c\x01xK\x01u.", BAD_FRAME, 11);
    REFUSES("}(X\1\0\0\0zK\1X\1\0\0\0xK\2", END_OF_INPUT, 18);
    CHECK(reads(&layout, "}X\1\0\0\0zK\1s.", 11, 0, &read, &refusal) == PICKLE_REASON_UNKNOWN_FIELD && refusal.offset == 1);

    /* Null and zero. */
    {
        pickle_in none = {NULL, 0, 0};
        pickle_layout empty = {NULL, 0, NULL};
        CHECK(pickle_message_read(NULL, &none, NULL, 0, &at, NULL) == PICKLE_REASON_BAD_LAYOUT);
        CHECK(pickle_message_read(&empty, &none, NULL, 0, &at, NULL) == PICKLE_REASON_BAD_LAYOUT);
        CHECK(pickle_message_read(&part, NULL, NULL, 0, &at, NULL) == PICKLE_REASON_BAD_LAYOUT);
        CHECK(pickle_message_read(&part, &none, NULL, 0, NULL, &refusal) == PICKLE_REASON_BAD_LAYOUT);
        CHECK(pickle_message_read(&part, &none, NULL, 7, &at, &refusal) == PICKLE_REASON_END_OF_INPUT);
        CHECK(!strcmp(pickle_reason_text(PICKLE_REASON_END_OF_INPUT), "the input ended before the message did"));
        CHECK(!strcmp(pickle_reason_text(PICKLE_REASON_NONE), "done") && *pickle_reason_text(PICKLE_REASON_BAD_LAYOUT));
        CHECK(!strcmp(pickle_reason_text(PICKLE_REASON_WORK_LIMIT + 1), "no such reason") && *pickle_reason_text(-1));
        pickle_field_skip(NULL, NULL, NULL);
        pickle_field_bool(NULL, NULL, NULL);
        pickle_field_signed(NULL, NULL, NULL);
        pickle_field_unsigned(NULL, NULL, NULL);
        pickle_field_double(NULL, NULL, NULL);
        pickle_field_str(NULL, NULL, NULL);
        pickle_field_bytes(NULL, NULL, NULL);
        pickle_field_text(NULL, NULL, NULL);
        pickle_field_list(NULL, NULL, NULL);
        pickle_field_nested(NULL, NULL, NULL);
    }
}
