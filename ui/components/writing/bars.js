// Bars of one draw: each token's probability before (outline) and after (filled) temperature and
// filters, on a fixed scale from 0 to 100%.

const node = (tag, name, ...children) => {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
};

const percent = (share) => {
  if (share === 0) return "0%";
  if (share < 0.0005) return "<0.05%";
  return `${(100 * share).toFixed(1)}%`;
};

function barRows({ rows, rest, drawn }) {
  const made = rows.map(([text, before, after], i) =>
    barRow(node("span", "name", text), before, after, i === drawn),
  );
  const [count, before, after] = rest;
  if (count > 0) {
    const name = node("span", "others", count === 1 ? "1 other" : `${count} others`);
    made.push(barRow(name, before, after, false));
  }
  return made;
}

function barRow(name, before, after, drawn) {
  const [outline, filled] = [node("i", "before"), node("i", "after")];
  outline.style.width = `${100 * before}%`;
  filled.style.width = `${100 * after}%`;
  const row = node(
    "li",
    "",
    name,
    node("span", "track", outline, filled),
    node("span", "numbers", `${percent(before)} → `, node("b", "", percent(after))),
  );
  row.classList.toggle("cut", after === 0);
  row.classList.toggle("drawn", drawn);
  return row;
}
