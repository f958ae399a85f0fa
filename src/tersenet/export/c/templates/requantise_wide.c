
/* The same for sums whose products need 64 bits. */
static uint8_t @name@_requantise_wide(int32_t sum, uint16_t multiplier, uint8_t shift, int16_t low, int16_t high)
{
    int64_t value = ((int64_t)sum * multiplier + ((int64_t)1 << (shift - 1))) >> shift;
    return (uint8_t)(value < low ? low : value > high ? high : value);
}
