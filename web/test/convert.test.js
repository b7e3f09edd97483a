// What needs no browser: files that come back as they are, and why. tests/web reads what the modules write.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { convert } from "../src/convert.js";
import { inSlices } from "../src/turns.js";
import { makeUltraHdr, toUltraHdr } from "../src/index.js";
import { parseJpeg } from "../../src/gainmap_codec/view/static/jpeg_segments.js";

const fixture = (name) => new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));

/** The base of a file alone: without its standard gain map, with its payload. */
function baseOf(name) {
  const bytes = fixture(name);
  return bytes.subarray(0, parseJpeg(bytes).end);
}

const CASES = {
  "no JPEG": [fixture("payload/v1/balanced.bin"), "expected a JPEG or AVIF file"],
  "nothing": [new Uint8Array(), "expected a JPEG or AVIF file, got no bytes"],
  "a JPEG that is cut off in its header": [fixture("jpeg/both.jpg").subarray(0, 300), "the file is cut off or damaged before its pixels begin"],
  "no payload": [fixture("jpeg/base-16x16.jpg"), "there is no neural gain map in it"],
  "a standard map": [fixture("jpeg/both.jpg"), "it has a standard gain map already"],
  "a damaged payload": [baseOf("invalid/payload-bad-crc.jpg"), "neural payload: damaged: its checksum is another"],
  "a payload of the trial format": [baseOf("invalid/payload-trial.jpg"), "neural payload: of format 0, a trial version; make the map again"],
  "a payload that asks for too much": [baseOf("invalid/payload-huge-grid.jpg"), /^neural payload: .* latents, more than/],
};

for (const [name, [bytes, reason]] of Object.entries(CASES)) {
  test(`${name}: the bytes come back, and the reason`, async () => {
    const answer = await convert(bytes);
    assert.equal(answer.bytes, bytes);
    assert.match(answer.reason, reason instanceof RegExp ? reason : new RegExp(`^${reason}$`));
  });
}

test("where there is no worker, the page's own function answers all the same", async () => {
  const bytes = fixture("jpeg/both.jpg");
  assert.deepEqual(await makeUltraHdr(bytes), { bytes, reason: "it has a standard gain map already" });
  assert.equal(await toUltraHdr(bytes), bytes);
});

/** What is told on the console, of what is asked where there is a worker. */
async function toldWith(Worker, ask) {
  const [told, warn] = [[], console.warn];
  Object.assign(globalThis, { Worker });
  console.warn = (line) => told.push(line);
  try {
    await ask(await import(`../src/index.js?worker=${(count += 1)}`));
  } finally {
    console.warn = warn;
    delete globalThis.Worker;
  }
  return told;
}
let count = 0;

const WORKERS = {
  "that is not found": class {
    postMessage() { setTimeout(() => this.onerror?.()); }
  },
  "that may not be made": class {
    constructor() { throw new Error("SecurityError"); }
  },
};

for (const [name, Worker] of Object.entries(WORKERS)) {
  test(`a worker ${name} is told once, and the page's own thread answers`, async () => {
    const told = await toldWith(Worker, async (module) => {
      for (let n = 0; n < 2; n += 1) {
        const { reason } = await module.makeUltraHdr(fixture("jpeg/both.jpg"));
        assert.equal(reason, "it has a standard gain map already");
      }
    });
    assert.equal(told.length, 1);
    assert.match(told[0], /convert\.js, could not be loaded/);
  });
}

test("a signal alone makes it throw", async () => {
  const signal = AbortSignal.abort(new Error("the page was left"));
  for (const ask of [convert, makeUltraHdr, toUltraHdr]) {
    await assert.rejects(ask(fixture("jpeg/both.jpg"), { signal }), /the page was left/);
  }
});

test("where pictures cannot be decoded, the bytes come back with the reason", async () => {
  const answer = await convert(baseOf("jpeg/both.jpg")); // node has no createImageBitmap
  assert.equal(answer.reason, "this needs a browser");
});

