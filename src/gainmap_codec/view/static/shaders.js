// The WebGL 2 programs: a network on its working grid, and the rendition of a picture.

import { TO_BT2020, srgbDecode, transform } from "./color.js";

const VERSION = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
`;

/** One triangle that covers all. */
export const VERTEX = `${VERSION}
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

// A grid's cells at a place in cells, clamped to the outermost: bilinear, without the filter's eight bits of fraction.
const SAMPLE = `
vec4 sampleAt(sampler2D grids, ivec3 grid, vec2 place) {
  vec2 limit = vec2(grid.zy - 1);
  vec2 clamped = clamp(place, vec2(0.0), limit);
  ivec2 first = ivec2(clamped), second = min(first + 1, ivec2(limit));
  vec2 part = clamped - vec2(first);
  vec4 upper = mix(texelFetch(grids, ivec2(first.x, grid.x + first.y), 0),
                   texelFetch(grids, ivec2(second.x, grid.x + first.y), 0), part.x);
  vec4 lower = mix(texelFetch(grids, ivec2(first.x, grid.x + second.y), 0),
                   texelFetch(grids, ivec2(second.x, grid.x + second.y), 0), part.x);
  return mix(upper, lower, part.y);
}`;

// Activations lie in vectors of four; rows of the texture of weights are inputs, layer after layer.
const LAYERS = (vectors, activation, hasBiases) => `
uniform sampler2D weights;
vec4 hidden[${vectors}];
int row = 0;

void take(float value) {
  for (int n = 0; n < ${vectors}; n++) hidden[n] += value * texelFetch(weights, ivec2(n, row), 0);
  row++;
}

// Whole turns are taken off first: they are exact, and sines of large numbers are not.
void takeOctaves(float value, int count, float scale) {
  for (int k = 0; k < count; k++) {
    float turns = value * scale;
    float angle = 6.283185307179586 * (turns - floor(turns + 0.5));
    take(sin(angle));
    take(cos(angle));
    scale *= 2.0;
  }
}

void nextLayer(int neurons) {
  vec4 before[${vectors}] = hidden;
  for (int n = 0; n < ${vectors}; n++) hidden[n] = vec4(0.0);
  for (int n = 0; n < neurons; n++) {
    float value = before[n / 4][n % 4];
    take(${activation});
  }
  ${hasBiases ? "take(1.0);" : ""}
}`;

/**
 * Residuals of the family "multiscale", a part of the working grid each.
 * @param shape {neurons, colorOctaves, latents, details, hasPicture}; the grids in `grids` are the three averages of the base,
 *   then latents, then details, then the picture.
 */
export function multiscaleFragment({ neurons, colorOctaves, latents, details, hasPicture }) {
  const picture = 3 + latents + details;
  const count = picture + Number(hasPicture);
  return `${VERSION}
uniform sampler2D means, grids;
uniform ivec3 shapes[${count}];  // row of the texture, rows, columns
uniform vec4 places[${count}];   // scale and shift of x, then of y
uniform vec4 centers;
uniform vec2 residualRange;
out vec4 residual;
${SAMPLE}
${LAYERS(Math.ceil(neurons / 4), "max(value, 0.0)", true)}

vec4 gridAt(int n) {
  vec2 part = floor(gl_FragCoord.xy);
  return sampleAt(grids, shapes[n], part * places[n].xz + places[n].yw);
}

void main() {
  for (int n = 0; n < ${Math.ceil(neurons / 4)}; n++) hidden[n] = vec4(0.0);
  vec2 place = floor(gl_FragCoord.xy) * centers.xz + centers.yw;
  vec3 base = texelFetch(means, ivec2(gl_FragCoord.xy), 0).rgb;
  take(2.0 * place.x);
  take(2.0 * place.y);
  for (int c = 0; c < 3; c++) take(2.0 * base[c]);
  for (int n = 0; n < 3; n++) {
    vec4 around = gridAt(n);
    for (int c = 0; c < 3; c++) take(2.0 * around[c]);
  }
  for (int c = 0; c < 3; c++) takeOctaves(base[c], ${colorOctaves}, 0.25);
  for (int n = 3; n < ${3 + latents}; n++) take(gridAt(n).r);
  take(1.0);
  nextLayer(${neurons});
  nextLayer(${neurons});
  float detail = 0.0;
  for (int n = ${3 + latents}; n < ${picture}; n++) detail += gridAt(n).r;
  residual = residualRange.x + residualRange.y * clamp(hidden[0] + detail, -1.0, 1.0);
  ${hasPicture ? `residual += gridAt(${picture});` : ""}
}`;
}

