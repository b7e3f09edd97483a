// A canvas that shows more than SDR white, where browser and screen can; otherwise an ordinary one.
//
// The way to HDR is WebGPU's canvas with extended tone mapping, the only canvas that goes beyond white without a flag
// (Chromium since 129). WebGL makes the pixels either way; WebGPU only shows them.

import { Renderer } from "./renderer.js";
import { loseContext } from "./webgl.js";

/** Whether the screen that the page is on goes beyond SDR white. */
export const hdrScreen = () => matchMedia("(dynamic-range: high)");

/**
 * A renderer and the canvas that shows what it renders.
 * @returns {Promise<{renderer: Renderer, canvas: HTMLCanvasElement, isHdr: boolean, show, whenLost, close}>}
 *   `show(map, {headroom, exposure})` draws, exposure is a factor; `whenLost(callback)` tells that the graphics
 *   processor has given up, or was closed; `close()` gives back what it holds.
 */
export async function openOutput(picture, color) {
  const canvas = document.createElement("canvas");
  const renderer = new Renderer(canvas, picture, color);
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const screen = hdrScreen().matches ? await openHdrCanvas() : null;
  if (screen && renderer.readHalfFloats(renderer.baseMap(), { headroom: 0 })) {
    const fixed = { space: "display-p3", isExtended: true };
    return {
      renderer,
      canvas: screen.canvas,
      isHdr: true,
      show: (map, options) => screen.show(renderer.readHalfFloats(map, { ...options, ...fixed }), picture),
      whenLost: (callback) => {
        renderer.whenLost(callback);
        screen.device.lost.then(callback);
      },
      close: () => {
        loseContext(renderer.gl);
        screen.device.destroy();
      },
    };
  }
  const space = "drawingBufferColorSpace" in renderer.gl ? "display-p3" : "srgb";
  if (space === "display-p3") renderer.gl.drawingBufferColorSpace = space;
  return {
    renderer,
    canvas,
    isHdr: false,
    show: (map, options) => renderer.draw(map, { ...options, space }),
    whenLost: (callback) => renderer.whenLost(callback),
    close: () => loseContext(renderer.gl),
  };
}

/**
 * A canvas of WebGPU, or null where the browser has none with extended tone mapping.
 * @returns {Promise<{canvas, device, show}|null>} `show(pixels, {width, height})` shows half floats, RGBA from the top:
 *   Display P3 with the sRGB curve.
 */
export async function openHdrCanvas() {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    const device = await adapter?.requestDevice();
    if (!device) return null;
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("webgpu");
    context.configure({
      device,
      format: "rgba16float",
      usage: GPUTextureUsage.COPY_DST | GPUTextureUsage.RENDER_ATTACHMENT,
      colorSpace: "display-p3",
      toneMapping: { mode: "extended" },
    });
    if (context.getConfiguration?.().toneMapping?.mode !== "extended") return null; // it ignores what it does not know
    const show = (pixels, { width, height }) => {
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
      const layout = { bytesPerRow: width * 8, rowsPerImage: height };
      device.queue.writeTexture({ texture: context.getCurrentTexture() }, pixels, layout, [width, height]);
    };
    return { canvas, device, show };
  } catch {
    return null; // a browser that has WebGPU, on a device that has not
  }
}
