// Keys: one table (keys.json) gives the handlers, the help and the labels of buttons. Single-letter keys can be turned off,
// and every key can be changed.

import { add, fresh, h, put } from "/dom.js";
import { pref, setPref } from "/prefs.js";
import { open } from "/dialogs.js";

let table = [];
const chords = new Map();
const handlers = new Map();
let scope = "list";
let held = null;

const LETTER = /^[a-z]$/i;

/** The chord of a key event, as the table writes it. */
function chordOf(event) {
  let key = event.key === " " ? "Space" : event.key;
  const graph = event.getModifierState("AltGraph");
  const letter = LETTER.test(key);
  if (letter) key = key.toUpperCase();
  let text = "";
  if ((event.ctrlKey || event.metaKey) && !graph) text += "Ctrl+";
  if (event.altKey && !graph) text += "Alt+";
  if (event.shiftKey && (letter || key.length > 1)) text += "Shift+";
  return text + key;
}

/** Whether it is a key that dictation or a slip can hit: one printable sign without Ctrl or Alt. */
const isSingle = (chord) => chord.replace("Shift+", "").length === 1;

const lettersOn = () => pref("letters", true);
const ofEntry = (entry) => pref("keys", {})[entry.id] ?? entry.keys;

function index() {
  chords.clear();
  for (const entry of table) {
    for (const chord of ofEntry(entry)) {
      if (isSingle(chord) && !lettersOn()) continue;
      chords.set(`${entry.where} ${chord}`, entry);
    }
  }
}

/** Loads the table and begins to listen. */
export async function start() {
  const answer = await fetch("/keys.json");
  table = (await answer.json()).keys;
  index();
  document.addEventListener("keydown", down);
  document.addEventListener("keyup", up);
  window.addEventListener("blur", release);
}

/** Says what is on the screen; `acts`: functions by id of the table (`{down, up}` for held keys). */
export function use(where, acts) {
  release();
  scope = where;
  handlers.clear();
  for (const [id, act] of Object.entries(acts)) {
    if (!table.some((e) => e.id === id)) throw new Error(`no key table entry ${id}`);
    handlers.set(id, act);
  }
}

const everywhere = new Map();
/** Functions that every screen has. */
export const always = (acts) => Object.entries(acts).forEach(([id, act]) => everywhere.set(id, act));

/** Whether a control needs this chord for itself. */
function takenBy(target, chord) {
  const tag = target.tagName;
  const arrows = /^(Arrow|Home$|End$|Page)/.test(chord);
  if (tag === "TEXTAREA" || (tag === "INPUT" && !["checkbox", "radio", "range", "button"].includes(target.type)) || target.isContentEditable) {
    return !["Ctrl+Enter", "Escape", "PageUp", "PageDown"].includes(chord) && !chord.startsWith("Alt+");
  }
  if (tag === "SELECT") return arrows || isSingle(chord) || chord === "Space" || chord === "Enter";
  if (tag === "INPUT") return chord === "Space" || (target.type !== "checkbox" && arrows);
  if (target.closest("[role=listbox]")) return /^(ArrowUp|ArrowDown|Home|End)$/.test(chord);
  if (tag === "BUTTON" || tag === "A" || tag === "SUMMARY") return chord === "Enter" || (chord === "Space" && tag !== "A");
  return false;
}

function down(event) {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const chord = chordOf(event);
  const entry = chords.get(`${scope} ${chord}`) ?? chords.get(`all ${chord}`);
  if (!entry || takenBy(event.target, chord)) return;
  const act = handlers.get(entry.id) ?? everywhere.get(entry.id);
  if (!act) return;
  event.preventDefault();
  if (typeof act === "function") act(event);
  else if (!event.repeat && !held) {
    held = { act, key: event.code };
    act.down();
  }
}

function up(event) {
  if (held && event.code === held.key) release();
}

function release() {
  held?.act.up();
  held = null;
}

const NICE = {
  ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", PageUp: "Page ↑", PageDown: "Page ↓", Escape: "Esc",
};
const nice = (chord) => {
  const cut = chord.lastIndexOf("+", chord.length - 2);
  const key = chord.slice(cut + 1);
  return chord.slice(0, cut + 1) + (NICE[key] ?? key);
};

