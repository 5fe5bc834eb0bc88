// What the page knows of all files: rows, session, the order in which the person goes through them. Polls the server.

import { get, link } from "/api.js";
import { OUTCOMES, RISKS } from "/words.js";
import { pref, setPref } from "/prefs.js";

/** `rows`: all files by id; `session`: counts and rights. Sends `change`. */
export const store = new EventTarget();
store.session = null;
store.rows = new Map();
/** How the list is narrowed and sorted; kept while the page lives, the sorting longer. */
store.filter = { text: "", state: "", outcome: "", risk: "", sort: pref("sort", "worst") };

const DECIDED = new Set(["approved", "rejected"]);
export const decided = (row) => DECIDED.has(row.state);

const rank = (list, value) => {
  const at = list.indexOf(value);
  return at < 0 ? list.length : at;
};
const byName = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
const orders = {
  worst: (a, b) => rank(OUTCOMES, a.outcome) - rank(OUTCOMES, b.outcome) || rank(RISKS, a.risk) - rank(RISKS, b.risk)
    || (a.lowest_confidence ?? 1001) - (b.lowest_confidence ?? 1001) || byName(a, b),
  confidence: (a, b) => (a.lowest_confidence ?? 1001) - (b.lowest_confidence ?? 1001) || byName(a, b),
  boxes: (a, b) => b.boxes - a.boxes || byName(a, b),
  name: byName,
};
export const SORTS = { worst: "worst first", confidence: "least sure first", boxes: "most boxes first", name: "by name" };

/** Changes the filter. */
export function narrow(change) {
  Object.assign(store.filter, change);
  if (change.sort) setPref("sort", change.sort);
  order = null;
  store.dispatchEvent(new Event("change"));
}

let order = null;
/** The rows that the filter lets through, in order. The order stands while files are decided, so that nobody is moved away under a hand. */
export function listed() {
  if (!order) {
    const { text, state, outcome, risk, sort } = store.filter;
    const wanted = text.trim().toLowerCase();
    order = [...store.rows.values()]
      .filter((r) => !state || r.state === state || (state === "undecided" && !decided(r)))
      .filter((r) => !outcome || r.outcome === outcome)
      .filter((r) => !risk || r.risk === risk)
      .filter((r) => !wanted || r.name.toLowerCase().includes(wanted) || r.id.startsWith(wanted))
      .sort(orders[sort] ?? orders.worst)
      .map((r) => r.id);
  }
  return order.map((id) => store.rows.get(id)).filter(Boolean);
}

/** The next file to decide after `id` in the list's order (from the top again at the end), or null. */
export function nextOpen(id) {
  const rows = listed();
  const at = rows.findIndex((r) => r.id === id);
  const turn = [...rows.slice(at + 1), ...rows.slice(0, Math.max(at, 0))];
  const wanted = (r) => !decided(r) && r.state !== "flagged" && !r.approvals.includes(store.session?.reviewer ?? "");
  return turn.find(wanted)?.id ?? null;
}

/** The neighbour of a file in the list's order, or null. */
export function neighbour(id, step) {
  const rows = listed();
  const at = rows.findIndex((r) => r.id === id);
  return rows[at + step]?.id ?? null;
}

/** Takes in a newer row. */
export function keep(row) {
  const old = store.rows.get(row.id);
  store.rows.set(row.id, row);
  if (JSON.stringify(old) !== JSON.stringify(row)) store.dispatchEvent(new Event("change"));
}

let busy = null;
/** Fetches session and rows. */
export function refresh() {
  busy ??= (async () => {
    try {
      const [session, files] = await Promise.all([get("/api/session"), get("/api/files")]);
      const before = JSON.stringify([store.session, [...store.rows.values()]]);
      const known = store.rows;
      store.session = session;
      store.rows = new Map(files.files.map((r) => [r.id, r]));
      // Plans that are new change what is worst; decisions do not move rows.
      const settled = files.files.every((r) => known.get(r.id)?.planned === r.planned && known.get(r.id)?.outcome === r.outcome);
      if (!settled || known.size !== store.rows.size) order = null;
      if (before !== JSON.stringify([store.session, files.files])) store.dispatchEvent(new Event("change"));
    } finally {
      busy = null;
    }
  })();
  return busy;
}

/** Sorts anew at the next look. */
export const resort = () => { order = null; };

/** Begins to poll: often while plans are made, seldom for what other people do. */
export function poll() {
  const turn = async () => {
    const waiting = [...store.rows.values()].some((r) => !r.planned);
    await new Promise((done) => setTimeout(done, waiting ? 1200 : 10000));
    if (link.state === "ok" && !document.hidden) await refresh().catch(() => {});
    turn();
  };
  turn();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh().catch(() => {}); });
}
