// @ts-check
// The large picture's measures, and the tokens beside and below it.

import { element } from "../shared/dom.js";
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
 */
export function layOut(tokens, available, family) {
  const context = contextOf(element("canvas"));
  context.font = `${fontsFor(tokens.length, available).chosenFont}px ${family}`;
  const widest = Math.max(...tokens.map((token) => context.measureText(token).width));
  return { family, ...measures(tokens.length, available, widest) };
}

/** @param {number} T @param {number} available */
function fontsFor(T, available) {
  const font = Math.max(9, Math.min(17, (available / T) * 0.9));
  return { font, chosenFont: Math.max(font, 13) }; // for the last row of a classroom
}

/**
 * The same from the width of the widest token, written as large as the chosen one's is.
 * @param {number} T how many tokens
 * @param {number} available
 * @param {number} widest
 */
export function measures(T, available, widest) {
  const { font, chosenFont } = fontsFor(T, available);
  const labelled = available / T >= font * 0.85; // room for every token's label
  const digits = labelled ? 0 : 2.6 * chosenFont; // else the chosen one's position is written beside it
  const left = Math.ceil(Math.min(110, widest + digits) + 14);
  const room = Math.min(available - left, T * 56);
  const cell = room / T >= 6 ? Math.floor(room / T) : room / T;
  const upright = !labelled || widest <= chosenFont * 1.3; // else the labels of columns are turned
  const below = upright ? Math.ceil(chosenFont * 1.8) : left;
  const side = cell * T;
  const [width, height] = [left + side + 14, side + below];
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
  const { font, family, labelled, cell } = layout;
  canvas.width = Math.round(layout.width * devicePixelRatio);
  canvas.height = Math.round(layout.height * devicePixelRatio);
  const context = contextOf(canvas);
  context.scale(devicePixelRatio, devicePixelRatio);
  context.font = `${font}px ${family}`;
  context.textBaseline = "middle";
  const every = labelled ? 1 : ([8, 16, 32, 64].find((n) => n * cell > 30) ?? 128);
  for (let i = 0; i < tokens.length; i += every) {
    const label = labelled ? tokens[i] : String(i);
    /** @param {number} chosen */
    const free = (chosen) => Math.abs(chosen - i) * cell > (labelled ? 0 : 24);
    if (free(row)) drawRowLabel(context, layout, i, label, ink.ink);
    if (free(column)) drawColumnLabel(context, layout, i, label, ink.ink);
  }
  /** @param {number} i */
  const label = (i) => (labelled ? tokens[i] : `${tokens[i]} ${i}`);
  const chosen = { ...layout, font: layout.chosenFont };
  context.font = `${chosen.font}px ${family}`;
  drawRowLabel(context, chosen, row, label(row), ink.ground, ink.query);
  drawColumnLabel(context, chosen, column, label(column), ink.ground, ink.key);
}

/**
 * @param {Context} context
 * @param {Layout} layout
 * @param {number} i
 * @param {string} label
 * @param {string} colour
 * @param {string} [ground]
 */
function drawRowLabel(context, { left, cell, font }, i, label, colour, ground) {
  drawLabel(context, label, [left - 6, (i + 0.5) * cell], "right", left - 6, font, colour, ground);
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
    const inside = Math.max(half, Math.min(x, layout.width - half)); // the last ones are cut else
    drawLabel(context, label, [inside, side + font * 0.85], "center", 200, font, colour, ground);
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
  context.textAlign = align;
  if (ground) {
    const width = Math.min(context.measureText(label).width, room) + 6;
    const left = align === "right" ? x - width + 3 : x - width / 2;
    context.fillStyle = ground;
    context.beginPath();
    context.roundRect(left, y - font * 0.68, width, font * 1.36, 3);
    context.fill();
  }
  context.fillStyle = colour;
  context.fillText(label, x, y, room);
}
