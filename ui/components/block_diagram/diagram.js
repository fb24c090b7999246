// @ts-check
// The model from bottom to top: the residual stream, and the branches that read it and add to it.
// Python sends the parts in the order in which they run (parts() in __init__.py).

import { around, finder, svg, tableRow } from "../shared/dom.js";
import { presses } from "../shared/keys.js";
import { Lifetime } from "../shared/lifetime.js";
import { figures } from "../shared/numbers.js";

const WIDTH = 360;
const STREAM = 92; // where the stream runs, from the left
/** @type {[number, number]} */
const PART = [228, 344]; // a branch's box, left and right
/** @type {[number, number]} */
const NORM = [120, 208];
const BOX = 38; // a box's height
const RISE = 48; // from where a branch reads up to where it adds

/**
 * A part of the model, of parts() in __init__.py.
 * @typedef {object} Part
 * @property {string} name of the tensor that it writes
 * @property {string} kind
 * @property {number | null} layer
 * @property {string} title
 * @property {string} detail
 * @property {string} sentence
 * @property {string} says
 * @property {boolean} branch whether it is a norm that only a branch reads through
 * @property {boolean} adds
 * @typedef {{ title: string, path: string, file: string }} Page a lesson
 * @typedef {object} DiagramData what block_diagram() sends
 * @property {string} name
 * @property {string} title
 * @property {Part[]} parts
 * @property {number[]} hidden layers
 * @property {Record<string, Page>} pages
 * @property {Record<string, number> | null} numbers
 * @property {string} unit of them
 * @property {string | null} highlight
 * @typedef {{ hidden: boolean, layer: number | null, own: Part[] }} Group
 */

export class Diagram {
  /** @type {DiagramData} */
  data; // since the first show()
  /** @type {SVGElement[]} */
  lines = [];
  /** @type {SVGElement[]} */
  boxes = [];
  /** @type {[number, number][]} */
  framed = []; // bottom and top of layers that are drawn
  /** @type {Part | null} */
  before = null; // the norm that the next branch reads through
  y = 0; // how far up the drawing has come
  most = 0; // the largest number

  /**
   * @param {ParentNode} root
   * @param {(file: string) => void} send is told which lesson to open
   */
  constructor(root, send) {
    this.root = finder(root)(".diagram");
    this.$ = finder(this.root);
    this.send = send;
    this.sent = "";
    this.whole = false; // whether layers that are all alike are drawn one by one
    this.life = new Lifetime();
    this.listen();
  }

  close() {
    this.life.close();
  }

  /** @param {DiagramData} data */
  show(data) {
    const sent = JSON.stringify(data);
    if (sent === this.sent) return;
    Object.assign(this, { sent, data });
    this.draw();
    this.$(".caption").textContent = data.numbers ? `Thickness and number: ${data.unit}` : "";
    this.fillTable();
    this.root.dataset.painted = data.name;
  }

  draw() {
    const { parts, numbers, title } = this.data;
    this.y = 0;
    this.lines = [];
    this.boxes = [];
    this.framed = [];
    this.most = Math.max(...parts.map(({ name }) => Math.abs(numbers?.[name] ?? 0)), 1e-30);
    const groups = runs(parts, this.whole ? [] : this.data.hidden);
    for (const { hidden, own, layer } of groups) {
      if (hidden) this.gap(own);
      else if (layer === null) own.forEach((part) => this.place(part));
      else this.layer(layer, own);
    }
    const height = 12 - this.y;
    const picture = svg("svg", { viewBox: `0 ${this.y - 6} ${WIDTH} ${height}`, role: "group" });
    picture.setAttribute("aria-label", title);
    picture.classList.toggle("numbered", Boolean(numbers));
    picture.append(...this.frames(), this.stream(), ...this.lines, ...this.boxes);
    this.$(".picture").replaceChildren(picture);
  }

  // ---- Clicks and keys ----

  listen() {
    const picture = this.$(".picture");
    this.life.on(picture, "click", (event) => this.click(event));
    this.life.on(picture, "keydown", (event) => {
      if (!event.target.closest(".gap") || !presses(event)) return;
      event.preventDefault();
      this.showAll();
    });
  }

  /** @param {import("../shared/dom.js").Pointed} event */
  click(event) {
    if (around(event, ".gap")) return this.showAll();
    const file = around(event, "a")?.dataset.file;
    if (!file || event.ctrlKey || event.metaKey || event.shiftKey) return; // as for any link
    event.preventDefault();
    this.send(file);
  }

  showAll() {
    this.whole = true;
    this.draw();
    this.$("a, .gap")?.focus({ preventScroll: true });
  }

  // ---- From bottom to top; y falls, as it does in SVG ----

