/* The harness in C, the twin of ../src/lib.rs: one piece of work, the stack below it, the instructions in it. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of input that arrive together. */
#define PIECE 16

/* What run.py takes off the flash: the message. */
extern const uint8_t MESSAGE[];
extern const size_t MESSAGE_LEN;
#define DEFINE_MESSAGE(text)                                                                                  \
    const uint8_t MESSAGE[sizeof text - 1] __attribute__((used)) = text;                                      \
    const size_t MESSAGE_LEN = sizeof text - 1

/* The message as CPython's pickle.dumps writes it, protocol 4. */
#define PICKLE                                                                                                \
    "\x80\x04\x95"                                                                                            \
    "C\0\0\0\0\0\0\0}\x94(\x8c\x02id\x94K\x07\x8c\x04temp\x94G@5\x80\0\0\0\0\0\x8c\x04name\x94\x8c\x07"       \
    "probe-3\x94\x8c\x07samples\x94]\x94(K\x01K\x02K\x03K\x04"                                                \
    "eu."
/* The same in CBOR. */
#define CBOR                                                                                                  \
    "\xa4\x62id\x07\x64temp\xfb@5\x80\0\0\0\0\0\x64name\x67probe-3\x67samples\x84\x01\x02\x03\x04"

struct telemetry {
    uint32_t id;
    double temp;
    char name[16];
    size_t name_len;
    uint8_t samples[4];
};

/* Every field is as it should be. */
static inline bool is_expected(const struct telemetry *t) {
    union {
        double value;
        uint64_t bits;
    } temp = {t->temp};
    const char *name = "probe-3";
    for (size_t i = 0; i < 7; i++) {
        if (t->name[i] != name[i]) {
            return false;
        }
    }
    return t->id == 7 && temp.bits == 0x4035800000000000 && t->name_len == 7 && t->samples[0] == 1 &&
           t->samples[1] == 2 && t->samples[2] == 3 && t->samples[3] == 4;
}

/* The work: says whether it went well. */
bool work(const uint8_t *message, size_t len);

#endif
