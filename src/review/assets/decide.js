// Decisions about one file: approve, flag, reject, reopen; what the program made of them is shown.

import { of, post } from "/api.js";
import { askText, open } from "/dialogs.js";
import { h, note, put } from "/dom.js";
import { button } from "/keys.js";
import { keep, nextOpen, refresh, store } from "/store.js";
import { OUTCOME_WORDS, reason } from "/words.js";

/** After this the person goes on, and the result follows. */
const PATIENCE_MS = 700;

/** Asks who is looking, once; whether a name is known now. */
export async function named() {
  if (store.session?.reviewer) return true;
  const name = await askText("Who is reviewing?", "The name goes into the history of each file that you change or decide.", "Your name", { long: false, yes: "Continue" });
  if (!name) return false;
  await post("/api/reviewer", { name });
  await refresh();
  return true;
}

/** What an approval gave, in words. */
function told(row, result) {
  if (result.waiting_for_second) return [`${row.name}: approved; a second person has to approve it too.`, "good"];
  const why = [result.explain ?? (result.reason ? reason(result.reason) : null)].filter(Boolean).join(" ");
  if (!store.session.output) return [`${row.name}: approved. Nothing is written, because the program was started without --output.`, "good"];
  if (result.outcome === "masked" || result.outcome === "clean") {
    return [`${row.name}: written (${OUTCOME_WORDS[result.outcome]})${result.verified ? ", read back and checked" : ""}.`, result.verified ? "good" : "bad"];
  }
  return [`${row.name}: not written – ${OUTCOME_WORDS[result.outcome] ?? result.outcome}. ${why}`, "bad"];
}

/** Decisions in the viewer `v`: `file`, `row`, `id`, `edits`, `flush()`, `reload()`, `openView(id)`, `took(file)`. */
export class Decide {
  constructor(v) {
    this.v = v;
    this.result = h("div", { class: "result", role: "status" });
    this.main = button("approve", "Approve and next", () => this.approve(), { class: "primary big", showKey: true });
    this.node = h("section", { class: "decide", "aria-label": "Decision" }, this.result, this.main,
      h("div", { class: "row" }, button("flag", "Flag…", () => this.say("flag"), { showKey: true }), button("reject", "Reject…", () => this.say("reject"), { class: "danger", showKey: true }),
        this.reopen = button("reopen", "Reopen", () => this.send("reopen"), {})));
  }

  draw() {
    const { row } = this.v;
    const settled = row.state === "approved" || row.state === "rejected" || row.state === "flagged";
    this.reopen.hidden = !settled;
    this.main.disabled = Boolean(this.v.hollow);
    this.main.firstChild.data = row.state === "approved" ? "Approved – go to the next" : "Approve and next";
  }

  /** Shows a failure or another lasting word beside the buttons. */
  tell(text, kind) {
    put(this.result, text ? h("p", { class: kind }, text) : null);
  }

