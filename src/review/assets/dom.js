// Makes elements. Text always becomes a text node and never markup: names of files and text that was read are hostile.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(node.style, value);
    else if (name === "value" || name === "checked" || name === "disabled" || name === "indeterminate") node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

/** Appends nodes, texts and (nested) lists of them; null and false are left out. */
export function add(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** An HTML element: `h("button", {class: "x", onclick: f}, "text", …)`. */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/** Replaces what is in a node. */
export function put(node, ...children) {
  node.replaceChildren();
  add(node, children);
  return node;
}

let number = 0;
/** An id for labels. */
export function fresh(prefix) {
  number += 1;
  return `${prefix}-${number}`;
}

/** A labelled control. */
export function field(label, control, className = "field") {
  control.id ||= fresh("f");
  return h("div", { class: className }, h("label", { for: control.id }, label), control);
}

const notes = () => document.getElementById("notes");

/** A short message that screen readers speak; it goes by itself. `actions`: `[label, function]` each. */
export function note(text, kind = "info", actions = [], seconds = 6) {
  const box = h("div", { class: `note ${kind}` }, h("span", {}, text));
  const close = () => box.remove();
  for (const [label, act] of actions) {
    add(box, h("button", { type: "button", onclick: () => { close(); act(); } }, label));
  }
  add(box, h("button", { type: "button", class: "plain", "aria-label": "Close this message", onclick: close }, "×"));
  notes().append(box);
  while (notes().children.length > 4) notes().firstChild.remove();
  if (seconds) setTimeout(close, seconds * 1000);
  return close;
}
