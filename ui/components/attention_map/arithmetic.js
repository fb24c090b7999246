// @ts-check
// One cell of one head, computed from its q, k and v.

/**
 * The model's own numbers (float32), so the result is the model's own weight.
 * @param {import("./message.js").Exact} message
 * @param {number} row
 * @param {number} column
 */
export function arithmetic({ q, k, v, width: D, T, causal, written }, row, column) {
  /** @param {Float32Array} x @param {number} position */
  const vector = (x, position) => x.subarray(position * D, (position + 1) * D);
  /** @param {Float32Array} a @param {Float32Array} b */
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  /** @param {Float32Array} x */
  const length = (x) => Math.sqrt(dot(x, x));
  const last = causal ? row : T - 1;
  const query = vector(q, row);
  const scores = Array.from(
    { length: last + 1 },
    (_, j) => dot(query, vector(k, j)) / Math.sqrt(D),
  );
  // Large scores would overflow; taking the largest away changes no weight.
  const largest = Math.max(...scores);
  const shift = largest > 80 ? largest : 0;
  const exponentials = scores.map((score) => Math.exp(score - shift));
  const sum = exponentials.reduce((a, b) => a + b);
  const weights = exponentials.map((e) => e / sum);
  const masked = column > last;
  const weight = masked ? 0 : weights[column];
  const value = vector(v, column);
  const output = new Float32Array(D);
  weights.forEach((w, j) => vector(v, j).forEach((x, i) => (output[i] += w * x)));
  const key = vector(k, column);
  const part = value.map((x) => weight * x);
  return {
    query,
    key,
    value,
    part,
    output,
    masked,
    weights,
    weight,
    shift,
    sum,
    products: query.map((x, i) => x * key[i]),
    dot: dot(query, key),
    score: dot(query, key) / Math.sqrt(D),
    exponential: masked ? 0 : exponentials[column],
    lengths: { value: length(value), part: length(part), output: length(output) },
    written: weight * written[column],
  };
}
