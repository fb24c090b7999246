// @ts-check
// The picture on canvases: what stands still, and what moves over it.

import { chance } from "../shared/numbers.js";
import { differs, isFar } from "./beside.js";
import { folded, weightsOf } from "./message.js";
import { BAR, LETTERS, fitted, onRibbon, rowLabels } from "./layout.js";

/**
 * @typedef {import("./message.js").Picture} Picture
 * @typedef {import("./message.js").Way} Way
 * @typedef {import("./layout.js").Layout} Layout
 * @typedef {import("./layout.js").Row} Row
 * @typedef {{ ink: string, paper: string, plus: string, minus: string, walk: string, back: string,
 *   answer: string, font: string }} Ink
 * @typedef {{ picture: Picture, layout: Layout, head: number, back: boolean, focus: number }} Scene
 * focus: the column whose ribbons are strong, among those that are drawn.
 */

const CELL_ROWS = 2;
const WIDEST_CELL = 7;
const THICKEST = 9; // pixels, a ribbon of weight 1
const ANSWER = 0.42; // of the width: the likeliest tokens' panel; machine.css keeps it free
const FAINT = 0.02; // of the thickest: a ribbon below it isn't drawn

/** @param {Scene} scene @returns {Way} */
const wayOf = ({ picture, back }) => (back && picture.back ? picture.back : picture.forward);

/**
 * All that stands still.
 * @param {CanvasRenderingContext2D} c
 * @param {Scene} scene
 * @param {Ink} ink
 */
export function paintStill(c, scene, ink) {
  const { layout } = scene;
  c.clearRect(0, 0, layout.width, layout.height);
  c.font = `${LETTERS}px ${ink.font}`;
  c.textBaseline = "alphabetic";
  bands(c, layout, ink);
  trunks(c, layout, ink);
  for (const row of layout.rows) {
    if (row.kind === "attention" || row.kind === "layer") ribbons(c, scene, row, ink);
  }
  for (const row of layout.rows) rowOf(c, scene, row, ink);
  c.globalAlpha = 0.85;
  c.fillStyle = ink.ink;
  for (const { text, x, y, strong } of rowLabels(layout)) {
    c.textAlign = "right";
    c.font = `${strong ? "600 " : ""}${LETTERS}px ${ink.font}`;
    c.fillText(text, x, y);
  }
  c.globalAlpha = 1;
}

/** A quiet background for every second layer. @param {CanvasRenderingContext2D} c @param {Layout} layout @param {Ink} ink */
function bands(c, { rows, width, left }, ink) {
  c.globalAlpha = 0.05;
  c.fillStyle = ink.ink;
  for (const { layer, top, bottom } of rows)
    if (layer !== null && layer % 2 === 0) c.fillRect(left, top, width - left, bottom - top);
  c.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} c @param {Layout} layout @param {Ink} ink */
function trunks(c, { rows, xs }, ink) {
  const bottom = rows[1].bottom;
  const top = rows[rows.length - 2].bottom;
  c.strokeStyle = ink.ink;
  c.globalAlpha = 0.3;
  c.lineWidth = 1.5;
  c.beginPath();
  for (const x of xs) {
    c.moveTo(x, bottom);
    c.lineTo(x, top);
  }
  c.stroke();
  c.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} c @param {Scene} scene @param {Row} row @param {Ink} ink */
function rowOf(c, scene, row, ink) {
  const { layout } = scene;
  const { xs, hidden } = layout;
  const middle = (row.top + row.bottom) / 2;
  if (row.kind === "answer") return answer(c, scene, row, ink);
  if (row.kind === "tokens" || row.kind === "guess") return texts(c, scene, row, ink);
  xs.forEach((x, i) => {
    const column = i + hidden;
    if (row.kind === "stream") cells(c, scene, row.station, column, x, middle, ink);
    else if (row.kind === "layer") cells(c, scene, row.station, column, x, row.top + 5.5, ink);
    else if (row.kind === "norm" || row.kind === "last_norm") norm(c, x, middle, ink);
    else if (row.kind === "mlp") gauge(c, scene, row, column, x, ink);
    else if (row.kind === "attention") plus(c, x, row.top + 1, ink);
  });
}

