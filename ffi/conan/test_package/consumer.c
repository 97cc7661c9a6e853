/* Reads {"temp": 21.5} and asks for the value. */
#include <pickle.h>
#include <stdio.h>

PICKLE_STATIC_STORAGE(memory, 16, 8, 64);

int main(void) {
    static const char data[] = "\x80\x04}\x8c\x04temp\x94G@5\x80\x00\x00\x00\x00\x00s.";
    pickle_doc doc;
    double temp = 0;
    if (pickle_load(&memory, data, sizeof data - 1, NULL, &doc, NULL) != PICKLE_STATUS_OK) return 1;
    if (pickle_doc_find_f64(&doc, "$.temp", &temp) != PICKLE_STATUS_OK || temp != 21.5) return 1;
    printf("temp is %g\n", temp);
    return 0;
}
