// What Python sent (pack() in attention_map.py), and where things lie in it.

function readMessage(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const message = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const T = (message.T = message.tokens.length);
  let at = 4 + length;
  const floats = (count) => {
    const part = bytes.slice(at, (at += 4 * count)); // a copy, because floats must lie aligned
    return new Float32Array(part.buffer);
  };
  for (const name of ["q", "k", "v"]) message[name] = floats(T * message.width);
  message.written = floats(T);
  message.weights = bytes.subarray(at);
  message.cells = message.causal ? (T * (T + 1)) / 2 : T * T; // bytes per head
  return message;
}

const lastColumn = ({ causal, T }, row) => (causal ? row : T - 1);
const headStart = ({ heads, cells }, [layer, head]) => (layer * heads + head) * cells;
const rowStart = ({ causal, T }, row) => (causal ? (row * (row + 1)) / 2 : row * T);

// The weight that was sent for every head, exact to 1/510; null where it is masked.
function sentWeight(message, head, [row, column]) {
  if (column > lastColumn(message, row)) return null;
  return message.weights[headStart(message, head) + rowStart(message, row) + column] / 255;
}

// Until the visitor chooses: what the last token listens to most.
function strongestOfLastRow(message, head) {
  const row = message.T - 1;
  const start = headStart(message, head) + rowStart(message, row);
  const weights = message.weights.subarray(start, start + message.T);
  return [row, weights.indexOf(Math.max(...weights))];
}
