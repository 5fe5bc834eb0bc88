// Pixels on a canvas: a cache of decoded frames, and the picture with zoom, pan, window, split. Knows nothing of boxes.

import { blob } from "/api.js";
import { h } from "/dom.js";

const BUDGET_BYTES = 512 * 1024 * 1024;

/** Decoded frames by key, the least used ones dropped. */
export class Frames {
  #ready = new Map();
  #coming = new Map();
  #bytes = 0;

  /** The picture if it is here. */
  get(key) {
    const found = this.#ready.get(key);
    if (found) {
      this.#ready.delete(key);
      this.#ready.set(key, found);
    }
    return found;
  }

  /** Fetches a picture unless it is here or under way. */
  async load(key, path) {
    const found = this.get(key);
    if (found) return found;
    let entry = this.#coming.get(key);
    if (!entry) {
      const stop = new AbortController();
      const coming = (async () => {
        try {
          const bitmap = await createImageBitmap(await blob(path, stop.signal));
          this.#keep(key, bitmap);
          return bitmap;
        } finally {
          this.#coming.delete(key);
        }
      })();
      entry = { coming, stop };
      this.#coming.set(key, entry);
    }
    return entry.coming;
  }

  /** Gives up what is under way and not among these keys. */
  only(keys) {
    for (const [key, entry] of this.#coming) if (!keys.has(key)) entry.stop.abort();
  }

  /** Forgets everything. */
  clear() {
    this.only(new Set());
    for (const bitmap of this.#ready.values()) bitmap.close();
    this.#ready.clear();
    this.#bytes = 0;
  }

  #keep(key, bitmap) {
    this.#ready.set(key, bitmap);
    this.#bytes += bitmap.width * bitmap.height * 4;
    for (const [old, gone] of this.#ready) {
      if (this.#bytes <= BUDGET_BYTES || old === key) break;
      this.#ready.delete(old);
      this.#bytes -= gone.width * gone.height * 4;
      // Closed later: it may be what the screen shows.
      setTimeout(() => gone.close(), 10000);
    }
  }
}

/** The CSS filter that shows a picture made with window `from` as if made with `to`: exact where nothing was clipped. */
export function windowFilter(from, to) {
  if (!from || !to || (from.center === to.center && from.width === to.width)) return "";
  const low = (to.center - to.width / 2 - (from.center - from.width / 2)) / from.width;
  const slope = from.width / to.width;
  // contrast(c) gives v·c + (1 − c)/2, brightness(b) v·b.
  const contrast = Math.max(1 + 2 * low * slope, 0.01);
  return `brightness(${slope / contrast}) contrast(${contrast})`;
}

const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

/** The picture in its stage. Sends `view` after zoom, pan and resize. Coordinates: CSS pixels of the stage, or image pixels. */
export class Picture extends EventTarget {
  constructor(stage) {
    super();
    this.stage = stage;
    this.canvas = h("canvas", { class: "pixels", "aria-hidden": "true" });
    stage.append(this.canvas);
    this.size = { w: 1, h: 1 };
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.fitted = true;
    this.what = { result: null, original: null, split: null, filter: "" };
    this.watch = new ResizeObserver(() => this.#resize());
    this.watch.observe(stage);
    this.#resize();
  }

  close() {
    this.watch.disconnect();
  }

  #resize() {
    this.w = this.stage.clientWidth;
    this.h = this.stage.clientHeight;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(this.w * ratio));
    this.canvas.height = Math.max(1, Math.round(this.h * ratio));
    if (this.fitted) this.fit();
    else this.#moved();
  }

  /** Size of the image in pixels; another size is fitted anew. */
  setSize(w, h) {
    if (this.size.w === w && this.size.h === h) return;
    this.size = { w, h };
    this.fit();
  }

  /** What is shown: bitmaps (or null), where the split is (0–1, or null), a CSS filter. */
  show(what) {
    Object.assign(this.what, what);
    this.canvas.style.filter = this.what.filter || "none";
    this.#draw();
  }

  fit() {
    const margin = 8;
    this.scale = Math.min((this.w - 2 * margin) / this.size.w, (this.h - 2 * margin) / this.size.h);
    if (!(this.scale > 0)) this.scale = 1;
    this.scale = Math.min(this.scale, 8);
    this.x = (this.w - this.size.w * this.scale) / 2;
    this.y = (this.h - this.size.h * this.scale) / 2;
    this.#moved();
    this.fitted = true;
  }

  /** One image pixel on one pixel of the screen. */
  actual() {
    this.zoomAt(1 / ((devicePixelRatio || 1) * this.scale), this.w / 2, this.h / 2);
  }

  zoomAt(factor, px, py) {
    const before = this.toImage(px, py);
    this.scale = clamp(this.scale * factor, 0.02, 40);
    this.x = px - before.x * this.scale;
    this.y = py - before.y * this.scale;
    this.fitted = false;
    this.#moved();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this.#moved();
  }

  /** Brings a rectangle of the image into sight. */
  reveal(rect) {
    if (this.fitted) return;
    const a = this.toScreen(rect.x, rect.y);
    const b = this.toScreen(rect.x + rect.w, rect.y + rect.h);
    if (a.x >= 0 && a.y >= 0 && b.x <= this.w && b.y <= this.h) return;
    this.pan(this.w / 2 - (a.x + b.x) / 2, this.h / 2 - (a.y + b.y) / 2);
  }

  toImage(px, py) {
    return { x: (px - this.x) / this.scale, y: (py - this.y) / this.scale };
  }

  toScreen(x, y) {
    return { x: x * this.scale + this.x, y: y * this.scale + this.y };
  }

  #moved() {
    const keep = 60;
    this.x = clamp(this.x, keep - this.size.w * this.scale, this.w - keep);
    this.y = clamp(this.y, keep - this.size.h * this.scale, this.h - keep);
    this.#draw();
    this.dispatchEvent(new Event("view"));
  }

  #draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      this.#paint();
    });
  }

  #paint() {
    const ratio = devicePixelRatio || 1;
    const to = this.canvas.getContext("2d", { alpha: false });
    to.setTransform(1, 0, 0, 1, 0, 0);
    to.fillStyle = getComputedStyle(this.stage).backgroundColor;
    to.fillRect(0, 0, this.canvas.width, this.canvas.height);
    to.setTransform(ratio * this.scale, 0, 0, ratio * this.scale, ratio * this.x, ratio * this.y);
    to.imageSmoothingEnabled = this.scale * ratio < 2;
    to.imageSmoothingQuality = this.scale * ratio < 0.5 ? "medium" : "low";
    const { result, original, split } = this.what;
    const { w, h } = this.size;
    if (result) to.drawImage(result, 0, 0, w, h);
    else if (original) to.drawImage(original, 0, 0, w, h);
    if (split !== null && original) {
      to.save();
      to.beginPath();
      const at = this.toImage(split * this.w, 0).x;
      to.rect(-1e5, -1e5, 1e5 + at, 3e5);
      to.clip();
      to.drawImage(original, 0, 0, w, h);
      to.restore();
    }
    this.dispatchEvent(new Event("painted"));
  }
}
