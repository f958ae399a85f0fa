/* Runs @name@ on an ATmega2560: pictures lie in flash behind the code, scores go out over the serial port. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include "@name@.h"

#define PICTURES @pictures@
static uint8_t picture[@NAME@_PICTURE_BYTES], arena[@NAME@_ARENA_BYTES];
static int8_t scores[@NAME@_CLASSES];
static volatile uint16_t overflows;

__asm__(".section .text.pictures,\"ax\",@progbits\n.global pictures\npictures:\n.incbin \"@file@\"\n.balign 2\n.text\n");
extern const uint8_t pictures[];

ISR(TIMER1_OVF_vect) { overflows++; }

static void put(char sign)
{
    while (!(UCSR0A & _BV(UDRE0)))
        ;
    UDR0 = (uint8_t)sign;
}

static void put_hex(uint32_t value, int8_t digits)
{
    while (digits--)
        put("0123456789abcdef"[value >> 4 * digits & 15]);
}

int main(void)
{
    extern uint8_t __heap_start;
    uint8_t *low = &__heap_start;
    uint64_t cycles = 0;
    while (low < (uint8_t *)SP - 32)
        *low++ = 0xa5;
    UCSR0B = _BV(TXEN0);
    TIMSK1 = _BV(TOIE1);
    for (uint16_t n = 0; n < PICTURES; n++) {
        for (uint16_t i = 0; i < @NAME@_PICTURE_BYTES; i++)
            picture[i] = pgm_read_byte_far(pgm_get_far_address(pictures) + (uint32_t)n * @NAME@_PICTURE_BYTES + i);
        uint16_t count;
        overflows = 0;
        TCNT1 = 0;
        TCCR1B = _BV(CS10);
        sei();
        @name@_read(picture, scores, arena);
        cli();
        count = TCNT1;
        TCCR1B = 0;
        if ((TIFR1 & _BV(TOV1)) && count < 0x8000)
            overflows++;
        TIFR1 = _BV(TOV1);
        cycles += ((uint32_t)overflows << 16) + count;
        put('=');
        for (uint8_t i = 0; i < @NAME@_CLASSES; i++)
            put_hex((uint8_t)scores[i], 2);
        put('\n');
    }
    low = &__heap_start;
    while (low < (uint8_t *)RAMEND && *low == 0xa5)
        low++;
    put('#');
    put_hex((uint32_t)(cycles >> 32), 8);
    put_hex((uint32_t)cycles, 8);
    put(' ');
    put_hex((uint16_t)RAMEND - (uint16_t)low + 1, 8);
    put('\n');
    sleep_mode();
    return 0;
}
