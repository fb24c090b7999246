// @ts-check
// A teacher's pointer on everybody's page. Pages are of different widths, so it is told where in a
// panel it is: below which heading, and there on which picture.

/** @typedef {{ heading: number, picture: number, x: number, y: number }} Spot */
/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

const MAIN = '[data-testid="stMainBlockContainer"]';
const HEADING = "h1, h2";
const PICTURE = '[data-testid^="stBidiComponent"], [data-testid="stImage"]';
const SMALLEST = 40; // pixels; what is less high is no picture
const OFTEN = 200; // milliseconds between two messages, at least
const FADES = 2000; // milliseconds after the last word of it

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

/** @param {Element} element */
const isSeen = (element) => element.getClientRects().length > 0;

/** What can be pointed at, as the page is now: panels from top to bottom, each with pictures. */
function panels() {
  const main = document.querySelector(MAIN);
  if (!main) return [];
  const page = main.getBoundingClientRect();
  const marks = [...main.querySelectorAll(`${HEADING}, ${PICTURE}`)];
  /** @type {{ number: number, top: number, pictures: Box[] }[]} */
  const found = [];
  let number = -1;
  for (const mark of marks) {
    const box = mark.getBoundingClientRect();
    if (mark.matches(HEADING)) {
      number += 1;
      if (isSeen(mark)) found.push({ number, top: box.top, pictures: [] });
    } else if (isSeen(mark) && box.height >= SMALLEST) found.at(-1)?.pictures.push(box);
  }
  return found.map(({ number, top, pictures }, place) => {
    const end = found[place + 1]?.top ?? page.bottom;
    return { number, pictures, box: panel(page, top, end) };
  });
}

/**
 * Where a point of the screen is.
 * @param {number} x
 * @param {number} y
 * @returns {Spot | null}
 */
function spotAt(x, y) {
  for (const { number, pictures, box } of panels()) {
    for (const [picture, its] of pictures.entries()) {
      const at = within(its, x, y);
      if (at) return { heading: number, picture, ...at };
    }
    const at = within(box, x, y);
    if (at) return { heading: number, picture: -1, ...at };
  }
  return null;
}

/**
 * Where a spot is on this screen.
 * @param {Spot} spot
 */
function placeOf(spot) {
  const found = panels().find(({ number }) => number === spot.heading);
  const box = found && (spot.picture < 0 ? found.box : found.pictures[spot.picture]);
  return box ? { x: box.left + spot.x * box.width, y: box.top + spot.y * box.height } : null;
}

/** Tells where the pointer of this page is, a few times a second. */
export class Pointing {
  /** @param {(spot: Spot) => void} send */
  constructor(send) {
    this.send = send;
    this.last = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.x = 0;
    this.y = 0;
  }

  /** @param {{ clientX: number, clientY: number }} event */
  moved(event) {
    this.x = event.clientX;
    this.y = event.clientY;
    this.timer ??= setTimeout(() => this.tell(), this.last + OFTEN - performance.now());
  }

  tell() {
    this.timer = undefined;
    this.last = performance.now();
    const spot = spotAt(this.x, this.y);
    if (spot) this.send(spot);
  }
}

/** Shows another page's pointer on this one. */
export class Pointer {
  constructor() {
    /** @type {HTMLElement | undefined} */
    this.dot = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {Spot} spot */
  show(spot) {
    const at = placeOf(spot);
    if (!at) return this.hide();
    const dot = (this.dot ??= madeDot());
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    dot.style.transition = still ? "none" : "translate 180ms linear, opacity 300ms";
    dot.style.translate = `${at.x}px ${at.y}px`;
    dot.style.opacity = "0.85";
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), FADES);
  }

  hide() {
    if (this.dot) this.dot.style.opacity = "0";
  }
}

function madeDot() {
  const made = document.createElement("div");
  made.className = "class-pointer";
  made.setAttribute("aria-hidden", "true");
  made.style.cssText =
    "position: fixed; left: -0.7rem; top: -0.7rem; width: 1.4rem; height: 1.4rem; z-index: 999990;" +
    "box-sizing: border-box; border-radius: 50%; border: 0.15rem solid #fff; background: #d9480f;" +
    "box-shadow: 0 0 0.4rem #000a; pointer-events: none; opacity: 0";
  document.body.append(made);
  return made;
}
