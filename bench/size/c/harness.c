#include "harness.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define PAINT 0xa5a5a5a5u
#define RUNS 64

extern uint32_t _sidata[], _sdata[], _edata[], _sbss[], _ebss[], _estack[];

static void semihost(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt #0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void print(uint32_t number) {
    char text[10];
    for (int i = 0; i < 8; i++) {
        uint32_t digit = number >> (28 - 4 * i) & 15;
        text[i] = (char)(digit < 10 ? '0' + digit : 'a' - 10 + digit);
    }
    text[8] = ' ';
    text[9] = 0;
    semihost(4, text);
}

static uint32_t start(void) {
    REGISTER(0xe000e014) = 0xffffff;
    REGISTER(0xe000e018) = 0;
    REGISTER(0xe000e010) = 5;
    return REGISTER(0xe000e018);
}

static uint32_t since(uint32_t before) { return (before - REGISTER(0xe000e018)) & 0xffffff; }

void Reset_Handler(void) {
    for (uint32_t *to = _sdata, *from = _sidata; to < _edata;) {
        *to++ = *from++;
    }
    for (uint32_t *to = _sbss; to < _ebss;) {
        *to++ = 0;
    }
    bool (*volatile run)(const uint8_t *, size_t) = work;
    uint32_t *top, turns = 50000;
    __asm__ volatile("mov %0, sp" : "=r"(top));
    for (volatile uint32_t *at = _ebss; at < top; at++) {
        *at = PAINT;
    }
    bool ok = run(MESSAGE, MESSAGE_LEN);
    volatile uint32_t *at = _ebss;
    while (at < top && *at == PAINT) {
        at++;
    }
    uint32_t before = start();
    for (int i = 0; i < RUNS; i++) {
        run(MESSAGE, MESSAGE_LEN);
    }
    uint32_t ticks = since(before);
    before = start();
    __asm__ volatile(".syntax unified\n2: subs %0, #1\nbne 2b" : "+l"(turns) : : "cc");
    uint32_t calibration = since(before);
    print(ok);
    print((uint32_t)((char *)top - (char *)at));
    print(ticks);
    print(calibration);
    semihost(0x18, (const void *)0x20026);
    for (;;) {
    }
}

static void fault(void) {
    semihost(0x18, (const void *)0x20023);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))_estack, Reset_Handler, fault, fault,
};
