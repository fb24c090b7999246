// @ts-check
// All that a drawing keeps open, so that one call closes it.

export class Lifetime {
  constructor() {
    this.ending = new AbortController();
  }

  get signal() {
    return this.ending.signal;
  }

  /**
   * @param {EventTarget} node
   * @param {string} type
   * @param {(event: any) => void} listener
   */
  on(node, type, listener, options = {}) {
    node.addEventListener(type, listener, { ...options, signal: this.signal });
  }

  /** @param {Element} node @param {() => void} changed */
  onResize(node, changed) {
    const observer = new ResizeObserver(changed);
    observer.observe(node);
    this.atEnd(() => observer.disconnect());
  }

  /**
   * A frame after the one that holds what is drawn now: then it has been painted.
   * @param {() => void} act
   */
  afterPaint(act) {
    requestAnimationFrame(() => setTimeout(() => this.signal.aborted || act()));
  }

  /** @param {() => void} act */
  atEnd(act) {
    this.signal.addEventListener("abort", act);
  }

  close() {
    this.ending.abort();
  }
}

/** One timer: what it is to do replaces what it was to do before. */
export class Timer {
  /** @param {Lifetime} life */
  constructor(life) {
    life.atEnd(() => this.stop());
  }

  /** @param {number} delay in milliseconds @param {() => void} act */
  start(delay, act) {
    this.stop();
    this.running = setTimeout(act, delay);
  }

  stop() {
    clearTimeout(this.running);
  }
}
