// @ts-check
// A chart in letters as large as the page's: before a class they are larger. And on a telephone what
// stands above bars is turned where it has no room beside its neighbours.

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
const FILLED = 0.8; // of the rest, by bars

/**
 * A figure whose labels above bars stand upright where they would lie on one another.
 * @param {Figure} figure
 * @param {number} width of the chart in pixels
 * @returns {Figure}
 */
export function turned(figure, width) {
  const above = figure.data.filter(hasLabelsAbove);
  if (!above.length) return figure;
  const beside = (figure.layout.barmode ?? "group") === "group" ? figure.data.filter(isUpright) : [];
  const bars = Math.max(1, beside.length);
  const most = Math.max(...above.map(({ text }) => text.length)) * bars;
  const letters = Math.max(...above.flatMap(({ text }) => text.map((/** @type {any} */ each) => String(each ?? "").length)));
  const size = above[0].textfont?.size ?? 12;
  if (letters * LETTER * size < (FILLED * (width - MARGINS)) / most) return figure;
  const data = figure.data.map((trace) => (hasLabelsAbove(trace) ? { ...trace, textangle: -90 } : trace));
  return { ...figure, data };
}

/** @param {any} trace */
const isUpright = ({ type, orientation }) => ["bar", "waterfall"].includes(type) && orientation !== "h";

/** @param {any} trace */
const hasLabelsAbove = (trace) => isUpright(trace) && Array.isArray(trace.text) && trace.textposition === "outside";

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
