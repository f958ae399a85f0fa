
/* The sum of each window times a gain; the multiplier divides. */
@inline@ void @name@_average@suffix@(const @name@_window *w, const @type@ *in, uint8_t *out, const int8_t *gain,
    const int32_t *bias, const uint8_t *rows, const uint8_t *columns, int16_t row_classes, int16_t column_classes,
    const uint16_t *multipliers, const uint8_t *shifts, const uint8_t *table)
{
    for (int16_t y = 0; y < w->out_height; y++)
    for (int16_t x = 0; x < w->out_width; x++)
    for (int16_t c = 0; c < w->channels; c++) {
        const int16_t top = (int16_t)(y * w->stride - w->padding), left = (int16_t)(x * w->stride - w->padding);
        const int16_t last_row = @name@_behind(top, w->kernel_height, 1, w->height);
        const int16_t last_column = @name@_behind(left, w->kernel_width, 1, w->width);
        int32_t place = c;
        int32_t sum = 0;
        uint8_t value;
        if (row_classes * column_classes > 1)
            place = ((int32_t)c * row_classes + @NAME@_U8(rows + y)) * column_classes + @NAME@_U8(columns + x);
        for (int16_t ky = @name@_first(top, 1); ky < last_row; ky++)
            for (int16_t kx = @name@_first(left, 1); kx < last_column; kx++)
                sum += in[((int32_t)(top + ky) * w->width + left + kx) * w->channels + c];
        sum = sum * @NAME@_S8(gain + c) + @NAME@_S32(bias + place);
        value = @name@_requantise@wide@(
            sum, @NAME@_U16(multipliers + c), @NAME@_U8(shifts + c), w->low, w->high);
        out[((int32_t)y * w->out_width + x) * w->channels + c] = table ? @NAME@_U8(table + value) : value;
    }
}
