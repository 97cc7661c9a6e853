/* A client of Python's multiprocessing.connection.Listener: mpclient PORT KEY
 *
 * Messages are a four-byte big-endian length and a pickle. Both sides prove that they have the key: HMAC-SHA-256, as
 * CPython 3.12 and later do it (deliver_challenge and answer_challenge in multiprocessing/connection.py). The client
 * sends a request, prints the reply, and says goodbye. */
#include "net.h"
#include "sha256.h"
#include <pickle.h>
#include <stdlib.h>

#define CHALLENGE "#CHALLENGE#"
#define DIGEST "{sha256}"
#define NONCE 40

static uint8_t frame[1 << 16];
static uint32_t frame_size;
PICKLE_STATIC_STORAGE(memory, 1024, 256, 1024);

/* A length of -1 stands before the long frames of 2 GiB and more, which this client does not take. */
static bool receive(int fd, size_t limit) {
    return net_read_length(fd, &frame_size) && frame_size <= limit && net_read(fd, frame, frame_size);
}

static bool send_frame(int fd, const void *data, size_t size) {
    return net_write_length(fd, size) && net_write(fd, data, size);
}

static bool is(const char *text) { return frame_size == strlen(text) && !memcmp(frame, text, frame_size); }

/* The other side asks; the answer is the digest of all that follows #CHALLENGE#, its name included. */
static bool answer(int fd, const char *key) {
    uint8_t reply[sizeof DIGEST - 1 + 32];
    const size_t skip = sizeof CHALLENGE - 1;
    if (!receive(fd, 256) || frame_size < skip + sizeof DIGEST - 1 || memcmp(frame, CHALLENGE DIGEST, skip + sizeof DIGEST - 1)) {
        return false;
    }
    memcpy(reply, DIGEST, sizeof DIGEST - 1);
    hmac_sha256(key, strlen(key), frame + skip, frame_size - skip, reply + sizeof DIGEST - 1);
    return send_frame(fd, reply, sizeof reply) && receive(fd, 256) && is("#WELCOME#");
}

static bool ask(int fd, const char *key) {
    uint8_t message[sizeof CHALLENGE - 1 + sizeof DIGEST - 1 + NONCE], expected[sizeof DIGEST - 1 + 32], differs = 0;
    const size_t skip = sizeof CHALLENGE - 1, head = skip + sizeof DIGEST - 1;
    size_t i;
    FILE *random = fopen("/dev/urandom", "rb");
    if (!random || fread(message + head, 1, NONCE, random) != NONCE) {
        return false;
    }
    fclose(random);
    memcpy(message, CHALLENGE DIGEST, head);
    memcpy(expected, DIGEST, sizeof DIGEST - 1);
    hmac_sha256(key, strlen(key), message + skip, sizeof message - skip, expected + sizeof DIGEST - 1);
    if (!send_frame(fd, message, sizeof message) || !receive(fd, 256)) {
        return false;
    }
    /* In constant time: the time must not show how much of it is right. */
    for (i = 0; frame_size == sizeof expected && i < sizeof expected; i++) {
        differs |= frame[i] ^ expected[i];
    }
    if (frame_size != sizeof expected || differs) {
        send_frame(fd, "#FAILURE#", 9);
        return false;
    }
    return send_frame(fd, "#WELCOME#", 9);
}

static bool print(void *context, const uint8_t *data, size_t size) {
    return fwrite(data, 1, size, (FILE *)context) == size;
}

int main(int argc, char **argv) {
    PICKLE_WRITER_STORAGE(levels, 3, 0);
    pickle_writer out;
    pickle_doc doc;
    pickle_error error;
    int fd = argc == 3 ? net_connect((uint16_t)atoi(argv[1])) : -1;
    if (fd < 0) {
        fprintf(stderr, "usage: mpclient PORT KEY\n");
        return 2;
    }
    /* A Listener asks first, then answers. */
    if (!answer(fd, argv[2]) || !ask(fd, argv[2])) {
        fprintf(stderr, "the key was refused\n");
        return 1;
    }
    /* ("sum", [1, 2, 3.5]) */
    pickle_writer_init(&out, frame, sizeof frame, 4, &levels);
    pickle_writer_begin_tuple(&out, 2);
    pickle_writer_str(&out, "sum");
    pickle_writer_begin_list(&out, 3);
    pickle_writer_i64(&out, 1);
    pickle_writer_i64(&out, 2);
    pickle_writer_f64(&out, 3.5);
    pickle_writer_end(&out);
    pickle_writer_end(&out);
    if (pickle_writer_finish(&out) != PICKLE_STATUS_OK || !send_frame(fd, frame, pickle_writer_written(&out)) ||
        !receive(fd, sizeof frame)) {
        fprintf(stderr, "no reply\n");
        return 1;
    }
    if (pickle_load(&memory, frame, frame_size, NULL, &doc, &error) != PICKLE_STATUS_OK) {
        fprintf(stderr, "at byte %llu: %s\n", (unsigned long long)error.offset, pickle_status_text(error.status));
        return 1;
    }
    pickle_value_dump_json(&doc, pickle_doc_root(&doc), print, stdout);
    puts("");
    pickle_writer_init(&out, frame, sizeof frame, 4, NULL);
    pickle_writer_none(&out);
    return pickle_writer_finish(&out) != PICKLE_STATUS_OK || !send_frame(fd, frame, pickle_writer_written(&out));
}
