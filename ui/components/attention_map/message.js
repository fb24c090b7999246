// What Python sent (pack() in attention_map.py), and where things lie in it. A message without
// q, k and v is a grid: pictures only, of weights or, if it is signed, of differences.

function readMessage(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const message = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const T = (message.T = message.tokens.length);
  let at = 4 + length;
  const floats = (count) => {
    const part = bytes.slice(at, (at += 4 * count)); // a copy, because floats must lie aligned
    return new Float32Array(part.buffer);
  };
  message.grid = !message.width;
  if (!message.grid) {
    for (const name of ["q", "k", "v"]) message[name] = floats(T * message.width);
    message.written = floats(T);
  }
  if (message.pool > 1) {
    const cells = cellsOf(message, T);
    message.large = bytes.subarray(at, (at += cells));
  }
  message.weights = bytes.subarray(at);
  return message;
}

const lastColumn = ({ causal, T }, row) => (causal ? row : T - 1);
const cellsOf = ({ causal }, side) => (causal ? (side * (side + 1)) / 2 : side * side);

// Where the bytes of a head lie, on a grid of side × side. Of a long prompt only the locked head is
// sent cell by cell; of the others each byte is the strongest of pool × pool cells.
function bytesOf(message, [layer, head]) {
  const { pool = 1, large, T, heads, weights, selection } = message;
  if (large && String(selection.head) === String([layer, head]))
    return { bytes: large, side: T, pool: 1 };
  const side = Math.ceil(T / pool);
  const cells = cellsOf(message, side);
  const start = (layer * heads + head) * cells;
  return { bytes: weights.subarray(start, start + cells), side, pool };
}

// What a byte stands for: a weight from 0 to 1, or a difference from -1 to 1.
const valueOf = ({ signed }, byte) => (signed ? (byte - 128) / 127 : byte / 255);
const strength = ({ signed }, byte) => (signed ? Math.abs(byte - 128) : byte);

// The bytes of one row of a head, without what is masked.
function rowOf(message, head, row) {
  const { bytes, side, pool } = bytesOf(message, head);
  const y = Math.floor(row / pool);
  const start = message.causal ? (y * (y + 1)) / 2 : y * side;
  return bytes.subarray(start, start + (message.causal ? y + 1 : side));
}

// What was sent for a cell, exact to 1/510 (differences to 1/254) where a head isn't pooled; null
// where it is masked.
function sentWeight(message, head, [row, column]) {
  if (column > lastColumn(message, row)) return null;
  const { pool } = bytesOf(message, head);
  return valueOf(message, rowOf(message, head, row)[Math.floor(column / pool)]);
}

// Until the visitor chooses: what the last token listens to most, or where most has changed.
function strongestOfLastRow(message, head) {
  const strengths = rowOf(message, head, message.T - 1).map((byte) => strength(message, byte));
  const strongest = strengths.indexOf(Math.max(...strengths));
  return [message.T - 1, strongest * bytesOf(message, head).pool];
}
