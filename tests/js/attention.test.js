import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "./page.js";
import { arithmetic } from "../../ui/components/attention_map/arithmetic.js";
import { differencePalette, heatPalette, largestOf, poolBytes } from "../../ui/components/attention_map/drawing.js";
import { measures } from "../../ui/components/attention_map/labels.js";
import { headTable, outcomeNodes } from "../../ui/components/attention_map/panels.js";
import * as words from "../../ui/components/attention_map/words.js";

// Two tokens of width 4, so that the scale is 1/2. The second asks: its scores are 2 ln 3 / 2 and 0,
// their exponentials 3 and 1, its weights 3/4 and 1/4.
const LN3 = Math.log(3);
const MESSAGE = {
  ...{ T: 2, width: 4, causal: true, grid: false, heads: 1, tokens: ["a", "b"] },
  q: new Float32Array([1, 0, 0, 0, 2, 0, 0, 0]),
  k: new Float32Array([LN3, 0, 0, 0, 0, 5, 0, 0]),
  v: new Float32Array([4, 0, 0, 0, 0, 8, 0, 0]),
  written: new Float32Array([10, 20]),
  selection: { head: [0, 0] },
  weights: Uint8Array.from([255, 191, 64]),
};

const near = (value, wanted) => assert.ok(Math.abs(value - wanted) < 1e-6, `${value} ≠ ${wanted}`);

test("one cell's arithmetic", () => {
  const cell = arithmetic(MESSAGE, 1, 0);
  near(cell.dot, 2 * LN3);
  near(cell.score, LN3);
  near(cell.exponential, 3);
  near(cell.sum, 4);
  near(cell.weight, 0.75);
  assert.equal(cell.masked, false);
  assert.equal(cell.shift, 0);
  near(cell.part[0], 3); // 3/4 of 4
  near(cell.output[0], 3);
  near(cell.output[1], 2); // 1/4 of 8
  near(cell.lengths.value, 4);
  near(cell.lengths.output, Math.sqrt(13));
  near(cell.written, 7.5);
});

test("a masked cell weighs nothing", () => {
  const cell = arithmetic(MESSAGE, 0, 1);
  assert.equal(cell.masked, true);
  assert.equal(cell.weight, 0);
  assert.equal(cell.written, 0);
  assert.deepEqual(cell.weights, [1]);
  near(arithmetic({ ...MESSAGE, causal: false }, 0, 1).weight, 1 / (1 + Math.sqrt(3)));
});

test("large scores do not overflow", () => {
  const q = MESSAGE.q.map((x) => 1e4 * x);
  const cell = arithmetic({ ...MESSAGE, q }, 1, 0);
  near(cell.weight, 1);
  assert.ok(Math.abs(cell.shift - 1e4 * LN3) < 0.01);
});

test("the arithmetic in words", () => {
  const cell = arithmetic(MESSAGE, 1, 0);
  assert.equal(textOf(words.fitWords(cell)), "2.000×1.099 + 0×0 + … 2 more = 2.197");
  assert.equal(
    textOf(words.scaleWords(MESSAGE, cell, 1, 0)),
    "2.197 / √4 = 1.099\nPosition 0 may be seen from 1: it comes earlier. The score stays.",
  );
  assert.equal(
    textOf(words.softmaxWords(cell)),
    "e{1.099} = 3.000\nsum of the row's 2: 4.000\n3.000 / 4.000 = 0.750",
  );
  assert.equal(
    textOf(words.bringsWords(cell)),
    "part = 0.750 × v\nlength 4.000 × 0.750 = 3.000\nall parts of the row: length 3.606\n" +
      "added to the token's vector, this part has length 7.500",
  );
});

test("the mask in words", () => {
  const masked = arithmetic(MESSAGE, 0, 1);
  const said = "0 / √4 = 0\nPosition 1 comes after 0. The mask writes −∞ over the score.";
  assert.equal(textOf(words.scaleWords(MESSAGE, masked, 0, 1)), said);
  assert.equal(textOf(words.softmaxWords(masked)), "e{−∞} = 0, so the weight is 0.");
  const own = textOf(words.scaleWords(MESSAGE, arithmetic(MESSAGE, 1, 1), 1, 1));
  assert.ok(own.endsWith("Position 1 may be seen from 1: it is the token itself. The score stays."));
  const free = textOf(words.scaleWords({ ...MESSAGE, causal: false }, masked, 0, 1));
  assert.ok(free.endsWith("This model has no mask: every token sees every other."));
});

test("weights and differences as they are shown", () => {
  assert.equal(words.shown({ grid: true }, 0.204), "0.20");
  assert.equal(words.shown({ grid: true, signed: true }, 0.204), "+0.20");
  assert.equal(words.shown({ grid: true, signed: true }, -0.204), "−0.20");
  assert.equal(words.shown({}, 0.0625), "0.0625");
  assert.equal(words.atMost(MESSAGE, [0, 0]), "");
  assert.equal(words.atMost({ ...MESSAGE, pool: 2 }, [0, 0]), "at most ");
  assert.equal(words.named(MESSAGE, 1, "q").textContent, "b{1}");
});

