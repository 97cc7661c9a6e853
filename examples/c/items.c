/* Sums a field of the rows of a file of any size, in the memory declared here.
 * Usage: items FILE [PATH [FIELD]], as in: items log.pkl $.rows bytes
 * A first pass finds which memo entries are used again, so that nothing else is kept. */
#include <pickle.h>
#include <stdio.h>

enum { NODES = 1 << 16, MEMO = 1 << 15, BYTES = 1 << 20, USES = 1 << 12 };
PICKLE_STATIC_STORAGE(memory, NODES, MEMO, BYTES);
static pickle_memo_use uses[USES];
static uint8_t piece[1 << 16];

static int complain(const char *what, pickle_status status, const pickle_error *error) {
    fprintf(stderr, "%s: at byte %llu: %s\n", what, (unsigned long long)error->offset, pickle_status_text(status));
    return 1;
}

/* The next piece; false at the end of the file. */
static bool more(FILE *file, pickle_in *in) {
    in->data = piece;
    in->size = fread(piece, 1, sizeof piece, file);
    in->pos = 0;
    return in->size != 0;
}

int main(int argc, char **argv) {
    FILE *file;
    pickle_memo_plan plan;
    pickle_item_reader reader;
    pickle_item_options options = {0};
    pickle_item item;
    pickle_in in = {0};
    pickle_error error;
    pickle_status status;
    unsigned long long count = 0;
    double number, sum = 0;
    int64_t whole;

    if (argc < 2 || !(file = fopen(argv[1], "rb"))) {
        fprintf(stderr, "usage: items FILE [PATH [FIELD]]\n");
        return 2;
    }
    pickle_memo_plan_init(&plan, uses, USES, 0);
    do {
        status = pickle_memo_plan_feed(&plan, &in);
    } while (status == PICKLE_STATUS_NEED_MORE && more(file, &in));
    if (status == PICKLE_STATUS_OK) {
        options.plan = &plan;
    } else if (status != PICKLE_STATUS_MEMO_FULL && status != PICKLE_STATUS_NEED_MORE) {
        pickle_memo_plan_error(&plan, &error);
        return complain(argv[1], status, &error);
    }

    rewind(file);
    options.path = argc > 2 ? argv[2] : NULL;
    if ((status = pickle_item_reader_init(&reader, &memory, &options)) != PICKLE_STATUS_OK) {
        fprintf(stderr, "%s: %s\n", argv[2], pickle_status_text(status));
        return 2;
    }
    in.size = in.pos = 0;
    do {
        while ((status = pickle_item_reader_next(&reader, &in, &item)) == PICKLE_STATUS_ITEM) {
            count++;
            if (argc > 3 && pickle_value_get_i64(&item.doc, item.value, argv[3], &whole) == PICKLE_STATUS_OK) {
                sum += (double)whole;
            } else if (argc > 3 && pickle_value_get_f64(&item.doc, item.value, argv[3], &number) == PICKLE_STATUS_OK) {
                sum += number;
            }
        }
    } while (status == PICKLE_STATUS_NEED_MORE && more(file, &in));
    if (status == PICKLE_STATUS_NEED_MORE) {
        status = pickle_item_reader_finish(&reader);
    }
    fclose(file);
    printf("%llu items, sum %.17g\n", count, sum);
    if (status != PICKLE_STATUS_OK) {
        pickle_item_reader_error(&reader, &error);
        return complain(argv[1], status, &error);
    }
    if (count == 0 && argc > 2) {
        fprintf(stderr, "%s: there are no items at %s\n", argv[1], argv[2]);
        return 1;
    }
    return 0;
}
