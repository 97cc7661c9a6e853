/* Reads a pickle from a file and prints it: read FILE [PATH] */
#include <pickle.h>
#include <stdio.h>

static uint8_t input[1 << 20];
PICKLE_STATIC_STORAGE(memory, 1 << 16, 1 << 14, 1 << 16);

static bool print(void *context, const uint8_t *text, size_t size) {
    return fwrite(text, 1, size, (FILE *)context) == size;
}

int main(int argc, char **argv) {
    FILE *file;
    size_t size;
    pickle_doc doc;
    pickle_error error;
    pickle_value value;
    pickle_status status;

    if (argc < 2 || !(file = fopen(argv[1], "rb"))) {
        fprintf(stderr, "usage: read FILE [PATH]\n");
        return 2;
    }
    size = fread(input, 1, sizeof input, file);
    fclose(file);
    if (pickle_load(&memory, input, size, NULL, &doc, &error) != PICKLE_STATUS_OK) {
        fprintf(stderr, "at byte %llu: %s\n", (unsigned long long)error.offset, pickle_status_text(error.status));
        return 1;
    }
    value = pickle_doc_root(&doc);
    if (argc > 2 && (status = pickle_doc_find(&doc, argv[2], &value)) != PICKLE_STATUS_OK) {
        fprintf(stderr, "%s: %s\n", argv[2], pickle_status_text(status));
        return 1;
    }
    pickle_value_dump_json(&doc, value, print, stdout);
    putchar('\n');
    return 0;
}
