//! The word lists, from the data files beside this module and from the site's own files.
//!
//! Takes text lists once per run and answers look-ups of folded words. It decides nothing.

use super::fold::{fold, spellings};
use std::collections::{HashMap, HashSet};

/// A list that a safe word stands on; its name ends up in the reason `safe:<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum List {
    Laterality,
    Anatomy,
    View,
    Clinical,
    Technical,
    Unit,
    /// A field's label, such as `DOB:`, without its value.
    Label,
    /// The site's `--safe-words`.
    Word,
}

impl List {
    pub(super) fn reason(self) -> &'static str {
        match self {
            List::Laterality => "safe:laterality",
            List::Anatomy => "safe:anatomy",
            List::View => "safe:view",
            List::Clinical => "safe:clinical",
            List::Technical => "safe:technical",
            List::Unit => "safe:unit",
            List::Label => "safe:label",
            List::Word => "safe:word",
        }
    }
}

/// What is known of a safe word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) list: List,
    /// Safe only in the company of a word that is not weak, or of a value.
    pub(super) weak: bool,
    /// A side or position marker that is kept apart from other text of its segment.
    pub(super) marker: bool,
}

/// What may follow a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    /// Ratios, lists and products.
    pub(super) ratio: bool,
    /// Weeks and days.
    pub(super) weeks: bool,
    /// Counters padded with zeros.
    pub(super) padded: bool,
    /// Words of the settings list.
    pub(super) setting: bool,
    /// The value must have a unit, as the label is also a name.
    pub(super) needs_unit: bool,
}

/// One element of a transducer's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Exact(char),
    Digits,
    MaybeLetter,
}

/// All word lists of a run.
pub(super) struct Lexicon {
    words: HashMap<String, Word>,
    phrases: Vec<Vec<String>>,
    labels: HashMap<String, Label>,
    /// Whether a unit needs a label of its own.
    units: HashMap<String, bool>,
    probes: Vec<Vec<Part>>,
    settings: HashSet<String>,
    /// Whether a word is of an institution only in company.
    institution: HashMap<String, bool>,
    /// Whether a title is one only when written as one (`Mr.`, not `MR`).
    honorifics: HashMap<String, bool>,
    fields: HashMap<String, String>,
    address: HashSet<String>,
    months: HashMap<String, u8>,
    placeholders: HashSet<String>,
}

fn is_comment(line: &str) -> bool {
    line == "#" || line.starts_with("# ")
}

/// Words of a data file with their mark, comments and blank lines dropped.
fn entries(text: &str) -> impl Iterator<Item = (Option<char>, &str)> {
    text.lines()
        .filter(|l| !is_comment(l))
        .flat_map(str::split_whitespace)
        .map(|w| match w.chars().next() {
            Some(mark @ ('~' | '!' | '+')) if w.len() > 1 => (Some(mark), &w[1..]),
            _ => (None, w),
        })
}

/// Rows of a data file: the column before the tab, and the words behind it.
fn rows(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .filter(|l| !is_comment(l))
        .filter_map(|l| l.split_once('\t'))
}

