//! Scripts of CTP's DicomPixelAnonymizer: `{ condition } (left,top,width,height) …`, all other text is comment.
//!
//! Conditions are terms `Attribute.method("text")` with `+` (or), `*` (and), `!` (not) and parentheses.

use super::condition::{Expr, Term, Test, from_regex};
use super::{Place, Rule, Rules, four_numbers, name_of, rectangle};

/// Deepest nesting of parentheses and negations.
const DEPTH: usize = 100;

/// The rules of a script.
pub(super) fn rules(text: &str) -> Rules {
    let mut rules: Vec<Rule> = Vec::new();
    let mut comment = String::new();
    let mut rest = text;
    let line_of = |rest: &str| {
        let done = text.len() - rest.len();
        text.get(..done).map_or(1, |t| t.matches('\n').count() + 1)
    };
    while let Some(at) = rest.find(['{', '(']) {
        let line = line_of(&rest[at..]);
        comment.push_str(&rest[..at]);
        let opened = &rest[at + 1..];
        if rest[at..].starts_with('{') {
            let (inside, after) = until(opened, '}');
            let name = comment.lines().rev().find(|l| !l.trim().is_empty());
            rules.push(Rule {
                line,
                name: name_of(name.unwrap_or_default()),
                condition: inside
                    .ok_or_else(|| "its condition has no end".to_owned())
                    .and_then(parse),
                places: Vec::new(),
                faults: Vec::new(),
            });
            rest = after;
        } else {
            let (inside, after) = until(opened, ')');
            // A parenthesis above the first rule is a comment.
            if let Some(rule) = rules.last_mut() {
                let place = inside
                    .and_then(four_numbers)
                    .ok_or_else(|| "a rectangle is not (left,top,width,height)".to_owned())
                    .and_then(|[x, y, w, h]| {
                        rectangle(x, y, x.saturating_add(w), y.saturating_add(h))
                    });
                match place {
                    Ok(rect) => rule.places.push(Place::Mask(rect)),
                    Err(why) => rule.faults.push((line, why)),
                }
            }
            rest = after;
        }
        comment.clear();
    }
    Rules {
        rules,
        other: Vec::new(),
    }
}

/// The text up to a bracket outside of quotes, and what follows it; without one nothing follows.
fn until(text: &str, end: char) -> (Option<&str>, &str) {
    let mut quoted = false;
    for (i, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if c == end && !quoted {
            return (text.get(..i), text.get(i + 1..).unwrap_or_default());
        }
    }
    (None, "")
}

