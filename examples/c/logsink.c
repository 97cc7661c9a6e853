/* Receives what Python's logging.handlers.SocketHandler sends: a four-byte big-endian length, then a pickle of the
 * LogRecord's dict. Listens on loopback, prints the port, then every record of one connection. */
#include "net.h"
#include <pickle.h>

static uint8_t frame[1 << 16];
PICKLE_STATIC_STORAGE(memory, 1024, 256, 1024);

int main(void) {
    uint32_t size;
    int fd = net_accept_one();
    while (fd >= 0 && net_read_length(fd, &size)) {
        pickle_doc doc;
        pickle_value root;
        pickle_str name, message, level;
        int64_t line;
        double created;
        if (size > sizeof frame || !net_read(fd, frame, size)) {
            fprintf(stderr, "a record of %lu bytes\n", (unsigned long)size);
            return 1;
        }
        if (pickle_load(&memory, frame, size, NULL, &doc, NULL) != PICKLE_STATUS_OK) {
            printf("not a pickle\n");
            continue;
        }
        root = pickle_doc_root(&doc);
        /* The handler has put the arguments into the message. */
        if (pickle_value_get_str(&doc, root, "name", &name) || pickle_value_get_str(&doc, root, "levelname", &level) ||
            pickle_value_get_str(&doc, root, "msg", &message) || pickle_value_get_i64(&doc, root, "lineno", &line) ||
            pickle_value_get_f64(&doc, root, "created", &created)) {
            printf("not a record\n");
            continue;
        }
        printf("%.*s %.*s:%lld %.*s\n", (int)level.size, level.data, (int)name.size, name.data, (long long)line,
               (int)message.size, message.data);
        fflush(stdout);
    }
    return fd < 0;
}
