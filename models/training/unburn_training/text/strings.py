"""Invented annotation strings: names, ids, dates, institutions, technical and anatomical words.

`Strings(r).sample()` gives (text, kind, identifying tokens). Names are drawn from lists of common names or made up of syllables."""
import string
import unicodedata

from .alphabet import ASCII, EXTRA

FIRST = """James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Richard Susan Joseph Jessica
Thomas Sarah Charles Karen Christopher Nancy Daniel Lisa Matthew Betty Anthony Margaret Mark Sandra Donald Ashley Steven Kimberly
Paul Emily Andrew Donna Joshua Michelle Kenneth Carol Kevin Amanda Brian Dorothy George Melissa Edward Deborah Ronald Stephanie
Hans Jürgen Klaus Günter Heike Ursula Jörg Björn Søren Åsa Ingrid Lars Mette Pål Øyvind José María Jesús Ángel Raúl Sofía Inés
Núñez Luís João Antônio Conceição Françoise René André Chloé Noémie Zoë Amélie Gaël Étienne Giulia Marco Paolo Chiara Luca
Wei Li Ming Hiroshi Yuki Kenji Min-jun Ji-woo Nguyen Linh Priya Raj Anil Sunita Mohammed Fatima Ahmed Aisha Omar Layla Ivan
Olga Dmitri Svetlana Piotr Agnieszka Jan Katarzyna Tomas Eva Abigail Wyatt Xavier Quentin Yvonne Zachary""".split()
LAST = """Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas
Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright
Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Müller Schmidt Schneider
Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun
Krüger Hofmann Hartmann Lange Weiß Größ Jäger Østergård Sørensen Ångström Lindqvist Bergström Haugen Núñez Muñoz Peña Ibáñez
Gómez Díaz Fernández Álvarez Jiménez Gonçalves Simões Araújo Conceição Lefèvre Müßig François Bélanger Côté Dubois Moreau
Rossi Russo Ferrari Esposito Bianchi Romano Wang Zhang Chen Liu Huang Tanaka Suzuki Watanabe Kim Park Choi Tran Pham Singh Kumar
Patel Sharma Khan Hussain Ali Hassan Ibrahim Ivanov Petrov Kowalski Nowak Novak Horvat O'Brien O'Connor McDonald MacLeod
van-Dijk DeWitt St.John Fitzgerald Quigley Vazquez Xu Yilmaz Zielinski Jovanovic""".split()
ANAT = """Liver Spleen Pancreas Kidney Rt Lt Right Left Gallbladder CBD Aorta IVC Portal Vein Hepatic Artery Renal Bladder Prostate
Uterus Ovary Cervix Endometrium Fetus Fetal Heart BPD HC AC FL EFW GA EDD Thyroid Lobe Isthmus Carotid CCA ICA ECA Jugular
Breast Axilla Nodule Cyst Mass Lesion Sag Trans Long TRV SAG COR AX Axial Coronal Sagittal Oblique Lateral Medial Proximal Distal
Mid Upper Lower Pole LT RT RUQ LUQ RLQ LLQ Epigastric Subcostal Parasternal PLAX PSAX A4C A2C Apical Suprasternal LV RV LA RA
Mitral Aortic Tricuspid Pulmonic Valve EF FS LVOT Septum Doppler Color Power Flow Knee Hip Shoulder Wrist Elbow Ankle Foot Hand
Chest Abdomen Pelvis Skull Spine Cervical Thoracic Lumbar Brain Head Neck Femur Tibia Humerus AP PA LAT Erect Supine Portable
Mobile Upright Standing Decubitus Stress Rest Pre Post Contrast Delayed Arterial Venous Phase Image Series Slice Exam Study
Femoral Popliteal Appendix Testis Scalp Yolk Sac CRL Amniotic Placenta Median Nerve Achilles Tendon""".split()
INST = """General Hospital|St. Mary's Hospital|University Medical Center|City Clinic|Imaging Associates|Regional Med Ctr|Radiology Dept
|Klinikum Süd|Universitätsklinikum|Krankenhaus|CHU de Bordeaux|Hôpital Saint-Louis|Hospital Clínico|Sjukhuset|Children's Hospital
|Memorial Hosp.|VA Medical Center|Diagnostic Imaging|Women's Health|Heart & Vascular Institute|Cancer Center|Clinica São José
|NORTHSIDE HOSP|COUNTY MEDICAL CENTRE|ECHO LAB|MFM Unit 3|OB/GYN Clinic|Emergency Dept|ICU 2|Vet Imaging Ltd""".replace("\n", "").split("|")
VEND = ["GE", "Philips", "SIEMENS", "Canon", "TOSHIBA", "Mindray", "SAMSUNG", "Hitachi", "FUJIFILM", "LOGIQ E9", "Voluson E10", "Vivid E95",
        "EPIQ 7C", "iU22", "ACUSON S2000", "Aplio 500", "DC-70", "HI VISION", "SonoSite", "Arietta 850", "CX50", "LOGIQ P6", "Affiniti 70G"]
