// Questions to the person. Esc and “Cancel” give null; nothing is lost behind them.

import { add, field, fresh, h } from "/dom.js";

/** Opens a dialog and gives the value of the button that closed it, or null. `buttons`: `[value, label, class]`, the last is the main one. */
export function open(title, body, { buttons = [], wide = false, focus = null, check = () => true } = {}) {
  const id = fresh("d");
  const before = document.activeElement;
  const form = h("form", { method: "dialog", novalidate: true }, h("h2", { id }, title), h("div", { class: "body", tabindex: wide ? "0" : null }, body));
  const dialog = h("dialog", { "aria-labelledby": id, class: wide ? "wide" : "" }, form);
  const row = h("div", { class: "buttons" });
  let value = null;
  const done = (v) => {
    if (v !== null && !check(v)) return;
    value = v;
    dialog.close();
  };
  for (const [v, label, kind] of buttons) {
    add(row, h("button", { type: "button", class: kind ?? "", onclick: () => done(v === "cancel" || v === "close" ? null : v) }, label));
  }
  add(form, row);
  const main = buttons.at(-1)?.[0];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (main && main !== "close") done(main);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey && main && main !== "close") {
      event.preventDefault();
      event.stopPropagation();
      done(main);
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  (focus ?? row.lastElementChild)?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before?.isConnected) before.focus();
      resolve(value);
    });
  });
}

/** Asks yes or no. */
export const confirm = (title, text, yes, kind = "primary") =>
  open(title, [text].flat().map((t) => (t instanceof Node ? t : h("p", {}, t))), { buttons: [["cancel", "Cancel"], ["yes", yes, kind]] }).then((v) => v === "yes");

/** Asks for a text; null if cancelled. `common`: texts to choose from with one key. */
export async function askText(title, about, label, { yes = "Save", required = true, common = [], start = "", kind = "primary", long = true } = {}) {
  const input = long ? h("textarea", { rows: 3, maxlength: 500, value: start }) : h("input", { type: "text", maxlength: 100, value: start, autocomplete: "off" });
  const missing = h("p", { class: "said bad", role: "alert" });
  const chips = common.map((text) => h("button", { type: "button", class: "chip", onclick: () => { input.value = text; input.focus(); } }, text));
  const body = [about ? h("p", {}, about) : null, chips.length ? h("div", { class: "row wrap", role: "group", "aria-label": "Common answers" }, chips) : null,
    field(label, input, "field tall"), missing];
  const value = await open(title, body, {
    buttons: [["cancel", "Cancel"], ["yes", yes, kind]],
    focus: input,
    check: () => {
      if (!required || input.value.trim()) return true;
      missing.textContent = "Please write something: it becomes part of the history.";
      input.setAttribute("aria-invalid", "true");
      input.focus();
      return false;
    },
  });
  return value === "yes" ? input.value.trim() : null;
}
