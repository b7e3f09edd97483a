// Where a network is evaluated, and how a raster lies over that: docs/format.md, "The grid".

import { cellsOf } from "./payload.js";

const NEAR = 1e-6; // of a cell: what rounding may add to an edge

/**
 * A raster over a network's working grid.
 * Both axes run towards larger coordinates; `isTurned` and the flips say how the raster lies to them.
 */
export function workingGrid({ grid, coordinates }, height, width) {
  const [xx, xy, x0, yx, yy, y0] = coordinates;
  const isTurned = xx === 0;
  const [xScale, yScale] = isTurned ? [xy, yx] : [xx, yy];
  const [down, across] = isTurned ? [width, height] : [height, width];
  return {
    rows: axisOver(down, grid[0], yScale, y0),
    columns: axisOver(across, grid[1], xScale, x0),
    isTurned,
    flipsRows: yScale < 0,
    flipsColumns: xScale < 0,
  };
}

/** One side: `size` pixels over `cells` cells; `parts` equal parts of start…stop are evaluated. */
function axisOver(size, cells, scale, shift) {
  const [low, high] = [shift - Math.abs(scale), shift + Math.abs(scale)];
  const first = Math.min(Math.max(Math.floor(((low + 1) / 2) * cells + NEAR), 0), cells - 1);
  const last = Math.max(Math.min(Math.ceil(((high + 1) / 2) * cells - NEAR), cells), first + 1);
  if (last - first > size) return { size, cells, low, high, start: low, stop: high, parts: size };
  return { size, cells, low, high, start: (2 * first) / cells - 1, stop: (2 * last) / cells - 1, parts: last - first };
}

/** The network's coordinate of a part's centre is scale · n + shift. */
export function centers({ start, stop, parts }) {
  const scale = (stop - start) / parts;
  return { scale, shift: start + scale / 2 };
}

/** Where a level's cells lie: part n is at scale · n + shift, in cells from the first one's centre, before clamping. */
export function levelPlaces(axis, cells) {
  const { scale, shift } = centers(axis);
  return { scale: (scale * cells) / 2, shift: ((shift + 1) * cells) / 2 - 0.5 };
}

/** Where the parts lie under the raster: pixel n is at scale · n + shift, in parts from the first one's centre. */
export function rasterPlaces({ size, low, high, start, stop, parts }) {
  const pixel = (high - low) / size;
  const unit = parts / (stop - start);
  return { scale: pixel * unit, shift: (low + pixel / 2 - start) * unit - 0.5 };
}

/** Pixels RGBA (Uint8) the way that the network's coordinates run. */
export function turnedPixels({ data, width, height }, { isTurned, flipsRows, flipsColumns }) {
  if (!isTurned && !flipsRows && !flipsColumns) return data;
  const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const turned = new Uint32Array(width * height);
  const [rows, columns] = isTurned ? [width, height] : [height, width];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const y = flipsRows ? rows - 1 - row : row;
      const x = flipsColumns ? columns - 1 - column : column;
      turned[row * columns + column] = isTurned ? pixels[x * width + y] : pixels[y * width + x];
    }
  }
  return new Uint8Array(turned.buffer);
}

/** Means of RGBA pixels over the parts: Float32Array of rows.parts × columns.parts × 4. */
export function averagedOverParts(pixels, { rows, columns }, { means }) {
  const isWhole = [rows, columns].every(({ start, stop, low, high, parts, size }) => start === low && stop === high && parts === size);
  return isWhole ? new Float32Array(pixels) : means(pixels, columns.size, partEdges(rows), partEdges(columns));
}

/** Means of RGBA pixels (Uint8) between edges, both ways, of rows of `width` pixels: Float32Array, RGBA. */
export function meansOfPixels(pixels, width, rowEdges, columnEdges) {
  const lines = averaged(pixels, { before: 1, size: pixels.length / 4 / width, behind: width * 4 }, rowEdges);
  return averaged(lines, { before: rowEdges.length - 1, size: width, behind: 4 }, columnEdges);
}

/** Means of values on the parts (RGBA) over a level's cells. */
export function averagedOverLevel(values, { rows, columns }, level) {
  const [down, across] = [cellsOf(rows.cells, level), cellsOf(columns.cells, level)];
  const lines = averaged(values, { before: 1, size: rows.parts, behind: columns.parts * 4 }, levelEdges(rows, down));
  const layout = { before: down, size: columns.parts, behind: 4 };
  return { rows: down, columns: across, level, values: averaged(lines, layout, levelEdges(columns, across)) };
}

/** Edges of the parts in pixels; what is whole but for rounding is whole. */
function partEdges({ start, stop, parts, low, high, size }) {
  return Array.from({ length: parts + 1 }, (_, n) => {
    const coordinate = start + ((stop - start) * n) / parts;
    const edge = Math.min(Math.max((coordinate - low) * (size / (high - low)), 0), size);
    return Math.abs(edge - Math.round(edge)) < NEAR ? Math.round(edge) : edge;
  });
}

function levelEdges({ start, stop, parts }, cells) {
  return Array.from({ length: cells + 1 }, (_, n) => {
    const edge = ((2 * n) / cells - 1 - start) * (parts / (stop - start));
    return Math.min(Math.max(edge, 0), parts);
  });
}

/**
 * Means between successive edges along the middle axis of before × size × behind values; edges cut values, and an
 * empty window takes the value next to it.
 */
export function averaged(values, { before, size, behind }, edges) {
  const windows = windowsOf(edges, size);
  const means = new Float32Array(before * windows.length * behind);
  const sums = new Float64Array(behind);
  for (let outer = 0, at = 0; outer < before; outer++) {
    const start = outer * size;
    for (const { places, shares } of windows) {
      sums.fill(0);
      for (let n = 0; n < places.length; n += 4) { // four at a time: reading and writing the sums costs more
        const [p, q, r, s] = [shares[n], shares[n + 1], shares[n + 2], shares[n + 3]];
        let a = (start + places[n]) * behind;
        let b = (start + places[n + 1]) * behind;
        let c = (start + places[n + 2]) * behind;
        let d = (start + places[n + 3]) * behind;
        for (let inner = 0; inner < behind; inner++) {
          sums[inner] += p * values[a++] + q * values[b++] + r * values[c++] + s * values[d++];
        }
      }
      for (let inner = 0; inner < behind; inner++) means[at++] = sums[inner];
    }
  }
  return means;
}

/** What lies between successive edges: places, and the share of each in the mean. */
export const windowsOf = (edges, size) => edges.slice(1).map((stop, n) => windowOf(edges[n], stop, size));

/** The values of a window and the part that each has in its mean; filled up to a multiple of four by parts of 0. */
function windowOf(start, stop, size) {
  const isEmpty = stop - start <= NEAR;
  const first = Math.min(Math.floor(start), size - 1);
  const last = isEmpty ? first + 1 : Math.ceil(stop);
  const length = Math.ceil((last - first) / 4) * 4;
  const places = Int32Array.from({ length }, (_, n) => Math.min(first + n, last - 1));
  const shares = Float64Array.from({ length }, (_, n) => {
    if (first + n >= last) return 0;
    return isEmpty ? 1 : (Math.min(stop, first + n + 1) - Math.max(start, first + n)) / (stop - start);
  });
  return { places, shares };
}

/** Between which two of `count` values a place lies, and how near it is to the second. */
export function tapsAt(place, count) {
  const clamped = Math.min(Math.max(place, 0), count - 1);
  const first = Math.floor(clamped);
  return [first, Math.ceil(clamped), clamped - first];
}