/** @param {CanvasRenderingContext2D} c @param {Scene} scene @param {number} station @param {number} column @param {number} x @param {number} y @param {Ink} ink */
function cells(c, scene, station, column, x, y, ink) {
  const { picture: p, layout } = scene;
  const { pitch } = layout;
  const way = wayOf(scene);
  const across = Math.ceil(p.size / CELL_ROWS);
  const side = Math.min(WIDEST_CELL, (pitch - 8) / across);
  const tall = 4.5;
  const left = x - (side * across) / 2;
  const top = y - tall;
  c.fillStyle = ink.paper;
  c.fillRect(left - 1, top - 1, side * across + 2, 2 * tall + 2);
  const from = (station * p.columns + column) * p.size;
  for (let i = 0; i < p.size; i++) {
    const level = way.cells[from + i];
    if (!level) continue;
    c.globalAlpha = Math.abs(level) / 127;
    c.fillStyle = level > 0 ? ink.plus : ink.minus;
    c.fillRect(left + side * (i % across), top + tall * Math.floor(i / across), side - 0.5, tall - 0.5);
  }
  c.globalAlpha = 0.35;
  c.strokeStyle = ink.ink;
  c.lineWidth = 0.75;
  c.strokeRect(left - 1, top - 1, side * across + 1.5, 2 * tall + 1.5);
  c.globalAlpha = 1;
  if (!scene.back && isFar(p, station, column)) dashed(c, left - 2.5, top - 2.5, side * across + 4.5, 2 * tall + 4.5, ink);
}

