//! Conditions of rules, as far as a template can ask for the same.
//!
//! Takes expressions over header attributes, gives the alternatives as [`Match`]es. What a template cannot ask for (other
//! attributes, negations, missing values, two conditions on one value) is a reason, not a guess.

use super::Match;

/// Most alternatives of one rule.
const ALTERNATIVES: usize = 64;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Term(Term),
    Always,
    Never,
}

/// A question about one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// Keyword, or tag as `[gggg,eeee]`.
    pub field: String,
    pub test: Test,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Is(String),
    Contains(String),
    Starts(String),
    Ends(String),
    /// Something else, in the words of the file's language.
    Other(String),
}

/// An alternative that a template can ask for, and how it differs.
#[derive(Debug)]
pub(super) struct Found {
    pub matches: Match,
    pub note: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Slot {
    Manufacturer,
    Model,
    Software,
    Modality,
    Rows,
    Cols,
    ImageType,
}

/// Attributes that templates know: keyword, older keyword, tag.
const FIELDS: [(&str, &str, &str, Slot); 7] = [
    ("Manufacturer", "", "[0008,0070]", Slot::Manufacturer),
    (
        "ManufacturerModelName",
        "ManufacturersModelName",
        "[0008,1090]",
        Slot::Model,
    ),
    (
        "SoftwareVersions",
        "SoftwareVersion",
        "[0018,1020]",
        Slot::Software,
    ),
    ("Modality", "", "[0008,0060]", Slot::Modality),
    ("Rows", "", "[0028,0010]", Slot::Rows),
    ("Columns", "", "[0028,0011]", Slot::Cols),
    ("ImageType", "", "[0008,0008]", Slot::ImageType),
];

impl Expr {
    /// The alternatives, each a match or the reason why there is none.
    ///
    /// # Errors
    /// Where there are none, or too many.
    pub(super) fn matches(&self) -> Result<Vec<Result<Found, String>>, String> {
        let alternatives = alternatives(self, false)?;
        if alternatives.is_empty() {
            return Err("its condition is never true".into());
        }
        Ok(alternatives.iter().map(|terms| matched(terms)).collect())
    }
}

/// A term, or its negation.
type Literal<'a> = (&'a Term, bool);

/// The condition as alternatives of terms that all have to hold.
fn alternatives(expr: &Expr, negated: bool) -> Result<Vec<Vec<Literal<'_>>>, String> {
    Ok(match (expr, negated) {
        (Expr::Always, false) | (Expr::Never, true) => vec![Vec::new()],
        (Expr::Always, true) | (Expr::Never, false) => Vec::new(),
        (Expr::Term(term), _) => vec![vec![(term, negated)]],
        (Expr::Not(inner), _) => alternatives(inner, !negated)?,
        (Expr::Any(parts), false) | (Expr::All(parts), true) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(alternatives(part, negated)?);
                limit(all.len())?;
            }
            all
        }
        (Expr::All(parts), false) | (Expr::Any(parts), true) => {
            let mut all: Vec<Vec<Literal<'_>>> = vec![Vec::new()];
            for part in parts {
                let more = alternatives(part, negated)?;
                limit(all.len().saturating_mul(more.len()))?;
                let mut longer = Vec::with_capacity(all.len() * more.len());
                for a in &all {
                    longer.extend(more.iter().map(|b| [a.as_slice(), b].concat()));
                }
                all = longer;
            }
            all
        }
    })
}

fn limit(count: usize) -> Result<(), String> {
    if count > ALTERNATIVES {
        return Err(format!(
            "its condition has more than {ALTERNATIVES} alternatives"
        ));
    }
    Ok(())
}

