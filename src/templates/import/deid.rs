//! Recipes of deid (`FORMAT dicom`): sections `%filter NAME` with rules, each a `LABEL` with criteria and coordinates.
//!
//! A criterion is `contains|equals|… Attribute value`; `+` before it means and, `||` or, and what stands in one line belongs
//! together. A criterion with neither begins a further alternative. Values are regular expressions, case does not count.
//! Sections about the header are told and left: profiles do that.

use super::condition::{Expr, Term, Test, from_regex};
use super::{Place, Rule, Rules, Told, WHOLE, four_numbers, name_of, rectangle};
use crate::geometry::Rect;

/// Words that criteria begin with.
const CRITERIA: [&str; 7] = [
    "contains",
    "notcontains",
    "equals",
    "notequals",
    "missing",
    "empty",
    "present",
];

/// Ways to give a place: word, whether it is kept, whether the last two numbers are width and height.
const PLACES: [(&str, bool, bool); 4] = [
    ("ctpkeepcoordinates", true, true),
    ("ctpcoordinates", false, true),
    ("keepcoordinates", true, false),
    ("coordinates", false, false),
];

/// The rules of a recipe.
pub(super) fn rules(text: &str) -> Rules {
    let mut out = Rules {
        rules: Vec::new(),
        other: Vec::new(),
    };
    let mut section = String::new();
    let mut open = false;
    for (n, line) in text.lines().enumerate() {
        let (number, line) = (n + 1, line.trim());
        let tell = |rule: &str, why: &str| Told {
            line: number,
            rule: name_of(rule),
            why: why.to_owned(),
        };
        if line.is_empty() || line.starts_with('#') || starts(line, "format") {
            continue;
        }
        if let Some(name) = line.strip_prefix('%') {
            section = uncommented(name).to_ascii_lowercase();
            open = false;
        } else if !section.starts_with("filter") {
            let why = if section.starts_with("header") {
                "a rule about the header; profiles do that (`--profile`)"
            } else {
                "not a rule about pixels"
            };
            out.other.push(tell(uncommented(line), why));
        } else if starts(line, "label") {
            let name = uncommented(line.get(5..).unwrap_or_default());
            open = true;
            out.rules.push(Rule {
                line: number,
                name: name_of(name),
                condition: Ok(Expr::Always),
                places: Vec::new(),
                faults: Vec::new(),
            });
        } else if let (true, Some(rule)) = (open, out.rules.last_mut()) {
            member(rule, number, line);
        } else {
            out.other.push(tell(line, "it stands under no LABEL"));
        }
    }
    out
}

