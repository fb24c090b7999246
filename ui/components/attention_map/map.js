// @ts-check
// Attention heads, drawn in the browser: all of them small, one large, and the arithmetic of one
// of its cells. Python sends one message (pack() in __init__.py); pointing, moving and
// locking are answered here at once, and Python is told of choices so that it can keep the URL.
// A grid (see message.js) has no arithmetic and no switches; Python is told of its heads if it asks.

import { around, element, finder, pageScale } from "../shared/dom.js";
import { ARROWS, presses, taken, withModifier } from "../shared/keys.js";
import { Lifetime, Timer } from "../shared/lifetime.js";
import { clamp } from "../shared/numbers.js";
import { arithmetic } from "./arithmetic.js";
import {
  NOTHING,
  differencePalette,
  drawBars,
  drawWeights,
  forgetRoom,
  heatPalette,
  largestOf,
  rgb,
} from "./drawing.js";
import { drawLabels, layOut } from "./labels.js";
import { sentWeight, strongestOfLastRow } from "./message.js";
import { headTable, outcomeNodes } from "./panels.js";
import { atMost, bringsWords, fitWords, named, scaleWords, shown, softmaxWords } from "./words.js";

/**
 * @typedef {import("./message.js").Message} Message
 * @typedef {import("./message.js").Pair} Pair
 * @typedef {import("./message.js").Exact} Exact
 * @typedef {{ head: Pair, off: Pair[], cell: Pair | null }} Selection
 * @typedef {import("../shared/dom.js").Pointed} Pointed
 * @typedef {import("../shared/dom.js").Pressed} Pressed
 */

export class AttentionMap {
  // What the first show() sets.
  /** @type {Message} */
  message;
  /** @type {Pair} */
  roving; // the small picture that Tab leads to
  marks = "";
  theme = "";
  /** @type {import("./drawing.js").Palette} */
  palette;
  /** @type {import("./labels.js").Ink & { value: string, output: string, faint: string }} */
  ink;
  /** @type {import("./labels.js").Layout} */
  layout;
  thumbnailSize = 0;
  /** @type {{ said: string, until: number } | null} */
  pending = null; // a choice that Python hasn't caught up with

  /**
   * @param {ParentNode} root
   * @param {(selection: Selection) => void} send is told what the visitor chose
   */
  constructor(root, send) {
    this.$ = finder(root);
    this.send = send;
    this.map = this.$(".map");
    /** @type {(selector: string) => any[]} */
    this.$$ = (selector) => [...this.map.querySelectorAll(selector)];
    this.plot = this.$(".plot");
    /** @type {Pair | null} */
    this.pointed = null; // the cell under the pointer, in the large picture
    this.shape = "";
    /** @type {Selection} */
    this.selection = { head: [0, 0], off: [], cell: null };
    this.paints = 0;
    this.life = new Lifetime();
    this.timer = new Timer(this.life);
    this.listen();
    this.width = this.map.clientWidth;
    this.life.onResize(this.map, () => {
      if (this.message && this.map.clientWidth !== this.width) this.draw();
    });
  }

  close() {
    this.life.close();
  }

  /** @param {Message} message */
  show(message) {
    this.message = message;
    const shape = `${message.layers}×${message.heads}${message.grid ? " grid" : ""}`;
    if (shape !== this.shape) this.build(message, shape);
    this.adopt(message.grid ? this.kept(message) : /** @type {Selection} */ (message.selection));
    if (this.pointed?.some((position) => position >= message.T)) this.pointed = null;
    this.map.classList.toggle("beside", Boolean(message.beside));
    this.map.classList.toggle("fixed", Boolean(message.fixed));
    this.map.classList.toggle("unmasked", !message.causal);
    this.draw();
    this.life.afterPaint(() => this.markPainted(message));
  }

  /** @param {Message} message */
  markPainted(message) {
    performance.mark("attention-painted", { detail: message.name });
    const painted = { painted: message.name, paintedAt: performance.now(), paints: ++this.paints };
    Object.assign(this.map.dataset, painted);
  }

  // ---- What is chosen ----

  // While Python has not caught up with a choice made here, the choice made here holds.
  /** @param {Selection} selection */
  adopt(selection) {
    const said = JSON.stringify(selection);
    if (this.pending && said !== this.pending.said && performance.now() < this.pending.until)
      return;
    this.pending = null;
    this.selection = { ...selection };
  }

  // In a grid what was chosen here stays, unless Python names a head or there is no such head.
  /** @param {Message} message @returns {Selection} */
  kept({ selection, layers, heads }) {
    const [layer, head] = selection.head ?? this.selection.head;
    return { ...this.selection, head: layer < layers && head < heads ? [layer, head] : [0, 0] };
  }