  async approve() {
    const { v } = this;
    if (this.busy) return;
    if (v.row.state === "approved") return this.next();
    if (v.hollow) return this.tell("There is no plan for this file: flag it or reject it.", "bad");
    await v.flush();
    if (v.edits.unsent.length || v.edits.conflicts.length) return this.tell("Some of your edits are not in the plan yet: see above. Apply or drop them first.", "bad");
    if (v.file.unopened.length && !(await this.#askHidden())) return undefined;
    return this.send("approve", { confirmed_unopened: v.file.unopened.length > 0 });
  }

  /** Findings that only hidden windows show: look first, or say that it is meant. */
  async #askHidden() {
    const { v } = this;
    const names = v.file.views.filter((w) => v.file.unopened.includes(w.id));
    const answer = await open("There are findings that you have not seen", [
      h("p", {}, "They show only in views that were not opened:"),
      h("ul", {}, names.map((w) => h("li", {}, w.label))),
    ], { buttons: [["cancel", "Cancel"], ["anyway", "Approve without looking", "danger"], ["look", "Look at them", "primary"]] });
    if (answer === "look") v.openView(v.file.unopened[0]);
    return answer === "anyway";
  }

  /** Flag or reject, with a comment. */
  async say(decision) {
    const flag = decision === "flag";
    const comment = await askText(flag ? "Flag this file" : "Reject this file",
      flag ? "It stays undecided; the comment tells others what to look at." : "It will not be written.", "Comment",
      { yes: flag ? "Flag" : "Reject", kind: flag ? "primary" : "danger", required: flag, start: this.kept ?? "",
        common: flag ? ["Is this text a name?", "Cannot tell what this is", "Please look a second time"] : ["Wrong patient", "Face visible", "Cannot be masked sensibly"] });
    if (comment === null) return undefined;
    this.kept = comment;
    return this.send(decision, { comment });
  }

  async send(decision, more = {}) {
    const { v } = this;
    if (this.busy) return;
    try {
      if (!(await named())) return;
    } catch (failure) {
      this.tell(failure.message, "bad");
      return;
    }
    await v.flush();
    this.busy = true;
    this.node.classList.add("busy");
    this.tell(decision === "approve" ? "Writing and checking…" : "", "wait");
    const { id } = v;
    const answer = post(of(id, "/decide"), { version: v.file.version, decision, comment: more.comment, confirmed_unopened: more.confirmed_unopened ?? false })
      .then((value) => ({ value }), (failure) => ({ failure }));
    const first = await Promise.race([answer, new Promise((done) => setTimeout(done, decision === "approve" ? PATIENCE_MS : 60000, null))]);
    this.busy = false;
    this.node.classList.remove("busy");
    if (first) return this.#done(decision, first, more, v.open);
    note(`${v.row.name}: being written and checked…`, "info", [], 4);
    const row = v.row;
    if (nextOpen(id)) this.next();
    else this.tell("Writing and checking…", "wait");
    return this.#done(decision, await answer, more, v.open && v.id === id, row);
  }

  async #done(decision, { value, failure }, more, here) {
    const { v } = this;
    if (failure) return this.#failed(decision, failure, more, here);
    this.kept = null;
    keep(value.row);
    refresh().catch(() => {});
    const [text, kind] = decision === "approve" && value.result ? told(value.row, value.result)
      : [`${value.row.name}: ${{ flag: "flagged", reject: "rejected", reopen: "open again", approve: "approved" }[decision]}.`, "good"];
    const back = here ? [["Go back to it", () => { location.hash = `#/file/${value.row.id}`; }]] : [["Open", () => { location.hash = `#/file/${value.row.id}`; }]];
    const bad = kind === "bad";
    note(text, kind, decision === "reopen" ? [] : back, bad ? 0 : 6);
    if (!here) return undefined;
    v.row = value.row;
    if (bad || decision === "reopen") {
      this.tell(bad ? text : "", kind);
      return v.reload();
    }
    return this.next();
  }

  async #failed(decision, failure, more, here) {
    const { v } = this;
    if (!here) return note(`${v.row.name}: ${failure.message}`, "bad", [["Open", () => { location.hash = `#/file/${v.id}`; }]], 0);
    if (failure.code === "unopened-findings") {
      this.tell("", "");
      await v.reload();
      if (await this.#askHidden()) return this.send(decision, { ...more, confirmed_unopened: true });
      return undefined;
    }
    if (failure.code === "reviewer-required") {
      store.session.reviewer = null;
      if (await named()) return this.send(decision, more);
      return undefined;
    }
    if (failure.status === 409) {
      await v.reload();
      const theirs = v.file.history.at(-1);
      this.tell(`Somebody else changed this file meanwhile${theirs ? ` (${theirs.who ?? "somebody"}: ${theirs.what})` : ""}. Nothing was decided: look at it again.${more.comment ? " Your comment is kept." : ""}`, "bad");
      return undefined;
    }
    this.tell(failure.code === "offline" ? "The program does not answer: nothing was decided." : failure.message, "bad");
    return undefined;
  }

  /** The next file to decide, or the list. */
  next() {
    const id = nextOpen(this.v.id);
    if (id) location.hash = `#/file/${id}`;
    else {
      note("All files of this list are decided.", "good");
      location.hash = "#/";
    }
  }

  /** Stores the drawn boxes as a template for this equipment. */
  async template() {
    const { v } = this;
    const mine = v.file.items.filter((i) => i.origin === "person" && i.action === "mask").length;
    if (!mine) return note("Draw a box first: a template holds boxes that persons drew.", "bad");
    const name = await askText("Remember for this equipment", `${mine} drawn ${mine === 1 ? "box" : "boxes"} will be masked on every further image of ${v.row.equipment_label || "this equipment"} at ${v.row.cols}×${v.row.rows}.`, "Name of the template", { long: false, required: false, yes: "Remember" });
    if (name === null) return undefined;
    try {
      const stored = await post(of(v.id, "/template"), { version: v.file.version, name: name || undefined });
      note(`Stored as template “${stored.name}”.`, "good");
    } catch (failure) {
      note(failure.message, "bad");
    }
    return v.reload();
  }
}

