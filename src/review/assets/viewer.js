// One file: the picture as it will be written, its boxes, and what can be done with them.

import { get, of } from "/api.js";
import { Boxes } from "/boxes.js";
import { Changing } from "/changing.js";
import { Decide } from "/decide.js";
import { add, h, note, put } from "/dom.js";
import { Edits } from "/edits.js";
import { Hands } from "/hands.js";
import { history, Items } from "/items.js";
import { button, use } from "/keys.js";
import { about, outcomeChip, stateChip } from "/list.js";
import { frames } from "/looking.js";
import { Picture } from "/picture.js";
import { pref, setPref } from "/prefs.js";
import { keep, listed, neighbour, nextOpen, store } from "/store.js";
import { Tools } from "/tools.js";
import { reason } from "/words.js";

/** What stands in for a file without a plan (quarantined or failed before there was one): it can be looked at as it is, flagged and rejected. */
const hollow = (row) => ({
  row, version: row.version, views: [], regions: [], items: [], history: [], carriers: [], unopened: [], held: [], can_undo: false, can_redo: false, template: null,
  image: { rows: row.rows || 1, cols: row.cols || 1, frames: Math.max(row.frames, 1), bits: 8, colour: true, window: null, windows: [] },
});

class Viewer extends Changing {
  constructor(main, id) {
    super(id);
    this.main = main;
    /** What dragging does: `box`, `pan` or `window`. */
    this.tool = pref("tool", "box");
  }

  // --- opening ---

  async start() {
    const wait = h("p", { class: "empty", role: "status" }, "Opening…");
    put(this.main, wait);
    use("viewer", { "file-previous": () => this.goto(-1), "file-next": () => this.goto(1) });
    const next = nextOpen(this.id);
    while (this.open) {
      try {
        // The server makes ready what will be opened next.
        this.file = await get(of(this.id, next ? `?next=${next}` : ""));
        break;
      } catch (failure) {
        if (!this.open) return;
        if (failure.status === 422 && store.rows.has(this.id)) {
          this.hollow = true;
          this.original = true;
          this.file = hollow(store.rows.get(this.id));
          break;
        }
        if (failure.code !== "planning") {
          put(wait, failure.status === 404 ? "There is no such file." : `This file cannot be opened: ${failure.message}.`, " ", h("a", { href: "#/" }, "Back to the list"));
          if (failure.code !== "offline") return;
        } else put(wait, "This file is being searched…");
        await new Promise((done) => setTimeout(done, 300));
      }
    }
    if (!this.open) return;
    this.row = this.file.row;
    keep(this.row);
    this.frame = this.frameCount > 1 && !this.hollow ? null : 0;
    this.edits = new Edits(this.id, {
      version: () => this.file.version,
      took: (file, op) => this.took(file, op),
      refused: (op, failure) => this.refused(op, failure),
      stuck: () => this.drawNotices(),
    });
    this.#build();
    this.render();
  }

