// A grid of layers and positions: coloured cells that can be chosen by click and by keyboard.

const node = (tag, name, ...children) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
};

const percent = (share) => `${(100 * share).toFixed(1)}%`.replace("-", "−");

class Cells {
  // element: an empty element with role="grid". choose(row, column) is called for a click or Enter.
  constructor(element, tip, choose) {
    this.element = element;
    this.tip = tip;
    this.choose = choose;
    this.at = [0, 0]; // the cell that Tab leads to
    element.onclick = (event) => this.take(event.target.closest("[role=gridcell]"));
    element.onkeydown = (event) => this.key(event);
    element.onpointermove = (event) => this.explain(event);
    element.onpointerleave = () => (this.tip.hidden = true);
  }

  // rows: names. columns: {text, place, differs}. paint(cell, row, column) fills one cell and
  // returns what to say about it. extra(row): one more cell at the end, if any; -1 is the header.
  draw({ rows, columns, paint, extra = () => "" }) {
    this.said = rows.map(() => []);
    this.size = [rows.length, columns.length];
    this.element.style.setProperty("--columns", columns.length);
    this.fit(columns.length);
    this.element.replaceChildren(
      this.header(columns, extra(-1)),
      ...rows.map((name, row) => this.line(name, row, columns, paint, extra(row))),
    );
    this.at = this.at.map((place, axis) => Math.min(place, this.size[axis] - 1));
    this.cell(...this.at).tabIndex = 0;
  }

  // Cells as wide as there is room for, within what the style sheet allows; then they scroll.
  fit(columns) {
    const style = getComputedStyle(this.element);
    const pixels = (name) => parseFloat(style.getPropertyValue(name)) * parseFloat(style.fontSize);
    const room = this.element.parentElement.clientWidth - pixels("--names") - pixels("--rest");
    const width = Math.min(pixels("--widest"), room / columns - 2);
    this.element.style.setProperty("--cell", `${Math.max(pixels("--narrowest"), width)}px`);
  }

  header(columns, extra) {
    const line = node("div", "", headed("columnheader", ""));
    for (const { text, place, differs } of columns) {
      const head = headed("columnheader", differs ? "differs" : "", text, node("small", "", place));
      head.title = `${text} at ${place}`;
      line.append(head);
    }
    line.setAttribute("role", "row");
    if (extra) line.append(extra);
    return line;
  }

  line(name, row, columns, paint, extra) {
    const line = node("div", "", headed("rowheader", "", name));
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

  cell(row, column) {
    return this.element.querySelector(`[data-row="${row}"][data-column="${column}"]`);
  }

  take(cell) {
    if (!cell) return;
    this.lead(place(cell));
    this.choose(...place(cell));
  }

  lead(at) {
    this.cell(...this.at)?.setAttribute("tabindex", -1);
    this.at = at;
    this.cell(...at).tabIndex = 0;
  }

  key(event) {
    const step = STEPS[event.key];
    if (event.key === "Enter" || event.key === " ") this.take(this.cell(...this.at));
    else if (step) {
      this.lead(this.at.map((at, axis) => clamp(at + step[axis], this.size[axis])));
      const cell = this.cell(...this.at);
      cell.focus();
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else return;
    event.preventDefault();
  }

  // mark(row, column) says whether a cell is chosen
  mark(chosen) {
    for (const cell of this.element.querySelectorAll("[role=gridcell]"))
      cell.setAttribute("aria-selected", chosen(...place(cell)));
  }

  explain(event) {
    const cell = event.target.closest("[role=gridcell]");
    this.tip.hidden = !cell;
    if (!cell) return;
    this.tip.textContent = cell.getAttribute("aria-label");
    const frame = this.tip.parentElement.getBoundingClientRect();
    const left = Math.min(event.clientX - frame.left + 14, frame.width - this.tip.offsetWidth - 4);
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${event.clientY - frame.top + 18}px`;
  }

  // Bring a column into view without moving the page; covered: pixels hidden at the right.
  reveal(scroll, column, covered = 0) {
    const cell = this.cell(0, column);
    const end = cell.offsetLeft + cell.offsetWidth * 1.5;
    scroll.scrollLeft = Math.max(0, end - scroll.clientWidth + covered);
  }

  table(rows, columns) {
    const line = (tag, texts) => node("tr", "", ...texts.map((text) => node(tag, "", text)));
    const body = columns.map((column, at) =>
      line("td", [`${column.place} ${column.text}`, ...rows.map((_, row) => this.said[row][at])]),
    );
    return node("table", "", line("th", ["position", ...rows]), ...body);
  }
}

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const clamp = (at, count) => Math.max(0, Math.min(count - 1, at));
const place = (cell) => [Number(cell.dataset.row), Number(cell.dataset.column)];

function headed(role, name, ...children) {
  const made = node("div", name, ...children);
  made.setAttribute("role", role);
  return made;
}

// A share from 0 to 1 of one hue over the background.
function tint(cell, share, hue) {
  const full = Math.min(1, Math.abs(share));
  cell.style.setProperty("--share", `${Math.round(100 * full)}%`);
  if (hue) cell.style.setProperty("--hue", `var(--${hue})`);
  cell.classList.toggle("full", full > 0.65);
}
