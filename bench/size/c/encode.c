/* Writes the message with the writer of libpickle.a, protocol 4. */
#include "harness.h"
#include <pickle.h>
#include <string.h>

DEFINE_MESSAGE("\x80\x04}(\x8c\x02idK\x07\x8c\x04tempG@5\x80\0\0\0\0\0\x8c\x04name\x8c\x07probe-3\x8c\x07samples](K\x01K\x02K\x03K"
               "\x04"
               "eu.");

bool work(const uint8_t *message, size_t len) {
    uint8_t buffer[96];
    struct telemetry t = {7, 21.5, "probe-3", 7, {1, 2, 3, 4}};
    __asm__ volatile("" : : "r"(&t) : "memory");
    PICKLE_WRITER_STORAGE(memory, 2, 0);
    pickle_writer out;
    pickle_writer_init(&out, buffer, sizeof buffer, 4, &memory);
    pickle_writer_begin_dict(&out, PICKLE_UNKNOWN);
    pickle_writer_str(&out, "id");
    pickle_writer_u64(&out, t.id);
    pickle_writer_str(&out, "temp");
    pickle_writer_f64(&out, t.temp);
    pickle_writer_str(&out, "name");
    pickle_writer_str_bytes(&out, t.name, t.name_len);
    pickle_writer_str(&out, "samples");
    pickle_writer_begin_list(&out, PICKLE_UNKNOWN);
    for (int i = 0; i < 4; i++) {
        pickle_writer_u64(&out, t.samples[i]);
    }
    pickle_writer_end(&out);
    pickle_writer_end(&out);
    return pickle_writer_finish(&out) == PICKLE_STATUS_OK && pickle_writer_written(&out) == len && memcmp(buffer, message, len) == 0;
}
