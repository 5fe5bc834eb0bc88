// The person's choice of keys and looks, kept in a cookie: it outlives the port, which differs from run to run. No file data.

const NAME = "unburn-prefs";

function load() {
  const found = document.cookie.split("; ").find((c) => c.startsWith(`${NAME}=`));
  try {
    const value = JSON.parse(decodeURIComponent(found.slice(NAME.length + 1)));
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

const prefs = load();

/** A choice, or what stands in for it. */
export const pref = (name, otherwise) => prefs[name] ?? otherwise;

/** Remembers a choice; undefined forgets it. */
export function setPref(name, value) {
  if (value === undefined) delete prefs[name];
  else prefs[name] = value;
  document.cookie = `${NAME}=${encodeURIComponent(JSON.stringify(prefs))}; path=/; max-age=31536000; SameSite=Strict`;
}
