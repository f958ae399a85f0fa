
/* The channels of some maps, as a part of all channels. */
static void @name@_join(const uint8_t *in, uint8_t *out, int32_t pixels, int16_t channels, int16_t out_channels)
{
    for (int32_t i = 0; i < pixels; i++)
        for (int16_t c = 0; c < channels; c++)
            out[i * out_channels + c] = in[i * channels + c];
}
