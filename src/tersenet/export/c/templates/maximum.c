
/* The maximum of each window. */
@inline@ void @name@_maximum@suffix@(const @name@_window *w, const @type@ *in, uint8_t *out)
{
    for (int16_t y = 0; y < w->out_height; y++)
    for (int16_t x = 0; x < w->out_width; x++)
    for (int16_t c = 0; c < w->channels; c++) {
        const int16_t top = (int16_t)(y * w->stride - w->padding), left = (int16_t)(x * w->stride - w->padding);
        const int16_t last_row = @name@_behind(top, w->kernel_height, 1, w->height);
        const int16_t last_column = @name@_behind(left, w->kernel_width, 1, w->width);
        int16_t most = INT16_MIN;
        for (int16_t ky = @name@_first(top, 1); ky < last_row; ky++)
            for (int16_t kx = @name@_first(left, 1); kx < last_column; kx++) {
                const int16_t value = in[((int32_t)(top + ky) * w->width + left + kx) * w->channels + c];
                if (value > most)
                    most = value;
            }
        out[((int32_t)y * w->out_width + x) * w->channels + c] = (uint8_t)most;
    }
}
