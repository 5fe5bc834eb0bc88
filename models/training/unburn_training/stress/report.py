"""Figures of the stress suite as text, table and plot (SVG, small multiples, no library)."""
import html
import os

from .. import card
from . import cases

PLOT = "plots/stress.svg"
NAMES = {"unburn": "unburn", "tesseract": "Tesseract 5", "pp-ocr": "PP-OCR (rapidocr)"}
COLOURS = {"unburn": "#0b5394", "pp-ocr": "#c27c0e", "tesseract": "#7a7a7a"}
CELL_W, CELL_H, COLUMNS = 300, 200, 3
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 26, 62


def share(v):
    return 100 * v["found"] / v["lines"] if v["lines"] else None


def row(axis, values):
    if axis == cases.TEXT_FREE:
        n = sum(v["pictures"] for v in values.values())
        return f"{sum(v['touched'] for v in values.values())} of {n} touched, {100 * sum(v['over'] for v in values.values()) / sum(v['away'] for v in values.values()):.2f} % of the area"
    return "  ".join(f"{k}:{share(v):.0f}" for k, v in values.items())


def table(figures):
    engines = [e for e in NAMES if e in figures]
    out = ["| what is varied | value | lines | " + " | ".join(NAMES[e] for e in engines) + " |", "|---|---|---|" + "---|" * len(engines)]
    for axis, (title, conditions) in cases.AXES.items():
        for i, value in enumerate(map(str, conditions)):
            cells = [figures[e].get(axis, {}).get(value) for e in engines]
            if any(cells):
                lines = " / ".join(dict.fromkeys(str(c["lines"]) for c in cells if c))
                out.append(f"| {title if i == 0 else ''} | {value} | {lines} | " + " | ".join(f"{share(c):.1f}" if c else "" for c in cells) + " |")
    return "\n".join(out)


def summary(figures):
    """over-mask and text-free pictures, one row an engine"""
    out = ["| | over-mask on pages with text | text-free pictures touched | their masked area | refused |", "|---|---|---|---|---|"]
    for e in (e for e in NAMES if e in figures):
        text = [v for axis, values in figures[e].items() if axis != cases.TEXT_FREE for v in values.values()]
        free = list(figures[e].get(cases.TEXT_FREE, {}).values())
        total = lambda rows, k: sum(v[k] for v in rows)
        out.append(f"| {NAMES[e]} | {100 * total(text, 'over') / max(1, total(text, 'away')):.2f} % | {total(free, 'touched')} of {total(free, 'pictures')} | "
                   f"{100 * total(free, 'over') / max(1, total(free, 'away')):.2f} % | {total(text + free, 'refused')} |")
    return "\n".join(out)


def plot(figures):
    rows = -(-len(cases.AXES) // COLUMNS)
    w, h = COLUMNS * CELL_W, rows * CELL_H + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" font-family="sans-serif" font-size="10" fill="#333">', f'<rect width="{w}" height="{h}" fill="#fff"/>']
    for i, e in enumerate(e for e in NAMES if e in figures):
        out.append(f'<line x1="{20 + 190 * i}" y1="14" x2="{44 + 190 * i}" y2="14" stroke="{COLOURS[e]}" stroke-width="2.5"/><text x="{50 + 190 * i}" y="18" font-size="12">{NAMES[e]}</text>')
    for i, (axis, (title, conditions)) in enumerate(cases.AXES.items()):
        out += _panel(figures, axis, title, [str(v) for v in conditions], (i % COLUMNS) * CELL_W, 30 + (i // COLUMNS) * CELL_H)
    return "\n".join(out + ["</svg>\n"])


def _panel(figures, axis, title, values, x0, y0):
    left, right, top, bottom = x0 + LEFT, x0 + CELL_W - RIGHT, y0 + TOP, y0 + CELL_H - BOTTOM
    x = lambda i: left + (right - left) * (i + .5) / len(values)
    y = lambda s: bottom - (bottom - top) * s / 100
    out = [f'<text x="{left}" y="{y0 + 16}" font-size="11" font-weight="bold">{html.escape(title)}</text>']
    for s in (0, 50, 100):
        out.append(f'<line x1="{left}" y1="{y(s):.1f}" x2="{right}" y2="{y(s):.1f}" stroke="#ddd"/><text x="{left - 5}" y="{y(s) + 3:.1f}" text-anchor="end">{s} %</text>')
    for i, v in enumerate(values):
        turned = axis not in cases.NUMBERS
        place = f'text-anchor="end" transform="rotate(-40 {x(i):.1f} {bottom + 12})"' if turned else 'text-anchor="middle"'
        out.append(f'<text x="{x(i):.1f}" y="{bottom + 12}" {place}>{html.escape(v)}</text>')
    for e in reversed([e for e in NAMES if e in figures]):
        points = [(x(i), y(share(c))) for i, v in enumerate(values) for c in [figures[e].get(axis, {}).get(v)] if c]
        if axis in cases.NUMBERS and points:
            out.append(f'<polyline fill="none" stroke="{COLOURS[e]}" stroke-width="{2.2 if e == "unburn" else 1.4}" points="' + " ".join(f"{a:.1f},{b:.1f}" for a, b in points) + '"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{3 if e == "unburn" else 2.4}" fill="{COLOURS[e]}"/>' for a, b in points]
    return out


def into_card(path, figures):
    plot_path = os.path.join(os.path.dirname(os.path.abspath(path)), PLOT)
    os.makedirs(os.path.dirname(plot_path), exist_ok=True)
    with open(plot_path, "w", encoding="utf-8") as f:
        f.write(plot(figures))
    card.replace(path, "stress", f"![recall under stress]({PLOT})\n\n{summary(figures)}\n\n<details><summary>Lines found, percent</summary>\n\n{table(figures)}\n\n</details>")
