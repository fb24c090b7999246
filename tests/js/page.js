// As much of a browser's document as the makers of nodes need: what they make can be read as text.

class Node {
  constructor(tag) {
    this.tag = tag;
    this.children = [];
    this.style = {};
    this.classes = [];
    this.classList = {
      add: (...names) => this.classes.push(...names),
      toggle: (name, wanted) => wanted && this.classes.push(name),
    };
  }

  append(...children) {
    this.children.push(...children);
  }

  get firstChild() {
    return this.children[0];
  }

  get lastChild() {
    return this.children.at(-1);
  }

  // "<br>" is a line's end; what stands high or low is put in braces.
  get textContent() {
    if (this.tag === "br") return "\n";
    const text = textOf(this.children);
    return this.tag === "sup" || this.tag === "sub" ? `{${text}}` : text;
  }
}

globalThis.document = { createElement: (tag) => new Node(tag) };

export const textOf = (parts) =>
  parts.map((part) => (typeof part === "string" ? part : part.textContent)).join("");
