// The logit lens: what each layer would say at each position, and how the final answer rises.

export default function ({ data, parentElement, setTriggerValue }) {
  const lens = (parentElement.lens ??= new Lens(parentElement));
  lens.tell = (column) => setTriggerValue("column", column);
  lens.show(data);
}

class Lens {
  constructor(root) {
    this.$ = (selector) => root.querySelector(selector);
    const choose = (_row, column) => {
      this.choose(column);
      this.tell(column);
    };
    this.cells = new Cells(this.$("[role=grid]"), this.$(".tip"), choose);
  }

  show(data) {
    const first = !this.data || this.data.name !== data.name;
    this.data = data;
    const paint = (cell, row, column) => {
      const best = data.best[row][column];
      cell.textContent = best[0][0];
      tint(cell, best[0][1]);
      return best.map(([text, share]) => `${text} ${percent(share)}`).join(", ");
    };
    const extra = () => node("div", "rank");
    this.cells.draw({ rows: data.rows, columns: data.columns, paint, extra });
    this.choose(data.chosen);
    this.$("details div").replaceChildren(this.cells.table(data.rows, data.columns));
    if (first) this.cells.reveal(this.$(".scroll"), data.chosen, this.$(".rank").offsetWidth);
    this.$(".frame").dataset.shown = data.name;
  }

  choose(column) {
    this.cells.mark((_row, at) => at === column);
    this.cells.lead([this.cells.at[0], column]);
    const answer = this.data.best.at(-1)[column][0][0];
    [...this.cells.element.querySelectorAll(".rank")].forEach((rank, line) => {
      if (line === 0) return rank.replaceChildren(`rank of ${answer}`);
      const [number, share] = this.data.ranks[line - 1][column];
      rank.replaceChildren(node("b", "", number.toLocaleString("en")), percent(share));
    });
  }
}
