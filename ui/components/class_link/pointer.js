// @ts-check
// A teacher's pointer on everybody's page.

import { PAGE, seenOfPage } from "../shared/seen.js";
import { placeOf, sideOf, spotAt } from "./places.js";

/** @typedef {import("./places.js").Spot} Spot */
/** @typedef {import("./places.js").Side} Side */

const OFTEN = 200; // milliseconds between two messages, at least
const FADES = 2000; // milliseconds after the last word of it
const TO_PRESS = 8000; // for which a pupil may go where it is
const LOOK = "position: fixed; z-index: 999990; box-sizing: border-box; border: 0.15rem solid #fff;";
const COLOR = "#c2410c"; // a white text on it can be read
/** Where the mark is for what isn't seen, and what it says. @type {Record<Side, { says: string, to: string }>} */
const MARKS = {
  up: { says: "↑ The teacher points further up", to: "-50% 0.5rem" },
  down: { says: "↓ The teacher points further down", to: "-50% calc(-100% - 0.5rem)" },
  left: { says: "← The teacher points further left", to: "0.5rem -50%" },
  right: { says: "The teacher points further right →", to: "calc(-100% - 0.5rem) -50%" },
};

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

/**
 * Shows another page's pointer on this one: as a dot, or at the edge of what is seen as a mark, which
 * scrolls there when it is pressed.
 */
export class Pointer {
  constructor() {
    /** @type {HTMLElement | undefined} */
    this.dot = undefined;
    /** @type {HTMLElement | undefined} */
    this.mark = undefined;
    /** @type {Spot | undefined} */
    this.spot = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    document.addEventListener("scroll", () => this.draw(), { capture: true, passive: true });
  }

  /** @param {Spot} spot */
  show(spot) {
    this.spot = spot;
    const marked = this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), marked ? TO_PRESS : FADES);
  }

  /** Where it is now, if it is anywhere. Whether it is a mark. */
  draw() {
    if (!this.spot) return false; // whenever anything scrolls
    const at = placeOf(this.spot);
    const page = seenOfPage();
    if (!at || !page) return this.hide();
    const side = sideOf(at, page) ?? (at.scroller && sideOf(at, at.scroller.getBoundingClientRect()));
    if (side) this.drawMark(side, page);
    else this.drawDot(at);
    if (this.mark) this.mark.hidden = !side;
    if (this.dot && side) this.dot.style.opacity = "0";
    return Boolean(side);
  }

  /** @param {import("./places.js").Point} at */
  drawDot(at) {
    const dot = (this.dot ??= madeDot());
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    dot.style.transition = still ? "none" : "translate 180ms linear, opacity 300ms";
    dot.style.translate = `${at.x}px ${at.y}px`;
    dot.style.opacity = "0.85";
  }

  /** @param {Side} side @param {import("./places.js").Box} page */
  drawMark(side, page) {
    const mark = (this.mark ??= madeMark(() => this.go()));
    const { says, to } = MARKS[side];
    mark.textContent = says;
    const across = { left: 0, right: 1, up: 0.5, down: 0.5 }[side];
    const down = { left: 0.5, right: 0.5, up: 0, down: 1 }[side];
    mark.style.left = `${page.left + across * page.width}px`;
    mark.style.top = `${page.top + down * page.height}px`;
    mark.style.translate = to;
  }

  /** Scroll to where it is. */
  go() {
    const { spot } = this;
    const at = spot && placeOf(spot);
    const page = seenOfPage();
    if (!at || !page) return;
    const seen = at.scroller?.getBoundingClientRect();
    if (seen) at.scroller?.scrollBy(at.x - seen.left - seen.width / 2, at.y - seen.top - seen.height / 2);
    const now = placeOf(spot)?.y ?? at.y;
    if (sideOf({ x: page.left, y: now }, page))
      document.querySelector(PAGE)?.scrollBy(0, now - page.top - page.height / 2);
    this.show(spot);
  }

  /** @returns {false} */
  hide() {
    this.spot = undefined;
    if (this.dot) this.dot.style.opacity = "0";
    if (this.mark) this.mark.hidden = true;
    return false;
  }
}

function madeDot() {
  const made = document.createElement("div");
  made.className = "class-pointer";
  made.setAttribute("aria-hidden", "true");
  made.style.cssText =
    `${LOOK} left: -0.7rem; top: -0.7rem; width: 1.4rem; height: 1.4rem; border-radius: 50%;` +
    `background: ${COLOR}; box-shadow: 0 0 0.4rem #000a; pointer-events: none; opacity: 0`;
  document.body.append(made);
  return made;
}

/** @param {() => void} pressed */
function madeMark(pressed) {
  const made = document.createElement("button");
  made.className = "class-pointer-mark";
  made.type = "button";
  made.style.cssText =
    `${LOOK} padding: 0.35rem 0.9rem; border-radius: 1rem; background: ${COLOR}; color: #fff;` +
    "font: 600 0.9rem/1.3 system-ui, sans-serif; white-space: nowrap; cursor: pointer";
  made.addEventListener("click", pressed);
  document.body.append(made);
  return made;
}
