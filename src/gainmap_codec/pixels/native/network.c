/* The forward pass of a network of two hidden layers with ReLU (docs/format.md, "Network"). */

#include "native.h"

#include <string.h>

#define MOST_NEURONS 256

/* out (outputs, LANES) = weights of (inputs + 1, outputs), transposed, by in (inputs, LANES) and 1 */
ALWAYS_INLINE void layer(const float *RESTRICT weights, const float *RESTRICT in, ptrdiff_t stride, ptrdiff_t inputs,
                         float *RESTRICT out, ptrdiff_t outputs, int is_hidden)
{
    for (ptrdiff_t n = 0; n < outputs; n++) {
        float sum[LANES];
        for (int k = 0; k < LANES; k++) sum[k] = weights[inputs * outputs + n];
        for (ptrdiff_t i = 0; i < inputs; i++) {
            const float weight = weights[i * outputs + n];
            for (int k = 0; k < LANES; k++) sum[k] += weight * in[i * stride + k];
        }
        for (int k = 0; k < LANES; k++) out[n * LANES + k] = is_hidden && sum[k] < 0 ? 0 : sum[k];
    }
}

FOR_EACH_PROCESSOR
void network_outputs(const Network *network, const float *features, float *outputs, ptrdiff_t rows, ptrdiff_t columns)
{
    float first[MOST_NEURONS * LANES], second[MOST_NEURONS * LANES], last[3 * LANES];
    const ptrdiff_t inputs = network->features, neurons = network->neurons, channels = network->outputs;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *in = features + row * inputs * columns;
        float *out = outputs + row * channels * columns;
        for (ptrdiff_t start = 0; start < columns; start += LANES) {
            /* The last block begins earlier rather than being cut: some points are computed twice. */
            const ptrdiff_t from = start + LANES <= columns ? start : columns - LANES;
            layer(network->weights[0], in + from, columns, inputs, first, neurons, 1);
            layer(network->weights[1], first, LANES, neurons, second, neurons, 1);
            layer(network->weights[2], second, LANES, neurons, last, channels, 0);
            for (ptrdiff_t c = 0; c < channels; c++) memcpy(out + c * columns + from, last + c * LANES, LANES * sizeof(float));
        }
    }
}
