// The next token, before anything is drawn.

export default function ({ data, parentElement }) {
  parentElement.querySelector(".bars").replaceChildren(...barRows(data));
}
