"""The reader's alphabet. Class 0 is the CTC blank, class i+1 is ALPHABET[i]."""

ASCII = "".join(chr(c) for c in range(32, 127))
EXTRA = "°µ±²³×äöüÄÖÜßéèêëáàâãåæçíîïñóôõøúûÉÅÁÇÑÓØ"
ALPHABET = ASCII + EXTRA
INDEX = {c: i + 1 for i, c in enumerate(ALPHABET)}
CLASSES = len(ALPHABET) + 1

# what to write when a font lacks a character
FALLBACK = dict(zip("äöüÄÖÜéèêëáàâãåçíîïñóôõøúûÉÅÁÇÑÓØµ²³×", "aouAOUeeeeaaaaaciiinoooouuEAACNOOu23x"))
FALLBACK.update({"ß": "ss", "æ": "ae", "°": " deg", "±": "+/-"})
# what readers mistake for each other, and signs that say little
LOOK_ALIKE = str.maketrans({"O": "0", "Q": "0", "D": "0", "L": "1", "I": "1", "|": "1", "S": "5", "Z": "2", "B": "8", "'": "", "`": "", ".": "", ",": "", "-": "", "_": ""})


def fold(text, cover):
    """text with every character that `cover` lacks replaced"""
    return "".join(c if c in cover else FALLBACK.get(c, "?") if c not in ASCII else "-" for c in text)


def encode(text):
    return [INDEX[c] for c in text]


def decode(classes):
    """greedy CTC decoding of one row of class numbers"""
    out, previous = [], 0
    for i in classes:
        if i != previous and i != 0:
            out.append(ALPHABET[i - 1])
        previous = i
    return "".join(out)


def folded(text):
    """for comparing: letter case, spaces and look-alikes (O/0, l/1, ...) forgiven"""
    return text.upper().replace(" ", "").translate(LOOK_ALIKE)
