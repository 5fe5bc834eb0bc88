// The mouse on the picture: draw, move and resize boxes, pan, window, zoom, frames, the split. Gives intents to the viewer.

import { h } from "/dom.js";
import { editable } from "/words.js";

const LEAST_PX = 4;
const CURSORS = { nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize", n: "ns-resize", s: "ns-resize", e: "ew-resize", w: "ew-resize" };

const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

/** A rectangle of whole pixels inside the picture, at least one pixel. */
export function tidy(rect, size) {
  const x0 = clamp(Math.round(Math.min(rect.x, rect.x + rect.w)), 0, size.w - 1);
  const y0 = clamp(Math.round(Math.min(rect.y, rect.y + rect.h)), 0, size.h - 1);
  const x1 = clamp(Math.round(Math.max(rect.x, rect.x + rect.w)), x0 + 1, size.w);
  const y1 = clamp(Math.round(Math.max(rect.y, rect.y + rect.h)), y0 + 1, size.h);
  return { x: x0, y: y0, w: x1 - x0, h: y1 - y0 };
}

function resized(rect, edge, dx, dy) {
  const r = { ...rect };
  if (edge.includes("w")) { r.x += dx; r.w -= dx; }
  if (edge.includes("e")) r.w += dx;
  if (edge.includes("n")) { r.y += dy; r.h -= dy; }
  if (edge.includes("s")) r.h += dy;
  return r;
}

/** Listens on the stage. `v` has `picture`, `boxes`, `tool` (`box`, `pan`, `window`), `split`, and is told: `select(id)`, `drawn(rect)`,
 *  `changed(item, rect)`, `windowed(dx, dy)`, `windowDone()`, `stepFrames(n)`, `pointerAt(point)`, `setSplit(part)`. */
export class Hands {
  constructor(stage, v) {
    this.stage = stage;
    this.v = v;
    this.drag = null;
    this.wheel = 0;
    this.bar = h("div", { class: "splitbar", hidden: true, "aria-hidden": "true" }, h("span", {}));
    stage.append(this.bar);
    stage.addEventListener("pointerdown", (e) => this.#down(e));
    stage.addEventListener("pointermove", (e) => this.#move(e));
    stage.addEventListener("pointerup", (e) => this.#up(e));
    stage.addEventListener("pointercancel", () => this.cancel());
    stage.addEventListener("pointerleave", () => this.v.pointerAt(null));
    stage.addEventListener("contextmenu", (e) => e.preventDefault());
    stage.addEventListener("wheel", (e) => this.#wheel(e), { passive: false });
    stage.addEventListener("dblclick", (e) => { if (!this.v.boxes.hit(...this.#at(e))) this.v.picture.fit(); });
  }

  #at(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #kind(event, x, y) {
    const { v } = this;
    if (event.button === 1) return { kind: "pan" };
    if (event.button === 2) return v.windowable ? { kind: "window" } : null;
    if (event.button !== 0) return null;
    if (v.split !== null && Math.abs(x - v.split * v.picture.w) < 10) return { kind: "split" };
    if (v.tool === "pan") return { kind: "pan" };
    if (v.tool === "window") return { kind: "window" };
    const hit = v.boxes.hit(x, y);
    if (hit?.edge) return { kind: "resize", item: hit.item, edge: hit.edge };
    // A selected box moves; another one is selected first, so that no slip of the hand moves it.
    if (hit && hit.item.id === v.boxes.selected) return { kind: "move", item: hit.item };
    return { kind: "box", hit };
  }

  #down(event) {
    const [x, y] = this.#at(event);
    if (this.drag) return;
    const what = this.#kind(event, x, y);
    if (!what) return;
    if (event.button === 1) event.preventDefault();
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    this.drag = { ...what, x, y, lastX: x, lastY: y, rect: what.item ? { ...editable(what.item) } : null, moved: false };
  }

  #move(event) {
    const [x, y] = this.#at(event);
    const { v, drag } = this;
    v.pointerAt(v.picture.toImage(x, y));
    if (!drag) return this.#hover(x, y);
    const dx = x - drag.lastX;
    const dy = y - drag.lastY;
    drag.lastX = x;
    drag.lastY = y;
    if (Math.hypot(x - drag.x, y - drag.y) >= LEAST_PX) drag.moved = true;
    if (!drag.moved && drag.kind !== "split") return undefined;
    const s = v.picture.scale;
    const far = [(x - drag.x) / s, (y - drag.y) / s];
    if (drag.kind === "pan") v.picture.pan(dx, dy);
    else if (drag.kind === "window") v.windowed(dx, dy);
    else if (drag.kind === "split") v.setSplit(clamp(x / v.picture.w, 0, 1));
    else if (drag.kind === "box") {
      const from = v.picture.toImage(drag.x, drag.y);
      v.boxes.set({ selected: null, draft: tidy({ x: from.x, y: from.y, w: far[0], h: far[1] }, v.picture.size) });
    } else if (drag.kind === "resize") {
      v.boxes.set({ draft: tidy(resized(drag.rect, drag.edge, ...far), v.picture.size) });
    } else if (drag.kind === "move") {
      const { w, h: high } = v.picture.size;
      v.boxes.set({ draft: {
        x: clamp(Math.round(drag.rect.x + far[0]), 0, w - drag.rect.w), y: clamp(Math.round(drag.rect.y + far[1]), 0, high - drag.rect.h),
        w: drag.rect.w, h: drag.rect.h,
      } });
    }
    return undefined;
  }

  #hover(x, y) {
    const { v } = this;
    let cursor = { box: "crosshair", pan: "grab", window: "move" }[v.tool];
    if (v.split !== null && Math.abs(x - v.split * v.picture.w) < 10) cursor = "ew-resize";
    else if (v.tool === "box") {
      const hit = v.boxes.hit(x, y);
      if (hit?.edge) cursor = CURSORS[hit.edge];
      else if (hit) cursor = hit.item.id === v.boxes.selected ? "move" : "pointer";
    }
    this.stage.style.cursor = cursor;
  }

  #up() {
    const { v, drag } = this;
    if (!drag) return;
    this.drag = null;
    const draft = v.boxes.draft;
    if (drag.kind === "window" && drag.moved) v.windowDone();
    if (drag.kind === "box") {
      if (drag.moved && draft) v.drawn(draft);
      else v.select(drag.hit?.item.id ?? null);
    } else if ((drag.kind === "move" || drag.kind === "resize") && drag.moved && draft) v.changed(drag.item, draft);
    else if (drag.kind === "move" && !drag.moved) {
      // A second click goes to what lies beneath.
      const [x, y] = [drag.x, drag.y];
      const at = v.picture.toImage(x, y);
      const under = v.boxes.items.filter(({ rect: r }) => at.x >= r.x && at.y >= r.y && at.x < r.x + r.w && at.y < r.y + r.h);
      const next = under[(under.findIndex((i) => i.id === drag.item.id) + 1) % under.length];
      if (next) v.select(next.id);
    }
  }

  /** Esc: what is being dragged goes back. Whether something was. */
  cancel() {
    if (!this.drag) return false;
    this.drag = null;
    this.v.boxes.set({ draft: null, selected: this.v.selected });
    return true;
  }

  #wheel(event) {
    event.preventDefault();
    const { v } = this;
    if (event.ctrlKey || event.metaKey || v.frameCount < 2) {
      v.picture.zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), ...this.#at(event));
      return;
    }
    // One notch is one frame; fine wheels are added up.
    this.wheel += event.deltaMode ? Math.sign(event.deltaY) * 100 : event.deltaY;
    const steps = Math.trunc(this.wheel / 60);
    if (steps) {
      this.wheel = 0;
      v.stepFrames(Math.sign(steps));
    }
  }

  /** Puts the split bar in its place. */
  place() {
    const { split, picture } = this.v;
    this.bar.hidden = split === null;
    if (split !== null) this.bar.style.transform = `translateX(${Math.round(split * picture.w)}px)`;
  }
}
