/* Tests @name@.c on this device: pictures are drawn from a fixed rule, and the result of every step must be, bit for bit,
 * what Tersenet's simulation computes. Build it with nothing but this file, which includes @name@.c; 0 means passed.
 *
 *     cc -std=c99 -O2 @name@_test.c -o @name@_test && ./@name@_test
 */
#include <stdint.h>
#include <stdio.h>

#define STEPS @steps@
#define PICTURES @pictures@

static uint32_t hashes[STEPS];
static uint32_t constants = 2166136261u;

static void hash(int step, const uint8_t *data, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i++)
        hashes[step] = (hashes[step] ^ data[i]) * 16777619u;
}

#define @NAME@_AFTER(step, data, bytes) hash(step, data, bytes)
#include "@name@.c"

static const uint32_t expected[STEPS] = {
@expected@
};
static const char *const names[STEPS] = {
@names@
};

static void hash_number(int32_t number)
{
    for (int i = 0; i < 4; i++)
        constants = (constants ^ ((uint32_t)number >> 8 * i & 255)) * 16777619u;
}

int main(void)
{
    static uint8_t picture[@NAME@_PICTURE_BYTES], arena[@NAME@_ARENA_BYTES];
    static int8_t scores[@NAME@_CLASSES];
    uint32_t state = 1;
    for (int step = 0; step < STEPS; step++)
        hashes[step] = 2166136261u;
    for (int n = 0; n < PICTURES; n++) {
        for (int32_t i = 0; i < @NAME@_PICTURE_BYTES; i++) {
            state = state * 1664525u + 1013904223u;
            picture[i] = (uint8_t)(n % 2 == 0 || state >> 30 == 0 ? state >> 16 & 255 : 0);
        }
        @name@_read(picture, scores, arena);
    }
    for (int step = 0; step < STEPS; step++)
        if (hashes[step] != expected[step]) {
            printf("failed: step %d (%s) differs from the simulation\n", step, names[step]);
            return 1;
        }
@constants@
    if (constants != @hash@u) {
        printf("failed: weights or other constants are not those that were exported\n");
        return 1;
    }
    printf("passed: %d steps, %d pictures\n", STEPS, PICTURES);
    return 0;
}
