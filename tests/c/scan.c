/* The scan: every row of tests/data/verdicts.tsv in pieces of any size, small memory, policies, texts, misuse. */
#include "check.h"

enum { LINE = 1 << 16, LOG = 1 << 14 };

PICKLE_STATIC_SCAN_STORAGE(room, 1 << 18);
static char log_of[2][LOG];
static char line[LINE];
static uint8_t pickle[LINE / 2];

struct told {
    char *text;
    size_t size;
    unsigned count;
    pickle_verdict worst;
    bool wanted;
    const char *rules;
};

/* Whether one of the rules, such as "PK201|PK101", is this one. */
static bool among(const char *rules, unsigned rule) {
    char id[8];
    snprintf(id, sizeof id, "PK%u", rule);
    return strcmp(rules, "-") == 0 || strstr(rules, id) != NULL;
}

static void on_finding(void *context, const pickle_finding *finding) {
    struct told *told = (struct told *)context;
    size_t left = LOG - told->size, size = pickle_finding_text(finding, told->text + told->size, left);
    CHECK(size > 20 && finding->rule >= 101 && finding->rule < 1000 && finding->text.size != 0);
    CHECK(finding->verdict > PICKLE_VERDICT_NONE && finding->verdict <= PICKLE_VERDICT_DANGEROUS);
    CHECK(strcmp(pickle_capability_name(finding->capability), "?") != 0 && finding->pythons.size != 0);
    if (size < left) {
        CHECK(strlen(told->text + told->size) == size && told->text[told->size + size - 1] == ']');
        told->size += size;
    }
    told->count++;
    told->wanted = told->wanted || among(told->rules, finding->rule);
    if (finding->verdict > told->worst) {
        told->worst = finding->verdict;
    }
}

static pickle_scan_summary scan(const void *data, size_t size, size_t step, struct told *told, const char *rules) {
    static pickle_scan scan;
    pickle_scan_options options;
    pickle_scan_summary summary;
    pickle_verdict before = PICKLE_VERDICT_NONE;
    size_t at;
    memset(&options, 0, sizeof options);
    memset(&summary, 0, sizeof summary);
    told->size = told->count = 0;
    told->worst = PICKLE_VERDICT_NONE;
    told->wanted = strcmp(rules, "-") == 0;
    told->rules = rules;
    options.on_finding = on_finding;
    options.context = told;
    GIVES(OK, pickle_scan_init(&scan, &room, &options));
    for (at = 0; at < size; at += step) {
        pickle_in in;
        in.data = (const uint8_t *)data + at;
        in.size = size - at < step ? size - at : step;
        in.pos = 0;
        GIVES(OK, pickle_scan_feed(&scan, &in));
        CHECK(in.pos == in.size && pickle_scan_verdict(&scan) >= before);
        before = pickle_scan_verdict(&scan);
    }
    GIVES(OK, pickle_scan_finish(&scan, &summary));
    CHECK(summary.verdict >= before && summary.bytes == size);
    CHECK(summary.complete || summary.verdict > PICKLE_VERDICT_CLEAN);
    /* Again it is the same, and nothing more is told. */
    at = told->count;
    before = summary.verdict;
    GIVES(OK, pickle_scan_finish(&scan, &summary));
    CHECK(summary.verdict == before && told->count == at);
    return summary;
}

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* class, name, verdicts, rules, bytes */
static void rows(void) {
    FILE *file = fopen("tests/data/verdicts.tsv", "rb");
    static struct told whole, pieces;
    int count = 0;
    CHECK(file != NULL);
    whole.text = log_of[0];
    pieces.text = log_of[1];
    while (file && fgets(line, sizeof line, file)) {
        static const size_t steps[] = {1, 2, 7, 64};
        char *column[5], *at = line;
        size_t n, size = 0;
        pickle_scan_summary summary, other;
        const char *name;
        if (line[0] == '#') {
            continue;
        }
        for (n = 0; n < 5; n++) {
            column[n] = at;
            at += strcspn(at, "\t\n");
            *at++ = 0;
        }
        for (at = column[4]; at[0] && at[1]; at += 2) {
            pickle[size++] = (uint8_t)(digit(at[0]) << 4 | digit(at[1]));
        }
        summary = scan(pickle, size, size, &whole, column[3]);
        name = pickle_verdict_name(summary.verdict);
        if (!strstr(column[2], name) || !whole.wanted) {
            printf("%s %s: %s, not %s %s: %.*s\n", column[0], column[1], name, column[2], column[3], (int)whole.size, whole.text);
            failures++;
        }
        CHECK((summary.verdict == PICKLE_VERDICT_CLEAN) == (whole.count == 0));
        CHECK(whole.worst <= summary.verdict);
        for (n = 0; n < sizeof steps / sizeof steps[0]; n++) {
            other = scan(pickle, size, steps[n], &pieces, column[3]);
            CHECK(other.verdict == summary.verdict && other.executes == summary.executes && other.ops == summary.ops);
            CHECK(pieces.size == whole.size && memcmp(pieces.text, whole.text, whole.size) == 0);
        }
        count++;
    }
    CHECK(count > 200);
    if (file) {
        fclose(file);
    }
}

