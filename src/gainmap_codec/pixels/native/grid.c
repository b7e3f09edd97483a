/* The working grid of a neural gain map: what its network sees, and the residual (docs/format.md, "Features", "Network"). */

#include "elementary.h"
#include "layer.h"
#include "picture.h"

#define MOST_FEATURES 128

/* A row of a level at `count` columns, (channels, LANES). */
ALWAYS_INLINE void level_block(const Level *level, ptrdiff_t row, ptrdiff_t start, ptrdiff_t count, ptrdiff_t columns,
                               float *RESTRICT out)
{
    const ptrdiff_t size = level->channels * columns;
    const float *above = level->wide + level->first[row] * size + start;
    const float *below = level->wide + level->second[row] * size + start;
    const float fraction = level->fraction[row];
    for (ptrdiff_t c = 0; c < level->channels; c++)
        for (ptrdiff_t k = 0; k < count; k++) {
            const float before = above[c * columns + k];
            out[c * LANES + k] = before + (below[c * columns + k] - before) * fraction;
        }
}

/* All features of `count` cells of a row, (features, LANES). */
ALWAYS_INLINE void block_features(const GridInputs *inputs, ptrdiff_t row, ptrdiff_t start, ptrdiff_t count, float *out)
{
    float colors[3 * LANES] = {0};
    read_block(&inputs->base, row, start, count, colors);
    for (int k = 0; k < 3 * LANES; k++) colors[k] = colors[k] * inputs->scale - 1;
    for (ptrdiff_t k = 0; k < count; k++) out[k] = inputs->x[start + k];
    for (int k = 0; k < LANES; k++) out[LANES + k] = inputs->y[row];
    out += 2 * LANES;
    for (int k = 0; k < 3 * LANES; k++) out[k] = 2 * colors[k];
    out += 3 * LANES;
    const Level *level = inputs->levels;
    for (const Level *end = level + inputs->around; level < end; level++, out += 3 * LANES)
        level_block(level, row, start, count, inputs->columns, out);
    for (int c = 0; c < 3; c++, out += 2 * inputs->octaves * LANES)
        octaves_block(colors + c * LANES, 0.5f, inputs->octaves, out);
    for (const Level *end = level + inputs->latents; level < end; level++, out += LANES)
        level_block(level, row, start, count, inputs->columns, out);
}

/* The sum of all details at `count` cells. */
ALWAYS_INLINE void block_details(const GridInputs *inputs, ptrdiff_t row, ptrdiff_t start, ptrdiff_t count, float *RESTRICT sum)
{
    const Level *level = inputs->levels + inputs->around + inputs->latents;
    for (int k = 0; k < LANES; k++) sum[k] = 0;
    for (const Level *end = level + inputs->details; level < end; level++) {
        float values[LANES] = {0};
        level_block(level, row, start, count, inputs->columns, values);
        for (int k = 0; k < LANES; k++) sum[k] += values[k];
    }
}

FOR_EACH_PROCESSOR
void grid_features(const GridInputs *inputs, float *features, ptrdiff_t start, ptrdiff_t rows)
{
    float block[MOST_FEATURES * LANES] = {0};
    const ptrdiff_t columns = inputs->columns;
    for (ptrdiff_t row = start; row < start + rows; row++)
        for (ptrdiff_t from = 0; from < columns; from += LANES) {
            const ptrdiff_t count = columns - from < LANES ? columns - from : LANES;
            float *out = features + (row - start) * inputs->features * columns + from;
            block_features(inputs, row, from, count, block);
            for (ptrdiff_t n = 0; n < inputs->features; n++)
                memcpy(out + n * columns, block + n * LANES, (size_t)count * sizeof(float));
        }
}

FOR_EACH_PROCESSOR
void grid_residual(const GridInputs *inputs, const Network *network, float scale, float shift, float *residual,
                   ptrdiff_t start, ptrdiff_t rows)
{
    float features[MOST_FEATURES * LANES] = {0};
    float first[MOST_NEURONS * LANES], second[MOST_NEURONS * LANES], last[3 * LANES], details[LANES];
    const ptrdiff_t columns = inputs->columns, neurons = network->neurons, outputs = network->outputs;
    for (ptrdiff_t row = start; row < start + rows; row++)
        for (ptrdiff_t from = 0; from < columns; from += LANES) {
            const ptrdiff_t count = columns - from < LANES ? columns - from : LANES;
            float *out = residual + (row - start) * outputs * columns + from;
            block_features(inputs, row, from, count, features);
            layer(network->weights[0], features, LANES, inputs->features, first, neurons);
            rectify(first, neurons * LANES);
            layer(network->weights[1], first, LANES, neurons, second, neurons);
            rectify(second, neurons * LANES);
            layer(network->weights[2], second, LANES, neurons, last, outputs);
            block_details(inputs, row, from, count, details);
            for (ptrdiff_t c = 0; c < outputs; c++) {
                float *values = last + c * LANES;
                for (int k = 0; k < LANES; k++) values[k] = clamped(values[k] + details[k], -1, 1) * scale + shift;
                memcpy(out + c * columns, values, (size_t)count * sizeof(float));
            }
        }
}
