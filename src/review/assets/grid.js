// A series or study as a grid with masks drawn: select, one edit for all, approve together what has been on the screen.

import { get, of, post } from "/api.js";
import { boxShape, patterns } from "/boxes.js";
import { pending } from "/changing.js";
import { named } from "/decide.js";
import { confirm, open } from "/dialogs.js";
import { add, field, h, note, put, svg } from "/dom.js";
import { tidy } from "/hands.js";
import { button, use } from "/keys.js";
import { stateChip } from "/list.js";
import { pref, setPref } from "/prefs.js";
import { decided, refresh, store } from "/store.js";
import { count, percent, STATE_WORDS } from "/words.js";

const SIZES = [256, 384, 640];
/** An image counts as shown when more than half of it was on the screen for this long. */
const SHOWN_MS = 500;
const KINDS = { group: "Series", study: "Study", equipment: "Same equipment" };

const likeness = (row) => `${row.equipment} ${row.rows}×${row.cols}`;

class Grid {
  constructor(main, kind, id) {
    Object.assign(this, { main, kind, id, rows: [], cards: new Map(), chosen: new Set(), shown: new Map(), timers: new Map(), open: true });
    this.size = pref("cards", SIZES[1]);
    this.asked = pending.edit;
    pending.edit = null;
  }

  async start() {
    put(this.main, h("p", { class: "empty", role: "status" }, "Opening…"));
    try {
      await this.#fetch();
    } catch (failure) {
      put(this.main, h("p", { class: "empty" }, failure.message, " ", h("a", { href: "#/" }, "Back to the list")));
      return;
    }
    if (!this.open) return;
    document.title = `${KINDS[this.kind]} – unburn review`;
    this.head = h("div", { class: "filters" });
    this.field = h("ul", { class: "cards", "aria-label": "Images" });
    this.scroller = h("div", { class: "scroll", tabindex: "-1" }, this.field);
    this.failures = h("div", { class: "notices" });
    put(this.main, h("section", { class: "grid", "aria-label": `${KINDS[this.kind]} as a grid` }, this.head, this.failures, this.scroller));
    this.watch = new IntersectionObserver((seen) => seen.forEach((s) => this.#seen(s)), { root: this.scroller, threshold: [0, 0.55] });
    for (const row of this.rows) if (!decided(row)) this.chosen.add(row.id);
    this.#keys();
    this.draw();
    this.onStore = () => this.#changed();
    store.addEventListener("change", this.onStore);
    this.field.querySelector("a")?.focus({ preventScroll: true });
    if (this.asked) this.edit(this.asked);
  }

  /** Somebody decided or edited something: masks are fetched anew where a version moved. */
  async #changed() {
    const newer = this.rows.some((r) => (store.rows.get(r.id)?.version ?? r.version) !== r.version);
    if (newer) await this.#fetch().catch(() => {});
    else for (const row of this.rows) Object.assign(row, store.rows.get(row.id) ?? {});
    if (this.open) this.draw();
  }

  close() {
    this.open = false;
    this.watch?.disconnect();
    this.timers.forEach((t) => clearTimeout(t));
    if (this.onStore) store.removeEventListener("change", this.onStore);
  }

  async #fetch() {
    const answer = await get(`/api/files?${new URLSearchParams({ [this.kind]: this.id })}`);
    this.rows = answer.files.filter((r) => r[this.kind] === this.id).sort((a, b) => (a.name < b.name ? -1 : 1));
    if (!this.shown.size) for (const row of this.rows) if (row.seen) this.shown.set(row.id, row.version);
  }

