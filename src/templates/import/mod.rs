//! Templates from the rules of other programs: scripts of CTP's DicomPixelAnonymizer and recipes of deid.
//!
//! Takes the text of such a file, gives [`Template`]s and an account of every rule that could not be taken over, with the
//! reason. Nothing is taken over half: a rule whose condition a template cannot ask for is left and told, as leaving out
//! a condition or a negation would make another rule of it. What is taken may match more (case does not count, all that
//! match apply rather than the first), so that it masks more, never less.
//!
//! Both programs mask the part of a rectangle that lies in the picture, so the templates have `clip`.

mod condition;
mod ctp;
mod deid;

use super::{Match, Template};
use crate::error::{Error, Result};
use crate::geometry::Rect;
use condition::Expr;
use serde::Serialize;
use std::fmt::Write as _;

/// Longest name that is taken from a comment or label, characters.
const NAME_CHARS: usize = 60;
/// A side longer than any picture.
const WHOLE: u32 = 65_535;

/// Whose language a file is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A script of CTP's DicomPixelAnonymizer.
    Ctp,
    /// A recipe of deid, `FORMAT dicom`.
    Deid,
}

impl Form {
    /// The form of a text, by what only one of them has.
    pub fn guess(text: &str) -> Option<Form> {
        let deid = |line: &str| {
            let line = line.trim().to_ascii_lowercase();
            line.starts_with('%') || line.starts_with("format ")
        };
        if text.lines().any(deid) {
            Some(Form::Deid)
        } else {
            text.contains('{').then_some(Form::Ctp)
        }
    }
}

/// Something to tell about a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Line of the file, from 1.
    pub line: usize,
    /// What the file calls the rule.
    pub rule: String,
    /// What a person should know.
    pub why: String,
}

/// What became of a file of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Its language.
    pub form: Form,
    /// How many rules it has.
    pub rules: usize,
    /// How many of them are templates as a whole now.
    pub taken: usize,
    /// The templates.
    pub templates: Vec<Template>,
    /// Rules, or alternatives and rectangles of rules, that could not be taken over.
    pub left: Vec<Told>,
    /// Rules that were taken and do not do quite the same.
    pub notes: Vec<Told>,
}

/// A rule as its file has it.
struct Rule {
    line: usize,
    name: String,
    condition: std::result::Result<Expr, String>,
    places: Vec<Place>,
    /// What of its places could not be understood.
    faults: Vec<(usize, String)>,
}

/// What a rule does with a place, in the order of the file.
enum Place {
    Mask(Rect),
    Keep(Rect),
}

/// What a file of rules holds.
struct Rules {
    rules: Vec<Rule>,
    /// What is no rule about pixels.
    other: Vec<Told>,
}

/// Takes over the rules of a text. Without `form` it is guessed. `approved_by` is who answers for the places where
/// doubtful text stays; without it such places are told and left out.
///
/// # Errors
/// [`Error::Config`] for a text that is in neither language.
pub fn import(text: &str, form: Option<Form>, approved_by: Option<&str>) -> Result<Imported> {
    let text = text.trim_start_matches('\u{feff}');
    let form = form.or_else(|| Form::guess(text)).ok_or_else(|| {
        Error::Config("neither a script of CTP's DicomPixelAnonymizer nor a recipe of deid".into())
    })?;
    let Rules { rules, other } = match form {
        Form::Ctp => ctp::rules(text),
        Form::Deid => deid::rules(text),
    };
    let mut out = Imported {
        form,
        rules: rules.len(),
        taken: 0,
        templates: Vec::new(),
        left: other,
        notes: Vec::new(),
    };
    for rule in &rules {
        let before = out.left.len();
        out.take(rule, approved_by);
        out.taken += usize::from(out.left.len() == before);
    }
    out.left.sort_by_key(|t| t.line);
    out.notes.sort_by_key(|t| t.line);
    Ok(out)
}

impl Imported {
    /// The text of an equipment file, with what was left as comments above.
    ///
    /// # Errors
    /// See [`super::write`].
    pub fn to_toml(&self, source: &str) -> Result<String> {
        let mut text = format!(
            "# {} of {} rules of {}, taken over by `unburn templates import`.\n",
            self.taken,
            self.rules,
            plain(source)
        );
        for (what, told) in [("Left out", &self.left), ("Note", &self.notes)] {
            for t in told {
                // A string that takes every write.
                let _ = writeln!(
                    text,
                    "# {what}, line {} ({}): {}",
                    t.line,
                    plain(&t.rule),
                    plain(&t.why)
                );
            }
        }
        text.push('\n');
        text.push_str(&super::write(&self.templates)?);
        Ok(text)
    }

