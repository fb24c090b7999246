// @ts-check
// The text as tokens that can be chosen, and the draw that the chosen one came from.

import { element, finder } from "../../shared/dom.js";
import { taken, withModifier } from "../../shared/keys.js";
import { Lifetime } from "../../shared/lifetime.js";
import { chance, grouped, part } from "../../shared/numbers.js";
import { barRows } from "../bars.js";

const MOST_BITS = 8; // a token this surprising, or more, gets the darkest ground
const DARKEST = 60; // percent

/**
 * What generated_text() sends.
 * @typedef {object} TextData
 * @property {string} id of this text
 * @property {string[]} prompt
 * @property {string[]} texts of the tokens that were written
 * @property {number[]} bits
 * @property {boolean} live
 * @property {string} hint
 * @property {number} vocabulary
 * @property {number | null} [differs] the first token that another text hasn't
 * @property {Draw[]} drawn how the newest of the tokens were drawn
 * @typedef {{ rank: number, kept: number, drawn: number }} Place
 * @typedef {Place & { rows: [string, number, number][], rest: [number, number, number] }} Draw
 */

export class GeneratedText {
  /** @type {TextData} */
  data; // since the first show()
  /** @type {HTMLElement | null} */
  chosen = null;

  /** @param {ParentNode} root */
  constructor(root) {
    this.$ = finder(root);
    this.text = this.$(".text");
    this.caret = element("span.caret");
    this.life = new Lifetime();
    this.life.on(this.text, "click", (event) => this.choose(event.target.closest("[role=option]")));
    this.life.on(this.text, "keydown", (event) => this.key(event));
  }

  close() {
    this.life.close();
  }

  /** @returns {NodeListOf<HTMLElement>} */
  get tokens() {
    return this.text.querySelectorAll("[role=option]");
  }

  /** @param {TextData} data */
  show(data) {
    if (data.id !== this.data?.id || data.texts.length < this.tokens.length) this.clear(data);
    const known = this.tokens.length;
    const added = data.texts.slice(known).map((text, i) => this.token(text, known + i, data));
    this.text.append(...added, this.caret);
    this.data = data;
    this.text.querySelector(".differs")?.classList.remove("differs");
    this.tokens[data.differs ?? -1]?.classList.add("differs");
    this.caret.hidden = !data.live;
    this.$("h3").setAttribute("aria-live", data.live ? "off" : "polite");
    this.$(".hint").textContent = data.hint;
    if (data.live) this.text.scrollTop = this.text.scrollHeight;
    if (data.live || !this.chosen) this.choose([...this.tokens].at(-1), false);
    else this.drawBars();
    this.text.dataset.written = data.texts.length;
    this.text.dataset.live = data.live;
  }

  /** @param {TextData} data */
  clear(data) {
    this.chosen = null;
    const given = element("span.given");
    for (const text of data.prompt) given.append(...pieces(text));
    this.text.replaceChildren(given);
  }

  /** @param {string} text @param {number} place @param {TextData} data */
  token(text, place, data) {
    const made = element("span", ...pieces(text));
    made.setAttribute("role", "option");
    made.setAttribute("aria-selected", "false");
    made.setAttribute("aria-label", `${text}, token ${place + 1}`);
    made.tabIndex = -1;
    const heat = Math.min(1, data.bits[place] / MOST_BITS) * DARKEST;
    made.style.setProperty("--heat", `${heat.toFixed(0)}%`);
    made.dataset.place = place;
    return made;
  }

  /** @param {HTMLElement | null | undefined} token */
  choose(token, focus = true) {
    if (!token) return this.drawBars();
    if (this.chosen) {
      this.chosen.setAttribute("aria-selected", "false");
      this.chosen.tabIndex = -1;
    }
    this.chosen = token;
    token.setAttribute("aria-selected", "true");
    token.tabIndex = 0;
    if (focus) token.focus({ preventScroll: false });
    this.drawBars();
    if (focus) this.$("h3").scrollIntoView({ block: "nearest" });
  }

  // While the text grows only the newest draw is here; all of them come when it has ended.
  drawBars() {
    const { drawn, texts, vocabulary } = this.data;
    const place = this.chosen ? Number(this.chosen.dataset.place) : -1;
    const first = texts.length - drawn.length;
    const draw = drawn[place - first];
    this.$(".both").classList.toggle("chosen", Boolean(draw));
    this.$(".draw").hidden = !draw;
    if (!draw) return;
    const [text, before, after] = draw.rows[draw.drawn];
    this.$("h3").replaceChildren(
      element("b", text),
      ` was drawn with ${part(after)}. The model gave it ${chance(before)}: `,
      draw.rank === 1 ? "its first choice." : `number ${grouped(draw.rank)} on its list.`,
    );
    this.$(".bars").replaceChildren(...barRows(draw));
    this.$(".kept").textContent =
      draw.kept === vocabulary
        ? `All ${grouped(vocabulary)} tokens could have been drawn.`
        : `${grouped(draw.kept)} of ${grouped(vocabulary)} tokens could have been drawn.`;
  }

  /** @param {import("../../shared/dom.js").Pressed} event */
  key(event) {
    if (withModifier(event) || !this.chosen) return;
    const tokens = [...this.tokens];
    const here = tokens.indexOf(this.chosen);
    const { chosen } = this;
    /** @type {Record<string, () => HTMLElement | undefined>} */
    const targets = {
      ArrowLeft: () => tokens[here - 1],
      ArrowRight: () => tokens[here + 1],
      ArrowUp: () => nearest(tokens.slice(0, here).reverse(), chosen),
      ArrowDown: () => nearest(tokens.slice(here + 1), chosen),
      Home: () => tokens[0],
      End: () => tokens.at(-1),
    };
    const target = targets[event.key];
    if (!target) return;
    taken(event);
    const token = target();
    if (token) this.choose(token);
  }
}

// White space shows as a faint sign; a line may break after ␣, and does after ⏎.
/** @param {string} text @returns {(Node | string)[]} */
export function pieces(text) {
  return text.split(/([␣⏎])/).flatMap((part) => {
    if (part === "␣") return [element("i", part), element("wbr")];
    if (part === "⏎") return [element("i", part), "\n"];
    return part ? [part] : [];
  });
}

// Of the next other line, the token closest to straight above or below.
/** @param {HTMLElement[]} tokens @param {HTMLElement} from */
function nearest(tokens, from) {
  const start = from.getBoundingClientRect();
  const middle = start.left + start.width / 2;
  /** @type {{ token: HTMLElement, distance: number } | null} */
  let best = null;
  /** @type {number | null} */
  let line = null;
  for (const token of tokens) {
    const box = token.getClientRects()[0];
    if (!box || Math.abs(box.top - start.top) < box.height / 2) continue;
    if (line !== null && Math.abs(box.top - line) > box.height / 2) break;
    line = box.top;
    const distance = Math.abs(box.left + box.width / 2 - middle);
    if (!best || distance < best.distance) best = { token, distance };
  }
  return best?.token;
}
