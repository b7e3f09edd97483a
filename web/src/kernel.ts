// What takes the time in a network's evaluation, four numbers at once: AssemblyScript, for WebAssembly with SIMD.
// A plane is a run of f32; `bytes` is its length, a multiple of 32. kernel.js lays out the memory; network.js has the same
// in plain JavaScript.

/** Adds a share of bytes to sums: `bytes` of them, a multiple of 16. */
export function addShare(row: usize, sums: usize, bytes: i32, share: f32): void {
  const factor = f32x4.splat(share);
  for (const end = row + bytes; row < end; row += 16, sums += 64) {
    const codes = v128.load(row);
    const low = i16x8.extend_low_i8x16_u(codes);
    const high = i16x8.extend_high_i8x16_u(codes);
    add(sums, i32x4.extend_low_i16x8_u(low), factor);
    add(sums + 16, i32x4.extend_high_i16x8_u(low), factor);
    add(sums + 32, i32x4.extend_low_i16x8_u(high), factor);
    add(sums + 48, i32x4.extend_high_i16x8_u(high), factor);
  }
}

// @ts-ignore: decorator
@inline
function add(at: usize, codes: v128, factor: v128): void {
  v128.store(at, f32x4.add(v128.load(at), f32x4.mul(f32x4.convert_i32x4_u(codes), factor)));
}

/** Means of RGBA sums over windows: of each `taps` places (i32, in bytes) and shares. */
export function gather(sums: usize, places: usize, shares: usize, taps: i32, means: usize, count: i32): void {
  for (const end = means + 16 * count; means < end; means += 16) {
    let mean = f32x4.splat(0);
    for (let tap = 0; tap < taps; tap++, places += 4, shares += 4) {
      mean = f32x4.add(mean, f32x4.mul(v128.load(sums + load<i32>(places)), v128.load32_splat(shares)));
    }
    v128.store(means, mean);
  }
}

/** Sine and cosine of scale · value, at most π/2 on either side, and of its double, its fourfold and so on. */
export function octaves(plane: usize, bytes: i32, scale: f32, count: i32, made: usize): void {
  const factor = f32x4.splat(scale);
  for (const end = plane + bytes; plane < end; plane += 16, made += 16) {
    const angle = f32x4.mul(v128.load(plane), factor);
    const square = f32x4.mul(angle, angle);
    let sine = f32x4.mul(angle, series(square, 13));
    let cosine = series(square, 12);
    for (let n = 0, at = made; n < count; n++, at += 2 * bytes) {
      v128.store(at, sine);
      v128.store(at + bytes, cosine);
      const twice = f32x4.add(sine, sine);
      const next = f32x4.mul(twice, cosine);
      cosine = f32x4.sub(f32x4.splat(1), f32x4.mul(twice, sine));
      sine = next;
    }
  }
}

/** 1 − x/(n(n − 1)) · (1 − x/((n − 2)(n − 3)) · …, the innermost first: sine over angle for odd `last`, cosine for even. */
// @ts-ignore: decorator
@inline
function series(square: v128, last: f32): v128 {
  let sum = f32x4.splat(1);
  for (let n = last; n > 1; n -= 2) {
    sum = f32x4.sub(f32x4.splat(1), f32x4.mul(f32x4.mul(sum, square), f32x4.splat(1 / (n * (n - 1)))));
  }
  return sum;
}

/**
 * Three layers: `inputs` planes one behind the other, to `outputs` planes, both numbers of neurons multiples of 4.
 * Weights: of every four neurons their biases, then for each input four weights.
 */
export function perceptron(
  features: usize, bytes: i32, inputs: i32, weights: usize, neurons: i32, outputs: i32, hidden: usize, made: usize,
): void {
  const zero = f32x4.splat(0);
  const second = hidden + 32 * neurons;
  for (let at = 0; at < bytes; at += 32) {
    let next = layer(features + at, bytes, inputs, weights, hidden, 32, neurons, zero);
    next = layer(hidden, 32, neurons, next, second, 32, neurons, zero);
    layer(second, 32, neurons, next, made + at, bytes, outputs, f32x4.splat(-Infinity));
  }
}

