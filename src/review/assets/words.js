// Words for what the program decides: reasons, outcomes, states. One table each.

/** Families of reasons: the colour (class `fam-…`), the pattern of lines and the word on the picture. */
export const FAMILIES = {
  header: "identity",
  template: "template",
  pattern: "pattern",
  unread: "unread",
  unknown: "unknown",
  person: "drawn",
  kept: "kept",
  weak: "weak",
};

/** The family that an item is drawn in. */
export function family(item) {
  if (item.action === "weak") return "weak";
  if (item.action === "keep") return "kept";
  if (item.origin === "person") return "person";
  if (item.origin === "template" || item.reason.startsWith("template")) return "template";
  const head = item.reason.split(":")[0];
  if (head === "header" || head === "mask-words") return "header";
  if (head === "pattern") return "pattern";
  if (head === "unreadable") return "unread";
  return "unknown";
}

const spaced = (word) => word.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[-_]/g, " ").toLowerCase();

const WHOLE = {
  unreadable: "cannot be read",
  "unknown-text": "unknown text",
  person: "a person's box",
  "band": "whole band",
  "outside-regions": "outside the ultrasound regions",
};

const HEADS = { header: "header", pattern: "pattern", safe: "safe", template: "template" };

/** A reason in words: `header:PatientName` → `header: patient name`. */
export function reason(code) {
  if (!code) return "";
  if (WHOLE[code]) return WHOLE[code];
  const at = code.indexOf(":");
  if (at < 0) return spaced(code);
  return `${HEADS[code.slice(0, at)] ?? spaced(code.slice(0, at))}: ${spaced(code.slice(at + 1))}`;
}

/** The short form for the label on the picture. */
export function shortReason(item) {
  const at = item.reason.indexOf(":");
  const word = at < 0 ? WHOLE[item.reason] ?? spaced(item.reason) : spaced(item.reason.slice(at + 1));
  if (item.action === "weak") return "weak";
  if (item.action === "keep") return `kept · ${item.origin === "person" ? "by a person" : word}`;
  return word;
}

/** Outcomes from the worst down. */
export const OUTCOMES = ["failed", "quarantined", "needs-review", "pending", "masked", "clean"];
export const OUTCOME_WORDS = {
  failed: "failed", quarantined: "quarantined", "needs-review": "needs review",
  pending: "being searched", masked: "masked", clean: "nothing found",
};
export const STATES = ["unseen", "open", "flagged", "rejected", "approved"];
export const STATE_WORDS = { unseen: "unseen", open: "open", flagged: "flagged", rejected: "rejected", approved: "approved" };
export const RISKS = ["very-high", "high", "medium", "low"];

/** Signs beside the words, so that colour is never alone. */
export const STATE_SIGNS = { unseen: "○", open: "◐", flagged: "⚑", rejected: "✕", approved: "✓" };

/** Windows that are usual for CT, in HU, beside those of the header. */
export const CT_WINDOWS = [
  { name: "soft tissue", center: 40, width: 400 },
  { name: "lung", center: -600, width: 1500 },
  { name: "bone", center: 400, width: 1800 },
  { name: "brain", center: 40, width: 80 },
];

export const percent = (confidence) => (confidence === null || confidence === undefined ? "–" : `${Math.round(confidence / 10)} %`);
export const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

/** The rectangle that is edited: the one before it grew to what the encoding demands. */
export const editable = (item) => item.before ?? item.rect;
