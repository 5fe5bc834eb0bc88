//! The samples: what each shows, what is written on it, and how it is stored.

pub mod carriers;
pub mod films;
pub mod odd;
pub mod papers;
pub mod people;
pub mod screens;

use crate::header::{Class, Header, Person, header};
use crate::picture::Picture;
use crate::sheet::{Line, Sheet};
use crate::write::{Form, file, pixels};
use serde::Serialize;
use std::error::Error;
use std::path::Path;

/// Everything about one sample; its twin is the same without text.
pub struct Recipe {
    /// File name without its ending.
    pub stem: &'static str,
    /// What it is, for the truth file.
    pub about: &'static str,
    /// Class of the object.
    pub class: Class,
    /// Who the header names; `None` where it was scrubbed.
    pub person: Option<&'static Person>,
    /// Pictures without text.
    pub scenes: Vec<Picture>,
    /// What is written on them.
    pub sheet: Sheet,
    /// How they are stored.
    pub form: Form,
    /// Attributes of this sample, given whether the object carries text.
    pub more: fn(&mut Header, bool) -> Vec<Line>,
}

/// Truth about one file.
#[derive(Serialize)]
pub struct Truth {
    file: String,
    about: &'static str,
    twin_of: Option<String>,
    rows: usize,
    cols: usize,
    frames: usize,
    photometric: &'static str,
    transfer_syntax: &'static str,
    header: &'static str,
    lines: Vec<Line>,
}

impl Recipe {
    /// Writes the sample and its twin and tells the truth about both.
    pub fn make(&self, folder: &Path) -> Result<Vec<Truth>, Box<dyn Error>> {
        let mut out = Vec::new();
        for with_text in [true, false] {
            let stem = match with_text {
                true => self.stem.to_string(),
                false => format!("{}_twin", self.stem),
            };
            let mut pictures = self.scenes.clone();
            let (w, h) = (pictures[0].w, pictures[0].h);
            let mut lines = Vec::new();
            if with_text {
                for (i, picture) in pictures.iter_mut().enumerate() {
                    self.sheet.draw(picture, i as u32);
                }
                lines = self.sheet.lines(w, h, "pixel-data");
            }
            let mut head = header(self.class, self.person, &stem);
            pixels(&mut head, self.form, &pictures)?;
            lines.extend((self.more)(&mut head, with_text));
            let name = format!("{stem}.dcm");
            let path = folder.join(&name);
            file(&path, head, self.class.uid(), self.form.syntax())?;
            out.push(Truth {
                file: name,
                about: self.about,
                twin_of: (!with_text).then(|| format!("{}.dcm", self.stem)),
                rows: h,
                cols: w,
                frames: pictures.len(),
                photometric: self.form.photometric(),
                transfer_syntax: self.form.syntax(),
                header: if self.person.is_some() {
                    "named"
                } else {
                    "scrubbed"
                },
                lines,
            });
        }
        Ok(out)
    }
}

/// All samples, in the order of the truth file.
pub fn all() -> Vec<Recipe> {
    vec![
        screens::rgb(),
        screens::palette(),
        screens::jpeg(),
        screens::cine(),
        films::dose_page(),
        films::chest(),
        films::faint(),
        papers::form(),
        papers::turned(),
        carriers::overlay(),
        carriers::high_bits(),
        carriers::icon(),
    ]
}
