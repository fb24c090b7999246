// Token labels beside a map, for every length and four widths: none overlaps, none is too small.

import assert from "node:assert/strict";
import { test } from "node:test";
import { besideChosen, measures } from "../../ui/components/attention_map/labels.js";
import { LINE, SMALLEST, besides, everyNth, fitted, fontFor } from "../../ui/components/shared/labels.js";

const WIDTHS = [320, 420, 560, 900];
const LETTER = 0.6; // of a monospaced font, for letters of one pixel

/** Every pair of boxes [middle, extent] along a side that lie on each other. */
const overlaps = (boxes) =>
  boxes
    .toSorted(([a], [b]) => a - b)
    .filter(([at, extent], i, all) => i && at - all[i - 1][0] < (extent + all[i - 1][1]) / 2 - 1e-9);

for (const letters of [1, 4, 16])
  test(`labels of ${letters} letters, for 3 to 128 tokens`, () => {
    for (let T = 3; T <= 128; T++)
      for (const width of WIDTHS) {
        const layout = measures(T, width, letters * LETTER);
        const { font, chosenFont, labelled, cell, upright } = layout;
        const where = `${T} tokens in ${width} pixels`;
        assert.ok(font >= SMALLEST && chosenFont >= SMALLEST, where);
        assert.ok(layout.width <= width + 1e-6, where);
        if (labelled) assert.ok(Math.max(font, chosenFont) <= cell, `${where}: higher than its row`);
        for (const chosen of [0, Math.floor(T / 3), T - 1]) {
          const chosenWide = (letters + 4) * LETTER * chosenFont;
          const { rows, columns } = besideChosen(T, layout, chosen, chosen, chosenWide);
          /** @param {number[]} places @param {number} own @param {number} chosenOwn */
          const boxes = (places, own, chosenOwn) => [
            ...places.map((i) => [i * cell, own]),
            [chosen * cell, chosenOwn],
          ];
          const tall = boxes(rows, font * 1.2, chosenFont * 1.2);
          assert.deepEqual(overlaps(tall), [], `${where}, rows`);
          const across = labelled
            ? upright ? letters * LETTER * font : font * 1.2
            : String(T - 1).length * LETTER * font;
          const wide = boxes(columns, across, labelled ? across : chosenWide);
          assert.deepEqual(overlaps(wide), [], `${where}, columns`);
          for (const i of rows) assert.ok((i + 0.5) * cell >= font / 2, `${where}: cut at the edge`);
          if (labelled) assert.equal(rows.length, T - 1, where); // every token has its label
        }
      }
  });

test("the function notices what overlaps", () => {
  assert.equal(overlaps([[0, 10], [9, 10]]).length, 1);
  assert.equal(overlaps([[0, 10], [10, 10]]).length, 0);
});

test("22 tokens in a column of 1440 pixels have letters that fit their rows", () => {
  const { font, cell, labelled } = measures(22, 420, 6 * LETTER);
  assert.ok(labelled && font * 1.2 <= cell);
});

test("letters grow with their rows, within limits", () => {
  assert.deepEqual([5, 14, 16, 60].map(fontFor), [SMALLEST, SMALLEST, 12, 17]);
  assert.ok(fontFor(16) * LINE <= 16);
});

test("labels are left out evenly, and give way to a chosen one", () => {
  assert.equal(everyNth(10, 35), 4);
  assert.deepEqual(besides(12, 10, 35, [5]), [0, 8].filter((i) => Math.abs(i - 5) * 10 >= 35));
  assert.deepEqual(besides(3, 20, 10, []), [0, 1, 2]);
});

test("a label that is too long ends in a sign", () => {
  const widthOf = (text) => text.length * 10;
  assert.equal(fitted("abc", 30, widthOf), "abc");
  assert.equal(fitted("abcdef", 40, widthOf), "abc…");
  assert.equal(fitted("abcdef", 1, widthOf), "a…");
});
