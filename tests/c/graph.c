/* The canonical text of pickles through the C interface: SHA-256 and length for every line "PATH OFFSET" of stdin, or
 * the status and the offset of the error where a pickle cannot be read. What the text says is in the corpus'
 * ORACLE.md, and `pickle graph` of the command writes it too. With an argument: the text itself. */
#include "../../examples/c/sha256.h"
#include <pickle.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct sha256 text_hash;
static size_t text_size;
static bool show;

static void put(const char *data, size_t size) {
    sha256_add(&text_hash, data, size);
    text_size += size;
    if (show) {
        fwrite(data, 1, size, stdout);
    }
}

static void text(const char *format, ...) {
    char line[128];
    va_list arguments;
    int n;
    va_start(arguments, format);
    n = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    put(line, (size_t)n);
}

static void *need(void *memory) {
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(3);
    }
    return memory;
}

static void check(pickle_status status) {
    if (status != PICKLE_STATUS_OK) {
        fprintf(stderr, "a getter that must succeed: %s\n", pickle_status_text(status));
        exit(3);
    }
}

/* ---- numbering: pre-order over what has identity ---- */

static const pickle_doc *doc;
static size_t *numbers; /* by id: number + 1, or 0 */
static pickle_value *order, *stack, *children;
static size_t order_len, stack_len, stack_room, children_len, children_room;

static bool identity(pickle_value value, size_t *id) {
    return pickle_value_kind(doc, value) != PICKLE_KIND_GLOBAL && pickle_value_id(doc, value, id) == PICKLE_STATUS_OK;
}

static void push(pickle_value **list, size_t *len, size_t *room, pickle_value value) {
    if (*len == *room) {
        *room = *room ? *room * 2 : 64;
        *list = (pickle_value *)need(realloc(*list, *room * sizeof **list));
    }
    (*list)[(*len)++] = value;
}

static void child(pickle_value value) {
    size_t id;
    if (identity(value, &id)) {
        push(&children, &children_len, &children_room, value);
    }
}

static void item_children(pickle_iter *iter) {
    pickle_value value;
    while (pickle_iter_next(iter, &value)) {
        child(value);
    }
}

static void entry_children(pickle_iter *iter) {
    pickle_value key, value;
    while (pickle_iter_next_entry(iter, &key, &value)) {
        child(key);
        child(value);
    }
}

static bool is_object(pickle_value value) {
    pickle_kind kind = pickle_value_kind(doc, value);
    return kind == PICKLE_KIND_OBJECT || kind == PICKLE_KIND_PERSISTENT;
}

static void find_children(pickle_value value) {
    pickle_iter iter;
    pickle_value part;
    if (is_object(value)) {
        pickle_changes changes;
        pickle_change change;
        pickle_how how;
        check(pickle_object_callable(doc, value, &part));
        child(part);
        check(pickle_object_how(doc, value, &how));
        if (how == PICKLE_HOW_OBJ || how == PICKLE_HOW_INST) {
            check(pickle_object_args(doc, value, &iter));
            item_children(&iter);
        } else {
            if (pickle_object_args_value(doc, value, &part) == PICKLE_STATUS_OK) {
                child(part);
            }
            if (pickle_object_kwargs(doc, value, &part) == PICKLE_STATUS_OK) {
                child(part);
            }
        }
        check(pickle_object_changes(doc, value, &changes));
        while (pickle_changes_next(&changes, &change)) {
            switch (change.kind) {
            case PICKLE_CHANGE_KIND_APPEND:
            case PICKLE_CHANGE_KIND_ADD: item_children(&change.items); break;
            case PICKLE_CHANGE_KIND_SET_ITEM: entry_children(&change.items); break;
            default: child(change.value);
            }
        }
    } else if (pickle_value_items(doc, value, &iter) == PICKLE_STATUS_OK) {
        item_children(&iter);
    } else if (pickle_value_entries(doc, value, &iter) == PICKLE_STATUS_OK) {
        entry_children(&iter);
    } else if (pickle_value_inner(doc, value, &part) == PICKLE_STATUS_OK) {
        child(part);
    }
}

