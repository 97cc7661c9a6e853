/* Decodes piece by piece into a document in fixed memory, and gets the fields by key. */
#include "harness.h"
#include <pickle.h>
#include <string.h>

DEFINE_MESSAGE(PICKLE);

#define OK(call) ((call) == PICKLE_STATUS_OK)

bool work(const uint8_t *message, size_t len) {
    PICKLE_STORAGE(memory, 24, 8, 32);
    pickle_reader reader;
    pickle_doc doc;
    pickle_status status = PICKLE_STATUS_NEED_MORE;

    pickle_reader_init(&reader, &memory, NULL);
    for (size_t at = 0; at < len && status == PICKLE_STATUS_NEED_MORE; at += PIECE) {
        pickle_in in = {message + at, len - at < PIECE ? len - at : PIECE, 0};
        status = pickle_reader_feed(&reader, &in);
    }
    if (status != PICKLE_STATUS_OK || !OK(pickle_reader_doc(&reader, &doc))) {
        return false;
    }
    struct telemetry t = {0};
    pickle_value root = pickle_doc_root(&doc), samples;
    pickle_str name;
    int64_t number;
    if (!OK(pickle_value_get_i64(&doc, root, "id", &number)) || !OK(pickle_value_get_f64(&doc, root, "temp", &t.temp)) ||
        !OK(pickle_value_get_str(&doc, root, "name", &name)) || !OK(pickle_value_get(&doc, root, "samples", &samples)) ||
        name.size > sizeof t.name) {
        return false;
    }
    t.id = (uint32_t)number;
    t.name_len = name.size;
    memcpy(t.name, name.data, name.size);
    for (size_t i = 0; i < 4; i++) {
        if (!OK(pickle_value_at_i64(&doc, samples, i, &number))) {
            return false;
        }
        t.samples[i] = (uint8_t)number;
    }
    return is_expected(&t);
}
