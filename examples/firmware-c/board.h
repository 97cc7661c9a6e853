/* The board that QEMU plays: its first UART, lines to QEMU, the end. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Turns the UART on. */
void board_start(void);
/* Waits for a byte, then takes what is there, `size` bytes at most. */
size_t board_read(uint8_t *data, size_t size);
/* Sends bytes: a pickle_write_fn. */
bool board_write(void *context, const uint8_t *data, size_t size);
/* Prints a line of at most 127 bytes, as printf. */
__attribute__((format(printf, 1, 2))) void board_print(const char *format, ...);
/* Ends QEMU. */
_Noreturn void board_exit(bool good);

#endif