/* Both readings of a frame that goes on behind STOP. */
static void readings(void) {
    static const char hidden[] = "\x80\4\x95\2\0\0\0\0\0\0\0N.N.cos\nsystem\n(S'true'\ntR.";
    /* The frame ends inside the text of the second pickle, and there lies a third. */
    static const char inner[] = "\x80\4\x95\4\0\0\0\0\0\0\0N.X\4\0\0\0NN..";
    static pickle_scan whole;
    pickle_scan_summary summary;
    pickle_in in;
    GIVES(OK, pickle_scan_whole(&whole, &room, hidden, sizeof hidden - 1, NULL, &summary));
    CHECK(summary.verdict == PICKLE_VERDICT_DANGEROUS && summary.complete && summary.other_reading == UINT64_MAX);
    CHECK(summary.executes == PICKLE_EXECUTES_YES && summary.pickles == 3);
    GIVES(OK, pickle_scan_init(&whole, &room, NULL));
    in.data = inner;
    in.size = sizeof inner - 1;
    in.pos = 0;
    GIVES(OK, pickle_scan_feed(&whole, &in));
    GIVES(OK, pickle_scan_finish(&whole, &summary));
    CHECK(summary.verdict >= PICKLE_VERDICT_DIVERGENT && summary.other_reading == 15 && !summary.complete);
    GIVES(OK, pickle_scan_whole(&whole, &room, inner, sizeof inner - 1, NULL, &summary));
    CHECK(summary.verdict >= PICKLE_VERDICT_DIVERGENT && summary.other_reading == UINT64_MAX);
    GIVES(OK, pickle_scan_whole(&whole, &room, NULL, 0, NULL, &summary));
    CHECK(summary.verdict == PICKLE_VERDICT_MALFORMED);
    GIVES(AFTER_END, pickle_scan_feed(&whole, &in));
}

/* What memory is too small for is said, and never clean. */
static void bounded(void) {
    static pickle_scan scan;
    static const size_t sizes[] = {0, 1, 8, 64, 255, 256, 1024, 8192, 65535, 65536, 1 << 18};
    static char nested[60001];
    pickle_scan_summary summary;
    size_t n;
    memset(nested, ']', sizeof nested);
    memset(nested + 30000, 'a', 30000);
    nested[29999] = 'N';
    nested[60000] = '.';
    for (n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
        pickle_scan_storage small = room;
        small.words_len = sizes[n] / 8;
        GIVES(OK, pickle_scan_whole(&scan, &small, "cos\nsystem\n(S'true'\ntR.", 23, NULL, &summary));
        CHECK(summary.verdict >= (sizes[n] < 1024 ? PICKLE_VERDICT_UNKNOWN : PICKLE_VERDICT_DANGEROUS));
        GIVES(OK, pickle_scan_whole(&scan, &small, "\x80\4]\x94(K\1\x8c\1a\x94\x8c\2os\x94" "e.", 19, NULL, &summary));
        CHECK(summary.complete == (summary.verdict == PICKLE_VERDICT_CLEAN));
        CHECK(sizes[n] < 64 ? !summary.complete : sizes[n] < 1024 || summary.complete);
        GIVES(OK, pickle_scan_whole(&scan, &small, nested, sizeof nested, NULL, &summary));
        CHECK(!summary.complete && summary.verdict > PICKLE_VERDICT_CLEAN);
    }
}

