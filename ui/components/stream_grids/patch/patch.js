// @ts-check
// Two runs, a grid each. A state is dragged (or clicked, or sent by Enter) from the upper into the
// lower one, where it lands in its own layer and position; Python then says what the model answers.

import { element, finder } from "../../shared/dom.js";
import { Lifetime } from "../../shared/lifetime.js";
import { chance, percent, rounded } from "../../shared/numbers.js";
import { Cells, place, tint } from "../cells.js";

/** @typedef {import("../../shared/dom.js").Pointed} Pointed */

const FAR = 6; // pixels that make a press a drag

export class Patch {
  /**
   * @param {ParentNode} root
   * @param {(cell: [number, number]) => void} send is told which state was copied
   */
  constructor(root, send) {
    this.$ = finder(root);
    this.send = send;
    /** @type {any} */
    this.data = null;
    this.life = new Lifetime();
    /** @param {number} row @param {number} column */
    const choose = (row, column) => this.copy(row, column);
    this.source = new Cells(this.$(".source"), this.$(".tip"), choose, this.life);
    this.into = new Cells(this.$(".into"), this.$(".tip"), choose, this.life);
    this.listen();
  }

  close() {
    this.life.close();
  }

  /** @param {any} data what patch_grids() sends */
  show(data) {
    const first = !this.data || this.data.name !== data.name;
    this.data = data;
    if (first || data.moved?.length !== this.drawn) this.drawGrids(data);
    this.mark(data.chosen);
    this.drawOutcome(data.outcome);
    if (first) this.source.reveal(this.$(".scroll"), data.chosen[1]);
    this.$(".frame").dataset.shown = `${data.name} ${data.chosen.join(".")}`;
  }

  /**
   * @typedef {{ place: number, differs: boolean, source: string, into: string }} Column
   * @typedef {number[][]} Shares of all layers and positions
   * @param {{ rows: string[], columns: Column[], differ: Shares, moved: Shares | null }} data
   */
  drawGrids({ rows, columns, differ, moved }) {
    this.drawn = moved?.length;
    /** @param {"source" | "into"} run */
    const heads = (run) => columns.map((column) => ({ ...column, text: column[run] }));
    this.source.draw({
      rows,
      columns: heads("source"),
      paint: (cell, row, column) => {
        tint(cell, 0.65 * differ[row][column]);
        return `differs by ${percent(differ[row][column])} of the most`;
      },
    });
    this.into.draw({
      rows,
      columns: heads("into"),
      paint: (cell, row, column) => {
        const share = moved ? moved[row][column] : null;
        cell.classList.toggle("unknown", share === null);
        if (share === null) return "not computed yet";
        tint(cell, share, share < 0 ? "against" : "z");
        if (Math.abs(share) >= 0.005) cell.textContent = rounded(Math.round(100 * share), 0);
        return movesWords(share);
      },
    });
    this.$("details div").replaceChildren(this.into.table(rows, heads("into")));
  }

  /** @param {[number, number]} chosen */
  mark(chosen) {
    for (const cells of [this.source, this.into]) {
      cells.mark((row, column) => row === chosen[0] && column === chosen[1]);
      cells.lead(chosen);
    }
  }

  /** @param {number} row @param {number} column */
  copy(row, column) {
    this.mark([row, column]);
    this.$(".outcome").classList.add("waiting");
    this.send([row, column]);
  }

  // ---- Dragging ----

  listen() {
    const { life } = this;
    const grid = this.$(".source");
    life.on(grid, "pointerdown", (event) => this.press(event));
    life.on(grid, "pointermove", (event) => this.move(event));
    life.on(grid, "pointerup", (event) => this.release(event));
    life.on(grid, "pointercancel", () => this.drop());
    // The click that ends a drag is none.
    /** @param {Event} event */
    const stop = (event) => this.dragged && event.stopPropagation();
    life.on(grid, "click", stop, { capture: true });
  }

  /** @param {Pointed} event */
  press(event) {
    const cell = event.target.closest("[role=gridcell]");
    this.dragged = false;
    if (cell && event.button === 0) this.held = { cell, x: event.clientX, y: event.clientY };
  }

  /** @param {Pointed} event */
  move(event) {
    if (!this.held) return;
    const { cell, x, y } = this.held;
    if (!this.dragged && Math.hypot(event.clientX - x, event.clientY - y) < FAR) return;
    const [row, column] = place(cell);
    const ghost = this.$(".ghost");
    if (!this.dragged) {
      this.dragged = true;
      this.$(".source").setPointerCapture(event.pointerId);
      ghost.textContent = `${this.data.rows[row]} of ${this.data.columns[column].source}`;
      this.into.cell([row, column]).classList.add("landing");
    }
    const frame = this.$(".frame").getBoundingClientRect();
    ghost.hidden = false;
    ghost.style.left = `${event.clientX - frame.left + 8}px`;
    ghost.style.top = `${event.clientY - frame.top + 8}px`;
    this.$(".tip").hidden = true;
    this.$(".into").classList.toggle("over", this.overInto(event));
  }

  /** @param {Pointed} event */
  overInto(event) {
    const box = this.$(".into").getBoundingClientRect();
    return event.clientY >= box.top && event.clientY <= box.bottom;
  }

  /** @param {Pointed} event */
  release(event) {
    const { cell } = this.held ?? {};
    const dropped = this.dragged && this.overInto(event);
    this.drop();
    if (dropped) this.copy(...place(cell));
  }

  drop() {
    this.held = null;
    this.$(".ghost").hidden = true;
    this.$(".into").classList.remove("over");
    this.$(".landing")?.classList.remove("landing");
  }

  // ---- What it answers ----

  /** @param {{ said: string, names: string[], tokens: [string, ...number[]][] }} outcome */
  drawOutcome({ said, names, tokens }) {
    const head = element("tr", element("th", "next token"), ...names.map((n) => element("th", n)));
    const rows = tokens.map(([text, ...shares]) => {
      const name = element("th", text);
      name.scope = "row";
      const bars = shares.map((share, run) => {
        const fill = element("i");
        fill.style.width = percent(share);
        const number = element("span", chance(share));
        return element(run === 1 ? "td.patched" : "td", element("span.track", fill), number);
      });
      return element("tr", name, ...bars);
    });
    const table = element("table", element("thead", head), element("tbody", ...rows));
    const outcome = this.$(".outcome");
    outcome.replaceChildren(element("p.said", said), table);
    outcome.classList.remove("waiting");
  }
}

/** What of the answer one state moves. @param {number} share below 0 where it moves away from B's */
export function movesWords(share) {
  if (Math.abs(share) < 0.0005) return "the answer hardly moves";
  return share < 0 ? `the answer moves away by ${percent(-share)}` : `${percent(share)} of the answer moves`;
}
