/* Adam's steps on a network, its latents, and the rate model of both: neural/fit/gradient_steps.py says what is done.

   What is learned lies in one vector: the first layer as whitened features have it, the other layers, latents, logarithms
   of the latents' steps; behind these, what only counts once bits do: logarithms of the weights' steps, of their mean
   magnitudes, and two numbers for each level, by which magnitudes of latents are told from their neighbours'. */

#include "fit.h"
#include "fit_steps.h"

#include <stdlib.h>

#define LAYERS 3
#define LEAK 0.01f /* slope of an output beyond the clip, so that it can come back */
#define SMALLEST_SPREAD 0.02f
#define SMALLEST_SIZE 1e-8f /* of a slope */
#define LN2 0.69314718f

/* Places in the vector of what is learned. */
typedef struct {
    ptrdiff_t layer[LAYERS + 1], latents, latent_steps, weight_steps, weight_spreads, spreads, all;
} Places;

static Places places_of(const Training *training)
{
    Places at;
    const ptrdiff_t width = training->neurons;
    at.layer[0] = 0;
    at.layer[1] = (training->features + training->latents + 1) * width;
    at.layer[2] = at.layer[1] + (width + 1) * width;
    at.layer[3] = at.latents = at.layer[2] + (width + 1) * training->outputs;
    at.latent_steps = at.latents + training->cells;
    at.weight_steps = at.latent_steps + training->latents;
    at.weight_spreads = at.weight_steps + LAYERS;
    at.spreads = at.weight_spreads + LAYERS;
    at.all = at.spreads + 2 * training->latents;
    return at;
}

/* Memory of a step: see `prepare`. */
typedef struct {
    float *weights, *noise, *scaled, *fields, *slope_fields, *added, *by_latent, *slopes, *partial, *padded, *near;
    Activations *found;
    Slopes *back;
} Scratch;

static float *block(float **next, ptrdiff_t size)
{
    float *here = *next;
    *next += (size + LANES - 1) / LANES * LANES;
    return here;
}

/* Room for everything, or none. */
static float *prepare(const Training *training, const Places *at, Scratch *scratch)
{
    const ptrdiff_t weights = at->latents, latents = training->latents, pad = 8 * LANES;
    const ptrdiff_t padded = (training->most_rows + 2) * (training->most_columns + 4);
    const ptrdiff_t total = 3 * at->all + weights * (WIDE + 1) + (2 * latents + 1) * training->stride +
                            2 * training->cells + 2 * padded +
                            (ptrdiff_t)((sizeof(Activations) + sizeof(Slopes)) / sizeof(float)) + 16 * pad;
    float *room = calloc(total, sizeof(float)), *next = room;
    if (!room) return NULL;
    scratch->weights = block(&next, weights);
    scratch->noise = block(&next, at->all);
    scratch->scaled = block(&next, training->cells);
    scratch->by_latent = block(&next, training->cells);
    scratch->fields = block(&next, latents * training->stride);
    scratch->slope_fields = block(&next, latents * training->stride);
    scratch->added = block(&next, training->stride);
    scratch->slopes = block(&next, at->all);
    scratch->partial = block(&next, weights * WIDE);
    scratch->padded = block(&next, padded);
    scratch->near = block(&next, padded);
    scratch->found = (Activations *)block(&next, sizeof(Activations) / sizeof(float));
    scratch->back = (Slopes *)block(&next, sizeof(Slopes) / sizeof(float));
    return room;
}

/* Uniform in −0.5…0.5, of a key and a place: every step has a key of its own, and all are independent. */
ALWAYS_INLINE float noise_at(uint32_t key, uint32_t place)
{
    uint32_t x = place * 0x9E3779B9u ^ key;
    x ^= x >> 16;
    x *= 0x21F0AAADu;
    x ^= x >> 15;
    x *= 0x735A2D97u;
    x ^= x >> 15;
    return (float)(int32_t)(x >> 8) * (1 / 16777216.0f) - 0.5f;
}

