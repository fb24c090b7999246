// Numbers as text, and the sentences below the bars.

function text(x) {
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (size < 0.0005 || size >= 1e5) {
    const [digits, power] = x.toExponential(1).split("e");
    const raised = [...String(Number(power))].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
    return `${digits}×10${raised.join("")}`.replace("-", "−");
  }
  return x.toFixed(size < 0.1 ? 4 : size < 10 ? 3 : size < 1000 ? 1 : 0).replace("-", "−");
}

// A weight or a difference as text. In a grid bytes are all there is: good for two digits.
function shown({ grid, signed }, value) {
  const digits = grid ? value.toFixed(2).replace("-", "−") : text(value);
  return signed && value > 0 ? `+${digits}` : digits;
}

// Said before the number of a cell of which only the strongest of its neighbourhood is known.
const atMost = (message, head) => (bytesOf(message, head).pool > 1 ? "at most " : "");

const inBrackets = (x) => (x < 0 ? `(${text(x)})` : text(x));

// element("b.total", "3.1") is <b class="total">3.1</b>. Text never becomes markup.
function element(description, ...children) {
  const [tag, ...classes] = description.split(".");
  const node = document.createElement(tag);
  node.classList.add(...classes);
  node.append(...children);
  return node;
}

const named = ({ tokens }, position, className) =>
  element(`span.token.${className}`, tokens[position], element("sub", String(position)));

function fitWords({ query, key, products, dot }) {
  const shown = Math.min(2, query.length);
  const words = [];
  for (let i = 0; i < shown; i++) {
    words.push(
      i ? " + " : "",
      element("span.q", inBrackets(query[i])),
      "×",
      element("span.k", inBrackets(key[i])),
    );
  }
  const rest = products.length - shown;
  if (rest) words.push(` + … ${rest} more`);
  return [...words, " = ", element("b.total", text(dot))];
}

function scaleWords(message, { dot, score, masked }, row, column) {
  const D = message.width;
  const scaled = [text(dot), ` / √${D} = `, element("b.score", text(score)), element("br")];
  if (!message.causal) return [...scaled, "This model has no mask: every token sees every other."];
  if (masked)
    return [...scaled, `Position ${column} comes after ${row}. The mask writes −∞ over the score.`];
  const why = row === column ? "it is the token itself" : "it comes earlier";
  return [...scaled, `Position ${column} may be seen from ${row}: ${why}. The score stays.`];
}

function softmaxWords({ score, masked, shift, exponential, sum, weight, weights }) {
  if (masked) return ["e", element("sup", "−∞"), " = 0, so the weight is ", element("b", "0"), "."];
  const power = shift ? `${text(score)} − ${text(shift)}` : text(score);
  return [
    "e",
    element("sup", power),
    ` = ${text(exponential)}`,
    element("br"),
    `sum of the row's ${weights.length}: ${text(sum)}`,
    element("br"),
    `${text(exponential)} / ${text(sum)} = `,
    element("b.weight", text(weight)),
  ];
}

function bringsWords({ weight, lengths, written }) {
  return [
    element("span.z", "part"),
    ` = ${text(weight)} × `,
    element("span.v", "v"),
    element("br"),
    `length ${text(lengths.value)} × ${text(weight)} = ${text(lengths.part)}`,
    element("br"),
    `all parts of the row: length ${text(lengths.output)}`,
    element("br"),
    "written to the residual stream, this part has length ",
    element("b", text(written)),
  ];
}
