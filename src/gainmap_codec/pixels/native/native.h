/* What the compiled loops share.

   Loops are plain C over blocks of LANES points that the compiler turns into vector instructions. Where it can, it does
   so several times, for wider and wider processors, and the right one is picked when the module is loaded. */

#ifndef GAINMAP_NATIVE_H
#define GAINMAP_NATIVE_H

#include <stddef.h>

#define LANES 32

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12 && defined(__x86_64__) && defined(__linux__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

#if defined(_MSC_VER)
#define ALWAYS_INLINE static __forceinline
#define RESTRICT __restrict
#else
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define RESTRICT restrict
#endif

/* Three layers of a network, each (inputs + 1) x outputs float32, the biases in the last row; see network.c. */
typedef struct {
    const float *weights[3];
    ptrdiff_t features, neurons, outputs;
} Network;

/* PQ codes (pq.c) of `count` values of linear light, 1.0 = SDR white; the sum of squared differences of those of two. */
void pq_codes(const float *linear, float *codes, ptrdiff_t count);
double pq_squares(const float *one, const float *other, ptrdiff_t count);

/* Of `count` pixels, (count, 3): the log2 gain that serves three channels best, and the weight of its squared error. Returns the
   sum of squared PQ errors that one gain for all leaves. */
double single_gains(const float *hdr, const float *base, ptrdiff_t count, float base_offset, float alternate_offset,
                    float *gains, float *weights);

void network_outputs(const Network *network, const float *features, float *outputs, ptrdiff_t rows, ptrdiff_t columns);

#endif
