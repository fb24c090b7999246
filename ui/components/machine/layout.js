// @ts-check
// Where everything stands: rows from the bottom up, columns from left to right. Pure functions.

/**
 * @typedef {object} Row
 * @property {string} kind tokens, stream, norm, attention, mlp, layer, last_norm, guess or answer
 * @property {number | null} layer
 * @property {number} station of the stream: for kind "stream" its own, else the one below
 * @property {number} half 0: of the attention, 1: of the MLP
 * @property {number} top in pixels, y falls upward
 * @property {number} bottom
 * @typedef {{ rows: Row[], xs: number[], earlier: number | null, hidden: number, pitch: number,
 *   left: number, width: number, height: number }} Layout
 * xs: of the columns that fit, the last ones; hidden: how many don't. earlier: the place for what
 * comes from before the first.
 * @typedef {{ text: string, x: number, y: number, right: boolean, strong: boolean }} Label right: ends at x
 */

export const LETTERS = 11; // pixels: the smallest
export const GUTTER = 66; // for the rows' names
const RIGHT = 10;
const NARROWEST = 44; // a column
export const BAR = 15; // a likely token's
const HEIGHTS = { tokens: 18, stream: 12, norm: 7, last_norm: 9, guess: 16, answer: 5 * BAR + 9 };
const FOLDED = { least: 13, most: 22 };
const LEAST = { attention: 21, mlp: 13 };
const MOST_OPEN = 5; // layers; of more all but one are folded

/** Which layers are drawn whole at first. @param {number} layers @returns {number[]} */
export const opened = (layers) =>
  layers <= MOST_OPEN ? Array.from({ length: layers }, (_, i) => i) : [layers - 1];

/**
 * The rows of a machine from the bottom up, without places.
 * @param {{ layers: number, norm: string, last_scale: any }} picture
 * @param {number[]} open layers that are drawn whole
 */
export function rowsOf({ layers, norm, last_scale }, open) {
  /** @param {string} kind @param {number | null} layer @param {number} station @param {number} half */
  const row = (kind, layer, station, half) => ({ kind, layer, station, half });
  const rows = [row("tokens", null, 0, 0), row("stream", null, 0, 0)];
  for (let layer = 0; layer < layers; layer++) {
    if (!open.includes(layer)) {
      rows.push(row("layer", layer, 2 * layer + 2, 1));
      continue;
    }
    for (const half of [0, 1]) {
      const station = 2 * layer + half;
      const normed = norm === "none" ? [] : [row("norm", layer, station, half)];
      const part = row(half ? "mlp" : "attention", layer, station, half);
      rows.push(...(norm === "post" ? [part, ...normed] : [...normed, part]));
      rows.push(row("stream", layer, station + 1, half));
    }
  }
  if (last_scale) rows.push(row("last_norm", null, 2 * layers, 1));
  rows.push(row("guess", null, 2 * layers, 1), row("answer", null, 2 * layers, 1));
  return rows;
}

/**
 * @param {{ layers: number, norm: string, last_scale: any, columns: number, first: number }} picture
 * @param {number} width
 * @param {number} height at least; a machine of many layers takes more
 * @param {number[]} open
 * @returns {Layout}
 */
export function layOut(picture, width, height, open) {
  const room = width - GUTTER - RIGHT;
  const fit = Math.max(2, Math.floor(room / NARROWEST));
  const cut = picture.columns > fit || picture.first > 0;
  const shown = Math.min(picture.columns, cut ? fit - 1 : fit);
  const places = shown + (cut ? 1 : 0);
  const pitch = room / places;
  const middles = Array.from({ length: places }, (_, i) => GUTTER + pitch * (i + 0.5));
  const { rows, total } = stacked(rowsOf(picture, open), height);
  return {
    rows,
    xs: cut ? middles.slice(1) : middles,
    earlier: cut ? middles[0] : null,
    hidden: picture.columns - shown,
    pitch,
    left: GUTTER,
    width,
    height: total,
  };
}

/**
 * Give each row its place.
 * @param {{ kind: string, layer: number | null, station: number, half: number }[]} rows
 * @param {number} height
 */
