//! The site's equipment file: rectangles that are always masked on pictures of known equipment.
//!
//! Takes TOML text, gives validated [`Template`]s and those that match the [`Facts`] of an object. Templates add masks and
//! spare what nobody could read at places that a named person approved; they never switch detection off. Form of the
//! file: README, "Templates". [`import`] makes it from the rules of other programs.

pub mod import;

use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::geometry::Rect;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Template {
    /// What the site calls it; unique in the file.
    pub name: String,
    /// Who approved it, as the site writes it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Which objects it is for.
    #[serde(rename = "match")]
    pub matches: Match,
    /// What is masked in every frame, pixels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mask: Vec<Rect>,
    /// Where text stays that could not be read or that no rule knows, pixels. Searched all the same: what a rule wants
    /// masked is masked. Needs `approved-by`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Rect>,
    /// Whether rectangles are cut where they leave the frame. Without it such a file is quarantined: the template was made
    /// for another picture.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clip: bool,
}

/// Which objects a template is for: every field that is given has to fit. Texts are compared without regard to case and
/// to white space around and between words; `*` at the start or end stands for anything there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Match {
    /// Manufacturer (0008,0070).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Manufacturer's Model Name (0008,1090).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Software Versions (0018,1020), first value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// Modality (0008,0060).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modality: Option<String>,
    /// Rows (0028,0010).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u32>,
    /// Columns (0028,0011).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cols: Option<u32>,
    /// Values that Image Type (0008,0008) has to hold, at any position.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_type: Vec<String>,
}

/// The file as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplateFile {
    #[serde(default)]
    template: Vec<Template>,
}

/// Reads and validates the text of an equipment file, keeping the order of the file. Errors name the template.
pub fn parse(text: &str) -> Result<Vec<Template>> {
    let file: TemplateFile = toml::from_str(text).map_err(|e| {
        let line = e
            .span()
            .and_then(|s| text.get(..s.start))
            .map_or(1, |before| before.matches('\n').count() + 1);
        let what = e.message().lines().next().unwrap_or_default().to_owned();
        Error::Config(format!("line {line}: {what}"))
    })?;
    let mut names = BTreeSet::new();
    for template in &file.template {
        template
            .check()
            .map_err(|why| Error::Config(format!("template `{}`: {why}", template.name)))?;
        if !names.insert(template.name.as_str()) {
            return Err(Error::Config(format!(
                "two templates are named `{}`",
                template.name
            )));
        }
    }
    Ok(file.template)
}

/// Templates as the text of an equipment file, which [`parse`] reads again as the same.
///
/// # Errors
/// [`Error::Config`] for templates that [`parse`] refuses.
pub fn write(templates: &[Template]) -> Result<String> {
    let file = TemplateFile {
        template: templates.to_vec(),
    };
    let text = toml::to_string(&file).map_err(|e| Error::Config(e.to_string()))?;
    parse(&text)?;
    Ok(text)
}

/// The templates that are for this object, in the order of the file.
pub fn matching<'a>(templates: &'a [Template], facts: &Facts) -> Vec<&'a Template> {
    templates
        .iter()
        .filter(|t| t.matches.accepts(facts))
        .collect()
}

impl Template {
    fn check(&self) -> std::result::Result<(), String> {
        let m = &self.matches;
        if self.name.trim().is_empty() {
            return Err("needs a name".into());
        }
        if m.manufacturer.is_none() && m.model.is_none() {
            return Err(
                "`match` needs `manufacturer` or `model`: a template is for equipment".into(),
            );
        }
        if self.mask.is_empty() && self.keep.is_empty() {
            return Err("`mask` holds no rectangle".into());
        }
        let approved = self.approved_by.as_deref().unwrap_or_default();
        if !self.keep.is_empty() && approved.trim().is_empty() {
            return Err("`keep` needs `approved-by`: who looked at it".into());
        }
        for &rect in self.mask.iter().chain(&self.keep) {
            let [x, y, w, h]: [u32; 4] = rect.into();
            let shown = format!("[{x}, {y}, {w}, {h}]");
            if rect.is_empty() {
                return Err(format!("rectangle {shown} is empty"));
            }
            let ends = [(x, w, m.cols, "columns"), (y, h, m.rows, "rows")];
            for (start, length, size, what) in ends {
                let end = start.checked_add(length).filter(|_| size != Some(0));
                let leaves = |end| !self.clip && size.is_some_and(|size| end > size);
                if end.is_none_or(leaves) {
                    return Err(format!("rectangle {shown} leaves the {what}"));
                }
            }
        }
        Ok(())
    }
}

impl Match {
    /// Whether every given field fits the object.
    pub fn accepts(&self, facts: &Facts) -> bool {
        let e = &facts.equipment;
        let texts = [
            (&self.manufacturer, &e.manufacturer),
            (&self.model, &e.model),
            (&self.software, &e.software),
            (&self.modality, &facts.modality),
        ];
        let sizes = [
            (self.rows, facts.format.rows),
            (self.cols, facts.format.cols),
        ];
        texts
            .iter()
            .all(|(want, have)| want.as_ref().is_none_or(|want| same_text(want, have)))
            && sizes
                .iter()
                .all(|(want, have)| want.is_none_or(|want| want == *have))
            && self
                .image_type
                .iter()
                .all(|want| facts.image_type.iter().any(|have| same_text(want, have)))
    }
}

