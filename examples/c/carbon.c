/* Graphite's pickle protocol, both sides: a four-byte big-endian length, then a pickle of
 * [(metric, (timestamp, value)), ...].
 *
 *     carbon receive            listens on loopback, prints the port and every metric of one connection
 *     carbon send PORT          sends a few metrics to a carbon daemon */
#include "net.h"
#include <pickle.h>
#include <stdlib.h>

/* Carbon's own limit is 1 MiB; its senders put 500 metrics into a pickle. */
static uint8_t frame[1 << 20];
PICKLE_STATIC_STORAGE(memory, 1 << 16, 1 << 14, 1 << 12);

/* A number as carbon takes it: int, float, or the text of one. */
static bool number(const pickle_doc *doc, pickle_value value, double *out) {
    int64_t whole;
    if (pickle_value_as_f64(doc, value, out) == PICKLE_STATUS_OK) {
        return true;
    }
    if (pickle_value_as_i64(doc, value, &whole) != PICKLE_STATUS_OK) {
        return false;
    }
    *out = (double)whole;
    return true;
}

static void show(const pickle_doc *doc) {
    pickle_iter metrics;
    pickle_value metric;
    pickle_value_items(doc, pickle_doc_root(doc), &metrics);
    while (pickle_iter_next(&metrics, &metric)) {
        pickle_str name;
        pickle_value time, value;
        double seconds, amount;
        if (pickle_value_at_str(doc, metric, 0, &name) || pickle_value_find(doc, metric, "$[1][0]", &time) ||
            pickle_value_find(doc, metric, "$[1][1]", &value) || !number(doc, time, &seconds) ||
            !number(doc, value, &amount)) {
            printf("not a metric\n");
            continue;
        }
        printf("%.*s %.0f %.17g\n", (int)name.size, name.data, seconds, amount);
    }
    fflush(stdout);
}

static int receive(void) {
    uint32_t size;
    int fd = net_accept_one();
    while (fd >= 0 && net_read_length(fd, &size)) {
        pickle_doc doc;
        pickle_error error;
        if (size > sizeof frame || !net_read(fd, frame, size)) {
            fprintf(stderr, "a frame of %lu bytes\n", (unsigned long)size);
            return 1;
        }
        if (pickle_load(&memory, frame, size, NULL, &doc, &error) != PICKLE_STATUS_OK) {
            /* A bad frame is no reason to drop the ones that follow. */
            printf("at byte %llu: %s\n", (unsigned long long)error.offset, pickle_status_text(error.status));
            continue;
        }
        show(&doc);
    }
    return fd < 0;
}

static int send_some(uint16_t port) {
    static const struct {
        const char *name;
        int64_t time;
        double value;
    } metrics[] = {{"lab.oven.temp", 1700000000, 231.5}, {"lab.oven.temp", 1700000060, 232.25}, {"lab.door", 1700000060, 1}};
    PICKLE_WRITER_STORAGE(levels, 3, 0);
    pickle_writer out;
    size_t i;
    int fd = net_connect(port);
    bool sent;
    pickle_writer_init(&out, frame, sizeof frame, 2, &levels);
    pickle_writer_begin_list(&out, PICKLE_UNKNOWN);
    for (i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        pickle_writer_begin_tuple(&out, 2);
        pickle_writer_str(&out, metrics[i].name);
        pickle_writer_begin_tuple(&out, 2);
        pickle_writer_i64(&out, metrics[i].time);
        pickle_writer_f64(&out, metrics[i].value);
        pickle_writer_end(&out);
        pickle_writer_end(&out);
    }
    pickle_writer_end(&out);
    if (pickle_writer_finish(&out) != PICKLE_STATUS_OK || fd < 0) {
        fprintf(stderr, "nothing was sent\n");
        return 1;
    }
    sent = net_write_length(fd, pickle_writer_written(&out)) && net_write(fd, frame, pickle_writer_written(&out));
    close(fd);
    return !sent;
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "receive")) {
        return receive();
    }
    if (argc == 3 && !strcmp(argv[1], "send")) {
        return send_some((uint16_t)atoi(argv[2]));
    }
    fprintf(stderr, "usage: carbon receive | carbon send PORT\n");
    return 2;
}
