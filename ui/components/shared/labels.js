// @ts-check
// Labels along one side of a picture: how large they are, and which of them there is room for.

export const SMALLEST = 11; // pixels, of letters
const LARGEST = 17; // for the last row of a classroom
/** The height of a line of letters of one pixel; so are lines that stand close but apart. */
export const LINE = 1.25;
const STEPS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/**
 * Letters for labels one below another (or, turned, beside each other): never higher than their row.
 * @param {number} step pixels from one label to the next
 */
export const fontFor = (step) => Math.max(SMALLEST, Math.min(LARGEST, Math.floor(step / LINE)));

/**
 * Every how manieth label there is room for: 1, 2, 4, 8 …
 * @param {number} step pixels from one label to the next
 * @param {number} extent pixels that the longest label takes along the side
 */
export const everyNth = (step, extent) =>
  STEPS.find((n) => n * step >= extent) ?? STEPS[STEPS.length - 1];

/**
 * Which labels stand along a side, so that no two overlap: every nth and the chosen ones, to which
 * others give way.
 * @param {number} count
 * @param {number} step
 * @param {number} extent of a label
 * @param {number[]} chosen
 * @param {number} chosenExtent of a chosen label, which may be larger
 * @returns {number[]} their places, without the chosen ones
 */
export function besides(count, step, extent, chosen, chosenExtent = extent) {
  const every = everyNth(step, extent);
  const apart = (extent + chosenExtent) / 2;
  const places = Array.from({ length: Math.ceil(count / every) }, (_, i) => i * every);
  return places.filter((i) => chosen.every((j) => i !== j && Math.abs(i - j) * step >= apart));
}

/**
 * A label's beginning that fits, with a sign that it goes on.
 * @param {string} label
 * @param {number} room
 * @param {(text: string) => number} widthOf
 */
export function fitted(label, room, widthOf) {
  if (widthOf(label) <= room) return label;
  const letters = [...label];
  while (letters.length > 1 && widthOf(`${letters.join("")}…`) > room) letters.pop();
  return `${letters.join("")}…`;
}