  /** @param {Partial<Selection>} change @param {number} delay in milliseconds */
  choose(change, delay = 0) {
    Object.assign(this.selection, change);
    if (this.message.grid && !(this.message.tells && change.head)) return;
    this.pending = {
      said: JSON.stringify(this.selection),
      until: performance.now() + delay + 2000,
    };
    this.timer.start(delay, () => this.send(this.selection));
  }

  /** @param {Pair} head */
  lock(head) {
    this.choose({ head });
    this.pointed = null;
    this.drawLarge();
    this.markHeads();
  }

  /** @param {Pair} head */
  isOff([layer, head]) {
    return this.selection.off.some(([l, h]) => l === layer && h === head);
  }

  /** @param {Pair} head */
  toggle([layer, head]) {
    if (this.message.grid || this.message.fixed) return;
    const rest = this.selection.off.filter(([l, h]) => l !== layer || h !== head);
    /** @type {Pair[]} */
    const off = this.isOff([layer, head]) ? rest : [...rest, [layer, head]];
    this.choose({ off: off.sort(([a, b], [c, d]) => a - c || b - d) });
    this.markHeads();
  }

  /** @returns {Pair} */
  chosenCell() {
    const { T } = this.message;
    const cell = this.selection.cell;
    if (cell && cell[0] < T && cell[1] < T) return cell;
    return strongestOfLastRow(this.message, this.selection.head);
  }

  // Whether q, k and v of the large head are here; after a lock they arrive a moment later.
  get exact() {
    return !this.message.grid && String(this.selection.head) === String(this.message.selection.head);
  }

  // ---- Drawing ----

  /** @param {Message} message @param {string} shape */
  build({ layers, heads, grid: plain }, shape) {
    this.map.classList.toggle("plain", plain);
    this.shape = shape;
    this.marks = "";
    this.roving = [0, 0];
    const grid = this.$(".heads");
    grid.style.setProperty("--heads", heads);
    const top = element("div.line", element("span"));
    /** @param {string} word @param {number} number */
    const title = (word, number) =>
      element("span.title", element("small", `${word} `), String(number));
    for (let head = 0; head < heads; head++) top.append(title("head", head));
    top.setAttribute("aria-hidden", "true");
    grid.replaceChildren(top);
    for (let layer = 0; layer < layers; layer++) {
      const line = element("div.line", title("layer", layer));
      line.setAttribute("role", "row");
      for (let head = 0; head < heads; head++) line.append(this.thumbnail(layer, head));
      grid.append(line);
    }
  }

  /** @param {number} layer @param {number} head */
  thumbnail(layer, head) {
    const cell = element("div.head", element("canvas"), element("small.badge"));
    if (!this.message.grid) cell.append(this.lamp());
    cell.setAttribute("role", "gridcell");
    Object.assign(cell.dataset, { layer, head });
    return cell;
  }

  lamp() {
    const knock = element("button.lamp");
    knock.type = "button";
    knock.tabIndex = -1; // X on the picture and the switch beside the large head do the same
    knock.setAttribute("role", "switch");
    return knock;
  }

  draw() {
    const width = this.map.clientWidth;
    if (width !== this.width) forgetRoom();
    this.width = width;
    if (!width) return; // not on the screen; the watcher sees when it is
    this.readTheme();
    this.measure();
    for (const cell of this.$$(".head")) {
      const size = Math.round(this.thumbnailSize * devicePixelRatio);
      drawWeights(cell.firstChild, this.message, headOf(cell), this.palette, size);
    }
    this.markHeads();
    this.drawLarge();
    this.drawOutcome();
    this.fillTable();
  }

  readTheme() {
    const style = getComputedStyle(this.map);
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(name).trim();
    const { signed, causal } = this.message;
    const theme = [colour("--st-background-color"), colour("--st-text-color"), signed, causal].join();
    if (theme === this.theme) return;
    this.theme = theme;
    const background = rgb(colour("--st-background-color") || "#fff");
    this.map.dataset.theme = background[0] + background[1] + background[2] < 384 ? "dark" : "light";
    const [middle, full] = [rgb(colour("--heat")), rgb(colour("--heat-full"))];
    const ink = rgb(colour("--st-text-color"));
    this.palette = heatPalette(background, middle, full, ink);
    if (signed) {
      const cold = rgb(colour("--cold"));
      const coldest = rgb(colour("--cold-full"));
      this.palette = differencePalette(this.palette, [cold, coldest], background, ink);
    }
    this.ink = {
      ...{ query: colour("--q"), key: colour("--k"), value: colour("--v"), output: colour("--z") },
      ...{ ink: colour("--ink"), faint: colour("--faint") },
      ground: colour("--st-background-color"),
    };
    const legend = new ImageData(new Uint8ClampedArray(this.palette.weights.buffer), 256, 1);
    this.$(".legend canvas").getContext("2d").putImageData(legend, 0, 0);
    const [least, scale] = signed ? ["−1", "difference from −1"] : ["0", "attention weight from 0"];
    this.$(".legend .least").textContent = least;
    const words = `Colour scale of the ${scale} to 1${causal ? "; hatched cells are masked" : ""}`;
    this.$(".legend").setAttribute("aria-label", words);
  }

