// Renditions of one picture by WebGL 2: its base, its standard gain map, its neural gain map, for any headroom.

import { FROM_BT2020, headroomWeight, inverse, transform } from "./color.js";
import { DOMAINS } from "./payload.js";
import { renditionFragment } from "./shaders.js";
import { residualTexture } from "./neural_texture.js";
import { Program, makeTexture, readBack } from "./webgl.js";
import { rasterPlaces } from "./working_grid.js";

const programs = new WeakMap(); // of each context, by what they draw

/** All of an output, as `drawTo` wants it. */
export const placeOf = (width, height) => ({ left: 0, top: 0, width, height, outputHeight: height });

/** A picture whose maps have been made ready; sizes and code values are those of the base as it is looked at. */
export class Renderer {
  #gl;
  #textures = [];
  #picture;
  #color;
  #shared;

  /**
   * @param {HTMLCanvasElement|OffscreenCanvas} canvas Whose WebGL 2 is used; several pictures may share one.
   * @param picture {data, width, height}: RGBA code values as in ImageData.
   * @param color {curves, toBt2020}: what the code values mean (`srgbCurves`, `TO_BT2020`).
   */
  constructor(canvas, picture, color) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
    if (!gl) throw new Error("WebGL 2 is missing in this browser");
    const largest = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    if (Math.max(picture.width, picture.height) > largest) throw new Error(`WebGL: expected sides of at most ${largest} pixels`);
    [this.#gl, this.#picture, this.#color] = [gl, picture, color];
    const curves = new Float32Array(256 * 4);
    for (let n = 0; n < 768; n++) curves[Math.floor(n / 3) * 4 + (n % 3)] = color.curves[n];
    this.#shared = {
      base: this.#texture(picture.width, picture.height, picture.data),
      curves: this.#texture(256, 1, curves),
      size: [picture.width, picture.height],
      toBt2020: color.toBt2020,
    };
  }

  get gl() {
    return this.#gl;
  }

  get width() {
    return this.#picture.width;
  }

  get height() {
    return this.#picture.height;
  }

  /** The base's code values of a pixel: R, G, B. */
  codesAt(x, y) {
    const at = (y * this.width + x) * 4;
    return this.#picture.data.subarray(at, at + 3);
  }

  /** Linear light of a pixel for a display of this headroom, in linear BT.2020; null where it cannot be read. */
  lightAt(map, headroom, x, y) {
    const place = { ...placeOf(1, 1), window: [x, y, 1], samples: 1 };
    return this.read(place, map, "linear", { headroom }, Float32Array)?.subarray(0, 3) ?? null;
  }

  /** The same in the base's own primaries, of linear BT.2020. */
  inOwnPrimaries(light) {
    return transform(inverse(this.#color.toBt2020), light);
  }

  /** Call back when the graphics processor has given up, or was told to. */
  whenLost(callback) {
    this.#gl.canvas.addEventListener("webglcontextlost", callback, { once: true });
  }

  /** Give back the memory that the graphics processor holds; nothing can be drawn afterwards. */
  close() {
    for (const texture of this.#textures) this.#gl.deleteTexture(texture);
  }

  /** The base as it is, as a map. */
  baseMap() {
    return { kind: "base", values: this.#mapValues(this.#shared.base, 1, 1), weightAt: () => 1, headroom: 0 };
  }

  /** A network of `parsePayload` made ready. */
  neuralMap(network) {
    const { texture, rows, columns, grid } = residualTexture(this.#gl, network, this.#picture, this.#color);
    this.#textures.push(texture);
    const values = {
      ...this.#mapValues(texture, rows, columns),
      domain: DOMAINS.indexOf(network.domain),
      isMonochrome: network.outputs === 1,
      offsets: [network.baseOffset, network.alternateOffset],
    };
    if (grid) {
      const [x, y] = [rasterPlaces(grid.columns), rasterPlaces(grid.rows)];
      values.places = [x.scale, x.shift, y.scale, y.shift];
      values.orientation = [grid.isTurned, grid.flipsColumns, grid.flipsRows].map(Number);
    }
    const { baseHeadroom, alternateHeadroom } = network;
    const weightAt = (headroom) => headroomWeight(headroom, baseHeadroom, alternateHeadroom);
    return { kind: "neural", values, weightAt, headroom: alternateHeadroom };
  }

  /**
   * A standard gain map made ready.
   * @param picture Its code values, RGBA.
   * @param metadata Of ISO 21496-1: `min`, `max`, `gamma`, `baseOffset`, `alternateOffset` with three numbers each,
   *   `baseHeadroom`, `alternateHeadroom` (log2), and `mathsToBt2020`, the primaries of the maths. Of Apple's kind:
   *   `appleHeadroom`, linear.
   */
  standardMap(picture, metadata) {
    const texture = this.#texture(picture.width, picture.height, picture.data);
    const fromMaths = metadata.mathsToBt2020 ?? this.#color.toBt2020;
    const values = {
      ...this.#mapValues(texture, picture.height, picture.width),
      toMaths: inverse(fromMaths),
      fromMaths,
    };
    if (metadata.appleHeadroom) {
      const most = (headroom) => Math.min(metadata.appleHeadroom, 2 ** headroom) - 1;
      return { kind: "apple", values, weightAt: () => 1, most, headroom: Math.log2(metadata.appleHeadroom) };
    }
    const { baseHeadroom, alternateHeadroom, min, max, gamma, baseOffset, alternateOffset } = metadata;
    const exponent = gamma.map((value) => 1 / value);
    Object.assign(values, { mapMin: min, mapMax: max, exponent, baseOffset, alternateOffset });
    const weightAt = (headroom) => headroomWeight(headroom, baseHeadroom, alternateHeadroom);
    return { kind: "iso21496", values, weightAt, headroom: alternateHeadroom };
  }

  /**
   * Draw the whole picture to the canvas, in its own colour space, with the sRGB curve.
   * @param map What a method above returned.
   * @param options As in `drawTo`.
   */
  draw(map, options) {
    this.#gl.bindFramebuffer(this.#gl.FRAMEBUFFER, null);
    this.drawTo(this.#whole(), map, "display", { ...options, isUpsideDown: true });
  }

  /**
   * Draw a part of the picture into the framebuffer that is bound.
   * @param place `left`, `top`, `width` and `height` of what is drawn to in an output of `outputHeight` rows (`placeOf` is
   *   all of one); `window`: where in the picture the output's column 0 and its top row begin, and the step from pixel to
   *   pixel; `samples` of the picture along each side of a pixel.
   * @param map What a method above returned.
   * @param output As in `renditionFragment`.
   * @param options `headroom` of the display, log2; `exposure`, a factor; `space`, "srgb" or "display-p3"; `isExtended`,
   *   values above 1 are kept; `peak`, the light that is squeezed to white, where 1 cuts off there; `limit`, beyond which
   *   light counts as cut off; `fullGain`, the stops that are white in "gain".
   */
  drawTo(place, map, output, options) {
    const { left, top, width, height, outputHeight, window, samples } = place;
    const { headroom, exposure = 1, peak = 1, limit = 1, fullGain = 1, space = "srgb" } = options;
    this.#program(map.kind, output).draw(width, height, {
      ...this.#shared,
      ...map.values,
      fromBt2020: FROM_BT2020[space],
      weight: map.weightAt(headroom),
      most: map.most?.(headroom) ?? 0,
      window,
      samples,
      outputHeight,
      exposure,
      peak,
      limit,
      fullGain,
      isExtended: options.isExtended ?? false,
      isUpsideDown: options.isUpsideDown ?? false,
    }, left, options.isUpsideDown ? outputHeight - top - height : top);
  }

  /** As `draw`, to an array of half floats (Uint16Array, RGBA, from the top), or null where they cannot be read. */
  readHalfFloats(map, options) {
    return this.read(this.#whole(), map, "display", options, Uint16Array);
  }

  /** Linear BT.2020, 1 = SDR white: Float32Array, RGBA, from the top. */
  readLinear(map, headroom) {
    return this.read(this.#whole(), map, "linear", { headroom }, Float32Array);
  }

  /** How much brighter the whole HDR rendition is than the base, as ImageData: white is `fullGain` stops. */
  readGain(map, fullGain, place = this.#whole()) {
    const pixels = this.read(place, map, "gain", { headroom: Infinity, fullGain }, Uint8Array);
    return new ImageData(new Uint8ClampedArray(pixels.buffer), place.width, place.height);
  }

  /** What `drawTo` draws, RGBA from the top: an array of `Values`, Uint8Array, Uint16Array (half floats) or Float32Array. */
  read(place, map, output, options, Values) {
    const gl = this.#gl;
    const format = { Uint8Array: gl.RGBA8, Uint16Array: gl.RGBA16F, Float32Array: gl.RGBA32F }[Values.name];
    const values = new Values(place.width * place.height * 4);
    return readBack(gl, format, place.width, place.height, values, () => this.drawTo(place, map, output, options));
  }

  #whole() {
    return { ...placeOf(this.width, this.height), window: [0, 0, 1], samples: 1 };
  }

  #mapValues(texture, rows, columns) {
    const { width, height } = this.#picture;
    const [across, down] = [columns / width, rows / height];
    return {
      gainMap: texture,
      mapSize: [columns, rows],
      places: [across, across / 2 - 0.5, down, down / 2 - 0.5],
      orientation: [0, 0, 0],
    };
  }

  #texture(...values) {
    const texture = makeTexture(this.#gl, ...values);
    this.#textures.push(texture);
    return texture;
  }

  #program(kind, output) {
    const made = programs.get(this.#gl) ?? new Map();
    programs.set(this.#gl, made);
    const key = `${kind} ${output}`;
    if (!made.has(key)) made.set(key, new Program(this.#gl, renditionFragment(kind, output)));
    return made.get(key);
  }
}