/* Bits of a number with noise under a Laplace distribution, and their slopes; see rates.py. */
ALWAYS_INLINE float laplace(float value, float wide, float *by_value, float *by_spread)
{
    const float spread = wide < SMALLEST_SPREAD ? SMALLEST_SPREAD : wide, distance = fabsf(value);
    const float over = (distance - 0.5f) / spread, beyond = (distance + 0.5f) / spread;
    const int is_far = over >= 0;
    const float whole = exponential(-1 / spread), near = exponential(-fabsf(over)), far = exponential(-beyond);
    const float twice = 2 - near - far, to_bits = 1 / (LN2 * spread);
    const float by_distance = is_far ? 1.0f : (near - far) / twice;
    const float by_wide = is_far ? whole / (1 - whole) / spread - over : (far * beyond - near * over) / twice;
    const float share = log_two((is_far ? 1 - whole : twice) * 0.5f);
    *by_value = (value < 0 ? -by_distance : value > 0 ? by_distance : 0) * to_bits;
    *by_spread = by_wide * to_bits;
    return (is_far ? over * (1 / LN2) : 0) - share;
}

/* Sums over points of products of some rows of a with some of b, in parts, added to `sums` (., across, WIDE);
   `down` and `over` are constants where this is called. */
ALWAYS_INLINE void some_products(const int down, const int over, const float *a, ptrdiff_t a_stride, const float *b,
                                 ptrdiff_t points, float *sums, ptrdiff_t across)
{
    Wide parts[4][4];
    for (int i = 0; i < down; i++)
        for (int j = 0; j < over; j++) memcpy(&parts[i][j], sums + (i * across + j) * WIDE, sizeof(Wide));
    for (ptrdiff_t p = 0; p < points; p += WIDE)
        for (int i = 0; i < down; i++)
            for (int j = 0; j < over; j++) add_products(&parts[i][j], a + i * a_stride + p, b + j * CHUNK + p);
    for (int i = 0; i < down; i++)
        for (int j = 0; j < over; j++) memcpy(sums + (i * across + j) * WIDE, &parts[i][j], sizeof(Wide));
}

ALWAYS_INLINE void row_products(const int down, const float *a, ptrdiff_t a_stride, const float *b, ptrdiff_t across,
                                ptrdiff_t points, float *sums)
{
    ptrdiff_t j = 0;
    for (; j + 4 <= across; j += 4)
        some_products(down, 4, a, a_stride, b + j * CHUNK, points, sums + j * WIDE, across);
    for (; j + 2 <= across; j += 2)
        some_products(down, 2, a, a_stride, b + j * CHUNK, points, sums + j * WIDE, across);
    for (; j < across; j++) some_products(down, 1, a, a_stride, b + j * CHUNK, points, sums + j * WIDE, across);
}

ALWAYS_INLINE void products(const float *a, ptrdiff_t a_stride, ptrdiff_t rows, const float *b, ptrdiff_t across,
                            ptrdiff_t points, float *sums)
{
    ptrdiff_t i = 0;
    for (; i + 4 <= rows; i += 4) row_products(4, a + i * a_stride, a_stride, b, across, points, sums + i * across * WIDE);
    for (; i + 2 <= rows; i += 2) row_products(2, a + i * a_stride, a_stride, b, across, points, sums + i * across * WIDE);
    for (; i < rows; i++) row_products(1, a + i * a_stride, a_stride, b, across, points, sums + i * across * WIDE);
}

ALWAYS_INLINE void sums_over_points(const float *b, ptrdiff_t across, ptrdiff_t points, float *sums)
{
    for (ptrdiff_t j = 0; j < across; j++) {
        Wide sum;
        memcpy(&sum, sums + j * WIDE, sizeof sum);
        for (ptrdiff_t p = 0; p < points; p += WIDE) add_scaled(&sum, 1, b + j * CHUNK + p);
        memcpy(sums + j * WIDE, &sum, sizeof sum);
    }
}

