"""Writes MANIFEST.toml, and the figures in it into the model card: which model files belong together, their hashes, how they were trained, what was measured.

The program reads `format`, `file` and `sha256`; `trained` and `figures` are for people. Entries of other networks are kept."""
import hashlib
import json
import os
import tomllib

from . import card

HEAD = """# What is compiled into unburn, and what `--models DIR` must hold: the three files below and a MANIFEST.toml of this
# form. `sha256` is checked whenever models are loaded. `trained` and `figures` are for people; README.md is the model
# card with the weak points. Written by training/run.py.
"""
FORMAT = 1
ORDER = ["detector", "reader", "alphabet"]
LICENSE = "MIT OR Apache-2.0"


def update(models, name, file, trained, figures=None):
    """replaces the entry `name`; figures: {word: number or string}"""
    document = _read(models)
    with open(os.path.join(models, file), "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    document[name] = dict(file=file, sha256=digest, license=LICENSE, trained=trained)
    if figures:
        document[name]["figures"] = figures
    _write(models, document, name)


def measured(models, name, figures):
    """adds figures to the entry `name`, or replaces them there"""
    document = _read(models)
    document[name].setdefault("figures", {}).update(figures)
    _write(models, document, name)


def _read(models):
    path = os.path.join(models, "MANIFEST.toml")
    if not os.path.exists(path):
        return {}
    with open(path, "rb") as f:
        return tomllib.load(f)


def _write(models, document, name):
    """the manifest, and the figures of the entry `name` into the card beside it"""
    with open(os.path.join(models, "MANIFEST.toml"), "w", encoding="utf-8") as f:
        f.write(HEAD + f"format = {FORMAT}\n")
        for key in ORDER:
            if key in document:
                entry = dict(document[key])
                inner = entry.pop("figures", None)
                f.write(_table(key, entry))
                if inner:
                    f.write(_table(key + ".figures", inner))
    readme = os.path.join(models, "README.md")
    if "figures" in document[name] and os.path.exists(readme):
        card.replace(readme, name, card.figures(document[name]))


def _table(name, values):
    return f"\n[{name}]\n" + "".join(f"{k} = {json.dumps(v, ensure_ascii=False)}\n" for k, v in values.items())
