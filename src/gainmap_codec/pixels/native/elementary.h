/* Elementary functions in float32 without branches, which compilers turn into vector instructions.

   Polynomials of least largest error, found by weighted least squares; tests/pixels/test_loops.py measures what remains. */

#ifndef GAINMAP_ELEMENTARY_H
#define GAINMAP_ELEMENTARY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "native.h"

#define SMALLEST 1.17549435e-38f

ALWAYS_INLINE int32_t bits_of(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

ALWAYS_INLINE float of_bits(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* low for what is not a number: comparisons with that are false */
ALWAYS_INLINE float clamped(float value, float low, float high)
{
    const float above = value > low ? value : low;
    return above < high ? above : high;
}

/* 2^x of x clamped to -126...127, within 2e-7 of itself */
ALWAYS_INLINE float two_to(float x)
{
    const float whole_numbers = 12582912.0f; /* above it floats are whole */
    x = clamped(x, -126, 127);
    const float shifted = x + whole_numbers;
    const float f = x - (shifted - whole_numbers);
    const int32_t power = bits_of(shifted) - bits_of(whole_numbers);
    float p = 1.5345811e-4f;
    p = p * f + 1.3399931e-3f;
    p = p * f + 9.6184891e-3f;
    p = p * f + 5.5503286e-2f;
    p = p * f + 2.4022646e-1f;
    p = p * f + 6.9314718e-1f;
    p = p * f + 1.0f;
    return p * of_bits((power + 127) * (1 << 23));
}

/* log2 of x, at least that of the smallest normal number, within 2e-7 of itself or of 1e-7 */
ALWAYS_INLINE float log_two(float x)
{
    x = x > SMALLEST ? x : SMALLEST;
    const int32_t root_of_half = 0x3f3504f3;
    const int32_t power = (bits_of(x) - root_of_half) >> 23;
    const float t = of_bits(bits_of(x) - power * (1 << 23)) - 1;
    float p = -1.1297475e-1f;
    p = p * t + 1.8782663e-1f;
    p = p * t - 1.9061266e-1f;
    p = p * t + 2.0429602e-1f;
    p = p * t - 2.3963659e-1f;
    p = p * t + 2.8858528e-1f;
    p = p * t - 3.6069643e-1f;
    p = p * t + 4.8089790e-1f;
    p = p * t - 7.2134733e-1f;
    p = p * t + 1.4426950f;
    return p * t + (float)power;
}

/* x^exponent for x >= 0 and an exponent above 0 */
ALWAYS_INLINE float to_power(float x, float exponent)
{
    const float power = two_to(log_two(x) * exponent);
    return x > SMALLEST ? power : 0;
}

/* sin(pi * x): what is left of x by whole turns is exact, so that octaves cost no accuracy */
ALWAYS_INLINE float sin_pi(float x)
{
    const float turn = x - 2 * rintf(0.5f * x); /* -1...1 */
    const float t = turn > 0.5f ? 1 - turn : turn < -0.5f ? -1 - turn : turn;
    const float q = t * t;
    float p = 7.7659406e-2f;
    p = p * q - 5.9829217e-1f;
    p = p * q + 2.5500777f;
    p = p * q - 5.1677103f;
    p = p * q + 3.1415927f;
    return p * t;
}

ALWAYS_INLINE float cos_pi(float x)
{
    const float turn = x - 2 * rintf(0.5f * x);
    return sin_pi(0.5f - fabsf(turn));
}

/* Sines and cosines of pi times `first`, twice, four times ... a value, (2 * octaves, LANES). */
ALWAYS_INLINE void octaves_block(const float *RESTRICT values, float first, ptrdiff_t octaves, float *RESTRICT out)
{
    for (ptrdiff_t octave = 0; octave < octaves; octave++, first *= 2, out += 2 * LANES)
        for (int k = 0; k < LANES; k++) {
            out[k] = sin_pi(first * values[k]);
            out[LANES + k] = cos_pi(first * values[k]);
        }
}

/* SMPTE ST 2084. With q the PQ code to the power of 1 / m2, 1 - q is computed and never q itself: near white, and near black,
   float32 would leave too little of a difference of two numbers near 1. c2 - c3 = 1 - c1 = SPAN. */
#define PQ_M1 0.1593017578125f
#define PQ_M2 78.84375f
#define PQ_C3 18.6875f
#define PQ_SPAN 0.1640625f
#define PQ_PEAK (10000.0f / 203.0f)

/* PQ code of linear light, 1.0 = SDR white */
ALWAYS_INLINE float pq_of_light(float linear)
{
    const float y = to_power(clamped(linear * (1 / PQ_PEAK), 0, 1), PQ_M1);
    const float t = PQ_SPAN * (1 - y) / (1 + PQ_C3 * y); /* 1 - q */
    float p = -3.7778929e-1f;
    p = p * t - 2.6061907e-1f;
    p = p * t - 3.6317381e-1f;
    p = p * t - 4.8079887e-1f;
    p = p * t - 7.2134894e-1f;
    p = p * t - 1.4426950f;
    return two_to(PQ_M2 * (p * t));
}

ALWAYS_INLINE float light_of_pq(float code)
{
    const float z = clamped(log_two(code) * (1 / PQ_M2), -0.26f, 0);
    float p = -1.2907182e-4f;
    p = p * z - 1.3215468e-3f;
    p = p * z - 9.6158534e-3f;
    p = p * z - 5.5503927e-2f;
    p = p * z - 2.4022651e-1f;
    p = p * z - 6.9314718e-1f;
    const float less = p * z; /* 1 - q */
    const float y = clamped(PQ_SPAN - less, 0, 1) / (PQ_SPAN + PQ_C3 * less);
    return PQ_PEAK * to_power(y, 1 / PQ_M1);
}

#endif
