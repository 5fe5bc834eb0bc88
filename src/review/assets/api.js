// Talks to the server on this machine and knows whether it is there.

/** What the server (or its absence) answered. `code`: its code, `offline` or `session`. */
export class Failure extends Error {
  constructor(status, code, text, body) {
    super(text);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

/** `link.state`: `ok`, `gone` (no answer) or `ended` (the page is no longer let in, until another tab has opened the new
 *  address). Both are tried again by themselves. Sends `change`. */
export const link = new EventTarget();
link.state = "ok";

function become(state) {
  if (link.state === state) return;
  const was = link.state;
  link.state = state;
  link.dispatchEvent(new Event("change"));
  if (was === "ok") again(1000);
}

function again(wait) {
  setTimeout(async () => {
    if (link.state === "ok") return;
    try {
      await get("/api/session");
    } catch {
      again(Math.min(wait * 1.5, 5000));
    }
  }, wait);
}

/** Asks at once instead of at the next turn. */
export const retry = () => get("/api/session").catch(() => {});

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    become("gone");
    throw new Failure(0, "offline", "the program does not answer");
  }
  if (answer.ok) {
    become("ok");
    return answer;
  }
  let body = null;
  try {
    body = await answer.json();
  } catch {
    // No JSON: the status is all there is.
  }
  const code = body?.code ?? `status-${answer.status}`;
  if (answer.status === 401 || code === "session") become("ended");
  else become("ok");
  throw new Failure(answer.status, code, body?.error ?? `the program answered with ${answer.status}`, body);
}

/** GET, JSON. */
export async function get(path, signal) {
  const answer = await ask(path, { signal });
  return answer.json();
}

/** GET, a picture. */
export async function blob(path, signal) {
  const answer = await ask(path, { signal });
  return answer.blob();
}

/** POST, JSON both ways. */
export async function post(path, body) {
  const answer = await ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Unburn": "1" },
    body: JSON.stringify(body ?? {}),
  });
  return answer.json();
}

/** Path of a file's resource. */
export const of = (id, rest = "") => `/api/files/${encodeURIComponent(id)}${rest}`;
