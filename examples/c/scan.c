/* Whether files may be loaded: scan FILE... prints what loading each would do, and loads nothing.
 * Exit code: 0 all are clean, 1 one is not, 2 one cannot be read. */
#include <pickle.h>
#include <stdio.h>

PICKLE_STATIC_SCAN_STORAGE(memory, 8 << 20);
static pickle_scan scan;
static uint8_t piece[1 << 16];

static void on_finding(void *context, const pickle_finding *finding) {
    char line[512];
    pickle_finding_text(finding, line, sizeof line);
    printf("  %s\n", line);
    ++*(unsigned long *)context;
}

static int check(const char *path) {
    FILE *file = fopen(path, "rb");
    unsigned long findings = 0;
    pickle_scan_options options = {0};
    pickle_scan_summary summary;
    pickle_in in = {0};
    bool broken;

    if (!file) {
        perror(path);
        return 2;
    }
    printf("%s:\n", path);
    options.on_finding = on_finding;
    options.context = &findings;
    pickle_scan_init(&scan, &memory, &options);
    in.data = piece;
    while ((in.size = fread(piece, 1, sizeof piece, file)) != 0) {
        in.pos = 0;
        pickle_scan_feed(&scan, &in);
    }
    broken = ferror(file) != 0;
    fclose(file);
    if (broken) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return 2;
    }
    pickle_scan_finish(&scan, &summary);
    printf("  %s%s, %lu findings\n", pickle_verdict_name(summary.verdict), summary.complete ? "" : " (incomplete)", findings);
    return summary.verdict != PICKLE_VERDICT_CLEAN;
}

int main(int argc, char **argv) {
    int i, worst = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: scan FILE...\n");
        return 2;
    }
    for (i = 1; i < argc; i++) {
        int found = check(argv[i]);
        worst = found > worst ? found : worst;
    }
    return worst;
}
