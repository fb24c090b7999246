// @ts-check
// Which panel of a page is shown to a class, and what of the page is hidden meanwhile.

/**
 * Where panels begin: with each heading, and the first one with whatever stands above it.
 * @param {boolean[]} headings of each part of the page, whether it begins with a heading
 * @returns {number[]} counted from 0
 */
export function beginnings(headings) {
  const found = headings.flatMap((heading, place) => (heading ? [place] : []));
  return found.length ? [0, ...found.slice(1)] : [0];
}

/**
 * The same without a first panel that has nothing but the title.
 * @param {number[]} begins
 * @param {boolean[]} filled of each part, whether it has something besides
 */
export const withoutEmpty = (begins, filled) =>
  begins.length > 1 && !filled.slice(0, begins[1]).includes(true) ? begins.slice(1) : begins;

/**
 * The panel that a key leads to, or the same one.
 * @param {number} now
 * @param {string} key
 * @param {number} count how many there are
 */
export function panelAfter(now, key, count) {
  const steps = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1, Home: -count, End: count };
  const step = steps[/** @type {keyof typeof steps} */ (key)] ?? 0;
  return Math.max(0, Math.min(count - 1, now + step));
}

/**
 * How far to scroll in a panel that is higher than the screen: to the first block that isn't whole,
 * or else the first that isn't seen. A high one is whole once it stands at the upper edge.
 * One that is itself too high, or reaches far up, is followed by most of a screen.
 * @param {{ top: number, bottom: number }[]} blocks measured from the upper edge of what is seen
 * @param {number} height of what is seen
 */
export function scrollTo(blocks, height) {
  const fits = (/** @type {{ top: number, bottom: number }} */ { top, bottom }) => top > 24 && bottom - top <= height;
  const low = blocks.filter((block) => block.top <= height && (block.top > height / 4 || fits(block)));
  const cut = low.filter(({ bottom }) => bottom > height + 1);
  if (!cut.length) {
    const below = blocks.map(({ top }) => top).filter((top) => top > height);
    const through = blocks.some(({ top, bottom }) => top <= height / 4 && bottom > height + 1);
    return through || !below.length ? 0.85 * height : Math.min(...below);
  }
  let to = Math.min(...cut.map(({ top }) => top));
  for (;;) {
    // What stands beside it would be cut at the upper edge.
    const beside = low.filter(({ top, bottom }) => top < to && bottom > to + 1);
    if (!beside.length) return to;
    to = Math.min(...beside.map(({ top }) => top));
  }
}

/**
 * Whether there is more of a panel below than the room that a page has at its end.
 * @param {{ bottom: number }[]} blocks as above
 * @param {number} height of what is seen
 */
export const goesOn = (blocks, height) => blocks.some(({ bottom }) => bottom > height + 4);

/**
 * A rule that hides all parts but those of one panel.
 * @param {string} part what finds each part of the page
 * @param {number} begin counted from 0
 * @param {number} end the place after the last one
 */
export const hiding = (part, begin, end) =>
  `${part}:nth-child(-n+${begin}), ${part}:nth-child(n+${end + 1}) { display: none; }`;
