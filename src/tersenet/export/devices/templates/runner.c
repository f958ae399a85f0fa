/* Runs @name@ on an emulated device without a library: pictures lie in memory, scores go out as text. */
#include "@name@.h"

#define PICTURES @pictures@
static const uint8_t *const pictures = (const uint8_t *)@address@ul;
static uint8_t arena[@NAME@_ARENA_BYTES];
static int8_t scores[@NAME@_CLASSES];

@device@
extern uint8_t stack_bottom[], stack_top[];

/* The compiler may call these. */
void *memcpy(void *to, const void *from, unsigned long count);
void *memset(void *to, int value, unsigned long count);

void *memcpy(void *to, const void *from, unsigned long count)
{
    volatile uint8_t *out = (volatile uint8_t *)to;
    const uint8_t *in = (const uint8_t *)from;
    while (count--)
        *out++ = *in++;
    return to;
}

void *memset(void *to, int value, unsigned long count)
{
    volatile uint8_t *out = (volatile uint8_t *)to;
    while (count--)
        *out++ = (uint8_t)value;
    return to;
}

static void put_hex(uint32_t value, int digits)
{
    while (digits--)
        put("0123456789abcdef"[value >> 4 * digits & 15]);
}

void run(void);

void run(void)
{
    volatile uint8_t *low = stack_bottom;
    uint64_t ticks = 0;
    while (low < (volatile uint8_t *)__builtin_frame_address(0) - 64)
        *low++ = 0xa5;
    start_counter();
    for (uint32_t n = 0; n < PICTURES; n++) {
        uint32_t begin = counter();
        @name@_read(pictures + n * @NAME@_PICTURE_BYTES, scores, arena);
        ticks += elapsed(begin, counter());
        put('=');
        for (int i = 0; i < @NAME@_CLASSES; i++)
            put_hex((uint8_t)scores[i], 2);
        put('\n');
    }
    low = stack_bottom;
    while (low < stack_top && *low == 0xa5)
        low++;
    put('#');
    put_hex((uint32_t)(ticks >> 32), 8);
    put_hex((uint32_t)ticks, 8);
    put(' ');
    put_hex((uint32_t)(stack_top - low), 8);
    put('\n');
    leave();
}
