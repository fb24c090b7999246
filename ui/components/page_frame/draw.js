// @ts-check
// What a page's frame does by itself: on a phone the menu closes after a choice, a name that the bar
// cuts is read on pointing, and before a class (present=1 in the address) the page is one panel at a
// time, which the arrow keys turn.

import { Lifetime } from "../shared/lifetime.js";
import { readAhead } from "../shared/plotly.js";
import { BAR, PAGE, seenOfPage } from "../shared/seen.js";
import { GAP, asksForMore, beginnings, goesOn, hiding, panelAfter, scrollTo, withGoal, withoutEmpty } from "./panels.js";

// putUp: not 0 where a class's board has sent the page here. script: Plotly's, below the app's address
/** @typedef {{ present: boolean, page: string, putUp: number, script: string }} FrameData */

const MENU_LINK = '[data-testid="stSidebar"] a';
const CLOSE_MENU = '[data-testid="stSidebarCollapseButton"] button';
const PHONE = "(max-width: 767px)"; // where Streamlit's menu covers the page
const FORWARD = ["ArrowRight", "PageDown"];
const BACK = ["ArrowLeft", "PageUp"];
const BODY = '[data-testid="stMainBlockContainer"] > [data-testid="stVerticalBlock"]';
// The bar stays; what has no size, as this component, isn't counted as hidden either.
const PART = `${BODY} > :not(:has(.st-key-study_bar))`;
const END = '[data-testid="stMainBlockContainer"]'; // has some room below everything
const BLOCK = '[data-testid="stElementContainer"]';
const LEADS =
  "h2, h3, h4, [data-testid=stSlider], [data-testid=stButtonGroup], [data-testid=stSelectbox], " +
  "[data-testid=stCheckbox], [data-testid=stNumberInput], [data-testid=stButton]";
const NOT_COUNTED =
  `${BAR}, .st-key-place, .st-key-class_bar, .st-key-page_frame, .st-key-visitor_component, ` +
  ".st-key-class_link, .st-key-heard";
const TWO = '[class*="st-key-two_"]';
const GOAL = ".st-key-goal";
const OWN_PANEL = '[class*="st-key-panel_"]'; // ui/app/projector.py
const ITS_OWN_KEYS =
  'input, textarea, select, [role="slider"], [role="grid"], [role="gridcell"], [role="listbox"], ' +
  '[role="option"], [role="radio"], [role="tab"], [contenteditable="true"], canvas';

/**
 * @param {ParentNode} _root
 * @param {FrameData} data
 */
export const draw = (_root, data) => new Frame(data);

class Frame {
  /** @param {FrameData} data */
  constructor(data) {
    this.life = new Lifetime();
    this.style = document.createElement("style");
    document.head.append(this.style);
    this.life.atEnd(() => this.style.remove());
    this.panel = 0;
    this.turned = false; // whether a key has chosen the panel
    this.room = 0; // pixels below the panel, so that what was cut can stand at the upper edge
    this.data = data;
    this.life.on(document, "click", (event) => this.closeMenu(event));
    this.life.on(document, "keydown", (event) => this.turn(event));
    this.life.on(document, "pointerover", nameInFull);
    readAhead(this.life, data.script);
    this.changes = new MutationObserver(() => this.arrange());
    this.life.atEnd(() => this.changes.disconnect());
    this.show(data);
  }

  /** @param {FrameData} data */
  show(data) {
    if (data.page !== this.data.page || data.putUp !== this.data.putUp) {
      this.panel = this.room = 0;
      this.turned = false;
    }
    this.data = data;
    this.changes.disconnect();
    if (data.present) this.changes.observe(document.body, { childList: true, subtree: true });
    this.arrange();
  }

  close() {
    this.life.close();
  }

  /** @param {{ target: Element }} event */
  closeMenu(event) {
    if (!event.target.closest?.(MENU_LINK) || !matchMedia(PHONE).matches) return;
    /** @type {HTMLElement | null} */
    const button = document.querySelector(CLOSE_MENU);
    setTimeout(() => button?.click());
  }

  /** @param {KeyboardEvent} event */
  turn(event) {
    const at = event.composedPath()[0];
    if (!this.data.present || event.defaultPrevented || event.ctrlKey || event.altKey) return;
    if (at instanceof Element && at.matches(ITS_OWN_KEYS)) return;
    if (this.scroll(event.key)) return event.preventDefault();
    const next = panelAfter(this.panel, event.key, this.begins().length);
    if (next === this.panel) return;
    event.preventDefault();
    this.panel = next;
    this.turned = true;
    this.room = 0;
    this.arrange();
    document.querySelector(PAGE)?.scrollTo(0, 0);
  }

