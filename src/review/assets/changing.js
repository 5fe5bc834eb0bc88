// Findings chosen and changed: every edit goes to the server at once, and can be undone.

import { get, of } from "/api.js";
import { askText } from "/dialogs.js";
import { note } from "/dom.js";
import { tidy } from "/hands.js";
import { Looking } from "/looking.js";
import { keep } from "/store.js";
import { editable, reason } from "/words.js";

const NUDGE_MS = 500;

/** A box that waits to be used on other images: `{rect, from}`. The grid takes it. */
export const pending = { edit: null };

/** The changing half of the viewer. Told by what extends it: `edits`, `draw()`. */
export class Changing extends Looking {
  constructor(id) {
    super(id);
    this.selected = null;
    /** Frames of new boxes: `all` or `one`. */
    this.newScope = "all";
    this.nudged = null;
  }

  /** Items that the picture shows now: masks first, from top to bottom. */
  shown() {
    const here = (i) => this.frame === null || (i.frames[0] <= this.frame && this.frame <= i.frames[1]);
    const rank = { mask: 0, keep: 1, weak: 2 };
    return this.file.items.filter((i) => here(i) && (this.weak || i.action !== "weak"))
      .sort((a, b) => rank[a.action] - rank[b.action] || a.rect.y - b.rect.y || a.rect.x - b.rect.x || a.frames[0] - b.frames[0]);
  }

  // --- findings ---

  select(id) {
    this.flush();
    this.selected = id;
    const item = this.file.items.find((i) => i.id === id);
    if (item) {
      if (item.action === "weak" && !this.weak) this.weak = true;
      if (this.frame !== null && (this.frame < item.frames[0] || this.frame > item.frames[1])) this.toFrame(item.frames[0]);
      this.picture.reveal(item.rect);
    }
    this.drawBoxes();
    this.items.draw();
  }

