// @ts-check
// The large picture's measures, and the tokens beside and below it.

import { element } from "../shared/dom.js";
import { LINE, SMALLEST, besides, fitted, fontFor } from "../shared/labels.js";
import { contextOf } from "./drawing.js";

/**
 * @typedef {ReturnType<typeof layOut>} Layout
 * @typedef {{ ink: string, ground: string, query: string, key: string }} Ink
 * @typedef {CanvasRenderingContext2D} Context
 */

/**
 * How large cells and letters are for these tokens in this much room (all in CSS pixels).
 * @param {string[]} tokens
 * @param {number} available
 * @param {string} family of the font
 * @param {number} [tall] how high the picture may be with its labels
 */
export function layOut(tokens, available, family, tall) {
  const context = contextOf(element("canvas"));
  context.font = `100px ${family}`;
  const widest = Math.max(...tokens.map((token) => context.measureText(token).width)) / 100;
  return { family, ...measures(tokens.length, available, widest, tall) };
}

const LONGEST = 110; // pixels that a label has beside the picture
const WIDEST = 90; // pixels of a cell
const GAP = 14; // between labels and picture, and at the right

/**
 * The same from the width of the widest token, in letters of one pixel.
 * @param {number} T how many tokens
 * @param {number} available
 * @param {number} widest
 * @param {number} [tall]
 */
export function measures(T, available, widest, tall = Infinity) {
  /** @param {number} letters their width */
  const beside = (letters) => Math.ceil(Math.min(LONGEST, letters) + GAP);
  /** @param {number} left */
  const cellBeside = (left) => {
    const room = Math.min(available - left - GAP, tall - left, T * WIDEST) / T; // below is as much as left, at most
    return room >= 6 ? Math.floor(room) : room;
  };
  // Smaller letters leave the picture more room.
  let font = fontFor(available / T);
  while (font > SMALLEST && cellBeside(beside(widest * font)) < font * LINE) font -= 1;
  const labelled = cellBeside(beside(widest * font)) >= font * LINE;
  // Else positions are written, and beside the chosen token's label its position.
  const chosenFont = labelled ? font : 13;
  const left = beside(widest * chosenFont + (labelled ? 0 : 2.6 * chosenFont));
  const cell = cellBeside(left);
  const upright = !labelled || widest * font + 4 <= cell; // else the labels of columns are turned
  const below = upright ? Math.ceil(chosenFont * 1.8) : left;
  const side = cell * T;
  const [width, height] = [left + side + GAP, side + below];
  return { font, chosenFont, labelled, left, cell, side, upright, width, height };
}

// Every label where there is room; else position numbers. The chosen cell's two always.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {string[]} tokens
 * @param {Layout} layout
 * @param {import("./message.js").Pair} cell
 * @param {Ink} ink
 */
export function drawLabels(canvas, tokens, layout, [row, column], ink) {
  const { font, family, labelled } = layout;
  canvas.width = Math.round(layout.width * devicePixelRatio);
  canvas.height = Math.round(layout.height * devicePixelRatio);
  const context = contextOf(canvas);
  context.scale(devicePixelRatio, devicePixelRatio);
  context.font = `${font}px ${family}`;
  context.textBaseline = "middle";
  /** @param {number} i */
  const label = (i) => (labelled ? tokens[i] : `${tokens[i]} ${i}`);
  const chosen = { ...layout, font: layout.chosenFont };
  context.font = `${chosen.font}px ${family}`;
  const wide = context.measureText(label(column)).width;
  const { rows, columns } = besideChosen(tokens.length, layout, row, column, wide);
  /** @param {number} i */
  const plain = (i) => (labelled ? tokens[i] : String(i));
  context.font = `${font}px ${family}`;
  for (const i of rows) drawRowLabel(context, layout, i, plain(i), ink.ink);
  for (const i of columns) drawColumnLabel(context, layout, i, plain(i), ink.ink);
  context.font = `${chosen.font}px ${family}`;
  drawRowLabel(context, chosen, row, label(row), ink.ground, ink.query);
  drawColumnLabel(context, chosen, column, label(column), ink.ground, ink.key);
}