  /** Whether an image was on the screen as it is now: after an edit, by whomever, it has to be seen again. */
  #wasShown(row) {
    return this.shown.get(row.id) === row.version;
  }

  #card(row) {
    const key = JSON.stringify([row, this.size, this.chosen.has(row.id), this.#wasShown(row)]);
    const old = this.cards.get(row.id);
    if (old?.key === key) return old.node;
    if (old) this.watch.unobserve(old.node);
    const tick = h("input", { type: "checkbox", checked: this.chosen.has(row.id), "aria-label": `Select ${row.name}`, tabindex: "-1", onchange: () => this.choose(row.id) });
    const path = `${of(row.id, "/thumb.png")}?masked=1&size=${this.size}&v=${row.version}`;
    const image = old?.path === path ? old.image : h("img", { src: path, alt: "", loading: "lazy", decoding: "async", draggable: "false" });
    if (old?.path !== path) image.addEventListener("load", () => this.#loaded(row.id));
    const shapes = [...(row.kept_rects ?? []).map((rect) => ({ rect, item: { action: "keep", reason: "" } })), ...(row.masks ?? []).map((rect) => ({ rect, item: { action: "mask", origin: "rule", reason: "header" } }))];
    const over = svg("svg", { viewBox: `0 0 ${row.cols} ${row.rows}`, preserveAspectRatio: "xMidYMid meet", "aria-hidden": "true" });
    // The pattern of lines keeps its size on the screen whatever the image's size is.
    const zoom = Math.max(row.cols, row.rows) / this.size;
    add(over, [patterns(`c-${row.id}`), svg("g", {}, shapes.map((s) => boxShape(`c-${row.id}`, s.item, s.rect, 2.5 * zoom)))]);
    over.querySelectorAll("pattern").forEach((p) => p.setAttribute("patternTransform", `scale(${zoom})`));
    const node = h("li", { class: `card ${this.chosen.has(row.id) ? "chosen" : ""} ${decided(row) ? "decided" : ""}`, "data-id": row.id },
      h("a", { href: `#/file/${row.id}`, "data-id": row.id, "aria-label": `${row.name}, ${STATE_WORDS[row.state]}, ${count(row.boxes, "box", "boxes")}${this.chosen.has(row.id) ? ", selected" : ""}` },
        h("div", { class: "frame", style: { aspectRatio: `${row.cols} / ${row.rows}`, maxHeight: `${this.size}px` } }, image, over)),
      h("div", { class: "caption" }, tick, h("bdi", { class: "grow", title: row.name }, row.name.split("/").at(-1)), stateChip(row)),
      h("div", { class: "caption sub" }, `${row.boxes} masked · ${percent(row.lowest_confidence)}`, row.frames > 1 ? ` · ${row.frames} frames` : "",
        h("span", { class: "grow" }), this.#wasShown(row) ? "shown" : "not shown yet"));
    this.cards.set(row.id, { key, node, path, image });
    this.watch.observe(node);
    return node;
  }

  draw() {
    const focus = document.activeElement?.dataset?.id;
    const nodes = this.rows.map((row) => this.#card(row));
    this.field.style.setProperty("--card", `${this.size}px`);
    if (nodes.length !== this.field.children.length || nodes.some((n, i) => n !== this.field.children[i])) {
      this.field.replaceChildren(...nodes);
      if (focus) this.cards.get(focus)?.node.querySelector("a")?.focus({ preventScroll: true });
    }
    const act = this.head.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const ready = this.rows.filter((r) => this.chosen.has(r.id) && this.#wasShown(r) && !decided(r)).length;
    const all = this.rows.filter((r) => this.chosen.has(r.id)).length;
    const unlike = new Set(this.rows.filter((r) => this.chosen.has(r.id)).map(likeness)).size;
    const size = h("select", { onchange: (e) => this.resize(Number(e.target.value)) }, SIZES.map((s, n) => h("option", { value: s }, ["small", "medium", "large"][n])));
    size.value = this.size;
    put(this.head, h("h1", {}, `${KINDS[this.kind]}: ${count(this.rows.length, "image")}`), h("span", { class: "hint", role: "status" },
      `${all} selected · ${this.rows.filter((r) => this.#wasShown(r)).length} shown · ${this.rows.filter(decided).length} decided`),
    h("span", { class: "grow" }), field("Pictures", size),
    button("select-all", all === this.rows.length ? "Select none" : "Select all", () => this.chooseAll(), {}),
    button("group-edit", "One edit for all…", () => this.edit(null), { disabled: all === 0, title: unlike > 1 ? "Images of several sizes or makes are selected: the edit applies to those like the first" : undefined, showKey: true }),
    button("group-approve", `Approve ${ready} together`, () => this.approve(), { class: "primary", disabled: ready === 0, showKey: true }));
    if (act) this.head.querySelector(`[data-act="${act}"]`)?.focus();
  }

  // --- shown ---

  #seen(entry) {
    const { id } = entry.target.dataset;
    entry.target.visible = entry.isIntersecting && entry.intersectionRatio > 0.5;
    clearTimeout(this.timers.get(id));
    if (entry.target.visible) this.#loaded(id);
  }

  /** A picture counts as shown when it is loaded and has stayed in sight. */
  #loaded(id) {
    const card = this.cards.get(id);
    const row = this.rows.find((r) => r.id === id);
    if (!row || this.#wasShown(row) || !card?.node.visible || !card.image.complete || !card.image.naturalWidth) return;
    clearTimeout(this.timers.get(id));
    this.timers.set(id, setTimeout(async () => {
      const now = this.cards.get(id);
      const { version } = row;
      if (!this.open || document.hidden || !now?.node.visible || now.image !== card.image) return;
      try {
        await post(of(id, "/shown"), { version });
        this.shown.set(id, version);
        this.draw();
      } catch {
        // Tried again when it is seen again.
      }
    }, SHOWN_MS));
  }

  // --- selecting ---

  choose(id) {
    if (!this.chosen.delete(id)) this.chosen.add(id);
    this.draw();
  }

  chooseAll() {
    const all = this.rows.every((r) => this.chosen.has(r.id));
    this.chosen = new Set(all ? [] : this.rows.map((r) => r.id));
    this.draw();
  }

  resize(size) {
    this.size = size;
    setPref("cards", size);
    this.draw();
  }

  #current() {
    return this.rows.find((r) => r.id === document.activeElement?.dataset?.id) ?? null;
  }

  #move(step) {
    const links = [...this.field.querySelectorAll("a")];
    const across = Math.max(1, getComputedStyle(this.field).gridTemplateColumns.split(" ").length);
    const at = links.indexOf(document.activeElement);
    const by = { left: -1, right: 1, up: -across, down: across }[step];
    const to = step === "first" ? 0 : step === "last" ? links.length - 1 : Math.min(Math.max(at + by, 0), links.length - 1);
    links[to]?.focus({ preventScroll: true });
    links[to]?.closest("li").scrollIntoView({ block: "nearest" });
  }

  // --- one edit for all ---

  async edit(asked) {
    const chosen = this.rows.filter((r) => this.chosen.has(r.id));
    const model = this.rows.find((r) => r.id === asked?.from) ?? this.#current() ?? chosen[0];
    if (!model || !chosen.length) return;
    const like = chosen.filter((r) => likeness(r) === likeness(model));
    let rect = asked?.rect ?? null;
    const inputs = Object.fromEntries(["x", "y", "w", "h"].map((n) => [n, h("input", { type: "number", min: 0, step: 1, required: true })]));
    const show = () => {
      for (const n of Object.keys(inputs)) inputs[n].value = rect ? rect[n] : "";
      put(drawn, rect ? boxShape("ge", { action: "mask", origin: "person", reason: "person" }, rect) : null);
    };
    const zoom = Math.max(model.cols, model.rows) / 640;
    const drawn = svg("g", {});
    const over = svg("svg", { viewBox: `0 0 ${model.cols} ${model.rows}`, "aria-hidden": "true" }, patterns("ge"), (model.masks ?? []).map((r) => boxShape("ge", { action: "mask", origin: "rule", reason: "header" }, r)), drawn);
    over.querySelectorAll("pattern").forEach((p) => p.setAttribute("patternTransform", `scale(${zoom})`));
    const pad = h("div", { class: "pad", style: { aspectRatio: `${model.cols} / ${model.rows}`, width: `min(100%, calc(56vh * ${model.cols / model.rows}))` } }, h("img", { src: `${of(model.id, "/thumb.png")}?masked=1&size=1024&v=${model.version}`, alt: "", draggable: "false" }), over);
    let from = null;
    const at = (e) => { const b = pad.getBoundingClientRect(); return { x: ((e.clientX - b.left) / b.width) * model.cols, y: ((e.clientY - b.top) / b.height) * model.rows }; };
    pad.addEventListener("pointerdown", (e) => { from = at(e); pad.setPointerCapture(e.pointerId); });
    pad.addEventListener("pointermove", (e) => { if (from) { const p = at(e); rect = tidy({ x: from.x, y: from.y, w: p.x - from.x, h: p.y - from.y }, { w: model.cols, h: model.rows }); show(); } });
    pad.addEventListener("pointerup", () => { from = null; });
    Object.values(inputs).forEach((i) => i.addEventListener("input", () => {
      const n = Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, Math.round(Number(v.value))]));
      if (n.w > 0 && n.h > 0 && n.x >= 0 && n.y >= 0 && n.x + n.w <= model.cols && n.y + n.h <= model.rows) { rect = n; put(drawn, boxShape("ge", { action: "mask", origin: "person", reason: "person" }, rect)); } else rect = null;
    }));
    const missing = h("p", { class: "said bad", role: "alert" });
    const outside = h("input", { type: "checkbox", id: "ge-outside" });
    show();
    const answer = await open("One edit for all", [
      h("p", {}, `Drag on the picture, or write the numbers. It applies to ${like.length} of ${chosen.length} selected images, on all their frames: those of the same size and equipment as ${model.name.split("/").at(-1)}.`,
        chosen.length > like.length ? " The others are left as they are." : "", " Take single images out by their tick before."),
      pad, h("div", { class: "row wrap" }, field("left", inputs.x, "num"), field("top", inputs.y, "num"), field("width", inputs.w, "num"), field("height", inputs.h, "num"),
        h("span", { class: "check" }, outside, h("label", { for: "ge-outside" }, "also everything outside the ultrasound regions"))), missing,
    ], { wide: true, buttons: [["cancel", "Cancel"], ["yes", `Mask on ${count(like.length, "image")}`, "primary"]], focus: inputs.x,
      check: () => { if (rect || outside.checked) return true; missing.textContent = "Draw a box first, inside the picture."; return false; } });
    if (answer !== "yes") return;
    const edits = [rect ? { op: "add", rect, frames: [0, model.frames - 1] } : null, outside.checked ? { op: "outside-regions" } : null].filter(Boolean);
    await this.#send("/api/group/edit", like, { edits }, (n) => `${count(n, "image")} changed.`);
  }

  async approve() {
    const ready = this.rows.filter((r) => this.chosen.has(r.id) && this.#wasShown(r) && !decided(r));
    if (!ready.length) return void note("Nothing to approve: select images that are not decided, and have each of them on the screen for a moment.", "bad");
    const left = this.rows.filter((r) => this.chosen.has(r.id) && !this.#wasShown(r)).length;
    const sure = await confirm("Approve together", [`${count(ready.length, "image")} will be written as shown, each checked after writing.`, left ? `${count(left, "selected image")} not shown yet: they stay as they are.` : ""].filter(Boolean), `Approve ${ready.length}`);
    if (!sure || !(await named())) return;
    note(`Writing and checking ${count(ready.length, "image")}…`, "info", [], 4);
    await this.#send("/api/group/approve", ready, {}, (n) => `${count(n, "image")} approved.`);
  }

  async #send(path, rows, more, words) {
    try {
      const answer = await post(path, { files: rows.map((r) => ({ id: r.id, version: r.version })), ...more });
      const good = (answer.applied ?? answer.approved ?? []).length;
      note(words(good), answer.refused.length ? "warn" : "good");
      const name = (id) => this.rows.find((r) => r.id === id)?.name ?? id;
      put(this.failures, answer.refused.length ? h("div", { class: "notice bad", role: "alert" }, h("p", {}, `${count(answer.refused.length, "image")} left as they were:`),
        h("ul", {}, answer.refused.map((r) => h("li", {}, h("a", { href: `#/file/${r.id}` }, h("bdi", {}, name(r.id))), `: ${r.error}`)))) : null);
    } catch (failure) {
      note(failure.message, "bad");
    }
    await this.#fetch().catch(() => {});
    await refresh().catch(() => {});
    if (this.open) this.draw();
  }

  #keys() {
    use("grid", {
      "card-left": () => this.#move("left"), "card-right": () => this.#move("right"), "card-up": () => this.#move("up"), "card-down": () => this.#move("down"),
      "card-first": () => this.#move("first"), "card-last": () => this.#move("last"),
      "card-toggle": () => { const row = this.#current(); if (row) this.choose(row.id); },
      "select-all": () => this.chooseAll(), "group-edit": () => this.edit(null), "group-approve": () => this.approve(),
      "card-size": () => this.resize(SIZES[(SIZES.indexOf(this.size) + 1) % SIZES.length]),
    });
  }
}

/** Shows a group of files in `main`; `kind`: group, study or equipment. Gives what ends it. */
export function showGrid(main, kind, id) {
  const grid = new Grid(main, kind, id);
  grid.start();
  return () => grid.close();
}
