// @ts-check
// What is said of the part that is pointed at, and where its link leads. Pure functions.

import { chance, figures, percent } from "../shared/numbers.js";
import { folded, sharpest, stationAfter, weightsOf } from "./message.js";

/**
 * @typedef {import("./message.js").Picture} Picture
 * @typedef {import("./layout.js").Row} Row
 * @typedef {{ page: import("./message.js").Page, query: Record<string, string>, text: string }} Link
 */

const HALVES = ["attention", "MLP"];
const LEAST = 0.005; // a share that is said: less is 0% of it

/**
 * @param {Picture} p
 * @param {Row} row
 * @param {number} column of all columns
 * @param {{ head: number, hidden: number, back: boolean }} seen
 * @returns {string}
 */
export function sentence(p, row, column, seen) {
  const token = `“${p.tokens[column]}”`;
  const gradient = seen.back && p.back ? backSentence(p, p.back, row, column, token, seen) : "";
  return gradient || forwardSentence(p, row, column, token, seen);
}

/** @param {Picture} p @param {Row} row @param {number} column @param {string} token @param {{ head: number, hidden: number }} seen */
function forwardSentence(p, row, column, token, seen) {
  const { lengths, added } = p.forward;
  const { kind, half, station } = row;
  const layer = row.layer ?? 0;
  const position = p.first + column;
  switch (kind) {
    case "tokens": {
      const drawn = position >= p.given ? "drawn by the model" : "of the prompt";
      return `${token}: token ${position + 1} of ${p.total}, ${drawn}.`;
    }
    case "stream":
      if (station === 0)
        return `${token} as the stream begins: ${p.channels} numbers, a vector of length ${figures(lengths[0][column])}.`;
      return `The stream at ${token} after the ${HALVES[half]} of layer ${layer}: length ${figures(lengths[station][column])}.`;
    case "norm":
      return `The norm ${p.norm === "pre" ? "before" : "after"} the ${HALVES[half]} of layer ${layer}, at ${token}: ${divides(p, p.scales?.[layer][half][column])}.`;
    case "attention":
      return `${who(p, layer, seen.head)} at ${token}: ${taken(p, layer, column, seen)}. The attention adds a vector of length ${figures(added[layer][0][column])}.`;
    case "mlp":
      return `The MLP of layer ${layer} at ${token} adds a vector of length ${figures(added[layer][1][column])}.${loudest(p.neurons[layer][column])}`;
    case "layer":
      return `Layer ${layer} at ${token}: the attention adds ${figures(added[layer][0][column])}, the MLP ${figures(added[layer][1][column])}; the stream leaves with length ${figures(lengths[stationAfter(layer, 1)][column])}. Click or press Enter to unfold it.`;
    case "last_norm":
      return `The last norm, at ${token}: ${divides(p, p.last_scale?.[column])}.`;
    case "guess":
      return `After ${token} the model expects “${p.best[column]}” most: ${chance(p.best_share[column])}.`;
    default:
      return `What may come after “${p.tokens.at(-1)}”: ${p.likely.map(([text, share]) => `“${text}” ${chance(share)}`).join(", ")}.`;
  }
}

/** @param {Picture} p @param {number} [scale] of a norm, at a token */
const divides = (p, scale = 1) => `it divides by ${figures(scale)}${p.averages ? " on average" : ""}`;

/** @param {number} neuron -1 where none writes anything */
const loudest = (neuron) => (neuron < 0 ? "" : ` Of its neurons, neuron ${neuron} writes the longest vector.`);

/** @param {Picture} p @param {number} layer @param {number} head */
const who = (p, layer, head) =>
  head >= 0
    ? `Layer ${layer}, head ${head}`
    : p.heads === 1
      ? `Layer ${layer}, its one head`
      : `Layer ${layer}, mean of ${p.heads} heads`;

/** @param {Picture} p @param {number} layer @param {number} column @param {{ head: number, hidden: number }} seen */
function taken(p, layer, column, { head, hidden }) {
  return shares(p, weightsOf(p, p.forward, layer, head, column), column, hidden, "from");
}

/** The three largest shares, and that of earlier tokens. @param {Picture} p @param {number[]} weights @param {number} column @param {number} hidden @param {string} way from or to */
function shares(p, weights, column, hidden, way) {
  const { earlier, shown } = folded(weights, hidden);
  const named = shown.map((weight, i) => ({ weight, at: i + hidden }));
  const best = named.sort((a, b) => b.weight - a.weight).slice(0, 3).filter(({ weight }) => weight >= LEAST);
  const said = best.map(
    ({ weight, at }) => `${percent(weight, 0)} ${way} ${at === column ? "itself" : `“${p.tokens[at]}”`}`,
  );
  if (earlier >= LEAST) said.push(`${percent(earlier, 0)} ${way} earlier tokens`);
  return said.join(", ");
}