static void policies(void) {
    /* `pickle policy compile` of [allow] myapp = ["User"], [deny] myapp = ["Evil"] */
    static const uint8_t table[] = {0, 1, 0, 0, 0, 0, 255, 0, 10, 'm', 'y', 'a', 'p', 'p', 0, 'E', 'v', 'i', 'l', 128,
                                    255, 6, 4, 'U', 's', 'e', 'r', 127};
    static const char user[] = "cmyapp\nUser\n)R.", evil[] = "cmyapp\nEvil\n)R.";
    static pickle_scan scan;
    pickle_scan_options options;
    pickle_scan_summary summary;
    memset(&options, 0, sizeof options);
    GIVES(OK, pickle_scan_whole(&scan, &room, user, sizeof user - 1, NULL, &summary));
    CHECK(summary.verdict == PICKLE_VERDICT_UNKNOWN);
    options.policy = table;
    options.policy_size = sizeof table;
    GIVES(OK, pickle_scan_whole(&scan, &room, user, sizeof user - 1, &options, &summary));
    CHECK(summary.verdict == PICKLE_VERDICT_CLEAN);
    GIVES(OK, pickle_scan_whole(&scan, &room, evil, sizeof evil - 1, &options, &summary));
    CHECK(summary.verdict >= PICKLE_VERDICT_SUSPICIOUS);
    for (options.policy_size = 0; options.policy_size < sizeof table; options.policy_size++) {
        /* What is cut between two rows is a table of the first. */
        if (options.policy_size != 20) {
            GIVES(BAD_OPTION, pickle_scan_whole(&scan, &room, user, sizeof user - 1, &options, &summary));
        }
    }
}

struct cut {
    char all[512];
    size_t size;
};

static void on_cut(void *context, const pickle_finding *finding) {
    struct cut *cut = (struct cut *)context;
    size_t n;
    cut->size = pickle_finding_text(finding, cut->all, sizeof cut->all);
    CHECK(pickle_finding_text(finding, NULL, 0) == cut->size && pickle_finding_text(finding, NULL, 9) == cut->size);
    /* Cut at every length, with a NUL, and nothing behind it touched. */
    for (n = 1; n < cut->size + 3 && n < 500; n++) {
        char part[512];
        memset(part, '~', sizeof part);
        CHECK(pickle_finding_text(finding, part, n) == cut->size && part[n] == '~');
        CHECK(strlen(part) == (n - 1 < cut->size ? n - 1 : cut->size) && !memcmp(part, cut->all, strlen(part)));
    }
}

