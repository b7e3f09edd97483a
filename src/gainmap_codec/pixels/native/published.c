/* The residual of the family "published", pixel by pixel (docs/format.md, "Features", "Network"). */

#include "elementary.h"
#include "layer.h"

#define MOST_WAVES 96 /* 15 octaves of three colours, as sine and cosine */

ALWAYS_INLINE void sines(float *values, ptrdiff_t count)
{
    for (ptrdiff_t k = 0; k < count; k++) values[k] = sin_pi(values[k] * 0.318309886f);
}

/* Layers without biases: (inputs, outputs) weights and a last row that adds nothing, or what position adds. */
FOR_EACH_PROCESSOR
void published_residual(const Published *network, const float *base, ptrdiff_t rows, ptrdiff_t columns, float *residual)
{
    float colors[3][LANES] = {{0}}, features[MOST_WAVES * LANES] = {0};
    float first[MOST_NEURONS * LANES], second[MOST_NEURONS * LANES], last[3 * LANES];
    const ptrdiff_t inputs = 6 * network->octaves, neurons = network->neurons, outputs = network->outputs;
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t start = 0; start < columns; start += LANES) {
            const ptrdiff_t count = columns - start < LANES ? columns - start : LANES;
            const float *pixels = base + 3 * (row * columns + start);
            for (ptrdiff_t k = 0; k < count; k++)
                for (int c = 0; c < 3; c++) colors[c][k] = pixels[3 * k + c];
            for (int c = 0; c < 3; c++) {
                float values[LANES];
                for (int k = 0; k < LANES; k++) values[k] = (pq_of_light(colors[c][k]) - network->shift) * network->scale;
                octaves_block(values, 1, network->octaves, features + 2 * c * network->octaves * LANES);
            }
            layer(network->weights[0], features, LANES, inputs, first, neurons);
            for (ptrdiff_t n = 0; n < neurons; n++)
                for (ptrdiff_t k = 0; k < count; k++)
                    first[n * LANES + k] += network->by_row[row * neurons + n] + network->by_column[n * columns + start + k];
            sines(first, neurons * LANES);
            layer(network->weights[1], first, LANES, neurons, second, neurons);
            sines(second, neurons * LANES);
            layer(network->weights[2], second, LANES, neurons, last, outputs);
            for (ptrdiff_t c = 0; c < outputs; c++)
                for (ptrdiff_t k = 0; k < count; k++)
                    residual[(row * outputs + c) * columns + start + k] =
                        last[c * LANES + k] * network->residual_scale + network->residual_shift;
        }
}
