/* Reads pickles from stdin in pieces of 4 KiB, as they would come from a socket, and prints what each one is. */
#include <pickle.h>
#include <stdio.h>

PICKLE_STATIC_STORAGE(memory, 1 << 16, 1 << 14, 1 << 20);

int main(void) {
    static uint8_t piece[4096];
    pickle_reader reader;
    pickle_doc doc;
    pickle_error error;
    pickle_usage usage;
    pickle_status status = PICKLE_STATUS_OK;
    pickle_in in = {piece, 0, 0};
    unsigned long count = 0;
    bool inside = false;

    pickle_reader_init(&reader, &memory, NULL);
    for (;;) {
        if (in.pos == in.size) {
            in.size = fread(piece, 1, sizeof piece, stdin);
            in.pos = 0;
            if (in.size == 0) {
                break;
            }
        }
        inside = true;
        status = pickle_reader_feed(&reader, &in);
        if (status == PICKLE_STATUS_NEED_MORE) {
            continue;
        }
        if (status != PICKLE_STATUS_OK) {
            break;
        }
        pickle_reader_doc(&reader, &doc);
        pickle_reader_usage(&reader, &usage);
        printf("pickle %lu: kind %d, %zu items, %zu nodes, %zu bytes\n", ++count,
               (int)pickle_value_kind(&doc, pickle_doc_root(&doc)), pickle_value_len(&doc, pickle_doc_root(&doc)), usage.nodes,
               usage.bytes);
        pickle_reader_next_pickle(&reader, false);
        inside = false;
    }
    if (inside && status == PICKLE_STATUS_NEED_MORE) {
        status = pickle_reader_finish(&reader);
    }
    if (status != PICKLE_STATUS_OK) {
        pickle_reader_error(&reader, &error);
        fprintf(stderr, "at byte %llu: %s\n", (unsigned long long)error.offset, pickle_status_text(error.status));
        return 1;
    }
    return 0;
}
