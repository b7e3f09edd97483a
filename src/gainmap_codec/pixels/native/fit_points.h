/* Passes over all points of a fit. */

#ifndef GAINMAP_FIT_POINTS_H
#define GAINMAP_FIT_POINTS_H

#include "fit.h"

/* The network's outputs, details included, float32 (outputs, stride), not clipped. */
void fitted_outputs(const Fitted *net, const Planes *planes, float *out);

/* Their slopes by a feature whose weights are `row`, float32 (outputs, stride). */
void slopes_by_feature(const Fitted *net, const Planes *planes, const float *row, float *out);

/* What is left of the error and its slope where outputs are clipped, float32 (outputs, stride); returns the sum of squares. */
double all_left(const Wanted *wanted, ptrdiff_t outputs, const float *output, float *left, float *slope);

/* Adds the curvature (size, size) and the pull (size) of `size` weights from `first` on; of the curvature blocks on and
   above the diagonal. Where weights end before that, the rest is 0. Returns 0 where there is no memory. */
int weights_form(const Fitted *net, const Planes *planes, const float *left, const float *slope, ptrdiff_t first,
                 ptrdiff_t size, float *form, float *pull);

/* Sums of features (count, stride), and of their products (count, count). */
void moments(const float *features, ptrdiff_t count, ptrdiff_t stride, double *sums, double *products);

ptrdiff_t cheapest_cells(const float *values, const float *pull, const float *curvature, const float *bits,
                         const uint8_t *classes, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t size, ptrdiff_t parity,
                         float largest, float *out);

#endif
