// @ts-check
// Two machines beside each other: what differs between them, and what is done to both at once.

import { chance } from "../shared/numbers.js";

/**
 * @typedef {import("./message.js").Picture} Picture
 * @typedef {import("./layout.js").Row} Row
 * @typedef {{ kind: string, layer: number | null, half: number, station: number, position: number }} Place
 * a part, as another machine finds it
 */

export const FAR = 0.1; // FAR in pages/home/words.py
const EVENT = "machine-beside";

/** Whether a text differs from the other's in its place. @param {string} own @param {string | null} other */
export const differs = (own, other) => own !== other;

/** Whether a vector is marked. @param {Picture} p @param {number} station @param {number} column */
export const isFar = (p, station, column) => (p.beside?.apart?.[station]?.[column] ?? 0) >= FAR;

/** The first layer that leaves a vector marked; null where none does. @param {Picture} p */
export function firstFar(p) {
  const station = (p.beside?.apart ?? []).findIndex((row, at) => at > 0 && row.some((far) => (far ?? 0) >= FAR));
  return station < 0 ? null : Math.floor((station - 1) / 2);
}

/**
 * What a part is in the other machine; nothing where there is none.
 * @param {Picture} p
 * @param {Row} row
 * @param {number} column
 */
export function otherSentence(p, { kind, station }, column) {
  const { beside } = p;
  if (!beside) return "";
  const { name } = beside;
  if (kind === "tokens" || kind === "guess") {
    const [own, other] = kind === "tokens" ? [p.tokens, beside.tokens] : [p.best, beside.best];
    if (other[column] === null) return ` ${name} has no such position.`;
    return differs(own[column], other[column]) ? ` ${name}: “${other[column]}”.` : ` The same in ${name}.`;
  }
  if (kind === "answer") {
    const known = p.likely.flatMap(([text], i) => {
      const share = beside.likely[i];
      return share === null ? [] : [`“${text}” ${chance(share)}`];
    });
    return known.length ? ` ${name}: ${known.join(", ")}.` : "";
  }
  if (kind !== "stream" && kind !== "layer") return "";
  const far = beside.apart?.[station][column];
  if (far === undefined || far === null) return "";
  return far ? ` Its distance from ${name}'s is ${chance(far)} of the longer one's length.` : ` The same in ${name}.`;
}

/**
 * A part, as another machine finds it. @param {Picture} p @param {Row} row @param {number} column
 * @returns {Place}
 */
export const placeOf = (p, { kind, layer, half, station }, column) => ({ kind, layer, half, station, position: p.first + column });

/**
 * The part of this machine that stands in a place; null where there is none.
 * @param {Picture} p
 * @param {{ rows: Row[], xs: number[], hidden: number }} layout
 * @param {Place | null} place
 */
export function partIn(p, { rows, xs, hidden }, place) {
  if (!place) return null;
  const same = (/** @type {Row} */ row) => row.kind === place.kind && row.layer === place.layer;
  const exact = rows.findIndex((row) => same(row) && row.half === place.half && row.station === place.station);
  const row = exact >= 0 ? exact : rows.findIndex((each) => same(each) && place.layer === null && each.kind !== "stream");
  const column = place.position - p.first - hidden;
  return row >= 0 && column >= 0 && column < xs.length ? { row, column } : null;
}

/** What is done to one machine is told to the other, which does it, too. */
export class Together {
  /**
   * @param {import("../shared/lifetime.js").Lifetime} life
   * @param {(what: any) => void} hear
   */
  constructor(life, hear) {
    this.deaf = false; // while something is done that was told
    life.on(document, EVENT, (/** @type {CustomEvent} */ { detail }) => {
      if (detail.from === this) return;
      this.deaf = true;
      hear(detail.what);
      this.deaf = false;
    });
  }

  /** @param {Picture} picture @param {any} what */
  tell(picture, what) {
    if (!picture.beside || this.deaf) return;
    document.dispatchEvent(new CustomEvent(EVENT, { detail: { from: this, what } }));
  }
}
