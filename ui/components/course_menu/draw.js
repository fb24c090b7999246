// @ts-check
// The course's menu. What a reader has folded stays so, until another lesson is opened.

import { base } from "../shared/base.js";
import { element, finder } from "../shared/dom.js";
import { Lifetime } from "../shared/lifetime.js";

/**
 * @typedef {{ name: string, path: string, label: string, icon: string, visited: boolean }} Entry
 * @typedef {{ groups: { heading: string, entries: Entry[] }[], here: string }} Course
 */

/**
 * @param {ParentNode} root
 * @param {Course} data
 * @param {(name: string) => void} send is told which lesson was pressed
 */
export const draw = (root, data, send) => new Menu(root, data, send);

class Menu {
  /** @param {ParentNode} root @param {Course} data @param {(name: string) => void} send */
  constructor(root, data, send) {
    this.life = new Lifetime();
    this.send = send;
    /** @type {Map<string, { link: HTMLAnchorElement, label: HTMLElement }>} */
    this.links = new Map();
    this.here = "";
    this.groups = data.groups.map((group) => this.group(group));
    finder(root)(".course-menu").replaceChildren(...this.groups);
    this.show(data);
  }

  /** @param {{ heading: string, entries: Entry[] }} group */
  group({ heading, entries }) {
    const list = element("ul", ...entries.map((entry) => element("li", this.link(entry))));
    return element("details", element("summary", heading), list);
  }

  /** @param {Entry} entry */
  link({ name, path, icon }) {
    const sign = element("span.icon", icon);
    sign.translate = false;
    sign.setAttribute("aria-hidden", "true");
    const label = element("span");
    const link = element("a", sign, label);
    link.href = base() + path;
    this.life.on(link, "click", (event) => this.choose(event, name));
    this.links.set(name, { link, label });
    return link;
  }

  /** In this tab the page goes on; in another one the address does. @param {MouseEvent} event @param {string} name */
  choose(event, name) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (name !== this.here) this.send(name);
  }

  /** @param {Course} data */
  show({ groups, here }) {
    for (const { name, label, visited } of groups.flatMap(({ entries }) => entries)) {
      const shown = this.links.get(name);
      const text = visited ? `${label} ✓` : label;
      if (!shown) continue;
      if (shown.label.textContent !== text) shown.label.textContent = text;
      if (name === here) shown.link.setAttribute("aria-current", "page");
      else shown.link.removeAttribute("aria-current");
    }
    if (here === this.here) return;
    this.here = here;
    groups.forEach(({ entries }, i) => (this.groups[i].open = entries.some(({ name }) => name === here)));
  }

  close() {
    this.life.close();
  }
}
