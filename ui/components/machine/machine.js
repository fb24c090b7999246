// @ts-check
// The whole model at work on a prompt. What stands still is painted once for each picture; what
// moves is painted over it, on a canvas of its own.

import { element, finder, pageScale } from "../shared/dom.js";
import { ARROWS, presses, taken, withModifier } from "../shared/keys.js";
import { Lifetime } from "../shared/lifetime.js";
import { clamp } from "../shared/numbers.js";
import { Together, firstFar, otherSentence, partIn, placeOf } from "./beside.js";
import { layOut, opened, p95, partAt, rowOfStep } from "./layout.js";
import { paintMoving, paintStill } from "./paint.js";
import { linkOf, sentence } from "./says.js";
import { addressOf, howToRead, luminance, thicknessWords, fillWords } from "./words.js";

/**
 * @typedef {import("./message.js").Picture} Picture
 * @typedef {{ row: number, column: number }} Part
 * @typedef {import("./paint.js").Scene} Scene
 */

const HEIGHTS = [400, 500]; // pixels, as the window allows
const AROUND = 290; // pixels of a window that aren't the picture's
const AROUND_LARGE = 340; // the same before a class
const AROUND_TWO = 440; // the same of two machines beside each other, which have more above them
const AROUND_TWO_LARGE = 385; // the same before a class
const LEAST_OF_TWO = 280; // pixels of each
const LARGE_ENOUGH = 1.15; // times the usual size: smaller letters can't be read from the last row
const STACKED = 640; // pixels of a window up to which the two stand below each other
const WHOLE = 190; // of a whole screen, the same
const WHOLE_WIDTH = 900; // pixels of a whole screen from which everything is larger
const TRAVEL = 900; // milliseconds that a step is on its way
const PAUSE = 2600; // milliseconds from a step to the next
const RISE = 1500; // milliseconds that a drawn token takes through the machine
const KEPT = 4000; // frames whose times are remembered

export class Machine {
  /** @type {Picture} */
  picture; // since the first show()
  /** @type {import("./paint.js").Ink} */
  ink;
  /** @type {import("./layout.js").Layout} */
  layout;
  /** @type {number[]} */
  open = [];
  shape = "";
  scale = 1;
  head = -1;
  back = false;
  wanted = false; // whether to turn round as soon as the gradient is here
  at = -1; // the step of Play that is shown; -1: none
  /** @type {Part | null} */
  pointed = null;
  /** @type {Part | null} */
  pinned = null;
  playing = false;
  led = false; // whether the machine beside it says when to go on
  began = 0; // when the step that is shown began
  paints = 0;
  /** @type {number[]} */
  frames = []; // milliseconds of script in each frame

  /**
   * @param {ParentNode} root
   * @param {(choice: any) => void} send
   */
  constructor(root, send) {
    this.send = send;
    this.root = finder(root)(".machine");
    this.$ = finder(this.root);
    Object.assign(this.root, { frames: this.frames }); // for benchmarks/machine.py
    this.life = new Lifetime();
    this.still = this.$(".still").getContext("2d");
    this.moving = this.$(".moving").getContext("2d");
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    /** @param {number} now */
    this.tick = (now) => this.frame(now);
    this.together = new Together(this.life, (what) => this.hear(what));
    this.listen();
    this.width = this.root.clientWidth;
    this.life.onResize(this.$(".stage"), () => {
      if (this.picture && this.$(".stage").clientWidth !== this.width) this.draw();
    });
    this.life.atEnd(() => this.pause());
  }

  close() {
    this.life.close();
  }

  /** @param {Picture} picture */
  show(picture) {
    const again = this.picture?.name === picture.name;
    const grown = this.picture && picture.total === this.picture.total + 1;
    this.picture = picture;
    const shape = `${picture.layers} ${picture.heads} ${picture.norm} ${picture.beside?.name}`;
    if (shape !== this.shape) this.build(shape);
    if (!again) this.at = this.playing ? 0 : -1;
    this.back = Boolean(picture.back) && (this.back || this.wanted);
    this.wanted = false;
    this.pinned = this.pointed = null;
    this.draw();
    this.tell();
    if (grown) this.rise();
  }

