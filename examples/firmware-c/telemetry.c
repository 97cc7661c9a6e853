/* Reads one pickle after another from the UART into a document in fixed memory, shows its fields, and answers with a
 * pickle. The same messages, lines and answers as ../firmware/src/bin/telemetry.rs; None ends the session. */
#include "board.h"
#include <inttypes.h>
#include <pickle.h>
#include <string.h>

static bool answer(int64_t id, int64_t sum) {
    PICKLE_WRITER_STORAGE(memory, 1, 0);
    pickle_writer out;
    pickle_writer_init_sink(&out, board_write, NULL, 2, &memory);
    /* The first error is kept; the last call returns it. */
    pickle_writer_begin_dict(&out, PICKLE_UNKNOWN);
    pickle_writer_str(&out, "id");
    pickle_writer_i64(&out, id);
    pickle_writer_str(&out, "sum");
    pickle_writer_i64(&out, sum);
    pickle_writer_end(&out);
    return pickle_writer_finish(&out) == PICKLE_STATUS_OK;
}

static bool show(const pickle_doc *doc) {
    pickle_value root = pickle_doc_root(doc), samples, temp;
    pickle_str name, text;
    pickle_iter items;
    int64_t id, sample, sum = 0;
    double degrees;

    if (pickle_value_get_str(doc, root, "name", &name) != PICKLE_STATUS_OK ||
        pickle_value_get_i64(doc, root, "id", &id) != PICKLE_STATUS_OK ||
        pickle_value_get(doc, root, "temp", &temp) != PICKLE_STATUS_OK ||
        pickle_value_get(doc, root, "samples", &samples) != PICKLE_STATUS_OK ||
        pickle_value_items(doc, samples, &items) != PICKLE_STATUS_OK) {
        return false;
    }
    /* Numbers in thousandths: newlib's %f costs more flash than all of this. */
    if (pickle_value_as_f64(doc, temp, &degrees) == PICKLE_STATUS_OK) {
        board_print("INFO  %.*s (%d): %d.%d C\n", (int)name.size, name.data, (int)id, (int)degrees,
                    (int)(degrees * 10) % 10);
    } else if (pickle_value_float_text(doc, temp, &text) == PICKLE_STATUS_OK) {
        board_print("INFO  %.*s (%d): %.*s C\n", (int)name.size, name.data, (int)id, (int)text.size, text.data);
    } else {
        return false;
    }
    for (pickle_value item; pickle_iter_next(&items, &item);) {
        if (pickle_value_as_i64(doc, item, &sample) != PICKLE_STATUS_OK) {
            return false;
        }
        board_print("INFO    sample %d\n", (int)sample);
        sum += sample;
    }
    if (!answer(id, sum)) {
        board_print("ERROR the answer was not written\n");
    }
    return true;
}

int main(void) {
    PICKLE_STORAGE(memory, 32, 8, 64);
    pickle_reader reader;
    pickle_error error;
    pickle_doc doc;
    uint8_t piece[16];

    board_start();
    pickle_reader_init(&reader, &memory, NULL);
    for (;;) {
        pickle_in in = {piece, board_read(piece, sizeof piece), 0};
        while (in.pos < in.size) {
            pickle_status status = pickle_reader_feed(&reader, &in);
            if (status == PICKLE_STATUS_NEED_MORE) {
                continue;
            }
            if (status != PICKLE_STATUS_OK) {
                pickle_reader_error(&reader, &error);
                board_print("ERROR at byte %d: %s\n", (int)error.offset, pickle_status_text(error.status));
                board_exit(false);
            }
            pickle_reader_doc(&reader, &doc);
            if (pickle_value_is_none(&doc, pickle_doc_root(&doc))) {
                board_print("INFO  the end\n");
                board_exit(true);
            }
            if (!show(&doc)) {
                board_print("WARN  not a telemetry message: kind %d\n", (int)pickle_value_kind(&doc, pickle_doc_root(&doc)));
            }
            pickle_reader_next_pickle(&reader, false);
        }
    }
}
