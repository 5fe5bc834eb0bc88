// Boxes over the picture: masks in a colour and a pattern of lines by family of reason, kept text dashed, weak ones dotted.

import { h, put, svg } from "/dom.js";
import { editable, FAMILIES, family, shortReason } from "/words.js";

/** Lines of each family's pattern: the path in a cell of 8×8. */
const HATCH = {
  header: "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4",
  template: "M0,4 h8",
  pattern: "M4,0 v8",
  unread: "M0,0 l8,8 M8,0 l-8,8",
  unknown: "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
  person: "M0,4 h8 M4,0 v8",
};

const EDGES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const MOST_TAGS = 80;
const TAG_H = 14;
/** Measures labels. */
const pen = document.createElement("canvas").getContext("2d");

/** Where the handle of an edge is, as parts of width and height. */
const place = (edge) => [edge.includes("w") ? 0 : edge.includes("e") ? 1 : 0.5, edge.includes("n") ? 0 : edge.includes("s") ? 1 : 0.5];

/** The patterns, to be put once into any SVG that has boxes. */
export function patterns(prefix) {
  return svg("defs", {}, Object.entries(HATCH).map(([name, d]) =>
    svg("pattern", { id: `${prefix}-${name}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
      svg("rect", { width: 8, height: 8, class: `tint fam-${name}` }), svg("path", { d, class: `lines fam-${name}` }))));
}

/** One box as SVG in the coordinates given. What is kept is drawn `air` wider on all sides, so that its text can be read. */
export function boxShape(prefix, item, rect, air = 0) {
  const fam = family(item);
  const by = item.action === "mask" ? 0 : air;
  return svg("rect", {
    x: rect.x - by, y: rect.y - by, width: Math.max(rect.w + 2 * by, 1), height: Math.max(rect.h + 2 * by, 1), class: `box fam-${fam}`,
    fill: HATCH[fam] ? `url(#${prefix}-${fam})` : "none",
  });
}

/** The boxes of the viewer. `mode`: 2 with labels, 1 without, 0 hidden. */
export class Boxes {
  constructor(stage, picture) {
    this.picture = picture;
    this.items = [];
    this.selected = null;
    this.mode = 2;
    this.draft = null;
    this.regions = [];
    /** Where the original ends and the result begins, in pixels of the screen; all original: null. */
    this.veilFrom = 0;
    this.veil = svg("g", { "clip-path": "url(#v-veil)" });
    this.cut = svg("rect", { x: 0, y: 0, width: 1e5, height: 1e5 });
    this.shapes = svg("g", {});
    this.layer = svg("svg", { class: "boxes", "aria-hidden": "true" }, patterns("v"), svg("clipPath", { id: "v-veil" }, this.cut), this.veil, this.shapes);
    this.tags = h("div", { class: "tags", "aria-hidden": "true" });
    stage.append(this.layer, this.tags);
    picture.addEventListener("view", () => this.draw());
  }

  /** What is to be seen; an item's `rect` is in image pixels. */
  set(change) {
    Object.assign(this, change);
    this.draw();
  }

  #screen(rect) {
    const a = this.picture.toScreen(rect.x, rect.y);
    const s = this.picture.scale;
    return { x: a.x, y: a.y, w: rect.w * s, h: rect.h * s };
  }

  draw() {
    const shapes = [];
    const veil = [];
    const tags = [];
    const seen = [];
    if (this.mode > 0) {
      for (const region of this.regions) {
        const r = this.#screen(region);
        shapes.push(svg("rect", { x: r.x, y: r.y, width: r.w, height: r.h, class: "region" }));
      }
      const order = [...this.items].sort((a, b) => (a.id === this.selected) - (b.id === this.selected));
      for (const item of order) {
        const chosen = item.id === this.selected;
        const r = this.#screen(chosen && this.draft ? this.draft : item.rect);
        if (r.x > this.picture.w || r.y > this.picture.h || r.x + r.w < 0 || r.y + r.h < 0) continue;
        // Over the original there is the outline only: its text has to be seen.
        const shape = boxShape("v", item, r, 2);
        if (item.action === "mask" && this.veilFrom !== null) veil.push(shape.cloneNode());
        shape.setAttribute("fill", "none");
        if (chosen) shape.classList.add("selected");
        shapes.push(shape);
        seen.push({ item, r, chosen });
      }
      const chosen = this.items.find((i) => i.id === this.selected);
      if (chosen) shapes.push(...this.#handles(this.#screen(this.draft ?? editable(chosen))));
    }
    if (this.draft && !this.items.some((i) => i.id === this.selected)) {
      const r = this.#screen(this.draft);
      shapes.push(svg("rect", { x: r.x, y: r.y, width: r.w, height: r.h, class: "box draft", fill: "url(#v-person)" }));
    }
    // The selected one has the first choice of place, then masks, then what is kept.
    const taken = seen.filter((s) => s.item.action !== "mask" || this.veilFrom === null || s.r.x < this.veilFrom).map((s) => s.r);
    for (const { item, r, chosen } of seen.reverse().sort((a, b) => b.chosen - a.chosen || (a.item.action !== "mask") - (b.item.action !== "mask"))) {
      if (chosen || (this.mode === 2 && seen.length <= MOST_TAGS)) tags.push(this.#tag(item, r, chosen, taken));
    }
    this.cut.setAttribute("x", this.veilFrom ?? 0);
    put(this.veil, veil);
    put(this.shapes, shapes);
    put(this.tags, tags);
  }

  /** A label where it hides neither text that is kept nor another label: in its mask, else around it; none if there is no room. */
  #tag(item, r, chosen, taken) {
    const text = chosen ? `${FAMILIES[family(item)]} · ${shortReason(item)}` : shortReason(item);
    pen.font = getComputedStyle(this.tags).font;
    const w = Math.ceil(pen.measureText(text).width) + 9;
    const places = [[r.x, r.y - TAG_H - 1], [r.x + r.w + 2, r.y + (r.h - TAG_H) / 2], [r.x, r.y + r.h + 1], [r.x - w - 2, r.y + (r.h - TAG_H) / 2]];
    if (item.action === "mask" && this.veilFrom !== null && this.veilFrom <= r.x && r.w >= w + 4 && r.h >= TAG_H + 2) places.unshift([r.x + 2, r.y + (r.h - TAG_H) / 2]);
    const free = ([x, y]) => x >= 0 && y >= 0 && x + w <= this.picture.w && y + TAG_H <= this.picture.h
      && !taken.some((t) => t !== r && x < t.x + t.w && t.x < x + w && y < t.y + t.h && t.y < y + TAG_H);
    const at = places.find(free) ?? (chosen ? [Math.max(r.x, 0), r.y > TAG_H ? r.y - TAG_H : r.y + r.h] : null);
    if (!at) return null;
    taken.push({ x: at[0], y: at[1], w, h: TAG_H });
    return h("span", { class: `tag fam-${family(item)} ${chosen ? "selected" : ""}`, style: { transform: `translate(${Math.round(at[0])}px, ${Math.round(at[1])}px)` } }, text);
  }

  #handles(r) {
    return EDGES.map((edge) => {
      const [fx, fy] = place(edge);
      return svg("rect", { x: r.x + r.w * fx - 4, y: r.y + r.h * fy - 4, width: 8, height: 8, class: "handle" });
    });
  }

  /** What lies under a point of the screen: `{edge}` of the selected box, `{item}`, or null. */
  hit(px, py) {
    if (this.mode === 0) return null;
    const chosen = this.items.find((i) => i.id === this.selected);
    if (chosen) {
      const r = this.#screen(this.draft ?? editable(chosen));
      for (const edge of EDGES) {
        const [fx, fy] = place(edge);
        if (Math.abs(px - r.x - r.w * fx) <= 7 && Math.abs(py - r.y - r.h * fy) <= 7) return { edge, item: chosen };
      }
    }
    const at = this.picture.toImage(px, py);
    const inside = ({ rect: r }) => at.x >= r.x && at.y >= r.y && at.x < r.x + r.w && at.y < r.y + r.h;
    if (chosen && inside(chosen)) return { item: chosen };
    const found = this.items.filter(inside).sort((a, b) => a.rect.w * a.rect.h - b.rect.w * b.rect.h)[0];
    return found ? { item: found } : null;
  }
}