function stacked(rows, height) {
  /** @param {string} kind */
  const count = (kind) => rows.filter((row) => row.kind === kind).length;
  const fixed = Object.entries(HEIGHTS).reduce((sum, [kind, h]) => sum + h * count(kind), 0);
  const least = LEAST.attention * count("attention") + LEAST.mlp * count("mlp");
  const small = count("layer");
  const fold = small
    ? Math.max(FOLDED.least, Math.min(FOLDED.most, (height - fixed - 2 * least) / small))
    : 0;
  const spare = Math.max(0, height - fixed - least - fold * small) / Math.max(1, count("attention"));
  /** @type {Record<string, number>} */
  const heights = {
    ...HEIGHTS,
    layer: fold,
    attention: LEAST.attention + 0.62 * spare,
    mlp: LEAST.mlp + 0.38 * spare,
  };
  const total = rows.reduce((sum, { kind }) => sum + heights[kind], 0);
  let bottom = total;
  const placed = rows.map((row) => {
    const at = { ...row, bottom, top: bottom - heights[row.kind] };
    bottom = at.top;
    return at;
  });
  return { rows: placed, total };
}

/**
 * The names of the rows, in the gutter.
 * @param {Layout} layout
 * @returns {Label[]}
 */
export function rowLabels({ rows, left }) {
  /** @type {Record<string, string>} */
  const names = { tokens: "tokens", attention: "attention", mlp: "MLP", guess: "best guess" };
  /** @type {Label[]} */
  const labels = [];
  let last = Infinity;
  for (const { kind, layer, top, bottom, station, half } of rows) {
    const inside = layer === null ? (station === 0 ? "vectors" : "") : half ? "" : `layer ${layer}`;
    const text = kind === "stream" ? inside : kind === "layer" ? `layer ${layer} ▸` : names[kind];
    const y = (top + bottom) / 2 + LETTERS / 3;
    if (!text || last - y < LETTERS + 1) continue; // there is no room for every name
    labels.push({ text, x: left - 6, y, right: true, strong: text.startsWith("layer") });
    last = y;
  }
  return labels;
}

/**
 * The part of the machine under a point: a row and a column of those that fit.
 * @param {Layout} layout
 * @param {number} x
 * @param {number} y
 * @returns {{ row: number, column: number } | null}
 */
export function partAt({ rows, xs, pitch, left, width }, x, y) {
  const row = rows.findIndex(({ top, bottom }) => y >= top && y < bottom);
  if (row < 0 || x < 0 || x > width) return null;
  if (x < left && rows[row].kind !== "layer") return null;
  const column = Math.round((x - xs[0]) / pitch);
  return { row, column: Math.max(0, Math.min(xs.length - 1, column)) };
}

/**
 * The row of a step; a folded layer stands for all of its parts.
 * @param {Row[]} rows
 * @param {{ kind: string, layer: number | null }} step
 */
export function rowOfStep(rows, { kind, layer }) {
  const own = rows.findIndex((row) => row.kind === kind && row.layer === layer);
  return own >= 0 ? own : rows.findIndex((row) => row.kind === "layer" && row.layer === layer);
}

/**
 * As much of a text as fits, with an ellipsis for the rest.
 * @param {string} text
 * @param {number} room
 * @param {(text: string) => number} measure
 */
export function fitted(text, room, measure) {
  if (measure(text) <= room) return text;
  const letters = [...text];
  while (letters.length > 1) {
    letters.pop();
    const cut = `${letters.join("")}…`;
    if (measure(cut) <= room) return cut;
  }
  return "…";
}

/** A point of a ribbon from below to above, 0 ≤ t ≤ 1. @param {number[]} from @param {number[]} to @param {number} t */
export function onRibbon([x1, y1], [x2, y2], t) {
  const middle = (y1 + y2) / 2;
  const u = 1 - t;
  const along = 3 * u * u * t;
  const back = 3 * u * t * t;
  return [
    u ** 3 * x1 + along * x1 + back * x2 + t ** 3 * x2,
    u ** 3 * y1 + along * middle + back * middle + t ** 3 * y2,
  ];
}

/** The value that 95 of 100 are not above. @param {number[]} values */
export function p95(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.ceil(0.95 * sorted.length) - 1)] : 0;
}
