// What is shown of a file and how: frame, view, window, original or result; fetches the pictures and those that come next.

import { of, post } from "/api.js";
import { note, put } from "/dom.js";
import { Frames, windowFilter } from "/picture.js";
import { CT_WINDOWS } from "/words.js";

/** Frames of all files that were opened. */
export const frames = new Frames();
/** Which neighbours are fetched before they are asked for, in the direction of travel. */
const AHEAD = [1, 2, -1, 3, 4, -2];
const WINDOW_MS = 120;
/** Pictures with more pixels than this take a moment: a small one is asked for at once, for others only if they are late. */
const LARGE_PIXELS = 1.5e6;
const PREVIEW_AFTER_MS = 60;
const PREVIEW_SIDE = 1024;
export const LABEL_WORDS = ["hidden", "no labels", "labels"];

/** The looking half of the viewer. It is told by what extends it: `file`, `picture`, `boxes`, `hands`, `items`, `stage`, `trouble`,
 *  and `drawBoxes()`, `drawTools()`, `drawNotices()`, `drawWhere()`. */
export class Looking {
  constructor(id) {
    this.id = id;
    this.open = true;
    this.started = performance.now();
    /** Null is the projection over all frames. */
    this.frame = null;
    /** A view that the detector searched; null is the default one. */
    this.view = null;
    /** `{center, width}`; null is that of the file. */
    this.window = null;
    this.madeWith = null;
    this.stretch = false;
    this.invert = false;
    this.original = false;
    this.split = null;
    this.weak = false;
    /** Whether there is no plan. */
    this.hollow = false;
    this.turn = 0;
    this.direction = 1;
  }

  get frameCount() {
    return this.file?.image.frames ?? 1;
  }

  get windowable() {
    return !this.file.image.colour && (this.file.image.bits > 8 || this.file.image.window !== null);
  }

  /** Masks of the frame as a key: a picture made with the same masks is not fetched again. */
  masks(frame) {
    const rects = this.file.items.filter((i) => i.action === "mask" && (frame === null || (i.frames[0] <= frame && frame <= i.frames[1])))
      .map(({ rect: r, frames: f }) => `${r.x},${r.y},${r.w},${r.h}${frame === null ? `,${f[0]},${f[1]}` : ""}`);
    let sum = 5381;
    for (const c of rects.sort().join(";")) sum = ((sum * 33) ^ c.charCodeAt(0)) >>> 0;
    return sum.toString(36);
  }

  pathOf(side, frame) {
    const query = new URLSearchParams({ side });
    if (frame !== null) {
      if (this.view) query.set("view", this.view);
      else if (this.window) {
        query.set("center", String(this.window.center));
        query.set("width", String(this.window.width));
      }
    }
    if (this.stretch) query.set("stretch", "1");
    if (side === "masked") query.set("v", this.masks(frame));
    return of(this.id, `${frame === null ? "/projection.png" : `/frame/${frame}.png`}?${query}`);
  }

  /** Shows what is asked for: at once if it is here, else when it comes, unless something else is wanted by then. */
  async render() {
    const turn = ++this.turn;
    const window = this.window;
    const wanted = { result: !this.original || this.split !== null ? this.pathOf("masked", this.frame) : null, original: this.original || this.split !== null ? this.pathOf("original", this.frame) : null };
    this.asked ??= performance.now();
    const paths = Object.values(wanted).filter(Boolean);
    const ahead = this.ahead();
    if (!paths.every((p) => frames.get(p))) {
      frames.only(new Set([...paths, ...ahead]));
      this.stage.setAttribute("aria-busy", "true");
      if (!this.painted && !this.hollow) this.preview(turn);
      try {
        await Promise.all(paths.map((p) => frames.load(p, p)));
      } catch (failure) {
        if (turn !== this.turn || failure.name === "AbortError") return;
        this.asked = null;
        this.trouble.hidden = false;
        put(this.trouble, failure.code === "offline" ? "The program does not answer." : failure.code === "cannot-be-shown" ? "There is no picture of this file." : `There is no picture: ${failure.message}.`);
        this.picture.show({ result: null, original: null });
        return;
      }
      if (turn !== this.turn) return;
    }
    this.stage.removeAttribute("aria-busy");
    this.trouble.hidden = true;
    this.madeWith = this.view ? null : (this.frame === null ? null : window) ?? this.file.image.window;
    this.measure = this.asked;
    this.asked = null;
    this.picture.show({
      result: wanted.result ? frames.get(wanted.result) : null, original: wanted.original ? frames.get(wanted.original) : null,
      split: this.split, filter: this.filterNow(),
    });
    if (this.split === null && this.original) this.picture.show({ result: null });
    this.prefetch(turn, ahead);
  }

  /** A large picture takes a moment: until it is there a small one of it stands in its place, masks and all. */
  async preview(turn) {
    const { rows, cols } = this.file.image;
    if (rows * cols <= LARGE_PIXELS) await new Promise((done) => setTimeout(done, PREVIEW_AFTER_MS));
    const wanted = () => this.open && !this.painted && turn === this.turn;
    if (!wanted()) return;
    const path = of(this.id, `/thumb.png?masked=${this.original ? 0 : 1}&size=${PREVIEW_SIDE}&v=${this.masks(null)}`);
    const small = await frames.load(path, path).catch(() => null);
    if (!small || !wanted()) return;
    this.picture.show({ result: small });
    performance.measure("unburn-preview", { start: this.started, end: performance.now() });
  }

  filterNow() {
    const live = this.view ? "" : windowFilter(this.madeWith, this.window ?? this.file.image.window);
    return `${live}${this.invert ? " invert(1)" : ""}`.trim();
  }