test("a JPEG that is cut off is called so, and not another picture", async () => {
  globalThis.createImageBitmap = async () => ({ width: 16, height: 16, close() {} });
  globalThis.OffscreenCanvas = class {
    getContext = () => ({ canvas: { width: 16, height: 16 }, drawImage() {}, getImageData: () => ({ data: new Uint8ClampedArray(16 * 16 * 4), width: 16, height: 16 }) });
  };
  const whole = baseOf("jpeg/both.jpg");
  const other = whole.with(-9, whole.at(-9) ^ 1);
  const reasons = [];
  for (const bytes of [whole.subarray(0, -20), other]) reasons.push((await convert(bytes)).reason);
  delete globalThis.createImageBitmap;
  delete globalThis.OffscreenCanvas;
  assert.deepEqual(reasons, ["the file is cut off", "the neural gain map belongs to another picture"]);
});

test("an ArrayBuffer and every view of one are taken", async () => {
  const bytes = fixture("jpeg/both.jpg");
  const buffer = bytes.slice().buffer;
  for (const given of [buffer, new DataView(buffer), Buffer.from(buffer), new Uint16Array(buffer, 0, 8)]) {
    for (const ask of [convert, makeUltraHdr]) {
      const { bytes: found, reason } = await ask(given);
      assert.ok(found instanceof Uint8Array && found.buffer === buffer);
      assert.equal(found.length, given.byteLength);
      assert.match(reason, /standard gain map|cut off or damaged/);
    }
  }
});

const MISTAKES = [
  [undefined, {}, "bytes: expected a Uint8Array, another view or an ArrayBuffer, got undefined"],
  ["photo.jpg", {}, "bytes: expected a Uint8Array, another view or an ArrayBuffer, got a string"],
  [[255, 216], {}, "bytes: expected a Uint8Array, another view or an ArrayBuffer, got Array"],
  [new Blob(), {}, "bytes: expected a Uint8Array, another view or an ArrayBuffer, got Blob; its bytes are await it.arrayBuffer()"],
  [new Response(), {}, "bytes: expected a Uint8Array, another view or an ArrayBuffer, got Response; its bytes are await it.arrayBuffer()"],
  [new Uint8Array(), { quality: 95 }, "quality: expected a number from 0 to 1, got 95"],
  [new Uint8Array(), { quality: NaN }, "quality: expected a number from 0 to 1, got NaN"],
  [new Uint8Array(), { quality: "high" }, "quality: expected a number from 0 to 1, got a string"],
  [new Uint8Array(), { signal: 3 }, "signal: expected an AbortSignal, got a number"],
  [new Uint8Array(), { signal: new AbortController() }, "signal: expected an AbortSignal, got AbortController"],
  [new Uint8Array(), null, "options: expected an object, got null"],
  [new Uint8Array(), 3, "options: expected an object, got a number"],
  [new Uint8Array(), "x", "options: expected an object, got a string"],
];

for (const [given, options, message] of MISTAKES) {
  test(`a caller's mistake: ${message}`, async () => {
    for (const ask of [convert, makeUltraHdr, toUltraHdr]) await assert.rejects(ask(given, options), { name: "TypeError", message });
  });
}

test("one picture after the other is decoded, however many are given at once", async () => {
  const decoded = [];
  let running = 0;
  globalThis.createImageBitmap = async () => {
    decoded.push((running += 1));
    await new Promise((resolve) => setTimeout(resolve));
    running -= 1;
    throw new Error("no picture");
  };
  const bytes = baseOf("jpeg/both.jpg");
  const answers = await Promise.all(Array.from({ length: 3 }, () => convert(bytes)));
  delete globalThis.createImageBitmap;
  assert.deepEqual(answers.map(({ reason }) => reason), Array(3).fill("the browser could not decode the picture"));
  assert.deepEqual(decoded, [1, 1, 1]);
});

test("work in steps lets others have their turn, and ends when nobody waits for it", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("the page was left")));
  const endless = (function* () { for (;;) yield; })();
  await assert.rejects(inSlices(endless, controller.signal), /the page was left/);
});
