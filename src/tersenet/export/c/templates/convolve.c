
/* A convolution, with the maximum and the table behind it. */
@inline@ void @name@_convolve@suffix@(const @name@_window *w, const @type@ *in, uint8_t *out, const int8_t *weights,
    const int32_t *bias, const uint8_t *rows, const uint8_t *columns, int16_t row_classes, int16_t column_classes,
    const uint16_t *multipliers, const uint8_t *shifts, const uint8_t *table)
{
    const int16_t per_group = w->groups == 1 ? w->channels : (int16_t)(w->channels / w->groups);
    const int16_t outs_per_group = w->groups == 1 ? w->out_channels : (int16_t)(w->out_channels / w->groups);
    for (int16_t y = 0; y < w->out_height; y++)
    for (int16_t x = 0; x < w->out_width; x++)
    for (int16_t o = 0; o < w->out_channels; o++) {
        const int8_t *kernel = weights + (int32_t)o * w->kernel_height * w->kernel_width * per_group;
        const @type@ *group = w->groups == 1 ? in : in + (o / outs_per_group) * per_group;
        int32_t most = INT32_MIN;
        for (int16_t py = 0; py < w->pool; py++)
        for (int16_t px = 0; px < w->pool; px++) {
            const int16_t at_row = (int16_t)(y * w->pool + py), at_column = (int16_t)(x * w->pool + px);
            const int16_t top = (int16_t)(at_row * w->stride - w->padding);
            const int16_t left = (int16_t)(at_column * w->stride - w->padding);
            int16_t first_row = 0, last_row = w->kernel_height, first_column = 0, last_column = w->kernel_width;
            int32_t place = o;
            int32_t sum;
            if (w->padding > 0) {
                first_row = @name@_first(top, w->dilation);
                last_row = @name@_behind(top, w->kernel_height, w->dilation, w->height);
                first_column = @name@_first(left, w->dilation);
                last_column = @name@_behind(left, w->kernel_width, w->dilation, w->width);
            }
            if (row_classes * column_classes > 1)
                place = ((int32_t)o * row_classes + @NAME@_U8(rows + at_row)) * column_classes
                    + @NAME@_U8(columns + at_column);
            sum = @NAME@_S32(bias + place);
            for (int16_t ky = first_row; ky < last_row; ky++) {
                const @type@ *from = group
                    + ((int32_t)(top + ky * w->dilation) * w->width + left + first_column * w->dilation) * w->channels;
                const int8_t *with = kernel + (ky * w->kernel_width + first_column) * per_group;
                if (w->groups == 1 && w->dilation == 1) {
                    const int16_t count = (int16_t)((last_column - first_column) * per_group);
                    sum = @name@_dot_@kind@(from, with, count, sum);
                } else {
                    for (int16_t kx = first_column; kx < last_column; kx++) {
                        sum = @name@_dot_@kind@(from, with, per_group, sum);
                        from += (int32_t)w->dilation * w->channels;
                        with += per_group;
                    }
                }
            }
            if (sum > most)
                most = sum;
        }
        {
            uint8_t value = @name@_requantise@wide@(
                most, @NAME@_U16(multipliers + o), @NAME@_U8(shifts + o), w->low, w->high);
            out[((int32_t)y * w->out_width + x) * w->out_channels + o]
                = table ? @NAME@_U8(table + value) : value;
        }
    }
}
