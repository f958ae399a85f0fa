
/* The products of values and weights that lie side by side, added to a sum. */
static @force@ int32_t @name@_dot@suffix@(const @type@ *values, const int8_t *weights, int16_t count, int32_t sum)
{
    int16_t i = 0;
#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__) /* Cortex-M4 and later: two products in one instruction */
    for (; i + 4 <= count; i += 4) {
        uint32_t four, with;
        __builtin_memcpy(&four, values + i, 4);
        __builtin_memcpy(&with, weights + i, 4);
        sum = __smlad((int16x2_t)@extend@four), __sxtb16((int8x4_t)with), sum);
        four = four >> 8 | four << 24;
        with = with >> 8 | with << 24;
        sum = __smlad((int16x2_t)@extend@four), __sxtb16((int8x4_t)with), sum);
    }
@unrolled@#endif
    for (; i < count; i++)
        sum += (int16_t)(values[i] * @NAME@_S8(weights + i));
    return sum;
}
