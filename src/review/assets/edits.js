// Sends edits of one file, one after the other, and loses none: a conflict or a program that is gone leaves the edit with
// the person, to be applied again.

import { get, link, of, post } from "/api.js";

const AGAIN_MS = 500;
const waiting = new Set();
window.addEventListener("beforeunload", (event) => { if (waiting.size) event.preventDefault(); });

/** Edits of a file. `view`: `version()`, `took(file, op)`, `refused(op, failure)`, `stuck()` when what is kept has changed. */
export class Edits {
  constructor(id, view) {
    this.id = id;
    this.view = view;
    this.line = Promise.resolve();
    /** Not yet sent, because the program is gone. */
    this.unsent = [];
    /** Refused because somebody else was faster: `{op, who}`. */
    this.conflicts = [];
    this.onLink = () => { if (link.state === "ok" && this.unsent.length) this.#resend(); };
    link.addEventListener("change", this.onLink);
  }

  /** Sends one: `{path, body, say}`; `say` is what the person did, in words. Gives whether it was taken. */
  send(op) {
    const turn = this.line.then(() => this.#one(op));
    this.line = turn.catch(() => {});
    return turn;
  }

  /** When everything asked for so far is through. */
  settled() {
    return this.line;
  }

  async #one(op) {
    op.version = this.view.version();
    try {
      this.view.took(await post(of(this.id, `/${op.path}`), { ...op.body, version: op.version }), op);
      return true;
    } catch (failure) {
      if (failure.code === "offline" || failure.code === "session") {
        this.unsent.push(op);
        waiting.add(op);
        this.view.stuck();
      } else if (failure.status === 409) {
        await this.#conflict(op);
      } else {
        this.view.refused(op, failure);
      }
      return false;
    }
  }

  async #conflict(op) {
    const file = await get(of(this.id));
    this.view.took(file, null);
    const theirs = file.history.filter((e) => !e.undone).at(-1);
    this.conflicts.push({ op, who: theirs?.who ?? null, what: theirs?.what ?? null });
    this.view.stuck();
  }

  async #resend() {
    const ops = this.unsent.splice(0);
    try {
      const file = await get(of(this.id));
      const same = ops.every((op) => op.version === file.version);
      this.view.took(file, null);
      ops.forEach((op) => waiting.delete(op));
      // The answer may have been lost after the edit was taken: then the version has moved, and the person decides.
      if (same) for (const op of ops) await this.send(op);
      else this.conflicts.push(...ops.map((op) => ({ op, who: null, what: null })));
    } catch {
      // A program that has just begun still searches: it is asked again.
      ops.forEach((op) => waiting.add(op));
      this.unsent.unshift(...ops);
      setTimeout(this.onLink, AGAIN_MS);
    }
    this.view.stuck();
  }

  /** Applies a refused edit to what the file is now. */
  again(conflict) {
    this.drop(conflict);
    return this.send(conflict.op);
  }

  /** Gives up a refused edit. */
  drop(conflict) {
    this.conflicts = this.conflicts.filter((c) => c !== conflict);
    this.view.stuck();
  }

  /** Stops listening, unless something is still to be sent. */
  close() {
    if (!this.unsent.length) link.removeEventListener("change", this.onLink);
  }
}
