/* Passes over all points of a fit: outputs, errors, slopes by a feature, and the Gauss-Newton form of the weights. */

#include "fit_points.h"

#include <stdlib.h>

#define FORM_POINTS 64 /* whose slopes by all weights stay in a processor's cache: a part of CHUNK */
#define FORM_ROWS 8 /* of a block: its sums fill registers */

FOR_EACH_PROCESSOR
void fitted_outputs(const Fitted *net, const Planes *planes, float *out)
{
    Activations found;
    for (ptrdiff_t start = 0; start < planes->stride; start += CHUNK) {
        const ptrdiff_t points = planes->stride - start < CHUNK ? planes->stride - start : CHUNK;
        forward(net, planes, start, points, &found);
        for (ptrdiff_t c = 0; c < net->outputs; c++)
            memcpy(out + c * planes->stride + start, found.output[c], points * sizeof(float));
    }
}

FOR_EACH_PROCESSOR
void slopes_by_feature(const Fitted *net, const Planes *planes, const float *row, float *out)
{
    Activations found;
    Slopes back;
    for (ptrdiff_t start = 0; start < planes->stride; start += CHUNK) {
        const ptrdiff_t points = planes->stride - start < CHUNK ? planes->stride - start : CHUNK;
        forward(net, planes, start, points, &found);
        for (ptrdiff_t channel = 0; channel < net->outputs; channel++) {
            float *by = out + channel * planes->stride + start;
            for (ptrdiff_t c = 0; c < net->outputs; c++)
                for (ptrdiff_t k = 0; k < points; k++) back.output[c][k] = c == channel;
            backward(net, &found, &back, points);
            for (ptrdiff_t from = 0; from < points; from += LANES) {
                float sum[LANES] = {0};
                for (ptrdiff_t n = 0; n < net->neurons; n++)
                    for (int k = 0; k < LANES; k++) sum[k] += row[n] * back.first[n][from + k];
                memcpy(by + from, sum, sizeof sum);
            }
        }
    }
}

FOR_EACH_PROCESSOR
double all_left(const Wanted *wanted, ptrdiff_t outputs, const float *output, float *left, float *slope)
{
    double total = 0;
    for (ptrdiff_t c = 0; c < outputs; c++)
        for (ptrdiff_t start = 0; start < wanted->stride; start += LANES) {
            const ptrdiff_t at = c * wanted->stride + start;
            float clipped[LANES], sum = 0;
            for (int k = 0; k < LANES; k++) {
                const float value = output[at + k];
                clipped[k] = value < -1 ? -1 : value > 1 ? 1 : value;
            }
            left_of(wanted, c, start, clipped, left + at, slope + at);
            for (int k = 0; k < LANES; k++) sum += left[at + k] * left[at + k];
            total += sum;
        }
    return total;
}

/* Slopes of the weighted outputs of some points by all weights, float32 (points, stride). */
ALWAYS_INLINE void jacobian(const Fitted *net, const Planes *planes, ptrdiff_t start, ptrdiff_t offset, ptrdiff_t points,
                            const Activations *found, const Slopes *back, ptrdiff_t stride, float *out)
{
    const ptrdiff_t width = net->neurons, outputs = net->outputs;
    for (ptrdiff_t p = 0; p < points; p++) {
        float first[MOST_WIDTH], second[MOST_WIDTH], *next = out + p * stride;
        const ptrdiff_t k = offset + p;
        for (ptrdiff_t n = 0; n < width; n++) first[n] = back->first[n][k], second[n] = back->second[n][k];
        for (ptrdiff_t i = 0; i <= net->features + net->latents; i++, next += width) {
            const float value = i < net->features                  ? planes->features[i * planes->stride + start + k]
                                : i < net->features + net->latents ? planes->fields[(i - net->features) * planes->stride + start + k]
                                                                   : 1;
            for (ptrdiff_t n = 0; n < width; n++) next[n] = value * first[n];
        }
        for (ptrdiff_t i = 0; i <= width; i++, next += width) {
            const float value = i < width ? found->first[i][k] : 1;
            for (ptrdiff_t n = 0; n < width; n++) next[n] = value * second[n];
        }
        for (ptrdiff_t i = 0; i <= width; i++, next += outputs) {
            const float value = i < width ? found->second[i][k] : 1;
            for (ptrdiff_t c = 0; c < outputs; c++) next[c] = value * back->output[c][k];
        }
    }
}

