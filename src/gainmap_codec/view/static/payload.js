// The neural payload, format 0: bytes to a network. docs/format.md is its specification; names follow it.

import { IntegerModel, RangeDecoder, decodeLatents } from "./range_coder.js";

const HEADER_BYTES = 24;
const BODY = 10; // where the CRC begins to count
const LARGEST = { weight: 4095, latent: 127 };
const MAX_STEP = 16;
const MAX_HEADROOM = 32;
const MAX_COORDINATE = 1024;
const MIN_SCALE = 2 ** -24;
const NO_OFFSET = 15;
const MAX_WEIGHTS = 1 << 16;
const MAX_LATENTS = 1 << 19;

const PRESETS = ["paper-gain", "paper-gamma", "balanced", "tiny", "best"];
export const DOMAINS = ["pq_gain", "pq_gamma", "pq_difference", "log2_gain"];
const FAMILIES = ["published", "multiscale"];
const UUID = [0xe2, 0x59, 0xd9, 0xd6, 0xb4, 0x46, 0x4c, 0xf8, 0xa5, 0xd7, 0xdf, 0xcf, 0xbd, 0x2c, 0xce, 0x64];

/** The bytes are no payload that can be used; the message says why. */
export class PayloadError extends Error {
  name = "PayloadError";
}

/**
 * The network in a payload.
 * @param {Uint8Array} bytes Bytes behind the payload's own length are ignored.
 * @throws {PayloadError}
 */
export function parsePayload(bytes) {
  const reader = new Reader(checkedPayload(bytes), BODY);
  const header = readHeader(reader);
  const network = { ...header, coordinates: [1, 0, 0, 0, 1, 0], colorShift: 0, colorScale: 1, grid: [0, 0] };
  if (header.isMoved) network.coordinates = checkedCoordinates(Array.from({ length: 6 }, () => reader.f32()));
  let grids = { latents: [], details: [] };
  if (header.family === "published") {
    network.colorShift = finite(reader.f16());
    network.colorScale = finite(reader.f16());
  } else {
    require(header.positionOctaves === 0, "octaves of position in the family multiscale");
    network.grid = [reader.u16(), reader.u16()];
    require(Math.min(...network.grid) > 0, "a working grid without rows or columns");
    grids = readGrids(reader, network.grid);
  }
  network.binding = { strict: reader.take(8), soft: reader.take(64) };
  const steps = Array.from({ length: 3 }, () => readStep(reader));
  const coder = new RangeDecoder(reader.rest());
  const shapes = layerShapes(header, grids.latents.length);
  require(shapes.reduce((sum, [inputs, outputs]) => sum + inputs * outputs, 0) <= MAX_WEIGHTS, "too many weights");
  network.layers = shapes.map(([inputs, outputs], n) => readLayer(coder, inputs, outputs, steps[n]));
  for (const grid of [...grids.latents, ...grids.details]) {
    grid.values = dequantized(decodeLatents(grid.rows, grid.columns, coder), grid.step, "latent");
  }
  require(coder.exhausted, "bytes are left behind the last integer");
  return Object.assign(network, grids);
}

/** The payload in a gain-map JPEG, or null: what follows our UUID in the APP11 segments in front of the scan. */
export function payloadOfJpeg(bytes) {
  const bodies = [];
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda; ) {
    if (bytes[at + 1] === 0xff) at += 1; // a fill byte
    else {
      const stop = at + 2 + (bytes[at + 2] << 8) + bytes[at + 3];
      if (bytes[at + 1] === 0xeb) bodies.push(bytes.subarray(at + 4, stop));
      at = stop;
    }
  }
  const joined = new Uint8Array(bodies.reduce((sum, body) => sum + body.length, 0));
  bodies.reduce((at, body) => (joined.set(body, at), at + body.length), 0);
  for (let at = 0; at + UUID.length < joined.length; at++) {
    if (UUID.every((byte, n) => joined[at + n] === byte)) return joined.slice(at + UUID.length);
  }
  return null;
}

/** Level of the finest latents: the longer side has at most 64 of them. */
export function firstLevel([rows, columns]) {
  let level = 0;
  while (Math.ceil(Math.max(rows, columns) / 2 ** level) > 64) level += 1;
  return level;
}

/** Cells of a level along a side. */
export const cellsOf = (size, level) => Math.ceil(size / 2 ** level);

/** Coordinates of a network whose raster was turned by an EXIF orientation. */
export function turnedCoordinates([xx, xy, x0, yx, yy, y0], turn) {
  const across = [2, 3, 6, 7].includes(turn) ? -1 : 1;
  const down = [3, 4, 7, 8].includes(turn) ? -1 : 1;
  if (turn >= 5) [xx, xy, yx, yy] = [xy, xx, yy, yx];
  return [xx * across, xy * down, x0, yx * across, yy * down, y0];
}

function checkedPayload(bytes) {
  const isOurs = bytes.length >= HEADER_BYTES && String.fromCharCode(...bytes.subarray(0, 3)) === "GNN";
  require(isOurs, "not a neural payload");
  require(bytes[3] === 0, `format ${bytes[3]} is not known`);
  const length = bytes[4] * 256 + bytes[5];
  require(length >= HEADER_BYTES && length <= bytes.length, `its length says ${length} of ${bytes.length} bytes`);
  const crc = new Reader(bytes, 6).u32();
  require(crc32(bytes.subarray(BODY, length)) === crc, "the CRC does not match");
  return bytes.subarray(0, length);
}

