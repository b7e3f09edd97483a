/* Adam's steps: what they need to know. */

#ifndef GAINMAP_FIT_STEPS_H
#define GAINMAP_FIT_STEPS_H

#include "fit.h"

typedef enum { PLAIN_WEIGHTS, NOISY, ROUNDED } Mode;

/* Batches of points, and what is learned from them. A batch is every `down`-th row and `across`-th column. */
typedef struct {
    const float *planes, *wanted, *base; /* (batches, features, stride), as of Wanted */
    const int32_t *row_cells, *column_cells; /* (levels, down or across, 2, rows or columns): see Taps */
    const float *row_shares, *column_shares;
    const float *mixing, *details, *rates; /* (inputs, inputs); of all levels, scaled; of what is learned */
    float *values, *means, *squares; /* of what is learned: fit_steps.c */
    const int64_t *grids; /* (levels, 2): rows and columns of latents, then of details */
    ptrdiff_t features, latents, neurons, outputs, levels, cells, most_rows, most_columns;
    ptrdiff_t stride, count, rows, columns, down, across;
    Kind kind;
    float shift, scale, per_bit, most; /* cost of a bit; the largest integer of a weight */
    double floor; /* of the squared error */
} Training;

typedef struct {
    ptrdiff_t batch, row, column; /* its place among the batches, and the first row and column that it takes */
    ptrdiff_t taken, priced; /* how many steps with this one, and how many of these with bits */
    uint32_t key; /* of its noise */
    Mode mode;
    float part; /* of the rates */
} Step;

/* Takes steps, and says what each cost before it was taken; 0 where there is no memory. */
int take_steps(const Training *training, const Step *steps, ptrdiff_t count, double *costs);

#endif
