#include "@name@.h"

/* On AVR constants stay in flash, and are read from there. */
#ifdef __AVR__
#include <avr/pgmspace.h>
#define @NAME@_FLASH PROGMEM
#define @NAME@_U8(place) pgm_read_byte(place)
#define @NAME@_U16(place) pgm_read_word(place)
#define @NAME@_S32(place) ((int32_t)pgm_read_dword(place))
#else
#define @NAME@_FLASH
#define @NAME@_U8(place) (*(place))
#define @NAME@_U16(place) (*(place))
#define @NAME@_S32(place) (*(place))
#endif
#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__)
#include <arm_acle.h>
#endif
#define @NAME@_S8(place) ((int8_t)@NAME@_U8(place))

/* Called after each step with its result, for whoever defines it: a test, a trace. */
#ifndef @NAME@_AFTER
#define @NAME@_AFTER(step, data, bytes) ((void)0)
#endif

@inlining@

/* What the arithmetic below relies on: a compiler that differs stops here. */
typedef char @name@_shifts_keep_the_sign[((int32_t)-5 >> 1) == -3 ? 1 : -1];
typedef char @name@_bytes_have_eight_bits[(uint8_t)256 == 0 ? 1 : -1];
