/* Sums of products that stay in registers.

   Compilers turn loops over LANES into vector instructions, but keep arrays of sums in memory: a product then takes five
   times as long. Where a compiler knows vectors as types (gcc, clang), sums are such; elsewhere they are arrays. */

#ifndef GAINMAP_WIDE_H
#define GAINMAP_WIDE_H

#include "native.h"

#define WIDE 16 /* floats of one sum each */

#if defined(__GNUC__)
typedef float Wide __attribute__((vector_size(4 * WIDE), aligned(4), may_alias));

/* sum += one x other */
ALWAYS_INLINE void add_products(Wide *sum, const float *one, const float *other)
{
    *sum += *(const Wide *)one * *(const Wide *)other;
}

/* sum += factor x values */
ALWAYS_INLINE void add_scaled(Wide *sum, float factor, const float *values) { *sum += factor * *(const Wide *)values; }
#else
typedef struct {
    float lanes[WIDE];
} Wide;

ALWAYS_INLINE void add_products(Wide *sum, const float *one, const float *other)
{
    for (int k = 0; k < WIDE; k++) sum->lanes[k] += one[k] * other[k];
}

ALWAYS_INLINE void add_scaled(Wide *sum, float factor, const float *values)
{
    for (int k = 0; k < WIDE; k++) sum->lanes[k] += factor * values[k];
}
#endif

#endif