/** Residuals of the family "published", a pixel each; what x and y bring to the first layer stands in tables. */
export function publishedFragment({ neurons, colorOctaves }) {
  const vectors = Math.ceil(neurons / 4);
  return `${VERSION}
uniform sampler2D inputs, alongColumns, alongRows;
uniform vec2 residualRange;
out vec4 residual;
${LAYERS(vectors, "sin(value)", false)}

void main() {
  ivec2 pixel = ivec2(gl_FragCoord.xy);
  for (int n = 0; n < ${vectors}; n++) {
    hidden[n] = texelFetch(alongColumns, ivec2(n, pixel.x), 0) + texelFetch(alongRows, ivec2(n, pixel.y), 0);
  }
  vec3 base = texelFetch(inputs, pixel, 0).rgb;
  for (int c = 0; c < 3; c++) takeOctaves(base[c], ${colorOctaves}, 0.5);
  nextLayer(${neurons});
  nextLayer(${neurons});
  residual = residualRange.x + residualRange.y * hidden[0];
}`;
}

const PQ = `
const float PEAK = 10000.0 / 203.0;
const float M1 = 2610.0 / 16384.0, M2 = 2523.0 / 32.0;
const float C1 = 3424.0 / 4096.0, C2 = 2413.0 / 128.0, C3 = 2392.0 / 128.0;

vec3 pqEncode(vec3 linear) {
  vec3 y = pow(clamp(linear / PEAK, 0.0, 1.0), vec3(M1));
  return pow((C1 + C2 * y) / (1.0 + C3 * y), vec3(M2));
}

vec3 pqDecode(vec3 code) {
  vec3 p = pow(clamp(code, 0.0, 1.0), vec3(1.0 / M2));
  return PEAK * pow(max(p - C1, 0.0) / (C2 - C3 * p), vec3(1.0 / M1));
}

float srgbDecode(float code) {
  return code <= 0.04045 ? code / 12.92 : pow((code + 0.055) / 1.055, 2.4);
}

vec3 srgbEncode(vec3 linear) {
  vec3 high = 1.055 * pow(max(linear, 0.0031308), vec3(1.0 / 2.4)) - 0.055;
  return mix(linear * 12.92, high, vec3(greaterThan(linear, vec3(0.0031308))));
}`;

// Each makes linear BT.2020 of the base's, b; `part` is the pixel's place in the gain map's texture.
const RENDITIONS = {
  base: "vec3 rendition(vec3 b, vec2 part) { return b; }",
  neural: `
uniform int domain;       // as in the payload's flags
uniform bool isMonochrome;
uniform vec2 offsets;

vec3 pqOf(vec3 s, vec3 f) {
  const float e = 1.0 / 64.0;
  if (domain == 0) return (s + e) * f - e;
  return domain == 1 ? pow(s + e, f) - e : s + f;
}

vec3 rendition(vec3 b, vec2 part) {
  vec4 found = sampleAt(gainMap, ivec3(0, mapSize.yx), part);
  vec3 f = isMonochrome ? found.rrr : found.rgb;
  if (domain == 3) return clamp((b + offsets.x) * exp2(min(f * weight, 64.0)) - offsets.y, 0.0, 32768.0);
  vec3 hdr = pqDecode(pqOf(pqEncode(b), f));
  if (weight == 1.0) return hdr;
  vec3 ratio = (hdr + offsets.y) / max(b + offsets.x, 1e-6);
  return max((b + offsets.x) * pow(ratio, vec3(weight)) - offsets.y, 0.0);
}`,
  iso21496: `
uniform mat3 toMaths, fromMaths;
uniform vec3 mapMin, mapMax, exponent, baseOffset, alternateOffset;

// Interpolated as gains: gamma and range are undone first.
vec3 gainAt(ivec2 cell) {
  vec3 code = pow(texelFetch(gainMap, cell, 0).rgb, exponent);
  return mix(mapMin, mapMax, code);
}

vec3 rendition(vec3 b, vec2 part) {
  if (weight == 0.0) return max(b, 0.0);
  vec2 place = clamp(part, vec2(0.0), vec2(mapSize - 1));
  ivec2 first = ivec2(place), second = min(first + 1, mapSize - 1);
  vec2 way = place - vec2(first);
  vec3 gain = mix(mix(gainAt(first), gainAt(ivec2(second.x, first.y)), way.x),
                  mix(gainAt(ivec2(first.x, second.y)), gainAt(second), way.x), way.y);
  return fromMaths * max((toMaths * b + baseOffset) * exp2(gain * weight) - alternateOffset, 0.0);
}`,
  apple: `
uniform mat3 toMaths, fromMaths;
uniform float most;  // the linear headroom that is used, less 1

vec3 rendition(vec3 b, vec2 part) {
  vec3 code = sampleAt(gainMap, ivec3(0, mapSize.yx), part).rgb;
  vec3 gain = vec3(srgbDecode(code.r), srgbDecode(code.g), srgbDecode(code.b));
  return fromMaths * ((toMaths * b) * (1.0 + most * gain));
}`,
};