  /** @param {string} shape */
  build(shape) {
    const { heads } = this.picture;
    Object.assign(this, { shape, head: -1, open: this.openedAtFirst(), pinned: null });
    const names = heads > 1 ? ["all heads", ...Array.from({ length: heads }, (_, i) => `head ${i}`)] : ["one head"];
    const options = names.map((name, i) => {
      const option = element("option", name);
      option.value = String(heads > 1 ? i - 1 : -1);
      return option;
    });
    this.$(".head").replaceChildren(...options);
  }

  /**
   * The layers that are drawn whole at first. Where two machines, or one in large letters, have no room for all,
   * it is one: the first that differs.
   */
  openedAtFirst() {
    const { picture } = this;
    const all = opened(picture.layers);
    const large = pageScale();
    if ((!picture.beside && large === 1) || innerWidth <= STACKED) return all;
    const free = innerHeight - (picture.beside ? this.aroundTwo : AROUND_LARGE);
    return large * layOut(picture, 400, 0, all).height <= free ? all : [firstFar(picture) ?? picture.layers - 1];
  }

  // ---- Drawing ----

  /** @returns {Scene} */
  get scene() {
    const { picture, layout, head, back } = this;
    const last = layout.xs.length - 1;
    const chosen = this.pinned ?? this.pointed;
    const focus = chosen && layout.rows[chosen.row].kind !== "answer" ? chosen.column : last - (back ? 1 : 0);
    return { picture, layout, head, back, focus: Math.max(0, focus) };
  }

  /** The scene of the road: it is the last token's. @returns {Scene} */
  get road() {
    const last = this.layout.xs.length - 1 - (this.back ? 1 : 0);
    return { ...this.scene, focus: Math.max(0, last) };
  }

  draw() {
    this.readInk();
    this.width = this.$(".stage").clientWidth;
    const whole = this.root.classList.contains("whole");
    const two = Boolean(this.picture.beside) && !whole;
    this.root.classList.toggle("two", two);
    this.root.classList.toggle("large", two && pageScale() > 1);
    const free = innerHeight - (whole ? WHOLE : two ? this.aroundTwo : pageScale() > 1 ? AROUND_LARGE : AROUND);
    const least = two ? LEAST_OF_TWO : HEIGHTS[0];
    const height = Math.max(least, whole ? free : Math.min(HEIGHTS[1], free));
    this.scale = this.scaleFor(whole, two, height);
    const width = Math.max(260, this.width / this.scale);
    this.layout = layOut(this.picture, width, height / this.scale, this.open);
    for (const context of [this.still, this.moving]) this.fit(context);
    this.paint();
    this.fillBar();
    this.life.afterPaint(() => this.markPainted());
  }

  get aroundTwo() {
    return pageScale() > 1 ? AROUND_TWO_LARGE : AROUND_TWO;
  }

  /**
   * On a projector everything is larger, letters as well; of two as far as the height allows.
   * @param {boolean} whole @param {boolean} two @param {number} height
   */
  scaleFor(whole, two, height) {
    if (whole) return Math.max(1, Math.min(2, this.width / WHOLE_WIDTH, height / HEIGHTS[0]));
    const large = pageScale();
    if (!two || large === 1 || innerWidth <= STACKED) return large;
    return Math.min(large, Math.max(LARGE_ENOUGH, height / layOut(this.picture, this.width, 0, this.open).height));
  }

  /** @param {CanvasRenderingContext2D} context */
  fit({ canvas }) {
    const dots = devicePixelRatio || 1;
    const [width, height] = [this.layout.width * this.scale, this.layout.height * this.scale];
    const [wide, tall] = [Math.round(width * dots), Math.round(height * dots)];
    if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    canvas.getContext("2d")?.setTransform(dots * this.scale, 0, 0, dots * this.scale, 0, 0);
  }

  paint() {
    paintStill(this.still, this.playing ? this.road : this.scene, this.ink);
    this.paintMoving(1);
  }

  /** @param {number} time from 0 to 1, how far a step has come */
  paintMoving(time) {
    const step = this.steps[this.at];
    const row = step ? rowOfStep(this.layout.rows, step) : -1;
    const scene = step ? this.road : this.scene;
    const part = this.playing ? null : (this.pointed ?? this.pinned);
    paintMoving(this.moving, scene, row < 0 ? null : { row, time }, part, this.ink);
  }

