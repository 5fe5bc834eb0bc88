//! "Remember for this equipment": masks that a person drew, kept as templates and shown on later files of the equipment.
//!
//! They lie in `templates.toml` of the state folder, in the form that `--templates` reads; it names manufacturers and
//! models, because a person asked for that.

use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::geometry::Rect;
use crate::templates::{self, Match, Template};
use std::path::{Path, PathBuf};

/// The file in the state folder.
const FILE: &str = "templates.toml";
/// Longest name, characters.
const NAME_CHARS: usize = 80;

/// Templates of a review.
pub struct Remembered {
    path: PathBuf,
    templates: Vec<Template>,
}

impl Remembered {
    /// Reads what earlier reviews remembered.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Config`] for a file that somebody spoilt.
    pub fn open(folder: &Path) -> Result<Remembered> {
        let path = folder.join(FILE);
        let templates = match std::fs::read_to_string(&path) {
            Ok(text) => templates::parse(&text)
                .map_err(|e| Error::Config(format!("{e}: `{}`", path.display())))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(source) => {
                return Err(Error::Io {
                    action: "reading the templates",
                    path,
                    source,
                });
            }
        };
        Ok(Remembered { path, templates })
    }

    /// Names and rectangles of those that are for this object.
    pub fn matching(&self, facts: &Facts) -> Vec<(String, Vec<Rect>)> {
        let matching = templates::matching(&self.templates, facts).into_iter();
        matching.map(|t| (t.name.clone(), t.mask.clone())).collect()
    }

    /// Remembers rectangles for the equipment of an object, instead of what was remembered for it under that name. Gives
    /// the name.
    ///
    /// # Errors
    /// [`Error::Config`] for equipment without manufacturer and model, or without rectangles; [`Error::Io`].
    pub fn add(
        &mut self,
        facts: &Facts,
        name: Option<&str>,
        who: Option<&str>,
        mask: Vec<Rect>,
    ) -> Result<String> {
        let e = &facts.equipment;
        let given = |text: &String| (!text.trim().is_empty()).then(|| text.clone());
        let (rows, cols) = (facts.format.rows, facts.format.cols);
        let label = format!("{} {} {cols}×{rows}", e.manufacturer.trim(), e.model.trim());
        let name = name.map_or(label.trim(), str::trim);
        let name: String = name
            .chars()
            .filter(|c| !c.is_control())
            .take(NAME_CHARS)
            .collect();
        let template = Template {
            name: name.clone(),
            approved_by: who.map(str::to_owned),
            matches: Match {
                manufacturer: given(&e.manufacturer),
                model: given(&e.model),
                rows: Some(rows),
                cols: Some(cols),
                ..Match::default()
            },
            mask,
            keep: Vec::new(),
            clip: false,
        };
        let mut all = self.templates.clone();
        all.retain(|t| t.name != name);
        all.push(template);
        // What could not be read again is not remembered.
        let text = templates::write(&all)?;
        crate::batch::job::write_whole(&self.path, text.as_bytes())?;
        self.templates = all;
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{facts, pictures};

    #[test]
    fn what_is_remembered_is_there_for_the_same_equipment_and_size_only() {
        let folder = tempfile::tempdir().unwrap();
        let mut object = facts(pictures::format(100, 200, 1, 8), 1);
        let mut kept = Remembered::open(folder.path()).unwrap();
        assert!(
            kept.add(&object, None, None, vec![Rect::new(0, 0, 9, 9)])
                .is_err()
        );
        object.equipment.manufacturer = "Example \"Works\"".into();
        object.equipment.model = "Echo*".into();
        assert!(kept.add(&object, None, None, Vec::new()).is_err());
        let name = kept
            .add(&object, None, Some("A"), vec![Rect::new(0, 0, 9, 9)])
            .unwrap();
        let kept = Remembered::open(folder.path()).unwrap();
        assert_eq!(
            kept.matching(&object),
            [(name, vec![Rect::new(0, 0, 9, 9)])]
        );
        object.format.rows = 99;
        assert!(kept.matching(&object).is_empty());
    }
}