static void number_all(void) {
    size_t order_room = 0, id = 0;
    order_len = stack_len = 0;
    free(order);
    order = NULL;
    free(numbers);
    numbers = (size_t *)need(calloc(pickle_doc_id_limit(doc) + 1, sizeof *numbers));
    push(&stack, &stack_len, &stack_room, pickle_doc_root(doc));
    while (stack_len) {
        pickle_value value = stack[--stack_len];
        if (!identity(value, &id) || numbers[id]) {
            continue;
        }
        push(&order, &order_len, &order_room, value);
        numbers[id] = order_len;
        children_len = 0;
        find_children(value);
        while (children_len) {
            push(&stack, &stack_len, &stack_room, children[--children_len]);
        }
    }
}

/* ---- text ---- */

static void hex_hash(const uint8_t *data, size_t size) {
    struct sha256 hash;
    uint8_t digest[32];
    int i;
    sha256_begin(&hash);
    sha256_add(&hash, data, size);
    sha256_end(&hash, digest);
    for (i = 0; i < 32; i++) {
        text("%02x", digest[i]);
    }
}

static void blob(pickle_bytes bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i;
    if (bytes.size > 256) {
        text("{\"len\":%lu,\"sha256\":\"", (unsigned long)bytes.size);
        hex_hash(bytes.data, bytes.size);
        text("\"}");
        return;
    }
    text("\"");
    for (i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        unsigned long word = (unsigned long)bytes.data[i] << 16;
        char four[4];
        word |= left > 1 ? (unsigned long)bytes.data[i + 1] << 8 : 0;
        word |= left > 2 ? bytes.data[i + 2] : 0;
        four[0] = digits[word >> 18];
        four[1] = digits[word >> 12 & 63];
        four[2] = left > 1 ? digits[word >> 6 & 63] : '=';
        four[3] = left > 2 ? digits[word & 63] : '=';
        put(four, 4);
    }
    text("\"");
}

