// @ts-check
// One cell of one head, computed from its q, k and v.

/**
 * The model's own numbers (float32), so the result is the model's own weight.
 * @param {any} message one with q, k, v
 * @param {number} row
 * @param {number} column
 */
export function arithmetic({ q, k, v, width: D, T, causal, written }, row, column) {
  const vector = (x, position) => x.subarray(position * D, (position + 1) * D);
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
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