/* form (size, size) += rowsᵀ rows, in blocks of FORM_ROWS x LANES that touch the upper half; size is a multiple of LANES.
   Blocks that have columns in common follow one another, so that these stay near. */
ALWAYS_INLINE void add_form(const float *rows, ptrdiff_t stride, ptrdiff_t size, float *form)
{
    for (ptrdiff_t j = 0; j < size; j += LANES)
        for (ptrdiff_t i = 0; i < j + LANES; i += FORM_ROWS) {
            Wide sums[FORM_ROWS][LANES / WIDE];
            for (int r = 0; r < FORM_ROWS; r++) memcpy(sums[r], form + (i + r) * size + j, sizeof sums[r]);
            for (ptrdiff_t p = 0; p < FORM_POINTS; p++) {
                const float *row = rows + p * stride;
                for (int r = 0; r < FORM_ROWS; r++)
                    for (int k = 0; k < LANES / WIDE; k++) add_scaled(&sums[r][k], row[i + r], row + j + k * WIDE);
            }
            for (int r = 0; r < FORM_ROWS; r++) memcpy(form + (i + r) * size + j, sums[r], sizeof sums[r]);
        }
}

FOR_EACH_PROCESSOR
int weights_form(const Fitted *net, const Planes *planes, const float *left, const float *slope, ptrdiff_t first,
                 ptrdiff_t size, float *form, float *pull)
{
    const ptrdiff_t width = net->neurons;
    const ptrdiff_t weights = (net->features + net->latents + 1 + width + 1) * width + (width + 1) * net->outputs;
    const ptrdiff_t stride = weights + size; /* what lies behind the weights stays 0 */
    float *rows = calloc(FORM_POINTS * stride, sizeof(float));
    Activations found;
    Slopes back;
    if (!rows) return 0;
    for (ptrdiff_t start = 0; start < planes->stride; start += CHUNK) {
        const ptrdiff_t points = planes->stride - start < CHUNK ? planes->stride - start : CHUNK;
        forward(net, planes, start, points, &found);
        for (ptrdiff_t channel = 0; channel < net->outputs; channel++) {
            for (ptrdiff_t c = 0; c < net->outputs; c++)
                for (ptrdiff_t k = 0; k < CHUNK; k++)
                    back.output[c][k] = c == channel && k < points ? slope[c * planes->stride + start + k] : 0;
            backward(net, &found, &back, points);
            for (ptrdiff_t offset = 0; offset < points; offset += FORM_POINTS) {
                const ptrdiff_t here = points - offset < FORM_POINTS ? points - offset : FORM_POINTS;
                jacobian(net, planes, start, offset, here, &found, &back, stride, rows);
                for (ptrdiff_t p = here; p < FORM_POINTS; p++) memset(rows + p * stride, 0, weights * sizeof(float));
                add_form(rows + first, stride, size, form);
                for (ptrdiff_t p = 0; p < here; p++) {
                    const float rest = left[channel * planes->stride + start + offset + p];
                    for (ptrdiff_t i = 0; i < size; i++) pull[i] += rest * rows[p * stride + first + i];
                }
            }
        }
    }
    free(rows);
    return 1;
}

/* Sums and sums of products of features (count, stride). */
FOR_EACH_PROCESSOR
void moments(const float *features, ptrdiff_t count, ptrdiff_t stride, double *sums, double *products)
{
    for (ptrdiff_t i = 0; i < count; i++)
        for (ptrdiff_t j = 0; j <= i; j++) {
            double total = 0, alone = 0;
            for (ptrdiff_t start = 0; start < stride; start += LANES) {
                const float *left = features + i * stride + start, *right = features + j * stride + start;
                float part[LANES], part_alone = 0, part_total = 0;
                for (int k = 0; k < LANES; k++) part[k] = left[k] * right[k];
                for (int k = 0; k < LANES; k++) part_total += part[k];
                total += part_total;
                if (i == j) {
                    for (int k = 0; k < LANES; k++) part_alone += left[k];
                    alone += part_alone;
                }
            }
            products[i * count + j] = products[j * count + i] = total;
            if (i == j) sums[i] = alone;
        }
}
