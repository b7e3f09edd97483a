/* Between the cells of latents and details, and the points of a fit. */

#include "fit.h"

/* One row of cells, as a row of points between two of them sees it. */
ALWAYS_INLINE void between(const float *values, ptrdiff_t columns, const Taps *down, ptrdiff_t row, float *line)
{
    const float *first = values + down->first[row] * columns, *second = values + down->second[row] * columns;
    const float before = down->before[row], after = down->after[row];
    for (ptrdiff_t c = 0; c < columns; c++) line[c] = before * first[c] + after * second[c];
}

FOR_EACH_PROCESSOR
void enlarge(const float *values, ptrdiff_t columns, const Taps *down, const Taps *across, float *out, int adds)
{
    float line[MOST_COLUMNS];
    for (ptrdiff_t row = 0; row < down->count; row++, out += across->count) {
        between(values, columns, down, row, line);
        for (ptrdiff_t k = 0; k < across->count; k++) {
            const float value = across->before[k] * line[across->first[k]] + across->after[k] * line[across->second[k]];
            out[k] = adds ? out[k] + value : value;
        }
    }
}

FOR_EACH_PROCESSOR
void take_off(float *left, const float *slope, ptrdiff_t channels, ptrdiff_t stride, const float *values,
              ptrdiff_t columns, const Taps *down, const Taps *across)
{
    float line[MOST_COLUMNS];
    for (ptrdiff_t row = 0, at = 0; row < down->count; row++, at += across->count) {
        between(values, columns, down, row, line);
        int is_empty = 1;
        for (ptrdiff_t c = 0; c < columns; c++) is_empty &= line[c] == 0;
        if (is_empty) continue;
        for (ptrdiff_t channel = 0; channel < channels; channel++) {
            float *RESTRICT rest = left + channel * stride + at;
            const float *RESTRICT by = slope + channel * stride + at;
            for (ptrdiff_t k = 0; k < across->count; k++)
                rest[k] -= by[k] * (across->before[k] * line[across->first[k]] + across->after[k] * line[across->second[k]]);
        }
    }
}

/* Add a line of points to a row of cells. */
ALWAYS_INLINE void gather(const float *line, const Taps *across, ptrdiff_t from, ptrdiff_t count, float *out)
{
    for (ptrdiff_t k = 0; k < count; k++) {
        out[across->first[from + k]] += across->before[from + k] * line[k];
        out[across->second[from + k]] += across->after[from + k] * line[k];
    }
}

/* out (rows, columns) = the transpose of enlarging, of the sum over channels of left x right. Points go row by row:
   those between the same two rows of cells are added up before they are spread along these. */
FOR_EACH_PROCESSOR
void shrink(const float *left, const float *right, ptrdiff_t channels, ptrdiff_t stride, const Taps *down,
            const Taps *across, float *out, ptrdiff_t rows, ptrdiff_t columns)
{
    memset(out, 0, rows * columns * sizeof(float));
    for (ptrdiff_t from = 0; from < across->count; from += CHUNK) {
        float upper[CHUNK] = {0}, lower[CHUNK] = {0}, product[CHUNK];
        const ptrdiff_t count = across->count - from < CHUNK ? across->count - from : CHUNK;
        for (ptrdiff_t row = 0; row < down->count; row++) {
            const ptrdiff_t at = row * across->count + from;
            for (ptrdiff_t k = 0; k < count; k++) product[k] = right ? left[at + k] * right[at + k] : left[at + k];
            for (ptrdiff_t c = 1; c < channels; c++)
                for (ptrdiff_t k = 0; k < count; k++) product[k] += left[c * stride + at + k] * right[c * stride + at + k];
            for (ptrdiff_t k = 0; k < count; k++) {
                upper[k] += down->before[row] * product[k];
                lower[k] += down->after[row] * product[k];
            }
            const int is_last = row + 1 == down->count;
            if (!is_last && down->first[row + 1] == down->first[row] && down->second[row + 1] == down->second[row]) continue;
            gather(upper, across, from, count, out + down->first[row] * columns);
            if (is_last || down->first[row + 1] != down->second[row]) {
                gather(lower, across, from, count, out + down->second[row] * columns);
                memset(upper, 0, sizeof upper);
            } else {
                memcpy(upper, lower, sizeof upper); /* the same cells lie above the next points */
            }
            memset(lower, 0, sizeof lower);
        }
    }
}

/* What each cell of a parity had best be: around what the error alone wants, nearer to 0, or 0; see latent_search.py.
   `bits` is (classes, size); changes are written to `out`, 0 where there is none. Returns how many cells change. */
ptrdiff_t cheapest_cells(const float *values, const float *pull, const float *curvature, const float *bits,
                         const uint8_t *classes, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t size, ptrdiff_t parity,
                         float largest, float *out)
{
    ptrdiff_t changed = 0;
    memset(out, 0, rows * columns * sizeof(float));
    for (ptrdiff_t row = parity / 2; row < rows; row += 2)
        for (ptrdiff_t column = parity % 2; column < columns; column += 2) {
            const ptrdiff_t at = row * columns + column;
            const float *cost_of = bits + classes[at] * size, value = values[at], most = (float)(size - 1);
            const float now = cost_of[(int)fabsf(value)], wanted = value + pull[at] / (curvature[at] + 1e-12f);
            if (value == 0 && fabsf(wanted) < 0.5f) continue; /* all candidates are 0 */
            const float nearest = rintf(wanted), sign = wanted > 0 ? 1.0f : wanted < 0 ? -1.0f : 0.0f;
            const float candidates[4] = {nearest, truncf(wanted), nearest - sign, 0};
            float least = 0;
            for (int each = 0; each < 4; each++) {
                const float kept = fminf(fmaxf(candidates[each], -most), most);
                const float change = fminf(fmaxf(kept - value, -largest), largest);
                const float cost = change * change * curvature[at] - 2 * change * pull[at] +
                                   cost_of[(int)fabsf(value + change)] - now;
                if (cost < least - 1e-6f) least = cost, out[at] = change;
            }
            changed += out[at] != 0;
        }
    return changed;
}