/* Squared error of a chunk; slopes of its mean by the outputs, but for the factor −2 / points. */
ALWAYS_INLINE float errors_of(const Wanted *wanted, ptrdiff_t outputs, ptrdiff_t start, ptrdiff_t points,
                              const Activations *found, Slopes *back)
{
    float sums[LANES] = {0}, total = 0;
    for (ptrdiff_t c = 0; c < outputs; c++)
        for (ptrdiff_t from = 0; from < points; from += LANES) {
            float leaky[LANES], left[LANES], slope[LANES];
            const float *output = found->output[c] + from;
            for (int k = 0; k < LANES; k++) {
                const float clipped = output[k] < -1 ? -1 : output[k] > 1 ? 1 : output[k];
                leaky[k] = clipped + LEAK * (output[k] - clipped);
            }
            left_of(wanted, c, start + from, leaky, left, slope);
            for (int k = 0; k < LANES; k++) {
                const int is_clipped = output[k] < -1 || output[k] > 1;
                sums[k] += left[k] * left[k];
                back->output[c][from + k] = left[k] * slope[k] * (is_clipped ? LEAK : 1.0f);
            }
        }
    for (int k = 0; k < LANES; k++) total += sums[k];
    return total;
}

/* Squared error of a batch, its slopes by weights as parts of sums, and by the fields of latents; all but for −2. */
ALWAYS_INLINE double pass(const Fitted *net, const Planes *planes, const Wanted *wanted, const Places *at,
                          Scratch *scratch, int has_fields)
{
    const ptrdiff_t width = net->neurons, seen = net->features + net->latents;
    float *partial = scratch->partial;
    Activations *found = scratch->found;
    Slopes *back = scratch->back;
    double error = 0;
    memset(partial, 0, at->latents * WIDE * sizeof(float));
    for (ptrdiff_t start = 0; start < planes->stride; start += CHUNK) {
        const ptrdiff_t points = planes->stride - start < CHUNK ? planes->stride - start : CHUNK;
        forward(net, planes, start, points, found);
        error += errors_of(wanted, net->outputs, start, points, found, back);
        backward(net, found, back, points);
        products(planes->features + start, planes->stride, net->features, back->first[0], width, points, partial);
        products(planes->fields + start, planes->stride, net->latents, back->first[0], width, points,
                 partial + net->features * width * WIDE);
        sums_over_points(back->first[0], width, points, partial + seen * width * WIDE);
        products(found->first[0], CHUNK, width, back->second[0], width, points, partial + at->layer[1] * WIDE);
        sums_over_points(back->second[0], width, points, partial + (at->layer[1] + width * width) * WIDE);
        products(found->second[0], CHUNK, width, back->output[0], net->outputs, points, partial + at->layer[2] * WIDE);
        sums_over_points(back->output[0], net->outputs, points, partial + (at->layer[2] + width * net->outputs) * WIDE);
        for (ptrdiff_t l = 0; has_fields && l < net->latents; l++) {
            float *out = scratch->slope_fields + l * planes->stride + start;
            const float *row = net->weights[0] + (net->features + l) * width;
            for (ptrdiff_t from = 0; from < points; from += LANES) {
                float sum[LANES] = {0};
                for (ptrdiff_t n = 0; n < width; n++)
                    for (int k = 0; k < LANES; k++) sum[k] += row[n] * back->first[n][from + k];
                memcpy(out + from, sum, sizeof sum);
            }
        }
    }
    return error;
}

/* Three times the left coded neighbour's magnitude, twice the upper one's and once the farther ones': as the coder has it. */
ALWAYS_INLINE void neighbours(const float *values, ptrdiff_t rows, ptrdiff_t columns, float *padded, float *near)
{
    const ptrdiff_t wide = columns + 4;
    memset(padded, 0, (rows + 2) * wide * sizeof(float));
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t c = 0; c < columns; c++) padded[(row + 2) * wide + c + 2] = fabsf(values[row * columns + c]);
    for (ptrdiff_t row = 0; row < rows; row++) {
        const float *here = padded + (row + 2) * wide + 2, *up = here - wide;
        for (ptrdiff_t c = 0; c < columns; c++)
            near[row * columns + c] =
                3 * here[c - 1] + 2 * up[c] + up[c - 1] + up[c + 1] + here[c - 2] + (up - wide)[c];
    }
}