/** One layer of eight places; sums under `floor` become that. Returns where the next layer's weights are. */
function layer(
  from: usize, fromStride: i32, inputs: i32, weights: usize, to: usize, toStride: i32, neurons: i32, floor: v128,
): usize {
  for (let first = 0; first < neurons; first += 4) {
    let a = v128.load32_splat(weights);
    let b = v128.load32_splat(weights, 4);
    let c = v128.load32_splat(weights, 8);
    let d = v128.load32_splat(weights, 12);
    let e = a;
    let f = b;
    let g = c;
    let h = d;
    weights += 16;
    let plane = from;
    for (let n = 0; n < inputs; n++, weights += 16, plane += fromStride) {
      const x = v128.load(plane);
      const y = v128.load(plane, 16);
      let weight = v128.load32_splat(weights);
      a = f32x4.add(a, f32x4.mul(weight, x));
      e = f32x4.add(e, f32x4.mul(weight, y));
      weight = v128.load32_splat(weights, 4);
      b = f32x4.add(b, f32x4.mul(weight, x));
      f = f32x4.add(f, f32x4.mul(weight, y));
      weight = v128.load32_splat(weights, 8);
      c = f32x4.add(c, f32x4.mul(weight, x));
      g = f32x4.add(g, f32x4.mul(weight, y));
      weight = v128.load32_splat(weights, 12);
      d = f32x4.add(d, f32x4.mul(weight, x));
      h = f32x4.add(h, f32x4.mul(weight, y));
    }
    store(to, f32x4.pmax(a, floor), f32x4.pmax(e, floor));
    store(to + toStride, f32x4.pmax(b, floor), f32x4.pmax(f, floor));
    store(to + 2 * toStride, f32x4.pmax(c, floor), f32x4.pmax(g, floor));
    store(to + 3 * toStride, f32x4.pmax(d, floor), f32x4.pmax(h, floor));
    to += 4 * toStride;
  }
  return weights;
}

// @ts-ignore: decorator
@inline
function store(to: usize, first: v128, second: v128): void {
  v128.store(to, first);
  v128.store(to, second, 16);
}

const BRIGHTEST: f32 = 32768;
const EPSILON: f32 = 1.0 / 64;
const PQ_PEAK: f32 = 10000.0 / 203; // SMPTE ST 2084, 1 = SDR white of 203 cd/m²
const M1: f32 = 2610.0 / 16384;
const M2: f32 = 2523.0 / 32;
const C1: f32 = 3424.0 / 4096;
const C2: f32 = 2413.0 / 128;
const C3: f32 = 2392.0 / 128;
const LN2: f32 = 0.6931471805599453;

/**
 * Gains, log2, of each channel between the base's light, three planes in its own primaries, and what the residual makes of
 * it. `numbers`: the matrix to BT.2020, its inverse, the network's two offsets, and that of both pictures for the gains.
 */
export function gains(
  base: usize, bytes: i32, residual: usize, hasThree: bool, domain: i32, numbers: usize, made: usize,
): void {
  const back = numbers + 36;
  const offset = v128.load32_splat(numbers, 80);
  for (const end = base + bytes; base < end; base += 16, residual += 16, made += 16) {
    const red = rendition(mixed(base, bytes, numbers), residual, domain, numbers);
    const green = rendition(mixed(base, bytes, numbers + 12), hasThree ? residual + bytes : residual, domain, numbers);
    const blue = rendition(mixed(base, bytes, numbers + 24), hasThree ? residual + 2 * bytes : residual, domain, numbers);
    for (let c = 0; c < 3; c++) {
      const bright = weighted(red, green, blue, back + 12 * c);
      const plain = v128.load(base + c * bytes);
      const ratio = f32x4.div(f32x4.add(f32x4.pmax(bright, f32x4.splat(0)), offset), f32x4.add(plain, offset));
      v128.store(made + c * bytes, log2(ratio));
    }
  }
}

function mixed(planes: usize, bytes: i32, weights: usize): v128 {
  return weighted(v128.load(planes), v128.load(planes + bytes), v128.load(planes + 2 * bytes), weights);
}

function weighted(x: v128, y: v128, z: v128, weights: usize): v128 {
  const first = f32x4.mul(x, v128.load32_splat(weights));
  return f32x4.add(f32x4.add(first, f32x4.mul(y, v128.load32_splat(weights, 4))), f32x4.mul(z, v128.load32_splat(weights, 8)));
}

