// What is needed of EXIF: how the picture is turned, and the camera's maker note. Source: CIPA DC-008 (EXIF); TIFF 6.0.

const [ORIENTATION, EXIF_IFD, MAKER_NOTE] = [0x112, 0x8769, 0x927c];
const UNDEFINED = 7;

/**
 * @param {?Uint8Array} tiff The TIFF structure behind "Exif\0\0".
 * @returns {{orientation: number, makerNote: ?Uint8Array}} Of a structure that is missing or broken what it has.
 */
export function parseExif(tiff) {
  const found = { orientation: 1, makerNote: null };
  if (!tiff) return found;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length);
  try {
    const isLittle = view.getUint16(0) === 0x4949;
    const first = entriesOf(view, view.getUint32(4, isLittle), isLittle);
    const turned = first.get(ORIENTATION);
    const orientation = turned ? view.getUint16(turned.place, isLittle) : 1;
    if (orientation >= 1 && orientation <= 8) found.orientation = orientation;
    if (!first.has(EXIF_IFD)) return found;
    const note = entriesOf(view, view.getUint32(first.get(EXIF_IFD).place, isLittle), isLittle).get(MAKER_NOTE);
    if (note?.kind !== UNDEFINED || note.count <= 4) return found;
    const start = view.getUint32(note.place, isLittle);
    found.makerNote = tiff.subarray(start, start + note.count);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // cut off
  }
  return found;
}

/** Entries of a directory by tag: {kind, count, place of the value or of its offset}. */
export function entriesOf(view, at, isLittle) {
  const count = view.getUint16(at, isLittle);
  return new Map(Array.from({ length: count }, (_, n) => {
    const entry = at + 2 + 12 * n;
    const value = { kind: view.getUint16(entry + 2, isLittle), count: view.getUint32(entry + 4, isLittle), place: entry + 8 };
    return [view.getUint16(entry, isLittle), value];
  }));
}

/** The segment that says nothing but how a JPEG is turned. */
export function orientationSegment(orientation) {
  return Uint8Array.from([
    0xff, 0xe1, 0, 34, ...Array.from("Exif\0\0MM\0*", (letter) => letter.charCodeAt(0)), 0, 0, 0, 8,
    0, 1, ORIENTATION >> 8, ORIENTATION & 255, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0,
  ]);
}