/** The key of an entry for people, empty if it has none (now). */
export function keyOf(id) {
  const entry = table.find((e) => e.id === id);
  const chord = entry && ofEntry(entry).find((c) => lettersOn() || !isSingle(c));
  return chord ? nice(chord) : "";
}

/** What the table says about an entry. */
export const labelOf = (id) => table.find((e) => e.id === id)?.label ?? "";

/** A button that does what the key does. */
export function button(id, text, act, more = {}) {
  const key = keyOf(id);
  const title = key ? `${labelOf(id)} (${key})` : labelOf(id);
  return h("button", { type: "button", title, "aria-keyshortcuts": ariaKey(id), onclick: act, "data-act": id, ...more }, text,
    more.showKey && key ? h("kbd", { "aria-hidden": "true" }, key) : null);
}

function ariaKey(id) {
  const entry = table.find((e) => e.id === id);
  const chord = entry && ofEntry(entry).find((c) => lettersOn() || !isSingle(c));
  return chord ? chord.replace("Ctrl", "Control") : undefined;
}

function change(entry, chord, say) {
  const clash = table.find((e) => e !== entry && (e.where === entry.where || e.where === "all" || entry.where === "all")
    && ofEntry(e).includes(chord));
  if (clash) {
    say(`${nice(chord)} is already: ${clash.label}`);
    return false;
  }
  setPref("keys", { ...pref("keys", {}), [entry.id]: [chord] });
  index();
  say(`${entry.label}: ${nice(chord)}`);
  return true;
}

/** The help, where keys are changed. */
export function help() {
  const said = h("p", { class: "said", role: "status" });
  const say = (text) => put(said, text);
  const lists = h("div", { class: "keylists" });
  const draw = () => {
    put(lists);
    // What can be pressed on this screen comes first.
    const here = [...table].sort((a, b) => (a.where !== scope) - (b.where !== scope) || (a.where !== "all") - (b.where !== "all"));
    for (const group of [...new Set(here.map((e) => e.group))]) {
      const id = fresh("g");
      const body = h("tbody", {});
      for (const entry of table.filter((e) => e.group === group)) {
        const off = (chord) => isSingle(chord) && !lettersOn();
        const keys = ofEntry(entry).map((c) => h("kbd", { class: off(c) ? "off" : "" }, nice(c)));
        const set = h("button", { type: "button", class: "plain small", "aria-label": `Change the key of: ${entry.label}` }, "change");
        set.addEventListener("click", () => {
          put(set, "press a key…");
          say(`Press the new key for: ${entry.label}. Esc cancels.`);
          set.addEventListener("keydown", function once(event) {
            if (["Control", "Shift", "Alt", "Meta", "AltGraph"].includes(event.key)) return;
            event.preventDefault();
            event.stopPropagation();
            set.removeEventListener("keydown", once);
            if (event.key === "Escape") say("Nothing changed.");
            else change(entry, chordOf(event), say);
            const at = [...lists.querySelectorAll("button")].indexOf(set);
            draw();
            lists.querySelectorAll("button")[at]?.focus();
          });
        });
        add(body, h("tr", {}, h("td", { class: "keys" }, keys), h("td", {}, entry.label), h("td", {}, set)));
      }
      add(lists, h("section", { "aria-labelledby": id }, h("h3", { id }, group), h("table", {}, body)));
    }
  };
  const letters = h("input", {
    type: "checkbox", id: fresh("f"), checked: lettersOn(),
    onchange: (event) => {
      setPref("letters", event.target.checked ? undefined : false);
      index();
      draw();
      say(event.target.checked ? "Single-letter keys are on." : "Single-letter keys are off.");
    },
  });
  const reset = h("button", {
    type: "button",
    onclick: () => {
      setPref("keys", undefined);
      setPref("letters", undefined);
      letters.checked = true;
      index();
      draw();
      say("All keys are as they were.");
    },
  }, "Reset all keys");
  draw();
  return open("Keys", [
    h("div", { class: "row" }, letters, h("label", { for: letters.id }, "Single-letter keys"), h("span", { class: "grow" }), reset),
    said, lists,
  ], { wide: true, buttons: [["close", "Close"]] });
}
