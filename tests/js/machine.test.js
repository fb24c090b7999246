import assert from "node:assert/strict";
import { test } from "node:test";
import {
  GUTTER,
  LETTERS,
  fitted,
  layOut,
  onRibbon,
  opened,
  p95,
  partAt,
  rowLabels,
  rowOfStep,
  rowsOf,
} from "../../ui/components/machine/layout.js";
import { FAR, Together, firstFar, otherSentence, partIn, placeOf } from "../../ui/components/machine/beside.js";
import { folded, readMachine, sharpest, weightsOf } from "../../ui/components/machine/message.js";
import { linkOf, sentence } from "../../ui/components/machine/says.js";
import { addressOf, luminance } from "../../ui/components/machine/words.js";

const design = { layers: 2, norm: "pre", last_scale: [1], columns: 6, first: 0 };
const SIZES = [
  [320, 400],
  [358, 400],
  [640, 430],
  [1200, 500],
  [1900, 950],
];

test("rows come in the order in which the model runs them, norms where they are", () => {
  const kinds = (picture, open) => rowsOf(picture, open).map(({ kind }) => kind).join(" ");
  const one = { layers: 1, last_scale: null };
  assert.equal(
    kinds({ ...one, norm: "pre", last_scale: [1] }, [0]),
    "tokens stream norm attention stream norm mlp stream last_norm guess answer",
  );
  assert.equal(
    kinds({ ...one, norm: "post" }, [0]),
    "tokens stream attention norm stream mlp norm stream guess answer",
  );
  assert.equal(kinds({ ...one, norm: "none" }, []), "tokens stream layer guess answer");
  assert.deepEqual([opened(5).length, opened(12)], [5, [11]]);
});

test("rows fill the height without gaps, upward; what doesn't fit makes it taller", () => {
  for (const layers of [1, 4, 12, 48])
    for (const [width, height] of SIZES) {
      const layout = layOut({ ...design, layers }, width, height, opened(layers));
      assert.ok(layout.height >= height - 1e-6 || layers > 5, `${layers} ${height}`);
      let above = layout.height;
      for (const { top, bottom } of layout.rows) {
        assert.ok(Math.abs(bottom - above) < 1e-9 && top < bottom);
        above = top;
      }
      assert.ok(Math.abs(above) < 1e-6);
    }
});

test("no two names of rows overlap, and none leaves the gutter", () => {
  for (const layers of [1, 2, 4, 5, 6, 12, 48])
    for (const norm of ["pre", "post", "none"])
      for (const [width, height] of SIZES) {
        const picture = { ...design, layers, norm, last_scale: norm === "pre" ? [1] : null };
        const labels = rowLabels(layOut(picture, width, height, opened(layers)));
        const ys = labels.map(({ y }) => y).sort((a, b) => a - b);
        ys.slice(1).forEach((y, i) => assert.ok(y - ys[i] >= LETTERS, `${layers} ${norm}`));
        for (const { text, x } of labels) assert.ok(text.length * 5.9 <= x, text);
        for (let layer = 0; layer < Math.min(layers, 12); layer++)
          assert.ok(labels.some(({ text }) => text.startsWith(`layer ${layer}`)), `${layers} ${layer}`);
      }
});

test("columns that don't fit are the first ones, and leave a place for what is earlier", () => {
  const all = layOut(design, 400, 400, [0, 1]);
  assert.deepEqual([all.xs.length, all.hidden, all.earlier], [6, 0, null]);
  const few = layOut({ ...design, columns: 16 }, 320, 400, [0, 1]);
  assert.equal(few.xs.length + few.hidden, 16);
  assert.ok(few.earlier > GUTTER && few.earlier < few.xs[0] && few.xs.at(-1) < 320);
  assert.ok(layOut({ ...design, first: 3 }, 900, 400, [0]).earlier !== null);
});

test("a point in the middle of a part is that part", () => {
  const layout = layOut({ ...design, columns: 16 }, 390, 480, [0, 1]);
  layout.rows.forEach(({ top, bottom }, row) =>
    layout.xs.forEach((x, column) =>
      assert.deepEqual(partAt(layout, x, (top + bottom) / 2), { row, column }),
    ),
  );
  assert.equal(partAt(layout, 5, 100), null);
  assert.equal(partAt(layout, 100, -1), null);
});

