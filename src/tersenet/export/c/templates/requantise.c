
/* A sum of 32 bits becomes a value of 8: one multiplication, one rounding. The products fit 32 bits, as was proved. */
static uint8_t @name@_requantise(int32_t sum, uint16_t multiplier, uint8_t shift, int16_t low, int16_t high)
{
    int32_t value = (sum * (int32_t)multiplier + ((int32_t)1 << (shift - 1))) >> shift;
    return (uint8_t)(value < low ? low : value > high ? high : value);
}