PROBE = ["C5-1", "L12-3", "C1-5-D", "9L-D", "S5-1", "X5-1", "L9-3", "C9-2", "4C-RS", "12L-RS", "M5Sc", "RAB6-D", "VF10-5", "6C1HD", "18L6HD", "3Sc-RS"]
MON = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
MONL = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
CONSOLE = """GAIN POWER PWR DEPTH ZOOM FILT FILTER ANGLE DYN SCALE FOCUS FREQ RATE MAP REJ EDGE PERSIST COMP PROC XMIT TGC SECTOR CINE FRAME PRF BASE INV STEER GATE VEL
SWEEP SPEED MODE FREEZE ID IM SE SEQ SER EXAM STUDY KV MA MAS SEC THK LOC TILT FOV IDX SFOV DFOV MATRIX NEX TR TE TI FLIP BW COIL ORIG ZOOM WW WL WIN LEV FLT KERN GANTRY TABLE
Gain Power Depth Zoom Filter Angle Scale Focus Freq Rate Map Reject Edge Persist Frame Speed Mode Tilt Thk Loc Idx kV mA mAs sec mm Cont Scan Acq Tm Rot Pitch Dose Len""".split()
CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxyz", "aeiou"
UNITS = ["cm", "mm", "cm²", "ml", "m/s", "cm/s", "mmHg", "dB", "Hz", "MHz", "kHz", "bpm", "%", "°", "ms", "s", "mA", "kV", "kVp", "mAs", "mGy", "HU", "µm", "mL", "cc"]
TITLES = ["Dr. ", "Dr ", "Mr. ", "Mrs. ", "MD ", "Prof. "]
NAME_LABELS = ["Name: ", "Patient: ", "Pt: ", "Patient Name: ", "PATIENT: ", "Ref: ", "Phys: ", "Operator: ", "Tech: ", "Pat.: ", "Name "]
ID_LABELS = ["MRN: ", "MRN ", "ID: ", "ID:", "Patient ID: ", "PID ", "Acc# ", "ACC: ", "Accession: ", "Acc. No. ", "SSN: ", "Pat-ID: ", "Case: ", "#", "Exam# "]
DATE_LABELS = ["DOB: ", "DOB ", "Date: ", "Birth: ", "D.O.B. ", "Geb.: ", "Born ", "Exam Date: ", "Study: ", "*", "LMP "]
SHORT = ["cm", "cm/s", "+", "m/s", "dB", "L", "R", "%", "JPEG", "HR", "Menu", "OK", "Cancel", "File", "Edit", "View", "Help", "Save", "1/1", "[H]", "[F]",
         "SIN", "AP", "PA", "LAT", "mm", "V", "P", "G", "T", "x", "kPa", "Hz", "s", "ml"]
MARKERS = ["L", "R", "L", "R", "LT", "RT", "LEFT", "RIGHT", "PA", "AP", "LAT", "SUP", "ERECT", "L1", "R2", "D", "S", "MLO", "CC", "RCC", "LMLO", "RMLO", "LCC"]


