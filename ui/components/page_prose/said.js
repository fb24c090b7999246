// @ts-check
// What a page says, in its order, without what is pressed: as trees of [tag, …what is inside], in
// which pictures have their places. Who takes it over makes text of all but the tags that it knows.

/** @typedef {any} Said a text, [tag, …], { picture }, or { link, said } */

const TAGS = new Set(
  "p ul ol li strong em code pre blockquote sub sup br table thead tbody tr th td".split(" "),
);
const MATH = new Set(
  ("math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup mover munder munderover " +
    "mtable mtr mtd mstyle mpadded").split(" "),
);
const HEADING = '[data-testid="stHeading"]';
const WORDS = '[data-testid="stMarkdown"], [data-testid="stCaptionContainer"], [data-testid="stAlert"]';
const CODE = '[data-testid="stCode"]';
const METRIC = '[data-testid="stMetric"]';
const QUESTION = '[data-testid="stRadio"]';
const FOLD = '[data-testid="stExpander"]';
// What is pressed, what leads elsewhere, what isn't the lesson's own, and signs that are pictures.
const LEFT_OUT =
  '.st-key-study_bar, .st-key-place, button, label, input, textarea, select, style, script, svg, ' +
  '[role="radiogroup"], [role="img"], [data-testid="stPopover"], [data-testid="stPageLink"], ' +
  '[data-testid="stWidgetLabel"], [data-testid="stSlider"], [data-testid="stButtonGroup"], ' +
  '[data-testid="stProgress"], [data-testid*="Icon"], .katex-html, annotation';

/**
 * All that an element of the page says.
 * @param {Element} element
 * @param {Map<Element, string>} pictures those that are taken along, and what they are called
 * @returns {Said[]}
 */
export function saidIn(element, pictures) {
  const called = pictures.get(element);
  if (called !== undefined) return [{ picture: called }];
  if (element.matches(LEFT_OUT)) return [];
  if (element.matches(HEADING)) return heading(element);
  if (element.matches(CODE)) return [["pre", element.querySelector("code")?.textContent ?? ""]];
  if (element.matches(WORDS)) return words(element);
  if (element.matches(QUESTION)) return options(element);
  if (element.matches(METRIC)) {
    const [label, value] = ["stMetricLabel", "stMetricValue"].map(
      (part) => element.querySelector(`[data-testid="${part}"]`)?.textContent ?? "",
    );
    return [["p", `${label}: `, ["strong", value]]];
  }
  const inside = [...element.children].flatMap((child) => saidIn(child, pictures));
  const fold = element.matches(FOLD) && element.querySelector("summary");
  return fold && inside.length ? [["details", ["summary", ...words(fold)], ...inside]] : inside;
}

/**
 * The answers that a question offers; the question stands above. What is chosen elsewhere has a label.
 * @param {Element} question
 * @returns {Said[]}
 */
function options(question) {
  const label = question.querySelector('[data-testid="stWidgetLabel"]');
  if (label?.getClientRects().length) return [];
  const offered = [...question.querySelectorAll('[role="radiogroup"] label')];
  return [["ul", ...offered.map((option) => ["li", ...words(option)])]];
}

/** @param {Element} element @returns {Said[]} */
function heading(element) {
  const found = element.querySelector("h2, h3, h4");
  if (!found) return []; // the page's title stands above all
  const text = found.querySelector("[data-heading-text]") ?? found;
  return [[found.tagName === "H2" ? "h2" : "h3", ...words(text)]];
}

/** @param {Node} node @returns {Said[]} */
function words(node) {
  return [...node.childNodes].flatMap((child) => {
    if (!(child instanceof Element)) return child instanceof Text ? [child.data] : [];
    if (child.matches(LEFT_OUT)) return [];
    const tag = child.tagName.toLowerCase();
    const inside = words(child);
    const out = child instanceof HTMLAnchorElement && child.origin !== location.origin;
    if (out && child.protocol.startsWith("http")) return [{ link: child.href, said: inside }];
    if (child.matches(".katex-display")) return [["figure", ...inside]];
    return TAGS.has(tag) || MATH.has(tag) ? [[tag, ...inside]] : inside;
  });
}