fn starts(line: &str, word: &str) -> bool {
    line.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn uncommented(line: &str) -> &str {
    line.split('#').next().unwrap_or_default().trim()
}

/// A line of a rule.
fn member(rule: &mut Rule, number: usize, line: &str) {
    if let Some((word, keep, sizes)) = PLACES.iter().find(|(word, ..)| starts(line, word)) {
        let numbers = uncommented(line.get(word.len()..).unwrap_or_default());
        match place(numbers, *sizes) {
            Ok(rect) if *keep => rule.places.push(Place::Keep(rect)),
            Ok(rect) => rule.places.push(Place::Mask(rect)),
            Err(why) => rule.faults.push((number, why)),
        }
        return;
    }
    let (operator, criterion) = operator(line);
    let next = criteria(criterion);
    let first = matches!(rule.condition, Ok(Expr::Always));
    rule.condition = match (
        std::mem::replace(&mut rule.condition, Ok(Expr::Never)),
        next,
    ) {
        (Err(why), _) | (_, Err(why)) => Err(why),
        (Ok(_), Ok(next)) if first => Ok(Expr::Any(vec![next])),
        // The last alternative is the one that grows.
        (Ok(Expr::Any(mut all)), Ok(next)) => {
            let last = all.pop().unwrap_or(Expr::Never);
            match operator {
                Some(true) => all.push(Expr::All(vec![last, next])),
                Some(false) => all.push(Expr::Any(vec![last, next])),
                None => all.extend([last, next]),
            }
            Ok(Expr::Any(all))
        }
        (Ok(other), Ok(next)) => Ok(Expr::Any(vec![other, next])),
    };
}

fn place(numbers: &str, sizes: bool) -> Result<Rect, String> {
    if numbers.eq_ignore_ascii_case("all") {
        return Ok(Rect::new(0, 0, WHOLE, WHOLE));
    }
    if let Some(field) = numbers.strip_prefix("from:") {
        return Err(format!("a place is taken from {field} of each image"));
    }
    let [x, y, a, b] =
        four_numbers(numbers).ok_or("coordinates are not four numbers with commas")?;
    if sizes {
        return rectangle(x, y, x.saturating_add(a), y.saturating_add(b));
    }
    rectangle(x, y, a, b).map_err(|why| {
        format!("{why}; if these are x,y,width,height, as in old recipes, write `ctpcoordinates`")
    })
}

/// `Some(true)` for and, `Some(false)` for or.
fn operator(line: &str) -> (Option<bool>, &str) {
    if let Some(rest) = line.strip_prefix("||") {
        (Some(false), rest.trim())
    } else if let Some(rest) = line.strip_prefix('+') {
        (Some(true), rest.trim())
    } else {
        (None, line)
    }
}

/// The criteria of one line, from left to right.
fn criteria(line: &str) -> Result<Expr, String> {
    let mut rest = uncommented(line);
    let mut expr: Option<Expr> = None;
    let mut and = true;
    loop {
        let next = next_criterion(rest);
        let here = next.map_or(rest, |at| &rest[..at]);
        let term = criterion(here.trim())?;
        expr = Some(match expr {
            None => term,
            Some(before) if and => Expr::All(vec![before, term]),
            Some(before) => Expr::Any(vec![before, term]),
        });
        let Some(at) = next else {
            return expr.ok_or_else(|| "an empty criterion".to_owned());
        };
        let (sign, after) = operator(&rest[at..]);
        (and, rest) = (sign == Some(true), after);
    }
}

/// Where the next operator stands that a criterion follows; others belong to the value.
fn next_criterion(text: &str) -> Option<usize> {
    text.char_indices()
        .filter(|&(i, c)| i > 0 && (c == '+' || c == '|'))
        .map(|(i, _)| i)
        .find(|&i| {
            let (sign, after) = operator(&text[i..]);
            let word = after.split_whitespace().next().unwrap_or_default();
            sign.is_some() && CRITERIA.iter().any(|c| word.eq_ignore_ascii_case(c))
        })
}

fn criterion(text: &str) -> Result<Expr, String> {
    let mut words = text.splitn(3, char::is_whitespace);
    let word = words.next().unwrap_or_default().to_ascii_lowercase();
    let field = words.next().unwrap_or_default();
    let value = words.next().unwrap_or_default().trim();
    if !CRITERIA.contains(&word.as_str()) || field.is_empty() {
        return Err(format!("`{}` is no criterion", name_of(text)));
    }
    let negated = |expr| Expr::Not(Box::new(expr));
    Ok(match word.as_str() {
        "contains" => from_regex(field, value, false),
        "equals" => from_regex(field, value, true),
        "notcontains" => negated(from_regex(field, value, false)),
        "notequals" => negated(from_regex(field, value, true)),
        what => Expr::Term(Term {
            field: field.to_owned(),
            test: Test::Other(format!("a {what} value")),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::import;
    use super::*;

    const RECIPE: &str = "FORMAT dicom
# Names are invented.

%filter graylist

LABEL Echo 7 banner # of ward 3
  contains Manufacturer Example|Sample Works
  + equals Modality US
  coordinates 0,0,640,44

LABEL Dose page
  contains ManufacturerModelName Scan 64
  + contains ImageType SCREEN SAVE || contains Modality OT
  ctpcoordinates 0,0,512,96 # the upper part

LABEL Frame
  equals ManufacturerModelName Box
  coordinates all
  keepcoordinates 100,50,300,250

LABEL Two ways
  equals Manufacturer One
  + equals Modality CT
  equals Manufacturer Two
  coordinates 0,0,5,5

LABEL By regions
  present SequenceOfUltrasoundRegions
  keepcoordinates from:SequenceOfUltrasoundRegions

LABEL Old form
  equals Manufacturer Old
  coordinates 500,400,80,30

%filter blacklist
LABEL Burned in
  contains BurnedInAnnotation YES

%header
REPLACE PatientID var:id
";

    #[test]
    fn rules_become_templates_or_reasons() {
        let got = import(RECIPE, None, None).unwrap();
        assert_eq!((got.rules, got.taken), (7, 4));
        let of = |name: &str| -> Vec<_> {
            let named = |t: &&crate::templates::Template| t.name.starts_with(name);
            got.templates.iter().filter(named).collect()
        };
        let echo = of("Echo 7 banner (line 6");
        assert_eq!(echo.len(), 2);
        assert_eq!(
            echo[1].matches.manufacturer.as_deref(),
            Some("*Sample Works*")
        );
        assert_eq!(echo[0].matches.modality.as_deref(), Some("US"));
        assert_eq!(echo[0].mask, [Rect::new(0, 0, 640, 44)]);
        let dose = of("Dose page");
        assert_eq!(dose.len(), 2);
        assert_eq!(dose[0].matches.image_type, ["*SCREEN SAVE*"]);
        assert_eq!(dose[1].matches.modality.as_deref(), Some("*OT*"));
        assert_eq!(of("Two ways").len(), 2);
        assert_eq!(of("Two ways")[1].matches.modality, None);
        let frame = of("Frame");
        assert!(frame[0].keep.is_empty());
        assert!(
            frame[0]
                .mask
                .iter()
                .all(|m| !m.overlaps(&Rect::new(100, 50, 200, 200)))
        );
        assert!(got.notes.iter().any(|n| n.why.contains("--approved-by")));
        let left: Vec<&str> = got.left.iter().map(|t| t.why.as_str()).collect();
        assert_eq!(left.len(), 4, "{left:?}");
        for why in [
            "taken from SequenceOfUltrasoundRegions",
            "write `ctpcoordinates`",
            "every image is searched",
            "--profile",
        ] {
            assert!(left.iter().any(|l| l.contains(why)), "{why}: {left:?}");
        }
    }

    #[test]
    fn what_a_person_answers_for_is_kept() {
        let got = import(RECIPE, Some(super::super::Form::Deid), Some("A. Example")).unwrap();
        let frame = got.templates.iter().find(|t| t.name.starts_with("Frame"));
        let frame = frame.unwrap();
        assert_eq!(frame.keep, [Rect::new(100, 50, 200, 200)]);
        assert_eq!(frame.approved_by.as_deref(), Some("A. Example"));
    }

    #[test]
    fn what_is_no_criterion_spoils_its_rule() {
        for (line, why) in [
            ("includes Manufacturer x", "no criterion"),
            ("contains", "no criterion"),
            ("equals Manufacturer x\n+ missing Modality", "missing value"),
            ("notequals Manufacturer x", "is not"),
        ] {
            let text = format!("%filter a\nLABEL x\n{line}\ncoordinates 0,0,9,9\n");
            let got = import(&text, None, None).unwrap();
            assert_eq!(got.templates, []);
            assert!(got.left[0].why.contains(why), "{:?}", got.left);
        }
        let stray = import("%filter a\ncoordinates 0,0,9,9\n", None, None).unwrap();
        assert_eq!(stray.left[0].why, "it stands under no LABEL");
    }
}
