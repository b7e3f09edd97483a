// src/kernel.ts in WebAssembly.

import asc from "assemblyscript/asc";

const OPTIONS = ["--enable", "simd", "--runtime", "stub", "--importMemory", "--noExportMemory", "--noAssert", "--use", "abort=", "-O2"];

/** @returns {Promise<Uint8Array>} */
export async function compiledKernel() {
  const baseDir = new URL("src", import.meta.url).pathname;
  let found = null;
  const { error, stderr } = await asc.main(["kernel.ts", "--baseDir", baseDir, "--outFile", "kernel.wasm", ...OPTIONS], {
    writeFile: (_, bytes) => (found = bytes),
  });
  if (error) throw new Error(`kernel.ts: ${stderr}`);
  return found;
}
