import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytesOf,
  cellsOf,
  readMessage,
  rowOf,
  sentWeight,
  strongestOfLastRow,
} from "../../ui/components/attention_map/message.js";
import { readFilm } from "../../ui/components/film/message.js";
import { split } from "../../ui/components/shared/message.js";

// As message_of() writes it: the header's length in four bytes, the smallest first. It begins in
// the middle of a buffer, as a message does that came with others.
function message(header, parts) {
  let text = JSON.stringify(header);
  text += " ".repeat((4 - (text.length % 4)) % 4);
  const bytes = [text.length & 255, text.length >> 8, 0, 0, ...new TextEncoder().encode(text)];
  return Uint8Array.from([9, 9, 9, ...bytes, ...parts]).subarray(3);
}

// float32: sign, eight bits of exponent + 127, the fraction; 1 is 0x3F800000, -2.5 is 0xC0200000.
const ONE = [0, 0, 0x80, 0x3f];
const TWO = [0, 0, 0, 0x40];
const HALF = [0, 0, 0, 0x3f];
const MINUS = [0, 0, 0x20, 0xc0];

const GRID = { name: "n", layers: 1, heads: 2, width: 0, selection: { head: null } };

test("a message is the header and what lies behind it", () => {
  const { header, rest } = split(message({ a: [1, 2] }, [7, 8]));
  assert.deepEqual(header, { a: [1, 2] });
  assert.deepEqual([...rest], [7, 8]);
});

test("bytes by hand: a header of two characters", () => {
  const { header, rest } = split(Uint8Array.from([4, 0, 0, 0, 0x7b, 0x7d, 0x20, 0x20, 255]));
  assert.deepEqual(header, {});
  assert.deepEqual([...rest], [255]);
});

test("q, k, v and written are floats, then come the weights", () => {
  const header = { ...GRID, width: 1, heads: 1, tokens: ["a", "b"], causal: true };
  const floats = [ONE, TWO, HALF, MINUS, ONE, ONE, TWO, TWO].flat();
  const read = readMessage(message(header, [...floats, 255, 51, 204]));
  assert.equal(read.T, 2);
  assert.equal(read.grid, false);
  assert.deepEqual([...read.q], [1, 2]);
  assert.deepEqual([...read.k], [0.5, -2.5]);
  assert.deepEqual([...read.v], [1, 1]);
  assert.deepEqual([...read.written], [2, 2]);
  assert.deepEqual([...read.weights], [255, 51, 204]);
});

test("under a mask only the triangle is sent", () => {
  assert.equal(cellsOf({ causal: true }, 4), 10);
  assert.equal(cellsOf({ causal: false }, 4), 16);
  const header = { ...GRID, tokens: ["a", "b", "c"], causal: true };
  const read = readMessage(message(header, [255, 51, 204, 10, 20, 30, 1, 2, 3, 4, 5, 6]));
  assert.equal(read.grid, true);
  assert.deepEqual([...rowOf(read, [0, 0], 1)], [51, 204]);
  assert.deepEqual([...rowOf(read, [0, 1], 2)], [4, 5, 6]);
  assert.equal(sentWeight(read, [0, 0], [1, 1]), 0.8);
  assert.equal(sentWeight(read, [0, 0], [0, 1]), null); // it comes later
  assert.deepEqual(strongestOfLastRow(read, [0, 0]), [2, 2]);
});

test("without a mask every cell is", () => {
  const header = { ...GRID, tokens: ["a", "b"], causal: false };
  const read = readMessage(message(header, [1, 2, 3, 4, 51, 102, 153, 0]));
  assert.equal(sentWeight(read, [0, 1], [0, 1]), 0.4);
  assert.deepEqual(strongestOfLastRow(read, [0, 1]), [1, 0]);
});

test("a byte of a difference is around 128", () => {
  const header = { ...GRID, heads: 1, tokens: ["a", "b"], causal: true, signed: true };
  const read = readMessage(message(header, [128, 1, 200]));
  assert.equal(sentWeight(read, [0, 0], [0, 0]), 0);
  assert.equal(sentWeight(read, [0, 0], [1, 0]), -1);
  assert.equal(sentWeight(read, [0, 0], [1, 1]), 72 / 127);
  assert.deepEqual(strongestOfLastRow(read, [0, 0]), [1, 0]); // 127 steps down, 72 up
});

test("of a pooled message the locked head is whole and the others are coarse", () => {
  const header = {
    ...{ ...GRID, width: 1, tokens: ["a", "b", "c"], causal: true, pool: 2 },
    selection: { head: [0, 1] },
  };
  const floats = Array(12).fill(ONE).flat();
  const large = [255, 51, 204, 0, 102, 153];
  const coarse = [10, 20, 30, 40, 50, 60]; // two heads of 2 × 2 squares, a triangle of 3 each
  const read = readMessage(message(header, [...floats, ...large, ...coarse]));
  assert.deepEqual([...bytesOf(read, [0, 1]).bytes], large);
  assert.equal(sentWeight(read, [0, 1], [2, 1]), 0.4);
  assert.deepEqual([...bytesOf(read, [0, 0]).bytes], [10, 20, 30]);
  assert.equal(sentWeight(read, [0, 0], [1, 1]), 10 / 255);
  assert.equal(sentWeight(read, [0, 0], [2, 1]), 20 / 255);
  assert.equal(sentWeight(read, [0, 0], [2, 2]), 30 / 255);
  assert.deepEqual(strongestOfLastRow(read, [0, 0]), [2, 2]);
});

test("a film has the weights of each frame one after the other", () => {
  const film = { layers: 1, heads: 2, causal: true, tokens: ["a", "b"], frames: [{}, {}] };
  const read = readFilm(message(film, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
  assert.equal(read.T, 2);
  assert.deepEqual([...read.frames[0].weights], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...read.frames[1].weights], [7, 8, 9, 10, 11, 12]);
});