/* UTF-8 that was checked. */
static void json_string(const uint8_t *data, size_t size) {
    size_t i = 0;
    text("\"");
    while (i < size) {
        uint8_t lead = data[i];
        int len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4, n;
        unsigned long code = len == 1 ? lead : lead & (0xffu >> (len + 1));
        for (n = 1; n < len; n++) {
            code = code << 6 | (data[i + (size_t)n] & 0x3f);
        }
        i += (size_t)len;
        switch (code) {
        case '"': text("\\\""); break;
        case '\\': text("\\\\"); break;
        case '\n': text("\\n"); break;
        case '\r': text("\\r"); break;
        case '\t': text("\\t"); break;
        case '\b': text("\\b"); break;
        case '\f': text("\\f"); break;
        default:
            if (code >= 0x20 && code < 0x7f) {
                text("%c", (int)code);
            } else if (code < 0x10000) {
                text("\\u%04lx", code);
            } else {
                text("\\u%04lx\\u%04lx", 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
            }
        }
    }
    text("\"");
}

static void string(pickle_value value) {
    pickle_bytes bytes;
    pickle_str str;
    size_t i;
    check(pickle_value_str_bytes(doc, value, &bytes));
    if (bytes.size > 1024) {
        text("{\"str\":{\"sha256\":\"");
        hex_hash(bytes.data, bytes.size);
        text("\",\"utf8_len\":%lu}}", (unsigned long)bytes.size);
    } else if (pickle_value_as_str(doc, value, &str) == PICKLE_STATUS_OK) {
        json_string((const uint8_t *)str.data, str.size);
    } else {
        text("{\"str\":{\"surrogatepass_hex\":\"");
        for (i = 0; i < bytes.size; i++) {
            text("%02x", bytes.data[i]);
        }
        text("\"}}");
    }
}

/* An int as limbs of 32 bits, lowest first. */
static uint32_t *limbs;
static size_t limbs_len;

static void mul_add(uint32_t factor, uint32_t plus) {
    uint64_t carry = plus;
    size_t i;
    for (i = 0; i < limbs_len; i++) {
        carry += (uint64_t)limbs[i] * factor;
        limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry) {
        limbs[limbs_len++] = (uint32_t)carry;
    }
}

static void big_int(bool negative) {
    char *digits;
    size_t used = 0, bits = 0;
    uint32_t top;
    while (limbs_len && !limbs[limbs_len - 1]) {
        limbs_len--;
    }
    for (top = limbs_len ? limbs[limbs_len - 1] : 0; top; top >>= 1) {
        bits++;
    }
    bits += limbs_len ? 32 * (limbs_len - 1) : 0;
    text("{\"int\":\"%s", negative ? "-" : "");
    if (bits > 4096) {
        text("0x%lx", (unsigned long)limbs[--limbs_len]);
        while (limbs_len) {
            text("%08lx", (unsigned long)limbs[--limbs_len]);
        }
    } else {
        digits = (char *)need(malloc(limbs_len * 10 + 1));
        while (limbs_len) {
            uint64_t rest = 0;
            size_t i = limbs_len;
            while (i--) {
                rest = rest << 32 | limbs[i];
                limbs[i] = (uint32_t)(rest / 10);
                rest %= 10;
            }
            digits[used++] = (char)('0' + rest);
            while (limbs_len && !limbs[limbs_len - 1]) {
                limbs_len--;
            }
        }
        while (used) {
            put(digits + --used, 1);
        }
        free(digits);
    }
    text("\"}");
}

static void integer(pickle_value value) {
    pickle_big_int big;
    int64_t small;
    size_t i;
    bool negative = false;
    pickle_status status = pickle_value_as_i64(doc, value, &small);
    if (status == PICKLE_STATUS_OK && small <= (int64_t)1 << 53 && small >= -((int64_t)1 << 53)) {
        text("%lld", (long long)small);
        return;
    }
    limbs_len = 0;
    if (status == PICKLE_STATUS_OK) {
        uint64_t size = small < 0 ? 0 - (uint64_t)small : (uint64_t)small;
        limbs = (uint32_t *)need(malloc(2 * sizeof *limbs));
        limbs[limbs_len++] = (uint32_t)size;
        limbs[limbs_len++] = (uint32_t)(size >> 32);
        negative = small < 0;
    } else {
        check(pickle_value_as_big_int(doc, value, &big));
        negative = big.negative;
        limbs = (uint32_t *)need(calloc(big.data.size + 2, sizeof *limbs));
        if (big.radix) {
            for (i = 0; i < big.data.size; i++) {
                uint8_t c = big.data.data[i];
                if (c != '_') {
                    mul_add(big.radix, c <= '9' ? (uint32_t)c - '0' : (uint32_t)(c | 0x20) - 'a' + 10);
                }
            }
        } else {
            /* The magnitude of two's complement: every bit turned, and one more. */
            uint32_t carry = negative;
            for (i = 0; i < big.data.size; i++) {
                uint32_t byte = (negative ? big.data.data[i] ^ 0xffu : big.data.data[i]) + carry;
                carry = byte >> 8;
                limbs[i / 4] |= (byte & 0xff) << (8 * (i % 4));
            }
            limbs_len = big.data.size / 4 + 1;
        }
    }
    big_int(negative);
    free(limbs);
}

static void inline_value(pickle_value value) {
    pickle_bytes bytes;
    pickle_str module, name;
    size_t id;
    bool flag;
    double number;
    uint64_t bits;
    uint32_t index;
    if (identity(value, &id)) {
        text("{\"$ref\":%lu}", (unsigned long)(numbers[id] - 1));
        return;
    }
    switch (pickle_value_kind(doc, value)) {
    case PICKLE_KIND_BOOL:
        check(pickle_value_as_bool(doc, value, &flag));
        text(flag ? "true" : "false");
        break;
    case PICKLE_KIND_INT: integer(value); break;
    case PICKLE_KIND_FLOAT:
        check(pickle_value_as_f64(doc, value, &number));
        memcpy(&bits, &number, sizeof bits);
        text("{\"float\":\"%08lx%08lx\"}", (unsigned long)(bits >> 32), (unsigned long)(bits & 0xffffffff));
        break;
    case PICKLE_KIND_STR: string(value); break;
    case PICKLE_KIND_STR8:
    case PICKLE_KIND_BYTES:
        check(pickle_value_as_bytes(doc, value, &bytes));
        text(pickle_value_kind(doc, value) == PICKLE_KIND_BYTES ? "{\"bytes\":" : "{\"str8\":");
        blob(bytes);
        text("}");
        break;
    case PICKLE_KIND_TUPLE: text("{\"tuple\":[]}"); break;
    case PICKLE_KIND_GLOBAL:
        check(pickle_value_as_global(doc, value, &module, &name));
        text("{\"global\":[");
        json_string((const uint8_t *)module.data, module.size);
        text(",");
        json_string((const uint8_t *)name.data, name.size);
        text("]}");
        break;
    case PICKLE_KIND_EXTENSION:
        check(pickle_value_as_extension(doc, value, &index));
        text("{\"ext\":%lu}", (unsigned long)index);
        break;
    case PICKLE_KIND_BUFFER:
        check(pickle_value_as_buffer(doc, value, &index, &flag));
        text("{\"buffer\":%lu%s}", (unsigned long)index, flag ? ",\"readonly\":true" : "");
        break;
    default: text("null");
    }
}

static void items(pickle_iter *iter) {
    pickle_value value;
    const char *between = "[";
    while (pickle_iter_next(iter, &value)) {
        text(between);
        inline_value(value);
        between = ",";
    }
    text(*between == '[' ? "[]" : "]");
}

static void entries(pickle_iter *iter) {
    pickle_value key, value;
    const char *between = "[[";
    while (pickle_iter_next_entry(iter, &key, &value)) {
        text(between);
        inline_value(key);
        text(",");
        inline_value(value);
        text("]");
        between = ",[";
    }
    text(*between == '[' ? "[]" : "]");
}

static bool ops(pickle_value value) {
    pickle_changes changes;
    pickle_change change;
    bool any = false;
    check(pickle_object_changes(doc, value, &changes));
    while (pickle_changes_next(&changes, &change)) {
        text(any ? ",{" : "\"ops\":[{");
        any = true;
        switch (change.kind) {
        case PICKLE_CHANGE_KIND_APPEND: text("\"append\":"); items(&change.items); break;
        case PICKLE_CHANGE_KIND_ADD: text("\"add\":"); items(&change.items); break;
        case PICKLE_CHANGE_KIND_SET_ITEM: text("\"setitem\":"); entries(&change.items); break;
        case PICKLE_CHANGE_KIND_BUILD: text("\"build\":"); inline_value(change.value); break;
        default: text("\"not in such files\":0");
        }
        text("}");
    }
    if (any) {
        text("]");
    }
    return any;
}

static void object(pickle_value value) {
    static const char *const names[] = {"reduce", "newobj", "newobj_ex", "obj", "inst", "persid", "changed"};
    pickle_how how;
    pickle_value part;
    pickle_iter iter;
    bool ops_first, ops_there = false;
    check(pickle_object_how(doc, value, &how));
    ops_first = how == PICKLE_HOW_REDUCE || how == PICKLE_HOW_PERS_ID;
    text("{");
    if (ops_first && ops(value)) {
        text(",");
    }
    text("\"%s\":%s", names[how], how < PICKLE_HOW_PERS_ID ? "[" : "");
    check(pickle_object_callable(doc, value, &part));
    inline_value(part);
    if (how == PICKLE_HOW_OBJ || how == PICKLE_HOW_INST) {
        text(",");
        check(pickle_object_args(doc, value, &iter));
        items(&iter);
    } else {
        if (how < PICKLE_HOW_OBJ && pickle_object_args_value(doc, value, &part) == PICKLE_STATUS_OK) {
            text(",");
            inline_value(part);
        }
        if (pickle_object_kwargs(doc, value, &part) == PICKLE_STATUS_OK) {
            text(",");
            inline_value(part);
        }
    }
    text(how < PICKLE_HOW_PERS_ID ? "]" : "");
    if (!ops_first) {
        pickle_changes changes;
        pickle_change change;
        check(pickle_object_changes(doc, value, &changes));
        ops_there = pickle_changes_next(&changes, &change);
    }
    if (ops_there) {
        text(",");
        ops(value);
    }
    text("}");
}

static void node(pickle_value value) {
    pickle_iter iter;
    pickle_value part;
    pickle_bytes bytes;
    if (is_object(value)) {
        object(value);
        return;
    }
    switch (pickle_value_kind(doc, value)) {
    case PICKLE_KIND_LIST: text("{\"list\":"); break;
    case PICKLE_KIND_TUPLE: text("{\"tuple\":"); break;
    case PICKLE_KIND_SET: text("{\"set\":"); break;
    case PICKLE_KIND_FROZEN_SET: text("{\"frozenset\":"); break;
    case PICKLE_KIND_DICT: text("{\"dict\":"); break;
    case PICKLE_KIND_BYTE_ARRAY: text("{\"bytearray\":"); break;
    default: text("{\"readonly\":");
    }
    if (pickle_value_items(doc, value, &iter) == PICKLE_STATUS_OK) {
        items(&iter);
    } else if (pickle_value_entries(doc, value, &iter) == PICKLE_STATUS_OK) {
        entries(&iter);
    } else if (pickle_value_inner(doc, value, &part) == PICKLE_STATUS_OK) {
        inline_value(part);
    } else {
        check(pickle_value_as_bytes(doc, value, &bytes));
        blob(bytes);
    }
    text("}");
}

static void graph(const pickle_doc *of) {
    size_t i;
    doc = of;
    number_all();
    sha256_begin(&text_hash);
    text_size = 0;
    text("{\"nodes\":[");
    for (i = 0; i < order_len; i++) {
        text(i ? "," : "");
        node(order[i]);
    }
    text("],\"root\":");
    inline_value(pickle_doc_root(doc));
    text("}");
}

/* ---- files ---- */

static uint8_t *slurp(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t room = 0;
    *size = 0;
    if (!file) {
        perror(path);
        exit(3);
    }
    do {
        room = room ? room * 2 : 65536;
        data = (uint8_t *)need(realloc(data, room));
        *size += fread(data + *size, 1, room - *size, file);
    } while (*size == room);
    fclose(file);
    return data;
}

int main(int argc, char **argv) {
    char line[4096], path[4000], kept[4000] = "";
    unsigned long offset;
    uint8_t *data = NULL;
    size_t size = 0;
    pickle_storage storage;
    memset(&storage, 0, sizeof storage);
    show = argc > 1;
    (void)argv;
    while (fgets(line, sizeof line, stdin) && sscanf(line, "%3999s %lu", path, &offset) == 2) {
        pickle_reader reader;
        pickle_doc read;
        pickle_status status;
        uint8_t digest[32];
        int i;
        if (strcmp(path, kept)) {
            free(data);
            data = slurp(path, &size);
            strcpy(kept, path);
        }
        for (;;) {
            check(pickle_reader_init(&reader, &storage, NULL));
            status = pickle_reader_load(&reader, data, size, offset, &read);
            /* A region that is too small doubles; a memo of more than this no real pickle needs. */
            if (status == PICKLE_STATUS_NODES_FULL) {
                storage.nodes_len = storage.nodes_len * 2 + 64;
                free(storage.nodes);
                storage.nodes = (pickle_node *)need(malloc(storage.nodes_len * sizeof(pickle_node)));
            } else if (status == PICKLE_STATUS_MEMO_FULL && storage.memo_len < 1 << 22) {
                storage.memo_len = storage.memo_len * 2 + 16;
                free(storage.memo);
                storage.memo = (pickle_node *)need(malloc(storage.memo_len * sizeof(pickle_node)));
            } else if (status == PICKLE_STATUS_BYTES_FULL) {
                storage.bytes_len = storage.bytes_len * 2 + 64;
                free(storage.bytes);
                storage.bytes = (uint8_t *)need(malloc(storage.bytes_len));
            } else {
                break;
            }
        }
        if (status != PICKLE_STATUS_OK) {
            pickle_error error;
            check(pickle_reader_error(&reader, &error));
            printf("%s %llu\n", pickle_status_name(error.status), (unsigned long long)error.offset);
            continue;
        }
        graph(&read);
        sha256_end(&text_hash, digest);
        if (show) {
            puts("");
        }
        for (i = 0; i < 32; i++) {
            printf("%02x", digest[i]);
        }
        printf(" %lu\n", (unsigned long)text_size);
    }
    free(data);
    free(order);
    free(numbers);
    free(stack);
    free(children);
    free(storage.nodes);
    free(storage.memo);
    free(storage.bytes);
    return 0;
}