  #build() {
    document.title = `${this.row.name} – unburn review`;
    this.bar = h("div", { class: "filebar" });
    this.stage = h("div", { class: "stage", tabindex: "0", role: "region", "aria-label": "Picture", "aria-describedby": "where" });
    this.picture = new Picture(this.stage);
    this.boxes = new Boxes(this.stage, this.picture);
    this.trouble = h("div", { class: "trouble", role: "alert", hidden: true });
    add(this.stage, this.trouble);
    this.hands = new Hands(this.stage, this);
    this.picture.addEventListener("view", () => { this.hands.place(); this.drawWhere(); });
    this.picture.addEventListener("painted", () => this.measured());
    this.tools = new Tools(this);
    this.items = new Items(this);
    this.decide = new Decide(this);
    this.noticed = h("div", { class: "notices" });
    this.extras = h("div", { class: "extras" });
    put(this.main, h("section", { class: "viewer", "aria-label": "Review of one file" }, this.bar,
      h("div", { class: "desk" }, this.tools.bar, this.stage, this.tools.frames, this.tools.info),
      h("aside", { class: "side", "aria-label": "Findings and decision" }, this.noticed, this.items.node, h("div", { class: "under", tabindex: "0", role: "region", "aria-label": "Selected finding and history" }, this.items.details, this.extras), this.decide.node)));
    this.picture.setSize(this.file.image.cols, this.file.image.rows);
    this.#keys();
    this.draw();
    this.stage.focus({ preventScroll: true });
    this.onStore = () => this.drawTop();
    store.addEventListener("change", this.onStore);
  }

  close() {
    this.flush();
    this.open = false;
    this.turn += 1;
    frames.only(new Set());
    if (this.onStore) store.removeEventListener("change", this.onStore);
    this.picture?.close();
    this.edits?.close();
  }

  goto(step) {
    const id = neighbour(this.id, step);
    if (id) location.hash = `#/file/${id}`;
    else note(step > 0 ? "This is the last file of the list." : "This is the first file of the list.");
  }

  drawTools() {
    this.tools.draw();
  }

  drawWhere() {
    this.tools.drawWhere();
  }

  pointerAt(at) {
    this.tools.pointerAt(at);
  }

  setTool(tool) {
    if (tool === "window" && !this.windowable) return;
    this.tool = tool;
    setPref("tool", tool === "box" ? undefined : tool);
    this.drawTools();
  }

  // --- what is drawn ---

  /** Everything beside the pixels. */
  draw() {
    this.drawTop();
    this.drawTools();
    this.drawBoxes();
    this.items.draw();
    this.decide.draw();
    this.drawNotices();
    const carriers = this.file.carriers;
    const open = this.extras.querySelector("details.history")?.open;
    put(this.extras,
      h("div", { class: "row wrap tools" },
        this.file.regions.length ? button("outside", "Mask outside the regions", () => this.outside(), {}) : null,
        h("button", { type: "button", onclick: () => this.decide.template(), title: "Later files of the same equipment and size get these boxes too" }, "Remember for this equipment…")),
      this.file.template ? h("p", { class: "hint" }, `Template of this equipment: ${this.file.template.name}`) : null,
      carriers.length ? h("p", { class: "hint" }, "Also: ", carriers.map((c) => `${c.kind.replace(/-/g, " ")} ${c.action}${c.count > 1 ? ` (${c.count})` : ""}`).join(", ")) : null,
      history(this.file));
    if (open) this.extras.querySelector("details.history").open = true;
  }

  drawTop() {
    const rows = listed();
    const at = rows.findIndex((r) => r.id === this.id);
    this.row = store.rows.get(this.id) ?? this.row;
    put(this.bar, button("file-previous", "‹ Previous", () => this.goto(-1), { disabled: at === 0 }), button("file-next", "Next ›", () => this.goto(1), { disabled: at >= 0 && at === rows.length - 1 }),
      h("h1", { title: this.row.name }, h("bdi", {}, this.row.name)), outcomeChip(this.row), stateChip(this.row),
      h("span", { class: "hint grow" }, about(this.row)),
      at >= 0 ? h("span", { class: "hint" }, `${at + 1} of ${rows.length} in the list`) : null,
      this.row.group ? button("grid", "Series grid", () => { location.hash = `#/grid/group/${this.row.group}`; }) : null);
  }

  drawBoxes() {
    this.boxes.set({ items: this.shown(), selected: this.selected, draft: this.nudged?.rect ?? null, mode: this.boxes.mode, veilFrom: this.original ? null : this.split === null ? 0 : this.split * this.picture.w, regions: this.selected === null && this.weak ? this.file.regions : [] });
    this.tools.drawSide();
    this.stage.classList.toggle("is-original", this.original);
    this.hands.place();
    this.drawWhere();
  }

  drawNotices() {
    if (!this.noticed) return;
    const { held, unopened, views } = this.file;
    const names = views.filter((w) => unopened.includes(w.id)).map((w) => w.label);
    const open = this.edits?.conflicts ?? [];
    put(this.noticed,
      this.hollow ? h("div", { class: "notice bad" }, h("p", {}, h("b", {}, "There is no plan for this file"), `: it can be flagged or rejected, not corrected or approved.`)) : null,
      open.map((c) => h("div", { class: "notice bad", role: "alert" },
        h("p", {}, `Somebody else changed this file meanwhile${c.what ? ` (${c.who ?? "somebody"}: ${c.what})` : ""}. Their version is shown now. Not applied: ${c.op.say}.`),
        h("div", { class: "row" }, h("button", { type: "button", class: "primary", onclick: () => this.edits.again(c) }, "Apply again"), h("button", { type: "button", onclick: () => this.edits.drop(c) }, "Drop it")))),
      this.edits?.unsent.length ? h("div", { class: "notice bad", role: "alert" }, h("p", {}, `Waiting for the program: ${this.edits.unsent.map((o) => o.say).join("; ")}. Sent by itself when it answers.`)) : null,
      held.length || this.row.reason ? h("div", { class: "notice warn" }, h("p", {}, h("b", {}, "Why it needs a look: "), [...new Set([...held, this.row.reason].filter(Boolean))].map(reason).join(", "), this.row.explain ? `. ${this.row.explain}` : "")) : null,
      names.length ? h("div", { class: "notice warn" }, h("p", {}, `Findings show only in: ${names.join(", ")}.`), h("div", { class: "row" }, h("button", { type: "button", onclick: () => this.openView(unopened[0]) }, "Look"))) : null,
      this.row.comment ? h("div", { class: "notice" }, h("p", {}, h("b", {}, "Comment: "), this.row.comment)) : null);
  }

  #keys() {
    const last = this.frameCount - 1;
    const sizes = { "move-left": [-1, 0, 0, 0], "move-right": [1, 0, 0, 0], "move-up": [0, -1, 0, 0], "move-down": [0, 1, 0, 0], narrower: [0, 0, -1, 0], wider: [0, 0, 1, 0], lower: [0, 0, 0, -1], higher: [0, 0, 0, 1] };
    use("viewer", {
      approve: () => this.decide.approve(), flag: () => this.decide.say("flag"), reject: () => this.decide.say("reject"),
      reopen: () => { if (!this.decide.reopen.hidden) this.decide.send("reopen"); },
      "file-previous": () => this.goto(-1), "file-next": () => this.goto(1),
      "frame-previous": () => this.stepFrames(-1), "frame-next": () => this.stepFrames(1),
      "frame-first": () => this.frameCount > 1 && this.toFrame(0), "frame-last": () => this.frameCount > 1 && this.toFrame(last),
      projection: () => this.frameCount > 1 && this.toFrame(this.frame === null ? 0 : null),
      grid: () => { if (this.row.group) location.hash = `#/grid/group/${this.row.group}`; },
      "original-hold": { down: () => this.setOriginal(true), up: () => this.setOriginal(false) },
      original: () => this.setOriginal(!this.original), split: () => this.toggleSplit(),
      "split-left": () => this.split !== null && this.setSplit(this.split - 0.05), "split-right": () => this.split !== null && this.setSplit(this.split + 0.05),
      labels: () => this.cycleLabels(), weak: () => this.toggle("weak"),
      "view-next": () => this.stepView(1), "view-previous": () => this.stepView(-1),
      stretch: () => this.toggle("stretch"), invert: () => this.toggle("invert"),
      ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`window-${n}`, () => this.preset(n - 1)])),
      "zoom-in": () => this.zoom(1.25), "zoom-out": () => this.zoom(0.8), fit: () => this.picture.fit(), actual: () => this.picture.actual(),
      "tool-box": () => this.setTool("box"), "tool-pan": () => this.setTool("pan"), "tool-window": () => this.setTool("window"),
      "item-previous": () => this.stepItem(-1), "item-next": () => this.stepItem(1),
      toggle: () => this.withItem((i) => this.set(i, i.action === "mask" ? "keep" : "mask")),
      mask: () => this.withItem((i) => this.set(i, "mask")), keep: () => this.withItem((i) => this.set(i, "keep")),
      "new-box": () => this.newBox(), delete: () => this.withItem((i) => this.remove(i)),
      fields: () => this.withItem(() => this.items.details.querySelector("input[type=number]")?.select()),
      read: () => this.withItem((i) => this.readText(i)), band: () => this.withItem((i) => this.band(i)), outside: () => this.outside(),
      like: () => this.withItem((i) => this.row.group && this.like(i)),
      ...Object.fromEntries(Object.entries(sizes).map(([id, by]) => [id, (event) => this.nudge(event, ...by)])),
      undo: () => this.undo("undo"), redo: () => this.undo("redo"),
      cancel: () => this.cancel(),
    });
  }
}

/** Shows a file in `main`; gives what ends it. */
export function showViewer(main, id) {
  const viewer = new Viewer(main, id);
  viewer.start();
  return () => viewer.close();
}