  // How large the pictures can be in the room there is.
  measure() {
    const { layers, heads, tokens } = this.message;
    this.map.style.setProperty("--least", `${BESIDE_HEADS + heads * (SMALLEST + 4)}px`);
    const room = this.$(".small").clientWidth - BESIDE_HEADS - heads * 4;
    const tallest = Math.max(400, innerHeight * 0.44) / layers;
    this.thumbnailSize = Math.floor(Math.max(SMALLEST, Math.min(room / heads, tallest, 110)));
    this.$(".heads").classList.toggle("scrolls", room < SMALLEST * heads);
    this.map.style.setProperty("--thumbnail", `${this.thumbnailSize}px`);
    for (const [name, below] of LESS_ROOM)
      this.map.classList.toggle(name, this.thumbnailSize < below);
    const family = getComputedStyle(this.plot).fontFamily;
    const available = Math.min(this.$(".large").clientWidth, Math.max(420, innerHeight * 0.72));
    const tall = this.message.beside && pageScale() > 1 ? Math.max(LEAST, innerHeight - AROUND_TWO) : Infinity;
    this.layout = layOut(tokens, available, family, tall);
    const { left, side, width, height } = this.layout;
    resize(this.$(".stage"), { width, height });
    resize(this.plot, { left, width: side, height: side });
  }

  markHeads() {
    const { head: locked, off } = this.selection;
    const marks = JSON.stringify([locked, off, this.roving, this.message.badges]);
    if (marks === this.marks) return; // while a prompt is typed nothing here changes
    this.marks = marks;
    const [lockedLayer, lockedHead] = locked;
    for (const cell of this.$$(".head")) {
      const [layer, head] = headOf(cell);
      const off = this.isOff([layer, head]);
      const locked = layer === lockedLayer && head === lockedHead;
      cell.classList.toggle("off", off);
      cell.setAttribute("aria-selected", locked);
      cell.tabIndex = layer === this.roving[0] && head === this.roving[1] ? 0 : -1;
      const badge = this.badgeOf(layer, head);
      cell.querySelector(".badge").textContent = badge;
      const state = `${badge && `, ${badge}`}${locked ? ", chosen" : ""}${off ? ", off" : ""}`;
      cell.setAttribute("aria-label", `Layer ${layer}, head ${head}${state}`);
      const lamp = cell.querySelector(".lamp");
      lamp?.setAttribute("aria-checked", off);
      lamp?.setAttribute("aria-label", `Switch off layer ${layer}, head ${head}`);
    }
    this.$(".knock").setAttribute("aria-checked", this.isOff(this.selection.head));
    this.$(".all-on").hidden = !off.length;
    const badge = this.badgeOf(lockedLayer, lockedHead);
    const name = `Layer ${lockedLayer} · head ${lockedHead}${badge && ` · ${badge}`}`;
    this.$(".name").textContent = name;
    this.plot.setAttribute("aria-label", `Attention of layer ${lockedLayer}, head ${lockedHead}`);
  }

  /** @param {number} layer @param {number} head */
  badgeOf(layer, head) {
    return this.message.badges?.[`${layer}.${head}`] ?? "";
  }

  drawLarge() {
    const size = Math.round(this.layout.side * devicePixelRatio);
    drawWeights(this.$(".cells"), this.message, this.selection.head, this.palette, size);
    this.plot.classList.toggle("off", this.isOff(this.selection.head));
    this.drawCell();
  }

