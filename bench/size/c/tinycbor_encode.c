/* The peer TinyCBOR encodes the same message as CBOR. */
#include "harness.h"
#include <cbor.h>
#include <string.h>

DEFINE_MESSAGE(CBOR);

bool work(const uint8_t *message, size_t len) {
    uint8_t buffer[96];
    struct telemetry t = {7, 21.5, "probe-3", 7, {1, 2, 3, 4}};
    __asm__ volatile("" : : "r"(&t) : "memory");
    CborEncoder encoder, map, list;
    cbor_encoder_init(&encoder, buffer, sizeof buffer, 0);
    int error = cbor_encoder_create_map(&encoder, &map, 4);
    error |= cbor_encode_text_string(&map, "id", 2) | cbor_encode_uint(&map, t.id);
    error |= cbor_encode_text_string(&map, "temp", 4) | cbor_encode_double(&map, t.temp);
    error |= cbor_encode_text_string(&map, "name", 4) | cbor_encode_text_string(&map, t.name, t.name_len);
    error |= cbor_encode_text_string(&map, "samples", 7) | cbor_encoder_create_array(&map, &list, 4);
    for (int i = 0; i < 4; i++) {
        error |= cbor_encode_uint(&list, t.samples[i]);
    }
    error |= cbor_encoder_close_container(&map, &list) | cbor_encoder_close_container(&encoder, &map);
    return error == 0 && cbor_encoder_get_buffer_size(&encoder, buffer) == len && memcmp(buffer, message, len) == 0;
}