  /** A token that was just drawn goes through the machine, once. */
  rise() {
    if (this.calm.matches || this.playing || this.back) return;
    const began = performance.now();
    /** @param {number} now */
    const move = (now) => {
      const { rows } = this.layout;
      const far = (rows.length * Math.max(0, now - began)) / RISE;
      const over = far >= rows.length || this.at >= 0 || this.began > began;
      if (this.life.signal.aborted) return;
      if (over) return this.paintMoving(1);
      const row = Math.floor(far);
      paintMoving(this.moving, this.road, { row, time: far - row }, null, this.ink);
      requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
  }

  markPainted() {
    const { name } = this.picture;
    const painted = { painted: name, paintedAt: performance.now(), paints: ++this.paints };
    Object.assign(this.root.dataset, painted);
    this.root.dispatchEvent(new CustomEvent("painted", { bubbles: true, composed: true }));
  }

  readInk() {
    const style = getComputedStyle(this.root);
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(name).trim();
    const paper = colour("--st-background-color") || "#ffffff";
    this.root.dataset.theme = luminance(paper) < 0.5 ? "dark" : "light";
    this.ink = {
      ink: colour("--st-text-color") || "#1c1b22",
      paper,
      plus: colour("--plus"),
      minus: colour("--minus"),
      walk: colour("--walk"),
      back: colour("--back"),
      answer: colour("--st-violet-text-color") || "#6f3fc4",
      font: colour("--st-font") || "sans-serif",
    };
  }

  // ---- Words ----

  fillBar() {
    const { picture: p, back } = this;
    this.$(".reset").disabled = p.total <= p.given;
    this.$(".before").disabled = this.at <= 0;
    this.$(".after").disabled = this.at + 1 >= this.steps.length;
    this.$(".turn").disabled = p.total < 2 || p.recorded;
    this.$(".next").disabled = p.recorded;
    this.$(".turn").setAttribute("aria-pressed", String(back));
    this.$(".play").textContent = this.playing ? "❚❚ Pause" : "▶ Play";
    this.$(".head").value = String(this.head);
    this.$(".thick").textContent = thicknessWords(back);
    this.$(".fill").textContent = fillWords(back);
    this.$(".how").textContent = howToRead(p, back);
  }

  /** The sentence of the step, or what the picture is. */
  tell() {
    const step = this.steps[this.at];
    const note = this.back ? this.steps[0].text : this.picture.note;
    const said = step ? `${this.at + 1} of ${this.steps.length}: ${step.text}` : note;
    if (this.$(".says").textContent !== said) this.$(".says").textContent = said;
    this.tellPart();
  }

  /** What is pointed at, and the way to its lesson. @param {boolean} aloud */
  tellPart(aloud = false) {
    const part = this.pointed ?? this.pinned;
    const row = part && this.layout.rows[part.row];
    const link = this.$(".link");
    this.$(".numbers").textContent = row ? this.saidOf(part) : "Point at a part, or click it to keep it.";
    const found = row && !this.picture.recorded ? linkOf(this.picture, row, part.column + this.layout.hidden, this.head) : null;
    link.hidden = !found;
    if (found) {
      link.textContent = `Lesson: ${found.text} →`;
      link.href = addressOf(found.page.path, found.query, this.picture.opens);
    }
    if (aloud) this.$(".live").textContent = this.$(".numbers").textContent;
  }

  /** @param {Part} part */
  saidOf(part) {
    const { head, back, picture, layout } = this;
    const seen = { head, back, hidden: layout.hidden };
    const [row, column] = [layout.rows[part.row], part.column + layout.hidden];
    return sentence(picture, row, column, seen) + (back ? "" : otherSentence(picture, row, column));
  }

  get steps() {
    const { picture, back } = this;
    return (back && picture.back ? picture.back : picture.forward).steps;
  }

  // ---- Pointer, keys and buttons ----

  listen() {
    const { life } = this;
    const canvas = this.$(".moving");
    life.on(canvas, "pointermove", (event) => event.pointerType !== "touch" && this.point(event));
    life.on(canvas, "pointerleave", () => this.leave());
    life.on(canvas, "click", (event) => this.click(event));
    life.on(canvas, "keydown", (event) => this.key(event));
    life.on(canvas, "blur", () => this.leave());
    life.on(this.$(".play"), "click", () => (this.playing ? this.pause() : this.play()));
    life.on(this.$(".before"), "click", () => this.step(-1));
    life.on(this.$(".after"), "click", () => this.step(1));
    life.on(this.$(".next"), "click", () => this.send({ what: "next", at: this.picture.name }));
    life.on(this.$(".reset"), "click", () => this.send({ what: "reset", at: this.picture.name }));
    life.on(this.$(".turn"), "click", () => this.turn());
    life.on(this.$(".head"), "change", () => this.chooseHead(Number(this.$(".head").value)));
    life.on(this.$(".full"), "click", () => this.toggleWhole());
    life.on(this.root, "fullscreenchange", () => this.sized());
    life.on(this.$(".link"), "click", (event) => this.follow(event));
    life.on(this.calm, "change", () => this.pause());
  }

  /** @param {PointerEvent | MouseEvent} event */
  partOf(event) {
    const box = this.$(".moving").getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return partAt(this.layout, x / this.scale, y / this.scale);
  }

  /** @param {PointerEvent} event */
  point(event) {
    this.lookAt(this.partOf(event));
  }

  leave() {
    this.lookAt(null);
  }

  /** @param {Part | null} part @param {boolean} aloud */
  lookAt(part, aloud = false) {
    if (part?.row === this.pointed?.row && part?.column === this.pointed?.column) return;
    const column = this.scene.focus;
    this.pointed = part;
    this.tellOther({ pointed: this.placeOf(part) });
    this.tellPart(aloud);
    if (this.playing) return;
    if (this.scene.focus !== column) this.paint();
    else this.paintMoving(1);
  }

  /** @param {MouseEvent} event */
  click(event) {
    const part = this.partOf(event);
    if (part) this.keep(part);
  }

  /** @param {Part} part */
  keep(part) {
    const row = this.layout.rows[part.row];
    if (row.kind === "layer") return this.unfold(/** @type {number} */ (row.layer));
    const same = this.pinned?.row === part.row && this.pinned?.column === part.column;
    this.pause();
    this.pinned = same ? null : part;
    this.tellOther({ pinned: this.placeOf(this.pinned) });
    this.paint();
    this.tellPart();
  }

  /** @param {number} layer */
  unfold(layer) {
    this.open = [layer];
    this.pinned = this.pointed = null;
    this.tellOther({ unfolded: layer });
    this.draw();
    this.tellPart();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = ARROWS[event.key];
    if (withModifier(event)) return;
    if (event.key === "Escape" && (this.pinned || this.pointed)) {
      this.pinned = null;
      this.tellOther({ pinned: null });
      this.lookAt(null);
    } else if (presses(event)) this.enter();
    else if (step) {
      const { rows, xs } = this.layout;
      const from = this.pointed ?? this.pinned ?? { row: 0, column: xs.length };
      this.lookAt(
        {
          row: clamp(from.row - step[0], rows.length),
          column: clamp(from.column + step[1], xs.length),
        },
        true,
      );
    } else return;
    taken(event);
  }

  enter() {
    const part = this.pointed ?? this.pinned;
    if (!part) return;
    const row = this.layout.rows[part.row];
    if (row.kind === "layer") return this.unfold(/** @type {number} */ (row.layer));
    if (!this.$(".link").hidden) this.$(".link").click();
  }

  /** @param {MouseEvent} event */
  follow(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // as for any link
    const part = this.pointed ?? this.pinned;
    if (!part) return;
    const row = this.layout.rows[part.row];
    const found = linkOf(this.picture, row, part.column + this.layout.hidden, this.head);
    if (!found) return;
    event.preventDefault();
    if (this.root.classList.contains("whole")) this.toggleWhole();
    this.send({ what: "open", lesson: found.page.file, query: found.query });
  }

  /** @param {number} head */
  chooseHead(head) {
    this.head = head;
    this.tellOther({ head });
    this.paint();
    this.tellPart();
  }

  turn() {
    if (!this.back && !this.picture.back) {
      this.wanted = true;
      this.tellOther({ turned: true });
      this.send({ what: "back", at: this.picture.name });
      return;
    }
    this.back = !this.back;
    this.tellOther({ turned: this.back });
    this.at = this.playing ? 0 : -1;
    this.began = performance.now();
    this.draw();
    this.tell();
  }

  // ---- Play ----

  play() {
    this.pinned = this.pointed = null;
    this.playing = true;
    this.led = false;
    this.go(this.at + 1 < this.steps.length ? this.at + 1 : 0);
    requestAnimationFrame(this.tick);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.tellOther({ paused: true });
    this.fillBar();
    this.paint();
  }

  /** @param {number} by */
  step(by) {
    const next = this.at + by;
    this.playing = false;
    this.pinned = this.pointed = null;
    this.go(clamp(next, this.steps.length));
    if (!this.calm.matches) requestAnimationFrame(this.tick);
  }

  /** @param {number} at */
  go(at) {
    this.at = at;
    this.began = performance.now();
    const { kind, layer } = this.steps[at];
    this.tellOther({ step: { kind, layer }, playing: this.playing });
    const folded = layer !== null && !this.open.includes(layer);
    if (folded) this.open = [layer];
    if (folded) this.draw();
    else this.paint();
    this.fillBar();
    this.tell();
  }

  /** @param {number} now */
  frame(now) {
    if (this.life.signal.aborted || !this.steps[this.at]) return;
    const begin = performance.now();
    const gone = now - this.began;
    if (this.playing && !this.led && gone > PAUSE) {
      if (this.at + 1 < this.steps.length) this.go(this.at + 1);
      else this.pause();
    }
    this.paintMoving(this.calm.matches ? 1 : Math.max(0, Math.min(1, gone / TRAVEL)));
    this.frames.push(performance.now() - begin);
    if (this.frames.length > KEPT) this.frames.shift();
    this.root.dataset.frameP95 = p95(this.frames).toFixed(2);
    if (this.playing || gone < TRAVEL) requestAnimationFrame(this.tick);
  }

  // ---- The machine beside it ----

  /** @param {any} what */
  tellOther(what) {
    this.together.tell(this.picture, what);
  }

  /** @param {Part | null} part */
  placeOf(part) {
    const { picture, layout } = this;
    return part && placeOf(picture, layout.rows[part.row], part.column + layout.hidden);
  }

  /** Do what was done to the machine beside this one. @param {any} what */
  hear(what) {
    if (!this.picture.beside) return;
    const { picture, layout } = this;
    if ("pointed" in what) this.lookAt(partIn(picture, layout, what.pointed));
    if ("pinned" in what) {
      this.pinned = partIn(picture, layout, what.pinned);
      this.paint();
      this.tellPart();
    }
    if ("unfolded" in what && what.unfolded < picture.layers) this.unfold(what.unfolded);
    if ("head" in what && what.head < picture.heads) {
      this.$(".head").value = String(what.head);
      this.chooseHead(what.head);
    }
    if ("turned" in what) this.turnAsOther(what.turned);
    if (what.paused) this.pause();
    if (what.step) this.stepAsOther(what.step, what.playing);
  }

  /** @param {boolean} back */
  turnAsOther(back) {
    if (!this.picture.back) this.wanted = back; // the other has asked for it
    else if (back !== this.back) this.turn();
  }

  /** @param {{ kind: string, layer: number | null }} step @param {boolean} playing */
  stepAsOther({ kind, layer }, playing) {
    const at = this.steps.findIndex((each) => each.kind === kind && each.layer === layer);
    if (at < 0) return; // a layer that only the other has
    this.pinned = this.pointed = null;
    const still = !this.playing;
    this.playing = this.led = playing;
    this.go(at);
    if (playing ? still : !this.calm.matches) requestAnimationFrame(this.tick);
  }

  // ---- Full screen ----

  toggleWhole() {
    const whole = this.root.classList.contains("whole");
    if (whole) document.exitFullscreen?.();
    else this.root.requestFullscreen?.();
  }

  sized() {
    const whole = /** @type {any} */ (this.root.getRootNode()).fullscreenElement === this.root;
    this.root.classList.toggle("whole", whole);
    const all = opened(this.picture.layers);
    if (all.length > 1) this.open = whole ? all : this.openedAtFirst();
    this.draw();
  }
}
