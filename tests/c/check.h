/* What the tests of the C interface share. */
#ifndef CHECK_H
#define CHECK_H

#include <pickle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int failures;
extern const pickle_storage *const memory;

#define CHECK(condition)                                                                                      \
    do {                                                                                                      \
        if (!(condition)) {                                                                                   \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            failures++;                                                                                       \
        }                                                                                                     \
    } while (0)

/* A call that must give this status; which ones were met is kept. */
#define GIVES(status, call) CHECK(see(call) == PICKLE_STATUS_##status)

pickle_status see(pickle_status status);
void test_statuses(void);
void test_writing(void);
void test_writing_known(void);
void test_known(void);
void test_items(void);
void test_messages(void);
void test_scan(void);
void test_tables(void);
void test_scan_of(const void *data, size_t size);
void test_items_of(const void *data, size_t size);

#endif