function readHeader(reader) {
  const [flags, octaves, neurons, offsets] = [reader.u8(), reader.u8(), reader.u8(), reader.u8()];
  require(flags >> 5 < PRESETS.length, "an unknown preset");
  require(neurons > 0, "no neurons");
  const offset = (exponent) => (exponent === NO_OFFSET ? 0 : 2 ** -exponent);
  const header = {
    preset: PRESETS[flags >> 5],
    family: FAMILIES[flags & 1],
    domain: DOMAINS[(flags >> 1) & 3],
    outputs: flags & 8 ? 3 : 1,
    isMoved: Boolean(flags & 16),
    positionOctaves: octaves >> 4,
    colorOctaves: octaves & 15,
    neurons,
    baseOffset: offset(offsets >> 4),
    alternateOffset: offset(offsets & 15),
    baseHeadroom: finite(reader.f16()),
    alternateHeadroom: finite(reader.f16()),
    residualShift: finite(reader.f16()),
    residualScale: finite(reader.f16()),
    neuralPsnr: reader.u8() / 4,
    standardPsnr: reader.u8() / 4,
  };
  const { baseHeadroom, alternateHeadroom } = header;
  require(0 <= baseHeadroom && baseHeadroom <= alternateHeadroom && alternateHeadroom <= MAX_HEADROOM, "impossible headrooms");
  return header;
}

function readGrids(reader, grid) {
  const counts = reader.u8();
  const first = firstLevel(grid);
  const levels = [
    ...Array.from({ length: counts >> 4 }, (_, n) => first + n),
    ...Array.from({ length: counts & 15 }, (_, n) => Math.max(first - 1 - n, 0)),
  ];
  const grids = levels.map((level) => ({ level, rows: cellsOf(grid[0], level), columns: cellsOf(grid[1], level) }));
  const total = grids.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  require(total <= MAX_LATENTS, `${total} latents, more than ${MAX_LATENTS}`);
  for (const each of grids) each.step = readStep(reader);
  return { latents: grids.slice(0, counts >> 4), details: grids.slice(counts >> 4) };
}

function readStep(reader) {
  const step = reader.i8();
  require(step <= MAX_STEP, `a step of ${step}`);
  return step;
}

function layerShapes({ family, positionOctaves, colorOctaves, neurons, outputs }, latents) {
  const isMultiscale = family === "multiscale";
  const bias = isMultiscale ? 1 : 0;
  const inputs = isMultiscale ? 14 + 6 * colorOctaves + latents : 4 * positionOctaves + 6 * colorOctaves;
  return [[inputs + bias, neurons], [neurons + bias, neurons], [neurons + bias, outputs]];
}

function readLayer(coder, inputs, outputs, step) {
  const model = new IntegerModel();
  const integers = Int32Array.from({ length: inputs * outputs }, () => model.decode(coder));
  return { inputs, outputs, step, integers, weights: dequantized(integers, step, "weight") };
}

function dequantized(integers, step, name) {
  const largest = LARGEST[name];
  require(integers.every((value) => Math.abs(value) <= largest), `a ${name} above ${largest}`);
  const unit = Math.fround(2 ** (step / 4));
  return Float32Array.from(integers, (value) => value * unit);
}

function checkedCoordinates(coordinates) {
  const [xx, xy, , yx, yy] = coordinates.map(Math.abs);
  const isStraight = xy === 0 && yx === 0 && Math.min(xx, yy) >= MIN_SCALE;
  const isTurned = xx === 0 && yy === 0 && Math.min(xy, yx) >= MIN_SCALE;
  const isBounded = coordinates.every((value) => Math.abs(value) <= MAX_COORDINATE);
  require(isBounded && (isStraight || isTurned), "coordinates that are no crop, flip or quarter turn");
  return coordinates;
}

function require(condition, problem) {
  if (!condition) throw new PayloadError(`neural payload: ${problem}`);
}

function finite(number) {
  require(Number.isFinite(number), "a number that is infinite or none");
  return number;
}

class Reader {
  #bytes;
  #view;
  #at;

  constructor(bytes, at) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  take(count) {
    require(this.#at + count <= this.#bytes.length, `needs ${count} bytes, ${this.#bytes.length - this.#at} left`);
    this.#at += count;
    return this.#bytes.slice(this.#at - count, this.#at);
  }

  #number(size, get) {
    this.take(size);
    return get.call(this.#view, this.#at - size);
  }

  u8() { return this.#number(1, DataView.prototype.getUint8); }
  i8() { return this.#number(1, DataView.prototype.getInt8); }
  u16() { return this.#number(2, DataView.prototype.getUint16); }
  u32() { return this.#number(4, DataView.prototype.getUint32); }
  f32() { return this.#number(4, DataView.prototype.getFloat32); }

  f16() {
    const code = this.u16();
    const [sign, exponent, fraction] = [code & 0x8000 ? -1 : 1, (code >> 10) & 31, code & 1023];
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  }

  rest() { return this.#bytes.subarray(this.#at); }
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
