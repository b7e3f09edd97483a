// The canvas that pictures are looked at on: panes side by side, each a window onto a rendition. One WebGL context holds
// all pictures; on an HDR screen its half floats are shown by WebGPU.

import { hdrScreen, openHdrCanvas } from "./hdr_output.js";
import { samplesOf, scaleOf, windowOf } from "./pan_zoom.js";
import { Renderer } from "./renderer.js";
import { loseContext, readBack } from "./webgl.js";

export class Stage {
  #canvas = document.createElement("canvas");
  #gl;
  #screen = null;
  #space;

  /** @throws {Error} The browser has no WebGL 2. */
  static async open() {
    const stage = new Stage();
    stage.#screen = hdrScreen().matches && stage.#gl.getExtension("EXT_color_buffer_float") ? await openHdrCanvas() : null;
    return stage;
  }

  constructor() {
    this.#gl = this.#canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
    if (!this.#gl) throw new Error("WebGL 2 is missing in this browser");
    this.#space = "drawingBufferColorSpace" in this.#gl ? "display-p3" : "srgb";
    if (this.#space === "display-p3") this.#gl.drawingBufferColorSpace = this.#space;
  }

  get canvas() {
    return this.#screen?.canvas ?? this.#canvas;
  }

  get isHdr() {
    return this.#screen !== null;
  }

  get longestSide() {
    return this.#gl.getParameter(this.#gl.MAX_TEXTURE_SIZE);
  }

  get size() {
    return { width: this.#canvas.width, height: this.#canvas.height };
  }

  resize(width, height) {
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
  }

  /** A picture's renderer, which draws here. */
  add(picture, color) {
    return new Renderer(this.#canvas, picture, color);
  }

  /**
   * @param panes Each {renderer, map, output, options, view, frame, clip}: what `drawTo` of the renderer takes, where the
   *   picture lies (`windowOf`), and which part of the canvas is drawn, {left, top, width, height}.
   * @param mostSamples Of the picture along each side of a pixel: 1 is quick and coarse.
   */
  draw(panes, mostSamples = Infinity) {
    if (!this.#screen) return this.#drawSdr(panes, mostSamples);
    const { width, height } = this.size;
    const pixels = readBack(this.#gl, this.#gl.RGBA16F, width, height, new Uint16Array(width * height * 4), () =>
      panes.forEach((pane) => this.#drawPane(pane, mostSamples, { space: "display-p3", isExtended: true })));
    if (pixels) this.#screen.show(pixels, { width, height });
  }

  /** What `draw` shows as a PNG, in SDR. */
  png(panes) {
    this.#drawSdr(panes, Infinity);
    return new Promise((resolve) => this.#canvas.toBlob(resolve, "image/png"));
  }

  /** Milliseconds until all that was asked of the graphics processor is done; the page goes on meanwhile. */
  async timeToFinish() {
    const gl = this.#gl;
    const start = performance.now();
    const done = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    while (!gl.isContextLost() && gl.clientWaitSync(done, 0, 0) === gl.TIMEOUT_EXPIRED) await new Promise((resolve) => setTimeout(resolve, 4));
    gl.deleteSync(done);
    return performance.now() - start;
  }

  whenLost(callback) {
    this.#canvas.addEventListener("webglcontextlost", callback, { once: true });
    this.#screen?.device.lost.then(callback);
  }

  close() {
    loseContext(this.#gl);
    this.#screen?.device.destroy();
  }

  #drawSdr(panes, mostSamples) {
    this.#gl.bindFramebuffer(this.#gl.FRAMEBUFFER, null);
    this.#gl.clear(this.#gl.COLOR_BUFFER_BIT);
    panes.forEach((pane) => this.#drawPane(pane, mostSamples, { space: this.#space, isUpsideDown: true }));
  }

  #drawPane({ renderer, map, output, options, view, frame, clip }, mostSamples, fixed) {
    if (clip.width < 1) return;
    const window = windowOf(view, renderer, frame);
    const samples = Math.min(samplesOf(scaleOf(view, renderer, frame)), mostSamples);
    renderer.drawTo({ ...clip, outputHeight: this.size.height, window, samples }, map, output, { ...options, ...fixed });
  }
}