/* Bits of noisy latents, in steps, with slopes by them (added) and by the two numbers of their level. */
ALWAYS_INLINE double latent_bits(const float *values, ptrdiff_t rows, ptrdiff_t columns, const float *spreads,
                                 float weight, float *slopes, float *spread_slopes, Scratch *scratch)
{
    const float alone = expf(spreads[0]), among = log1pf(expf(spreads[1])), sigmoid = 1 / (1 + expf(-spreads[1]));
    const ptrdiff_t count = rows * columns;
    double bits = 0, by_alone = 0, by_among = 0;
    neighbours(values, rows, columns, scratch->padded, scratch->near);
    for (ptrdiff_t from = 0; from < count; from += LANES) {
        float found[LANES] = {0}, by_spread[LANES] = {0};
        const ptrdiff_t here = count - from < LANES ? count - from : LANES;
        const float *near = scratch->near + from;
        if (here == LANES)
            for (int k = 0; k < LANES; k++) {
                float by_value;
                found[k] = laplace(values[from + k], alone + among * near[k] * 0.125f, &by_value, &by_spread[k]);
                slopes[from + k] += weight * by_value;
            }
        else
            for (ptrdiff_t k = 0; k < here; k++) {
                float by_value;
                found[k] = laplace(values[from + k], alone + among * near[k] * 0.125f, &by_value, &by_spread[k]);
                slopes[from + k] += weight * by_value;
            }
        float sums[3] = {0};
        for (int k = 0; k < here; k++) {
            sums[0] += found[k];
            sums[1] += by_spread[k];
            sums[2] += by_spread[k] * near[k] * 0.125f;
        }
        bits += sums[0], by_alone += sums[1], by_among += sums[2];
    }
    spread_slopes[0] += weight * (float)by_alone * alone;
    spread_slopes[1] += weight * (float)by_among * sigmoid;
    return bits;
}

/* Weights of the first layer for features as they are. */
ALWAYS_INLINE void mixed(const float *mixing, const float *values, ptrdiff_t inputs, ptrdiff_t width, int is_transposed,
                         float *out)
{
    memset(out, 0, inputs * width * sizeof(float));
    for (ptrdiff_t i = 0; i < inputs; i++)
        for (ptrdiff_t j = 0; j < inputs; j++) {
            const float factor = is_transposed ? mixing[j * inputs + i] : mixing[i * inputs + j];
            for (ptrdiff_t n = 0; n < width; n++) out[i * width + n] += factor * values[j * width + n];
        }
}

/* The step of a layer in whole quarter octaves, none so fine that its largest weight takes more than `most` of them. */
ALWAYS_INLINE float whole_step(const float *weights, ptrdiff_t count, float step, float most)
{
    float largest = 1e-6f;
    for (ptrdiff_t i = 0; i < count; i++) largest = fabsf(weights[i]) > largest ? fabsf(weights[i]) : largest;
    const double wanted = rint(4 * step / log(2)), least = ceil(4 * log2(largest / most));
    return (float)exp2((wanted > least ? wanted : least) / 4);
}

/* Weights as they are taken for a step: plain, with noise, or rounded; in the last two cases `noise` is what that adds. */
ALWAYS_INLINE void taken_weights(const Training *training, const Places *at, const Step *step, Scratch *scratch,
                                 float sizes[LAYERS])
{
    float *weights = scratch->weights, *noise = scratch->noise;
    for (int layer = 0; layer < LAYERS; layer++) {
        const ptrdiff_t start = at->layer[layer], count = at->layer[layer + 1] - start;
        const float log_step = training->values[at->weight_steps + layer];
        if (step->mode == ROUNDED) sizes[layer] = whole_step(weights + start, count, log_step, training->most);
        else sizes[layer] = expf(log_step);
        const float size = sizes[layer], most = training->most;
        for (ptrdiff_t i = start; step->mode == NOISY && i < start + count; i++) {
            noise[i] = noise_at(step->key, (uint32_t)i);
            weights[i] += noise[i] * size;
        }
        for (ptrdiff_t i = start; step->mode == ROUNDED && i < start + count; i++) {
            float whole = rintf(weights[i] / size);
            whole = whole < -most ? -most : whole > most ? most : whole;
            noise[i] = whole - weights[i] / size;
            weights[i] = whole * size;
        }
    }
}

