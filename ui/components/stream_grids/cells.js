// @ts-check
// A grid of layers and positions: coloured cells that can be chosen by click and by keyboard.

import { element, tableRow } from "../shared/dom.js";
import { ARROWS, presses } from "../shared/keys.js";
import { clamp } from "../shared/numbers.js";

/**
 * @typedef {{ text: string, place: number, differs?: boolean }} Column
 * @typedef {object} Grid what is drawn
 * @property {string[]} rows their names
 * @property {Column[]} columns
 * @property {(cell: any, row: number, column: number) => string} paint fills one cell and returns
 * what to say about it
 * @property {(row: number) => any} [extra] one more cell at the end, if any; -1 is the header
 */

export class Cells {
  /**
   * @param {HTMLElement} grid an empty element with role="grid"
   * @param {HTMLElement} tip
   * @param {(row: number, column: number) => void} choose is called for a click or Enter
   * @param {import("../shared/lifetime.js").Lifetime} life how long it listens
   */
  constructor(grid, tip, choose, life) {
    this.grid = grid;
    this.tip = tip;
    this.choose = choose;
    /** @type {[number, number]} */
    this.at = [0, 0]; // the cell that Tab leads to
    this.size = [0, 0];
    /** @type {string[][]} */
    this.said = [];
    life.on(grid, "click", (event) => this.take(event.target.closest("[role=gridcell]")));
    life.on(grid, "keydown", (event) => this.key(event));
    life.on(grid, "pointermove", (event) => this.explain(event));
    life.on(grid, "pointerleave", () => (this.tip.hidden = true));
  }

  /** @param {Grid} grid */
  draw({ rows, columns, paint, extra = () => "" }) {
    this.said = rows.map(() => []);
    this.size = [rows.length, columns.length];
    this.grid.style.setProperty("--columns", String(columns.length));
    this.fit(columns.length);
    this.grid.replaceChildren(
      this.header(columns, extra(-1)),
      ...rows.map((name, row) => this.line(name, row, columns, paint, extra(row))),
    );
    const [row, column] = this.at;
    this.at = [Math.min(row, rows.length - 1), Math.min(column, columns.length - 1)];
    this.cell(this.at).tabIndex = 0;
  }

  // Cells as wide as there is room for, within what the style sheet allows; then they scroll.
  /** @param {number} columns */
  fit(columns) {
    const style = getComputedStyle(this.grid);
    /** @param {string} name */
    const pixels = (name) => parseFloat(style.getPropertyValue(name)) * parseFloat(style.fontSize);
    const room = frameOf(this.grid).clientWidth - pixels("--names") - pixels("--rest");
    const width = Math.min(pixels("--widest"), room / columns - 2);
    this.grid.style.setProperty("--cell", `${Math.max(pixels("--narrowest"), width)}px`);
  }

  /** @param {Column[]} columns @param {Node | ""} extra */
  header(columns, extra) {
    const line = element("div", headed("columnheader", ""));
    for (const { text, place, differs } of columns) {
      const number = element("small", String(place));
      const head = headed("columnheader", differs ? "differs" : "", text, number);
      head.title = `${text} at ${place}`;
      line.append(head);
    }
    line.setAttribute("role", "row");
    if (extra) line.append(extra);
    return line;
  }

  /**
   * @param {string} name
   * @param {number} row
   * @param {Column[]} columns
   * @param {Grid["paint"]} paint
   * @param {Node | ""} extra
   */
  line(name, row, columns, paint, extra) {
    const line = element("div", headed("rowheader", "", name));
    columns.forEach((column, at) => {
      const cell = headed("gridcell", "");
      Object.assign(cell.dataset, { row, column: at });
      cell.tabIndex = -1;
      this.said[row][at] = paint(cell, row, at);
      cell.setAttribute("aria-label", `${name}, ${column.text} at ${column.place}: ${this.said[row][at]}`);
      line.append(cell);
    });
    line.setAttribute("role", "row");
    if (extra) line.append(extra);
    return line;
  }

  /** @param {number[]} at row and column @returns {any} */
  cell([row, column]) {
    return this.grid.querySelector(`[data-row="${row}"][data-column="${column}"]`);
  }

  /** @param {HTMLElement | null} cell */
  take(cell) {
    if (!cell) return;
    this.lead(place(cell));
    this.choose(...place(cell));
  }

  /** @param {[number, number]} at */
  lead(at) {
    this.cell(this.at)?.setAttribute("tabindex", "-1");
    this.at = at;
    this.cell(at).tabIndex = 0;
  }

  /** @param {import("../shared/dom.js").Pressed} event */
  key(event) {
    const step = ARROWS[event.key];
    if (presses(event)) this.take(this.cell(this.at));
    else if (step) {
      const [rows, columns] = this.size;
      const [row, column] = this.at;
      this.lead([clamp(row + step[0], rows), clamp(column + step[1], columns)]);
      const cell = this.cell(this.at);
      cell.focus();
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else return;
    event.preventDefault();
  }

  // chosen(row, column) says whether a cell is chosen
  /** @param {(row: number, column: number) => boolean} chosen */
  mark(chosen) {
    for (const cell of this.grid.querySelectorAll("[role=gridcell]"))
      cell.setAttribute("aria-selected", String(chosen(...place(cell))));
  }

  /** @param {import("../shared/dom.js").Pointed} event */
  explain(event) {
    const cell = event.target.closest("[role=gridcell]");
    this.tip.hidden = !cell;
    if (!cell) return;
    this.tip.textContent = cell.getAttribute("aria-label");
    const frame = frameOf(this.tip).getBoundingClientRect();
    const left = Math.min(event.clientX - frame.left + 14, frame.width - this.tip.offsetWidth - 4);
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${event.clientY - frame.top + 18}px`;
  }

  // Bring a column into view without moving the page; covered: pixels hidden at the right.
  /** @param {HTMLElement} scroll @param {number} column @param {number} covered */
  reveal(scroll, column, covered = 0) {
    const cell = this.cell([0, column]);
    const end = cell.offsetLeft + cell.offsetWidth * 1.5;
    scroll.scrollLeft = Math.max(0, end - scroll.clientWidth + covered);
  }

  /** @param {string[]} rows @param {Column[]} columns */
  table(rows, columns) {
    const body = columns.map((column, at) =>
      tableRow("td", [`${column.place} ${column.text}`, ...rows.map((_, row) => this.said[row][at])]),
    );
    return element("table", tableRow("th", ["position", ...rows]), ...body);
  }
}

/** @param {any} cell @returns {[number, number]} */
export const place = (cell) => [Number(cell.dataset.row), Number(cell.dataset.column)];

/** @param {HTMLElement} node */
const frameOf = (node) => /** @type {HTMLElement} */ (node.parentElement);

/** @param {string} role @param {string} name @param {...(Node | string)} children */
function headed(role, name, ...children) {
  const made = element(name ? `div.${name}` : "div", ...children);
  made.setAttribute("role", role);
  return made;
}

/**
 * A share from 0 to 1 of one hue over the background.
 * @param {HTMLElement} cell
 * @param {number} share
 * @param {string} [hue]
 */
export function tint(cell, share, hue) {
  cell.style.setProperty("--share", `${Math.round(100 * Math.min(1, Math.abs(share)))}%`);
  if (hue) cell.style.setProperty("--hue", `var(--${hue})`);
}