// What a screen is sent of linear light: tone-mapped by BT.2390 (peak > 1), cut off at white, or beyond it (isExtended).
const DISPLAY = `
float largest(vec3 values) {
  return max(values.r, max(values.g, values.b));
}

// The curve of ITU-R BT.2390-11, 5.4.1, as in tone_map.py: names as there, black at 0.
float eetf(float light) {
  float sourcePeak = pqEncode(vec3(peak)).r;
  float e1 = pqEncode(vec3(min(light, peak))).r / sourcePeak;
  float maxLum = pqEncode(vec3(1.0)).r / sourcePeak;
  float ks = 1.5 * maxLum - 0.5;
  if (e1 < ks) return light;
  float t = (e1 - ks) / (1.0 - ks);
  float rise = t * t * (3.0 - 2.0 * t);
  float spline = (1.0 - rise) * ks + t * (1.0 - t) * (1.0 - t) * (1.0 - ks) + rise * maxLum;
  return min(pqDecode(vec3(spline * sourcePeak)).r, 1.0);
}

vec3 exposed(vec3 linear) {
  return max(fromBt2020 * linear * exposure, 0.0);
}

vec3 displayed(vec3 linear) {
  vec3 shown = exposed(linear);
  if (isExtended) return shown;
  float brightest = largest(shown);
  if (peak > 1.0 && brightest > 0.0) shown *= eetf(brightest) / brightest;
  return min(shown, 1.0);
}

float luminance(vec3 linear) {
  return max(dot(linear, vec3(0.2627, 0.6780, 0.0593)), 0.0);
}

float gainOf(vec3 b, vec3 linear) {
  float stops = log2((luminance(linear) + 1.0 / 64.0) / (luminance(b) + 1.0 / 64.0));
  return clamp(stops / fullGain, 0.0, 1.0);
}`;

/** The colours of "falseColor", coded sRGB: one for each stop above SDR white. */
export const BANDS = ["#3f6fd8", "#1ba1a8", "#4fae3d", "#e6d22e", "#f08a24", "#d93a2b", "#c44fc0"];

function lightOf(hex) {
  const rgb = [1, 3, 5].map((n) => srgbDecode(parseInt(hex.slice(n, n + 2), 16) / 255));
  return `vec3(${transform(TO_BT2020.srgb, rgb).map((value) => value.toFixed(4)).join()})`;
}

