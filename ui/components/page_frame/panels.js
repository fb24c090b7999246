// @ts-check
// Which panel of a page is shown to a class, and what of the page is hidden meanwhile.

/** @typedef {{ top: number, bottom: number, leads?: boolean }} Block leads: a heading or a control */

export const GAP = 12; // pixels that stay free above a block
const A_LINE = 48; // pixels that a line of text takes at most, in letters for a class
const SAME_ROW = 44; // pixels by which what stands side by side may begin higher or lower: a label

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

const OF_EVERY_LESSON = ["present", "prompt", "model", "text", "lock"]; // what any address may hold

/** Whether an address asks for something of its lesson: a head, a step. @param {string} search */
export const asksForMore = (search) =>
  [...new URLSearchParams(search).keys()].some((key) => !OF_EVERY_LESSON.includes(key));

/**
 * The same, where the first panel would have nothing but the title and the lesson's goal: then both
 * stand above the second.
 * @param {number[]} begins
 * @param {boolean[]} filled of each part, whether it has something besides the title
 * @param {number} goal the part that says it, or -1
 */
export function withGoal(begins, filled, goal) {
  const more = filled.slice(0, begins[1]).some((full, place) => full && place !== goal);
  return begins.length > 1 && goal >= 0 && goal < begins[1] && !more ? [0, ...begins.slice(2)] : begins;
}

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
 * @param {Block[]} blocks measured from the upper edge of what is seen
 * @param {number} height of what is seen
 */
export const scrollTo = (blocks, height) => withItsHead(blocks, firstCut(blocks, height), height);

/**
 * @param {Block[]} blocks
 * @param {number} height
 */
function firstCut(blocks, height) {
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
 * A heading belongs to what stands below it, and a control to what it changes, even where a line of
 * text stands between. What fits the screen isn't cut for that, but a little for its own control.
 * @param {Block[]} blocks
 * @param {number} to how far one would scroll
 * @param {number} height
 */
function withItsHead(blocks, to, height) {
  const here = blocks.filter(({ top, bottom }) => Math.abs(top - to) <= SAME_ROW && bottom - top <= height);
  const end = Math.max(-Infinity, ...here.map(({ bottom }) => bottom));
  let [found, room] = [to, 1.15 * height];
  for (let above = rowAbove(blocks, to); above; above = rowAbove(blocks, to)) {
    const leads = above.every((block) => block.leads);
    const line = to === found && above.every(({ top, bottom }) => bottom - top - GAP <= A_LINE);
    to = Math.min(...above.map(({ top }) => top));
    if (to < height / 4 || !(leads || line) || end - to > room) return found;
    if (leads) [found, room] = [to, height];
  }
  return found;
}

/**
 * What stands right above a place, side by side; undefined where something reaches further down.
 * @param {Block[]} blocks
 * @param {number} to
 */
function rowAbove(blocks, to) {
  const above = blocks.filter(({ top }) => top < to - 1);
  const last = Math.max(...above.map(({ top }) => top));
  const cut = above.some(({ top, bottom }) => top < last - SAME_ROW && bottom > last + SAME_ROW);
  return above.length && !cut ? above.filter(({ top }) => top >= last - SAME_ROW) : undefined;
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
