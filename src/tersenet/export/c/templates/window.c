
/* A window that slides over maps in the order height, width, channel. */
typedef struct {
    int16_t channels, height, width;             /* of what is read */
    int16_t out_channels, out_height, out_width; /* of what is written */
    int16_t kernel_height, kernel_width, stride, padding, dilation, groups;
    int16_t pool;                                /* the maximum of pool x pool results is written */
    int16_t low, high;                           /* the least and the largest result */
} @name@_window;

/* The first tap of a kernel that lies on the maps, and the one behind the last; `at` is where the kernel begins.
 * Many small processors cannot divide, so that is avoided. */
static int16_t @name@_first(int16_t at, int16_t dilation)
{
    if (at >= 0)
        return 0;
    return dilation == 1 ? (int16_t)-at : (int16_t)((-at + dilation - 1) / dilation);
}

static int16_t @name@_behind(int16_t at, int16_t taps, int16_t dilation, int16_t size)
{
    if (at + (taps - 1) * dilation < size)
        return taps;
    return dilation == 1 ? (int16_t)(size - at) : (int16_t)((size - at + dilation - 1) / dilation);
}
