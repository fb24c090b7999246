// @ts-check
// The logit lens: what each layer would say at each position, and how the final answer rises.

import { element, finder } from "../../shared/dom.js";
import { Lifetime } from "../../shared/lifetime.js";
import { chance, grouped } from "../../shared/numbers.js";
import { Cells, tint } from "../cells.js";

export class Lens {
  /**
   * @param {ParentNode} root
   * @param {(column: number) => void} send is told which column was chosen
   */
  constructor(root, send) {
    this.$ = finder(root);
    /** @type {any} */
    this.data = null;
    this.life = new Lifetime();
    /** @param {number} _row @param {number} column */
    const choose = (_row, column) => {
      this.choose(column);
      send(column);
    };
    this.cells = new Cells(this.$("[role=grid]"), this.$(".tip"), choose, this.life);
    this.width = 0;
    this.life.onResize(this.$(".scroll"), () => this.revealAtFirst());
  }

  close() {
    this.life.close();
  }

  /** @param {any} data what lens_grid() sends */
  show(data) {
    if (this.data?.name !== data.name) this.width = 0;
    this.data = data;
    /** @type {Set<string>} */
    const marked = new Set((data.marked ?? []).map((/** @type {number[]} */ at) => at.join(".")));
    /** @type {import("../cells.js").Grid["paint"]} */
    const paint = (cell, row, column) => {
      /** @type {[string, number][]} */
      const best = data.best[row][column];
      cell.textContent = best[0][0];
      tint(cell, best[0][1]);
      const differs = marked.has(`${row}.${column}`);
      cell.classList.toggle("differs", differs);
      const said = best.map(([text, share]) => `${text} ${chance(share)}`).join(", ");
      return differs ? `${said} (not as beside)` : said;
    };
    const extra = () => element("div.rank");
    this.cells.draw({ rows: data.rows, columns: data.columns, paint, extra });
    this.choose(data.chosen);
    this.$("details div").replaceChildren(this.cells.table(data.rows, data.columns));
    this.revealAtFirst();
    this.$(".frame").dataset.shown = data.name;
  }

  /** Bring the chosen column into view, once for each picture: as soon as it has a width. */
  revealAtFirst() {
    const { clientWidth } = this.$(".scroll");
    if (this.width || !this.data) return;
    this.width = clientWidth;
    if (clientWidth) this.cells.reveal(this.$(".scroll"), this.data.chosen, this.$(".rank").offsetWidth);
  }

  /** @param {number} column */
  choose(column) {
    this.cells.mark((_row, at) => at === column);
    this.cells.lead([this.cells.at[0], column]);
    const answer = this.data.best.at(-1)[column][0][0];
    [...this.cells.grid.querySelectorAll(".rank")].forEach((rank, line) => {
      if (line === 0) return rank.replaceChildren(`rank of ${answer}`);
      const [number, share] = this.data.ranks[line - 1][column];
      rank.replaceChildren(element("b", grouped(number)), chance(share));
    });
  }
}