impl Lexicon {
    /// The built-in lists, and the lines of the site's safe words.
    pub(super) fn new(extra_safe: &[String]) -> Self {
        let set = |text: &str| -> HashSet<String> {
            entries(text).flat_map(|(_, w)| spellings(w)).collect()
        };
        let mut lexicon = Lexicon {
            words: HashMap::new(),
            phrases: Vec::new(),
            labels: HashMap::new(),
            units: HashMap::new(),
            probes: entries(include_str!("data/probes.txt"))
                .map(|(_, p)| probe_pattern(p))
                .collect(),
            settings: set(include_str!("data/settings.txt")),
            institution: HashMap::new(),
            honorifics: HashMap::new(),
            fields: HashMap::new(),
            address: set(include_str!("data/address.txt"))
                .into_iter()
                .map(|w| w.trim_end_matches('.').to_string())
                .collect(),
            months: HashMap::new(),
            placeholders: set(include_str!("data/placeholders.txt")),
        };
        for (list, text) in [
            (List::Laterality, include_str!("data/laterality.txt")),
            (List::Anatomy, include_str!("data/anatomy.txt")),
            (List::View, include_str!("data/views.txt")),
            (List::Clinical, include_str!("data/clinical.txt")),
            (List::Technical, include_str!("data/technical.txt")),
        ] {
            lexicon.add_words(list, text);
        }
        for (mark, unit) in entries(include_str!("data/units.txt")) {
            lexicon.units.insert(fold(unit), mark == Some('!'));
        }
        for (mark, word) in entries(include_str!("data/institution.txt")) {
            for s in spellings(word) {
                lexicon
                    .institution
                    .insert(s.trim_end_matches('.').to_string(), mark == Some('~'));
            }
        }
        for (mark, title) in entries(include_str!("data/honorifics.txt")) {
            for s in spellings(title) {
                lexicon
                    .honorifics
                    .insert(s.trim_end_matches('.').to_string(), mark == Some('~'));
            }
        }
        for (kinds, labels) in rows(include_str!("data/labels.tsv")) {
            for (mark, label) in entries(labels) {
                let has = |k: char| kinds.contains(k);
                let l = lexicon.labels.entry(fold(label)).or_default();
                *l = Label {
                    ratio: l.ratio || has('r'),
                    weeks: l.weeks || has('w'),
                    padded: l.padded || has('z'),
                    setting: l.setting || has('s'),
                    needs_unit: l.needs_unit || mark == Some('~'),
                };
            }
        }
        for (pattern, labels) in rows(include_str!("data/fields.tsv")) {
            for (_, label) in entries(labels) {
                for s in spellings(label) {
                    lexicon.fields.insert(
                        s.trim_end_matches([':', '.']).to_string(),
                        format!("pattern:{pattern}"),
                    );
                }
            }
        }
        for (number, names) in rows(include_str!("data/months.tsv")) {
            if let Ok(number) = number.parse() {
                for (_, name) in entries(names) {
                    for s in spellings(name) {
                        lexicon
                            .months
                            .insert(s.trim_end_matches('.').to_string(), number);
                    }
                }
            }
        }
        for line in extra_safe {
            let phrase: Vec<String> = line.split_whitespace().map(fold).collect();
            match phrase.as_slice() {
                [] => {}
                [word] => {
                    lexicon.words.entry(word.clone()).or_insert(Word {
                        list: List::Word,
                        weak: false,
                        marker: false,
                    });
                }
                _ => lexicon.phrases.push(phrase),
            }
        }
        lexicon
    }

    fn add_words(&mut self, list: List, text: &str) {
        for (mark, word) in entries(text) {
            // One or two letters are as good as somebody's initials, unless the list says otherwise.
            let letters = word.chars().count();
            let short = letters <= 2
                && list != List::Laterality
                && mark != Some('+')
                && word.chars().all(char::is_alphabetic);
            for s in spellings(word) {
                let w = self.words.entry(s).or_insert(Word {
                    list,
                    weak: short,
                    marker: false,
                });
                match mark {
                    Some('~') => w.weak = true,
                    Some('!') => w.marker = true,
                    Some('+') => w.weak = false,
                    _ => {}
                }
            }
        }
    }

    /// The safe word that this folded text is, exactly.
    pub(super) fn word(&self, folded: &str) -> Option<Word> {
        if let Some(w) = self.words.get(folded) {
            return Some(*w);
        }
        // The name of a measurement without its value: alone where it is longer than initials.
        if let Some(label) = self.labels.get(folded) {
            return Some(Word {
                list: List::Technical,
                weak: label.needs_unit || folded.chars().count() <= 2,
                marker: false,
            });
        }
        self.is_probe(folded).then_some(Word {
            list: List::Technical,
            weak: false,
            marker: false,
        })
    }

    /// The safe word that a token is, read with digits for letters that look like them (`L1VER`, `UTERU5`). Only for
    /// words of five letters and more, and only digits are taken back: no name is that near to a safe word.
    pub(super) fn word_with_digits(&self, folded: &str) -> Option<Word> {
        let length = folded.chars().count();
        let digits = folded.chars().filter(char::is_ascii_digit).count();
        if length < 5 || digits == 0 || digits * 3 > length {
            return None;
        }
        ['I', 'L'].into_iter().find_map(|one| {
            let s: String = folded
                .chars()
                .map(|c| match c {
                    '0' => 'O',
                    '1' => one,
                    '5' => 'S',
                    c => c,
                })
                .collect();
            self.words.get(&s).copied().filter(|w| !w.weak && !w.marker)
        })
    }