/** @param {Picture} p @param {NonNullable<Picture["back"]>} back @param {Row} row @param {number} column @param {string} token @param {{ head: number, hidden: number }} seen */
function backSentence(p, back, row, column, token, { head, hidden }) {
  const { kind, half, station } = row;
  const layer = row.layer ?? 0;
  switch (kind) {
    case "stream":
      return `The gradient in the stream at ${token}${station ? ` after the ${HALVES[half]} of layer ${layer}` : ", where it begins"}: length ${figures(back.lengths[station][column])}.`;
    case "attention":
      return `${who(p, layer, head)}: the gradient at what attention added to ${token} has length ${figures(back.added[layer][0][column])}.${handedOn(p, back, layer, column, { head, hidden })}`;
    case "mlp":
      return `Layer ${layer}: the gradient at what the MLP added to ${token} has length ${figures(back.added[layer][1][column])}.`;
    case "layer":
      return `The gradient in the stream at ${token} after layer ${layer}: length ${figures(back.lengths[stationAfter(layer, 1)][column])}. Click or press Enter to unfold the layer.`;
    default:
      return "";
  }
}

/**
 * Where a head's values hand the gradient on. Its lengths came as bytes, so they are said as the
 * ribbons show them: against the most anywhere.
 * @param {Picture} p @param {NonNullable<Picture["back"]>} back @param {number} layer @param {number} column @param {{ head: number, hidden: number }} seen
 */
function handedOn(p, back, layer, column, { head, hidden }) {
  if (!back.added[layer][0][column]) return "";
  const lengths = weightsOf(p, back, layer, head, column);
  const said = shares(p, lengths.map((length) => length / back.most), column, hidden, "to");
  if (!said) return " Through values it hands on nearly nothing.";
  return ` Through values it hands on, against the most anywhere: ${said}.`;
}

/**
 * The lesson of a part, opened at its token, layer and head; null where there is none.
 * @param {Picture} p
 * @param {Row} row
 * @param {number} column
 * @param {number} head
 * @returns {Link | null}
 */
export function linkOf(p, row, column, head) {
  const kinds = { tokens: "tokens", stream: row.station ? "stream" : "embed", norm: "norm", attention: "attention", mlp: "mlp", last_norm: "norm", guess: "unembed", answer: "unembed" };
  const page = p.pages[/** @type {Record<string, string>} */ (kinds)[row.kind]];
  if (!page) return null;
  const position = p.first + column;
  const known = position < p.linked; // a token that was drawn is not in the lesson's prompt
  const query = queryOf(p, row, column, head, known ? position : null);
  if (!p.opens?.off) return { page, query, text: page.title };
  if (row.kind === "attention") return { page, query: { ...query, off: p.opens.off }, text: page.title };
  return { page, query, text: `${page.title} (all heads on)` }; // only that lesson switches heads off
}

/** @param {Picture} p @param {Row} row @param {number} column @param {number} head @param {number | null} position @returns {Record<string, string>} */
function queryOf(p, row, column, head, position) {
  const { kind, half } = row;
  const layer = row.layer ?? 0;
  if (kind === "attention") {
    const sharp = head < 0 ? sharpest(p, layer, column) : null;
    const chosen = sharp ? sharp.head : head;
    const weights = weightsOf(p, p.forward, layer, chosen, column).slice(1);
    const to = p.first + weights.indexOf(Math.max(...weights));
    return { head: `${layer}.${chosen}`, ...(position === null ? {} : { cell: `${position}.${to}` }) };
  }
  if (kind === "mlp") {
    const neuron = p.neurons[layer][column];
    return { mlp_layer: String(layer), ...(neuron < 0 ? {} : { [`mlp_neuron_${layer}`]: String(neuron) }) };
  }
  /** @type {Record<string, string>} */
  const at = position === null ? {} : { norm_token: String(position) };
  if (kind === "norm") return { norm_name: `blocks.${layer}.norm${half + 1}`, ...at };
  if (kind === "last_norm") return { norm_name: "norm_f", ...at };
  if (kind === "stream" && row.station && position !== null) return { stream_token: String(position) };
  return {};
}