  /** @param {number} number @param {Part[]} parts */
  layer(number, parts) {
    const bottom = this.y;
    this.y -= 8;
    parts.forEach((part) => this.place(part));
    this.y -= 12;
    const size = this.data.numbers?.[`blocks.${number}.resid_pre`];
    if (size !== undefined) {
      const at = { x: STREAM - 12, y: bottom - 8, "text-anchor": "end" };
      this.lines.push(svg("text", { class: "size streams", ...at }, figures(size)));
    }
    const name = { class: "layer", x: PART[1], y: this.y + 15, "text-anchor": "end" };
    this.lines.push(svg("text", name, `layer ${number}`));
    this.framed.push([bottom, this.y]);
    this.y -= 8;
  }

  frames() {
    return this.framed.map(([bottom, top]) =>
      svg("rect", { class: "frame", x: 2, width: WIDTH - 4, y: top, height: bottom - top, rx: 8 }),
    );
  }

  /** @param {Part} part */
  place(part) {
    if (part.kind === "norm" && part.branch) this.before = part;
    else if (part.adds) this.branch(part);
    else this.onStream(part);
  }

  // A box that the whole stream passes through.
  /** @param {Part} part */
  onStream(part) {
    const wide = part.kind === "norm" ? 48 : 76;
    this.y -= BOX;
    this.box(part, [STREAM - wide, STREAM + wide], this.y + BOX / 2);
    if (part.says) {
      const at = { class: "detail", x: STREAM + wide + 12, y: this.y + BOX / 2 + 4 };
      this.lines.push(svg("text", at, part.says));
    }
    const tip = `M${STREAM} ${this.y + BOX} l-9 10 h18 z`;
    if (part.kind !== "tokens") this.lines.push(svg("path", { class: "head", d: tip }));
    this.y -= 18;
  }

  // Read from the stream, through the norm if there is one in between, and add above.
  /** @param {Part} part */
  branch(part) {
    const read = this.y - BOX / 2;
    const add = read - RISE;
    const [left, right] = PART;
    const reader = this.before ? NORM : PART;
    this.arrow(read, STREAM, reader[0]);
    if (this.before) {
      this.box(this.before, NORM, read);
      this.arrow(read, NORM[1], left);
    }
    this.lines.push(svg("circle", { class: "head", cx: STREAM, cy: read, r: 5 }));
    this.added(part, (left + right) / 2, read - BOX / 2, add);
    this.box(part, PART, read);
    this.before = null;
    this.y = add - 28;
  }

  /** @param {Part} part @param {number} x @param {number} from @param {number} to */
  added(part, x, from, to) {
    const size = this.data.numbers?.[part.name];
    const negative = (size ?? 0) < 0 ? " negative" : "";
    const width = size === undefined ? 1.5 : 1.5 + (10 * Math.abs(size)) / this.most;
    const path = `M${x} ${from} V${to} H${STREAM + 10}`;
    this.lines.push(svg("path", { class: `adds${negative}`, d: path, "stroke-width": width }));
    this.boxes.push(plus(STREAM, to));
    if (size === undefined) return;
    const at = { class: `size${negative}`, x: STREAM + 20, y: to - width / 2 - 4 };
    this.lines.push(svg("text", at, figures(size)));
  }

  // Layers that are left out, as a button.
  /** @param {Part[]} parts */
  gap(parts) {
    const layers = [...new Set(parts.map(({ layer }) => layer))];
    const label = `layers ${layers[0]} to ${layers.at(-1)}: the same again`;
    const button = svg("g", { class: "gap", role: "button", tabindex: 0 });
    button.setAttribute("aria-label", `${label}. Show them.`);
    this.y -= BOX + 4;
    const box = { class: "box", x: 14, width: WIDTH - 28, y: this.y, height: BOX, rx: 8 };
    const words = { x: WIDTH / 2, "text-anchor": "middle" };
    button.append(
      svg("rect", box),
      svg("text", { ...words, y: this.y + 17 }, label),
      svg("text", { ...words, class: "detail", y: this.y + 32 }, this.ranges(parts)),
    );
    this.boxes.push(button);
    this.y -= 12;
  }

  // What hidden branches add, from the least to the most; without numbers what a click does.
  /** @param {Part[]} parts */
  ranges(parts) {
    const { numbers } = this.data;
    const said = ["attention", "mlp"].flatMap((kind) => {
      const own = parts.filter((part) => part.kind === kind).map(({ name }) => numbers?.[name]);
      const known = own.filter((size) => size !== undefined);
      if (!known.length) return [];
      const name = kind === "mlp" ? "MLP" : kind;
      return [`${name} ${figures(Math.min(...known))} to ${figures(Math.max(...known))}`];
    });
    return said.length ? said.join(" · ") : "click to show them";
  }