/**
 * Which labels stand beside the chosen cell's two. Where only some do, the first ones would be cut
 * at the picture's upper edge, and are none of them.
 * @param {number} T
 * @param {Omit<Layout, "family">} layout
 * @param {number} row
 * @param {number} column
 * @param {number} wide pixels of the chosen column's label, which may stand beside its column
 */
export function besideChosen(T, { font, chosenFont, labelled, cell, upright }, row, column, wide) {
  const [line, chosenLine] = [font * LINE, chosenFont * 1.36];
  const digits = String(T - 1).length * 0.62 * font + 6;
  const moved = 2 * (inside(row, cell, chosenFont) - (row + 0.5) * cell);
  const rows = besides(T, cell, line, [row], labelled ? line : chosenLine + moved);
  const across = labelled ? (upright ? 0 : line) : digits; // upright tokens fit their cells
  const columns = besides(T, cell, across, [column], labelled ? across : 2 * wide + 12);
  return { rows: rows.filter((i) => labelled || (i + 0.5) * cell >= line / 2), columns };
}

/**
 * Where the middle of a row's label is, so that it isn't cut at the upper edge.
 * @param {number} row
 * @param {number} cell
 * @param {number} font
 */
const inside = (row, cell, font) => Math.max((row + 0.5) * cell, font * 0.68);

/**
 * @param {Context} context
 * @param {Layout} layout
 * @param {number} i
 * @param {string} label
 * @param {string} colour
 * @param {string} [ground]
 */
function drawRowLabel(context, { left, cell, font }, i, label, colour, ground) {
  const y = ground ? inside(i, cell, font) : (i + 0.5) * cell;
  drawLabel(context, label, [left - 6, y], "right", left - 6, font, colour, ground);
}

/**
 * @param {Context} context
 * @param {Layout} layout
 * @param {number} i
 * @param {string} label
 * @param {string} colour
 * @param {string} [ground]
 */
function drawColumnLabel(context, layout, i, label, colour, ground) {
  const { left, cell, side, font, upright } = layout;
  const x = left + (i + 0.5) * cell;
  context.save();
  if (upright) {
    const half = context.measureText(label).width / 2 + 3;
    const whole = Math.max(half, Math.min(x, layout.width - half)); // the last ones are cut else
    drawLabel(context, label, [whole, side + font * 0.85], "center", 200, font, colour, ground);
  } else {
    context.translate(x, side + 6);
    context.rotate(-Math.PI / 2);
    drawLabel(context, label, [0, 0], "right", left - 6, font, colour, ground);
  }
  context.restore();
}

/**
 * @param {Context} context
 * @param {string} label
 * @param {number[]} place
 * @param {"right" | "center"} align
 * @param {number} room
 * @param {number} font
 * @param {string} colour
 * @param {string} [ground]
 */
function drawLabel(context, label, [x, y], align, room, font, colour, ground) {
  const shown = fitted(label, room, (text) => context.measureText(text).width);
  const width = context.measureText(shown).width;
  const left = align === "right" ? x - width : x - width / 2;
  if (ground) {
    context.fillStyle = ground;
    context.beginPath();
    context.roundRect(left - 3, y - font * 0.68, width + 6, font * 1.36, 3);
    context.fill();
  }
  context.textAlign = "left";
  context.fillStyle = colour;
  let at = left;
  for (const piece of shown.split(SPACES).filter(Boolean)) {
    context.globalAlpha = piece.startsWith("␣") && !ground ? 0.5 : 1;
    context.fillText(piece, at, y);
    at += context.measureText(piece).width;
  }
  context.globalAlpha = 1;
}

const SPACES = /(␣+)/; // a light mark between dark letters
