import assert from "node:assert/strict";
import { test } from "node:test";
import { enlarged, fitted } from "../../ui/components/chart/letters.js";

const FIGURE = {
  data: [{ type: "bar", x: [1, 2], textfont: { size: 12 }, marker: { size: 8 }, customdata: [["a", 1]] }],
  layout: {
    height: 400,
    margin: { t: 40, b: 60, l: 70, pad: 5 },
    font: { size: 15, color: "black" },
    xaxis: { tickfont: { size: 14 }, title: { text: "step", font: { size: 15 } } },
    shapes: [{ line: { width: 2 } }],
    annotations: [{ text: "here", font: { size: 10 } }],
  },
};

test("letters grow, and the room that they take; what is drawn stays", () => {
  const { data, layout } = enlarged(FIGURE, 1.4); // by 1.3, as a chart's stand closer
  assert.ok(Math.abs(layout.font.size - 19.5) < 1e-9);
  assert.ok(Math.abs(layout.annotations[0].font.size - 13) < 1e-9);
  assert.ok(layout.xaxis.tickfont.size > 18 && layout.xaxis.title.font.size > 19);
  assert.ok(data[0].textfont.size > 15);
  assert.equal(data[0].marker.size, 8);
  assert.deepEqual(data[0].customdata, [["a", 1]]);
  assert.deepEqual(layout.margin, { t: 52, b: 78, l: 91, pad: 6 });
  assert.equal(layout.height, 430);
  assert.equal(FIGURE.layout.font.size, 15);
});

test("rows of bars grow with the letters in them", () => {
  const rows = { ...FIGURE, data: [{ type: "bar", orientation: "h" }] };
  assert.equal(enlarged(rows, 1.4).layout.height, 520);
});

test("as usual a figure is the one that came", () => {
  for (const scale of [1, 17 / 16]) assert.equal(enlarged(FIGURE, scale), FIGURE);
});

test("labels above bars are turned where they have no room side by side", () => {
  const bars = { type: "bar", text: ["100%", "93%", "8%"], textposition: "outside", textfont: { size: 13 } };
  const figure = { data: [bars, bars], layout: { barmode: "group" } };
  const angles = (width) => fitted(figure, width).data.map(({ textangle }) => textangle);
  assert.deepEqual(angles(900), [undefined, undefined]);
  assert.deepEqual(angles(250), [-90, -90]);
  const { textfont } = fitted({ data: [bars], layout: {} }, 180).data[0];
  assert.ok(textfont.size >= 11 && textfont.size < 13);
  const rows = { data: [{ ...bars, orientation: "h" }], layout: {} };
  assert.equal(fitted(rows, 100), rows);
});

test("where there is no room for turned labels either, there are none; places are counted once", () => {
  const trace = (x) => ({ type: "bar", x, text: x.map(() => "0.54"), textposition: "outside", textfont: { size: 13 } });
  const names = (kind) => Array.from({ length: 12 }, (_, i) => `${kind} ${i}`);
  const figure = { data: [trace(names("attn")), trace(names("MLP"))], layout: { barmode: "overlay" } };
  const looks = (width) => fitted(figure, width).data.map(({ textangle, textposition }) => textangle ?? textposition);
  assert.deepEqual(looks(1400), ["outside", "outside"]);
  assert.deepEqual(looks(500), [-90, -90]);
  assert.deepEqual(looks(400), ["none", "none"]);
});

test("numbers in cells are as large as these let them be, and never too small to read", () => {
  const cells = { type: "heatmap", text: [["−0.01", "2", "3"]], texttemplate: "%{text}", textfont: { size: 15 } };
  const look = (width) => fitted({ data: [cells], layout: {} }, width).data[0];
  assert.equal(look(600).textfont.size, 15);
  assert.ok(look(250).textfont.size >= 11 && look(250).textfont.size < 15);
  assert.equal(look(200).texttemplate, "");
  assert.equal(fitted({ data: [{ ...cells, texttemplate: undefined }], layout: {} }, 200).data[0].textfont.size, 15);
});
