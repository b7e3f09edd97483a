// What needs no browser: files that come back as they are, and why. tests/web reads what the modules write.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { convert } from "../src/convert.js";
import { makeUltraHdr, toUltraHdr } from "../src/index.js";
import { parseJpeg } from "../../src/gainmap_codec/view/static/jpeg_segments.js";

const fixture = (name) => new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));

/** The base of a file alone: without its standard gain map, with its payload. */
function baseOf(name) {
  const bytes = fixture(name);
  return bytes.subarray(0, parseJpeg(bytes).end);
}

const CASES = {
  "no JPEG": [fixture("payload/v1/balanced.bin"), "expected a JPEG file"],
  "nothing": [new Uint8Array(), "expected a JPEG file"],
  "a JPEG that is cut off in its header": [fixture("jpeg/both.jpg").subarray(0, 300), "expected a JPEG file"],
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
  assert.match(answer.reason, /createImageBitmap/);
});
