/* From code values of a base to linear light of a rendition, a block of pixels at a time (docs/format.md, "HDR"). */

#include "elementary.h"
#include "picture.h"

#define EPSILON (1.0f / 64.0f)
#define MOST_GAIN 64
#define LEAST_DIVISOR 1e-6f

/* Code values through their curves; light goes through as it is. */
ALWAYS_INLINE void linearize(const Rendition *rendition, ptrdiff_t row, ptrdiff_t start, ptrdiff_t count, float *RESTRICT pixels)
{
    if (count < LANES) memset(pixels, 0, 3 * LANES * sizeof *pixels); /* what is left of another block is no code value */
    read_block(&rendition->base, row, start, count, pixels);
    if (rendition->base.bytes == 4) return;
    for (int c = 0; c < 3; c++) {
        const float *curve = rendition->curves + c * rendition->entries;
        for (int k = 0; k < LANES; k++) {
            const int32_t code = (int32_t)pixels[c * LANES + k];
            pixels[c * LANES + k] = curve[code < rendition->entries ? code : rendition->entries - 1];
        }
    }
}

/* HLG: the light of the scene times its luminance to a power (ITU-R BT.2100-2 table 5). */
ALWAYS_INLINE void brighten(const float *luma, float exponent, float *RESTRICT pixels)
{
    for (int k = 0; k < LANES; k++) {
        const float r = pixels[k], g = pixels[LANES + k], b = pixels[2 * LANES + k];
        const float factor = to_power(clamped(luma[0] * r + luma[1] * g + luma[2] * b, 0, 1e30f), exponent);
        pixels[k] = r * factor, pixels[LANES + k] = g * factor, pixels[2 * LANES + k] = b * factor;
    }
}

ALWAYS_INLINE void transform(const float *matrix, float *RESTRICT pixels)
{
    for (int k = 0; k < LANES; k++) {
        const float r = pixels[k], g = pixels[LANES + k], b = pixels[2 * LANES + k];
        for (int c = 0; c < 3; c++)
            pixels[c * LANES + k] = matrix[3 * c] * r + matrix[3 * c + 1] * g + matrix[3 * c + 2] * b;
    }
}

/* ISO 21496-1; the factors of a map of one channel are made once. */
ALWAYS_INLINE void by_log2(const Rendition *rendition, const float *RESTRICT gains, float *RESTRICT pixels)
{
    float factors[LANES];
    for (int c = 0; c < 3; c++) {
        const float before = rendition->base_offset[c], after = rendition->alternate_offset[c];
        if (c < rendition->channels)
            for (int k = 0; k < LANES; k++)
                factors[k] = two_to(clamped(rendition->weight * gains[c * LANES + k], -126, MOST_GAIN));
        for (int k = 0; k < LANES; k++)
            pixels[c * LANES + k] = clamped((pixels[c * LANES + k] + before) * factors[k] - after, 0, rendition->brightest);
    }
}

ALWAYS_INLINE float pq_code(int domain, float gain, float base)
{
    if (domain == BY_PQ_GAIN) return (base + EPSILON) * gain - EPSILON;
    if (domain == BY_PQ_GAMMA) return two_to(gain * log_two(base + EPSILON)) - EPSILON;
    return base + gain;
}

ALWAYS_INLINE void by_pq(const Rendition *rendition, int domain, const float *RESTRICT gains, float *RESTRICT pixels)
{
    for (int c = 0; c < 3; c++) {
        const float *gain = gains + (c < rendition->channels ? c : 0) * LANES;
        for (int k = 0; k < LANES; k++) {
            const float code = pq_code(domain, gain[k], pq_of_light(pixels[c * LANES + k]));
            const float hdr = light_of_pq(clamped(code, 0, 1));
            pixels[c * LANES + k] = hdr;
        }
    }
}

/* A part of the way from the base, in (3, LANES), to its rendition in `pixels`, on the log2 ratio. */
ALWAYS_INLINE void go_part(const Rendition *rendition, const float *RESTRICT base, float *RESTRICT pixels)
{
    for (int c = 0; c < 3; c++) {
        const float before = rendition->base_offset[c], after = rendition->alternate_offset[c];
        for (int k = 0; k < LANES; k++) {
            const float from = base[c * LANES + k] + before, to = pixels[c * LANES + k] + after;
            const float ratio = to / (from > LEAST_DIVISOR ? from : LEAST_DIVISOR);
            const float shown = from * two_to(rendition->weight * log_two(ratio)) - after;
            pixels[c * LANES + k] = shown > 0 ? shown : 0;
        }
    }
}

