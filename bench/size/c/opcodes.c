/* Decodes at the level of opcodes, straight into fields: the twin of ../src/opcodes.rs. */
#include "harness.h"
#include <pickle.h>
#include <string.h>

DEFINE_MESSAGE(PICKLE);

enum slot { KEY, ID, TEMP, NAME, SAMPLES, UNKNOWN };

struct fields {
    struct telemetry out;
    size_t samples_len;
    enum slot slot;
    char text[16];
    size_t text_len;
};

static bool is(const struct fields *f, const char *key) {
    return strlen(key) == f->text_len && memcmp(key, f->text, f->text_len) == 0;
}

static void text(struct fields *f, const pickle_bytes *data, bool last) {
    for (size_t i = 0; i < data->size && f->text_len < sizeof f->text; i++) {
        f->text[f->text_len++] = (char)data->data[i];
    }
    if (!last) {
        return;
    }
    if (f->slot == KEY) {
        f->slot = is(f, "id") ? ID : is(f, "temp") ? TEMP : is(f, "name") ? NAME : is(f, "samples") ? SAMPLES : UNKNOWN;
    } else {
        if (f->slot == NAME) {
            memcpy(f->out.name, f->text, f->text_len);
            f->out.name_len = f->text_len;
        }
        f->slot = KEY;
    }
    f->text_len = 0;
}

static void integer(struct fields *f, uint32_t value) {
    if (f->slot == SAMPLES) {
        if (f->samples_len < 4) {
            f->out.samples[f->samples_len++] = (uint8_t)value;
        }
        return;
    }
    if (f->slot == ID) {
        f->out.id = value;
    }
    f->slot = KEY;
}

bool work(const uint8_t *message, size_t len) {
    struct fields f = {0};
    pickle_decoder decoder;
    pickle_step step;

    pickle_decoder_init(&decoder);
    for (size_t at = 0; at < len; at += PIECE) {
        pickle_in in = {message + at, len - at < PIECE ? len - at : PIECE, 0};
        for (;;) {
            pickle_status status = pickle_decoder_next(&decoder, &in, &step);
            if (status == PICKLE_STATUS_NEED_MORE) {
                break;
            }
            if (status != PICKLE_STATUS_OK) {
                return false;
            }
            switch (step.kind) {
            case PICKLE_STEP_KIND_FRAGMENT:
                text(&f, &step.data, step.last);
                break;
            case PICKLE_STEP_KIND_OP:
                if (step.arg == PICKLE_ARG_KIND_BYTES) {
                    text(&f, &step.data, true);
                } else if (step.arg == PICKLE_ARG_KIND_FLOAT) {
                    if (f.slot == TEMP) {
                        memcpy(&f.out.temp, &step.number, 8);
                    }
                    f.slot = KEY;
                } else if (step.opcode == 'K' || step.opcode == 'M' || step.opcode == 'J') {
                    integer(&f, (uint32_t)step.number);
                } else if (step.opcode == 'e') {
                    f.slot = KEY;
                }
                break;
            case PICKLE_STEP_KIND_END:
                return is_expected(&f.out);
            default:
                return false;
            }
        }
    }
    return false;
}
