// @ts-check
// Where on a page something is, said so that it is the same on a page of another width: in which
// panel, below which heading, and there on which picture.

import { BAR, seenOfPage } from "../shared/seen.js";

/** @typedef {{ on: string, x: number, y: number }} Spot on: the name of what it is on */
/** @typedef {{ left: number, top: number, width: number, height: number }} Box */
/** @typedef {{ x: number, y: number }} Point */
/**
 * A part of a page. box: all of it, on the screen or not. scroller: what scrolls it, if not the page.
 * @typedef {{ box: Box, scroller: Element | null }} Area
 */

const MAIN = '[data-testid="stMainBlockContainer"]';
const HEADING = "h1, h2";
const PICTURE =
  `[data-testid^="stBidiComponent"], [data-testid="stImage"], [data-testid="stHtml"], ` +
  `[data-testid="stDataFrame"]`;
// What is wider than a small screen scrolls inside of its picture, see course/frame.css.
const SCROLLERS = ".scroll, .scrolls, .table, .wide, .moved, .batch, figure";
const PARTS = "section, article, canvas, svg, table";
const SMALLEST = 16; // pixels; what is less high is no picture

/**
 * A point of the screen, as parts of a box; null outside of it.
 * @param {Box} box
 * @param {number} x
 * @param {number} y
 */
export function within(box, x, y) {
  const at = { x: (x - box.left) / box.width, y: (y - box.top) / box.height };
  return at.x >= 0 && at.x <= 1 && at.y >= 0 && at.y <= 1 ? at : null;
}

/**
 * The panel between two headings: as wide as the page, from the one's top to the other's.
 * @param {Box} page
 * @param {number} top
 * @param {number} end
 * @returns {Box}
 */
export const panel = (page, top, end) => ({
  left: page.left,
  top,
  width: page.width,
  height: Math.max(1, end - top),
});

/**
 * On which side of what is seen a point is; null where it is seen.
 * @typedef {"up" | "down" | "left" | "right"} Side
 * @param {Point} point
 * @param {Box} seen
 * @returns {Side | null}
 */
export function sideOf(point, seen) {
  if (point.y < seen.top) return "up";
  if (point.y > seen.top + seen.height) return "down";
  if (point.x < seen.left) return "left";
  return point.x > seen.left + seen.width ? "right" : null;
}

/** @param {Element} element */
const isSeen = (element) => element.getClientRects().length > 0 && (element.checkVisibility?.() ?? true); // not in a closed fold

/**
 * All that an element holds, as far as it would reach if it didn't scroll.
 * @param {Element} element
 * @returns {Area}
 */
function scrolled(element) {
  const { left, top } = element.getBoundingClientRect();
  const { scrollLeft, scrollTop, scrollWidth: width, scrollHeight: height } = element;
  return { box: { left: left - scrollLeft, top: top - scrollTop, width, height }, scroller: element };
}

/**
 * A picture, and what it consists of, which has other places beside each other on a small screen;
 * also what isn't seen, as a table in a closed fold.
 * @param {Element} picture
 * @returns {{ part: string, seen: boolean, area: Area }[]} part: what of the picture it is
 */
function areasOf(picture) {
  const area = { box: picture.getBoundingClientRect(), scroller: null };
  const roots = [picture, ...picture.querySelectorAll("*")].map(({ shadowRoot }) => shadowRoot);
  const root = roots.find(Boolean);
  const inner = [...(root ?? picture).querySelectorAll(root ? `${PARTS}, ${SCROLLERS}` : SCROLLERS)];
  return [
    { part: "", seen: isHigh(picture), area },
    ...inner.map((part) => ({
      part: `${part.localName}.${part.classList[0] ?? ""}`,
      seen: isHigh(part),
      area: part.matches(SCROLLERS)
        ? scrolled(part)
        : { box: part.getBoundingClientRect(), scroller: part.closest(SCROLLERS) },
    })),
  ];
}

/** @param {Element} element */
const isHigh = (element) => isSeen(element) && element.getBoundingClientRect().height >= SMALLEST;

/**
 * What things on a page are called, so that each has the same name on a page where other things have
 * been revealed: by their own key and how many have had it before, else by the heading above.
 * @param {{ heading: boolean, key: string, part: string }[]} things from top to bottom
 * @returns {string[]}
 */
export function namesOf(things) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  let above = "";
  return things.map(({ heading, key, part }) => {
    const kind = heading ? `# ${key}` : `${key || `${above} >`} ${part}`;
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const name = `${kind} ${count}`;
    if (heading) above = name;
    return name;
  });
}

/** @param {Element} mark */
function keyOf(mark) {
  if (mark.matches(HEADING)) return mark.id;
  const classes = mark.closest('[class*="st-key-"]')?.classList ?? [];
  return [...classes].find((name) => name.startsWith("st-key-")) ?? "";
}

/**
 * What can be pointed at, as the page is now: panels from top to bottom, behind each its pictures.
 * @returns {Map<string, Area>} by name
 */
function areas() {
  const main = document.querySelector(MAIN);
  if (!main) return new Map();
  const page = main.getBoundingClientRect();
  const marks = [...main.querySelectorAll(`${HEADING}, ${PICTURE}`)].filter((mark) => !mark.closest(BAR));
  const tops = marks.filter((mark) => mark.matches(HEADING) && isSeen(mark)).map(topOf);
  const found = marks.flatMap((mark) => {
    const key = keyOf(mark);
    if (!mark.matches(HEADING)) {
      if (!key && !isHigh(mark)) return [];
      return areasOf(mark).map((one) => ({ heading: false, key, ...one }));
    }
    const seen = isSeen(mark);
    if (seen) tops.shift();
    const box = panel(page, topOf(mark), tops[0] ?? page.bottom);
    return [{ heading: true, key, part: "", seen, area: { box, scroller: null } }];
  });
  const names = namesOf(found); // a projector hides all panels but one: they count all the same
  const named = found.map(({ seen, area }, place) => ({ seen, name: names[place], area }));
  return new Map(named.filter(({ seen }) => seen).map(({ name, area }) => [name, area]));
}

/** @param {Element} mark */
const topOf = (mark) => mark.getBoundingClientRect().top;

/**
 * Where a point of the screen is; on the innermost of what it is on. Nowhere on the bar above it.
 * @param {number} x
 * @param {number} y
 * @returns {Spot | null}
 */
export function spotAt(x, y) {
  if (y < (seenOfPage()?.top ?? 0)) return null;
  for (const [on, { box, scroller }] of [...areas()].reverse()) {
    if (scroller && !within(scroller.getBoundingClientRect(), x, y)) continue;
    const at = within(box, x, y);
    if (at) return { on, ...at };
  }
  return null;
}

/**
 * Where a spot is on this screen, or outside of it; null where this page doesn't show what it is on.
 * @param {Spot} spot
 * @returns {(Point & { scroller: Element | null }) | null}
 */
export function placeOf(spot) {
  const area = areas().get(spot.on);
  if (!area || (area.scroller && !isSeen(area.scroller))) return null;
  const { box, scroller } = area;
  return { x: box.left + spot.x * box.width, y: box.top + spot.y * box.height, scroller };
}
