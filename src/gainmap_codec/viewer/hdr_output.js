// A canvas that shows more than SDR white, where browser and screen can; otherwise an ordinary one.
//
// Two ways lead to HDR: WebGPU's canvas with extended tone mapping (Chromium 129, Safari 26, no flag), and WebGL's
// drawingBufferToneMapping (Chromium, behind a flag as yet). Pixels are always WebGL's; WebGPU only shows them.

import { Renderer } from "./renderer.js";

/** Whether the screen that the page is on goes beyond SDR white. */
export const hdrScreen = () => matchMedia("(dynamic-range: high)");

/**
 * A renderer and the canvas that shows what it renders.
 * @returns {Promise<{renderer: Renderer, canvas: HTMLCanvasElement, way: "webgl"|"webgpu"|"sdr", show: Function}>}
 *   `show(map, {headroom, exposure})` draws; exposure is a factor.
 */
export async function openOutput(picture, color) {
  const canvas = document.createElement("canvas");
  const renderer = new Renderer(canvas, picture, color);
  const { gl } = renderer;
  const space = "drawingBufferColorSpace" in gl ? "display-p3" : "srgb";
  if (space !== "srgb") gl.drawingBufferColorSpace = space;
  if (hdrScreen().matches) {
    if (gl.drawingBufferStorage && gl.drawingBufferToneMapping && gl.getExtension("EXT_color_buffer_float")) {
      gl.drawingBufferStorage(gl.RGBA16F, picture.width, picture.height);
      gl.drawingBufferToneMapping({ mode: "extended" });
      return output(renderer, canvas, "webgl", (map, options) => renderer.draw(map, options), space);
    }
    const screen = await openWebGpu(picture);
    if (screen && renderer.readHalfFloats(renderer.baseMap(), { headroom: 0 })) {
      const show = (map, options) => screen.show(renderer.readHalfFloats(map, options));
      return output(renderer, screen.canvas, "webgpu", show, "display-p3");
    }
  }
  return output(renderer, canvas, "sdr", (map, options) => renderer.draw(map, options), space);
}

function output(renderer, canvas, way, show, space) {
  const fixed = { space, isExtended: way !== "sdr" };
  return { renderer, canvas, way, show: (map, options) => show(map, { ...options, ...fixed }) };
}

/** A canvas of WebGPU that takes half floats, or null where the browser has none with extended tone mapping. */
async function openWebGpu({ width, height }) {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    const device = await adapter?.requestDevice();
    if (!device) return null;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("webgpu");
    context.configure({
      device,
      format: "rgba16float",
      usage: GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT,
      colorSpace: "display-p3",
      toneMapping: { mode: "extended" },
    });
    if (context.getConfiguration?.().toneMapping?.mode !== "extended") return null;
    const show = (pixels) => {
      const layout = { bytesPerRow: width * 8, rowsPerImage: height };
      device.queue.writeTexture({ texture: context.getCurrentTexture() }, pixels, layout, [width, height]);
    };
    return { canvas, show };
  } catch {
    return null; // a browser that has WebGPU, and a device that has not
  }
}