fn parse(text: &str) -> Result<Expr, String> {
    let mut parser = Parser { rest: text };
    let expr = parser.any(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(c) => Err(format!("its condition cannot be read at `{c}`")),
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    /// The next character behind white space and comments.
    fn peek(&mut self) -> Option<char> {
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix("//") {
                Some(comment) => {
                    self.rest = comment.split_once('\n').map_or("", |(_, after)| after);
                }
                None => return self.rest.chars().next(),
            }
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        there
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(format!("its condition lacks a `{wanted}`"))
    }

    fn any(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.all(depth)?];
        while self.take('+') {
            parts.push(self.all(depth)?);
        }
        Ok(Expr::Any(parts))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.one(depth)?];
        while self.take('*') {
            parts.push(self.one(depth)?);
        }
        Ok(Expr::All(parts))
    }

    fn one(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > DEPTH {
            return Err("its condition is nested too deeply".into());
        }
        if self.take('!') {
            return Ok(Expr::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.take('(') {
            let inside = self.any(depth + 1)?;
            self.expect(')')?;
            return Ok(inside);
        }
        self.term()
    }

    fn term(&mut self) -> Result<Expr, String> {
        let field = self.identifier()?;
        self.expect('.')?;
        match field.to_ascii_lowercase().as_str() {
            "true" => return Ok(Expr::Always),
            "false" => return Ok(Expr::Never),
            _ => {}
        }
        let method = self.word()?;
        self.expect('(')?;
        self.expect('"')?;
        let (text, after) = self
            .rest
            .split_once('"')
            .ok_or("its condition has a quote without end")?;
        self.rest = after;
        self.expect(')')?;
        let text = text.to_owned();
        let test = match method.to_ascii_lowercase().as_str() {
            "equals" | "equalsignorecase" => Test::Is(text),
            "contains" | "containsignorecase" => Test::Contains(text),
            "startswith" | "startswithignorecase" => Test::Starts(text),
            "endswith" | "endswithignorecase" => Test::Ends(text),
            "matches" => return Ok(from_regex(&field, &text, true)),
            _ => Test::Other(format!("`{method}`")),
        };
        Ok(Expr::Term(Term { field, test }))
    }

    /// A keyword or tag, or a chain of them into a sequence.
    fn identifier(&mut self) -> Result<String, String> {
        let mut name = self.part()?;
        while let Some(rest) = self.rest.strip_prefix("::") {
            self.rest = rest;
            name = format!("{name}::{}", self.part()?);
        }
        Ok(name)
    }

    fn part(&mut self) -> Result<String, String> {
        if self.peek() != Some('[') {
            return self.word();
        }
        let (tag, after) = self
            .rest
            .split_once(']')
            .ok_or("its condition has a tag without end")?;
        self.rest = after;
        Ok(format!("{}]", tag.replace(char::is_whitespace, "")))
    }

    fn word(&mut self) -> Result<String, String> {
        self.peek();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at(end);
        if word.is_empty() {
            return Err("its condition lacks a name".into());
        }
        self.rest = after;
        Ok(word.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::import;
    use crate::geometry::Rect;

    const SCRIPT: &str = r#"Places of burned-in text. Names are invented.

Echo 7, both sizes
{ Modality.equals("US") * Manufacturer.containsIgnoreCase("example imaging")
    * (Rows.equals("480") * Columns.equals("640") + Rows.equals("600") * Columns.equals("800")) }
(0,0,800,44) (560,448,80,32)
(-10, 590, 30, 20)

Dose pages
{ [0008,1090].startsWith("Scan 64") * ImageType.contains("SCREEN SAVE") // whole pages
  * !SeriesDescription.contains("research") }
(0,0,512,96)

Scanner of ward 3 { StationName.equals("W3") + Manufacturer.matches("Other (GmbH|AG)") + ManufacturerModelName.equals("W") }
(0,0,10,10) (5,5,ten,1)

Everything { true. } (0,0,9,9)
Nowhere { Manufacturer.equals("N") }
"#;

    #[test]
    fn rules_become_templates_or_reasons() {
        let got = import(SCRIPT, None, None).unwrap();
        assert_eq!((got.rules, got.taken), (5, 1));
        let names: Vec<&str> = got.templates.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "Echo 7, both sizes (line 4, 1 of 2)",
                "Echo 7, both sizes (line 4, 2 of 2)",
                "Scanner of ward 3 (line 14, 3 of 3)"
            ]
        );
        let small = &got.templates[0];
        assert_eq!(small.matches.rows, Some(480));
        assert_eq!(
            small.matches.manufacturer.as_deref(),
            Some("*example imaging*")
        );
        assert_eq!(small.mask[2], Rect::new(0, 590, 20, 20));
        assert!(small.clip);
        let left: Vec<(usize, &str)> = got.left.iter().map(|t| (t.line, t.why.as_str())).collect();
        assert_eq!(left.len(), 6, "{left:?}");
        for (line, why) in [
            (10, "SeriesDescription"),
            (14, "alternative 1 of 3: it asks for StationName"),
            (14, "alternative 2 of 3: it asks for the regular expression"),
            (15, "not (left,top,width,height)"),
            (17, "needs `manufacturer` or `model`"),
            (18, "no rectangle"),
        ] {
            assert!(
                left.iter().any(|(l, w)| *l == line && w.contains(why)),
                "{line} {why}: {left:?}"
            );
        }
    }

    #[test]
    fn broken_scripts_are_told_and_never_hang() {
        for (script, why) in [
            ("{ Manufacturer.equals(\"x\" } (0,0,1,1)", "lacks a `)`"),
            ("{ Manufacturer.equals(\"x } (0,0,1,1)", "has no end"),
            ("{ * } (0,0,1,1)", "lacks a name"),
            ("{ Manufacturer } (0,0,1,1)", "lacks a `.`"),
            ("{ Manufacturer.equals(\"x\") y } (0,0,1,1)", "at `y`"),
            ("{ [0008 } (0,0,1,1)", "tag without end"),
            ("{ Manufacturer.equals(\"x\") } (0,0,0,1)", "no pixel"),
            ("{ Manufacturer.equals(\"x\") } (0,0,1", "not (left,top"),
            (
                "{ Manufacturer.isLessThan(\"4\") } (0,0,1,1)",
                "`isLessThan`",
            ),
        ] {
            let got = import(script, None, None).unwrap();
            let told: Vec<&str> = got.left.iter().map(|t| t.why.as_str()).collect();
            assert!(told.iter().any(|t| t.contains(why)), "{script}: {told:?}");
            assert_eq!(got.templates, []);
        }
        let deep = format!("{{ {}{} }}", "!(".repeat(50_000), "x".repeat(10));
        let got = import(&format!("{deep} (0,0,1,1)"), None, None).unwrap();
        assert!(got.left[0].why.contains("nested too deeply"));
    }
}
