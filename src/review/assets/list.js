// The list of files: worst first, filters, search, progress.

import { of } from "/api.js";
import { h, put } from "/dom.js";
import { button, keyOf, use } from "/keys.js";
import { decided, listed, narrow, nextOpen, resort, SORTS, store } from "/store.js";
import { count, OUTCOME_WORDS, OUTCOMES, percent, reason, RISKS, STATE_SIGNS, STATE_WORDS, STATES } from "/words.js";

const BATCH = 200;

/** A select of words with an entry for all of them. */
function choose(label, name, words, all) {
  const select = h("select", { "aria-label": label, title: label, onchange: (e) => narrow({ [name]: e.target.value }) },
    all === null ? null : h("option", { value: "" }, all), Object.entries(words).map(([value, word]) => h("option", { value }, word)));
  select.value = store.filter[name];
  return select;
}

/** What kind of picture it is. */
export const about = (row) => [row.modality, row.equipment_label, row.equipment_label.includes("×") ? null : `${row.cols}×${row.rows}`].filter(Boolean).join(" · ");

/** Outcome, with its reason for whoever points at it. */
export function outcomeChip(row) {
  return h("span", { class: `chip out-${row.outcome}`, title: row.explain ?? null }, OUTCOME_WORDS[row.outcome] ?? row.outcome,
    row.reason ? h("small", {}, ` ${reason(row.reason)}`) : null);
}

/** State by sign and word. */
export function stateChip(row) {
  return h("span", { class: `state st-${row.state}`, title: row.comment ?? null }, h("span", { "aria-hidden": "true" }, STATE_SIGNS[row.state] ?? ""),
    ` ${STATE_WORDS[row.state] ?? row.state}`, row.state !== "approved" && row.approvals.length ? h("small", {}, ` · 1st: ${row.approvals.join(", ")}`) : null);
}

/** Stands where there is no picture, or none yet. */
const ghost = (more = {}) => h("span", { class: "ghost", "aria-hidden": "true", ...more });

