#include "board.h"
#include <stdarg.h>
#include <stdio.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

static int semihost(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt #0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

#if defined(__ARM_ARCH_6M__)
/* UART of the nRF51 (microbit). */
#define UART 0x40002000
void board_start(void) {
    REGISTER(UART + 0x500) = 4;
    REGISTER(UART) = 1;
    REGISTER(UART + 8) = 1;
    /* Nothing is on its way yet. */
    REGISTER(UART + 0x11c) = 1;
}
static bool has_byte(void) {
    bool received = REGISTER(UART + 0x108) != 0;
    if (received) {
        REGISTER(UART + 0x108) = 0;
    }
    return received;
}
static bool has_room(void) {
    bool sent = REGISTER(UART + 0x11c) != 0;
    if (sent) {
        REGISTER(UART + 0x11c) = 0;
    }
    return sent;
}
#define RECEIVED REGISTER(UART + 0x518)
#define TO_SEND REGISTER(UART + 0x51c)
#else
/* PL011 of the LM3S6965 (lm3s6965evb). */
#define UART 0x4000c000
void board_start(void) { REGISTER(UART + 0x30) = 0x301; }
static bool has_byte(void) { return (REGISTER(UART + 0x18) & 0x10) == 0; }
static bool has_room(void) { return (REGISTER(UART + 0x18) & 0x20) == 0; }
#define RECEIVED REGISTER(UART)
#define TO_SEND REGISTER(UART)
#endif

size_t board_read(uint8_t *data, size_t size) {
    size_t n = 0;
    while (n < size && (n == 0 || has_byte())) {
        if (n == 0) {
            while (!has_byte()) {
            }
        }
        data[n++] = (uint8_t)RECEIVED;
    }
    return n;
}

bool board_write(void *context, const uint8_t *data, size_t size) {
    (void)context;
    for (size_t i = 0; i < size; i++) {
        while (!has_room()) {
        }
        TO_SEND = data[i];
    }
    return true;
}

void board_print(const char *format, ...) {
    char line[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    semihost(4, line);
}

_Noreturn void board_exit(bool good) {
    for (;;) {
        semihost(0x18, (const void *)(good ? 0x20026 : 0x20023));
    }
}

/* ---- start ---- */

extern uint32_t _sidata[], _sdata[], _edata[], _sbss[], _ebss[], _estack[];
int main(void);

void Reset_Handler(void) {
    uint32_t *from = _sidata;
    for (uint32_t *to = _sdata; to < _edata;) {
        *to++ = *from++;
    }
    for (uint32_t *to = _sbss; to < _ebss;) {
        *to++ = 0;
    }
    main();
    board_exit(false);
}

static void fault(void) { board_exit(false); }

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))_estack, Reset_Handler, fault, fault,
};

/* What newlib's printf wants of a system that has no heap: nothing is left of it. */
void *_sbrk(int more) {
    (void)more;
    return (void *)-1;
}
