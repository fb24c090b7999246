// What a reader's eyes would find, as functions of the page that is open: each returns a list of
// words about what is wrong. Read by tests/browser/test_pictures.py.
(() => {
  const EMPTY = 0.3; // of the letters' size: what a line has around its ink
  const main = () => document.querySelector("[data-testid=stMain]");
  const seen = (box) => box.width > 0.5 && box.height > 0.5;
  const words = (node) => node.textContent.trim().slice(0, 30);

  /** Every text of a chart with its box. Turned texts have boxes that hold more than their ink. */
  function labelsOf(chart) {
    return [...chart.querySelectorAll("text")]
      .filter((text) => words(text) && !text.querySelector("text"))
      .filter((text) => getComputedStyle(text).opacity !== "0" && !text.closest(".hoverlayer"))
      .map((text) => ({
        text,
        said: words(text),
        box: text.getBoundingClientRect(),
        halo: text.getAttribute("stroke") && text.getAttribute("stroke") !== "none",
        turned: /rotate\((?!0|-?90|-?180)/.test(
          `${text.getAttribute("transform") ?? ""}${text.parentElement.getAttribute("transform") ?? ""}`,
        ),
      }))
      .filter(({ box }) => seen(box));
  }

  /** Of its letters, as they are drawn: Plotly shrinks a label that doesn't fit. */
  const sizeOf = (text) => {
    const { a, b } = text.getScreenCTM();
    return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
  };

  function overlaps(labels) {
    const found = [];
    labels.forEach((a, i) =>
      labels.slice(i + 1).forEach((b) => {
        if (a.turned || b.turned || a.halo || b.halo || a.said === b.said) return;
        const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        // A line of letters is higher than its ink: a third of it is no overlap.
        const line = Math.min(a.box.height, b.box.height);
        if (across > 1.5 && down > Math.min(line / 3, 6)) found.push(`“${a.said}” on “${b.said}”`);
      }),
    );
    return found;
  }

  const charts = () =>
    [...main().querySelectorAll(".js-plotly-plot, .vega-embed")].filter((chart) =>
      seen(chart.getBoundingClientRect()),
    );

  /** A place and all that stand inside of it as components do. @param {Element | ShadowRoot} root */
  const roots = (root) => [
    root,
    ...[...root.querySelectorAll("*")].flatMap(({ shadowRoot }) => (shadowRoot ? roots(shadowRoot) : [])),
  ];
  const parentOf = (node) => node.parentElement ?? node.getRootNode().host;

  /** Every text that is seen, but for those of charts. */
  const texts = () => roots(main()).flatMap(textsIn);
  function textsIn(root) {
    const found = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode.parentElement;
      const said = walker.currentNode.data.replace(/\u200b/g, "").trim(); // KaTeX keeps places with it
      if (!said || !node.checkVisibility() || !seen(node.getBoundingClientRect())) continue;
      if (node.closest("svg, style, script, .katex-mathml")) continue;
      const style = getComputedStyle(node);
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      if (style.visibility !== "hidden") found.push({ node, style, said, range });
    }
    return found;
  }

  /** The lines of a text as far as what they stand in shows them. What floats above a page is no part of it. */
  function linesOf({ node, said, range }) {
    if (node.closest(".katex, [aria-hidden=true]")) return [];
    const shown = [-Infinity, -Infinity, Infinity, Infinity];
    for (let at = node; at && at !== main(); at = parentOf(at)) {
      const style = getComputedStyle(at);
      const unseen = style.clipPath !== "none"; // said to a screen reader only
      if (unseen || ["fixed", "sticky"].includes(style.position)) return [];
      if (style.overflow === "visible") continue;
      const box = at.getBoundingClientRect();
      shown[0] = Math.max(shown[0], box.left);
      shown[1] = Math.max(shown[1], box.top);
      shown[2] = Math.min(shown[2], box.right);
      shown[3] = Math.min(shown[3], box.bottom);
    }
    return [...range.getClientRects()]
      .map(({ left, top, right, bottom }) => {
        const [l, t] = [Math.max(left, shown[0]), Math.max(top, shown[1])];
        const [r, b] = [Math.min(right, shown[2]), Math.min(bottom, shown[3])];
        return { said: said.slice(0, 30), box: new DOMRect(l, t, Math.max(0, r - l), Math.max(0, b - t)) };
      })
      .filter(({ box }) => seen(box));
  }

  window.looks = {
    /** Labels on one another, cut off, or too small. */
    labels() {
      return charts().flatMap((chart, number) => {
        const labels = labelsOf(chart);
        // Vega's titles may stand out of its own frame: what hides them is the box around it.
        const vega = chart.matches(".vega-embed") && chart.closest("[data-testid=stVegaLiteChart]");
        const frame = (vega || (chart.querySelector("svg") ?? chart)).getBoundingClientRect();
        const cut = labels.filter(({ text, box }) => {
          const edge = parseFloat(getComputedStyle(text).fontSize) * EMPTY;
          return (
            box.left < frame.left - edge || box.right > frame.right + edge ||
            box.top < frame.top - edge || box.bottom > frame.bottom + edge
          );
        });
        const small = labels.filter(({ text }) => sizeOf(text) < 10.95);
        const named = (what) => `chart ${number} (${labels[0]?.said ?? ""} …): ${what}`;
        return [
          ...overlaps(labels).slice(0, 4).map(named),
          ...cut.slice(0, 4).map(({ said }) => named(`“${said}” is cut off`)),
          ...small.slice(0, 2).map(({ said }) => named(`“${said}” is under 11 pixels`)),
        ];
      });
    },

    /** Other texts that stand on one another. */
    crossings() {
      const lines = texts().flatMap(linesOf);
      return [...new Set(overlaps(lines).map((said) => `${said} outside a chart`))].slice(0, 4);
    },

    /** Other texts, letter by letter, that are too small. */
    letters() {
      const small = texts().filter(({ style }) => parseFloat(style.fontSize) < 10.95);
      return [...new Set(small.map(({ node, said }) => `“${said}” (${node.className}) is under 11 pixels`))];
    },

    /** Texts with less contrast to what they stand on than 4.5:1 (3:1 where they are large). */
    contrast() {
      const found = new Map();
      const look = (node, style, colour, ratio) => {
        if (ratio >= neededOf(words(node), style) - 0.05) return;
        const kind = node.getAttribute("class") ?? "";
        const key = `${node.tagName.toLowerCase()}.${kind} ${colour}`.slice(0, 90);
        if (!found.has(key)) found.set(key, `${ratio.toFixed(2)}: “${words(node)}” (${key})`);
      };
      for (const { node, style } of texts())
        if (!node.closest("[disabled], [aria-hidden=true], label:has(input:disabled), .stSlider"))
          look(node, style, style.color, ratioOf(node, style));
      for (const { node, style } of drawnTexts()) look(node, style, style.fill, ratioInDrawing(node, style));
      return [...found.values(), ...(window.faintOnCanvas?.() ?? [])];
    },
  };

  /** The contrast that letters need. */
  function neededOf(said, style) {
    const mark = /^[␣⏎]+$/.test(said); // between letters, no letter itself
    const size = parseFloat(style.fontSize);
    return mark || size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  }

  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  function rgba(colour) {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  }
  const over = ([r, g, b, a], ground) =>
    [r, g, b].map((x, i) => x * a + ground[i] * (1 - a));
  function groundOf(node) {
    if (!node) return [255, 255, 255];
    const [r, g, b, a] = rgba(getComputedStyle(node).backgroundColor);
    if (a > 0.999) return [r, g, b];
    return over([r, g, b, a], groundOf(parentOf(node)));
  }
  const linear = (x) => (x / 255 <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  function ratioOf(node, style) {
    const ground = groundOf(node);
    let [r, g, b, a] = rgba(style.color);
    for (let at = node; at; at = parentOf(at)) a *= Number(getComputedStyle(at).opacity);
    return contrastOf(over([r, g, b, a], ground), ground);
  }
  function contrastOf(ink, ground) {
    const [light, dark] = [ink, ground].map(luminance).sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  }

  /** Texts of drawings, whether a chart's or not. Of nested ones the innermost. */
  const drawnTexts = () =>
    roots(main())
      .flatMap((root) => [...root.querySelectorAll("svg text")])
      .filter((text) => words(text) && !text.closest(".hoverlayer, [aria-hidden=true]"))
      .map((node) => ({ node, style: getComputedStyle(node) }))
      .filter(({ style }) => style.visibility !== "hidden" && style.opacity !== "0")
      .filter(({ node }) => node.checkVisibility() && seen(node.getBoundingClientRect()));

  /** How opaque a shape's fill is on its drawing, which several <svg> one on another may be. */
  function opacityWithin(shape, drawing) {
    let opacity = Number(getComputedStyle(shape).fillOpacity);
    for (let at = shape; at && at !== drawing; at = parentOf(at)) opacity *= Number(getComputedStyle(at).opacity);
    return opacity;
  }
  function pixelOf(image, x, y) {
    const { left, top, width, height } = image.getBoundingClientRect();
    context.clearRect(0, 0, 1, 1);
    context.drawImage(image, left - x, top - y, width, height);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  }
  /** A place as a shape counts it. */
  const placeIn = (shape, x, y) => new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
  /** Whether a shape is cut away there: Plotly's bars go on below their axis. */
  function isCut(shape, drawing, x, y) {
    for (let at = shape; at && at !== drawing; at = parentOf(at)) {
      const named = /url\("?#(.+?)"?\)/.exec(getComputedStyle(at).clipPath)?.[1];
      const left = named && document.getElementById(named)?.querySelector("rect, path");
      if (left && !left.isPointInFill(placeIn(at, x, y))) return true;
    }
    return false;
  }
  function fillAt(shape, drawing, x, y) {
    const style = getComputedStyle(shape);
    if (!shape.checkVisibility({ visibilityProperty: true })) return null;
    const box = shape.getBoundingClientRect();
    if (x < box.left || x > box.right || y < box.top || y > box.bottom) return null;
    if (shape.tagName === "svg") return rgba(style.backgroundColor);
    if (shape.tagName === "image") return pixelOf(shape, x, y);
    if (style.fill === "none" || style.fill.startsWith("url")) return null;
    if (!shape.isPointInFill(placeIn(shape, x, y)) || isCut(shape, drawing, x, y)) return null;
    return rgba(style.fill);
  }
  /** What a text of a drawing stands on at a place: all that was drawn there before it. */
  function groundAt(text, x, y) {
    const drawing = text.closest(".js-plotly-plot, .vega-embed") ?? text.closest("svg");
    let ground = groundOf(drawing);
    for (const shape of drawing.querySelectorAll("svg, rect, path, circle, ellipse, polygon, image")) {
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      const fill = fillAt(shape, drawing, x, y);
      if (fill) ground = over([...fill.slice(0, 3), fill[3] * opacityWithin(shape, drawing)], ground);
    }
    return ground;
  }
  /** The least at three places along the text. Letters with a halo stand on that. */
  function ratioInDrawing(text, style) {
    const { left, top, width, height } = text.getBoundingClientRect();
    const halo = style.stroke !== "none" && style.paintOrder.startsWith("stroke");
    const [r, g, b, a] = rgba(style.fill);
    const drawing = text.closest(".js-plotly-plot, .vega-embed") ?? text.closest("svg");
    return Math.min(
      ...[0.2, 0.5, 0.8].map((part) => {
        const under = groundAt(text, left + width * part, top + height / 2);
        const ground = halo ? over(rgba(style.stroke), under) : under;
        return contrastOf(over([r, g, b, a * opacityWithin(text, drawing)], ground), ground);
      }),
    );
  }

  Object.assign(window.looks, { rgba, over, groundOf, contrastOf });
})();
