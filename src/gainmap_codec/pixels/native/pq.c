/* PQ codes of light, what two pictures differ by in them, and the gain between two renditions (docs/codec.md). */

#include "elementary.h"
#include "picture.h"

/* The last block is filled up with black: a value more or less would make a sum depend on what lies behind. */
ALWAYS_INLINE void read_values(const float *from, ptrdiff_t count, float *RESTRICT out)
{
    memset(out, 0, LANES * sizeof *out);
    memcpy(out, from, (size_t)count * sizeof *out);
}

FOR_EACH_PROCESSOR
void pq_codes(const float *linear, float *codes, ptrdiff_t count)
{
    for (ptrdiff_t start = 0; start < count; start += LANES) {
        const ptrdiff_t here = count - start < LANES ? count - start : LANES;
        float block[LANES];
        read_values(linear + start, here, block);
        for (int k = 0; k < LANES; k++) block[k] = pq_of_light(block[k]);
        memcpy(codes + start, block, (size_t)here * sizeof *block);
    }
}

FOR_EACH_PROCESSOR
double pq_squares(const float *one, const float *other, ptrdiff_t count)
{
    double total = 0;
    for (ptrdiff_t start = 0; start < count; start += LANES) {
        const ptrdiff_t here = count - start < LANES ? count - start : LANES;
        float first[LANES], second[LANES], sum = 0;
        read_values(one + start, here, first);
        read_values(other + start, here, second);
        for (int k = 0; k < LANES; k++) {
            const float off = pq_of_light(first[k]) - pq_of_light(second[k]);
            first[k] = off * off;
        }
        for (int k = 0; k < LANES; k++) sum += first[k];
        total += sum;
    }
    return total;
}

/* Pixels into (3, LANES), those that are missing as black. Compilers make no vector instructions of arithmetic on every third
   value: it took four times as long. */
ALWAYS_INLINE void read_pixels(const float *from, ptrdiff_t count, float *RESTRICT out)
{
    const ptrdiff_t channel = sizeof *from, column = 3 * channel;
    if (count == LANES) {
        read_lanes((const char *)from, column, channel, sizeof *from, LANES, out);
        return;
    }
    memset(out, 0, 3 * LANES * sizeof *out);
    read_lanes((const char *)from, column, channel, sizeof *from, count, out);
}

ALWAYS_INLINE void raised(const float *pixels, int channel, float offset, float most, float *RESTRICT light)
{
    const float *red = pixels + (channel < 3 ? channel : 0) * LANES;
    for (int k = 0; k < LANES; k++) light[k] = red[k];
    for (int c = 1; c < 3 && channel == 3; c++)
        for (int k = 0; k < LANES; k++) light[k] = light[k] > pixels[c * LANES + k] ? light[k] : pixels[c * LANES + k];
    for (int k = 0; k < LANES; k++) light[k] = clamped(light[k], 0, most) + offset;
}

FOR_EACH_PROCESSOR
void light_ratios(const float *bright, const float *dark, ptrdiff_t count, int channel, float offset, float most, float *ratios)
{
    for (ptrdiff_t start = 0; start < count; start += LANES) {
        const ptrdiff_t here = count - start < LANES ? count - start : LANES;
        float pixels[3 * LANES], above[LANES], below[LANES];
        read_pixels(bright + 3 * start, here, pixels);
        raised(pixels, channel, offset, most, above);
        read_pixels(dark + 3 * start, here, pixels);
        raised(pixels, channel, offset, most, below);
        for (int k = 0; k < LANES; k++) above[k] /= below[k];
        memcpy(ratios + start, above, (size_t)here * sizeof *ratios);
    }
}

#define DARKEST 9.5367431640625e-7f /* 2^-20: without offsets black has no logarithm */
#define STEP 0.0078125f             /* of log2 light, over which the slope of PQ is measured */
#define DOWN 0.99459942f            /* 2^-STEP */

/* The log2 gain of one channel, and what its squared error costs in PQ: nothing where black stays black. */
ALWAYS_INLINE void gains_of(const float *RESTRICT hdr, const float *RESTRICT base, float base_offset, float alternate_offset,
                            float *RESTRICT gains, float *RESTRICT weights)
{
    for (int k = 0; k < LANES; k++) {
        const float light = hdr[k] + alternate_offset, dark = base[k] + base_offset;
        gains[k] = log_two(light > DARKEST ? light : DARKEST) - log_two(dark > DARKEST ? dark : DARKEST);
        const float below = light * DOWN - alternate_offset; /* downwards: above the peak, PQ has no slope */
        const float slope = (pq_of_light(hdr[k]) - pq_of_light(below)) / STEP;
        weights[k] = dark > 0 ? slope * slope / 3 : 0;
    }
}

FOR_EACH_PROCESSOR
double single_gains(const float *hdr, const float *base, ptrdiff_t count, float base_offset, float alternate_offset,
                    float *gains, float *weights)
{
    double total = 0;
    for (ptrdiff_t start = 0; start < count; start += LANES) {
        const ptrdiff_t here = count - start < LANES ? count - start : LANES;
        float bright[3 * LANES], dark[3 * LANES], each[3][LANES], weight[3][LANES];
        read_pixels(hdr + 3 * start, here, bright);
        read_pixels(base + 3 * start, here, dark);
        for (int c = 0; c < 3; c++)
            gains_of(bright + c * LANES, dark + c * LANES, base_offset, alternate_offset, each[c], weight[c]);
        float sums[LANES], means[LANES], cost = 0, costs[LANES];
        for (int k = 0; k < LANES; k++) {
            sums[k] = weight[0][k] + weight[1][k] + weight[2][k];
            const float sum = each[0][k] * weight[0][k] + each[1][k] * weight[1][k] + each[2][k] * weight[2][k];
            means[k] = sum / (sums[k] > 1e-12f ? sums[k] : 1e-12f);
            costs[k] = 0;
            for (int c = 0; c < 3; c++) costs[k] += weight[c][k] * (each[c][k] - means[k]) * (each[c][k] - means[k]);
        }
        for (ptrdiff_t k = 0; k < here; k++) cost += costs[k];
        total += cost;
        memcpy(gains + start, means, (size_t)here * sizeof *means);
        memcpy(weights + start, sums, (size_t)here * sizeof *sums);
    }
    return total;
}