function rendition(light: v128, at: usize, domain: i32, numbers: usize): v128 {
  const residual = v128.load(at);
  if (domain === 0) {
    const brighter = f32x4.mul(f32x4.add(light, v128.load32_splat(numbers, 72)), exp2(residual));
    return clamped(f32x4.sub(brighter, v128.load32_splat(numbers, 76)), BRIGHTEST);
  }
  const pq = pqEncode(light);
  if (domain === 3) return pqDecode(f32x4.add(pq, residual));
  const epsilon = f32x4.splat(EPSILON);
  const shifted = f32x4.add(pq, epsilon);
  const changed = domain === 1 ? f32x4.mul(shifted, residual) : exp2(f32x4.mul(log2(shifted), residual));
  return pqDecode(f32x4.sub(changed, epsilon));
}

function pqEncode(light: v128): v128 {
  const y = raised(clamped(f32x4.mul(light, f32x4.splat(1 / PQ_PEAK)), 1), M1);
  const above = f32x4.add(f32x4.splat(C1), f32x4.mul(f32x4.splat(C2), y));
  return raised(f32x4.div(above, f32x4.add(f32x4.splat(1), f32x4.mul(f32x4.splat(C3), y))), M2);
}

function pqDecode(code: v128): v128 {
  const p = raised(clamped(code, 1), 1 / M2);
  const above = f32x4.pmax(f32x4.sub(p, f32x4.splat(C1)), f32x4.splat(0));
  const ratio = f32x4.div(above, f32x4.sub(f32x4.splat(C2), f32x4.mul(f32x4.splat(C3), p)));
  return f32x4.mul(raised(ratio, 1 / M1), f32x4.splat(PQ_PEAK));
}

// @ts-ignore: decorator
@inline
function clamped(value: v128, most: f32): v128 {
  return f32x4.pmin(f32x4.pmax(value, f32x4.splat(0)), f32x4.splat(most));
}

// @ts-ignore: decorator
@inline
function raised(base: v128, exponent: f32): v128 {
  return exp2(f32x4.mul(log2(base), f32x4.splat(exponent)));
}

/** Of 0 and less, −127: near enough for the powers here. log2 m of m in 0.7…1.4 by the series of the inverse hyperbolic tangent. */
function log2(value: v128): v128 {
  const bits = i32x4.max_s(value, i32x4.splat(0));
  const exponent = i32x4.shr_s(i32x4.sub(bits, i32x4.splat(0x3f3504f3)), 23);
  const mantissa = i32x4.sub(bits, i32x4.shl(exponent, 23));
  const one = f32x4.splat(1);
  const ratio = f32x4.div(f32x4.sub(mantissa, one), f32x4.add(mantissa, one));
  const square = f32x4.mul(ratio, ratio);
  let sum = f32x4.splat(1.0 / 9);
  sum = f32x4.add(f32x4.mul(sum, square), f32x4.splat(1.0 / 7));
  sum = f32x4.add(f32x4.mul(sum, square), f32x4.splat(1.0 / 5));
  sum = f32x4.add(f32x4.mul(sum, square), f32x4.splat(1.0 / 3));
  sum = f32x4.add(f32x4.mul(sum, square), one);
  const fraction = f32x4.mul(f32x4.mul(ratio, f32x4.splat(2 / LN2)), sum);
  return f32x4.add(f32x4.convert_i32x4_s(exponent), fraction);
}

/** From −126 to 127, and of what is beyond that the same as there; the fraction by the exponential series. */
function exp2(value: v128): v128 {
  const within = f32x4.pmin(f32x4.pmax(value, f32x4.splat(-126)), f32x4.splat(127));
  const whole = f32x4.nearest(within);
  const x = f32x4.mul(f32x4.sub(within, whole), f32x4.splat(LN2));
  let sum = f32x4.splat(1);
  for (let n: f32 = 7; n > 0; n--) sum = f32x4.add(f32x4.splat(1), f32x4.mul(f32x4.mul(sum, x), f32x4.splat(1 / n)));
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23);
  return f32x4.mul(sum, scale);
}