  drawCell() {
    const cell = this.pointed ?? this.chosenCell();
    const { cell: size, side } = this.layout;
    const [top, left] = [cell[0] * size, cell[1] * size];
    resize(this.$(".plot .row"), { top, left: 0, width: side, height: size });
    resize(this.$(".plot .column"), { top: 0, left, width: size, height: side });
    resize(this.$(".plot .cell"), { top, left, width: size, height: size });
    const mark = this.message.marks?.[this.selection.head.join(".")];
    this.$(".plot .mark").hidden = !mark;
    if (mark) {
      const place = { top: mark[0] * size, left: mark[1] * size, width: size, height: size };
      resize(this.$(".plot .mark"), place);
    }
    drawLabels(this.$(".labels"), this.message.tokens, this.layout, cell, this.ink);
    this.drawReadout(cell);
    this.map.classList.toggle("waiting", !this.exact);
    if (this.exact) this.drawArithmetic(cell);
  }

  /** @param {Pair} cell */
  drawReadout(cell) {
    const { message } = this;
    const [row, column] = cell;
    const sent = sentWeight(message, this.selection.head, cell);
    const known = this.exact && sent !== null;
    const weight = known ? arithmetic(exactly(message), row, column).weight : sent;
    const readout = this.$(".readout");
    readout.dataset.weight = weight ?? "masked";
    readout.dataset.cell = `${row}.${column}`;
    const what = message.signed ? "difference" : "weight";
    const result =
      weight === null
        ? "masked: it comes later"
        : `${what} ${atMost(message, this.selection.head)}${shown(message, weight)}`;
    readout.replaceChildren(
      named(message, row, "q"),
      " looks at ",
      named(message, column, "k"),
      " → ",
      element("b", result),
    );
  }

  /** @param {Pair} cell */
  drawArithmetic([row, column]) {
    const { ink } = this;
    const message = exactly(this.message);
    const a = arithmetic(message, row, column);
    const canvases = this.$$(".strip canvas");
    /**
     * @param {Float32Array | number[]} values
     * @param {number} largest
     * @param {string} colour
     * @param {{ signed?: boolean, marked?: number }} [options]
     */
    const bars = (values, largest, colour, options) =>
      drawBars(canvases.shift(), values, largest, colour, { faint: ink.faint, ...options });
    const asked = Math.max(largestOf(message.q), largestOf(message.k));
    bars(a.query, asked, ink.query);
    bars(a.key, asked, ink.key);
    bars(a.products, largestOf(a.products), ink.ink);
    const marked = a.masked ? NOTHING : column;
    bars(a.weights, largestOf(a.weights), ink.ink, { signed: false, marked });
    const brought = largestOf(message.v);
    bars(a.value, brought, ink.value);
    bars(a.part, brought, ink.output);
    bars(a.output, brought, ink.output);
    const words = [
      fitWords(a),
      scaleWords(message, a, row, column),
      softmaxWords(a),
      bringsWords(a),
    ];
    this.$$(".formula").forEach((formula, i) => formula.replaceChildren(...words[i]));
  }

  // For who doesn't see it: what stands below the picture, as one text.
  sayArithmetic() {
    const parts = [this.$(".readout"), ...(this.exact ? this.$$("article h4, article .formula") : [])];
    const words = parts.map((part) => part.textContent.replace(/\s+/g, " ").trim());
    const said = this.$(".said");
    // The same words once more would not be announced.
    said.textContent = words.join(". ") + (said.textContent === words.join(". ") ? " " : "");
  }

  drawOutcome() {
    const { outcome, selection, layers, heads } = this.message;
    this.$(".outcome").hidden = !outcome;
    if (outcome) this.$(".outcome").replaceChildren(...outcomeNodes(outcome, selection.off ?? [], layers * heads));
  }

  // The same head for those who can't see it; built only when it is opened.
  fillTable() {
    const details = this.$("details.table");
    if (!details.open) return;
    // Of a pooled message the head that was sent cell by cell; another is on its way.
    const head = (this.message.large && this.message.selection.head) ?? this.selection.head;
    details.lastElementChild.replaceChildren(headTable(this.message, head));
  }

  // ---- Pointer and keys ----

  listen() {
    const grid = this.$(".heads");
    this.life.on(grid, "click", (event) => {
      const cell = around(event, ".head");
      if (!cell) return;
      if (around(event, ".lamp")) this.toggle(headOf(cell));
      else this.lock(headOf(cell));
    });
    this.life.on(grid, "keydown", (event) => this.gridKey(event));
    this.life.on(grid, "pointermove", (event) => this.showTip(event));
    this.life.on(grid, "pointerleave", () => (this.$(".tip").hidden = true));
    this.life.on(grid, "focusin", (event) => {
      const cell = around(event, ".head");
      if (cell) this.roving = headOf(cell);
    });
    this.life.on(this.$(".knock"), "click", () => this.toggle(this.selection.head));
    this.life.on(this.$(".all-on"), "click", () => {
      this.choose({ off: [] });
      this.markHeads();
      this.$(".knock").focus(); // the button is gone
    });
    this.listenToPlot();
    this.life.on(this.$("details.table"), "toggle", () => this.fillTable());
  }

