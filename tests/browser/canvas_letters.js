// Watches what is written on canvases, from before the page begins: looks.js asks later which of it
// stood out too little from what was painted there before.
(() => {
  const written = new Map(); // by canvas and text: the last time it was written
  const write = CanvasRenderingContext2D.prototype.fillText;
  const contextOf = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, options) {
    return contextOf.call(this, kind, kind === "2d" ? { ...options, willReadFrequently: true } : options);
  };

  /** What stands at three places along the middle of a text's ink, before it is written. */
  function grounds(c, text, x, y) {
    const ink = c.measureText(text);
    const across = [0.2, 0.5, 0.8].map(
      (part) => x - ink.actualBoundingBoxLeft + part * (ink.actualBoundingBoxLeft + ink.actualBoundingBoxRight),
    );
    const middle = y + (ink.actualBoundingBoxDescent - ink.actualBoundingBoxAscent) / 2;
    return across.map((at) => {
      const point = c.getTransform().transformPoint(new DOMPoint(at, middle));
      return [...c.getImageData(Math.round(point.x), Math.round(point.y), 1, 1).data];
    });
  }

  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    if (text.trim() && this.canvas.isConnected) {
      const { a, b } = this.getTransform();
      const shrunk = Math.hypot(a, b) / devicePixelRatio;
      if (!written.has(this.canvas)) written.set(this.canvas, new Map());
      written.get(this.canvas).set(`${text} ${Math.round(x)} ${Math.round(y)}`, {
        text,
        size: parseFloat(/([\d.]+)px/.exec(this.font)?.[1] ?? "0") * shrunk,
        fill: this.fillStyle,
        alpha: this.globalAlpha,
        grounds: grounds(this, text, x, y),
      });
    }
    return write.call(this, text, x, y, ...rest);
  };

  window.faintOnCanvas = () => {
    const { rgba, over, groundOf, contrastOf } = window.looks;
    const found = new Map();
    for (const [canvas, texts] of written) {
      if (!canvas.isConnected) continue;
      for (const { text, size, fill, alpha, grounds: below } of texts.values()) {
        const ratio = Math.min(
          ...below.map(([r, g, b, a]) => {
            const ground = over([r, g, b, a / 255], groundOf(canvas));
            const [red, green, blue, opaque] = rgba(fill);
            return contrastOf(over([red, green, blue, opaque * alpha], ground), ground);
          }),
        );
        const needed = /^[␣⏎]+$/.test(text.trim()) || size >= 24 ? 3 : 4.5;
        const key = `canvas ${fill} at ${alpha}`;
        if (ratio < needed - 0.05 && !found.has(key))
          found.set(key, `${ratio.toFixed(2)}: “${text}” (${key})`);
      }
    }
    return [...found.values()];
  };
  window.lettersOnCanvas = () => [...written.values()].reduce((sum, texts) => sum + texts.size, 0);
})();
