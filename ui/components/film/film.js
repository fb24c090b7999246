// A training run as a film: one slider over its snapshots drives everything on the screen. Python
// sends all frames at once (pack_film() in film.py), so that a step of the slider needs no answer
// from the server; it is told where the slider rests, so that it can keep the URL.

export default function ({ data, parentElement, setTriggerValue }) {
  const film = (parentElement.film ??= new Film(parentElement));
  film.tell = (choice) => setTriggerValue("select", choice);
  film.load(readFilm(data));
  return () => film.close();
}

const REST = 400; // milliseconds without a movement
const PLAYED = 900; // milliseconds a frame

function readFilm(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const film = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const T = (film.T = film.tokens.length);
  film.cells = film.causal ? (T * (T + 1)) / 2 : T * T;
  const size = film.layers * film.heads * film.cells;
  film.frames.forEach((frame, i) => {
    const start = 4 + length + i * size;
    frame.weights = bytes.subarray(start, start + size);
  });
  return film;
}

class Film {
  constructor(root) {
    this.$ = (selector) => root.querySelector(selector);
    this.node = this.$(".film");
    this.map = new AttentionMap(root);
    this.map.tell = () => this.report(0);
    this.curve = new Curve(this.$(".curve"));
    this.slider = this.$(".scrub input");
    this.$(".small").append(this.$(".sample")); // below the small pictures there is room
    this.at = 0;
    this.listen();
    this.watcher = new ResizeObserver(() => {
      if (this.film && this.node.clientWidth !== this.width) this.measure();
    });
    this.watcher.observe(this.node);
  }

  close() {
    this.pause();
    clearTimeout(this.timer);
  }

  // The film may have grown, because the run still trains or its frames were being worked out.
  load(film) {
    if (film.name === this.film?.name) return;
    const first = !this.film;
    const step = first ? film.selection.step : this.film.frames[this.at].step;
    const followed = this.following; // the last frame may come together with the end of the run
    if (film.follow !== this.film?.follow) this.following = film.follow;
    this.film = film;
    this.slider.max = film.frames.length - 1;
    this.slider.disabled = this.$(".play").disabled = film.frames.length < 2;
    const last = followed || this.following;
    this.at = last ? film.frames.length - 1 : nearest(film.frames, step);
    this.measure();
    this.show(this.at, first ? film.selection.head : null);
  }

  measure() {
    this.width = this.node.clientWidth;
    this.curve.draw(this.film);
    const { frames } = this.film;
    const [left, right] = [frames[0], frames.at(-1)].map(({ step }) => this.curve.x(step));
    const thumb = 16;
    this.slider.style.left = `${left - thumb / 2}px`;
    this.slider.style.width = `${Math.max(right - left, 2) + thumb}px`;
    this.curve.mark(frames[this.at]);
  }

  go(at, began = performance.now()) {
    at = Math.max(0, Math.min(this.film.frames.length - 1, at));
    if (at === this.at) return;
    this.following = false;
    this.show(at, null, began);
    this.report(REST);
  }

  // began: when the movement was made that leads here; how long it took to the pixels is measured.
  show(at, head, began = performance.now()) {
    this.at = at;
    const { film } = this;
    const frame = film.frames[at];
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", `step ${frame.step}`);
    this.curve.mark(frame);
    const { layers, heads, tokens, T, causal, cells } = film;
    this.map.show({
      ...{ layers, heads, tokens, T, causal, cells, grid: true, tells: true, outcome: null },
      ...{ name: String(frame.step), weights: frame.weights, badges: frame.badges },
      selection: { head },
    });
    this.write(frame);
    // A frame after the one that holds these pixels: then they have been painted.
    requestAnimationFrame(() => setTimeout(() => this.markPainted(frame, began)));
  }

  markPainted({ step }, began) {
    const scrubMs = (performance.now() - began).toFixed(1);
    Object.assign(this.node.dataset, { painted: step, scrubMs, frames: this.film.frames.length });
  }

  write(frame) {
    const { film } = this;
    const words = (selector, said) => (this.$(selector).textContent = said);
    words(".step", `step ${frame.step.toLocaleString("en")}`);
    words(".loss", frame.loss === null ? "" : `validation loss ${frame.loss.toFixed(2)}`);
    words(".said", frame.said);
    words(".given", film.given);
    words(".written", frame.written ?? " …");
    const rows = (selector, made) => this.$(`${selector} tbody`).replaceChildren(...made);
    rows(".guesses", frame.guesses.map(guessRow));
    words(".norms h4", film.norm_title);
    words(".norms .small-print", film.norm_words);
    rows(".norms", film.norms.map((name, i) => normRow(film, frame, name, i)));
    words(".roles .small-print", film.role_words);
    rows(".roles", frame.roles.map(roleRow));
  }

  report(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { head } = this.map.selection;
      const { step } = this.film.frames[this.at];
      this.tell({ step, head, off: [], cell: null, follow: Boolean(this.following) });
    }, delay);
  }

  // Python works out what every snapshot writes as soon as somebody is going to look at them.
  use() {
    if (this.film.frames.some(({ written }) => written === null)) this.report(0);
  }

  listen() {
    this.slider.onpointerdown = this.slider.onfocus = () => this.use();
    this.slider.oninput = (event) => {
      this.pause();
      this.go(Number(this.slider.value), event.timeStamp);
    };
    this.$(".curve").onclick = (event) => {
      const x = event.clientX - this.$(".curve").getBoundingClientRect().left;
      const away = this.film.frames.map(({ step }) => Math.abs(this.curve.x(step) - x));
      this.pause();
      this.go(away.indexOf(Math.min(...away)), event.timeStamp);
    };
    this.$(".play").onclick = () => (this.playing ? this.pause() : this.play());
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
    this.playing = null;
    this.name("▶", "Play the training run");
  }

  name(sign, label) {
    this.$(".play").textContent = sign;
    this.$(".play").setAttribute("aria-label", label);
  }
}

// The frame of a step, or the one before it; the first if there is none.
const nearest = (frames, step) =>
  Math.max(0, frames.findLastIndex((frame) => frame.step <= (step ?? 0)));

const share = (x) => `${(100 * x).toFixed(0)}%`;

function track(filled, mark) {
  const bar = element("span.track", element("i"));
  bar.firstChild.style.width = `${100 * Math.max(0, Math.min(1, filled))}%`;
  if (mark !== undefined) {
    bar.append(element("u"));
    bar.lastChild.style.left = `${100 * mark}%`;
  }
  return bar;
}

function guessRow([place, token, probability]) {
  return element(
    "tr",
    element("th", place),
    element("td.token", token),
    element("td", track(probability)),
    element("td.number", share(probability)),
  );
}

// Bars are lengths on a logarithmic scale, the same for all steps.
function normRow({ norm_range: [low, high] }, { spread, gain }, name, i) {
  const length = Math.log(Math.max(spread[i], low) / low) / Math.log(high / low);
  const gained = gain ? [element("td.number", gain[i].toFixed(2))] : [];
  return element(
    "tr",
    element("th", name),
    element("td", track(length)),
    element("td.number", text(spread[i])),
    ...gained,
  );
}

function roleRow({ role, who, share: taken, chance, clear }) {
  const row = element(
    "tr",
    element("th", role),
    element("td.who", who),
    element("td.bars", track(taken, chance)),
    element("td.numbers", `${share(taken)}, chance ${share(chance)}`),
  );
  row.classList.toggle("clear", clear);
  return row;
}