fn same_text(want: &str, have: &str) -> bool {
    let (have, want) = (normal(have), want.trim());
    let (any_start, want) = match want.strip_prefix('*') {
        Some(rest) => (true, rest),
        None => (false, want),
    };
    let (any_end, want) = match want.strip_suffix('*') {
        Some(rest) => (true, rest),
        None => (false, want),
    };
    let want = normal(want);
    match (any_start, any_end) {
        (false, false) => have == want,
        (false, true) => have.starts_with(&want),
        (true, false) => have.ends_with(&want),
        (true, true) => have.contains(&want),
    }
}

fn normal(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c == '\0')
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Equipment;
    use crate::testing;

    const FILE: &str = r#"
[[template]]
name = "Sector probe screen"
approved-by = "M. Example, 2026-11-02"
match = { manufacturer = "Example Imaging", model = "Echo*", modality = "US", rows = 480, cols = 640 }
mask = [[0, 0, 640, 40], [560, 440, 80, 40]]

[[template]]
name = "Any size"
match = { model = "echo 7", image-type = ["SECONDARY"] }
mask = [[0, 0, 10, 10]]
"#;

    fn facts(model: &str, rows: u32) -> Facts {
        Facts {
            modality: "US".into(),
            image_type: vec!["ORIGINAL".into(), "PRIMARY".into()],
            equipment: Equipment {
                manufacturer: "EXAMPLE  Imaging ".into(),
                model: model.into(),
                software: String::new(),
            },
            ..testing::facts(crate::frame::PixelFormat::grey8(rows, 640), 1)
        }
    }

    fn names(templates: &[Template], facts: &Facts) -> Vec<String> {
        matching(templates, facts)
            .iter()
            .map(|t| t.name.clone())
            .collect()
    }

    #[test]
    fn every_given_field_has_to_fit() {
        let templates = parse(FILE).unwrap();
        assert_eq!(
            names(&templates, &facts("Echo 7", 480)),
            ["Sector probe screen"]
        );
        assert_eq!(names(&templates, &facts("Echo 7", 600)), [""; 0]);
        assert_eq!(names(&templates, &facts("Doppler 7", 480)), [""; 0]);
        let mut secondary = facts("ECHO 7", 600);
        secondary.image_type = vec!["DERIVED".into(), "SECONDARY".into()];
        assert_eq!(names(&templates, &secondary), ["Any size"]);
    }

    #[test]
    fn faults_are_refused_and_name_the_template() {
        let cases = [
            ("cols = 640", "cols = 600", "leaves the columns"),
            ("rows = 480", "rows = 470", "leaves the rows"),
            ("[0, 0, 640, 40]", "[0, 0, 0, 40]", "is empty"),
            ("[0, 0, 640, 40]", "[4294967295, 0, 2, 40]", "leaves"),
            ("approved-by", "aproved-by", "unknown field"),
            ("\"Any size\"", "\"Sector probe screen\"", "two templates"),
            (
                "model = \"echo 7\", ",
                "",
                "needs `manufacturer` or `model`",
            ),
            ("[[0, 0, 10, 10]]", "[]", "no rectangle"),
            ("[[0, 0, 10, 10]]", "[[-1, 0, 10, 10]]", "line 11"),
        ];
        for (from, to, expected) in cases {
            let broken = FILE.replace(from, to);
            assert_ne!(broken, FILE);
            let error = parse(&broken).unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn stars_stand_for_anything_at_either_end() {
        for (want, have, fits) in [
            ("echo*", "Echo 7", true),
            ("*7", "Echo 7", true),
            ("*ho*", "Echo 7", true),
            ("* 7", "Echo  7", true),
            ("ho*", "Echo 7", false),
            ("*Echo", "Echo 7", false),
            ("*", "", true),
        ] {
            assert_eq!(same_text(want, have), fits, "{want} {have}");
        }
    }

    #[test]
    fn kept_places_need_a_person_and_clipped_rectangles_may_leave_the_frame() {
        let keep = FILE.replace("mask = [[0, 0, 10, 10]]", "keep = [[0, 0, 10, 10]]");
        let e = parse(&keep).unwrap_err().to_string();
        assert!(e.contains("needs `approved-by`"), "{e}");
        let approved = keep.replace("\"Any size\"", "\"Any size\"\napproved-by = \"A. Example\"");
        assert_eq!(parse(&approved).unwrap()[1].keep, [Rect::new(0, 0, 10, 10)]);
        let clipped = FILE
            .replace("cols = 640", "cols = 600")
            .replace("mask = [[0, 0, 640", "clip = true\nmask = [[0, 0, 640");
        let templates = parse(&clipped).unwrap();
        assert!(templates[0].clip);
        assert_eq!(parse(&write(&templates).unwrap()).unwrap(), templates);
    }
}
