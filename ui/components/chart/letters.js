// @ts-check
// A chart in letters as large as the page's: before a class they are larger. And numbers that have no
// room beside their neighbours are turned, smaller, or left to pointing.

/** @typedef {{ data: any[], layout: any }} Figure */

const USUAL = 17 / 16; // of a browser's own letters: .streamlit/config.toml
const BETWEEN = 0.75; // of what a page's letters grow by, a chart's do, which stand closer

/**
 * A figure whose letters, and the room that they take, have grown with the page's.
 * @param {Figure} figure
 * @param {number} scale of the page's letters, of a browser's own
 * @returns {Figure}
 */
export function enlarged(figure, scale) {
  if (scale <= USUAL) return figure;
  const by = 1 + BETWEEN * (scale - 1);
  const { data, layout } = grown(figure, by, false);
  const { t = 0, b = 0 } = figure.layout.margin ?? {};
  const margin = Object.entries(layout.margin ?? {}).map(([side, room]) => [side, Math.round(room * by)]);
  // Rows have names, or text in them.
  const rows = data.some((/** @type {any} */ { orientation, type }) => orientation === "h" || type === "heatmap");
  const height = Math.round(figure.layout.height + (by - 1) * (rows ? figure.layout.height : t + b));
  return { data, layout: { ...layout, margin: Object.fromEntries(margin), height } };
}

const LETTER = 0.58; // a digit's width, of its height
const MARGINS = 90; // pixels beside what is drawn
const FILLED = 0.8; // of its place, by a bar or a group of them
const SCALE = 40; // pixels of a heatmap's scale at its side
const LEAST = 11; // pixels: letters that can be read

/**
 * A figure whose numbers have room: where they would lie on one another they are smaller, or
 * stand upright above their bars; what has no room so either is told on pointing alone.
 * @param {Figure} figure
 * @param {number} width of the chart in pixels
 * @returns {Figure}
 */
export function fitted(figure, width) {
  const above = figure.data.filter(hasLabelsAbove);
  const cells = figure.data.some(hasTextInCells);
  if (!above.length && !cells) return figure;
  const look = above.length ? lookAbove(figure, above, width) : {};
  const data = figure.data.map((trace) => {
    if (hasTextInCells(trace)) return inCells(trace, width);
    return hasLabelsAbove(trace) ? { ...trace, ...look } : trace;
  });
  return { ...figure, data };
}

/**
 * How labels above bars stand.
 * @param {Figure} figure
 * @param {any[]} above its traces with such labels
 * @param {number} width
 */
function lookAbove(figure, above, width) {
  const beside = (figure.layout.barmode ?? "group") === "group" ? figure.data.filter(isUpright) : [];
  const places = new Set(above.flatMap(({ x, text }) => (Array.isArray(x) ? x : [...text.keys()])));
  const groups = Math.max(1, beside.length);
  const room = ((groups > 1 ? FILLED : 1) * (width - MARGINS)) / (places.size * groups);
  const { size = 12 } = above[0].textfont ?? {};
  const fits = room / (longest(above.map(({ text }) => text)) * LETTER);
  if (fits > size) return {};
  if (fits > LEAST) return { textfont: { ...above[0].textfont, size: fits } };
  return size < FILLED * room ? { textangle: -90 } : { textposition: "none" };
}

/**
 * A heatmap whose numbers are as large as its cells let them be.
 * @param {any} trace
 * @param {number} width
 */
function inCells(trace, width) {
  const columns = Math.max(...trace.text.map((/** @type {any[]} */ row) => row.length));
  const side = trace.showscale === false ? MARGINS : MARGINS + SCALE;
  const fits = (width - side) / columns / (longest(trace.text) * LETTER);
  if (fits < LEAST) return { ...trace, texttemplate: "" };
  return { ...trace, textfont: { ...trace.textfont, size: Math.min(trace.textfont.size, fits) } };
}

/** Of the longest line, in letters. @param {any[]} texts */
const longest = (texts) =>
  Math.max(...texts.flat().flatMap((text) => String(text ?? "").split("<br>")).map(({ length }) => length));

/** @param {any} trace */
const isUpright = ({ type, orientation }) => ["bar", "waterfall"].includes(type) && orientation !== "h";

/** @param {any} trace */
const hasLabelsAbove = (trace) => isUpright(trace) && Array.isArray(trace.text) && trace.textposition === "outside";

/** @param {any} trace */
const hasTextInCells = ({ type, text, texttemplate, textfont }) =>
  type === "heatmap" && Array.isArray(text) && texttemplate && textfont?.size;

/**
 * The same with every size of a font multiplied.
 * @param {any} value
 * @param {number} by
 * @param {boolean} isFont whether it describes a font
 * @returns {any}
 */
function grown(value, by, isFont) {
  if (Array.isArray(value)) return value.map((each) => (typeof each === "object" ? grown(each, by, false) : each));
  if (!value || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      if (isFont && name === "size" && typeof each === "number") return [name, each * by];
      return [name, grown(each, by, /font$/i.test(name))];
    }),
  );
}