/* Apple's maps: a share of the brightest factor, by the sRGB curve. */
ALWAYS_INLINE void by_share(const Rendition *rendition, const float *RESTRICT gains, float *RESTRICT pixels)
{
    for (int c = 0; c < 3; c++) {
        const float *gain = gains + (c < rendition->channels ? c : 0) * LANES;
        for (int k = 0; k < LANES; k++) {
            const float code = clamped(gain[k], 0, 1);
            const float high = to_power((code + 0.055f) * (1 / 1.055f), 2.4f);
            const float light = code <= 0.04045f ? code * (1 / 12.92f) : high;
            pixels[c * LANES + k] *= 1 + rendition->weight * light;
        }
    }
}

ALWAYS_INLINE void apply(const Rendition *rendition, const float *RESTRICT gains, float *RESTRICT pixels)
{
    float base[3 * LANES];
    const int is_part = rendition->weight != 1;
    switch (rendition->domain) {
    case NO_GAIN: return;
    case BY_LOG2: by_log2(rendition, gains, pixels); return;
    case BY_SHARE: by_share(rendition, gains, pixels); return;
    }
    if (is_part) memcpy(base, pixels, sizeof base);
    switch (rendition->domain) {
    case BY_PQ_GAIN: by_pq(rendition, BY_PQ_GAIN, gains, pixels); break;
    case BY_PQ_GAMMA: by_pq(rendition, BY_PQ_GAMMA, gains, pixels); break;
    default: by_pq(rendition, BY_PQ_DIFFERENCE, gains, pixels);
    }
    if (is_part) go_part(rendition, base, pixels);
}

/* A row of gains at the columns wanted, (channels, columns): itself, or enlarged into one of two lines, unless it is there. */
ALWAYS_INLINE const float *wide_row(const Rendition *rendition, ptrdiff_t row, float *lines, ptrdiff_t *held)
{
    const ptrdiff_t channels = rendition->channels, cells = rendition->cells, columns = rendition->columns;
    const float *gains = rendition->gains + row * channels * cells;
    if (!rendition->left) return gains;
    float *RESTRICT line = lines + (row & 1) * channels * columns;
    if (held[row & 1] == row) return line;
    held[row & 1] = row;
    for (ptrdiff_t c = 0; c < channels; c++)
        for (ptrdiff_t k = 0; k < columns; k++) {
            const float before = gains[c * cells + rendition->left[k]], after = gains[c * cells + rendition->right[k]];
            line[c * columns + k] = before + (after - before) * rendition->across[k];
        }
    return line;
}

/* Gains of a block of pixels, (channels, LANES), between two enlarged rows. */
ALWAYS_INLINE void between(const Rendition *rendition, const float *above, const float *below, float fraction, ptrdiff_t start,
                           ptrdiff_t count, float *RESTRICT gains)
{
    for (ptrdiff_t c = 0; c < rendition->channels; c++)
        for (ptrdiff_t k = 0; k < count; k++) {
            const float before = above[c * rendition->columns + start + k];
            gains[c * LANES + k] = before + (below[c * rendition->columns + start + k] - before) * fraction;
        }
}

ALWAYS_INLINE void write_lanes(char *out, ptrdiff_t column, ptrdiff_t count, const float *RESTRICT pixels)
{
    for (ptrdiff_t k = 0; k < count; k++) {
        float *place = (float *)(out + k * column);
        place[0] = pixels[k], place[1] = pixels[LANES + k], place[2] = pixels[2 * LANES + k];
    }
}

ALWAYS_INLINE void write_block(char *out, ptrdiff_t column, ptrdiff_t count, const float *RESTRICT pixels)
{
    if (count == LANES && column == 3 * sizeof(float))
        write_lanes(out, 3 * sizeof(float), LANES, pixels);
    else
        write_lanes(out, column, count, pixels);
}

FOR_EACH_PROCESSOR
void render(const Rendition *rendition, char *out, ptrdiff_t out_row, ptrdiff_t out_column, float *lines)
{
    float pixels[3 * LANES] = {0}, gains[3 * LANES] = {0};
    ptrdiff_t held[2] = {-1, -1};
    for (ptrdiff_t row = 0; row < rendition->rows; row++) {
        const float *above = NULL, *below = NULL;
        if (rendition->domain != NO_GAIN) {
            above = wide_row(rendition, rendition->first[row], lines, held);
            below = wide_row(rendition, rendition->second[row], lines, held);
        }
        for (ptrdiff_t start = 0; start < rendition->columns; start += LANES) {
            const ptrdiff_t left = rendition->columns - start, count = left < LANES ? left : LANES;
            linearize(rendition, row, start, count, pixels);
            if (rendition->luma) brighten(rendition->luma, rendition->gamma, pixels);
            if (rendition->to_maths) transform(rendition->to_maths, pixels);
            if (above) between(rendition, above, below, rendition->fraction[row], start, count, gains);
            apply(rendition, gains, pixels);
            if (rendition->from_maths) transform(rendition->from_maths, pixels);
            write_block(out + row * out_row + start * out_column, out_column, count, pixels);
        }
    }
}
