import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "./page.js";
import { address, runs } from "../../ui/components/block_diagram/diagram.js";
import { placeOf, stopsOf } from "../../ui/components/film/curve.js";
import { nearest } from "../../ui/components/film/film.js";
import { guessRow, normRow, roleRow } from "../../ui/components/film/rows.js";
import { movesWords } from "../../ui/components/stream_grids/patch/patch.js";
import { barRows } from "../../ui/components/writing/bars.js";
import { pieces } from "../../ui/components/writing/text/text.js";

test("snapshots stand at equal distances, other steps between them", () => {
  const stops = [0, 10, 100, 1000];
  assert.equal(placeOf(stops, 0), 0);
  assert.equal(placeOf(stops, 10), 1 / 3);
  assert.equal(placeOf(stops, 55), 0.5);
  assert.equal(placeOf(stops, 1000), 1);
  assert.equal(placeOf([7], 7), 0);
});

test("the curve may begin before the first snapshot and end after the last", () => {
  const curve = { batches: [[0, 3], [40, 2]], validation: [[20, 2]] };
  assert.deepEqual(stopsOf({ curve, frames: [{ step: 5 }, { step: 30 }] }), [0, 5, 30, 40]);
  assert.deepEqual(stopsOf({ curve, frames: [{ step: 0 }, { step: 50 }] }), [0, 50]);
});

test("a step that is no snapshot is that of the one before", () => {
  const frames = [{ step: 10 }, { step: 20 }, { step: 40 }];
  assert.deepEqual([5, 20, 39, 99, null].map((step) => nearest(frames, step)), [0, 1, 1, 2, 0]);
});

test("the film's tables", () => {
  assert.equal(guessRow(["layer 0", "x", 0.256]).textContent, "layer 0x25.6%");
  const norm = normRow({ norm_range: [1, 100] }, { spread: [10], gain: [1.5] }, "last", 0);
  assert.equal(norm.textContent, "last10.01.50");
  assert.equal(norm.children[1].children[0].firstChild.style.width, "50%"); // a logarithmic scale
  const role = { role: "induction", who: "layer 1", share: 0.5, chance: 0.1, clear: true };
  const row = roleRow(role);
  assert.equal(row.textContent, "inductionlayer 150%, chance 10%");
  assert.deepEqual(row.classes, ["clear"]);
});

test("parts are grouped by layer, hidden layers together", () => {
  const parts = [null, 0, 0, 1, 2, 3, null].map((layer) => ({ layer }));
  const groups = runs(parts, [1, 2]).map(({ hidden, layer, own }) => [hidden, layer, own.length]);
  assert.deepEqual(groups, [
    [false, null, 1],
    [false, 0, 2],
    [true, 1, 2],
    [false, 3, 1],
    [false, null, 1],
  ]);
});

test("a lesson's address keeps the model and the prompt", () => {
  globalThis.location = new URL("http://host/app/here?model=abc&head=1.0&prompt=a%20b");
  assert.equal(address("heads"), "http://host/app/heads?model=abc&prompt=a+b");
});

test("bars say how many tokens are left out", () => {
  const draw = { rows: [["x", 0.5, 1], ["y", 0.25, 0]], rest: [3, 0.25, 0], drawn: 0 };
  const rows = barRows(draw);
  assert.deepEqual(rows.map((row) => row.textContent), [
    "x50.0% → 100%",
    "y25.0% → 0%",
    "3 others25.0% → 0%",
  ]);
  assert.deepEqual(rows.map((row) => row.classes), [["drawn"], ["cut"], ["cut"]]);
  assert.equal(rows[0].children[1].children[0].style.width, "50%");
  assert.equal(barRows({ rows: [], rest: [1, 0.5, 0.5] })[0].children[0].textContent, "1 other");
});

test("a line breaks after a line's end and may break after a space", () => {
  assert.equal(textOf(pieces("a␣b⏎")), "a␣b⏎\n");
  assert.deepEqual(
    pieces("␣b").map((part) => part.tag ?? part),
    ["i", "wbr", "b"],
  );
});

test("what a copied state moves is said without a minus sign, and hardly anything as that", () => {
  assert.equal(movesWords(0.256), "25.6% of the answer moves");
  assert.equal(movesWords(-0.256), "the answer moves away by 25.6%");
  assert.equal(movesWords(-0.0002), "the answer hardly moves");
});
