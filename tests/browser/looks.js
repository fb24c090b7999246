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
      if (!said || !seen(node.getBoundingClientRect())) continue;
      if (node.closest("svg, style, script, .katex-mathml")) continue;
      const style = getComputedStyle(node);
      if (style.visibility !== "hidden") found.push({ node, style, said });
    }
    return found;
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

    /** Other texts, letter by letter, that are too small. */
    letters() {
      const small = texts().filter(({ style }) => parseFloat(style.fontSize) < 10.95);
      return [...new Set(small.map(({ node, said }) => `“${said}” (${node.className}) is under 11 pixels`))];
    },

    /** Texts with less contrast to what they stand on than 4.5:1 (3:1 where they are large). */
    contrast() {
      const found = new Map();
      for (const { node, style } of texts()) {
        if (node.closest("[disabled], [aria-hidden=true], label:has(input:disabled), .stSlider")) continue;
        const ratio = ratioOf(node, style);
        const mark = /^[␣⏎]+$/.test(words(node)); // between letters, no letter itself
        const large = mark || parseFloat(style.fontSize) >= 24 ||
          (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5) - 0.05) {
          const key = `${node.tagName.toLowerCase()}.${node.className} ${style.color}`.slice(0, 90);
          if (!found.has(key)) found.set(key, `${ratio.toFixed(2)}: “${words(node)}” (${key})`);
        }
      }
      return [...found.values()];
    },
  };

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
    const [light, dark] = [over([r, g, b, a], ground), ground].map(luminance).sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  }
})();
