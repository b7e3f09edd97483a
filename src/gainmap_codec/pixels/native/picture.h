/* Reading blocks of a picture, each channel by itself. */

#ifndef GAINMAP_PICTURE_H
#define GAINMAP_PICTURE_H

#include <stdint.h>
#include <string.h>

#include "native.h"

#define READ_AS(type)                                                                          \
    for (ptrdiff_t k = 0; k < count; k++) {                                                    \
        const char *here = from + k * column;                                                  \
        type red, green, blue;                                                                 \
        memcpy(&red, here, sizeof red);                                                        \
        memcpy(&green, here + channel, sizeof green);                                          \
        memcpy(&blue, here + 2 * channel, sizeof blue);                                        \
        out[k] = (float)red, out[LANES + k] = (float)green, out[2 * LANES + k] = (float)blue; \
    }

ALWAYS_INLINE void read_lanes(const char *from, ptrdiff_t column, ptrdiff_t channel, ptrdiff_t bytes, ptrdiff_t count,
                              float *RESTRICT out)
{
    if (bytes == 1) {
        READ_AS(uint8_t)
    } else if (bytes == 2) {
        READ_AS(uint16_t)
    } else {
        READ_AS(float)
    }
}

/* `count` pixels of a row, up to LANES, into (3, LANES); the common case, code values of 8 bits side by side, is one that
   compilers see whole. */
ALWAYS_INLINE void read_block(const Picture *picture, ptrdiff_t row, ptrdiff_t start, ptrdiff_t count, float *RESTRICT out)
{
    const char *from = picture->values + row * picture->row + start * picture->column;
    if (count == LANES && picture->bytes == 1 && picture->column == 3 && picture->channel == 1)
        read_lanes(from, 3, 1, 1, LANES, out);
    else
        read_lanes(from, picture->column, picture->channel, picture->bytes, count, out);
}

#endif