test("a step in a folded layer is that layer", () => {
  const { rows } = layOut({ ...design, layers: 12 }, 600, 430, [3]);
  assert.equal(rows[rowOfStep(rows, { kind: "mlp", layer: 3 })].kind, "mlp");
  assert.equal(rows[rowOfStep(rows, { kind: "mlp", layer: 7 })].layer, 7);
  assert.equal(rows[rowOfStep(rows, { kind: "answer", layer: null })].kind, "answer");
});

test("texts are cut to their room, whole letters at a time", () => {
  const measure = (text) => 6 * [...text].length;
  assert.equal(fitted("copper", 36, measure), "copper");
  assert.equal(fitted("copper", 30, measure), "copp…");
  assert.equal(fitted("🦆🦆🦆", 12, measure), "🦆…");
  assert.equal(fitted("ab", 1, measure), "…");
});

test("a ribbon goes from its one end to the other; the 95th of a hundred", () => {
  assert.deepEqual(onRibbon([1, 9], [5, 3], 0), [1, 9]);
  assert.deepEqual(onRibbon([1, 9], [5, 3], 1), [5, 3]);
  assert.deepEqual(onRibbon([0, 10], [10, 0], 0.5), [5, 5]);
  assert.equal(p95(Array.from({ length: 100 }, (_, i) => 100 - i)), 95);
  assert.equal(p95([]), 0);
});

