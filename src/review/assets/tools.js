// The bars around the picture: tools above, frames and where one is below.

import { fresh, h, put, svg } from "/dom.js";
import { button } from "/keys.js";
import { LABEL_WORDS } from "/looking.js";
import { family } from "/words.js";

const group = (label, ...buttons) => h("div", { class: "group", role: "group", "aria-label": label }, buttons);
const windowText = (w) => `${Math.round(w.center)} / ${Math.round(w.width)}`;

/** `bar`, `frames` (null for one frame) and `info` of a viewer. */
export class Tools {
  constructor(v) {
    this.v = v;
    this.bar = h("div", { class: "toolbar", role: "toolbar", "aria-label": "Picture tools" });
    this.where = h("div", { class: "where grow", id: "where" });
    this.point = h("span", { class: "point", "aria-hidden": "true" });
    this.side = h("span", { class: "badge", "aria-live": "polite" });
    this.info = h("div", { class: "infobar" }, this.side, this.where, this.point, group("Zoom",
      button("zoom-out", "−", () => v.zoom(0.8), { "aria-label": "Zoom out" }), button("fit", "Fit", () => v.picture.fit()),
      button("actual", "1:1", () => v.picture.actual()), button("zoom-in", "+", () => v.zoom(1.25), { "aria-label": "Zoom in" })));
    this.frames = v.frameCount > 1 ? this.#frames() : null;
  }

  #frames() {
    const { v } = this;
    this.slider = h("input", { type: "range", min: 0, max: v.frameCount - 1, step: 1, value: 0, id: fresh("fr"), "aria-label": "Frame" });
    this.slider.addEventListener("input", () => v.toFrame(Number(this.slider.value)));
    this.frameWord = h("output", { class: "frameword", for: this.slider.id });
    this.all = button("projection", "All frames", () => v.toFrame(v.frame === null ? 0 : null));
    this.marks = svg("svg", { class: "marks", viewBox: `0 0 ${v.frameCount} 1`, preserveAspectRatio: "none", "aria-hidden": "true" });
    return h("div", { class: "framebar" }, this.all, button("frame-previous", "‹", () => v.stepFrames(-1), { "aria-label": "Previous frame" }), h("div", { class: "track" }, this.slider, this.marks),
      button("frame-next", "›", () => v.stepFrames(1), { "aria-label": "Next frame" }), this.frameWord);
  }

  #choice(label, title, value, options, act) {
    const select = h("select", { "aria-label": label, title, onchange: (e) => act(e.target.value) }, options.map(([v, text]) => h("option", { value: v }, text)));
    select.value = value;
    return select;
  }

  /** Where in the loop masks are that are not on every frame. */
  #drawMarks() {
    const { frameCount, file } = this.v;
    const some = file.items.filter((i) => i.action === "mask" && i.frames[1] - i.frames[0] + 1 < frameCount);
    put(this.marks, some.map((i) => svg("rect", { x: i.frames[0], y: 0, width: i.frames[1] - i.frames[0] + 1, height: 1, class: `mark fam-${family(i)}` })));
  }

  /** Draws the tools anew. */
  draw() {
    const { v } = this;
    if (this.marks) this.#drawMarks();
    const { file } = v;
    const press = (id, text, on, act) => button(id, text, act, { "aria-pressed": on ? "true" : "false" });
    const tool = (name, text) => press(`tool-${name}`, text, v.tool === name, () => v.setTool(name));
    const focus = this.bar.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    put(this.bar,
      group("What dragging does", tool("box", "Box"), tool("pan", "Pan"), v.windowable ? tool("window", "Window") : null),
      v.frameCount > 1 ? this.#choice("Frames of new boxes", "On which frames new boxes are", v.newScope, [["all", "on all frames"], ["one", "on this frame"]], (value) => { v.newScope = value; }) : null,
      group("Undo", button("undo", "Undo", () => v.undo("undo"), { disabled: !file.can_undo }), button("redo", "Redo", () => v.undo("redo"), { disabled: !file.can_redo })),
      group("Compare", press("original", "Original", v.original, () => v.setOriginal(!v.original)), press("split", "Split", v.split !== null, () => v.toggleSplit())),
      group("Boxes", button("labels", `Boxes: ${LABEL_WORDS[v.boxes.mode]}`, () => v.cycleLabels()), press("weak", "Weak", v.weak, () => v.toggle("weak"))),
      group("Contrast", press("stretch", "Local contrast", v.stretch, () => v.toggle("stretch")), press("invert", "Invert", v.invert, () => v.toggle("invert"))),
      v.windowable ? this.#choice("Window preset", "Window presets (1–5); drag with the right button for others", "-1",
        [["-1", v.window ? windowText(v.window) : "window"], ...v.presets().map((p, n) => [String(n), `${n + 1}  ${p.name || "window"} ${windowText(p)}`])], (n) => v.preset(Number(n))) : null,
      file.views.length > 1 ? this.#choice("View that was searched", "Views that were searched for text", v.view ?? "",
        [["", "default view"], ...file.views.map((w) => [w.id, `${file.unopened.includes(w.id) ? "● " : ""}${w.label}`])], (id) => v.openView(id || null)) : null);
    if (focus) this.bar.querySelector(`[data-act="${focus}"]`)?.focus();
  }

  /** Says which side is shown: never in doubt, because the original holds the text. */
  drawSide() {
    const { original, split } = this.v;
    this.side.className = `badge ${original ? "is-original" : ""}`;
    put(this.side, original ? "ORIGINAL – text visible" : split !== null ? "original | result" : "as it will be written");
  }

  /** Says where one is: frame, view or window, zoom. */
  drawWhere() {
    const { v } = this;
    const { image, views } = v.file;
    const view = views.find((w) => w.id === v.view);
    const frame = v.frame === null ? `all ${image.frames} frames in one` : `frame ${v.frame + 1} of ${image.frames}`;
    if (this.slider) {
      this.slider.value = v.frame ?? 0;
      this.slider.setAttribute("aria-valuetext", frame);
      this.all.setAttribute("aria-pressed", v.frame === null ? "true" : "false");
      put(this.frameWord, frame);
    }
    const w = v.window ?? image.window;
    put(this.where, [
      view ? `view: ${view.label}` : v.windowable && w ? `window ${windowText(w)}` : null,
      v.stretch ? "local contrast" : null, v.invert ? "inverted" : null,
      `${image.bits} bit${image.colour ? " colour" : ""}`, `zoom ${Math.round(v.picture.scale * (devicePixelRatio || 1) * 100)} %`,
    ].filter(Boolean).join("  ·  "));
  }

  /** The place under the mouse, in pixels of the picture. */
  pointerAt(at) {
    const { w, h: high } = this.v.picture.size;
    const inside = at && at.x >= 0 && at.y >= 0 && at.x < w && at.y < high;
    put(this.point, inside ? `x ${Math.floor(at.x)}  y ${Math.floor(at.y)}` : "");
  }
}