/* Bits of the weights as they were taken, with their slopes. */
ALWAYS_INLINE double weight_bits(const Training *training, const Places *at, const Step *step, Scratch *scratch,
                                 const float sizes[LAYERS], float weight)
{
    double bits = 0;
    float *slopes = scratch->slopes;
    for (int layer = 0; layer < LAYERS; layer++) {
        const float size = sizes[layer], spread = expf(training->values[at->weight_spreads + layer]) / size;
        float by_step = 0, by_wide = 0, found = 0;
        for (ptrdiff_t i = at->layer[layer]; i < at->layer[layer + 1]; i++) {
            float by_value, by_spread;
            const float value = scratch->weights[i] / size;
            by_step += slopes[i] * scratch->noise[i] * size; /* before bits are added to it */
            found += laplace(value, spread, &by_value, &by_spread);
            slopes[i] += weight * by_value / size;
            by_step -= weight * by_value * (value - scratch->noise[i]);
            by_wide += weight * by_spread * spread;
        }
        bits += found;
        slopes[at->weight_spreads + layer] += by_wide;
        slopes[at->weight_steps + layer] += step->mode == NOISY ? by_step - by_wide : 0;
    }
    return bits;
}

FOR_EACH_PROCESSOR
static void adam(float *values, float *means, float *squares, const float *slopes, const float *rates, ptrdiff_t count,
                 float part, ptrdiff_t taken)
{
    const float mean = (float)(1 - pow(0.9, (double)taken)), square = (float)sqrt(1 - pow(0.99, (double)taken));
    for (ptrdiff_t i = 0; i < count; i++) {
        means[i] += 0.1f * (slopes[i] - means[i]);
        squares[i] += 0.01f * (slopes[i] * slopes[i] - squares[i]);
        values[i] -= rates[i] * part / mean * means[i] / (sqrtf(squares[i]) / square + SMALLEST_SIZE);
    }
}

static Taps taps_of(const Training *training, int is_row, ptrdiff_t level, ptrdiff_t offset)
{
    const ptrdiff_t count = is_row ? training->rows : training->columns;
    const ptrdiff_t offsets = is_row ? training->down : training->across;
    const ptrdiff_t at = (level * offsets + offset) * 2 * count;
    const int32_t *cells = (is_row ? training->row_cells : training->column_cells) + at;
    const float *shares = (is_row ? training->row_shares : training->column_shares) + at;
    return (Taps){cells, cells + count, shares, shares + count, count};
}

/* Slopes of weights out of parts of sums. */
ALWAYS_INLINE void whole_sums(const float *partial, ptrdiff_t count, float factor, float *out)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        float total = 0;
        for (int k = 0; k < WIDE; k++) total += partial[i * WIDE + k];
        out[i] = total * factor;
    }
}