fn matched(terms: &[Literal<'_>]) -> Result<Found, String> {
    let mut found = Found {
        matches: Match::default(),
        note: None,
    };
    for (term, negated) in terms {
        let field = term.field.trim();
        let slot = FIELDS
            .iter()
            .find(|(name, older, tag, _)| {
                [name, older, tag]
                    .iter()
                    .any(|known| !known.is_empty() && known.eq_ignore_ascii_case(field))
            })
            .map(|f| f.3)
            .ok_or_else(|| format!("it asks for {field}, which templates do not know"))?;
        if *negated {
            return Err(format!(
                "it asks what {field} is not, which templates cannot"
            ));
        }
        found.add(slot, field, &term.test)?;
    }
    Ok(found)
}

impl Found {
    fn add(&mut self, slot: Slot, field: &str, test: &Test) -> Result<(), String> {
        let text = match test {
            Test::Other(what) => return Err(format!("it asks for {what} of {field}")),
            Test::Is(t) | Test::Contains(t) | Test::Starts(t) | Test::Ends(t) => t.trim(),
        };
        if text.contains('*') {
            return Err(format!("the value of {field} holds a `*`"));
        }
        if text.is_empty() {
            return match test {
                Test::Is(_) => Err(format!("it asks for an empty or missing {field}")),
                // Every value has the empty text in it.
                _ => Ok(()),
            };
        }
        let m = &mut self.matches;
        let place = match slot {
            Slot::Rows => return number(&mut m.rows, field, test),
            Slot::Cols => return number(&mut m.cols, field, test),
            Slot::ImageType => {
                self.image_type(text, test);
                return Ok(());
            }
            Slot::Manufacturer => &mut m.manufacturer,
            Slot::Model => &mut m.model,
            Slot::Software => &mut m.software,
            Slot::Modality => &mut m.modality,
        };
        let pattern = pattern(test, text);
        match place {
            Some(known) if *known != pattern => Err(format!("it asks for two things of {field}")),
            _ => {
                *place = Some(pattern);
                Ok(())
            }
        }
    }

    /// Values of Image Type: the languages look at all of them as one text, parted by backslashes.
    fn image_type(&mut self, text: &str, test: &Test) {
        let parts: Vec<&str> = text.split('\\').map(str::trim).collect();
        let last = parts.len() - 1;
        for (i, part) in parts.iter().enumerate().filter(|(_, p)| !p.is_empty()) {
            let open_start = matches!(test, Test::Contains(_) | Test::Ends(_)) && i == 0;
            let open_end = matches!(test, Test::Contains(_) | Test::Starts(_)) && i == last;
            let star = |open| if open { "*" } else { "" };
            let value = format!("{}{part}{}", star(open_start), star(open_end));
            if !self.matches.image_type.contains(&value) {
                self.matches.image_type.push(value);
            }
        }
        if !matches!(test, Test::Contains(_)) || last > 0 {
            self.note =
                Some("values of ImageType are asked for in any order and beside others".into());
        }
    }
}

fn number(place: &mut Option<u32>, field: &str, test: &Test) -> Result<(), String> {
    let Test::Is(text) = test else {
        return Err(format!("it asks for a part of the number {field}"));
    };
    let n: u32 = text
        .trim()
        .parse()
        .map_err(|_| format!("the value of {field} is no whole number"))?;
    match place {
        Some(known) if *known != n => Err(format!("it asks for two things of {field}")),
        _ => {
            *place = Some(n);
            Ok(())
        }
    }
}

fn pattern(test: &Test, text: &str) -> String {
    match test {
        Test::Contains(_) => format!("*{text}*"),
        Test::Starts(_) => format!("{text}*"),
        Test::Ends(_) => format!("*{text}"),
        _ => text.to_owned(),
    }
}

/// A regular expression that is searched for (`whole`: that has to fit from end to end), as far as it is words with
/// alternatives, anchors, and `.*` at its ends.
pub(super) fn from_regex(field: &str, text: &str, whole: bool) -> Expr {
    // Groups hold their own alternatives.
    let words: Vec<&str> = match text.contains(['(', '[', '{']) {
        true => vec![text],
        false => text.split('|').collect(),
    };
    let parts = words.into_iter().map(|part| {
        let (mut part, mut start, mut end) = (part.trim(), whole, whole);
        for (anchor, at) in [("^", true), (".*", false)] {
            if let Some(rest) = part.strip_prefix(anchor) {
                (part, start) = (rest, at);
            }
        }
        for (anchor, at) in [("$", true), (".*", false)] {
            if let Some(rest) = part.strip_suffix(anchor) {
                (part, end) = (rest, at);
            }
        }
        let test = match literal(part) {
            None => Test::Other(format!("the regular expression `{text}`")),
            Some(t) => match (start, end) {
                (true, true) => Test::Is(t),
                (true, false) => Test::Starts(t),
                (false, true) => Test::Ends(t),
                (false, false) => Test::Contains(t),
            },
        };
        Expr::Term(Term {
            field: field.to_owned(),
            test,
        })
    });
    Expr::Any(parts.collect())
}

/// What a regular expression without operators stands for.
fn literal(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().filter(|c| !c.is_alphanumeric())?),
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(field: &str, test: Test) -> Expr {
        Expr::Term(Term {
            field: field.into(),
            test,
        })
    }

    #[test]
    fn alternatives_are_told_apart_and_those_that_cannot_be_are_told() {
        let maker = term("manufacturer", Test::Contains("Example".into()));
        let size = Expr::All(vec![
            term("[0028,0010]", Test::Is("480".into())),
            term("Columns", Test::Is(" 640 ".into())),
        ]);
        let odd = term("StationName", Test::Is("x".into()));
        let all = Expr::All(vec![maker, Expr::Any(vec![size, odd])]);
        let got = all.matches().unwrap();
        let first = &got[0].as_ref().unwrap().matches;
        assert_eq!(first.manufacturer.as_deref(), Some("*Example*"));
        assert_eq!((first.rows, first.cols), (Some(480), Some(640)));
        assert!(got[1].as_ref().unwrap_err().contains("StationName"));
    }

    #[test]
    fn negations_are_moved_inwards_and_refused_at_terms() {
        let a = || term("Modality", Test::Is("CT".into()));
        let never = Expr::All(vec![a(), Expr::Not(Box::new(Expr::Always))]);
        assert!(never.matches().is_err());
        let twice = Expr::Not(Box::new(Expr::Not(Box::new(a()))));
        assert_eq!(
            twice.matches().unwrap()[0]
                .as_ref()
                .unwrap()
                .matches
                .modality,
            Some("CT".into())
        );
        let not = Expr::Not(Box::new(a())).matches().unwrap();
        assert!(not[0].as_ref().unwrap_err().contains("is not"));
    }

    #[test]
    fn what_templates_cannot_ask_for_is_a_reason() {
        let two = Expr::All(vec![
            term("Modality", Test::Is("CT".into())),
            term("Modality", Test::Is("MR".into())),
        ]);
        for (expr, why) in [
            (two, "two things"),
            (
                term("Rows", Test::Contains("4".into())),
                "part of the number",
            ),
            (term("Rows", Test::Is("tall".into())), "no whole number"),
            (term("Modality", Test::Is(" ".into())), "empty or missing"),
            (term("Modality", Test::Is("C*".into())), "holds a `*`"),
            (from_regex("Modality", "C[TR]", false), "regular expression"),
        ] {
            let got = expr.matches().unwrap();
            let told = got[0].as_ref().unwrap_err();
            assert!(told.contains(why), "{told}");
        }
        let pair = |n: usize| {
            Expr::Any(vec![
                term("Modality", Test::Is(format!("A{n}"))),
                term("Modality", Test::Is(format!("B{n}"))),
            ])
        };
        let wide = Expr::All((0..7).map(pair).collect());
        assert!(wide.matches().unwrap_err().contains("64"));
    }

    #[test]
    fn regular_expressions_of_words_are_understood() {
        let got = from_regex("ImageType", "SAVE|^DERIVED|a\\.b$|.*X.*", false)
            .matches()
            .unwrap();
        let types: Vec<&str> = got
            .iter()
            .map(|f| f.as_ref().unwrap().matches.image_type[0].as_str())
            .collect();
        assert_eq!(types, ["*SAVE*", "DERIVED*", "*a.b", "*X*"]);
        let got = from_regex("ImageType", "DERIVED\\\\SECONDARY", true)
            .matches()
            .unwrap();
        assert_eq!(
            got[0].as_ref().unwrap().matches.image_type,
            ["DERIVED", "SECONDARY"]
        );
    }
}