    /// Number of tokens of the longest safe phrase that these folded tokens start with.
    pub(super) fn phrase(&self, tokens: &[&str]) -> Option<usize> {
        self.phrases
            .iter()
            .filter(|p| p.len() <= tokens.len() && p.iter().zip(tokens).all(|(a, b)| a == b))
            .map(Vec::len)
            .max()
    }

    pub(super) fn label(&self, folded: &str) -> Option<Label> {
        self.labels.get(folded).copied()
    }

    /// Whether the text is a unit, and whether that unit needs a label.
    pub(super) fn unit(&self, folded: &str) -> Option<bool> {
        self.units.get(folded).copied()
    }

    pub(super) fn is_setting(&self, folded: &str) -> bool {
        self.settings.contains(folded)
    }

    pub(super) fn is_institution(&self, folded: &str) -> bool {
        self.institution.contains_key(folded)
    }

    /// Whether the text is of an institution, and whether only in company.
    pub(super) fn institution(&self, folded: &str) -> Option<bool> {
        self.institution.get(folded).copied()
    }

    /// Whether the text is a title, and whether it is one only when written as one.
    pub(super) fn honorific(&self, folded: &str) -> Option<bool> {
        self.honorifics.get(folded).copied()
    }

    /// `pattern:<name>` of the field that this is the label of.
    pub(super) fn field(&self, folded: &str) -> Option<&str> {
        self.fields.get(folded).map(String::as_str)
    }

    pub(super) fn is_address(&self, folded: &str) -> bool {
        self.address.contains(folded)
    }

    /// Month of the year, 1–12.
    pub(super) fn month(&self, folded: &str) -> Option<u8> {
        self.months.get(folded).copied()
    }

    pub(super) fn is_placeholder(&self, folded: &str) -> bool {
        self.placeholders.contains(folded)
    }

    /// Whether the folded text stands on any list that a name must not be taken for by a mere resemblance.
    pub(super) fn is_safe_word(&self, folded: &str) -> bool {
        self.words.contains_key(folded)
            || self.units.contains_key(folded)
            || self.labels.contains_key(folded)
            || self.is_probe(folded)
    }

    fn is_probe(&self, folded: &str) -> bool {
        if folded.len() > 12 || !folded.bytes().any(|b| b.is_ascii_digit()) {
            return false;
        }
        let chars: Vec<char> = folded.chars().collect();
        self.probes.iter().any(|p| fits(p, &chars))
    }
}

fn probe_pattern(text: &str) -> Vec<Part> {
    text.chars()
        .map(|c| match c {
            '#' => Part::Digits,
            '?' => Part::MaybeLetter,
            c => Part::Exact(c.to_ascii_uppercase()),
        })
        .collect()
}

