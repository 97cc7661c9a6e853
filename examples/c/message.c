/* Reads messages of one layout, one after another, from a file: message FILE */
#include <pickle.h>
#include <stdio.h>

typedef struct {
    uint32_t id;
    double temp;
    char name[24];
    int16_t samples[8];
    size_t sample_count;
    uint8_t battery;
    bool has_battery;
} telemetry;

static const pickle_field fields[] = {
    PICKLE_FIELD(telemetry, id, unsigned),
    PICKLE_FIELD(telemetry, temp, double),
    PICKLE_FIELD(telemetry, name, text),
    PICKLE_LIST(telemetry, samples, signed, sample_count),
    PICKLE_OPTIONAL(telemetry, battery, unsigned, has_battery),
};
static const pickle_layout layout = PICKLE_LAYOUT_SKIPPING(fields);
static uint8_t input[1 << 16];

int main(int argc, char **argv) {
    FILE *file;
    pickle_in in = {input, 0, 0};

    if (argc < 2 || !(file = fopen(argv[1], "rb"))) {
        fprintf(stderr, "usage: message FILE\n");
        return 2;
    }
    in.size = fread(input, 1, sizeof input, file);
    fclose(file);
    while (in.pos < in.size) {
        uint32_t memo[16];
        telemetry read;
        pickle_refusal refusal;
        size_t i;
        if (pickle_message_read(&layout, &in, memo, 16, &read, &refusal) != PICKLE_REASON_NONE) {
            fprintf(stderr, "at byte %zu, field %u: %s\n", in.pos + refusal.offset, refusal.field, pickle_reason_text(refusal.reason));
            return 1;
        }
        printf("%lu %s %.3f", (unsigned long)read.id, read.name, read.temp);
        for (i = 0; i < read.sample_count; i++) {
            printf(" %d", read.samples[i]);
        }
        printf(read.has_battery ? " battery %u\n" : "\n", read.battery);
    }
    return 0;
}
