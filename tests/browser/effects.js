// What of a page changes when something is pressed, and whether that is in view with what was
// pressed. Read by tests/browser/test_effects.py.
(() => {
  const SEEN = 0.6; // of a piece's height, or
  const ENOUGH = 110; // pixels of it
  const main = () => document.querySelector("[data-testid=stMain]");
  const bar = () => document.querySelector(".st-key-study_bar");
  const shown = (node) => {
    const { width, height } = node.getBoundingClientRect();
    return width > 2 && height > 2 && getComputedStyle(node).visibility !== "hidden";
  };
  const called = (node) =>
    (node?.getAttribute("aria-label") ?? node?.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 50);

  /** Everything of the page, in components too; of drawings only the whole. */
  function* inside(root) {
    for (const node of root.children) {
      if (node === bar() || node.matches("style, script, [hidden], .unseen, [data-testid=stToast]")) continue;
      yield node;
      if (node.shadowRoot) yield* inside(node.shadowRoot);
      if (!(node instanceof SVGElement)) yield* inside(node);
    }
  }

  /** What a reader would see of a node itself: its picture, its words, its length, its frame. */
  function look(node) {
    if (node instanceof HTMLCanvasElement) return node.width && node.height ? node.toDataURL() : "";
    if (node instanceof SVGElement) {
      const names = /(id|href|clip-path|class|style|d)="[^"]*[0-9a-f]{6}[^"]*"|url\([^)]*\)/g;
      return node.outerHTML.replace(names, ""); // that a library makes anew each time
    }
    const words = [...node.childNodes]
      .filter((each) => each.nodeType === Node.TEXT_NODE)
      .map((each) => each.data.trim())
      .join("");
    const length = (node.getAttribute("style") ?? "").match(/(width|background|--share|--heat)[^;]*/g) ?? [];
    const marks = ["chosen", "off", "differs"].filter((name) => node.classList.contains(name));
    if (node.getAttribute("aria-selected") === "true") marks.push("selected");
    const said = `${words} ${length.join()} ${marks.join()}`;
    return said.trim() ? `${node.tagName} ${marks.length ? node.textContent : ""} ${said}` : "";
  }

  function pieces() {
    return [...inside(main())]
      .filter(shown)
      .map((node) => ({ node, said: look(node), box: node.getBoundingClientRect() }))
      .filter(({ said }) => said);
  }

  /** @returns {[string, Element | null][]} the kind of what can be pressed, and where a hand goes */
  function pressable(node) {
    const one = (/** @type {string} */ selector) => node.querySelector(selector);
    if (node.getRootNode() instanceof ShadowRoot) {
      if (node.matches("[role=switch], [type=checkbox]")) return [["switch", node]];
      if (node.matches("[role=gridcell], [role=option]")) return [["cell", node]];
      if (node.matches(".plot, canvas[tabindex]")) return [["picture", node]];
      return node.matches("button") ? [["button", node]] : node.matches("select") ? [["list", node]] : [];
    }
    switch (node.dataset?.testid) {
      case "stSlider": return [["slider", one("input[type=range]")]];
      case "stButtonGroup": return [...node.querySelectorAll("button")].map((each) => ["choice", each]);
      case "stRadio": return one("input:checked") ? [] : [["answer", one("label:has(input)")]];
      case "stCheckbox": return [["switch", one("label")]];
      case "stSelectbox": return [["combobox", one("input")]];
      case "stNumberInput": return [["button", one("[data-testid=stNumberInputStepUp]")]];
      case "stButton": return [["button", one("button")]];
      case "stTextInput": return [["text", one("input")]];
    }
    return [];
  }

  /** Whether a control is one of several and is the chosen one: pressing it again changes nothing. */
  const chosen = (node) =>
    (node.getAttribute("role") === "radio" && node.getAttribute("aria-checked") === "true") ||
    node.getAttribute("aria-selected") === "true";

  /** The element around a control: what changes in it is no effect. */
  const around = (node) =>
    node.getRootNode() instanceof ShadowRoot ? node : node.closest("[data-testid=stElementContainer]") ?? node;

  const before = new Map();
  /** @type {Element[]} */ let stood = [];
  /** @type {Element} */ let pressed;

  window.effects = {
    /** All that can be pressed and isn't chosen already: kind, name, element. */
    controls() {
      return [...inside(main())].flatMap((node) =>
        pressable(node)
          .filter(([, control]) => control && shown(control) && !control.disabled)
          .filter(([, control]) => !chosen(control))
          .map(([kind, control]) => {
            const label = node.querySelector?.("[data-testid=stWidgetLabel]");
            return [kind, `${called(label)} ${called(control)}`.trim(), control];
          }),
      );
    },

    /** Remember the page before a control is pressed, which is brought into the middle. */
    begin(control) {
      pressed = around(control);
      pressed.scrollIntoView({ block: "center" });
      before.clear();
      const now = pieces();
      for (const { said } of now) before.set(said, (before.get(said) ?? 0) + 1);
      stood = now.map(({ node }) => node);
    },

    /** What has changed, the largest first: what it is, how far below, whether it is in view. */
    end() {
      const left = new Map(before);
      const upper = bar()?.getBoundingClientRect().bottom ?? 0;
      const lower = pressed.getBoundingClientRect().bottom;
      const hidden = stood.filter((node) => node.isConnected && !shown(node) && node.parentElement && shown(node.parentElement));
      const emptied = hidden.map(({ parentElement: node }) => ({ node, said: "", box: node.getBoundingClientRect() }));
      const changed = [...pieces(), ...emptied].filter(({ node, said }) => {
        const count = left.get(said) ?? 0;
        left.set(said, count - 1);
        const host = /** @type {ShadowRoot} */ (node.getRootNode()).host;
        return count <= 0 && !pressed.contains(node) && !(host && pressed.contains(host));
      });
      return changed
        .map(({ node, box }) => ({
          what: `${node.tagName.toLowerCase()} “${called(node)}”`,
          area: Math.round(box.width * box.height),
          below: Math.round(box.top - lower),
          seen:
            Math.min(box.bottom, innerHeight) - Math.max(box.top, upper) >= Math.min(ENOUGH, SEEN * box.height),
        }))
        .sort((a, b) => b.area - a.area);
    },
  };
})();
