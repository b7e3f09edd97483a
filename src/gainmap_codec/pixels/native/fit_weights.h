/* Weights as integers. Matrices are float64 (size, size). */

#ifndef GAINMAP_FIT_WEIGHTS_H
#define GAINMAP_FIT_WEIGHTS_H

#include "native.h"

/* The upper triangle of a symmetric matrix, of which nothing else is read, becomes U with form = U^T U (Cholesky); 0 where there
   is none. */
int factorize(double *form, ptrdiff_t size);

/* `values` become x with U^T U x = values. */
void solve(const double *factor, ptrdiff_t size, double *values);

/* `values` become integers of at most `most`, the last first, each for what those before it have missed (Babai's nearest
   plane); `missed` is room for as many. */
void round_in_turn(const double *factor, ptrdiff_t size, double most, double *values, double *missed);

#endif
