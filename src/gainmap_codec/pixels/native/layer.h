/* A layer of a network on one block of points. */

#ifndef GAINMAP_LAYER_H
#define GAINMAP_LAYER_H

#include "native.h"

#define MOST_NEURONS 256

/* Some neighbouring outputs at once: their sums stay in registers, and no sum waits for itself. */
ALWAYS_INLINE void sums(const float *RESTRICT weights, ptrdiff_t outputs, const float *RESTRICT in, ptrdiff_t stride,
                        ptrdiff_t inputs, float *RESTRICT out, const int together)
{
    float sum[4][LANES];
    for (int n = 0; n < together; n++)
        for (int k = 0; k < LANES; k++) sum[n][k] = weights[inputs * outputs + n];
    for (ptrdiff_t i = 0; i < inputs; i++)
        for (int n = 0; n < together; n++)
            for (int k = 0; k < LANES; k++) sum[n][k] += weights[i * outputs + n] * in[i * stride + k];
    for (int n = 0; n < together; n++)
        for (int k = 0; k < LANES; k++) out[n * LANES + k] = sum[n][k];
}

/* out (outputs, LANES) = weights of (inputs + 1, outputs), transposed, by in (inputs, LANES) and 1 */
ALWAYS_INLINE void layer(const float *RESTRICT weights, const float *RESTRICT in, ptrdiff_t stride, ptrdiff_t inputs,
                         float *RESTRICT out, ptrdiff_t outputs)
{
    ptrdiff_t n = 0;
    for (; n + 4 <= outputs; n += 4) sums(weights + n, outputs, in, stride, inputs, out + n * LANES, 4);
    for (; n + 2 <= outputs; n += 2) sums(weights + n, outputs, in, stride, inputs, out + n * LANES, 2);
    for (; n < outputs; n++) sums(weights + n, outputs, in, stride, inputs, out + n * LANES, 1);
}

ALWAYS_INLINE void rectify(float *values, ptrdiff_t count)
{
    for (ptrdiff_t k = 0; k < count; k++) values[k] = values[k] > 0 ? values[k] : 0;
}

#endif