  stepItem(step) {
    const rows = this.shown();
    if (!rows.length) return;
    const at = rows.findIndex((i) => i.id === this.selected);
    this.select(rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : (at + step + rows.length) % rows.length].id);
  }

  get item() {
    return this.file.items.find((i) => i.id === this.selected) ?? null;
  }

  withItem(act) {
    if (this.item) act(this.item);
    else this.say("Choose a finding first (, and . step through them)");
  }

  async set(item, action) {
    if (item.action === action) return;
    let why;
    if (action === "keep" && item.header_rule) {
      why = await askText("Keep text that matches the header?", `A rule (${reason(item.reason)}) masks it because it matches this object's header. Say why it may stay.`, "Reason",
        { yes: "Keep it", kind: "danger", common: ["Not an identity here", "Name of a device or protocol", "Needed to read the image"] });
      if (why === null) return;
    }
    await this.sendEdits([{ op: "set", item: item.id, action, ...(why ? { why } : {}) }], `${action} ${reason(item.reason)}`);
  }

  change(item, more) {
    const say = more.frames ? `frames ${more.frames[0] + 1}–${more.frames[1] + 1} for ${reason(item.reason)}` : `new place for ${reason(item.reason)}`;
    return this.sendEdits([{ op: "change", item: item.id, ...more }], say, more.rect ?? item.rect);
  }

  remove(item) {
    if (item.origin === "person") return this.sendEdits([{ op: "delete", item: item.id }], "delete a drawn box");
    if (item.action === "mask") return this.set(item, "keep");
    return undefined;
  }

  band(item) {
    return this.sendEdits([{ op: "band", item: item.id }], `whole band at ${reason(item.reason)}`);
  }

  outside() {
    if (!this.file.regions.length) return this.say("This image has no ultrasound regions", "bad");
    return this.sendEdits([{ op: "outside-regions" }], "mask outside the ultrasound regions");
  }

  drawn(rect) {
    const last = this.frameCount - 1;
    const span = this.newScope === "one" && this.frame !== null ? [this.frame, this.frame] : [0, last];
    this.boxes.set({ draft: rect, selected: null });
    return this.sendEdits([{ op: "add", rect, frames: span }], `box ${rect.w}×${rect.h} at ${rect.x}, ${rect.y}`, rect);
  }

  changed(item, rect) {
    return this.change(item, { rect });
  }

  newBox() {
    const a = this.picture.toImage(0, 0);
    const b = this.picture.toImage(this.picture.w, this.picture.h);
    const { w, h: high } = this.picture.size;
    const [x0, y0, x1, y1] = [Math.max(a.x, 0), Math.max(a.y, 0), Math.min(b.x, w), Math.min(b.y, high)];
    const size = { w: Math.max((x1 - x0) / 5, 8), h: Math.max((y1 - y0) / 12, 8) };
    return this.drawn(tidy({ x: (x0 + x1 - size.w) / 2, y: (y0 + y1 - size.h) / 2, ...size }, this.picture.size));
  }

  /** Keyboard moves are gathered and become one edit. */
  nudge(event, dx, dy, dw, dh) {
    this.withItem((item) => {
      const step = event.repeat ? 8 : 1;
      const r = this.nudged?.id === item.id ? this.nudged.rect : editable(item);
      const { w, h: high } = this.picture.size;
      const rect = { x: r.x + dx * step, y: r.y + dy * step, w: r.w + dw * step, h: r.h + dh * step };
      rect.w = Math.min(Math.max(rect.w, 1), w);
      rect.h = Math.min(Math.max(rect.h, 1), high);
      rect.x = Math.min(Math.max(rect.x, 0), w - rect.w);
      rect.y = Math.min(Math.max(rect.y, 0), high - rect.h);
      this.nudged = { id: item.id, rect };
      this.boxes.set({ draft: rect });
      clearTimeout(this.nudgeTimer);
      this.nudgeTimer = setTimeout(() => this.flush(), NUDGE_MS);
    });
  }

  /** Sends what keyboard moves have gathered; gives when all edits are through. */
  flush() {
    clearTimeout(this.nudgeTimer);
    const { nudged } = this;
    this.nudged = null;
    const item = nudged && this.file?.items.find((i) => i.id === nudged.id);
    if (item) this.change(item, { rect: nudged.rect });
    return this.edits?.settled() ?? Promise.resolve();
  }

  async readText(item) {
    if (this.items.text?.id === item.id) {
      this.items.text = null;
      return this.items.draw();
    }
    try {
      const { text } = await get(of(this.id, `/items/${encodeURIComponent(item.id)}/text`));
      if (this.selected === item.id) this.items.showText(item, text);
    } catch (failure) {
      this.say(failure.message, "bad");
    }
    return undefined;
  }

  like(item) {
    pending.edit = { rect: editable(item), from: this.id };
    location.hash = `#/grid/group/${this.row.group}`;
  }

  // --- edits ---

  sendEdits(edits, say, rect = null) {
    if (this.hollow) {
      this.boxes.set({ draft: null });
      return this.say("There is no plan for this file: nothing can be changed in it", "bad");
    }
    const known = new Set(this.file.items.map((i) => i.id));
    return this.edits.send({ path: "edit", body: { edits }, say, known, rect });
  }

  undo(path) {
    this.flush();
    return this.edits.send({ path, body: {}, say: path });
  }

  /** A newer state of the file, after an edit (`op`) or a reload. */
  took(file, op) {
    const before = this.file;
    this.file = file;
    this.row = file.row;
    keep(file.row);
    if (op?.known) {
      const fresh = file.items.filter((i) => !op.known.has(i.id) && i.action !== "weak");
      if (fresh.length) this.selected = fresh.at(-1).id;
    }
    if (!file.items.some((i) => i.id === this.selected)) {
      const same = op?.rect && file.items.find((i) => i.rect.x === op.rect.x && i.rect.y === op.rect.y && i.rect.w === op.rect.w);
      this.selected = same?.id ?? null;
    }
    if (!this.open) return;
    if (op?.path === "undo" || op?.path === "redo") {
      const last = file.history.at(-1);
      this.say(op.path === "undo" ? "Undone" : "Done again");
      if (last && before.version === file.version) this.say("Nothing to undo");
    }
    this.draw();
    this.render();
  }

  async reload() {
    if (this.hollow) {
      this.file.version = this.row.version;
      return this.draw();
    }
    try {
      this.took(await get(of(this.id)), null);
    } catch (failure) {
      this.say(failure.message, "bad");
    }
    return undefined;
  }

  async refused(op, failure) {
    this.boxes.set({ draft: null, selected: this.selected });
    if (failure.code === "reason-required" && op.body.edits?.length === 1) {
      const why = await askText("Why may it stay?", failure.message, "Reason", { yes: "Keep it", kind: "danger" });
      if (why !== null) this.edits.send({ ...op, body: { edits: [{ ...op.body.edits[0], why }] } });
      return;
    }
    note(`Not done (${op.say}): ${failure.message}`, "bad");
    this.draw();
  }

  cancel() {
    if (this.hands.cancel()) return;
    if (this.nudged) {
      clearTimeout(this.nudgeTimer);
      this.nudged = null;
    } else if (this.items.text) this.items.text = null;
    else if (document.activeElement !== this.stage) this.stage.focus({ preventScroll: true });
    else this.selected = null;
    this.drawBoxes();
    this.items.draw();
  }
}