  /**
   * In a panel that is higher than the screen a key first goes on to what isn't seen yet.
   * @param {string} key
   * @returns {boolean} whether there was more
   */
  scroll(key) {
    const page = document.querySelector(PAGE);
    const seen = seenOfPage();
    if (!page || !seen) return false;
    const { top: upper, height } = seen;
    const left = page.scrollHeight - page.clientHeight - page.scrollTop;
    if (BACK.includes(key) && page.scrollTop > 4) page.scrollBy(0, -0.85 * height);
    else if (!FORWARD.includes(key) || left <= 4) return false;
    else {
      const blocks = this.blocks(upper);
      if (!goesOn(blocks, height)) return false;
      const by = scrollTo(blocks, height);
      if (by > left && blocks.some(({ top }) => top === by)) this.makeRoom(by - left);
      page.scrollBy(0, by);
    }
    return true;
  }

  /** @param {number} missing */
  makeRoom(missing) {
    this.room += Math.ceil(missing);
    this.arrange();
  }

  /** What of the panel must not be cut in two. @param {number} upper */
  blocks(upper) {
    return [...document.querySelectorAll(`${BODY} ${BLOCK}`)]
      .filter((block) => !block.closest(BAR))
      .flatMap(piecesOf)
      .map((block) => ({ box: block.getBoundingClientRect(), leads: block.querySelector(LEADS) !== null }))
      .filter(({ box }) => box.height > 1)
      .map(({ box, leads }) => ({ top: box.top - upper - GAP, bottom: box.bottom - upper, leads }));
  }

  parts() {
    return [...(document.querySelector(BODY)?.children ?? [])];
  }

  begins() {
    const parts = this.parts();
    const filled = parts.map(isFilled);
    const begins = beginnings(parts.map(beginsPanel));
    return withoutEmpty(withGoal(begins, filled, parts.findIndex(isGoal)), filled);
  }

  /** The panel that a page opens at: where a link or the board asks for its picture, this one. */
  first() {
    if (!this.data.putUp && !asksForMore(location.search)) return 0;
    const parts = this.parts();
    return Math.max(
      0,
      this.begins().findIndex((begin) => parts[begin].querySelector(OWN_PANEL)),
    );
  }

  /** Parts come and go while the page is drawn. */
  arrange() {
    let rule = "";
    if (this.data.present) {
      const begins = this.begins();
      if (!this.turned) this.panel = this.first();
      const panel = Math.min(this.panel, begins.length - 1);
      const end = begins[panel + 1] ?? 1e6;
      rule = hiding(PART, begins[panel], end);
      if (this.room) rule += ` ${END} { padding-bottom: calc(3rem + ${this.room}px); }`;
    }
    if (rule !== this.style.textContent) this.style.textContent = rule;
  }
}

/**
 * What the bar has no room for, such as a long name of a model, is read on pointing.
 * @param {{ target: Element }} event
 */
function nameInFull({ target }) {
  if (!(target instanceof HTMLInputElement) || !target.closest(BAR)) return;
  target.title = target.scrollWidth > target.clientWidth ? target.value : "";
}

/**
 * A part with a heading further down belongs to the panel before. Two pictures beside each other
 * (ui/app/compare.py) need a screen of their own, and so does what a lesson says needs one.
 * @param {Element} part
 */
function beginsPanel(part) {
  if (part.querySelector(`${TWO}, ${OWN_PANEL}`)) return true;
  const heading = part.querySelector("h1, h2");
  const start = heading?.textContent?.trim();
  return start !== undefined && (part.textContent ?? "").trim().startsWith(start);
}

/**
 * Whether a part shows something besides the page's title.
 * @param {Element} part
 */
function isFilled(part) {
  return [part, ...part.querySelectorAll(BLOCK)].some(
    (block) => block.matches(BLOCK) && !block.closest(NOT_COUNTED) && !block.querySelector("h1, style"),
  );
}

/** @param {Element} part */
const isGoal = (part) => part.querySelector(GOAL) !== null || part.matches(GOAL);

/**
 * What may be parted in a block: a component of our own consists of several.
 * @param {Element} block
 * @returns {Element[]}
 */
function piecesOf(block) {
  /** @type {ParentNode | null | undefined} */
  let node = [...block.querySelectorAll("*")].find(({ shadowRoot }) => shadowRoot)?.shadowRoot;
  /** @type {Element[]} */
  let pieces = [];
  while (node && pieces.length < 2) {
    pieces = [...node.children].filter(({ tagName }) => !/STYLE|SCRIPT/.test(tagName));
    node = pieces[0];
  }
  return pieces.length < 2 ? [block] : pieces;
}