/* One step; returns its cost. */
FOR_EACH_PROCESSOR
static double one_step(const Training *training, const Places *at, const Step *step, Scratch *scratch)
{
    const ptrdiff_t width = training->neurons, inputs = training->features + training->latents + 1;
    const int is_rounded = step->mode == ROUNDED;
    float sizes[LAYERS], *slopes = scratch->slopes;
    mixed(training->mixing, training->values, inputs, width, 0, scratch->weights);
    memcpy(scratch->weights + at->layer[1], training->values + at->layer[1],
           (at->layer[3] - at->layer[1]) * sizeof(float));
    taken_weights(training, at, step, scratch, sizes);

    /* What latents and details say at the batch's points. */
    ptrdiff_t cell = 0;
    for (ptrdiff_t l = 0; l < training->latents; l++) {
        const ptrdiff_t columns = training->grids[2 * l + 1], count = training->grids[2 * l] * columns;
        const float size = expf(training->values[at->latent_steps + l]);
        const float *values = training->values + at->latents + cell;
        float *scaled = scratch->scaled + cell, *noise = scratch->noise + at->latents + cell;
        for (ptrdiff_t i = 0; i < count; i++) {
            noise[i] = values[i] + (step->mode == NOISY ? noise_at(step->key, (uint32_t)(at->latents + cell + i)) : 0);
            scaled[i] = noise[i] * size;
        }
        const Taps rows = taps_of(training, 1, l, step->row), taps = taps_of(training, 0, l, step->column);
        enlarge(scaled, columns, &rows, &taps, scratch->fields + l * training->stride, 0);
        cell += count;
    }
    memset(scratch->added, 0, training->stride * sizeof(float));
    const float *details = training->details;
    for (ptrdiff_t l = training->latents; l < training->levels; l++) {
        const ptrdiff_t columns = training->grids[2 * l + 1];
        const Taps rows = taps_of(training, 1, l, step->row), taps = taps_of(training, 0, l, step->column);
        enlarge(details, columns, &rows, &taps, scratch->added, 1);
        details += training->grids[2 * l] * columns;
    }

    const float *weights = scratch->weights;
    const Fitted net = {{weights, weights + at->layer[1], weights + at->layer[2]},
                        training->features, training->latents, width, training->outputs};
    const ptrdiff_t stride = training->stride, base = training->kind == LOG2_GAIN ? 1 : 3;
    const Planes planes = {training->planes + step->batch * training->features * stride, scratch->fields,
                           training->levels > training->latents ? scratch->added : NULL, stride, training->count};
    const Wanted wanted = {training->wanted + step->batch * training->outputs * stride,
                           training->base + step->batch * base * stride, stride, training->count,
                           training->kind, training->shift, training->scale};
    const double error = pass(&net, &planes, &wanted, at, scratch, !is_rounded) / (double)training->count;
    const float to_db = 4.3429448f, by_error = to_db / (float)(error + training->floor);
    const float factor = by_error * -2 / (float)training->count;
    double bits = 0;

    memset(slopes, 0, at->all * sizeof(float));
    whole_sums(scratch->partial, at->latents, factor, slopes);
    if (step->mode != PLAIN_WEIGHTS)
        bits += weight_bits(training, at, step, scratch, sizes, training->per_bit);
    float *first = scratch->partial; /* no longer needed */
    mixed(training->mixing, slopes, inputs, width, 1, first);
    memcpy(slopes, first, inputs * width * sizeof(float));
    cell = 0;
    for (ptrdiff_t l = 0; !is_rounded && l < training->latents; l++) {
        const ptrdiff_t rows = training->grids[2 * l], columns = training->grids[2 * l + 1];
        const float size = expf(training->values[at->latent_steps + l]) * factor;
        const Taps up = taps_of(training, 1, l, step->row), taps = taps_of(training, 0, l, step->column);
        float by_step = 0, *by_latent = scratch->by_latent + cell;
        const float *noisy = scratch->noise + at->latents + cell;
        shrink(scratch->slope_fields + l * stride, NULL, 1, stride, &up, &taps, by_latent, rows, columns);
        for (ptrdiff_t i = 0; i < rows * columns; i++) {
            slopes[at->latents + cell + i] = by_latent[i] * size;
            by_step += by_latent[i] * size * noisy[i];
        }
        slopes[at->latent_steps + l] = by_step;
        if (step->mode == NOISY)
            bits += latent_bits(noisy, rows, columns, training->values + at->spreads + 2 * l, training->per_bit,
                                slopes + at->latents + cell, slopes + at->spreads + 2 * l, scratch);
        cell += rows * columns;
    }
    return to_db * log(error + training->floor) + bits * training->per_bit;
}

int take_steps(const Training *training, const Step *steps, ptrdiff_t count, double *costs)
{
    Scratch scratch;
    const Places at = places_of(training);
    const ptrdiff_t always = at.weight_steps;
    float *room = prepare(training, &at, &scratch);
    if (!room) return 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        costs[i] = one_step(training, &at, steps + i, &scratch);
        adam(training->values, training->means, training->squares, scratch.slopes, training->rates, always,
             steps[i].part, steps[i].taken);
        if (steps[i].priced)
            adam(training->values + always, training->means + always, training->squares + always,
                 scratch.slopes + always, training->rates + always, at.all - always, steps[i].part, steps[i].priced);
    }
    free(room);
    return 1;
}