/// Whether a transducer pattern covers the whole text.
fn fits(pattern: &[Part], text: &[char]) -> bool {
    let Some((part, rest)) = pattern.split_first() else {
        return text.is_empty();
    };
    let digit = |i: usize| text.get(i).is_some_and(char::is_ascii_digit);
    match part {
        Part::Exact(c) => text.first() == Some(c) && fits(rest, &text[1..]),
        Part::Digits => digit(0) && (fits(rest, &text[1..]) || digit(1) && fits(rest, &text[2..])),
        Part::MaybeLetter => {
            fits(rest, text)
                || text.first().is_some_and(char::is_ascii_uppercase) && fits(rest, &text[1..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Invented-person vocabulary: frequent family and given names of several countries. None of them may be safe on
    /// its own, whatever the lists gain later.
    const NAMES: &str = "smith jones brown davis miller wilson moore taylor thomas jackson harris martin thompson \
        garcia martinez robinson clark rodriguez lewis lee walker hall allen young hernandez king wright lopez hill scott \
        green adams baker gonzalez nelson carter mitchell perez roberts turner phillips campbell parker evans edwards \
        collins stewart sanchez morris rogers reed cook morgan bell murphy bailey rivera cooper richardson cox howard \
        torres peterson ramirez james watson brooks kelly sanders price bennett wood barnes ross henderson coleman \
        jenkins perry powell long patterson hughes flores washington butler simmons foster bryant alexander russell \
        griffin diaz hayes hart black white gray grey stone rose may june august april grace frank mark christian \
        müller schmidt schneider fischer weber meyer wagner becker schulz hoffmann koch bauer richter klein wolf \
        schröder neumann schwarz zimmermann braun krüger hartmann lange werner krause lehmann köhler maier huber \
        dubois durand leroy moreau simon laurent lefebvre michel bertrand roux vincent fournier girard bonnet dupont \
        rossi russo ferrari esposito bianchi romano colombo ricci marino greco bruno gallo conti costa mancini lombardi \
        silva santos oliveira souza lima pereira ferreira almeida ribeiro carvalho gomes rocha cruz reyes ramos colon \
        wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo lin gao luo kim park choi jung kang cho \
        yoon jang lim han oh seo shin kwon nguyen tran le pham hoang phan vu dang bui do ho ngo singh kumar sharma patel \
        khan ali ahmed hassan ibrahim novak kowalski nowak ivanov petrov sato suzuki tanaka watanabe ito yamamoto \
        mary john robert michael william david richard joseph charles daniel matthew anthony paul steven kevin brian \
        maria anna elena sofia laura julia emma olivia iris max min art bruce victor leon dean guy ray rene elle bravo";

    #[test]
    fn names_are_never_safe_alone() {
        let lexicon = Lexicon::new(&[]);
        let safe: Vec<&str> = NAMES
            .split_whitespace()
            .filter(|n| lexicon.word(&fold(n)).is_some_and(|w| !w.weak))
            .collect();
        assert!(safe.is_empty(), "names on a safe list: {safe:?}");
    }

    #[test]
    fn generic_and_identifying_words_are_never_safe() {
        let lexicon = Lexicon::new(&[]);
        for word in entries(include_str!("data/months.tsv"))
            .filter(|(_, w)| w.chars().count() > 3 && w.chars().all(char::is_alphabetic))
            .map(|(_, w)| w)
        {
            assert!(
                lexicon.word(&fold(word)).is_none_or(|w| w.weak),
                "month {word}"
            );
        }
        for word in ["male", "female", "name", "mrs", "herr", "hospital"] {
            assert!(lexicon.word(&fold(word)).is_none(), "{word}");
        }
    }

    #[test]
    fn the_lists_are_not_small() {
        let lexicon = Lexicon::new(&[]);
        assert!(lexicon.words.len() > 2000, "{}", lexicon.words.len());
        assert!(lexicon.labels.len() > 300 && lexicon.units.len() > 100);
    }

    #[test]
    fn transducers_are_known_by_their_shape() {
        let lexicon = Lexicon::new(&[]);
        for p in [
            "C5-1", "L12-3", "S5-1", "X5-1", "C9-4V", "9L-D", "6C1", "RAB4-8-D", "12L-RS",
            "3SC-RS", "18L6HD",
        ] {
            assert!(lexicon.word(p).is_some(), "{p}");
        }
        for p in ["AB1234", "J123-4", "5512-7", "C512-13", "Q9-1"] {
            assert!(lexicon.word(p).is_none(), "{p}");
        }
    }

    #[test]
    fn digits_are_taken_back_to_letters_only_in_long_words() {
        let lexicon = Lexicon::new(&[]);
        assert!(lexicon.word_with_digits("K1DNEY").is_some());
        assert!(lexicon.word_with_digits("UTERU5").is_some());
        assert!(lexicon.word_with_digits("H1P").is_none());
        assert!(lexicon.word_with_digits("51019").is_none());
    }

    #[test]
    fn site_words_and_phrases_are_added() {
        let lexicon = Lexicon::new(&["Zebrafish".into(), "Blue Lagoon".into(), "  ".into()]);
        assert_eq!(lexicon.word("ZEBRAFISH").map(|w| w.list), Some(List::Word));
        assert_eq!(lexicon.word("LAGOON"), None);
        assert_eq!(lexicon.phrase(&["BLUE", "LAGOON", "X"]), Some(2));
        assert_eq!(lexicon.phrase(&["BLUE"]), None);
    }
}