  // ---- Pieces ----

  stream() {
    const line = { class: "stream", x1: STREAM, x2: STREAM, y1: -BOX / 2, y2: this.y + BOX };
    const { stream } = this.data.pages;
    const drawn = svg("line", line);
    if (!stream) return drawn;
    const link = this.link(stream, `The residual stream. Lesson: ${stream.title}`, "way");
    const broad = { ...line, class: "", stroke: "transparent", "stroke-width": 26 };
    link.append(drawn, svg("line", broad));
    return link;
  }

  /** @param {Part} part @param {[number, number]} sides @param {number} middle */
  box(part, [left, right], middle) {
    const page = this.data.pages[part.kind];
    const { name, title, detail } = part;
    const size = this.data.numbers?.[name];
    const where = part.layer === null ? "" : ` of layer ${part.layer}`;
    const adds = size === undefined ? "" : `, ${this.data.unit}: ${figures(size)}`;
    const label = `${title}${where}${adds}.${page ? ` Lesson: ${page.title}` : ""}`;
    const node = page ? this.link(page, label) : svg("g", {});
    node.classList.toggle("chosen", name === this.data.highlight);
    node.dataset.part = name;
    const x = (left + right) / 2;
    const rect = { class: "box", x: left, width: right - left, rx: 6 };
    node.append(
      svg("rect", { ...rect, y: middle - BOX / 2, height: BOX }),
      svg("text", { class: "name", x, y: middle + (detail ? -2 : 5), "text-anchor": "middle" }, title),
    );
    this.boxes.push(node);
    if (detail) this.detail(part, node, x, middle + 13);
  }

  /** @param {Part} part @param {SVGElement} node @param {number} x @param {number} y */
  detail({ kind, detail, layer }, node, x, y) {
    const text = svg("text", { class: "detail", x, y, "text-anchor": "middle" }, detail);
    const page = kind === "attention" && this.data.pages.heads;
    if (!page) return node.append(text);
    const link = this.link(page, `${detail} of layer ${layer}. Lesson: ${page.title}`, "heads");
    link.append(text);
    this.boxes.push(link);
  }

  /** @param {Page} page @param {string} label @param {string} name of its class */
  link(page, label, name = "") {
    const link = svg("a", { href: address(page.path), "aria-label": label, class: name });
    link.dataset.file = page.file;
    return link;
  }

  /** @param {number} y @param {number} x1 @param {number} x2 */
  arrow(y, x1, x2) {
    this.lines.push(
      svg("path", { class: "reads", d: `M${x1} ${y} H${x2 - 4}` }),
      svg("path", { class: "head", d: `M${x2} ${y} l-8 -4 v8 z` }),
    );
  }

  fillTable() {
    const { parts, numbers, unit, pages } = this.data;
    const titles = ["layer", "part", "what it does", ...(numbers ? [unit] : []), "lesson"];
    /** @param {Part} part */
    const size = ({ name }) => (numbers && name in numbers ? figures(numbers[name]) : "");
    const rows = parts.map((part) => [
      String(part.layer ?? ""),
      part.title,
      part.sentence,
      ...(numbers ? [size(part)] : []),
      pages[part.kind]?.title ?? "",
    ]);
    this.$("thead").replaceChildren(tableRow("th", titles));
    this.$("tbody").replaceChildren(...rows.map((row) => tableRow("td", row)));
  }
}

/**
 * Parts in groups: of one layer, of no layer, or of neighbouring layers that aren't drawn.
 * @param {Part[]} parts
 * @param {(number | null)[]} hidden layers
 * @returns {Group[]}
 */
export function runs(parts, hidden) {
  /** @type {Group[]} */
  const groups = [];
  for (const part of parts) {
    const skip = hidden.includes(part.layer);
    const last = groups.at(-1);
    if (last && last.hidden === skip && (skip || last.layer === part.layer)) last.own.push(part);
    else groups.push({ hidden: skip, layer: part.layer, own: [part] });
  }
  return groups;
}

// A lesson's address that keeps the model and the prompt, for those who open it in a new tab.
/** @param {string} path */
export function address(path) {
  const url = new URL(path || ".", location.href);
  const now = new URLSearchParams(location.search);
  for (const name of ["model", "prompt"]) {
    const value = now.get(name);
    if (value !== null) url.searchParams.set(name, value);
  }
  return url.href;
}

/** @param {number} x @param {number} y */
function plus(x, y) {
  const node = svg("g", { class: "plus" });
  node.append(
    svg("circle", { cx: x, cy: y, r: 10 }),
    svg("path", { d: `M${x - 6} ${y} h12 M${x} ${y - 6} v12` }),
  );
  return node;
}
