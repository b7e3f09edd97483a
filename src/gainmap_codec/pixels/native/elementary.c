/* Elementary functions of whole arrays. */

#include "elementary.h"

FOR_EACH_PROCESSOR
void compute_elementary(int function, const float *values, ptrdiff_t count, float *out)
{
    for (ptrdiff_t k = 0; k < count; k++) {
        const float x = values[k];
        switch (function) {
        case 0: out[k] = two_to(x); break;
        case 1: out[k] = log_two(x); break;
        case 2: out[k] = sin_pi(x); break;
        case 3: out[k] = cos_pi(x); break;
        case 4: out[k] = pq_of_light(x); break;
        default: out[k] = light_of_pq(x);
        }
    }
}
