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
  "nothing": [new Uint8Array(), "expected a JPEG or AVIF file"],
  "a JPEG that is cut off in its header": [fixture("jpeg/both.jpg").subarray(0, 300), "expected a JPEG or AVIF file"],
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

test("a signal alone makes it throw", async () => {
  const signal = AbortSignal.abort(new Error("the page was left"));
  for (const ask of [convert, makeUltraHdr, toUltraHdr]) {
    await assert.rejects(ask(fixture("jpeg/both.jpg"), { signal }), /the page was left/);
  }
});

test("a picture that cannot be decoded comes back with the reason", async () => {
  const answer = await convert(baseOf("jpeg/both.jpg")); // node has no createImageBitmap
  assert.equal(answer.reason, "the browser could not decode the picture");
});

test("an ArrayBuffer and every view of one are taken", async () => {
  const bytes = fixture("jpeg/both.jpg");
  const buffer = bytes.slice().buffer;
  for (const given of [buffer, new DataView(buffer), Buffer.from(buffer), new Uint16Array(buffer, 0, 8)]) {
    for (const ask of [convert, makeUltraHdr]) {
      const { bytes: found, reason } = await ask(given);
      assert.ok(found instanceof Uint8Array && found.buffer === buffer);
      assert.equal(found.length, given.byteLength);
      assert.match(reason, /standard gain map|expected a JPEG or AVIF/);
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