// Of each pixel: its code values, the base's linear BT.2020, the rendition's. Means over pixels are taken of what is
// returned, and are coded for the screen if the output `isLight`.
const OUTPUTS = {
  linear: { isLight: false, code: "return linear;" },
  display: { isLight: true, code: "return displayed(linear);" },
  gain: { isLight: false, code: "return vec3(gainOf(b, linear));" },
  // The brightest channel of the rendition, then that of the base, in tenths of a stop from 2^-8; then what the first
  // is above its tenth. The base is never brighter than white: what lies outside BT.2020's triangle only seems so.
  stops: {
    isLight: false,
    code: `
  float sdr = min(largest(b), 1.0);
  vec2 stops = log2(max(vec2(isBase ? sdr : largest(linear), sdr), 1e-6));
  vec2 parts = clamp((stops + 8.0) * 10.0, 0.0, 255.99);
  return vec3(floor(parts) / 255.0, fract(parts.x) * 256.0 / 255.0 - 0.5 / 255.0);`,
  },
  falseColor: {
    isLight: true,
    code: `
  const vec3 bands[${BANDS.length}] = vec3[](${BANDS.map(lightOf).join()});
  float light = luminance(linear);
  return light <= 1.0 ? vec3(0.6 * light) : max(fromBt2020 * bands[min(int(log2(light)), ${BANDS.length - 1})], 0.0);`,
  },
  clipping: {
    isLight: true,
    code: `
  bool isStripe = mod(gl_FragCoord.x + gl_FragCoord.y, 12.0) < 6.0;
  bool isCut = isBase ? max(code.r, max(code.g, code.b)) == 255 : largest(exposed(linear)) > limit;
  bool isBlack = isBase ? code.r + code.g + code.b == 0 : largest(linear) <= 0.0;
  if (isCut) return isStripe ? vec3(1.0, 0.0, 0.02) : vec3(0.0);
  return isBlack ? (isStripe ? vec3(0.02, 0.2, 1.0) : vec3(0.0)) : displayed(linear);`,
  },
};

/** @param kind "base", "neural", "iso21496" or "apple".  @param output A name in `OUTPUTS`. */
export function renditionFragment(kind, output) {
  const { isLight, code } = OUTPUTS[output];
  return `${VERSION}
uniform sampler2D base, curves, gainMap;
uniform ivec2 size, mapSize;
uniform mat3 toBt2020, fromBt2020;
uniform vec4 places;         // of the gain map under the picture: scale and shift of x, then of y
uniform bvec3 orientation;   // of the map's axes: turned, then x and y run backwards
uniform vec3 window;         // where in the picture the first output pixel begins, and the step to the next
uniform int samples;         // of the picture along each side of an output pixel
uniform float weight, exposure, peak, limit, fullGain, outputHeight;
uniform bool isExtended, isUpsideDown;
out vec4 color;
${SAMPLE}
${PQ}
${DISPLAY}
${RENDITIONS[kind]}

vec3 outputOf(ivec3 code, vec3 b, vec3 linear) {
  const bool isBase = ${kind === "base"};
  ${code}
}

vec3 outputAt(ivec2 pixel) {
  ivec3 code = ivec3(texelFetch(base, pixel, 0).rgb * 255.0 + 0.5);
  vec3 light = vec3(texelFetch(curves, ivec2(code.r, 0), 0).r,
                    texelFetch(curves, ivec2(code.g, 0), 0).g,
                    texelFetch(curves, ivec2(code.b, 0), 0).b);
  vec3 b = toBt2020 * light;
  ivec2 turned = orientation.x ? pixel.yx : pixel;
  ivec2 turnedSize = orientation.x ? size.yx : size;
  if (orientation.y) turned.x = turnedSize.x - 1 - turned.x;
  if (orientation.z) turned.y = turnedSize.y - 1 - turned.y;
  return outputOf(code, b, rendition(b, vec2(turned) * places.xz + places.yw));
}

void main() {
  vec2 corner = floor(gl_FragCoord.xy);
  if (isUpsideDown) corner.y = outputHeight - 1.0 - corner.y;
  vec3 sum = vec3(0.0);
  for (int n = 0; n < samples * samples; n++) {
    vec2 part = (vec2(n % samples, n / samples) + 0.5) / float(samples);
    ivec2 pixel = ivec2(floor(window.xy + (corner + part) * window.z));
    if (all(greaterThanEqual(pixel, ivec2(0))) && all(lessThan(pixel, size))) sum += outputAt(pixel);
  }
  vec3 mean = sum / float(samples * samples);
  color = vec4(${isLight ? "srgbEncode(mean)" : "mean"}, 1.0);
}`;
}
