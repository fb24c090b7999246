// @ts-check
// Colours, heatmaps and bars on canvases.

import { element } from "../shared/dom.js";
import { bytesOf } from "./message.js";

/**
 * @typedef {import("./message.js").Message} Message
 * @typedef {import("./message.js").Pair} Pair
 * @typedef {number[]} Colour red, green and blue
 * @typedef {{ weights: Uint32Array<ArrayBuffer>, hatched: number[] }} Palette
 */

/** @type {Map<string, Colour>} */
const knownColours = new Map();

/** Any CSS colour. @param {string} colour @returns {Colour} */
export function rgb(colour) {
  let known = knownColours.get(colour);
  if (!known) {
    const context = element("canvas").getContext("2d", { willReadFrequently: true });
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    known = [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    knownColours.set(colour, known);
  }
  return known;
}

/** @param {HTMLCanvasElement} canvas */
export const contextOf = (canvas) =>
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/** @param {Colour} from @param {Colour} to @param {number} share */
const mix = (from, to, share) => from.map((x, i) => Math.round(x + (to[i] - x) * share));
/** @param {Colour} colour */
const pixel = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;

// The pixels of a heatmap: one colour per byte, from the theme's background to one hue, and two
// for the hatching of masked cells. Small weights get more of the steps than large ones, for the
// eye; the scale itself never changes.
/**
 * @param {Colour} background
 * @param {Colour} middle
 * @param {Colour} full
 * @param {Colour} ink
 * @returns {Palette}
 */
export function heatPalette(background, middle, full, ink) {
  const weights = Uint32Array.from({ length: 256 }, (_, level) => {
    const place = 2 * (level / 255) ** 0.6;
    return pixel(place < 1 ? mix(background, middle, place) : mix(middle, full, place - 1));
  });
  return {
    weights,
    hatched: [pixel(mix(background, ink, 0.24)), pixel(mix(background, ink, 0.07))],
  };
}

// The same for differences: the background in the middle, one hue for less and one for more.
/**
 * @param {Palette} palette
 * @param {[Colour, Colour]} cold
 * @param {Colour} background
 * @param {Colour} ink
 * @returns {Palette}
 */
export function differencePalette(palette, cold, background, ink) {
  const less = heatPalette(background, ...cold, ink).weights;
  /** @param {number} difference */
  const side = (difference) => Math.min(255, Math.round((Math.abs(difference) * 255) / 127));
  const weights = Uint32Array.from({ length: 256 }, (_, byte) =>
    (byte < 128 ? less : palette.weights)[side(byte - 128)],
  );
  return { ...palette, weights };
}

// size: the picture's width and height in pixels.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {Message} message
 * @param {Pair} head
 * @param {Palette} palette
 * @param {number} size
 */
export function drawWeights(canvas, message, head, palette, size) {
  const source = bytesOf(message, head);
  const cells = Math.min(source.side, size);
  const strongest = poolBytes(message, source, cells);
  const image = imageOf(size);
  const pixels = new Uint32Array(image.data.buffer);
  const all = size * source.side * source.pool; // the last cell of a pooled picture may be cut
  const cellOf = Uint16Array.from({ length: size }, (_, i) =>
    Math.floor((i * message.T * cells) / all),
  );
  const [line, ground] = palette.hatched;
  for (let y = 0, at = 0; y < size; y++) {
    const row = cellOf[y] * cells;
    for (let x = 0; x < size; x++, at++) {
      const weight = strongest[row + cellOf[x]];
      pixels[at] = weight ? palette.weights[weight - 1] : (x + y) % 6 ? ground : line;
    }
  }
  if (canvas.width !== size) canvas.width = canvas.height = size;
  contextOf(canvas).putImageData(image, 0, 0);
}

// All small pictures are drawn in the same few pixels, one after the other.
/** @type {ImageData | null} */
let lastImage = null;
/** @param {number} size */
function imageOf(size) {
  if (lastImage?.width !== size) lastImage = new ImageData(size, size);
  return lastImage;
}

// A head's bytes plus 1, and 0 where they are masked, on a grid of cells × cells. Where that is
// coarser than what was sent, each holds its strongest byte, so that a thin stripe is not lost.
/**
 * @param {{ causal: boolean, signed?: boolean }} message
 * @param {{ bytes: Uint8Array, side: number }} source
 * @param {number} cells
 */
export function poolBytes(message, { bytes, side }, cells) {
  const { causal, signed } = message;
  const strongest = new Uint16Array(cells * cells);
  const cellOf = Uint16Array.from({ length: side }, (_, i) => Math.floor((i * cells) / side));
  for (let row = 0, at = 0; row < side; row++) {
    const start = cellOf[row] * cells;
    const last = causal ? row : side - 1;
    for (let column = 0; column <= last; column++, at++) {
      const cell = start + cellOf[column];
      const known = strongest[cell];
      const byte = bytes[at];
      if (!known || (signed ? Math.abs(byte - 128) > Math.abs(known - 129) : byte >= known))
        strongest[cell] = byte + 1;
    }
  }
  return strongest;
}

/** @param {Float32Array | number[]} numbers @returns {number} */
export function largestOf(numbers) {
  let most = 0;
  for (const x of numbers) most = Math.max(most, Math.abs(x));
  return most;
}

// How large a canvas is, in CSS pixels. Whoever asks for it makes the browser lay out the page, so
// it is asked once; `forgetRoom` when the page has changed its width.
/** @type {WeakMap<HTMLCanvasElement, number[]>} */
let rooms = new WeakMap();
/** @param {HTMLCanvasElement} canvas */
function room(canvas) {
  const known = rooms.get(canvas) ?? [canvas.clientWidth, canvas.clientHeight];
  rooms.set(canvas, known);
  return known;
}
export const forgetRoom = () => (rooms = new WeakMap());

// Numbers as bars, signed ones around a middle line. If one is marked, the others are faint.
export const NOTHING = -1;
/**
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array | number[]} values
 * @param {number} largest
 * @param {string} colour
 * @param {{ signed?: boolean, marked?: number, faint: string }} options
 */
export function drawBars(canvas, values, largest, colour, { signed = true, marked, faint }) {
  const ratio = devicePixelRatio;
  const [width, height] = room(canvas).map((size) => Math.max(1, Math.round(size * ratio)));
  Object.assign(canvas, { width, height });
  const context = contextOf(canvas);
  const zero = signed ? height / 2 : height;
  const step = Math.min(width / values.length, 14 * ratio);
  const bar = step > 3 ? step - 1 : step;
  values.forEach((value, i) => {
    const size = (value / (largest || 1)) * zero;
    context.fillStyle = marked === undefined || i === marked ? colour : faint;
    context.fillRect(i * step, zero - Math.max(size, 0), bar, Math.max(Math.abs(size), ratio / 2));
  });
  context.fillStyle = faint;
  context.fillRect(0, Math.min(zero, height - 1), step * values.length, 1);
}
