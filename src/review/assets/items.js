// The findings as a list, and the selected one with its numbers and scope.

import { add, field, fresh, h, put } from "/dom.js";
import { button } from "/keys.js";
import { count, editable, family, percent, reason } from "/words.js";

const MOST = 400;
const SIGNS = { mask: "■", keep: "□", weak: "◌" };
const WORDS = { mask: "masked", keep: "kept", weak: "weak, dropped" };

const spanText = ([a, b], frames) => (frames < 2 ? "" : a === 0 && b === frames - 1 ? "all frames" : a === b ? `frame ${a + 1}` : `frames ${a + 1}–${b + 1}`);

/** The list and the details. `v` (the viewer): `file`, `selected`, `shown()`, `frame`, `select(id)`, `set(item, action)`,
 *  `change(item, {rect, frames})`, `remove(item)`, `band(item)`, `like(item)`, `readText(item)`. */
export class Items {
  constructor(v) {
    this.v = v;
    this.head = h("h2", { id: "findings-title" }, "Findings");
    this.list = h("ul", { role: "listbox", id: "findings", tabindex: "0", "aria-labelledby": "findings-title" });
    this.list.addEventListener("keydown", (e) => this.#key(e));
    this.list.addEventListener("click", (e) => {
      const option = e.target.closest("[role=option]");
      if (option) this.v.select(option.dataset.id);
    });
    this.details = h("section", { class: "details", "aria-label": "Selected finding" });
    this.node = h("section", { class: "findings", "aria-labelledby": "findings-title" }, this.head, this.list);
    this.text = null;
  }

  #key(event) {
    const rows = this.v.shown();
    const at = rows.findIndex((i) => i.id === this.v.selected);
    const to = { ArrowUp: Math.max(at - 1, 0), ArrowDown: Math.min(at + 1, rows.length - 1), Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.shiftKey || event.altKey || !rows.length) return;
    event.preventDefault();
    this.v.select(rows[to].id);
  }

  /** Draws the list. */
  draw() {
    const { v } = this;
    const rows = v.shown();
    const all = v.file.items;
    const of = (action) => all.filter((i) => i.action === action).length;
    put(this.head, "Findings ", h("small", {}, `${of("mask")} masked · ${of("keep")} kept · ${of("weak")} weak`));
    const top = this.list.scrollTop;
    put(this.list, rows.slice(0, MOST).map((item, n) => this.#option(item, n)),
      rows.length > MOST ? h("li", { class: "more", role: "option", "aria-disabled": "true", "aria-selected": "false" }, `… and ${rows.length - MOST} more; step through frames to see them`) : null,
      rows.length === 0 ? h("li", { class: "more", role: "option", "aria-disabled": "true", "aria-selected": "false" },
        all.length ? "Nothing on this frame." : "Nothing was found. Drag on the picture to mask a place.") : null);
    this.list.scrollTop = top;
    const active = this.list.querySelector("[aria-selected=true]");
    if (active) {
      this.list.setAttribute("aria-activedescendant", active.id);
      if (this.scrolledTo !== v.selected) active.scrollIntoView({ block: "nearest" });
    } else this.list.removeAttribute("aria-activedescendant");
    this.scrolledTo = v.selected;
    this.#drawDetails();
  }

  #option(item, n) {
    const { v } = this;
    const fam = family(item);
    const frames = spanText(item.frames, v.file.image.frames);
    return h("li", {
      role: "option", id: `item-${n}`, "data-id": item.id, class: `item fam-${fam} is-${item.action}`,
      "aria-selected": item.id === v.selected ? "true" : "false",
    },
    h("span", { class: "swatch", "aria-hidden": "true" }, SIGNS[item.action]),
    h("span", { class: "what" }, reason(item.reason), item.by ? h("small", {}, ` by ${item.by}`) : null),
    h("span", { class: "sure" }, item.origin === "person" ? "" : percent(item.confidence)),
    h("span", { class: "sub" }, [WORDS[item.action], frames, `${item.rect.w}×${item.rect.h} at ${item.rect.x}, ${item.rect.y}`].filter(Boolean).join(" · ")));
  }

  /** Text that was read, shown until another finding is selected. */
  showText(item, text) {
    this.text = { id: item.id, text };
    this.#drawDetails();
  }

