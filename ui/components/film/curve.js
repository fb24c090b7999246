// @ts-check
// The loss curve over the slider, as SVG. Its axis is stretched so that snapshots, which are dense
// at the beginning, stand at equal distances: the thumb of the slider is always under the mark.

import { svg } from "../shared/dom.js";
import { grouped } from "../shared/numbers.js";

/**
 * @typedef {import("./message.js").FilmData} FilmData
 * @typedef {import("./message.js").Frame} Frame
 */

const EDGE = { left: 52, right: 16, top: 8, bottom: 22 };

/**
 * Where a step lies from 0 (left) to 1 (right): stops are steps at equal distances.
 * @param {number[]} stops
 * @param {number} step
 */
export function placeOf(stops, step) {
  const last = stops.length - 1;
  if (last < 1) return 0;
  let i = stops.findLastIndex((stop) => stop <= step);
  i = Math.max(0, Math.min(i, last - 1));
  return (i + (step - stops[i]) / (stops[i + 1] - stops[i])) / last;
}

/**
 * Every frame's step, and where the curve begins and ends if that is elsewhere.
 * @param {Pick<FilmData, "frames" | "curve">} film
 * @returns {number[]}
 */
export function stopsOf({ frames, curve }) {
  const xs = [...curve.batches, ...curve.validation].map(([x]) => x);
  const steps = frames.map(({ step }) => step);
  return [...new Set([Math.min(...xs, ...steps), ...steps, Math.max(...xs, ...steps)])].sort(
    (a, b) => a - b,
  );
}

export class Curve {
  // What draw() sets: where a step and a loss lie, and what marks the frame that is shown.
  /** @type {(step: number) => number} */
  x;
  /** @type {(loss: number) => number} */
  y;
  bottom = 0;
  /** @type {SVGLineElement} */
  line;
  /** @type {SVGCircleElement} */
  dot;

  /** @param {SVGElement} node */
  constructor(node) {
    this.node = node;
  }

  /** @param {FilmData} film */
  draw(film) {
    const { width, height } = this.node.getBoundingClientRect();
    const { batches, validation } = film.curve;
    const stops = stopsOf(film);
    const losses = [...batches, ...validation].map(([, y]) => y);
    const [low, high] = [Math.min(0, ...losses), Math.max(...losses, 1)];
    const across = width - EDGE.left - EDGE.right;
    const down = height - EDGE.top - EDGE.bottom;
    this.bottom = height - EDGE.bottom;
    this.x = (step) => EDGE.left + across * placeOf(stops, step);
    this.y = (loss) => EDGE.top + (down * (high - loss)) / (high - low);
    /** @param {[number, number][]} points */
    const path = (points) =>
      points.map(([x, y]) => `${this.x(x).toFixed(1)},${this.y(y).toFixed(1)}`).join(" ");
    this.line = svg("line", { class: "here", y1: EDGE.top, y2: this.bottom });
    this.dot = svg("circle", { class: "here", r: 7 });
    this.node.replaceChildren(
      ...this.rules(low, high, width),
      ...this.labels(stops, across),
      svg("polyline", { class: "batches", points: path(batches) }),
      svg("polyline", { class: "validation", points: path(validation) }),
      ...film.frames.map(({ step, loss }) => this.stop(step, loss)),
      this.line,
      this.dot,
    );
  }

  /** @param {number} step @param {number | null} loss */
  stop(step, loss) {
    return svg("circle", { class: "stop", cx: this.x(step), cy: this.y(loss ?? 0), r: 4 });
  }

  /** @param {number} low @param {number} high @param {number} width */
  rules(low, high, width) {
    const size = [0.5, 1, 2, 5, 10, 20, 50].find((s) => (high - low) / s <= 4.5) ?? 100;
    const rules = [];
    for (let loss = Math.ceil(low / size) * size; loss <= high; loss += size) {
      const y = this.y(loss);
      rules.push(svg("line", { class: "rule", x1: EDGE.left, x2: width - EDGE.right, y1: y, y2: y }));
      rules.push(svg("text", { x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, String(loss)));
    }
    rules.push(svg("text", { x: 0, y: EDGE.top + 6 }, "loss"));
    return rules;
  }

  // As many step numbers as there is room for.
  /** @param {number[]} stops @param {number} across */
  labels(stops, across) {
    const every = Math.ceil((stops.length * 52) / across);
    const last = stops.length - 1;
    return stops
      .filter((_, i) => i === last || (i % every === 0 && last - i >= every))
      .map((step) => {
        const end = step === stops[last]; // it must not stand out of the picture
        const x = this.x(step) + (end ? EDGE.right : 0);
        const at = { x, y: this.bottom + 17, "text-anchor": end ? "end" : "middle" };
        return svg("text", at, grouped(step));
      });
  }

  /** @param {Frame} frame */
  mark({ step, loss }) {
    const x = this.x(step);
    for (const name of ["x1", "x2"]) this.line.setAttribute(name, String(x));
    this.dot.setAttribute("cx", String(x));
    this.dot.setAttribute("cy", String(this.y(loss ?? 0)));
  }
}
