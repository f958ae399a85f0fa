
/* The sum of maps of one scale. */
static void @name@_add(const uint8_t *const *in, const uint8_t *is_signed, int16_t sources, uint8_t *out, int32_t count,
    int16_t low, int16_t high)
{
    for (int32_t i = 0; i < count; i++) {
        int16_t sum = 0;
        for (int16_t k = 0; k < sources; k++)
            sum = (int16_t)(sum + (is_signed[k] ? (int16_t)(int8_t)in[k][i] : (int16_t)in[k][i]));
        out[i] = (uint8_t)(sum < low ? low : sum > high ? high : sum);
    }
}
