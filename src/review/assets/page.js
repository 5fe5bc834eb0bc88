// The page: which screen is shown, the head with progress, and the banner when the program does not answer.

import { link, post, retry } from "/api.js";
import { named } from "/decide.js";
import { askText } from "/dialogs.js";
import { h, put } from "/dom.js";
import { showGrid } from "/grid.js";
import * as keys from "/keys.js";
import { showList } from "/list.js";
import { poll, refresh, store } from "/store.js";
import { showViewer } from "/viewer.js";

const main = document.getElementById("main");
const top = document.getElementById("top");
const banner = document.getElementById("banner");
let end = () => {};
let last = null;

const SCREENS = [
  [/^#\/file\/([\w-]+)$/, (m) => { last = m[1]; return showViewer(main, m[1]); }],
  [/^#\/grid\/(group|study|equipment)\/([\w-]+)$/, (m) => showGrid(main, m[1], m[2])],
  [/^/, () => showList(main, last)],
];

function route() {
  end();
  for (const [form, show] of SCREENS) {
    const found = form.exec(location.hash);
    if (found) {
      document.body.dataset.screen = location.hash.split("/")[1] || "list";
      end = show(found);
      return;
    }
  }
}

function head() {
  const { session } = store;
  if (!session) return;
  const { total, approved, rejected, flagged } = session.counts;
  const done = approved + rejected;
  const focused = top.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  put(top,
    h("a", { class: "brand", href: "#/", title: keys.labelOf("to-list"), "data-act": "brand" }, "unburn ", h("span", {}, "review")),
    h("div", { class: "progress" }, h("progress", { value: done, max: Math.max(total, 1), "aria-label": "Files decided" }),
      h("span", { id: "progress" }, `${done} of ${total} decided${flagged ? ` · ${flagged} flagged` : ""}`)),
    h("span", { class: "grow" }),
    session.two_person ? h("span", { class: "chip", title: "A file counts as approved when a second, different person has approved it" }, "two persons") : null,
    h("span", { class: "hint", title: "What becomes of the header" }, `header: ${session.profile}`),
    h("button", { type: "button", class: "plain", "data-act": "who", title: "Name in the history of files", onclick: rename }, session.reviewer ? `${session.reviewer}` : "Your name…"),
    keys.button("help", "Keys", keys.help, { showKey: true }));
  if (focused) top.querySelector(`[data-act="${focused}"]`)?.focus();
}

async function rename() {
  if (!store.session.reviewer) return named().catch(() => {});
  const name = await askText("Who is reviewing?", "The name goes into the history of each file that you change or decide.", "Your name", { long: false, yes: "Save", start: store.session.reviewer });
  if (name) {
    await post("/api/reviewer", { name }).catch(() => {});
    await refresh().catch(() => {});
  }
  return undefined;
}

function linked() {
  banner.hidden = link.state === "ok";
  if (link.state === "gone") {
    put(banner, h("b", {}, "The program does not answer."), " What you saved is safe; what you do now waits. Trying again… ",
      h("button", { type: "button", onclick: retry }, "Try now"));
  }
  if (link.state === "ended") {
    put(banner, h("b", {}, "This page is no longer let in."), " The program was started anew: open the address that it printed. What you saved is safe.");
  }
  if (link.state === "ok") refresh().catch(() => {});
}

async function begin() {
  await keys.start();
  keys.always({ help: () => keys.help(), "to-list": () => { location.hash = "#/"; } });
  link.addEventListener("change", linked);
  store.addEventListener("change", head);
  try {
    await refresh();
  } catch {
    await new Promise((done) => {
      store.addEventListener("change", done, { once: true });
      const turn = setInterval(() => { refresh().then(() => clearInterval(turn), () => {}); }, 1500);
    });
  }
  window.addEventListener("hashchange", route);
  route();
  poll();
}

begin();
