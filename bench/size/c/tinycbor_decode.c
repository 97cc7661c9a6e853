/* The peer TinyCBOR decodes the same message from CBOR. */
#include "harness.h"
#include <cbor.h>
#include <string.h>

DEFINE_MESSAGE(CBOR);

bool work(const uint8_t *message, size_t len) {
    CborParser parser;
    CborValue root, at, sample;
    struct telemetry t = {0};
    if (cbor_parser_init(message, len, 0, &parser, &root) || !cbor_value_is_map(&root) ||
        cbor_value_enter_container(&root, &at)) {
        return false;
    }
    while (!cbor_value_at_end(&at)) {
        char key[16];
        size_t size = sizeof key;
        int number;
        if (!cbor_value_is_text_string(&at) || cbor_value_copy_text_string(&at, key, &size, &at)) {
            return false;
        }
        if (strcmp(key, "id") == 0 && cbor_value_is_integer(&at)) {
            if (cbor_value_get_int_checked(&at, &number)) {
                return false;
            }
            t.id = (uint32_t)number;
        } else if (strcmp(key, "temp") == 0 && cbor_value_is_double(&at)) {
            cbor_value_get_double(&at, &t.temp);
        } else if (strcmp(key, "name") == 0 && cbor_value_is_text_string(&at)) {
            t.name_len = sizeof t.name;
            if (cbor_value_copy_text_string(&at, t.name, &t.name_len, &at)) {
                return false;
            }
            continue;
        } else if (strcmp(key, "samples") == 0 && cbor_value_is_array(&at)) {
            if (cbor_value_enter_container(&at, &sample)) {
                return false;
            }
            for (size_t i = 0; !cbor_value_at_end(&sample); i++) {
                if (i >= 4 || !cbor_value_is_integer(&sample) || cbor_value_get_int_checked(&sample, &number) ||
                    cbor_value_advance_fixed(&sample)) {
                    return false;
                }
                t.samples[i] = (uint8_t)number;
            }
            if (cbor_value_leave_container(&at, &sample)) {
                return false;
            }
            continue;
        }
        if (cbor_value_advance(&at)) {
            return false;
        }
    }
    return is_expected(&t);
}
