//! `redact` with a profile, as users run it, and looks at what it wrote.

use super::people::{E, file};
use super::{Place, Ran, json_lines};
use dicom_object::open_file;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use unburn::config::Limits;
use unburn::dicom::{Object, read};

/// A run of `redact` with a profile, and what it reported.
pub struct Done {
    /// Exit code and messages.
    pub ran: Ran,
    /// Every object of the report.
    pub lines: Vec<Value>,
}

impl Done {
    /// The line about the input whose path ends so.
    pub fn line(&self, input: &str) -> &Value {
        let of = |l: &&Value| {
            l["input"]
                .as_str()
                .is_some_and(|i| Path::new(i).ends_with(input))
        };
        self.lines
            .iter()
            .find(of)
            .unwrap_or_else(|| panic!("no line about {input}: {}", self.ran.err))
    }

    /// Why it was held back, or its outcome where it was not.
    pub fn reason(&self, input: &str) -> String {
        let line = self.line(input);
        line["reason"]
            .as_str()
            .unwrap_or_else(|| line["outcome"].as_str().unwrap())
            .to_owned()
    }

    /// What was written for an input.
    pub fn output(&self, place: &Place, input: &str) -> PathBuf {
        let line = self.line(input);
        place.path(
            line["output"]
                .as_str()
                .unwrap_or_else(|| panic!("{input} was not written: {line}")),
        )
    }

    /// The same, opened by the product's reader.
    pub fn written(&self, place: &Place, input: &str) -> Object {
        read(&self.output(place, input), &Limits::default()).unwrap()
    }

    /// Codes that the header claims, as the report lists them.
    pub fn codes(&self, input: &str) -> Vec<String> {
        let codes = self.line(input)["metadata"]["codes"].as_array();
        let codes = codes.map(Vec::as_slice).unwrap_or_default();
        codes
            .iter()
            .map(|c| c.as_str().unwrap().to_owned())
            .collect()
    }

    /// Kind, count and action of everything beside the samples.
    pub fn carriers(&self, input: &str) -> Vec<(String, u64, String)> {
        let list = self.line(input)["carriers"].as_array();
        let list = list.map(Vec::as_slice).unwrap_or_default();
        list.iter()
            .map(|c| {
                let word = |name: &str| c[name].as_str().unwrap().to_owned();
                (word("kind"), c["count"].as_u64().unwrap(), word("action"))
            })
            .collect()
    }
}

/// `unburn redact INPUT -o OUT --report OUT.jsonl` on the processor, with the profile of the settings.
pub fn redact(place: &Place, input: &str, out: &str, more: &[&str]) -> Done {
    let report = format!("{out}.jsonl");
    let mut args = vec![
        "redact",
        input,
        "-o",
        out,
        "--device",
        "cpu",
        "--progress",
        "none",
        "--report",
        &report,
    ];
    args.extend(more);
    let ran = place.run(&args);
    let lines = fs::read_to_string(place.path(&report))
        .map(|t| json_lines(&t))
        .unwrap_or_default();
    Done { ran, lines }
}

/// Writes the bytes of a file, making its folder.
pub fn put_bytes(place: &Place, name: &str, bytes: &[u8]) {
    let path = place.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Writes an object in Explicit VR Little Endian.
pub fn put(place: &Place, name: &str, elements: &[E]) {
    put_bytes(place, name, &file(elements, false, b""));
}

/// Replaces or adds elements.
pub fn with(mut elements: Vec<E>, new: Vec<E>) -> Vec<E> {
    elements.retain(|e| !new.iter().any(|n| n.0 == e.0));
    elements.extend(new);
    elements
}

/// A top-level text of a written file, read by a parser that is not the product's.
pub fn text(path: &Path, tag: (u16, u16)) -> Option<String> {
    let object = open_file(path).unwrap();
    let element = object.element_opt(dicom_core::Tag(tag.0, tag.1)).unwrap()?;
    Some(
        element
            .to_str()
            .unwrap()
            .trim_end_matches(['\0', ' '])
            .to_owned(),
    )
}