static void texts(void) {
    static pickle_scan scan;
    static struct cut cut;
    pickle_scan_options options;
    pickle_scan_summary summary;
    int n;
    memset(&options, 0, sizeof options);
    options.on_finding = on_cut;
    options.context = &cut;
    GIVES(OK, pickle_scan_whole(&scan, &room, "cos\nsystem\n(S'a\\x1b'\ntR.", 24, &options, &summary));
    CHECK(!strcmp(cut.all, "dangerous: a dangerous global is called: os.system('a\\x1b') at 0x16 [PK201]"));
    GIVES(OK, pickle_scan_whole(&scan, &room, "\x80\4\x8c\3a\33[\x8c\1b\x93.", 12, &options, &summary));
    CHECK(strstr(cut.all, "a\\x1b[.b") && !strchr(cut.all, 27));
    CHECK(!strcmp(pickle_verdict_name(PICKLE_VERDICT_NONE), "none") && !strcmp(pickle_verdict_name(8), "?"));
    CHECK(!strcmp(pickle_verdict_name(PICKLE_VERDICT_CLEAN), "clean") && !strcmp(pickle_verdict_name(-1), "?"));
    CHECK(!strcmp(pickle_capability_name(PICKLE_CAPABILITY_NATIVE_MEMORY), "native-memory"));
    CHECK(!strcmp(pickle_capability_name(15), "?") && !strcmp(pickle_capability_name(PICKLE_CAPABILITY_NONE), "none"));
    for (n = 1; n <= PICKLE_VERDICT_DANGEROUS; n++) {
        CHECK(strlen(pickle_verdict_name(n)) > 3);
    }
    CHECK(pickle_finding_text(NULL, NULL, 0) == 0);
}

static void misuse(void) {
    static pickle_scan scan, zero;
    pickle_scan_summary summary;
    pickle_in in = {NULL, 0, 0};
    memset(&summary, 0, sizeof summary);
    GIVES(NULL, pickle_scan_init(NULL, &room, NULL));
    GIVES(NULL, pickle_scan_init(&scan, NULL, NULL));
    GIVES(ABI_MISMATCH, pickle_scan_init_abi(&scan, &room, NULL, PICKLE_ABI_VERSION, 8));
    GIVES(ABI_MISMATCH, pickle_scan_init_abi(&scan, &room, NULL, PICKLE_ABI_VERSION + 1, sizeof scan));
    GIVES(NULL, pickle_scan_feed(&zero, &in));
    GIVES(NULL, pickle_scan_feed(NULL, &in));
    GIVES(NULL, pickle_scan_finish(&zero, &summary));
    GIVES(NULL, pickle_scan_finish(NULL, &summary));
    CHECK(summary.verdict == PICKLE_VERDICT_NONE);
    CHECK(pickle_scan_verdict(NULL) == PICKLE_VERDICT_NONE && pickle_scan_verdict(&zero) == PICKLE_VERDICT_NONE);
    GIVES(NULL, pickle_scan_whole(NULL, &room, "N.", 2, NULL, &summary));
    GIVES(NULL, pickle_scan_whole(&scan, NULL, "N.", 2, NULL, &summary));
    GIVES(NULL, pickle_scan_whole(&scan, &room, NULL, 2, NULL, &summary));
    GIVES(NULL, pickle_scan_whole(&scan, &room, "N.", 2, NULL, NULL));
    GIVES(OK, pickle_scan_init(&scan, &room, NULL));
    GIVES(NULL, pickle_scan_feed(&scan, NULL));
    GIVES(OK, pickle_scan_feed(&scan, &in));
    GIVES(NULL, pickle_scan_finish(&scan, NULL));
    GIVES(OK, pickle_scan_finish(&scan, &summary));
    CHECK(summary.verdict == PICKLE_VERDICT_MALFORMED && summary.bytes == 0);
}

/* Whatever a file holds: pieces do not matter. */
void test_scan_of(const void *data, size_t size) {
    static struct told whole, pieces;
    pickle_scan_summary first, other;
    whole.text = log_of[0];
    pieces.text = log_of[1];
    first = scan(data, size, size ? size : 1, &whole, "-");
    other = scan(data, size, 1 + size / 3, &pieces, "-");
    CHECK(first.verdict == other.verdict && first.complete == other.complete && first.ops == other.ops);
    CHECK(whole.size == pieces.size && memcmp(whole.text, pieces.text, whole.size) == 0);
}

void test_scan(void) {
    rows();
    readings();
    bounded();
    policies();
    texts();
    misuse();
}
