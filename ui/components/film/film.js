// @ts-check
// A training run as a film: one slider over its snapshots drives everything on the screen. Python
// sends all frames at once (pack_film() in __init__.py), so that a step of the slider needs no answer
// from the server; it is told where the slider rests, so that it can keep the URL.

import { AttentionMap } from "../attention_map/map.js";
import { finder } from "../shared/dom.js";
import { Lifetime, Timer } from "../shared/lifetime.js";
import { clamp, grouped } from "../shared/numbers.js";
import { Curve } from "./curve.js";
import { guessRow, normRow, roleRow } from "./rows.js";

const REST = 400; // milliseconds without a movement
const PLAYED = 900; // milliseconds a frame

/**
 * @typedef {import("./message.js").FilmData} FilmData
 * @typedef {import("./message.js").Frame} Frame
 */

export class Film {
  /** @type {FilmData} */
  film; // since the first load()
  width = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  playing;

  /**
   * @param {ParentNode} root
   * @param {(choice: any) => void} send is told what the visitor chose
   */
  constructor(root, send) {
    this.$ = finder(root);
    this.send = send;
    this.node = this.$(".film");
    this.map = new AttentionMap(root, () => this.report(0));
    this.curve = new Curve(this.$(".curve"));
    this.slider = this.$(".scrub input");
    this.$(".small").append(this.$(".sample")); // below the small pictures there is room
    this.at = 0;
    this.life = new Lifetime();
    this.timer = new Timer(this.life);
    this.listen();
    this.life.onResize(this.node, () => {
      if (this.film && this.node.clientWidth !== this.width) this.measure();
    });
  }

  close() {
    this.pause();
    this.life.close();
    this.map.close();
  }

  // The film may have grown, because the run still trains or its frames were being worked out.
  /** @param {FilmData} film */
  load(film) {
    if (film.name === this.film?.name) return;
    const first = !this.film;
    const step = first ? film.selection.step : this.film.frames[this.at].step;
    const wasLive = (this.film?.follow ?? null) !== null;
    if (!wasLive) this.following = Boolean(film.follow); // after that the visitor says so
    this.film = film;
    this.slider.max = film.frames.length - 1;
    this.slider.disabled = this.$(".play").disabled = film.frames.length < 2;
    this.at = this.following ? film.frames.length - 1 : nearest(film.frames, step);
    this.$(".follow").hidden = film.follow === null;
    this.measure();
    this.show(this.at, first ? film.selection.head : null);
  }

  measure() {
    this.width = this.node.clientWidth;
    this.curve.draw(this.film);
    const { frames } = this.film;
    const [left, right] = [0, frames.length - 1].map((at) => this.curve.x(frames[at].step));
    const thumb = 16;
    this.slider.style.left = `${left - thumb / 2}px`;
    this.slider.style.width = `${Math.max(right - left, 2) + thumb}px`;
    this.curve.mark(frames[this.at]);
  }

  /** @param {number} at @param {number} began */
  go(at, began = performance.now()) {
    at = clamp(at, this.film.frames.length);
    if (at === this.at) return;
    this.following = false;
    this.show(at, null, began);
    this.report(REST);
  }

  // Only the browser knows at once what the visitor wants, so it decides.
  get following() {
    return this.$(".follow input").checked;
  }

  set following(on) {
    this.$(".follow input").checked = on;
  }

  // began: when the movement was made that leads here; how long it took to the pixels is measured.
  /**
   * @param {number} at
   * @param {import("../attention_map/message.js").Pair | null} head
   * @param {number} began
   */
  show(at, head, began = performance.now()) {
    this.at = at;
    const { film } = this;
    const frame = film.frames[at];
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", `step ${grouped(frame.step)}`);
    this.curve.mark(frame);
    const { layers, heads, tokens, T, causal } = film;
    this.map.show({
      ...{ layers, heads, tokens, T, causal, grid: true, tells: true, outcome: null },
      ...{ name: String(frame.step), weights: frame.weights, badges: frame.badges },
      selection: { head },
    });
    this.write(frame);
    this.life.afterPaint(() => this.markPainted(frame, began));
  }

  /** @param {Frame} frame @param {number} began */
  markPainted({ step }, began) {
    const scrubMs = (performance.now() - began).toFixed(1);
    Object.assign(this.node.dataset, { painted: step, scrubMs, frames: this.film.frames.length });
  }

  /** @param {Frame} frame */
  write(frame) {
    const { film } = this;
    /** @param {string} selector @param {string} said */
    const words = (selector, said) => (this.$(selector).textContent = said);
    words(".step", `step ${grouped(frame.step)}`);
    words(".loss", frame.loss === null ? "" : `validation loss ${frame.loss.toFixed(2)} bits per token`);
    words(".said", frame.said);
    words(".given", film.given);
    words(".written", frame.written ?? " …");
    /** @param {string} selector @param {HTMLElement[]} made */
    const rows = (selector, made) => this.$(`${selector} tbody`).replaceChildren(...made);
    rows(".guesses", frame.guesses.map(guessRow));
    words(".norms h4", film.norm_title);
    words(".norms .small-print", film.norm_words);
    rows(".norms", film.norms.map((name, i) => normRow(film, frame, name, i)));
    words(".roles .small-print", film.role_words);
    rows(".roles", frame.roles.map(roleRow));
  }

  /** @param {number} delay in milliseconds */
  report(delay) {
    this.timer.start(delay, () => {
      const { head } = this.map.selection;
      const { step } = this.film.frames[this.at];
      this.send({ step, head, off: [], cell: null, follow: this.film.follow === null ? null : this.following });
    });
  }

  // Python works out what every snapshot writes as soon as somebody is going to look at them.
  use() {
    if (this.film.frames.some(({ written }) => written === null)) this.report(0);
  }

  listen() {
    const { life, slider } = this;
    for (const looked of ["pointerdown", "focus"]) life.on(slider, looked, () => this.use());
    life.on(slider, "input", (event) => {
      this.pause();
      this.go(Number(slider.value), event.timeStamp);
    });
    life.on(this.$(".curve"), "click", (event) => {
      const x = event.clientX - this.$(".curve").getBoundingClientRect().left;
      const away = this.film.frames.map(({ step }) => Math.abs(this.curve.x(step) - x));
      this.pause();
      this.go(away.indexOf(Math.min(...away)), event.timeStamp);
    });
    life.on(this.$(".follow input"), "change", () => {
      this.pause();
      if (this.following) this.show(this.film.frames.length - 1, null);
      this.report(0);
    });
    life.on(this.$(".play"), "click", () => (this.playing ? this.pause() : this.play()));
    this.pause();
  }

  play() {
    this.use();
    if (this.at === this.film.frames.length - 1) this.go(0);
    this.playing = setInterval(() => {
      this.go(this.at + 1);
      if (this.at === this.film.frames.length - 1) this.pause();
    }, PLAYED);
    this.name("❚❚", "Pause");
  }

  pause() {
    clearInterval(this.playing);
    this.playing = undefined;
    this.name("▶", "Play the training run");
  }

  /** @param {string} sign @param {string} label */
  name(sign, label) {
    this.$(".play").textContent = sign;
    this.$(".play").setAttribute("aria-label", label);
  }
}

/**
 * The frame of a step, or the one before it; the first if there is none.
 * @param {{ step: number }[]} frames
 * @param {number | null} step
 */
export const nearest = (frames, step) =>
  Math.max(0, frames.findLastIndex((frame) => frame.step <= (step ?? 0)));
