// The arithmetic of network.js by a kernel in WebAssembly (kernel.ts), whose bytes build.mjs puts in here as base64.

import { inverse } from "../../src/gainmap_codec/view/static/color.js";
import { windowsOf } from "../../src/gainmap_codec/view/static/working_grid.js";
import { OFFSET, plain } from "./gains.js";

const BYTES = typeof KERNEL === "undefined" ? "" : KERNEL; // the sources by themselves have none
const PAGES = 512; // 32 MB, of which only what is written costs memory: a row of a JPEG's 65 535 pixels, and all its features
const START = 4096; // behind the kernel's constants
const DOMAINS = { log2_gain: 0, pq_gain: 1, pq_gamma: 2, pq_difference: 3 }; // as in kernel.ts

let compiled = null;

/** The kernel for one picture; plain JavaScript where the page's policy or the browser has no WebAssembly with SIMD. */
export async function startArithmetic() {
  try {
    compiled ??= WebAssembly.compile(Uint8Array.from(atob(BYTES), (letter) => letter.charCodeAt(0)));
    return await arithmeticOf(await compiled);
  } catch {
    return plain;
  }
}

/** @param {WebAssembly.Module} module Of kernel.ts. */
export async function arithmeticOf(module) {
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  let free = START;
  const take = (Kind, length, stride = length) => {
    const found = new Kind(memory.buffer, free, length);
    free += Math.ceil((stride * Kind.BYTES_PER_ELEMENT) / 32) * 32;
    return found;
  };
  const planes = (count, length) => Array.from({ length: count }, () => take(Float32Array, length, roundUp(length, 8)));

  /** Memory from here on is given back afterwards. */
  const borrowing = (work) => (...given) => {
    const before = free;
    const made = work(...given);
    free = before;
    return made;
  };

  const means = borrowing((pixels, width, rowEdges, columnEdges) => {
    const [lines, windows] = [windowsOf(rowEdges, pixels.length / 4 / width), windowsOf(columnEdges, width)];
    const row = take(Uint8Array, width * 4, roundUp(width * 4, 16));
    const sums = take(Float32Array, row.length, roundUp(row.length, 16));
    const taps = Math.max(...windows.map(({ places }) => places.length));
    const [places, shares] = [Int32Array, Float32Array].map((Kind) => take(Kind, windows.length * taps).fill(0));
    windows.forEach((window, n) => {
      places.set(window.places.map((place) => place * 16), n * taps);
      shares.set(window.shares, n * taps);
    });
    const found = take(Float32Array, windows.length * 4);
    const all = new Float32Array(lines.length * found.length);
    lines.forEach((line, n) => {
      sums.fill(0);
      line.shares.forEach((share, tap) => {
        if (!share) return;
        row.set(pixels.subarray(line.places[tap] * row.length, (line.places[tap] + 1) * row.length));
        exports.addShare(row.byteOffset, sums.byteOffset, roundUp(row.length, 16), share);
      });
      exports.gather(sums.byteOffset, places.byteOffset, shares.byteOffset, taps, found.byteOffset, windows.length);
      all.set(found, n * found.length);
    });
    return all;
  });

  const octaves = (plane, first, made) => {
    if (made.length) exports.octaves(plane.byteOffset, bytesOf(plane), 2 ** first * Math.PI, made.length / 2, made[0].byteOffset);
  };

  const perceptron = (network, length) => {
    if (network.family !== "multiscale") return plain.perceptron(network, length);
    const [neurons, outputs] = [network.neurons, network.outputs].map((count) => roundUp(count, 4));
    const packed = network.layers.flatMap((layer, n) => packedWeights(layer, n ? neurons : layer.inputs - 1));
    const weights = take(Float32Array, packed.length);
    weights.set(packed);
    const hidden = take(Float32Array, 16 * neurons);
    const made = planes(outputs, length);
    return (features) => {
      exports.perceptron(
        features[0].byteOffset, bytesOf(features[0]), features.length, weights.byteOffset, neurons, outputs,
        hidden.byteOffset, made[0].byteOffset,
      );
      return made.slice(0, network.outputs);
    };
  };

  const gains = ({ domain, outputs, baseOffset, alternateOffset }, { curves, toBt2020 }, width) => {
    const numbers = take(Float32Array, 21);
    numbers.set([...toBt2020, ...inverse(toBt2020), baseOffset, alternateOffset, OFFSET]);
    const [base, residuals, made] = [3, outputs, 3].map((count) => planes(count, width));
    return (codes, residual, values) => {
      base.forEach((plane, c) => {
        for (let n = 0; n < width; n++) plane[n] = curves[codes[n * 4 + c] * 3 + c];
      });
      residuals.forEach((plane, c) => {
        for (let n = 0; n < width; n++) plane[n] = residual[n * outputs + c];
      });
      const [red, found, first] = [base, residuals, made].map(([plane]) => plane.byteOffset);
      exports.gains(red, bytesOf(base[0]), found, outputs === 3, DOMAINS[domain], numbers.byteOffset, first);
      made.forEach((plane, c) => {
        for (let n = 0; n < width; n++) values[n * 3 + c] = plane[n];
      });
    };
  };

  return { planes, means, octaves, perceptron, gains };
}

const roundUp = (count, step) => Math.ceil(count / step) * step;
const bytesOf = (plane) => roundUp(plane.length, 8) * 4;

/** Weights as kernel.ts takes them; inputs and neurons that the layer lacks have weights of 0. */
function packedWeights({ inputs, outputs, weights }, count) {
  const neurons = roundUp(outputs, 4);
  const packed = Array((count + 1) * neurons).fill(0);
  for (let neuron = 0; neuron < outputs; neuron++) {
    const start = (neuron - (neuron % 4)) * (count + 1) + (neuron % 4);
    packed[start] = weights[(inputs - 1) * outputs + neuron];
    for (let n = 0; n < inputs - 1; n++) packed[start + 4 * (n + 1)] = weights[n * outputs + neuron];
  }
  return packed;
}
