/* Means of a picture over windows that cut pixels (docs/format.md, "The grid": Average). */

#include "native.h"

#include <stdint.h>
#include <string.h>

#define EMPTY 1e-6 /* width of a window that has no values of its own: it takes the one next to it */

/* The pixels that a window between two edges touches, first...stop - 1, and the part of each that lies inside. */
typedef struct {
    double start, stop;
    ptrdiff_t first, end;
    int is_empty;
} Window;

ALWAYS_INLINE Window window_of(const double *edges, ptrdiff_t n, ptrdiff_t size)
{
    Window window = {edges[n], edges[n + 1], (ptrdiff_t)edges[n], 0, 0};
    window.is_empty = window.stop - window.start <= EMPTY;
    if (window.first > size - 1) window.first = size - 1;
    window.end = (ptrdiff_t)window.stop;
    if ((double)window.end < window.stop && window.end < size) window.end++;
    if (window.is_empty || window.end <= window.first) window.end = window.first + 1;
    return window;
}

ALWAYS_INLINE double share(const Window *window, ptrdiff_t place)
{
    if (window->is_empty) return 1;
    const double low = window->start > (double)place ? window->start : (double)place;
    const double high = window->stop < (double)(place + 1) ? window->stop : (double)(place + 1);
    return high > low ? high - low : 0;
}

#define ADD_AS(type)                                                                                           \
    if (is_dense)                                                                                              \
        for (ptrdiff_t k = 0; k < channels * width; k++) line[k] += part * (float)((const type *)from)[k];    \
    else                                                                                                       \
        for (ptrdiff_t x = 0; x < width; x++)                                                                  \
            for (ptrdiff_t c = 0; c < channels; c++)                                                           \
                line[channels * x + c] += part * (float)*(const type *)(from + x * picture->column + c * picture->channel);

/* Add a row of a picture, times its share, to the line; values side by side are one long row of numbers. */
ALWAYS_INLINE void add_row(const Picture *picture, ptrdiff_t row, ptrdiff_t width, ptrdiff_t channels, float part,
                           float *RESTRICT line)
{
    const char *from = picture->values + row * picture->row;
    const int is_dense = picture->channel == picture->bytes && picture->column == channels * picture->bytes;
    if (picture->bytes == 1) {
        ADD_AS(uint8_t)
    } else if (picture->bytes == 2) {
        ADD_AS(uint16_t)
    } else {
        ADD_AS(float)
    }
}

/* The sum of one channel of a line in a window, whose outermost values count by their parts inside. */
ALWAYS_INLINE double sum_within(const Window *window, const float *line, ptrdiff_t channels)
{
    const ptrdiff_t last = window->end - 1;
    double sum = share(window, window->first) * (double)line[channels * window->first];
    for (ptrdiff_t x = window->first + 1; x < last; x++) sum += (double)line[channels * x];
    return last > window->first ? sum + share(window, last) * (double)line[channels * last] : sum;
}

FOR_EACH_PROCESSOR
void window_means(const Picture *picture, ptrdiff_t height, ptrdiff_t width, const double *down, ptrdiff_t rows,
                  const double *across, ptrdiff_t columns, float *line, float *means)
{
    const ptrdiff_t channels = picture->channels;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const Window tall = window_of(down, row, height);
        memset(line, 0, (size_t)(channels * width) * sizeof *line);
        for (ptrdiff_t y = tall.first; y < tall.end; y++) add_row(picture, y, width, channels, (float)share(&tall, y), line);
        const double tallness = tall.is_empty ? 1 : tall.stop - tall.start;
        for (ptrdiff_t column = 0; column < columns; column++, means += channels) {
            const Window wide = window_of(across, column, width);
            const double area = tallness * (wide.is_empty ? 1 : wide.stop - wide.start);
            for (ptrdiff_t c = 0; c < channels; c++) means[c] = (float)(sum_within(&wide, line + c, channels) / area);
        }
    }
}
