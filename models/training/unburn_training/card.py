"""Writes measured figures into the model card: each script replaces the part between its own two marks, the rest is prose by hand."""


def marks(name):
    return f"<!-- {name}: written by the scripts -->", f"<!-- end of {name} -->"


def replace(path, name, body):
    """the part `name` of the card at `path`; an error where the card has no place for it"""
    begin, end = marks(name)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if begin not in text or end not in text:
        raise SystemExit(f"{path} has no place for the figures: it needs the lines {begin} and {end}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text[:text.index(begin)] + f"{begin}\n{body}\n" + text[text.index(end):])


def figures(entry):
    """an entry of MANIFEST.toml as a table"""
    rows = [("trained", entry["trained"])] + [(k.replace("_percent", ", %").replace("_", " "), v) for k, v in entry.get("figures", {}).items()]
    return "| figure | value |\n|---|---|\n" + "\n".join(f"| {k} | {v} |" for k, v in rows)
