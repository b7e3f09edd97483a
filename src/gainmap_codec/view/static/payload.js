// The neural payload, format 1: bytes to a network. docs/format.md is its specification; names follow it.

import { APP11, bodiesOf, bodyOf, isOf, joined, parseJpeg } from "./jpeg_segments.js";
import { RangeDecoder, decodeGrids, decodeSteps, decodeWeights } from "./range_coder.js";

const VERSION = 1;
const BODY = 4; // where the fields begin, and what the CRC covers
const MAX_WEIGHT = 4095;
const [MIN_STEP, MAX_STEP] = [-128, 16];
const MAX_COORDINATE = 1024;
const MIN_SCALE = 2 ** -24;
const MAX_WEIGHTS = 1 << 16;
const MAX_LATENTS = 1 << 19;
const MAX_PIXELS = 1 << 26;

const PRESETS = ["paper-gain", "paper-gamma", "balanced", "tiny", "best"];
export const DOMAINS = ["pq_gain", "pq_gamma", "pq_difference", "log2_gain"];
const FAMILIES = ["published", "multiscale"];
const OCTAVES = [0, 1, 2, 3, 4, 6, 8, 12];
const UUID = [0xe2, 0x59, 0xd9, 0xd6, 0xb4, 0x46, 0x4c, 0xf8, 0xa5, 0xd7, 0xdf, 0xcf, 0xbd, 0x2c, 0xce, 0x64];

/** The bytes are no payload that can be used; the message says why. */
export class PayloadError extends Error {
  name = "PayloadError";
}

/**
 * The network in a payload.
 * @param {Uint8Array} bytes The whole payload.
 * @throws {PayloadError}
 */
export function parsePayload(bytes) {
  checkPrefix(bytes);
  const reader = new BitReader(bytes, BODY);
  const network = readFields(reader);
  const grids = gridsOf(network);
  const shapes = layerShapes(network, grids.latents.length);
  require(shapes.reduce((sum, [inputs, outputs]) => sum + inputs * outputs, 0) <= MAX_WEIGHTS, "too many weights");
  const coder = new RangeDecoder(integersOf(network, reader.rest()));
  const steps = decodeSteps([shapes.length, grids.latents.length, grids.details.length], coder);
  steps.flat().forEach(requireStep);
  network.layers = decodeWeights(shapes, coder).map((integers, n) => layerOf(shapes[n], integers, steps[0][n]));
  decodeGrids([...[...grids.latents].reverse(), ...grids.details], grids.latents.length, coder);
  [...grids.latents, ...grids.details].forEach((grid, n) => {
    grid.step = steps.flat()[shapes.length + n];
    grid.values = dequantized(grid.values, grid.step);
  });
  require(coder.exhausted, "bytes are left behind the last integer");
  return Object.assign(network, grids);
}

/** The integers of what is behind the fields; a picture gets its frame. In front of both is how long the integers are. */
function integersOf({ picture }, rest) {
  if (!picture) return rest;
  let [size, at] = [0, 0];
  do size += (rest[at] & 127) * 2 ** (7 * at); while (rest[at++] >= 128 && at < 4);
  require(at + size <= rest.length, "integers that are cut off");
  picture.frame = rest.subarray(at + size);
  return rest.subarray(at, at + size);
}

/** The payload in a gain-map JPEG, or null: what follows our UUID in the APP11 segments in front of the scan. */
export function payloadOfJpeg(bytes) {
  const image = parseJpeg(bytes);
  return image && payloadOf(image);
}

/** As `payloadOfJpeg`, of a file that is parsed already. */
export function payloadOf(image) {
  const whole = joined(bodiesOf(image, APP11, "").map(continued));
  const at = placeOfUuid(whole);
  return at < 0 ? null : behind(whole, at);
}