  listenToPlot() {
    const { plot, life } = this;
    life.on(plot, "pointermove", (event) => this.point(this.cellAt(event, plot)));
    life.on(plot, "pointerleave", () => this.point(null));
    life.on(plot, "click", (event) => {
      this.choose({ cell: this.cellAt(event, plot) });
      this.drawCell();
    });
    life.on(plot, "keydown", (event) => this.plotKey(event));
  }

  /** @param {PointerEvent} event @param {Element} box @returns {Pair} */
  cellAt(event, box) {
    const { T } = this.message;
    const { left, top, width, height } = box.getBoundingClientRect();
    /** @param {number} part */
    const count = (part) => clamp(Math.floor(part * T), T);
    return [count((event.clientY - top) / height), count((event.clientX - left) / width)];
  }

  /** @param {Pair | null} cell */
  point(cell) {
    if (String(cell) === String(this.pointed)) return;
    this.pointed = cell;
    this.drawCell();
  }

  /** @param {Pressed} event */
  gridKey(event) {
    const cell = around(event, ".head");
    if (!cell || withModifier(event)) return;
    const [layer, head] = headOf(cell);
    const { layers, heads } = this.message;
    const step = ARROWS[event.key];
    if (step) {
      this.roving = [clamp(layer + step[0], layers), clamp(head + step[1], heads)];
      this.markHeads();
      this.$$(".head")[this.roving[0] * heads + this.roving[1]].focus();
    } else if (presses(event)) this.lock([layer, head]);
    else if (event.key.toLowerCase() === "x") this.toggle([layer, head]);
    else return;
    taken(event);
  }

  /** @param {Pressed} event */
  plotKey(event) {
    if (withModifier(event)) return;
    const step = ARROWS[event.key];
    const { T } = this.message;
    if (step) {
      const by = event.shiftKey ? 8 : 1;
      const [row, column] = this.chosenCell();
      /** @type {Pair} */
      const cell = [clamp(row + by * step[0], T), clamp(column + by * step[1], T)];
      this.choose({ cell }, 300);
    } else if (event.key === "Escape") this.choose({ cell: null });
    else if (presses(event)) this.choose({ cell: this.chosenCell() });
    else return;
    this.pointed = null;
    this.drawCell();
    if (presses(event)) this.sayArithmetic();
    taken(event);
  }

  /** @param {Pointed} event */
  showTip(event) {
    const tip = this.$(".tip");
    const cell = around(event, ".head");
    tip.hidden = !cell;
    if (!cell) return;
    const [row, column] = this.cellAt(event, cell.children[0]);
    const weight = sentWeight(this.message, headOf(cell), [row, column]);
    const badge = this.badgeOf(...headOf(cell));
    const size = weight === null ? "" : shown({ ...this.message, grid: true }, weight);
    tip.replaceChildren(
      `layer ${cell.dataset.layer} · head ${cell.dataset.head}${badge && ` · ${badge}`}`,
      element("br"),
      named(this.message, row, "q"),
      " looks at ",
      named(this.message, column, "k"),
      element("br"),
      element("b", weight === null ? "masked" : atMost(this.message, headOf(cell)) + size),
    );
    const box = this.map.getBoundingClientRect();
    const left = Math.min(event.clientX - box.left + 14, box.width - tip.offsetWidth);
    Object.assign(tip.style, { left: `${left}px`, top: `${event.clientY - box.top + 16}px` });
  }
}

const AROUND_TWO = 385; // pixels before a class: of a window what isn't the two large pictures'
const LEAST = 240; // pixels of each

const SMALLEST = 18; // pixels of a small picture; a row that is wider than its place scrolls
const BESIDE_HEADS = 40; // pixels of the layers' numbers

// What is drawn otherwise on small pictures below so many pixels.
/** @type {[string, number][]} */
const LESS_ROOM = [
  ["tiny", 44],
  ["small-lamps", 60],
  ["dots", 34],
];

/** @param {Message} message */
const exactly = (message) => /** @type {Exact} */ (message);

/** @param {HTMLElement} node @param {Record<string, number>} box */
const resize = (node, box) => {
  for (const name in box) node.style.setProperty(name, `${box[name]}px`);
};

/** @param {HTMLElement} cell @returns {Pair} */
const headOf = (cell) => [Number(cell.dataset.layer), Number(cell.dataset.head)];
