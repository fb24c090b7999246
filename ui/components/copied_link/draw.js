// @ts-check
// A link on its way into the clipboard. A page that came over plain http has none; then the link
// stands in a field, chosen already, so that one pair of keys copies it.

import { element, finder } from "../shared/dom.js";
import { Lifetime, Timer } from "../shared/lifetime.js";

/**
 * link: empty until somebody asks. asked: how often. copied, by_hand: what is said of it.
 * @typedef {{ link: string, asked: number, copied: string, by_hand: string }} LinkData
 */

const LONG_ENOUGH = 4000; // milliseconds

/**
 * @param {ParentNode} root
 * @param {LinkData} data
 */
export const draw = (root, data) => new CopiedLink(root, data);

class CopiedLink {
  /** @param {ParentNode} root @param {LinkData} data */
  constructor(root, data) {
    this.life = new Lifetime();
    this.timer = new Timer(this.life);
    /** @type {HTMLElement} */
    this.said = finder(root)(".copied");
    this.said.setAttribute("role", "status");
    this.life.on(this.said, "keydown", (event) => {
      if (event.key === "Escape") this.said.replaceChildren();
    });
    this.asked = 0;
    this.show(data);
  }

  /** @param {LinkData} data */
  async show(data) {
    if (data.asked === this.asked) return;
    this.asked = data.asked;
    try {
      await navigator.clipboard.writeText(data.link);
      this.said.replaceChildren(data.copied);
      this.timer.start(LONG_ENOUGH, () => this.said.replaceChildren());
    } catch {
      this.offer(data); // there is no clipboard, or it isn't for us
    }
  }

  /** @param {LinkData} data */
  offer({ link, by_hand }) {
    this.timer.stop();
    const field = element("input");
    field.readOnly = true;
    field.value = link;
    field.setAttribute("aria-label", by_hand);
    this.life.on(field, "blur", () => this.said.replaceChildren());
    this.said.replaceChildren(by_hand, field);
    field.focus();
    field.select();
  }

  close() {
    this.life.close();
  }
}