class Strings:
    MIX = {"name": .20, "ident": .13, "date": .13, "time": .04, "person": .05, "phone": .02, "institution": .05, "technical": .14, "anatomy": .07, "random": .12, "digits": .05}

    def __init__(self, r):
        self.r = r

    def sample(self, longest=40):
        kind = self.r.choices(list(self.MIX), list(self.MIX.values()))[0]
        text, tokens = getattr(self, kind)()
        if self.r.random() < .06:
            other = self.r.choices(list(self.MIX), list(self.MIX.values()))[0]
            text2, tokens2 = getattr(self, other)()
            text, tokens = text + " " + text2, tokens + tokens2
        if self.r.random() < .04 and "ß" not in text:
            text = text.upper()
        text = "".join(map(_writable, " ".join(text.split()))).strip() or "0"
        if len(text) > longest:
            text = text[:longest].strip()
        return text, kind, [t for t in tokens if t in text]

    def lone(self):
        """a sign that stands by itself, as markers, scale numbers and soft keys do"""
        signs = self.r.choices(("PRLAHFIVSMG", "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghkmnrstvwxyz%+<>?#"), (.5, .3, .2))[0]
        return self.r.choice(signs), "lone", []

    def short(self):
        """a mark, a number or a unit as it stands beside scales and corners; None: take a normal string"""
        r, k = self.r, self.r.random()
        if k < .25:
            return r.choice("LRLRLRHFAPSIPV")
        if k < .50:
            return str(r.randrange(0, 10 ** r.randrange(1, 4)))
        if k < .60:
            return f"{r.uniform(-5, 99):.{r.randrange(1, 3)}f}"
        if k < .70:
            return r.choice(SHORT)
        return None

    def dashes(self):
        """placeholders for empty values"""
        r, n = self.r, self.r.randrange(2, 9)
        return r.choice(["-" * n, "- " * n, "--/--/--", "---", "--.-", "--:--", "<-->", "_" * n, "=" * n, "->", "*" * n]).strip()

    def marker(self):
        r = self.r
        t = r.choice(MARKERS)
        return t + r.choice([" ", "-", ""]) + "".join(r.choice(string.ascii_uppercase) for _ in range(2)) if r.random() < .15 else t

    # ---- kinds ----
    def _digits(self, n):
        return "".join(self.r.choice(string.digits) for _ in range(n))

    def _number(self, a, b, places):
        return f"{self.r.uniform(a, b):.{places}f}"

    def _syllables(self):
        r = self.r
        parts = [r.choice(CONSONANTS) + r.choice(VOWELS) + (r.choice(CONSONANTS) if r.random() < .35 else "") for _ in range(r.randint(1, 4))]
        return "".join(parts).capitalize()

    def _first(self):
        return self.r.choice(FIRST) if self.r.random() < .55 else self._syllables()

    def _last(self):
        return self.r.choice(LAST) if self.r.random() < .5 else self._syllables()

    def _day(self):
        return self.r.randint(1915, 2030), self.r.randint(1, 12), self.r.randint(1, 28)

    def name(self):
        r = self.r
        f, l, m = self._first(), self._last(), r.choice(string.ascii_uppercase)
        forms = {
            f"{l.upper()}^{f.upper()}" + (f"^{m}" if r.random() < .3 else ""): .20, f"{l}^{f}": .10,
            f"{l}, {f}" + (f" {m}" if r.random() < .4 else ""): .20, f"{l.upper()}, {f.upper()}" + (f" {m}." if r.random() < .3 else ""): .12,
            f"{f} {l}": .12, f"{l.upper()} {f.upper()}": .08, r.choice(TITLES) + l: .06, f"{f[0]}. {l}": .03, f"{l} {f[0]}": .02, r.choice([l, f, l.upper()]): .07,
        }
        t = r.choices(list(forms), list(forms.values()))[0]
        tokens = [x for x in t.replace("^", " ").replace(",", " ").split() if len(x) > 1 and x + " " not in TITLES]
        return (r.choice(NAME_LABELS) + t if r.random() < .22 else t), tokens

    def ident(self):
        r, d, up = self.r, self._digits, string.ascii_uppercase
        t = r.choices([
            d(r.randint(5, 10)), r.choice(up) + d(r.randint(5, 9)), "".join(r.choice(up) for _ in range(r.randint(2, 3))) + d(r.randint(4, 8)),
            f"{d(3)}-{d(2)}-{d(4)}", f"{d(6)}-{d(4)}", f"{self._day()[0]}{r.randint(1, 12):02}{r.randint(1, 28):02}-{d(r.randint(3, 6))}",
            "".join(r.choice("0123456789ABCDEF") for _ in range(r.randint(6, 10))),
            "1.2." + ".".join(d(r.randint(1, 5)).lstrip("0") or "0" for _ in range(r.randint(3, 6))), f"{r.choice(up)}{d(2)}-{d(5)}",
        ], [30, 10, 10, 10, 8, 8, 8, 8, 8])[0]
        return (r.choice(ID_LABELS) + t if r.random() < .5 else t), [t]

    def date(self):
        r, (y, m, d) = self.r, self._day()
        s, y2 = r.choice("-/."), y % 100
        t = r.choice([
            f"{y}-{m:02}-{d:02}", f"{m:02}/{d:02}/{y}", f"{d:02}.{m:02}.{y}", f"{y}{m:02}{d:02}", f"{d:02}-{MON[m-1]}-{y}", f"{d:02} {MON[m-1]} {y}",
            f"{MON[m-1]} {d:02}, {y}", f"{MON[m-1].upper()} {d:02} {y}", f"{m}/{d}/{y2:02}", f"{d:02}{s}{m:02}{s}{y2:02}", f"{MONL[m-1]} {d}, {y}",
            f"{d}. {MONL[m-1]} {y}", f"{d:02}{MON[m-1].upper()}{y2:02}", f"{y}{s}{m:02}{s}{d:02}"])
        text = t + " " + self.time()[0] if r.random() < .35 else t
        return (r.choice(DATE_LABELS) + text if r.random() < .3 else text), [t]

    def time(self):
        r = self.r
        h, m, s = r.randint(0, 23), r.randint(0, 59), r.randint(0, 59)
        t = r.choice([f"{h:02}:{m:02}:{s:02}", f"{h:02}:{m:02}", f"{h % 12 or 12}:{m:02} {r.choice(['AM', 'PM'])}",
                      f"{h % 12 or 12}:{m:02}:{s:02} {r.choice(['AM', 'PM', 'am', 'pm'])}", f"{h:02}:{m:02}:{s:02}.{self._digits(2)}", f"{h:02}{m:02}{s:02}", f"{h:02}:{m:02}h"])
        return t, [t]

    def person(self):
        r = self.r
        a, sex = r.randint(0, 99), r.choice("MFO")
        return r.choice([f"{a:03}Y", f"{sex} {a:03}Y", f"{a}Y/{sex}", f"Age: {a}", f"Sex: {sex}", f"{a} yrs {sex}", sex, f"({a}y)", f"{a}Y {r.randint(0, 11)}M", f"{sex}/{a}",
                         "Male", "Female", f"{a:03}Y {sex}", f"GA={r.randint(5, 41)}w{r.randint(0, 6)}d", f"Ht {r.randint(50, 200)}cm Wt {r.randint(3, 140)}kg",
                         f"BSA: {self._number(.2, 2.4, 2)} m²"]), []

    def phone(self):
        d, r = self._digits, self.r
        t = r.choice([f"({d(3)}) {d(3)}-{d(4)}", f"{d(3)}-{d(3)}-{d(4)}", f"+{r.randint(1, 99)} {d(2)} {d(4)} {d(4)}", f"Tel: {d(4)}/{d(6)}", f"Ph: {d(3)} {d(4)}", f"x{d(4)}"])
        return t, [t]

    def institution(self):
        r = self.r
        t = r.choice(INST)
        if r.random() < .3:
            t = self._syllables() + " " + t
        if r.random() < .2:
            t = t.upper().replace("ß", "SS")
        return t, [x for x in t.split() if len(x) > 3]

    def technical(self):
        r, n = self.r, self._number
        i, p = r.randint, r.choice
        return p([
            f"MI {n(.1, 1.9, 1)} TIs {n(0, 2, 1)}", f"MI: {n(.1, 1.9, 2)}", f"TIS{n(0, 2, 1)} MI {n(0, 2, 1)}", f"TIB {n(0, 2, 1)}", f"FR {i(5, 120)}Hz", f"FR:{i(5, 120)}", f"{i(5, 120)} fps",
            f"RS 2D {i(1, 99)}% C {i(1, 99)} P {p(['Low', 'Med', 'High'])} {p(['HPen', 'HGen', 'HRes', 'Gen', 'Res', 'Pen'])}", f"{i(1, 99)}% {i(1, 99)}dB", f"Dist {n(.1, 20, 2)} cm",
            f"{i(1, 9)} {p(['L', 'D', 'Dist', 'Vol', 'Area', '+', 'Ang'])} {n(.1, 30, i(1, 2))} {p(UNITS)}", f"{n(2, 25, i(0, 1))}cm", p(PROBE), f"{p(VEND)} {p(PROBE)}", p(VEND),
            f"Gn {i(-20, 99)} DR {i(40, 99)}", f"G:{i(0, 100)}% D:{n(2, 30, 1)}cm F:{n(1, 15, 1)}MHz", f"W {i(1, 4000)} L {i(-500, 2000)}", f"WL: {i(-500, 2000)} WW: {i(1, 4000)}",
            f"Im: {i(1, 500)}/{i(1, 900)}", f"Se: {i(1, 30)}", f"kV {i(40, 140)} mA {i(10, 700)}", f"TR: {n(2, 9000, 1)} TE: {n(1, 150, 1)}", f"Zoom: {i(50, 400)}% Angle: {i(0, 90)}",
            f"{n(0, 300, i(0, 3))} {p(UNITS)}", f"PRF {n(.3, 9, 1)}kHz WF {i(20, 300)}Hz SV Angle {i(-60, 60)}° Size {n(1, 9, 1)}mm"]), []

    def anatomy(self):
        r = self.r
        t, k = " ".join(r.choice(ANAT) for _ in range(r.randint(1, 4))), r.random()
        return (t.upper() if k < .3 else t.lower() if k < .37 else t), []

    def random(self):
        r = self.r
        letters = r.choices([ASCII[1:], string.ascii_letters + string.digits, string.ascii_uppercase, string.ascii_lowercase, ASCII[1:] + EXTRA * 2, string.punctuation + string.digits],
                            [40, 15, 10, 10, 15, 10])[0]
        t = "".join(r.choice(letters) for _ in range(r.randint(1, 14)))
        if r.random() < .3 and len(t) > 3:
            i = r.randint(1, len(t) - 2)
            t = t[:i] + " " + t[i:]
        return t, []

    def console(self):
        """a setting as old consoles show it: a label and a value, often in capitals and close together"""
        r, i = self.r, self.r.randint
        label = r.choice(CONSOLE) if r.random() < .7 else "".join(r.choice(string.ascii_uppercase) for _ in range(i(1, 7)))
        value = r.choice([str(i(0, 999)), f"{i(0, 9999):04}", self._number(0, 99, 1), f"-{i(1, 400)}", f"+{i(1, 90)}", f"{i(0, 9)}/{i(0, 9)}/{r.choice('ABCDE')}", r.choice(string.ascii_uppercase),
                          f"{i(10, 99)}{r.choice(string.ascii_uppercase)}{i(10, 99)}", f"{self._number(1, 20, 1)}{r.choice(['MHZ', 'CM', 'HZ', 'DB', 'BPM', 'cm', 'mm', 'dB'])}", f"#{i(1, 99)}"])
        t = r.choice([f"{label} {value}", f"{label} {value}", f"{label}{value}", f"{label}:{value}", f"{label}: {value}", f"{label}={value}", label, value])
        return t, "technical", []

    def digits(self):
        r, k = self.r, self.r.random()
        if k < .5:
            return self._digits(r.randint(1, 14)), []
        if k < .8:
            return self._number(0, 10 ** r.randint(1, 5), r.randint(0, 4)), []
        return " ".join(self._digits(r.randint(1, 4)) for _ in range(r.randint(2, 4))), []


_WRITABLE = set(ASCII + EXTRA)


def _writable(c):
    if c in _WRITABLE:
        return c
    base = unicodedata.normalize("NFKD", c)[0]
    return base if base in _WRITABLE else ""
