/* What the loops of the fit share (neural/fit): blocks of points of a "multiscale" network, forwards and backwards.

   Points lie in planes, one feature after the other, float32 (features, stride); a stride is a multiple of LANES, and
   what lies behind the last point is 0. */

#ifndef GAINMAP_FIT_H
#define GAINMAP_FIT_H

#include <string.h>

#include "elementary.h"
#include "wide.h"

#define CHUNK 256 /* points that pass through a network at once: a multiple of LANES */
#define MOST_CHANNELS 3
#define MOST_WIDTH 64 /* neurons of a network that is fitted */

/* A network to be fitted: features of the base, latents behind them; layers as of Network. */
typedef struct {
    const float *weights[3];
    ptrdiff_t features, latents, neurons, outputs;
} Fitted;

/* Planes of points; `fields` are what latents say there. */
typedef struct {
    const float *features, *fields, *added; /* (features, stride), (latents, stride), (stride) or none */
    ptrdiff_t stride, count;
} Planes;

/* Of the points of a chunk. */
typedef struct {
    float first[MOST_WIDTH][CHUNK], second[MOST_WIDTH][CHUNK], output[MOST_CHANNELS][CHUNK];
} Activations;

/* Of a cost by each of these. */
typedef Activations Slopes;

/* What errors are measured by: see points.py. */
typedef enum { LOG2_GAIN, PQ_GAIN, PQ_GAMMA, PQ_DIFFERENCE } Kind;

typedef struct {
    const float *wanted, *base; /* (outputs, stride); roots (1, stride), or of the base (3, stride) */
    ptrdiff_t stride, count;
    Kind kind;
    float shift, scale;
} Wanted;

typedef enum { PLAIN, RELU, GATED } Ending;

ALWAYS_INLINE float exponential(float x) { return two_to(x * 1.44269504f); }

/* Up to two groups of inputs, one behind the other in `weights`, then biases where they are told. */
typedef struct {
    const float *values[2];
    ptrdiff_t strides[2], counts[2];
} Inputs;

#define TOGETHER 6 /* outputs whose sums fill a processor's registers */

/* Some rows of out, of one block of LANES; `count` is a constant where this is called. */
ALWAYS_INLINE void rows_of(const int count, const float *weights, ptrdiff_t by_input, ptrdiff_t by_output,
                           const Inputs *in, ptrdiff_t from, int has_biases, Ending ending, const float *gate, float *out)
{
    Wide sums[TOGETHER][LANES / WIDE];
    const float *biases = weights + (in->counts[0] + in->counts[1]) * by_input;
    for (int r = 0; r < count; r++)
        for (int k = 0; k < LANES / WIDE; k++) sums[r][k] = (Wide){0};
    for (int group = 0; group < 2; group++)
        for (ptrdiff_t i = 0; i < in->counts[group]; i++, weights += by_input) {
            const float *values = in->values[group] + i * in->strides[group] + from;
            for (int r = 0; r < count; r++)
                for (int k = 0; k < LANES / WIDE; k++) add_scaled(&sums[r][k], weights[r * by_output], values + k * WIDE);
        }
    for (int r = 0; r < count; r++) {
        float sum[LANES];
        const float bias = has_biases ? biases[r * by_output] : 0;
        memcpy(sum, sums[r], sizeof sum);
        for (int k = 0; k < LANES; k++) {
            const float value = sum[k] + bias;
            const int is_zero = (ending == RELU && value < 0) || (ending == GATED && !(gate[r * CHUNK + k] > 0));
            out[r * CHUNK + k] = is_zero ? 0 : value;
        }
    }
}

/* out (outputs, CHUNK) = weights, transposed, by inputs, of `points` points, a multiple of LANES */
ALWAYS_INLINE void multiply(const float *weights, ptrdiff_t by_input, ptrdiff_t by_output, const Inputs *in,
                            int has_biases, Ending ending, const float *gate, float *out, ptrdiff_t outputs,
                            ptrdiff_t points)
{
    for (ptrdiff_t from = 0; from < points; from += LANES) {
        ptrdiff_t n = 0;
        for (; n + TOGETHER <= outputs; n += TOGETHER)
            rows_of(TOGETHER, weights + n * by_output, by_input, by_output, in, from, has_biases, ending,
                    gate + n * CHUNK + from, out + n * CHUNK + from);
        for (; n + 3 <= outputs; n += 3)
            rows_of(3, weights + n * by_output, by_input, by_output, in, from, has_biases, ending,
                    gate + n * CHUNK + from, out + n * CHUNK + from);
        for (; n < outputs; n++)
            rows_of(1, weights + n * by_output, by_input, by_output, in, from, has_biases, ending,
                    gate + n * CHUNK + from, out + n * CHUNK + from);
    }
}

