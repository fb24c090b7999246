// @ts-check
// One line over the page, which says what the page itself can't.

const STYLE =
  "position:fixed;z-index:1000001;top:0;left:0;right:0;padding:.5rem 1rem;text-align:center;" +
  "font:600 16px/1.4 sans-serif;background:#1c1b22;color:#fff;border-bottom:3px solid #ffb04a";

export class Notice {
  /** @param {Document} page @param {string} name */
  constructor(page, name) {
    this.page = page;
    this.line = page.createElement("div");
    this.line.setAttribute("role", "status");
    this.line.dataset.testid = name;
    this.line.style.cssText = STYLE;
  }

  /** @param {string} words @param {number} [during] milliseconds; else until `hide` */
  say(words, during) {
    clearTimeout(this.timer);
    this.line.textContent = words;
    this.page.body?.append(this.line);
    if (during) this.timer = setTimeout(() => this.hide(), during);
  }

  hide() {
    this.line.remove();
  }
}