/** The mark of what differs from the machine beside it. @param {CanvasRenderingContext2D} c @param {number} left @param {number} top @param {number} width @param {number} height @param {Ink} ink */
function dashed(c, left, top, width, height, ink) {
  c.save();
  c.setLineDash([4, 2.5]);
  c.lineWidth = 1.75;
  c.strokeStyle = ink.ink;
  c.globalAlpha = 0.9;
  c.strokeRect(left, top, width, height);
  c.restore();
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {Ink} ink */
function norm(c, x, y, ink) {
  c.fillStyle = ink.paper;
  c.strokeStyle = ink.ink;
  c.lineWidth = 1;
  c.beginPath();
  c.roundRect(x - 8, y - 2, 16, 4, 2);
  c.fill();
  c.stroke();
}

/** Where something is added. @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {Ink} ink */
function plus(c, x, y, ink) {
  c.fillStyle = ink.paper;
  c.strokeStyle = ink.ink;
  c.lineWidth = 1;
  c.beginPath();
  c.arc(x, y + 2, 3.5, 0, 7);
  c.fill();
  c.moveTo(x - 2, y + 2);
  c.lineTo(x + 2, y + 2);
  c.moveTo(x, y);
  c.lineTo(x, y + 4);
  c.stroke();
}

/** How much of the stream is what was just added. @param {Scene} scene @param {Row} row @param {number} column */
export function ratio(scene, { layer, half, station }, column) {
  const way = wayOf(scene);
  const added = way.added[layer ?? 0][half][column];
  const most = scene.back
    ? Math.max(...way.added.flat(2), 1e-30)
    : way.lengths[station + 1][column] || 1;
  return Math.max(0, Math.min(1, added / most));
}

/** @param {CanvasRenderingContext2D} c @param {Scene} scene @param {Row} row @param {number} column @param {number} x @param {Ink} ink */
function gauge(c, scene, row, column, x, ink) {
  const [left, top, width, height] = [x + 6, row.top + 2, 10, row.bottom - row.top - 4];
  c.strokeStyle = ink.ink;
  c.lineWidth = 1;
  c.globalAlpha = 0.6;
  c.beginPath();
  c.moveTo(x, row.bottom);
  c.lineTo(left + width / 2, row.bottom - 2);
  c.moveTo(x, row.top);
  c.lineTo(left + width / 2, row.top + 2);
  c.stroke();
  c.fillStyle = ink.paper;
  c.globalAlpha = 1;
  c.fillRect(left, top, width, height);
  c.fillStyle = scene.back ? ink.back : ink.ink;
  c.globalAlpha = 0.6;
  const filled = height * ratio(scene, row, column);
  c.fillRect(left, top + height - filled, width, filled);
  c.globalAlpha = 0.9;
  c.strokeRect(left, top, width, height);
  c.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} c @param {Scene} scene @param {Row} row @param {Ink} ink */
function texts(c, scene, row, ink) {
  const { picture: p, layout } = scene;
  const { xs, earlier, hidden, pitch } = layout;
  const y = (row.top + row.bottom) / 2 + LETTERS / 3;
  c.textAlign = "center";
  c.fillStyle = ink.ink;
  const [named, others] = row.kind === "tokens" ? [p.tokens, p.beside?.tokens] : [p.best, p.beside?.best];
  /** @param {string} text */
  const measure = (text) => c.measureText(text).width;
  xs.forEach((x, i) => {
    const at = i + hidden;
    const drawn = row.kind === "tokens" && p.first + at >= p.given;
    if (drawn) {
      c.globalAlpha = 0.2;
      c.fillStyle = ink.answer;
      c.fillRect(x - pitch / 2 + 2, row.top + 2, pitch - 4, row.bottom - row.top - 3);
      c.fillStyle = ink.ink;
    }
    c.globalAlpha = row.kind === "tokens" ? 1 : 0.8;
    c.fillText(fitted(named[at], pitch - 5, measure), x, y);
    if (others && !scene.back && differs(named[at], others[at]))
      dashed(c, x - pitch / 2 + 1.5, row.top + 1.5, pitch - 3, row.bottom - row.top - 3, ink);
  });
  c.globalAlpha = 0.8;
  if (earlier !== null && row.kind === "tokens")
    c.fillText(fitted("earlier", pitch - 4, measure), earlier, y);
  c.globalAlpha = 1;
}

/**
 * Where a ribbon of a row begins and ends, from below to above.
 * @param {Row} row @param {number} from @param {number} to
 */
const ends = (row, from, to) => [
  [from, row.bottom],
  [to, row.top + 3],
];

/**
 * The ribbons into one column: where each comes from, and how thick it is from 0 to 1.
 * @param {Scene} scene
 * @param {Row} row
 * @param {number} target among the columns that are drawn
 */
export function ribbonsInto(scene, row, target) {
  const { picture, layout, head } = scene;
  const way = wayOf(scene);
  const weights = weightsOf(picture, way, row.layer ?? 0, head, target + layout.hidden);
  const { earlier, shown } = folded(weights, layout.hidden);
  const found = shown.map((weight, i) => ({ x: layout.xs[i], share: weight / way.most }));
  if (layout.earlier !== null) found.push({ x: layout.earlier, share: earlier / way.most });
  return found
    .filter(({ share }) => share > FAINT)
    .map(({ x, share }) => ({ x, share: Math.min(1, share) }));
}

/** @param {CanvasRenderingContext2D} c @param {Scene} scene @param {Row} row @param {Ink} ink */
function ribbons(c, scene, row, ink) {
  const { layout, focus, back } = scene;
  c.strokeStyle = back ? ink.back : ink.ink;
  const targets = row.kind === "layer" ? [focus] : layout.xs.map((_, i) => i);
  for (const target of targets) {
    const strong = target === focus || back;
    c.globalAlpha = strong ? 0.62 : 0.1;
    for (const { x, share } of ribbonsInto(scene, row, target))
      curve(c, row, x, layout.xs[target], share * (row.kind === "layer" ? 0.4 : strong ? 1 : 0.6));
  }
  c.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} c @param {Row} row @param {number} from @param {number} to @param {number} share */
function curve(c, row, from, to, share) {
  const [[x1, y1], [x2, y2]] = ends(row, from, to);
  const middle = (y1 + y2) / 2;
  c.lineWidth = 0.5 + THICKEST * share;
  c.beginPath();
  c.moveTo(x1, y1);
  c.bezierCurveTo(x1, middle, x2, middle, x2, y2);
  c.stroke();
}

/** @param {number} width of the picture */
const panel = (width) => Math.max(230, Math.min(340, ANSWER * width));

/** The likeliest next tokens, over the last column. @param {CanvasRenderingContext2D} c @param {Scene} scene @param {Row} row @param {Ink} ink */
function answer(c, scene, row, ink) {
  const { picture: p, layout } = scene;
  const right = layout.width - 6;
  const wide = panel(layout.width);
  const left = right - wide;
  const x = layout.xs[layout.xs.length - 1];
  const bars = left + wide * 0.34;
  const most = right - bars - 46;
  c.strokeStyle = ink.answer;
  c.globalAlpha = 0.8;
  c.lineWidth = 1.5;
  c.beginPath();
  c.moveTo(x, row.bottom + 1);
  c.lineTo(x, row.bottom - 3);
  c.moveTo(left, row.bottom - 3);
  c.lineTo(right, row.bottom - 3);
  c.stroke();
  c.globalAlpha = 1;
  p.likely.slice(0, 5).forEach(([text, share], i) => {
    const y = row.top + 1 + BAR * i;
    c.textAlign = "right";
    c.fillStyle = ink.ink;
    c.fillText(fitted(text, bars - left - 8, (t) => c.measureText(t).width), bars - 6, y + LETTERS - 1);
    c.fillStyle = ink.answer;
    c.fillRect(bars, y, Math.max(1, most * share), 12);
    c.textAlign = "left";
    c.fillStyle = ink.ink;
    const other = p.beside?.likely[i] ?? null;
    if (other !== null) dashed(c, bars, y + 1, Math.max(1, most * other), 10, ink);
    c.fillText(chance(share), bars + most * Math.max(share, other ?? 0) + 4, y + LETTERS - 1);
  });
}

/**
 * What moves: a step of the road, and the part that is pointed at.
 * @param {CanvasRenderingContext2D} c
 * @param {Scene} scene
 * @param {{ row: number, time: number } | null} step time: from 0 to 1, how far it has come
 * @param {{ row: number, column: number } | null} part
 * @param {Ink} ink
 */
export function paintMoving(c, scene, step, part, ink) {
  const { layout } = scene;
  c.clearRect(0, 0, layout.width, layout.height);
  if (step) walk(c, scene, layout.rows[step.row], step.time, ink);
  if (part) {
    outline(c, layout, layout.rows[part.row], part.column, ink.ink);
  }
}

/** @param {CanvasRenderingContext2D} c @param {Layout} layout @param {Row} row @param {number} column @param {string} colour */
function outline(c, { xs, pitch, width }, row, column, colour) {
  c.strokeStyle = colour;
  c.lineWidth = 2;
  const wide = row.kind === "answer" ? panel(width) + 6 : pitch - 2;
  const left = row.kind === "answer" ? width - wide - 4 : xs[column] - pitch / 2 + 1;
  c.strokeRect(left, row.top + 0.5, wide, row.bottom - row.top - 1);
}

/** @param {CanvasRenderingContext2D} c @param {Scene} scene @param {Row} row @param {number} time @param {Ink} ink */
function walk(c, scene, row, time, ink) {
  const { layout, focus, back } = scene;
  const colour = back ? ink.back : ink.walk;
  outline(c, layout, row, focus, colour);
  c.fillStyle = colour;
  const t = back ? 1 - time : time;
  if (row.kind === "attention" || row.kind === "layer") {
    const to = layout.xs[focus];
    for (const { x, share } of ribbonsInto(scene, row, focus)) {
      const [from, end] = ends(row, x, to);
      const [dotX, dotY] = onRibbon(from, end, t);
      dot(c, dotX, dotY, 2 + 4 * share);
    }
    return;
  }
  const aside = row.kind === "mlp" ? 11 * Math.sin(Math.PI * t) : 0;
  dot(c, layout.xs[focus] + aside, row.bottom + (row.top - row.bottom) * t, 4);
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} radius */
function dot(c, x, y, radius) {
  c.beginPath();
  c.arc(x, y, radius, 0, 7);
  c.fill();
}
