/* Decodes a message of known layout, straight into a struct: the twin of ../src/bin/message.rs. */
#include "harness.h"
#include <pickle.h>
#include <string.h>

DEFINE_MESSAGE(PICKLE);

typedef struct {
    uint32_t id;
    double temp;
    pickle_str name;
    uint8_t samples[4];
} row;

static const pickle_field fields[] = {
    PICKLE_FIELD(row, id, unsigned),
    PICKLE_FIELD(row, temp, double),
    PICKLE_FIELD(row, name, str),
    PICKLE_ARRAY(row, samples, unsigned),
};
static const pickle_layout layout = PICKLE_LAYOUT(fields);

bool work(const uint8_t *message, size_t len) {
    uint32_t memo[16];
    pickle_in in = {message, len, 0};
    struct telemetry t = {0};
    row read;

    if (pickle_message_read(&layout, &in, memo, 16, &read, NULL) != PICKLE_REASON_NONE || read.name.size > sizeof t.name) {
        return false;
    }
    t.id = read.id;
    t.temp = read.temp;
    t.name_len = read.name.size;
    memcpy(t.name, read.name.data, read.name.size);
    memcpy(t.samples, read.samples, sizeof t.samples);
    return is_expected(&t);
}
