/* Weights as integers: what neural/fit/weight_search.py solves and rounds, in float64.

   LAPACK would do the first two as well, but on threads of its own, which spin beside whatever else is to be done. */

#include "fit_weights.h"

#include <math.h>

FOR_EACH_PROCESSOR
int factorize(double *form, ptrdiff_t size)
{
    for (ptrdiff_t k = 0; k < size; k++) {
        double *row = form + k * size;
        if (!(row[k] > 0)) return 0;
        const double root = sqrt(row[k]);
        for (ptrdiff_t j = k; j < size; j++) row[j] /= root;
        for (ptrdiff_t i = k + 1; i < size; i++) {
            double *RESTRICT other = form + i * size;
            const double factor = row[i];
            for (ptrdiff_t j = i; j < size; j++) other[j] -= factor * row[j];
        }
    }
    return 1;
}

FOR_EACH_PROCESSOR
void solve(const double *factor, ptrdiff_t size, double *values)
{
    for (ptrdiff_t k = 0; k < size; k++) {
        const double *row = factor + k * size, value = values[k] /= row[k];
        for (ptrdiff_t j = k + 1; j < size; j++) values[j] -= value * row[j];
    }
    for (ptrdiff_t k = size - 1; k >= 0; k--) {
        const double *row = factor + k * size;
        double rest = values[k];
        for (ptrdiff_t j = k + 1; j < size; j++) rest -= row[j] * values[j];
        values[k] = rest / row[k];
    }
}

void round_in_turn(const double *factor, ptrdiff_t size, double most, double *values, double *missed)
{
    for (ptrdiff_t k = size - 1; k >= 0; k--) {
        const double *row = factor + k * size, wanted = values[k];
        double before = 0;
        for (ptrdiff_t j = k + 1; j < size; j++) before += row[j] * missed[j];
        const double whole = rint(wanted - before / row[k]);
        values[k] = whole < -most ? -most : whole > most ? most : whole;
        missed[k] = values[k] - wanted;
    }
}
