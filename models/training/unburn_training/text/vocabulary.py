"""What may stay and what nearly may: lines made of the program's own safe words, and words and numbers one or two signs away from them.

Reads the lists in `src/phi/data`. The reader learns from both in like shares, so that it favours neither; the pages on which kept
text is judged draw from the same lists, with other dice."""
import os
import string

from .alphabet import folded
from .strings import UNITS, Strings

LISTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), *[os.pardir] * 4, "src", "phi", "data")
WORDS = ("anatomy", "views", "clinical", "technical", "laterality")
MARKS = "~!+"
# letters that are drawn nearly alike at a few pixels
NEAR_LETTERS = {"a": "oes", "b": "hk", "c": "eo", "e": "co", "f": "t", "g": "qy", "h": "bn", "i": "l", "j": "i", "l": "it", "m": "n", "n": "hmu", "o": "ea", "p": "g", "q": "g", "r": "nt", "s": "ae",
                "t": "fl", "u": "nv", "v": "uy", "w": "v", "x": "k", "y": "vg", "z": "s"}
NEAR_PAIRS = (("rn", "m"), ("m", "rn"), ("cl", "d"), ("d", "cl"), ("vv", "w"), ("w", "vv"), ("nn", "m"), ("ri", "n"), ("li", "h"), ("ii", "u"))
STEMS = ("MI", "TE", "FR", "IM", "SE", "L", "W", "D", "PRF", "DR", "G", "kV", "mA", "Z")


def _entries(name):
    with open(os.path.join(LISTS, name), encoding="utf-8") as f:
        for line in f:
            if not (line.rstrip() == "#" or line.startswith("# ")):
                yield line.rstrip("\n")


class Vocabulary:
    """lines of safe words and values, and their near neighbours, drawn with the dice `r`"""

    def __init__(self, r):
        self.r, self.strings = r, Strings(r)
        self.plain, self.known = {}, set()         # words by list; all of them, folded
        for name in WORDS:
            words = [w for line in _entries(name + ".txt") for w in line.split()]
            self.known |= {folded(w.lstrip(MARKS)) for w in words}
            self.plain[name] = [w.lstrip(MARKS) for w in words if not w.startswith("~")]
        self.labels = [w for line in _entries("labels.tsv") for w in line.split("\t")[1].split() if not w.startswith("~")]
        self.known |= {folded(w) for w in self.labels}
        self.long = [w for words in self.plain.values() for w in words if len(w) >= 4 and w.isalpha()]

    def _case(self, text):
        k = self.r.random()
        return text.upper() if k < .4 else text.title() if k < .8 else text

    # ---- what may stay ----
    def words(self):
        r = self.r
        name = r.choices(WORDS, [34, 18, 18, 18, 12])[0]
        return self._case(" ".join(r.choice(self.plain[name]) for _ in range(r.choice((1, 1, 1, 2, 2, 3)))))

    def value(self):
        r = self.r
        label = self._case(r.choice(self.labels))
        number = r.choice((str(r.randint(0, 999)), f"{r.uniform(0, 30):.1f}", f"{r.uniform(0, 3):.2f}", f"{r.uniform(0, 200):.0f}"))
        return f"{label}{r.choice((' ', ' ', ': ', ':', '='))}{number}" + (r.choice((" ", "")) + r.choice(UNITS) if r.random() < .6 else "")

    def marker(self):
        r = self.r
        return r.choice(("L", "R", "L", "R", "RT", "LT", "LEFT", "RIGHT", "PA", "AP", "LAT", "ERECT", "SUPINE", "PORTABLE", "RCC", "LMLO"))

    def harmless(self):
        """-> text, kind"""
        kind = self.r.choices(("words", "value", "technical", "anatomy", "console", "marker"), (34, 22, 16, 14, 9, 5))[0]
        if kind in ("technical", "anatomy", "console"):
            return getattr(self.strings, kind)()[0], kind
        return getattr(self, kind)(), kind

    # ---- what must not be taken for it ----
    def near_word(self):
        """a safe word with one or two letters changed, as a surname may be; no safe word itself"""
        r = self.r
        for _ in range(50):
            word = r.choice(self.long).lower()
            for _ in range(r.choice((1, 1, 2))):
                word = self._changed(word)
            if word.isalpha() and folded(word) not in self.known:
                return self._case(word)
        return "Livar"

    def _changed(self, word):
        r, i = self.r, self.r.randrange(len(word))
        k = r.random()
        if k < .2:
            pairs = [p for p in NEAR_PAIRS if p[0] in word]
            if pairs:
                a, b = r.choice(pairs)
                return word.replace(a, b, 1)
        if k < .75:
            return word[:i] + r.choice(NEAR_LETTERS.get(word[i], string.ascii_lowercase)) + word[i + 1:]
        if k < .85:
            return word[:i] + word[i + 1:]
        return word[:i] + r.choice(string.ascii_lowercase) + word[i + (k < .93):]

    def near_value(self):
        """an identifier that begins or ends like a label or a unit"""
        r = self.r
        digits = "".join(r.choice(string.digits) for _ in range(r.randint(5, 8)))
        cut = r.randint(1, 4)
        return r.choice((f"{r.choice(STEMS)}{digits}", f"{r.choice(STEMS)} {digits}", f"{digits}{r.choice(('C', 'MM', 'M', 'S', 'L', 'HZ', 'B'))}", f"{digits[:cut]}-{digits[cut:]}", f"{digits[:cut]}/{digits[cut:]}",
                         f"{r.choice(string.ascii_uppercase)}{digits[:cut]}{r.choice(string.ascii_uppercase)}{digits[cut:]}"))

    def identifying(self):
        """-> text, kind, the parts of it that identify (none: all of it)"""
        kind = self.r.choices(("name", "ident", "date", "time", "institution", "phone", "person", "random", "digits", "near word", "near value"), (16, 11, 9, 5, 6, 3, 5, 8, 5, 24, 8))[0]
        if kind == "near word":
            return self.near_word(), kind, []
        if kind == "near value":
            return self.near_value(), kind, []
        text, tokens = getattr(self.strings, kind)()
        return text, kind, tokens
