/* Writes a pickle to a file: write FILE [PROTOCOL]. Python loads it with pickle.load. */
#include <pickle.h>
#include <stdio.h>
#include <stdlib.h>

static bool to_file(void *context, const uint8_t *data, size_t size) {
    return fwrite(data, 1, size, (FILE *)context) == size;
}

int main(int argc, char **argv) {
    static const double temps[] = {21.5, 21.75, -3.0};
    PICKLE_WRITER_STORAGE(memory, 4, 2);
    pickle_writer out;
    pickle_memo id;
    pickle_status status;
    size_t i;
    FILE *file = argc > 1 ? fopen(argv[1], "wb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: write FILE [PROTOCOL]\n");
        return 2;
    }
    pickle_writer_init_sink(&out, to_file, file, argc > 2 ? (uint8_t)atoi(argv[2]) : 4, &memory);

    /* Nothing needs to be checked on the way: the first error is kept, and the last call returns it. */
    pickle_writer_begin_dict(&out, PICKLE_UNKNOWN);
    pickle_writer_str(&out, "station");
    pickle_writer_begin_tuple(&out, 2);
    pickle_writer_str(&out, "Z\xc3\xbcrich");
    pickle_writer_i64(&out, 8001);
    pickle_writer_end(&out);
    pickle_writer_memoize(&out, &id);
    pickle_writer_str(&out, "readings");
    pickle_writer_begin_list(&out, PICKLE_UNKNOWN);
    for (i = 0; i < sizeof temps / sizeof temps[0]; i++) {
        pickle_writer_begin_dict(&out, 2);
        pickle_writer_shared_str(&out, "n");
        pickle_writer_u64(&out, i);
        pickle_writer_shared_str(&out, "temp");
        pickle_writer_f64(&out, temps[i]);
        pickle_writer_end(&out);
    }
    pickle_writer_end(&out);
    pickle_writer_str(&out, "same station");
    pickle_writer_get_memo(&out, id);
    pickle_writer_str(&out, "day");
    pickle_writer_begin_call(&out, "datetime", "date", 3);
    pickle_writer_i64(&out, 2024);
    pickle_writer_i64(&out, 2);
    pickle_writer_i64(&out, 29);
    pickle_writer_end(&out);
    pickle_writer_str(&out, "raw");
    pickle_writer_bytes(&out, "\x00\xff", 2);
    pickle_writer_end(&out);
    status = pickle_writer_finish(&out);

    if (fclose(file) || status != PICKLE_STATUS_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], pickle_status_text(status));
        return 1;
    }
    printf("%lu bytes\n", (unsigned long)pickle_writer_written(&out));
    return 0;
}