    fn take(&mut self, rule: &Rule, approved_by: Option<&str>) {
        let told = |line: usize, why: String| Told {
            line,
            rule: rule.name.clone(),
            why,
        };
        for (line, why) in &rule.faults {
            self.left.push(told(*line, why.clone()));
        }
        let (mask, keep) = places(&rule.places);
        let condition = match &rule.condition {
            Ok(condition) => condition,
            Err(why) => return self.left.push(told(rule.line, why.clone())),
        };
        if rule.places.is_empty() {
            if rule.faults.is_empty() {
                let why = "it names no rectangle; every image is searched for text anyway";
                self.left.push(told(rule.line, why.into()));
            }
            return;
        }
        let matches = match condition.matches() {
            Ok(matches) => matches,
            Err(why) => return self.left.push(told(rule.line, why)),
        };
        let approved = approved_by.filter(|_| !keep.is_empty());
        if !keep.is_empty() && approved.is_none() {
            let why = "what it keeps is not masked by it, and is searched as anywhere else; \
                `--approved-by` lets doubtful text stay there";
            self.notes.push(told(rule.line, why.into()));
            if mask.is_empty() {
                let why = "it only keeps places, and nobody approved that";
                return self.left.push(told(rule.line, why.into()));
            }
        }
        let many = matches.len();
        for (i, found) in matches.into_iter().enumerate() {
            let found = found.and_then(|found| {
                let template = Template {
                    name: match many {
                        1 => format!("{} (line {})", plain(&rule.name), rule.line),
                        _ => format!(
                            "{} (line {}, {} of {many})",
                            plain(&rule.name),
                            rule.line,
                            i + 1
                        ),
                    },
                    approved_by: approved_by.map(str::to_owned),
                    matches: found.matches,
                    mask: mask.clone(),
                    keep: approved.map_or_else(Vec::new, |_| keep.clone()),
                    clip: true,
                };
                template.check()?;
                Ok((template, found.note))
            });
            match found {
                Ok((template, note)) => {
                    self.templates.push(template);
                    self.notes.extend(note.map(|why| told(rule.line, why)));
                }
                Err(why) if many == 1 => self.left.push(told(rule.line, why)),
                Err(why) => {
                    let why = format!("alternative {} of {many}: {why}", i + 1);
                    self.left.push(told(rule.line, why));
                }
            }
        }
    }
}

/// What is masked and what is kept in the end, where later places win over earlier ones.
fn places(places: &[Place]) -> (Vec<Rect>, Vec<Rect>) {
    let (mut mask, mut keep) = (Vec::new(), Vec::new());
    for place in places {
        let (rect, to, from) = match place {
            Place::Mask(rect) => (*rect, &mut mask, &mut keep),
            Place::Keep(rect) => (*rect, &mut keep, &mut mask),
        };
        *from = from.iter().flat_map(|r| without(r, &rect)).collect();
        if !to.contains(&rect) {
            to.push(rect);
        }
    }
    (mask, keep)
}

/// What is left of a rectangle without another: at most four.
fn without(rect: &Rect, hole: &Rect) -> Vec<Rect> {
    let hole = rect.intersect(hole);
    if hole.is_empty() {
        return vec![*rect];
    }
    let (right, bottom) = (rect.right(), rect.bottom());
    [
        Rect::from_corners(rect.x, rect.y, right, hole.y),
        Rect::from_corners(rect.x, hole.y, hole.x, hole.bottom()),
        Rect::from_corners(hole.right(), hole.y, right, hole.bottom()),
        Rect::from_corners(rect.x, hole.bottom(), right, bottom),
    ]
    .into_iter()
    .filter(|r| !r.is_empty())
    .collect()
}

/// Four whole numbers separated by commas.
fn four_numbers(text: &str) -> Option<[i64; 4]> {
    let numbers: Vec<i64> = text
        .split(',')
        .map(|n| n.trim().parse().ok())
        .collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// A rectangle given by two corners, cut at the origin as pictures begin there; the reason where nothing is left of it.
fn rectangle(x0: i64, y0: i64, x1: i64, y1: i64) -> std::result::Result<Rect, String> {
    let side = |n: i64| n.clamp(0, i64::from(WHOLE)) as u32;
    let rect = Rect::from_corners(side(x0), side(y0), side(x1), side(y1));
    if rect.is_empty() {
        return Err("a rectangle holds no pixel".into());
    }
    Ok(rect)
}

/// One line that fits a name or a comment.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ")
}

/// The start of a comment, as a name.
fn name_of(text: &str) -> String {
    let name: String = plain(text).chars().take(NAME_CHARS).collect();
    if name.trim().is_empty() {
        "rule".into()
    } else {
        name.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_cut_out_of_what_is_masked_before_it() {
        let (all, hole) = (Rect::new(0, 0, 100, 80), Rect::new(10, 20, 30, 40));
        let (mask, keep) = places(&[Place::Mask(all), Place::Keep(hole)]);
        assert_eq!(keep, [hole]);
        assert_eq!(mask.iter().map(Rect::area).sum::<u64>(), 8000 - 1200);
        assert!(mask.iter().all(|m| !m.overlaps(&hole)));
        let (mask, keep) = places(&[Place::Keep(hole), Place::Mask(all)]);
        assert_eq!((mask, keep), (vec![all], vec![]));
        assert_eq!(without(&hole, &all), []);
    }

    #[test]
    fn the_language_is_told_by_what_only_one_has() {
        assert_eq!(Form::guess("FORMAT dicom\n"), Some(Form::Deid));
        assert_eq!(Form::guess("note\n%filter x\n{"), Some(Form::Deid));
        assert_eq!(Form::guess("{ true. } (0,0,1,1)"), Some(Form::Ctp));
        assert_eq!(Form::guess("mask = []"), None);
        assert!(import("nothing", None, None).is_err());
    }

    #[test]
    fn what_is_written_is_what_is_read_again() {
        let script =
            "Scan 64\n{ Manufacturer.equals(\"Example \\ # Imaging\") }\n(0,0,512,96)\n{ x }";
        let got = import(script, None, Some("A. Example")).unwrap();
        assert_eq!((got.rules, got.taken, got.left.len()), (2, 1, 1));
        let text = got.to_toml("rules\n.script").unwrap();
        assert_eq!(crate::templates::parse(&text).unwrap(), got.templates);
        assert!(text.contains("# Left out, line 4"), "{text}");
    }
}