  ahead() {
    if (this.hollow) return [];
    if (this.frame === null) return this.frameCount > 1 ? [this.pathOf("masked", 0), this.pathOf("masked", 1), this.pathOf("original", null)] : [];
    const side = this.original ? "original" : "masked";
    const near = this.frameCount > 1 ? AHEAD.map((d) => this.frame + d * this.direction).filter((n) => n >= 0 && n < this.frameCount).map((n) => this.pathOf(side, n)) : [];
    return [...near, this.pathOf(this.original ? "masked" : "original", this.frame)];
  }

  async prefetch(turn, paths) {
    const rest = [...paths];
    const worker = async () => {
      while (rest.length && turn === this.turn && this.open) {
        const path = rest.shift();
        try {
          await frames.load(path, path);
        } catch {
          return;
        }
      }
    };
    await Promise.all([worker(), worker()]);
  }

  measured() {
    if (!this.measure) return;
    const first = !this.painted;
    performance.measure(first ? "unburn-first-paint" : "unburn-next-picture", { start: first ? this.started : this.measure, end: performance.now() });
    this.painted = true;
    this.measure = null;
    this.stage.dataset.shown = this.frame === null ? "all" : String(this.frame);
  }

  // --- looking ---

  toFrame(frame) {
    if (frame === this.frame) return;
    if (frame !== null) {
      this.direction = frame >= (this.frame ?? -1) ? 1 : -1;
      if (this.view && this.frame === null) this.view = null;
    }
    this.frame = frame;
    this.render();
    if (this.selected && !this.shown().some((i) => i.id === this.selected)) this.selected = null;
    this.drawBoxes();
    this.items.draw();
  }

  stepFrames(step) {
    if (this.frameCount < 2) return;
    const to = this.frame === null ? (step > 0 ? 0 : this.frameCount - 1) : Math.min(Math.max(this.frame + step, 0), this.frameCount - 1);
    this.toFrame(to);
  }

  setOriginal(on) {
    if (this.original === on || this.hollow) return;
    this.original = on;
    this.render();
    this.drawBoxes();
    this.drawTools();
  }

  toggleSplit() {
    if (this.hollow) return;
    this.split = this.split === null ? 0.5 : null;
    this.original = false;
    this.render();
    this.drawBoxes();
    this.drawTools();
  }

  setSplit(part) {
    this.split = Math.min(Math.max(part, 0), 1);
    this.picture.show({ split: this.split });
    this.drawBoxes();
  }

  cycleLabels() {
    this.boxes.mode = (this.boxes.mode + 2) % 3;
    this.drawBoxes();
    this.drawTools();
    this.say(`Boxes: ${LABEL_WORDS[this.boxes.mode]}`);
  }

  toggle(name) {
    this[name] = !this[name];
    if (name === "invert") this.picture.show({ filter: this.filterNow() });
    if (name === "stretch") this.render();
    if (name === "weak") {
      this.items.draw();
      const weak = this.file.items.filter((i) => i.action === "weak").length;
      if (this.weak) this.say(weak ? `${weak} weak candidates are shown` : "There are no weak candidates");
    }
    this.drawBoxes();
    this.drawTools();
  }

  zoom(factor) {
    this.picture.zoomAt(factor, this.picture.w / 2, this.picture.h / 2);
  }

  /** Shows a view that the detector searched (null: the default one) and says so to the server. */
  openView(id) {
    this.view = id;
    if (this.frame === null && id) {
      const found = this.file.items.find((i) => i.view === id);
      this.frame = found ? found.frames[0] : 0;
    }
    this.window = null;
    this.render();
    if (id) {
      const was = this.file.unopened.includes(id);
      this.file.unopened = this.file.unopened.filter((v) => v !== id);
      post(of(this.id, `/view/${encodeURIComponent(id)}`), {}).catch((failure) => {
        if (was) this.file.unopened.push(id);
        note(failure.message, "bad");
        this.drawNotices();
      });
      this.say(`View: ${this.file.views.find((v) => v.id === id)?.label ?? id}`);
    }
    this.items.draw();
    this.drawBoxes();
    this.drawTools();
    this.drawNotices();
  }

  stepView(step) {
    const ids = [null, ...this.file.views.map((v) => v.id)];
    if (ids.length < 2) return;
    this.openView(ids[(ids.indexOf(this.view) + step + ids.length) % ids.length]);
  }

  presets() {
    const own = this.file.image.windows ?? [];
    const usual = this.row.modality === "CT" && this.windowable ? CT_WINDOWS : [];
    return [...own, ...usual].slice(0, 5);
  }

  preset(n) {
    const found = this.presets()[n];
    if (!found || !this.windowable) return;
    this.window = { center: found.center, width: found.width };
    this.view = null;
    this.render();
    this.drawBoxes();
    this.drawTools();
    this.say(`Window ${found.name ?? ""} ${Math.round(found.center)} / ${Math.round(found.width)}`);
  }

  windowed(dx, dy) {
    const from = this.window ?? this.file.image.window ?? { center: 2 ** (this.file.image.bits - 1), width: 2 ** this.file.image.bits };
    const step = Math.max(from.width, 20) / 250;
    this.window = { center: from.center + dy * step, width: Math.max(from.width + dx * step, 1) };
    if (this.view) {
      this.view = null;
      this.madeWith = null;
    }
    this.picture.show({ filter: this.filterNow() });
    this.drawWhere();
    clearTimeout(this.windowTimer);
    this.windowTimer = setTimeout(() => this.render(), WINDOW_MS);
  }

  windowDone() {
    clearTimeout(this.windowTimer);
    this.window = { center: Math.round(this.window.center * 10) / 10, width: Math.round(this.window.width * 10) / 10 };
    this.render();
    this.drawTools();
  }

  say(text, kind = "info") {
    note(text, kind, [], kind === "bad" ? 6 : 2);
  }

}
