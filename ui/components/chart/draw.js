// @ts-check
// A chart of Plotly's, drawn where a reader sees it: what is far from the screen waits until it is
// near. So a page with ten charts answers as soon as the one or two that are in view.

import { pageScale } from "../shared/dom.js";
import { Lifetime } from "../shared/lifetime.js";
import { FAILED, plotly } from "../shared/plotly.js";
import { PAGE } from "../shared/seen.js";
import { enlarged, fitted } from "./letters.js";

/** @typedef {{ data: any[], layout: any }} Figure */
/** @typedef {{ figure: Figure, alt: string, script: string, chooses: boolean }} Message */

const NEAR = "400px 0px"; // how far above and below the screen
const EDGES = 60; // pixels above and below what fills the screen
const KEPT = "what a reader has hidden by the legend";
const CONFIG = { displayModeBar: false, showTips: false }; // a tip would cover the bar

/**
 * @param {ParentNode} root what holds chart.html
 * @param {Uint8Array} data a message as JSON
 * @param {(choice: any) => void} send is told of a point that was pressed
 * @returns {import("../shared/mounting.js").Drawing}
 */
export function draw(root, data, send) {
  const host = root.querySelector(".chart");
  if (!(host instanceof HTMLElement)) throw new Error("This is not chart.html.");
  return new Chart(host, data, send);
}

class Chart {
  /** @param {HTMLElement} host @param {Uint8Array} data @param {(choice: any) => void} send */
  constructor(host, data, send) {
    this.host = host;
    this.send = send;
    this.life = new Lifetime();
    this.isNear = false;
    this.drawn = ""; // the size that it was drawn in last
    this.isStale = true;
    this.waits = false;
    /** @type {any} */
    this.plotly = null;
    this.text = "";
    this.show(data);
    const observer = new IntersectionObserver(
      (entries) => {
        this.isNear = entries.at(-1)?.isIntersecting ?? false;
        this.drawSoon();
      },
      { root: host.closest(PAGE), rootMargin: NEAR },
    );
    observer.observe(host);
    this.life.atEnd(() => observer.disconnect());
    this.life.onResize(host, () => this.drawSoon());
    this.life.on(document, "fullscreenchange", () => this.drawSoon());
    this.life.on(window, "beforeprint", () => this.drawNow());
  }

  /** @param {Uint8Array} data */
  show(data) {
    const text = new TextDecoder().decode(data);
    if (text === this.text) return; // a rerun that changed nothing here
    this.text = text;
    /** @type {Message} */
    this.message = JSON.parse(text);
    this.host.style.minHeight = `${this.figure().layout.height}px`; // before it is drawn, too
    this.host.setAttribute("aria-label", this.message.alt);
    this.isStale = true;
    this.drawSoon();
  }

  /** As it is drawn: before a class in larger letters. */
  figure() {
    return enlarged(this.message.figure, pageScale());
  }

  /** Before the next painting, once, however much has changed until then. */
  drawSoon() {
    if (this.waits || !this.isNear) return;
    this.waits = true;
    requestAnimationFrame(() => {
      this.waits = false;
      if (this.isNear) this.drawNow();
    });
  }

  /** As wide as its place, 0 where that is folded away; where it fills the screen, as high. */
  size() {
    const { height } = this.figure().layout;
    const fills = document.fullscreenElement?.contains(this.host);
    return {
      width: this.host.clientWidth,
      height: fills ? Math.max(height, innerHeight - EDGES) : height,
    };
  }

  async drawNow() {
    try {
      this.plotly ??= await plotly(this.message.script);
    } catch {
      this.host.textContent = FAILED;
      return;
    }
    const size = this.size();
    const { data, layout } = fitted(this.figure(), size.width);
    const drawn = `${size.width} × ${size.height}, ${pageScale()}`;
    if (!size.width || this.life.signal.aborted || (!this.isStale && drawn === this.drawn)) return;
    if (!this.drawn) this.host.textContent = ""; // that it could not be drawn before
    this.isStale = false;
    this.drawn = drawn;
    await this.plotly.react(this.host, data, { ...layout, ...size, uirevision: KEPT }, CONFIG);
    if (!this.life.signal.aborted) this.listen();
  }

  /** Once Plotly has made the element its own, it tells which point was pressed. */
  listen() {
    if (this.listens || !this.message.chooses) return;
    this.listens = true;
    /** @type {any} */ (this.host).on("plotly_click", (/** @type {any} */ event) => {
      const point = event.points[0];
      if (point) this.send({ curve: point.curveNumber, customdata: point.customdata ?? null });
    });
  }

  close() {
    this.life.close();
    this.plotly?.purge(this.host);
  }
}
