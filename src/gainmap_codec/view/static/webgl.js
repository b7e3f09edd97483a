// WebGL 2 without ceremony: programs whose uniforms are set by name, and textures of numbers.

import { VERTEX } from "./shaders.js";

/** A program of the one triangle and a fragment shader. */
export class Program {
  #gl;
  #program;
  #uniforms = new Map();

  constructor(gl, fragment) {
    this.#gl = gl;
    this.#program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(this.#program, shader);
    }
    gl.linkProgram(this.#program);
    if (!gl.getProgramParameter(this.#program, gl.LINK_STATUS) && !gl.isContextLost()) {
      const logs = gl.getAttachedShaders(this.#program).map((shader) => gl.getShaderInfoLog(shader));
      throw new Error(`WebGL: ${[...logs, gl.getProgramInfoLog(this.#program)].join(" ")}`);
    }
    for (let n = 0; n < gl.getProgramParameter(this.#program, gl.ACTIVE_UNIFORMS); n++) {
      const { name, type } = gl.getActiveUniform(this.#program, n);
      this.#uniforms.set(name.replace("[0]", ""), { type, place: gl.getUniformLocation(this.#program, name) });
    }
  }

  /**
   * Draw into the framebuffer that is bound, from its column `left` and its row `bottom`, counted from its first; values
   * for uniforms that the program does not use are ignored.
   */
  draw(width, height, values, left = 0, bottom = 0) {
    const gl = this.#gl;
    gl.useProgram(this.#program);
    gl.viewport(left, bottom, width, height);
    let unit = 0;
    for (const [name, { type, place }] of this.#uniforms) {
      const value = values[name];
      if (type === gl.SAMPLER_2D) {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, value);
        gl.uniform1i(place, unit++);
      } else if (type === gl.FLOAT) gl.uniform1f(place, value);
      else if (type === gl.FLOAT_VEC2) gl.uniform2fv(place, value);
      else if (type === gl.FLOAT_VEC3) gl.uniform3fv(place, value);
      else if (type === gl.FLOAT_VEC4) gl.uniform4fv(place, value);
      else if (type === gl.FLOAT_MAT3) gl.uniformMatrix3fv(place, true, value);
      else if (type === gl.INT_VEC2) gl.uniform2iv(place, value);
      else if (type === gl.INT_VEC3 || type === gl.BOOL_VEC3) gl.uniform3iv(place, value);
      else gl.uniform1i(place, value);
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

/** A texture of RGBA values: Uint8 as 0…1, Float32 as they are; null leaves room for `format`. */
export function makeTexture(gl, width, height, values, format = null) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const [name, value] of [
    [gl.TEXTURE_MIN_FILTER, gl.NEAREST],
    [gl.TEXTURE_MAG_FILTER, gl.NEAREST],
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
  ]) gl.texParameteri(gl.TEXTURE_2D, name, value);
  const isFloat = values instanceof Float32Array;
  const internal = format ?? (isFloat ? gl.RGBA32F : gl.RGBA8);
  const type = { [gl.RGBA32F]: gl.FLOAT, [gl.RGBA16F]: gl.HALF_FLOAT, [gl.RGBA8]: gl.UNSIGNED_BYTE }[internal];
  gl.texImage2D(gl.TEXTURE_2D, 0, internal, width, height, 0, gl.RGBA, type, values);
  return texture;
}

/** What `draw` draws, as numbers: `values` is filled, RGBA from the top; null where they cannot be had. */
export function readBack(gl, format, width, height, values, draw) {
  if (format !== gl.RGBA8 && !gl.getExtension("EXT_color_buffer_float")) return null;
  const texture = makeTexture(gl, width, height, null, format);
  const framebuffer = gl.createFramebuffer();
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  draw();
  const type = { [gl.RGBA32F]: gl.FLOAT, [gl.RGBA16F]: gl.HALF_FLOAT, [gl.RGBA8]: gl.UNSIGNED_BYTE }[format];
  const isReadable = type !== gl.HALF_FLOAT || gl.getParameter(gl.IMPLEMENTATION_COLOR_READ_TYPE) === type;
  if (isReadable) gl.readPixels(0, 0, width, height, gl.RGBA, type, values);
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  gl.deleteFramebuffer(framebuffer);
  gl.deleteTexture(texture);
  return isReadable ? values : null;
}

/** Values of one to four channels as RGBA; what lacks is 0. */
export function asRgba(values, channels) {
  const rgba = new Float32Array((values.length / channels) * 4);
  for (let n = 0; n < values.length; n++) rgba[Math.floor(n / channels) * 4 + (n % channels)] = values[n];
  return rgba;
}

/** Give back the whole context: browsers keep about 16 of them alive. */
export function loseContext(gl) {
  gl.getExtension("WEBGL_lose_context")?.loseContext();
}
