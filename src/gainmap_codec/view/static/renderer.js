// Renditions of one picture by WebGL 2: its base, its standard gain map, its neural gain map, for any headroom.

import { FROM_BT2020, headroomWeight, inverse } from "./color.js";
import { DOMAINS } from "./payload.js";
import { renditionFragment } from "./shaders.js";
import { residualTexture } from "./neural_texture.js";
import { Program, makeTexture } from "./webgl.js";
import { rasterPlaces } from "./working_grid.js";

/** A picture whose maps have been made ready; sizes and code values are those of the base as it is looked at. */
export class Renderer {
  #gl;
  #programs = new Map();
  #picture;
  #color;
  #shared;

  /**
   * @param {HTMLCanvasElement|OffscreenCanvas} canvas Takes on the picture's size.
   * @param picture {data, width, height}: RGBA code values as in ImageData.
   * @param color {curves, toBt2020}: what the code values mean (`srgbCurves`, `TO_BT2020`).
   */
  constructor(canvas, picture, color) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
    if (!gl) throw new Error("WebGL 2 is missing in this browser");
    const largest = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    if (Math.max(picture.width, picture.height) > largest) throw new Error(`WebGL: expected sides of at most ${largest} pixels`);
    [this.#gl, this.#picture, this.#color] = [gl, picture, color];
    [canvas.width, canvas.height] = [picture.width, picture.height];
    const curves = new Float32Array(256 * 4);
    for (let n = 0; n < 768; n++) curves[Math.floor(n / 3) * 4 + (n % 3)] = color.curves[n];
    this.#shared = {
      base: makeTexture(gl, picture.width, picture.height, picture.data),
      curves: makeTexture(gl, 256, 1, curves),
      size: [picture.width, picture.height],
      toBt2020: color.toBt2020,
    };
  }

  get gl() {
    return this.#gl;
  }

  /** Call back when the graphics processor has given up, or was told to. */
  whenLost(callback) {
    this.#gl.canvas.addEventListener("webglcontextlost", callback, { once: true });
  }

  /** Give back what the graphics processor holds; nothing can be drawn afterwards. */
  close() {
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  /** The base as it is, as a map. */
  baseMap() {
    return { kind: "base", values: this.#mapValues(this.#shared.base, 1, 1), weightAt: () => 1, headroom: 0 };
  }

  /** A network of `parsePayload` made ready. */
  neuralMap(network) {
    const { texture, rows, columns, grid } = residualTexture(this.#gl, network, this.#picture, this.#color);
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
    const texture = makeTexture(this.#gl, picture.width, picture.height, picture.data);
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
   * Draw to the canvas, in its own colour space, with the sRGB curve.
   * @param map What a method above returned.
   * @param options `headroom` of the display, log2; `exposure`, a factor; `space`, "srgb" or "display-p3"; `isExtended`,
   *   values above 1 are kept.
   */
  draw(map, options) {
    this.#gl.bindFramebuffer(this.#gl.FRAMEBUFFER, null);
    this.#draw(map, "display", { ...options, isUpsideDown: true });
  }

  /** As `draw`, to an array of half floats (Uint16Array, RGBA, from the top), or null where they cannot be read. */
  readHalfFloats(map, options) {
    const gl = this.#gl;
    return this.#readBack(gl.RGBA16F, () => {
      this.#draw(map, "display", options);
      if (gl.getParameter(gl.IMPLEMENTATION_COLOR_READ_TYPE) !== gl.HALF_FLOAT) return null;
      return this.#pixels(gl.HALF_FLOAT, new Uint16Array(this.#picture.width * this.#picture.height * 4));
    });
  }

  /** Linear BT.2020, 1 = SDR white: Float32Array, RGBA, from the top. */
  readLinear(map, headroom) {
    return this.#readBack(this.#gl.RGBA32F, () => {
      this.#draw(map, "linear", { headroom });
      return this.#pixels(this.#gl.FLOAT, new Float32Array(this.#picture.width * this.#picture.height * 4));
    });
  }

  /** How much brighter the whole HDR rendition is than the base, as ImageData: white is `fullGain` stops. */
  readGain(map, fullGain) {
    return this.#readBack(this.#gl.RGBA8, () => {
      this.#draw(map, "gain", { headroom: Infinity, fullGain });
      const { width, height } = this.#picture;
      const pixels = this.#pixels(this.#gl.UNSIGNED_BYTE, new Uint8Array(width * height * 4));
      return new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
    });
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

  #draw(map, output, options) {
    const key = `${map.kind} ${output}`;
    if (!this.#programs.has(key)) this.#programs.set(key, new Program(this.#gl, renditionFragment(map.kind, output)));
    const { headroom, exposure = 1, fullGain = 1, space = "srgb" } = options;
    this.#programs.get(key).draw(this.#picture.width, this.#picture.height, {
      ...this.#shared,
      ...map.values,
      fromBt2020: FROM_BT2020[space],
      weight: map.weightAt(headroom),
      most: map.most?.(headroom) ?? 0,
      exposure,
      fullGain,
      isExtended: options.isExtended ?? false,
      isUpsideDown: options.isUpsideDown ?? false,
    });
  }

  #readBack(format, read) {
    const gl = this.#gl;
    if (format !== gl.RGBA8 && !gl.getExtension("EXT_color_buffer_float")) return null;
    const texture = makeTexture(gl, this.#picture.width, this.#picture.height, null, format);
    const framebuffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    const found = read();
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.deleteFramebuffer(framebuffer);
    gl.deleteTexture(texture);
    return found;
  }

  #pixels(type, values) {
    const { width, height } = this.#picture;
    this.#gl.readPixels(0, 0, width, height, this.#gl.RGBA, type, values);
    return values;
  }
}
