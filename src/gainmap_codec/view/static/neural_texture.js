// A network's residuals as a texture: evaluated by the graphics processor, or by the other one where that cannot.

import { multiscaleFragment, publishedFragment } from "./shaders.js";
import { gridInputs, octaves, publishedColors, publishedPlace, residualOf } from "./network.js";
import { Program, asRgba, makeTexture } from "./webgl.js";
import { baseLight } from "./color.js";
import { centers, levelPlaces } from "./working_grid.js";

/** @returns {{texture, rows, columns, grid}}; without a grid, a residual for each pixel of the picture. */
export function residualTexture(gl, network, picture, color) {
  const isPublished = network.family === "published";
  const evaluated = gl.getExtension("EXT_color_buffer_float")
    && (isPublished ? publishedResiduals(gl, network, picture, color) : gridResiduals(gl, network, picture));
  if (evaluated) return evaluated;
  const { values, rows, columns, grid } = residualOf(network, picture, color);
  return { texture: makeTexture(gl, columns, rows, asRgba(values, network.outputs)), rows, columns, grid };
}

function gridResiduals(gl, network, picture) {
  const { grid, means, around } = gridInputs(network, picture);
  const levels = [...around, ...network.latents, ...network.details];
  if (network.picture) levels.push(network.picture);
  const [down, across] = [grid.rows.parts, grid.columns.parts];
  const atlasColumns = Math.max(...levels.map(({ columns }) => columns));
  const atlasRows = levels.reduce((sum, { rows }) => sum + rows, 0);
  if (Math.max(atlasColumns, atlasRows) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return null;
  const atlas = new Float32Array(atlasRows * atlasColumns * 4);
  const [shapes, places] = [[], []];
  let top = 0;
  for (const { rows, columns, values } of levels) {
    const rgba = values.length === rows * columns ? asRgba(values, 1) : values;
    for (let row = 0; row < rows; row++) {
      atlas.set(rgba.subarray(row * columns * 4, (row + 1) * columns * 4), (top + row) * atlasColumns * 4);
    }
    shapes.push(top, rows, columns);
    const [x, y] = [levelPlaces(grid.columns, columns), levelPlaces(grid.rows, rows)];
    places.push(x.scale, x.shift, y.scale, y.shift);
    top += rows;
  }
  const [x, y] = [centers(grid.columns), centers(grid.rows)];
  const fragment = multiscaleFragment({
    neurons: network.neurons,
    colorOctaves: network.colorOctaves,
    latents: network.latents.length,
    details: network.details.length,
    hasPicture: Boolean(network.picture),
  });
  const texture = evaluate(gl, fragment, network, across, down, 0, {
    means: makeTexture(gl, across, down, means),
    grids: makeTexture(gl, atlasColumns, atlasRows, atlas),
    shapes,
    places,
    centers: [x.scale, x.shift, y.scale, y.shift],
  });
  return { texture, rows: down, columns: across, grid };
}

function publishedResiduals(gl, network, picture, color) {
  const { data, width, height } = picture;
  const inputs = new Float32Array(width * height * 4);
  for (let at = 0; at < inputs.length; at += 4) {
    inputs.set(publishedColors(network, baseLight(data, at, color)), at); // here: PQ needs more than a shader's powers
  }
  const isTurned = network.coordinates[0] === 0;
  const table = (count, coordinate, placeOf) => tableOf(network, count, coordinate, placeOf);
  const fragment = publishedFragment(network);
  const columns = table(width, isTurned ? 1 : 0, (n) => publishedPlace(network, 0, n, height, width));
  const rows = table(height, isTurned ? 0 : 1, (n) => publishedPlace(network, n, 0, height, width));
  const vectors = Math.ceil(network.neurons / 4);
  const texture = evaluate(gl, fragment, network, width, height, 4 * network.positionOctaves, {
    inputs: makeTexture(gl, width, height, inputs),
    alongColumns: makeTexture(gl, vectors, width, columns),
    alongRows: makeTexture(gl, vectors, height, rows),
  });
  return { texture, rows: height, columns: width, grid: null };
}

/** What one coordinate brings to the first layer, for each column or row. */
function tableOf({ positionOctaves, neurons, layers }, count, coordinate, placeOf) {
  const width = Math.ceil(neurons / 4) * 4;
  const table = new Float32Array(count * width);
  for (let n = 0; n < count; n++) {
    octaves(placeOf(n)[coordinate], positionOctaves, 0).forEach((feature, k) => {
      const input = coordinate * 2 * positionOctaves + k;
      for (let neuron = 0; neuron < neurons; neuron++) {
        table[n * width + neuron] += feature * layers[0].weights[input * neurons + neuron];
      }
    });
  }
  return table;
}

/** Run a network's program; `skipped` inputs of the first layer stand in tables. */
function evaluate(gl, fragment, network, width, height, skipped, values) {
  const vectors = Math.ceil(network.neurons / 4);
  const rows = network.layers.flatMap(({ inputs, outputs, weights }, layer) =>
    Array.from({ length: inputs }, (_, n) => weights.subarray(n * outputs, (n + 1) * outputs))
      .slice(layer === 0 ? skipped : 0));
  const weights = new Float32Array(rows.length * vectors * 4);
  rows.forEach((row, n) => weights.set(row, n * vectors * 4));
  const inputs = { ...values, weights: makeTexture(gl, vectors, rows.length, weights) };
  const texture = makeTexture(gl, width, height, null, gl.RGBA32F);
  const framebuffer = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  const residualRange = [network.residualShift, network.residualScale];
  new Program(gl, fragment).draw(width, height, { ...inputs, residualRange });
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  gl.deleteFramebuffer(framebuffer);
  for (const value of Object.values(inputs)) if (value instanceof WebGLTexture) gl.deleteTexture(value);
  return texture;
}