// Two layers of two heads over three columns, which look at [earlier, three columns].
function message() {
  const header = {
    ...{ name: "n", tokens: ["a", "b", "c"], given: 4, total: 5, norm: "pre", best: ["x", "y", "z"] },
    ...{ best_share: [0.1, 0.2, 0.3], likely: [["z", 0.3]], note: "", linked: 4, first: 2 },
    ...{ layers: 2, heads: 2, channels: 2, columns: 3, cells: 2, recorded: false },
    scales: [0, 1].map(() => [0, 1].map(() => [2, 3, 4])),
    last_scale: [5, 6, 7],
    neurons: [[1, 2, 3], [4, 5, 6]],
    lengths: Array.from({ length: 5 }, (_, i) => [10 * i, 10 * i + 1, 10 * i + 2]),
    added: [0, 1].map((l) => [0, 1].map((h) => [l + h, l + h, 100 + l + h])),
    steps: [],
    pages: Object.fromEntries(
      ["tokens", "stream", "norm", "attention", "mlp", "unembed"].map((k) => [k, { title: k, path: k, file: k }]),
    ),
    back: null,
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const cells = 5 * 3 * 2;
  const weights = Uint8Array.from({ length: 2 * 2 * 3 * 4 }, () => 0);
  const put = (layer, head, column, to, level) => (weights[((layer * 2 + head) * 3 + column) * 4 + to] = level);
  put(1, 0, 2, 0, 255); // all of it further back
  put(1, 1, 2, 2, 204);
  put(1, 1, 2, 3, 51);
  const bytes = new Uint8Array(4 + text.length + cells + weights.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.fill(255, 4 + text.length, 4 + text.length + cells); // −1
  bytes.set(weights, 4 + text.length + cells);
  return bytes;
}

test("a message is taken apart into signed cells and weights", () => {
  const p = readMachine(message());
  assert.equal(p.forward.cells.length, 30);
  assert.equal(p.forward.cells[29], -1);
  assert.deepEqual(weightsOf(p, p.forward, 1, 1, 2), [0, 0, 0.8, 0.2]);
  assert.deepEqual(weightsOf(p, p.forward, 1, -1, 2), [0.5, 0, 0.4, 0.1]);
  assert.deepEqual(folded([0.5, 0.25, 0.125, 0.125], 2), { earlier: 0.875, shown: [0.125] });
  assert.deepEqual(sharpest(p, 1, 2), { head: 1, to: 1, weight: 0.8 });
});

test("parts say their numbers", () => {
  const p = readMachine(message());
  const { rows } = layOut(p, 900, 480, [0, 1]);
  const row = (kind, layer = null) => rows.find((r) => r.kind === kind && r.layer === layer);
  const says = (kind, layer, head = -1) =>
    sentence(p, row(kind, layer), 2, { head, hidden: 0, back: false });
  assert.equal(says("tokens"), "“c”: token 5 of 5, drawn by the model.");
  assert.equal(
    says("attention", 1),
    "Layer 1, mean of 2 heads at “c”: 40% from “b”, 10% from itself, 50% from earlier tokens. The attention adds a vector of length 101.",
  );
  assert.match(says("attention", 1, 1), /^Layer 1, head 1 at “c”: 80% from “b”, 20% from itself\./);
  assert.match(says("mlp", 1), /length 102\. Of its neurons, neuron 6 writes the longest vector\.$/);
  assert.match(says("norm", 1), /before the attention of layer 1, at “c”: it divides by 4\.$/);
  assert.match(says("last_norm"), /divides by 7\.$/);
  assert.match(says("guess"), /After “c” the model expects “z” most: 30\.0%/);
  assert.match(says("stream"), /as the stream begins: 2 numbers, a vector of length 2\.$/);
});

test("what nobody writes, divides alone or knows to the last digit isn't said", () => {
  const p = { ...readMachine(message()), averages: true, neurons: [[-1, -1, -1], [-1, -1, -1]] };
  const { rows } = layOut(p, 900, 480, [0, 1]);
  const says = (kind, layer) =>
    sentence(p, rows.find((r) => r.kind === kind && r.layer === layer), 2, { head: -1, hidden: 0, back: false });
  assert.equal(says("mlp", 0), "The MLP of layer 0 at “c” adds a vector of length 101.");
  assert.match(says("norm", 1), /it divides by 4 on average\.$/);
  assert.match(says("last_norm", null), /it divides by 7 on average\.$/);
  assert.equal(says("answer", null), "What may come after “c”: “z” 30.0%.");
  assert.deepEqual(linkOf(p, rows.find((r) => r.kind === "mlp"), 1, 0).query, { mlp_layer: "0" });
});

test("the way back says a head's lengths as its ribbons show them: against the most", () => {
  const plain = readMachine(message());
  const p = { ...plain, back: { ...plain.forward, most: 0.02, share: 0.5, bits: 1, steps: [] } };
  const { rows } = layOut(p, 900, 480, [0, 1]);
  const says = (layer, head) => {
    const row = rows.find((r) => r.kind === "attention" && r.layer === layer);
    return sentence(p, row, 2, { head, hidden: 0, back: true });
  };
  const length = "the gradient at what attention added to “c” has length 10";
  assert.equal(
    says(1, 1),
    `Layer 1, head 1: ${length}1. Through values it hands on, against the most anywhere: 80% to “b”, 20% to itself.`,
  );
  assert.match(says(1, -1), /^Layer 1, mean of 2 heads: .*: 40% to “b”, 10% to itself, 50% to earlier tokens\.$/);
  const none = p.back.added.map(() => [[0, 0, 0], [0, 0, 0]]);
  const still = { ...p, back: { ...p.back, added: none } };
  const row = rows.find((r) => r.kind === "attention");
  assert.match(sentence(still, row, 2, { head: 0, hidden: 0, back: true }), /has length 0\.$/);
  assert.equal(says(0, -1), `Layer 0, mean of 2 heads: ${length}0. Through values it hands on nearly nothing.`);
});

test("links lead to the lesson at that token, layer and head", () => {
  const p = readMachine(message());
  const { rows } = layOut(p, 900, 480, [0, 1]);
  const of = (kind, layer, column, head = -1) =>
    linkOf(p, rows.find((r) => r.kind === kind && r.layer === layer), column, head);
  assert.deepEqual(of("attention", 1, 2).query, { head: "1.1" }); // the token was drawn
  assert.deepEqual(of("attention", 1, 1, 0).query, { head: "1.0", cell: "3.2" });
  assert.deepEqual(of("mlp", 1, 1).query, { mlp_layer: "1", mlp_neuron_1: "5" });
  assert.deepEqual(of("norm", 1, 0).query, { norm_name: "blocks.1.norm1", norm_token: "2" });
  assert.deepEqual(of("last_norm", null, 0).query, { norm_name: "norm_f", norm_token: "2" });
  assert.deepEqual(of("stream", 1, 1).query, { stream_token: "3" });
  assert.equal(of("stream", null, 1), null); // no page for embeddings was given
  globalThis.location = new URL("http://host/app/?model=abc&head=9.9&prompt=a%20b");
  assert.equal(
    addressOf("attention", { head: "1.1" }),
    "http://host/app/attention?model=abc&prompt=a+b&head=1.1",
  );
  const other = { model: "xyz", prompt: "c", off: "0.1" }; // of the picture beside
  const b = { ...p, opens: other };
  const at = (kind) => linkOf(b, rows.find((r) => r.kind === kind && r.layer === 1), 1, 0);
  assert.deepEqual(at("attention").query, { head: "1.0", cell: "3.2", off: "0.1" });
  assert.match(at("mlp").text, /\(all heads on\)$/);
  assert.equal(addressOf("mlp", {}, other), "http://host/app/mlp?model=xyz&prompt=c");
});

test("dark and light are told apart however the theme writes its colours", () => {
  assert.ok(luminance("#14131a") < 0.5 && luminance("rgb(20, 19, 26)") < 0.5);
  assert.ok(luminance("#fff") > 0.5 && luminance("#ffffff") > 0.5 && luminance("") > 0.5);
});

test("of two machines, each says what the other has in its places", () => {
  const own = readMachine(message());
  const apart = own.forward.lengths.map((row, station) => row.map((_, i) => (station < 3 ? 0 : i ? FAR * i : 0.0003)));
  const beside = { name: "B", tokens: ["a", "x", null], best: ["x", "y", "z"], likely: [0.25], apart };
  const p = { ...own, beside };
  const layout = layOut(p, 900, 480, [0, 1]);
  const says = (kind, layer, column, half = 0) =>
    otherSentence(p, layout.rows.find((r) => r.kind === kind && r.layer === layer && r.half === half), column);
  assert.equal(says("tokens", null, 0), " The same in B.");
  assert.equal(says("tokens", null, 1), " B: “x”.");
  assert.equal(says("tokens", null, 2), " B has no such position.");
  assert.equal(says("answer", null, 2, 1), " B: “z” 25.0%.");
  assert.equal(says("stream", 1, 2), " Its distance from B's is 20.0% of the longer one's length.");
  assert.equal(says("stream", 1, 0), " Its distance from B's is 0.030% of the longer one's length.");
  assert.equal(says("stream", 0, 2), " The same in B.");
  assert.equal(otherSentence(own, layout.rows[0], 0), "");
  assert.equal(firstFar(p), 1);
  assert.equal(firstFar(own), null);
});

test("a part is found in the other machine by its layer and position", () => {
  const [a, b] = [readMachine(message()), { ...readMachine(message()), first: 3 }];
  const layout = layOut(a, 900, 480, [0, 1]);
  layout.rows.forEach((row, i) => {
    assert.deepEqual(partIn(a, layout, placeOf(a, row, 1)), { row: i, column: 1 });
    assert.deepEqual(partIn(b, layout, placeOf(a, row, 1)), { row: i, column: 0 });
    assert.equal(partIn(b, layout, placeOf(a, row, 0)), null);
  });
  const answer = layout.rows.at(-1);
  const deeper = layOut({ ...a, layers: 4 }, 900, 480, [0, 1, 2, 3]);
  assert.deepEqual(partIn(a, deeper, placeOf(a, answer, 2)), { row: deeper.rows.length - 1, column: 2 });
  assert.equal(partIn(a, layout, placeOf(a, { ...answer, kind: "mlp", layer: 9 }, 1)), null);
  assert.equal(partIn(a, layout, null), null);
});

test("what is told to the other isn't told back", () => {
  const page = new EventTarget();
  const known = globalThis.document;
  globalThis.document = page;
  const heard = [];
  const life = { on: (node, type, listener) => node.addEventListener(type, listener) };
  const [a, b] = ["a", "b"].map((name, i) => new Together(life, (what) => {
    heard.push([name, what]);
    [a, b][i].tell({ beside: {} }, "back");
  }));
  a.tell({ beside: {} }, "on");
  a.tell({ beside: null }, "alone");
  globalThis.document = known;
  assert.deepEqual(heard, [["b", "on"]]);
});