/** Whether a segment holds a payload, or a part of one: our packets are numbered within the box instance "GN". */
export function isPayload(image, segment) {
  return isOf(image, segment, APP11, "JPGN") || (segment.marker === APP11 && placeOfUuid(bodyOf(image, segment)) >= 0);
}

function placeOfUuid(bytes) {
  let at = bytes.indexOf(UUID[0]);
  while (at >= 0 && !UUID.every((byte, n) => bytes[at + n] === byte)) at = bytes.indexOf(UUID[0], at + 1);
  return at;
}

/** The body of a segment; of one that goes on with a box of the one before, what it adds. */
function continued(body) {
  const packet = body.length >= 16 && body[0] === 0x4a && body[1] === 0x50 ? new DataView(body.buffer, body.byteOffset).getUint32(4) : 1;
  return packet > 1 ? body.subarray(16) : body;
}

/** What follows our UUID, as far as its box goes, where that stands in front of it. */
function behind(whole, at) {
  const box = String.fromCharCode(...whole.subarray(Math.max(at - 4, 0), at)) === "uuid" && at >= 8;
  const size = box ? new DataView(whole.buffer).getUint32(at - 8) : whole.length;
  return whole.slice(at + UUID.length, at - 8 + size);
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

function checkPrefix(bytes) {
  const isTrial = String.fromCharCode(...bytes.subarray(0, 4)) === "GNN\0";
  require(!isTrial, "of format 0, a trial version; make the map again");
  require(bytes.length >= BODY && bytes[0] === 0xf6 && bytes[1] >> 4 === 4, "not a neural payload");
  require((bytes[1] & 15) === VERSION, `format ${bytes[1] & 15} is not known`);
  require((crc32(bytes.subarray(BODY)) & 0xffff) === bytes[2] * 256 + bytes[3], "damaged: its checksum is another");
}

/** All in front of the integers but the step exponents, in file order. */
function readFields(reader) {
  const family = FAMILIES[reader.bits(1)];
  const isMultiscale = family === "multiscale";
  const preset = PRESETS[reader.bits(3)];
  require(preset, "an unknown preset");
  const network = { preset, family, domain: DOMAINS[reader.bits(2)], outputs: reader.bits(1) ? 3 : 1 };
  network.hasPicture = reader.bits(1) === 1;
  require(isMultiscale || !network.hasPicture, "a picture in the family published");
  network.neurons = reader.bits(6) + 1;
  network.positionOctaves = isMultiscale ? 0 : OCTAVES[reader.bits(3)];
  network.colorOctaves = OCTAVES[reader.bits(3)];
  [network.latentCount, network.detailCount] = isMultiscale ? [reader.bits(3), reader.bits(3)] : [0, 0];
  network.grid = isMultiscale ? readSize(reader) : [0, 0];
  network.alternateHeadroom = reader.bits(13) / 256;
  network.baseHeadroom = reader.bits(1) ? reader.bits(13) / 256 : 0;
  require(network.baseHeadroom <= network.alternateHeadroom, "impossible headrooms");
  Object.assign(network, readRange(reader));
  [network.baseOffset, network.alternateOffset] = readOffsets(reader);
  [network.colorShift, network.colorScale] = isMultiscale ? [0, 1] : [finite(reader.f16()), finite(reader.f16())];
  network.coordinates = [1, 0, 0, 0, 1, 0];
  if (reader.bits(1)) network.coordinates = checkedCoordinates(Array.from({ length: 6 }, () => reader.f32()));
  network.picture = network.hasPicture ? readPicture(reader, network.grid) : null;
  network.neuralPsnr = reader.bits(8) / 4;
  network.standardPsnr = reader.bits(8) / 4;
  reader.align();
  network.binding = { strict: reader.bytes(4), soft: reader.bytes(13) };
  return network;
}

/** What the fields say of a picture. */
function readPicture(reader, grid) {
  const picture = { level: reader.bits(4), zero: reader.bits(8), step: readStep(reader), tools: reader.bits(7) };
  const [rows, columns] = grid.map((side) => cellsOf(side, picture.level));
  require(rows * columns <= MAX_PIXELS, `a picture of ${rows} × ${columns}`);
  return { ...picture, rows, columns };
}

function readSize(reader) {
  const count = reader.bits(4) + 1;
  return [reader.bits(count) + 1, reader.bits(count) + 1];
}

function readRange(reader) {
  const residualScale = finite(f16(reader.bits(12) << 3));
  require(residualScale > 0, "a residual scale of 0");
  const shift = (reader.bits(12) ^ 2048) - 2048;
  return { residualShift: (shift * residualScale) / 128, residualScale };
}

function readOffsets(reader) {
  const kind = reader.bits(2);
  if (kind < 2) return [kind / 64, kind / 64];
  const base = finite(reader.f16());
  const alternate = kind === 3 ? finite(reader.f16()) : base;
  require(Math.min(base, alternate) >= 0, "an offset below 0");
  return [base, alternate];
}

/** Latents and details, without steps and values. */
function gridsOf({ grid, latentCount, detailCount }) {
  const first = firstLevel(grid);
  const levels = [
    ...Array.from({ length: latentCount }, (_, n) => first + n),
    ...Array.from({ length: detailCount }, (_, n) => Math.max(first - 1 - n, 0)),
  ];
  const grids = levels.map((level) => ({ level, rows: cellsOf(grid[0], level), columns: cellsOf(grid[1], level) }));
  const total = grids.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  require(total <= MAX_LATENTS, `${total} latents, more than ${MAX_LATENTS}`);
  return { latents: grids.slice(0, latentCount), details: grids.slice(latentCount) };
}

function readStep(reader) {
  return requireStep(reader.i8());
}

function requireStep(step) {
  require(MIN_STEP <= step && step <= MAX_STEP, `a step of ${step}`);
  return step;
}

function layerShapes({ family, positionOctaves, colorOctaves, neurons, outputs }, latents) {
  const isMultiscale = family === "multiscale";
  const bias = isMultiscale ? 1 : 0;
  const inputs = isMultiscale ? 14 + 6 * colorOctaves + latents : 4 * positionOctaves + 6 * colorOctaves;
  return [[inputs + bias, neurons], [neurons + bias, neurons], [neurons + bias, outputs]];
}

function layerOf([inputs, outputs], integers, step) {
  require(integers.every((weight) => Math.abs(weight) <= MAX_WEIGHT), `a weight above ${MAX_WEIGHT}`);
  return { inputs, outputs, step, integers, weights: dequantized(integers, step) };
}

function dequantized(integers, step) {
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

function f16(code) {
  const [sign, exponent, fraction] = [code & 0x8000 ? -1 : 1, (code >> 10) & 31, code & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}

/** Numbers bit by bit, the most significant bit first. */
class BitReader {
  #bytes;
  #at; // of the next bit

  constructor(bytes, start) {
    this.#bytes = bytes;
    this.#at = 8 * start;
  }

  bits(count) {
    require(this.#at + count <= 8 * this.#bytes.length, `needs ${count} bits, ${8 * this.#bytes.length - this.#at} left`);
    let number = 0;
    for (const stop = this.#at + count; this.#at < stop; this.#at++) {
      number = 2 * number + ((this.#bytes[this.#at >> 3] >> (7 - (this.#at & 7))) & 1);
    }
    return number;
  }

  bytes(count) { return Uint8Array.from({ length: count }, () => this.bits(8)); }
  i8() { return (this.bits(8) << 24) >> 24; }
  f16() { return f16(this.bits(16)); }

  f32() {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, this.bits(32));
    return view.getFloat32(0);
  }

  align() {
    require(this.bits((8 - (this.#at & 7)) & 7) === 0, "bits that fill a byte are not 0");
  }

  rest() { return this.#bytes.subarray(this.#at >> 3); }
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