ALWAYS_INLINE void forward(const Fitted *net, const Planes *planes, ptrdiff_t start, ptrdiff_t points, Activations *found)
{
    const ptrdiff_t width = net->neurons;
    const Inputs seen = {{planes->features + start, planes->fields + start},
                         {planes->stride, planes->stride},
                         {net->features, net->latents}};
    const Inputs first = {{found->first[0], 0}, {CHUNK, 0}, {width, 0}};
    const Inputs second = {{found->second[0], 0}, {CHUNK, 0}, {width, 0}};
    const float *none = found->first[0]; /* where no gate is asked */
    multiply(net->weights[0], width, 1, &seen, 1, RELU, none, found->first[0], width, points);
    multiply(net->weights[1], width, 1, &first, 1, RELU, none, found->second[0], width, points);
    multiply(net->weights[2], net->outputs, 1, &second, 1, PLAIN, none, found->output[0], net->outputs, points);
    if (planes->added)
        for (ptrdiff_t c = 0; c < net->outputs; c++)
            for (ptrdiff_t k = 0; k < points; k++) found->output[c][k] += planes->added[start + k];
}

/* Slopes at the hidden layers, where slopes->output has those at the last. */
ALWAYS_INLINE void backward(const Fitted *net, const Activations *found, Slopes *slopes, ptrdiff_t points)
{
    const ptrdiff_t width = net->neurons, outputs = net->outputs;
    const Inputs last = {{slopes->output[0], 0}, {CHUNK, 0}, {outputs, 0}};
    const Inputs second = {{slopes->second[0], 0}, {CHUNK, 0}, {width, 0}};
    multiply(net->weights[2], 1, outputs, &last, 0, GATED, found->second[0], slopes->second[0], width, points);
    multiply(net->weights[1], 1, width, &second, 0, GATED, found->first[0], slopes->first[0], width, points);
}

/* What is left of the error, and how much less of it for more of the output: a block of one channel, from `start` on.
   Left is wanted less had, in PQ codes over the root of 3: squares sum to mean squared PQ errors. */
ALWAYS_INLINE void left_of(const Wanted *wanted, ptrdiff_t channel, ptrdiff_t start, const float *output, float *left,
                           float *slope)
{
    const float third = 0.57735027f;
    const float *want = wanted->wanted + channel * wanted->stride + start;
    const float *base = wanted->base + start + (wanted->kind == LOG2_GAIN ? 0 : channel * wanted->stride);
    for (int k = 0; k < LANES; k++) {
        float predicted, by_output = wanted->scale;
        const float residual = output[k] * wanted->scale + wanted->shift;
        if (wanted->kind == LOG2_GAIN) {
            left[k] = (want[k] - output[k]) * base[k];
            slope[k] = base[k];
            continue;
        }
        if (wanted->kind == PQ_GAIN) predicted = base[k] * residual - 1 / 64.0f;
        else if (wanted->kind == PQ_GAMMA) predicted = exponential(residual * base[k]) - 1 / 64.0f;
        else predicted = base[k] + residual;
        predicted = predicted < 0 ? 0 : predicted > 1 ? 1 : predicted;
        if (wanted->kind == PQ_GAIN) by_output *= base[k];
        if (wanted->kind == PQ_GAMMA) by_output *= (predicted + 1 / 64.0f) * base[k];
        left[k] = (want[k] - predicted) * third;
        slope[k] = by_output * third;
    }
    for (ptrdiff_t k = wanted->count - start > 0 ? wanted->count - start : 0; k < LANES; k++) left[k] = slope[k] = 0;
}

/* How points lie over the cells of a level, along one side: two cells each, and what they weigh. */
typedef struct {
    const int32_t *first, *second;
    const float *before, *after;
    ptrdiff_t count;
} Taps;

void enlarge(const float *values, ptrdiff_t columns, const Taps *down, const Taps *across, float *out, int adds);
void shrink(const float *left, const float *right, ptrdiff_t channels, ptrdiff_t stride, const Taps *down,
            const Taps *across, float *out, ptrdiff_t rows, ptrdiff_t columns);
void take_off(float *left, const float *slope, ptrdiff_t channels, ptrdiff_t stride, const float *values,
              ptrdiff_t columns, const Taps *down, const Taps *across);

#define MOST_COLUMNS 1024 /* cells of a level along a side: 64 of the finest latents, eight times as many of details */

#endif
