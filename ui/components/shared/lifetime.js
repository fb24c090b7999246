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
   * As soon as the frame that holds what is drawn now has been painted. A message comes right after
   * the frame; a timer would wait for whatever else the page has to do.
   * @param {() => void} act
   */
  afterPaint(act) {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        if (!this.signal.aborted) act();
      };
      port2.postMessage(null);
    });
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