/** Shows the list in `main`; gives what ends it. `focus`: id of the file to go back to. */
export function showList(main, focus) {
  document.title = "Files – unburn review";
  resort();
  const search = h("input", { type: "search", value: store.filter.text, autocomplete: "off", spellcheck: "false", "aria-label": "Search by path or id", placeholder: `path or id${keyOf("search") ? `  (${keyOf("search")})` : ""}` });
  search.addEventListener("input", () => narrow({ text: search.value }));
  search.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && search.value) { e.preventDefault(); search.value = ""; narrow({ text: "" }); }
    if (e.key === "ArrowDown" || e.key === "Enter") { e.preventDefault(); links()[0]?.focus(); }
  });
  const states = h("div", { class: "row wrap", role: "group", "aria-label": "Show by state" });
  const found = h("span", { class: "hint", role: "status" });
  const body = h("tbody", {});
  const table = h("table", { class: "files" }, h("caption", { class: "hidden" }, "Files to review"), h("thead", {}, h("tr", {},
    ["Picture", "File", "Outcome", "Risk", "Boxes", "Least sure", "State"].map((t) => h("th", { scope: "col" }, t)))), body);
  const more = h("div", { class: "more" });
  const scroller = h("div", { class: "scroll", tabindex: "-1" }, table, more);
  const sample = h("p", { class: "sample", hidden: true });
  put(main, h("section", { class: "listing", "aria-label": "Files" }, h("h1", { class: "hidden" }, "Files to review"),
    h("div", { class: "filters" }, states, h("span", { class: "grow" }), h("div", { class: "search" }, search),
      choose("Outcome", "outcome", Object.fromEntries(OUTCOMES.map((o) => [o, OUTCOME_WORDS[o]])), "any outcome"),
      choose("Risk", "risk", Object.fromEntries(RISKS.map((r) => [r, `${r.replace("-", " ")} risk`])), "any risk"),
      choose("Sort", "sort", SORTS, null), found,
      button("next-open", "Begin", () => begin(), { class: "primary", showKey: true })),
    sample, scroller));

  let shown = BATCH;
  let moved = false;
  const links = () => [...body.querySelectorAll("a.file")];
  const nodes = new Map();

  const rowNode = (row) => {
    const key = JSON.stringify(row);
    const old = nodes.get(row.id);
    if (old?.key === key) return old.node;
    const label = h("a", { class: "file", href: `#/file/${row.id}`, "data-id": row.id }, h("bdi", {}, row.name));
    const kin = [
      row.group && size("group", row.group) > 1 ? h("a", { href: `#/grid/group/${row.group}` }, `series of ${size("group", row.group)}`) : null,
      row.study && size("study", row.study) > size("group", row.group) ? h("a", { href: `#/grid/study/${row.study}` }, `study of ${size("study", row.study)}`) : null,
      row.equipment && size("equipment", row.equipment) > Math.max(size("group", row.group), size("study", row.study)) ? h("a", { href: `#/grid/equipment/${row.equipment}` }, `${size("equipment", row.equipment)} alike`) : null,
    ].filter(Boolean);
    const node = h("tr", { class: `row-${row.state}` },
      h("td", { class: "thumb" }, row.planned ? h("img", { onerror: (e) => e.target.replaceWith(ghost()), src: `${of(row.id, "/thumb.png")}?masked=1&v=${row.boxes}-${row.state}`, alt: "", width: 64, height: 48, loading: "lazy", decoding: "async" }) : ghost({ "data-waits": "" })),
      h("td", { class: "name" }, label, h("div", { class: "sub" },
        [about(row), row.frames > 1 ? count(row.frames, "frame") : null].filter(Boolean).join(" · "),
        kin.map((k) => [" · ", k]), row.comment ? h("span", { class: "comment" }, ` “${row.comment}”`) : null)),
      h("td", {}, outcomeChip(row)),
      h("td", { class: `risk-${row.risk}` }, (row.risk ?? "").replace("-", " ")),
      h("td", { class: "number" }, row.planned ? [String(row.boxes), row.kept ? h("small", {}, ` + ${row.kept} kept`) : null] : "…"),
      h("td", { class: "number" }, percent(row.lowest_confidence)),
      h("td", {}, stateChip(row)));
    nodes.set(row.id, { key, node });
    return node;
  };

  let sizes = null;
  const size = (name, id) => {
    if (!sizes) {
      sizes = {};
      for (const row of store.rows.values()) for (const n of ["group", "study", "equipment"]) sizes[`${n} ${row[n]}`] = (sizes[`${n} ${row[n]}`] ?? 0) + 1;
    }
    return sizes[`${name} ${id}`] ?? 0;
  };

  const draw = () => {
    sizes = null;
    const rows = listed();
    const active = document.activeElement?.dataset?.id;
    const wanted = rows.slice(0, shown).map(rowNode);
    if (wanted.length !== body.children.length || wanted.some((n, i) => n !== body.children[i])) {
      body.replaceChildren(...wanted);
      // Until a hand has moved, the first file has the focus, whatever plans still change the order.
      if (active && (moved || focus)) nodes.get(active)?.node.querySelector("a.file")?.focus();
      else if (active) {
        links()[0]?.focus();
        scroller.scrollTop = 0;
      }
    }
    put(more, rows.length > shown ? `… ${rows.length - shown} more` : rows.length ? "" : store.rows.size ? "No file fits." : "There are no files.");
    put(found, rows.length === store.rows.size ? "" : `${count(rows.length, "file")} of ${store.rows.size}`);
    const counts = store.session?.counts ?? {};
    put(states, [["", "all", counts.total], ["undecided", "undecided", (counts.total ?? 0) - (counts.approved ?? 0) - (counts.rejected ?? 0)],
      ...STATES.map((s) => [s, `${STATE_SIGNS[s]} ${STATE_WORDS[s]}`, counts[s]])].map(([value, word, n]) =>
      h("button", { type: "button", class: "chip filter", "aria-pressed": store.filter.state === value ? "true" : "false", onclick: () => narrow({ state: value }) }, `${word} `, h("b", {}, n ?? 0))));
    const drawn = store.session?.sample;
    sample.hidden = !drawn;
    if (drawn) {
      put(sample, `Sample: ${drawn.drawn} of ${drawn.of} files, drawn by kind; ${drawn.decided ?? 0} decided, ${drawn.missed ?? 0} of them with something missed. `,
        drawn.upper_bound === null ? "The bound on missed text is known when some are decided." : `So at most ${(drawn.upper_bound * 100).toFixed(1)} % of the files hold missed text (95 % confidence).`);
    }
  };

  const move = (step) => {
    moved = true;
    const all = links();
    const at = all.indexOf(document.activeElement);
    const to = step === -Infinity ? 0 : step === Infinity ? all.length - 1 : Math.min(Math.max(at + step, 0), all.length - 1);
    all[to]?.focus();
    all[to]?.closest("tr").scrollIntoView({ block: "nearest" });
  };
  const current = () => store.rows.get(document.activeElement?.dataset?.id) ?? listed()[0];
  const begin = () => {
    const first = listed().find((r) => !decided(r) && r.state !== "flagged")?.id ?? nextOpen(null) ?? listed()[0]?.id;
    if (first) location.hash = `#/file/${first}`;
  };
  use("list", {
    "row-previous": () => move(-1), "row-next": () => move(1), "row-first": () => move(-Infinity), "row-last": () => move(Infinity),
    search: () => { search.focus(); search.select(); },
    "row-series": () => { const row = current(); if (row?.group) location.hash = `#/grid/group/${row.group}`; },
    "row-study": () => { const row = current(); if (row?.study) location.hash = `#/grid/study/${row.study}`; },
    "next-open": begin,
  });
  const watch = new IntersectionObserver((seen) => {
    if (seen.some((s) => s.isIntersecting) && listed().length > shown) { shown += BATCH; draw(); }
  }, { root: scroller, rootMargin: "400px" });
  watch.observe(more);
  store.addEventListener("change", draw);
  draw();
  (nodes.get(focus)?.node.querySelector("a.file") ?? links()[0] ?? scroller).focus();
  return () => { watch.disconnect(); store.removeEventListener("change", draw); };
}
