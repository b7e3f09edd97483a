// The adaptive binary range decoder and the integers it codes: docs/format.md, "Entropy coding".
// Every number stays a whole number below 2^53, so that doubles are exact.

const TOP = 2 ** 24;
const MODULUS = 2 ** 32;
const MOST_SEEN = 125;
const BLOCK = 8;
const MEANS = [2, 5, 12, 25];
const FIRST_CLASS = 2;
const CLASS_LEVELS = [0, 1, 2, 4, 8, 16];
const SIGN_MODELS = [0, 0, 1, 2, 2, 3, 3]; // by how far the neighbours' signs lean
const BITS = { weight: 13, cell: 7, step: 8 };

// docs/format.md, "States"
const STATES = {
  "second": "149:4 186:8 168:8 186:16",
  "step": "24:8 42:64 70:64 107:64 224:16 251:0 128:0",
  "weight 0": "88:8 107:16 168:32 186:16 168:2 224:64 149:64",
  "weight 1": "88:2 70:64 107:64 149:16 201:8 186:2 186:64",
  "weight 2": "88:2 32:32 55:32 88:32 128:8 186:8 201:8",
  "weight 3": "88:2 24:32 24:64 42:64 88:32 149:16 201:64",
  "weight 4": "70:2 7:64 10:64 18:64 32:64 107:4 149:32",
  "dead": "254:0 201:0 128:0 128:0 128:0 128:0 128:0",
  "difference": "55:16 88:4 107:64 149:4 168:4 201:1 201:32",
  "down": "201:64",
  "latent": "224:8 201:16 201:16 168:16 128:16 107:8 70:8",
  "detail": "249:64 232:64 224:16 224:16 201:8 201:8 168:4",
  "cell 0": "88:1 168:0 201:1 238:0 224:0 128:0",
  "cell 1": "168:4 224:8 224:1 224:0 128:0 128:0",
  "cell 2": "149:1 201:4 201:8 249:0 128:0 128:0",
  "cell 3": "128:2 201:4 224:8 168:2 238:0 128:0",
  "cell 4": "107:4 201:4 238:8 232:8 214:0 128:0",
  "cell 5": "88:8 186:4 224:8 232:0 238:0 128:0",
  "cell 6": "55:8 149:4 214:4 224:2 251:0 128:0",
  "filled": "251:8 214:8 128:8 107:0 88:4 32:8",
  "sign": "149:64 168:32 186:16 214:8",
};

class BitModel {
  /** @param {string} state The probability of a 0 in 256ths, and how many bits it has seen: "128:0". */
  constructor(state) {
    const [probability, seen] = state.split(":").map(Number);
    this.probability = probability * 256; // of a 0, in 65536ths
    this.seen = seen;
  }

  update(bit) {
    const rate = Math.floor(8192 / (2 * this.seen + 3));
    this.seen = Math.min(this.seen + 1, MOST_SEEN);
    const moved = this.probability + ((((bit ? 0 : 65536) - this.probability) * rate) >> 12);
    this.probability = Math.min(Math.max(moved, 32), 65504);
  }
}

const bitModels = (row) => STATES[row].split(" ").map((state) => new BitModel(state));

/** Bytes in, bits out. Any bytes decode to some bits; past the end they are 0. */
export class RangeDecoder {
  #data;
  #position = 0;
  #code = 0;
  #range = MODULUS - 1;

  /** @param {Uint8Array} data */
  constructor(data) {
    this.#data = data;
    for (let n = 0; n < 4; n++) this.#takeByte();
  }

  bit(model) {
    const bit = this.#narrow((this.#range >>> 16) * model.probability);
    model.update(bit);
    return bit;
  }

  evenBit() {
    return this.#narrow(this.#range >>> 1);
  }

  /** Whether the last byte has been taken in. */
  get exhausted() {
    return this.#position >= this.#data.length;
  }

  #narrow(bound) {
    const bit = this.#code >= bound ? 1 : 0;
    if (bit) {
      this.#code -= bound;
      this.#range -= bound;
    } else {
      this.#range = bound;
    }
    while (this.#range < TOP) {
      this.#takeByte();
      this.#range *= 256;
    }
    return bit;
  }

  #takeByte() {
    this.#code = (this.#code * 256 + (this.#data[this.#position] ?? 0)) % MODULUS;
    this.#position += 1;
  }
}

/** Models of numbers from 0 on: a flag of what is not 0, then the bit count and the bits. */
class MagnitudeModel {
  #nonzero;
  #longer;
  #second;

  /** @param {BitModel[]} models Of the flag, then of the bit count. */
  constructor([nonzero, ...longer], second, mostBits) {
    this.#nonzero = nonzero;
    this.#longer = Array.from({ length: mostBits - 1 }, (_, n) => longer[Math.min(n, longer.length - 1)]);
    this.#second = second;
  }