  #drawDetails() {
    const { v } = this;
    const item = v.file.items.find((i) => i.id === v.selected);
    const typing = this.details.contains(document.activeElement) && document.activeElement.tagName === "INPUT" ? document.activeElement : null;
    if (typing && this.drawn === item?.id && typing.value !== typing.dataset.was) return;
    const focus = this.details.contains(document.activeElement) ? document.activeElement.dataset.keep : null;
    if (this.text?.id !== item?.id) this.text = null;
    this.drawn = item?.id;
    put(this.details);
    if (!item) {
      add(this.details, h("p", { class: "hint" }, "Choose a finding to change it, or drag on the picture to mask a place."));
      return;
    }
    const choice = (action, label) => button(action, label, () => v.set(item, action), {
      "aria-pressed": item.action === action ? "true" : "false", "data-keep": action,
    });
    add(this.details, [
      h("h3", {}, reason(item.reason), item.note ? h("small", {}, ` – ${item.note}`) : null),
      h("div", { class: "row segmented", role: "group", "aria-label": "What happens to it" }, choice("mask", "Mask"), choice("keep", "Keep")),
      this.#numbers(item),
      v.file.image.frames > 1 ? this.#scope(item) : null,
      h("div", { class: "row wrap tools" },
        button("read", this.text ? "Hide text" : "Read text", () => this.v.readText(item), { "data-keep": "read" }),
        button("band", "Whole band", () => v.band(item), { "data-keep": "band" }),
        button("delete", item.origin === "person" ? "Delete" : "Keep instead", () => v.remove(item), { "data-keep": "delete", disabled: item.origin !== "person" && item.action === "keep" }),
        v.row.group ? button("like", "Also on others…", () => v.like(item), { "data-keep": "like" }) : null),
      this.text ? h("output", { class: "read", "aria-label": "Text that was read" }, this.text.text || "(nothing was read here)") : null,
    ]);
    if (focus) this.details.querySelector(`[data-keep="${focus}"]`)?.focus();
  }

  #numbers(item) {
    const { v } = this;
    const rect = editable(item);
    const input = (name, label, low, high) => {
      const box = h("input", { type: "number", min: low, max: high, step: 1, value: rect[name], id: fresh("n"), "data-keep": name, "data-was": rect[name], inputmode: "numeric" });
      box.addEventListener("change", () => {
        const next = { ...rect, [name]: Math.round(Number(box.value)) };
        const { cols, rows } = v.file.image;
        const fits = Number.isFinite(next[name]) && box.value !== "" && next.x >= 0 && next.y >= 0 && next.w >= 1 && next.h >= 1 && next.x + next.w <= cols && next.y + next.h <= rows;
        box.setAttribute("aria-invalid", fits ? "false" : "true");
        if (!fits) return v.say(`${label} would leave the picture (${cols}×${rows})`, "bad");
        box.dataset.was = box.value;
        return v.change(item, { rect: next });
      });
      box.addEventListener("keydown", (e) => {
        if (e.key === "Escape") { box.value = rect[name]; v.stage.focus(); e.preventDefault(); }
      });
      return field(label, box, "num");
    };
    const { cols, rows } = v.file.image;
    return h("fieldset", { class: "numbers" }, h("legend", {}, "Place in pixels"),
      input("x", "left", 0, cols - 1), input("y", "top", 0, rows - 1), input("w", "width", 1, cols), input("h", "height", 1, rows));
  }

  #scope(item) {
    const { v } = this;
    const last = v.file.image.frames - 1;
    const [a, b] = item.frames;
    const kind = a === 0 && b === last ? "all" : a === b ? "one" : "range";
    const name = fresh("s");
    const from = h("input", { type: "number", min: 1, max: last + 1, value: a + 1, "aria-label": "First frame", "data-keep": "from", "data-was": a + 1 });
    const to = h("input", { type: "number", min: 1, max: last + 1, value: b + 1, "aria-label": "Last frame", "data-keep": "to", "data-was": b + 1 });
    const ranged = () => {
      const [f, t] = [Number(from.value) - 1, Number(to.value) - 1];
      const fits = Number.isInteger(f) && Number.isInteger(t) && f >= 0 && t <= last && f <= t;
      [from, to].forEach((n) => n.setAttribute("aria-invalid", fits ? "false" : "true"));
      if (!fits) return v.say(`Frames go from 1 to ${last + 1}, the first before the last`, "bad");
      [from, to].forEach((n) => { n.dataset.was = n.value; });
      return v.change(item, { frames: [f, t] });
    };
    [from, to].forEach((n) => n.addEventListener("change", ranged));
    const radio = (value, label, act) => {
      const dot = h("input", { type: "radio", name, value, id: fresh("r"), checked: kind === value, "data-keep": `scope-${value}`, onchange: act });
      return [dot, h("label", { for: dot.id }, label)];
    };
    const here = v.frame ?? a;
    return h("fieldset", { class: "scope" }, h("legend", {}, "On frames"),
      h("div", {}, radio("all", `all ${last + 1}`, () => v.change(item, { frames: [0, last] }))),
      h("div", {}, radio("one", `this one (${here + 1})`, () => v.change(item, { frames: [here, here] }))),
      h("div", { class: "range" }, radio("range", "from", ranged), from, h("span", {}, "to"), to));
  }
}

/** The per-file history. */
export function history(file) {
  const line = (entry) => h("li", { class: entry.undone ? "undone" : "" },
    h("time", { datetime: entry.at }, new Date(entry.at).toLocaleString([], { dateStyle: "short", timeStyle: "medium" })), " ",
    h("b", {}, entry.who || "somebody"), " ", entry.what, entry.undone ? h("small", {}, " (undone)") : null);
  const rows = file.history;
  return h("details", { class: "history" }, h("summary", {}, `History (${count(rows.length, "entry", "entries")})`),
    rows.length ? h("ol", {}, [...rows].reverse().map(line)) : h("p", { class: "hint" }, "Nobody has changed anything yet."));
}
