// @ts-check
// Numbers as they are read.

/** A real minus sign, and none before what is rounded to zero. @param {string} digits */
const withMinus = (digits) =>
  digits.replace(/-(?=0?\.?0*(?![\d.]))/g, "").replaceAll("-", "−");

/** @param {number} share @param {number} digits after the point */
export const percent = (share, digits = 1) => withMinus(`${(100 * share).toFixed(digits)}%`);

/**
 * A probability: one decimal, and two digits of what is less than 1%; little is not called nothing,
 * nor nearly all all. In Python: `percent` in ui/show/numbers.py.
 * @param {number} share
 */
export function chance(share) {
  if (share === 0) return "0%";
  if (share < 1e-6) return "<0.0001%";
  if (share > 0.99995) return ">99.99%"; // 1 is what a model's rounded number may be
  if (share >= 0.01) return percent(share, share > 0.9995 ? 2 : 1);
  return withMinus(`${(100 * share).toPrecision(2)}%`);
}

/** The same of what may really be all, as one token after a cut. @param {number} share */
export const part = (share) => (share === 1 ? "100%" : chance(share));

/** @param {number} x @param {number} digits after the point */
export const rounded = (x, digits) => withMinus(x.toFixed(digits));

/** A whole number, thousands apart. @param {number} x */
export const grouped = (x) => withMinus(Math.round(x).toLocaleString("en"));

/** As many digits as a number of any size needs. @param {number} x */
export function exact(x) {
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (size < 0.0005 || size >= 1e5) return withPower(x.toExponential(1));
  if (size >= 1000) return grouped(x);
  return rounded(x, size < 0.1 ? 4 : size < 10 ? 3 : 1);
}

/** Like 2.5·10⁻⁵, as in Python: `number` in ui/show/numbers.py. @param {string} exponential */
function withPower(exponential) {
  const [digits, power] = exponential.split("e");
  const raised = [...String(Number(power))].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  return withMinus(`${digits}·10${raised.join("")}`);
}

/** Three digits that count: what Python writes as `number(x, ".3g")`. @param {number} x */
export function figures(x) {
  const kept = Number(x.toPrecision(3));
  if (kept && Math.abs(kept) < 1e-4) return withPower(kept.toExponential());
  return Math.abs(kept) < 1000 ? withMinus(String(kept)) : grouped(x);
}

/** The nearest place from 0 up to below count. @param {number} place @param {number} count */
export const clamp = (place, count) => Math.max(0, Math.min(count - 1, place));
