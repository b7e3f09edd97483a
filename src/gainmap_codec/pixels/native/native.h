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

/* Three layers of a network, each (inputs + 1) x outputs float32, the biases in the last row. */
typedef struct {
    const float *weights[3];
    ptrdiff_t features, neurons, outputs;
} Network;

/* PQ codes (pq.c) of `count` values of linear light, 1.0 = SDR white; the sum of squared differences of those of two. */
void pq_codes(const float *linear, float *codes, ptrdiff_t count);
double pq_squares(const float *one, const float *other, ptrdiff_t count);

/* Of `count` pixels, (count, 3), how often the light of one picture has that of the other, each clipped to 0...most and raised by
   an offset: of a channel, or of the largest of the three where that is 3. */
void light_ratios(const float *bright, const float *dark, ptrdiff_t count, int channel, float offset, float most, float *ratios);

/* Of `count` pixels, (count, 3): the log2 gain that serves three channels best, and the weight of its squared error. Returns the
   sum of squared PQ errors that one gain for all leaves. */
double single_gains(const float *hdr, const float *base, ptrdiff_t count, float base_offset, float alternate_offset,
                    float *gains, float *weights);

/* A picture, turned by its strides (in bytes): code values of 1 or 2 bytes, or float32. */
typedef struct {
    const char *values;
    ptrdiff_t row, column, channel;
    ptrdiff_t bytes, channels;
} Picture;

/* Cells enlarged across to the columns wanted, (cells down, channels, columns); each row lies between two rows of them. */
typedef struct {
    const float *wide;
    const ptrdiff_t *first, *second;
    const float *fraction;
    ptrdiff_t channels;
} Level;

#define MOST_LEVELS 64

/* What the family "multiscale" sees (docs/format.md, "Features"); what goes in times 2 is doubled in here already,
   but for the colours, which are 2 * (value * scale - 1). Levels: those around first, then the latents. */
typedef struct {
    Picture base;
    float scale;
    const float *x, *y;
    Level levels[MOST_LEVELS];
    ptrdiff_t around, latents, details;
    ptrdiff_t octaves, columns, features;
} GridInputs;

void grid_features(const GridInputs *inputs, float *features, ptrdiff_t start, ptrdiff_t rows);

void grid_residual(const GridInputs *inputs, const Network *network, float scale, float shift, float *residual,
                   ptrdiff_t start, ptrdiff_t rows);

/* Means of a picture between edges down (rows + 1) and across (columns + 1), (rows, columns, channels); `line` has
   room for one row of the picture. */
void window_means(const Picture *picture, ptrdiff_t height, ptrdiff_t width, const double *down, ptrdiff_t rows,
                  const double *across, ptrdiff_t columns, float *line, float *means);

/* How a gain map's numbers change light; see pixels/rendition.py. */
enum { NO_GAIN, BY_LOG2, BY_PQ_GAIN, BY_PQ_GAMMA, BY_PQ_DIFFERENCE, BY_SHARE };

/* Rows of a base, and all that makes a rendition of them. Matrices (3, 3) and taps may be NULL: nothing to do. */
typedef struct {
    Picture base;
    ptrdiff_t rows, columns;
    const float *curves; /* light of each code value, (3, entries) */
    ptrdiff_t entries;
    const float *luma; /* with a gamma of the system: shares of R, G and B in luminance */
    float gamma;
    const float *to_maths, *from_maths;
    int domain;
    float weight, brightest;
    const float *base_offset, *alternate_offset; /* of R, G and B */
    const float *gains; /* (cells down, channels, cells) */
    ptrdiff_t channels, cells;
    const ptrdiff_t *first, *second; /* of each row */
    const float *fraction;
    const ptrdiff_t *left, *right; /* of each column */
    const float *across;
} Rendition;

/* Into float32 (rows, columns, 3) with these strides in bytes; `lines` has room for two rows of gains, (channels, columns). */
void render(const Rendition *rendition, char *out, ptrdiff_t out_row, ptrdiff_t out_column, float *lines);

/* A network of the family "published". Layers as of `Network`, with zeros for biases; positions are in tables: what each row
   (rows, neurons) and each column (neurons, columns) adds to the first layer. */
typedef struct {
    const float *weights[3];
    const float *by_row, *by_column;
    float shift, scale, residual_scale, residual_shift;
    ptrdiff_t octaves, neurons, outputs;
} Published;

/* Of linear BT.2020 (rows, columns, 3), into (rows, outputs, columns). */
void published_residual(const Published *network, const float *base, ptrdiff_t rows, ptrdiff_t columns, float *residual);

/* One of the functions of elementary.h, in their order there: for tests, which measure what is left of accuracy. */
void compute_elementary(int function, const float *values, ptrdiff_t count, float *out);

#endif
