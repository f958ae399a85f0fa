
/* A function of single values, from a table, or from one table per channel. */
static void @name@_lookup(const uint8_t *in, uint8_t *out, int32_t pixels, int16_t channels, const uint8_t *table,
    int16_t tables)
{
    for (int32_t i = 0; i < pixels; i++)
        for (int16_t c = 0; c < channels; c++)
            out[i * channels + c]
                = @NAME@_U8(table + (tables > 1 ? (int32_t)c * 256 : 0) + in[i * channels + c]);
}