  decode(coder) {
    if (!coder.bit(this.#nonzero)) return 0;
    let bits = 0;
    while (bits < this.#longer.length && coder.bit(this.#longer[bits])) bits += 1;
    let magnitude = 1;
    for (let n = 1; n <= bits; n++) {
      const bit = n === 1 ? coder.bit(this.#second[Math.min(bits, this.#second.length) - 1]) : coder.evenBit();
      magnitude = magnitude * 2 + bit;
    }
    return magnitude;
  }

  decodeSigned(coder) {
    const magnitude = this.decode(coder);
    return magnitude && coder.evenBit() ? -magnitude : magnitude;
  }
}

/** Step exponents of the layers, of the latents and of the details, so many of each. */
export function decodeSteps(counts, coder) {
  const model = new MagnitudeModel(bitModels("step"), bitModels("second"), BITS.step);
  return [-20, -6, -14].map((usual, n) => {
    let last = usual;
    return Array.from({ length: counts[n] }, () => (last += model.decodeSigned(coder)));
  });
}

/** The weights of all layers, Int32Arrays, input by input; shapes and results in the order of the layers. */
export function decodeWeights(shapes, coder) {
  const layers = [];
  let isAlive = () => true;
  for (const [inputs, outputs] of [...shapes].reverse()) {
    const weights = decodeLayer(inputs, outputs, isAlive, layers.length > 0, coder);
    layers.unshift(weights);
    isAlive = (neuron) => weights.subarray(neuron * outputs, (neuron + 1) * outputs).some((weight) => weight !== 0);
  }
  return layers;
}

function decodeLayer(inputs, outputs, isAlive, isSorted, coder) {
  const second = bitModels("second");
  const [dead, difference] = ["dead", "difference"].map((row) => new MagnitudeModel(bitModels(row), second, BITS.weight));
  const [down] = bitModels("down");
  const classes = [0, 1, 2, 3, 4].map((n) => new MagnitudeModel(bitModels(`weight ${n}`), second, BITS.weight));
  const alive = Array.from({ length: outputs }, (_, neuron) => isAlive(neuron));
  const above = new Float64Array(outputs);
  const weights = new Int32Array(inputs * outputs);
  for (let row = 0; row < inputs; row++) {
    let [left, last] = [0, 0];
    for (let column = 0; column < outputs; column++) {
      let weight;
      if (!alive[column]) {
        weight = dead.decodeSigned(coder);
      } else if (isSorted && row === 0) {
        const step = difference.decode(coder);
        weight = last += step && coder.bit(down) ? -step : step;
      } else {
        weight = classes[weightClass(left + above[column], row + column)].decodeSigned(coder);
      }
      weights[row * outputs + column] = weight;
      left += Math.abs(weight);
      above[column] += Math.abs(weight);
    }
  }
  return weights;
}

const weightClass = (total, count) => (count ? MEANS.filter((mean) => total >= mean * count).length : FIRST_CLASS);

/**
 * The values of grids, Int32Arrays, row by row, into `values` of each.
 * @param {object[]} grids Rows and columns, the coarsest first.
 * @param {number} latents How many of them are latents.
 */
export function decodeGrids(grids, latents, coder) {
  grids.forEach((grid, n) => {
    grid.values = decodeGrid(grid, grids[n - 1], n < latents ? "latent" : "detail", coder);
  });
}

function decodeGrid({ rows, columns }, coarser, kind, coder) {
  const values = new Int32Array(rows * columns);
  const filled = decodeFlags(rows, columns, coarser, coder);
  const second = bitModels("second");
  const nonzero = bitModels(kind);
  const classes = nonzero.map((flag, n) => new MagnitudeModel([flag, ...bitModels(`cell ${n}`)], second, BITS.cell));
  const signs = bitModels("sign");
  const value = (row, column) => (row < 0 || column < 0 || column >= columns ? 0 : values[row * columns + column]);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!filled[Math.floor(row / BLOCK)][Math.floor(column / BLOCK)]) continue;
      const around = (down, across) => value(row + down, column + across);
      const magnitude = classes[cellClass(around)].decode(coder);
      values[row * columns + column] = magnitude && decodeSign(around, signs, coder) * magnitude;
    }
  }
  return values;
}

/** Whether each block holds anything: rows of 0 and 1. */
function decodeFlags(rows, columns, coarser, coder) {
  const models = bitModels("filled");
  const blocksDown = Math.ceil(rows / BLOCK);
  const blocksAcross = Math.ceil(columns / BLOCK);
  const isBelow = blocksBelow(coarser, rows, columns, blocksDown, blocksAcross);
  const filled = [];
  for (let down = 0; down < blocksDown; down++) {
    filled.push(new Uint8Array(blocksAcross));
    for (let across = 0; across < blocksAcross; across++) {
      const around = (across ? filled[down][across - 1] : 0) + (down ? filled[down - 1][across] : 0);
      filled[down][across] = coder.bit(models[around + (isBelow[down * blocksAcross + across] ? 3 : 0)]);
    }
  }
  return filled;
}

/** Whether the coarser grid has values over each block: 0 or 1, all 1 where there is no such grid. */
function blocksBelow(coarser, rows, columns, blocksDown, blocksAcross) {
  const found = new Uint8Array(blocksDown * blocksAcross).fill(coarser ? 0 : 1);
  if (!coarser) return found;
  const side = coarser.rows === rows && coarser.columns === columns ? BLOCK : BLOCK / 2;
  coarser.values.forEach((value, n) => {
    const [row, column] = [Math.floor(n / coarser.columns), n % coarser.columns];
    if (value) found[Math.floor(row / side) * blocksAcross + Math.floor(column / side)] = 1;
  });
  return found;
}

function cellClass(around) {
  const magnitude = (down, across) => Math.abs(around(down, across));
  const size =
    3 * magnitude(0, -1) + 2 * magnitude(-1, 0) +
    magnitude(-1, -1) + magnitude(-1, 1) + magnitude(0, -2) + magnitude(-2, 0);
  return CLASS_LEVELS.filter((level) => size > level).length;
}

/** 1 or −1: as most neighbours' signs are, or not. */
function decodeSign(around, signs, coder) {
  const sign = (down, across) => Math.sign(around(down, across));
  const lean = 2 * sign(0, -1) + 2 * sign(-1, 0) + sign(-1, -1) + sign(-1, 1);
  if (lean === 0) return coder.evenBit() ? -1 : 1;
  return coder.bit(signs[SIGN_MODELS[Math.abs(lean)]]) ? -Math.sign(lean) : Math.sign(lean);
}