test("the next token and the loss in words", () => {
  const outcome = { tokens: [["x", 0.5, 0.25]], loss_before: 2, loss_after: 1.75 };
  const [title, table, loss] = outcomeNodes(outcome, [], 4).map((node) => node.textContent);
  assert.equal(title, "Next token");
  assert.equal(table, "x50.0%");
  assert.equal(loss, "Loss on the prompt's own tokens: 2.000 bits per token.");
  const changed = outcomeNodes(outcome, [[0, 1], [2, 3]], 16).map((node) => node.textContent);
  assert.equal(changed[0], "Next token, without heads 0.1, 2.3");
  assert.equal(changed[1], "x50.0% → 25.0%");
  const own = "Loss on the prompt's own tokens: 2.000 → 1.750 bits per token (−0.250).";
  assert.equal(changed[2], own);
  assert.match(changed[3], /switching these heads off .* Other heads may stand in for them, and another text may need them\.$/);
});

test("what switching off changes: nothing, hardly anything, and of one head or the only one", () => {
  const said = (after, off, heads) =>
    outcomeNodes({ tokens: [], loss_before: 2, loss_after: after }, off, heads).slice(2).map((node) => node.textContent);
  assert.match(said(2, [[0, 1]], 2)[0], /2\.000 → 2\.000 bits per token \(no change\)\.$/);
  assert.match(said(1.9996, [[0, 1]], 2)[0], /\(a change of less than 0\.001\)\.$/);
  assert.match(said(2.0006, [[0, 1]], 2)[0], /\(\+0\.001\)\.$/);
  assert.match(said(2, [[0, 1]], 2)[1], /switching this head off .* Other heads may stand in for it, and another text/);
  assert.match(said(2, [[0, 0]], 1)[1], /one prompt\. Another text may need it\.$/);
});

test("a head as a table names the strongest of each row", () => {
  const table = headTable({ ...MESSAGE, grid: true }, [0, 0]);
  const rows = table.children.at(-1).children;
  assert.equal(table.children[0].textContent, "Layer 0, head 0");
  assert.equal(rows[1].textContent, "1ba at 0: 0.75 · b at 1: 0.25");
});

test("coarser cells keep their strongest byte, plus 1", () => {
  const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]); // a triangle of 4 rows
  const pooled = poolBytes({ causal: true }, { bytes, side: 4 }, 2);
  assert.deepEqual([...pooled], [4, 0, 9, 11]);
  const same = poolBytes({ causal: false }, { bytes: Uint8Array.from([0, 1, 2, 3]), side: 2 }, 2);
  assert.deepEqual([...same], [1, 2, 3, 4]);
  // Of differences the one farthest from 128: 28 is 100 below, 200 is 72 above.
  const signed = { causal: false, signed: true };
  assert.deepEqual([...poolBytes(signed, { bytes: Uint8Array.from([128, 200, 28, 130]), side: 2 }, 1)], [29]);
});

test("the scale goes from the background over the middle to the full colour", () => {
  const { weights } = heatPalette([0, 0, 0], [100, 0, 0], [255, 255, 255], [9, 9, 9]);
  assert.equal(weights.length, 256);
  assert.equal(weights[0], 0xff000000);
  assert.equal(weights[255], 0xffffffff);
  assert.ok((weights[20] & 255) > 20); // small weights get more of the steps
  const cold = [[0, 0, 90], [0, 0, 255]];
  const both = differencePalette({ weights }, cold, [0, 0, 0], [9, 9, 9]).weights;
  assert.equal(both[128], 0xff000000);
  assert.equal(both[255], 0xffffffff);
  assert.equal(both[1], 0xffff0000); // blue is the highest of the three bytes
  assert.equal(largestOf([1, -3, 2]), 3);
});

test("few tokens: large cells, every label, none of them turned", () => {
  // 10 tokens in 500 pixels, labels of one letter: letters of 17, 0.6 × 17 + 14 pixels at the left,
  // cells of (500 − 25 − 14) / 10, but whole pixels.
  assert.deepEqual(measures(10, 500, 0.6), {
    ...{ font: 17, chosenFont: 17, labelled: true, left: 25, cell: 46, side: 460 },
    ...{ upright: true, width: 499, height: 491 }, // + 25 + 14; + 31 = 1.8 × 17, rounded up
  });
});

test("long labels are turned, and have no more than 110 pixels", () => {
  const { left, upright, height, side } = measures(10, 500, 30);
  assert.equal(left, 124);
  assert.equal(upright, false);
  assert.equal(side, 360);
  assert.equal(height, 360 + 124);
});

test("many tokens: small cells that aren't whole pixels, and numbers for labels", () => {
  const { labelled, left, cell, chosenFont } = measures(200, 500, 2);
  assert.equal(labelled, false);
  assert.equal(chosenFont, 13);
  assert.equal(left, 74); // 2 × 13 + 2.6 × 13 = 59.8, + 14, rounded up
  assert.equal(cell, 412 / 200);
});
