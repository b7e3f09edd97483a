// The adaptive binary range decoder and the integers it codes: docs/format.md, "Entropy coding" and "Latents".
// Every number stays a whole number below 2^53, so that doubles are exact.

const TOP = 2 ** 24;
const MODULUS = 2 ** 32;
const SHIFTS = [1, 2, 2, 3, 3, 4, 4, 4, 5]; // by how many bits a model has seen; the last one stays
const MAX_BITS = 16;
const BLOCK = 8;
const CLASS_LEVELS = [0, 1, 2, 4, 8, 16];

class BitModel {
  probability = 32768; // of a 0, in 65536ths
  seen = 0;

  update(bit) {
    const shift = SHIFTS[this.seen];
    this.seen = Math.min(this.seen + 1, SHIFTS.length - 1);
    const moved = this.probability + (((bit ? 0 : 65536) - this.probability) >> shift);
    this.probability = Math.min(Math.max(moved, 32), 65504);
  }
}

const bitModels = (count) => Array.from({ length: count }, () => new BitModel());

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

/** Models of small signed integers: a flag for 0, the sign, then the magnitude's bit count and bits. */
export class IntegerModel {
  #zero = new BitModel();
  #sign = new BitModel();
  #longer = bitModels(MAX_BITS);
  #second = bitModels(MAX_BITS);

  decode(coder) {
    if (coder.bit(this.#zero)) return 0;
    const isNegative = coder.bit(this.#sign);
    let bits = 0;
    while (bits < MAX_BITS - 1 && coder.bit(this.#longer[bits])) bits += 1;
    let magnitude = 1;
    for (let n = bits - 1; n >= 0; n--) {
      magnitude = magnitude * 2 + (n === bits - 1 ? coder.bit(this.#second[bits]) : coder.evenBit());
    }
    return isNegative ? -magnitude : magnitude;
  }
}

/** A grid of latents or details: Int32Array, row by row. */
export function decodeLatents(rows, columns, coder) {
  const values = new Int32Array(rows * columns);
  const filledModels = bitModels(3);
  const models = Array.from({ length: CLASS_LEVELS.length + 1 }, () => new IntegerModel());
  const blocksAcross = Math.ceil(columns / BLOCK);
  let above = new Uint8Array(blocksAcross);
  for (let top = 0; top < rows; top += BLOCK) {
    const filled = new Uint8Array(blocksAcross);
    for (let block = 0; block < blocksAcross; block++) {
      filled[block] = coder.bit(filledModels[(block ? filled[block - 1] : 0) + above[block]]);
      if (!filled[block]) continue;
      const right = Math.min((block + 1) * BLOCK, columns);
      for (let row = top; row < Math.min(top + BLOCK, rows); row++) {
        for (let column = block * BLOCK; column < right; column++) {
          const model = models[neighbourhoodClass(values, columns, row, column)];
          values[row * columns + column] = model.decode(coder);
        }
      }
    }
    above = filled;
  }
  return values;
}

function neighbourhoodClass(values, columns, row, column) {
  const magnitude = (down, across) => {
    const [y, x] = [row + down, column + across];
    return y < 0 || x < 0 || x >= columns ? 0 : Math.abs(values[y * columns + x]);
  };
  const size =
    2 * (magnitude(0, -1) + magnitude(-1, 0)) +
    magnitude(-1, -1) + magnitude(-1, 1) + magnitude(0, -2) + magnitude(-2, 0);
  return CLASS_LEVELS.filter((level) => size > level).length;
}
