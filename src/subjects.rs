//! The site's own pseudonyms: a table from patient ids to subject ids, as CSV.
//!
//! One patient a line: patient id, subject id, and optionally the days by which dates are shifted. A header line is
//! skipped where its second column is `subject id` or `subject`. It is read once per run and never shown.

use crate::error::{Error, Result};
use crate::profile::derive::fold;
use std::collections::HashMap;
use std::fmt;

/// One patient's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What stands for name and id.
    pub name: String,
    /// Days to shift by, where the site says so.
    pub days: Option<i64>,
}

/// The whole table.
#[derive(Clone, PartialEq, Eq)]
pub struct Subjects(HashMap<String, Subject>);

impl fmt::Debug for Subjects {
    /// Patients are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subjects({})", self.0.len())
    }
}

impl Subjects {
    /// Reads the table.
    ///
    /// # Errors
    /// [`Error::Config`] naming the line: a patient twice, a subject that is no plain id, days that are no number.
    pub fn parse(text: &str) -> Result<Subjects> {
        let mut table = HashMap::new();
        for (i, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let wrong = |what: &str| Error::Config(format!("line {}: {what}", i + 1));
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let cells = cells(line).ok_or_else(|| wrong("a quotation mark is left open"))?;
            let cell = |n: usize| cells.get(n).map(|c| c.trim()).unwrap_or_default();
            if i == 0
                && matches!(
                    cell(1).to_ascii_lowercase().as_str(),
                    "subject" | "subject id" | "subject_id"
                )
            {
                continue;
            }
            let (patient, name) = (fold(cell(0)), cell(1).to_owned());
            if patient.is_empty() || cells.len() > 3 {
                return Err(wrong("patient id, subject id and optionally days"));
            }
            // It becomes a folder and a value of LO and PN.
            let plain = !name.is_empty()
                && name.len() <= 64
                && !name.starts_with('.')
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
            if !plain {
                return Err(wrong(
                    "a subject id is made of letters, digits, `-`, `_` and `.`, at most 64",
                ));
            }
            if fold(&name) == patient {
                return Err(wrong("the subject id is the patient id"));
            }
            let days = match cell(2) {
                "" => None,
                days => Some(
                    days.parse::<i64>()
                        .ok()
                        .filter(|d| d.abs() <= 36_500)
                        .ok_or_else(|| wrong("days are a whole number"))?,
                ),
            };
            if table.insert(patient, Subject { name, days }).is_some() {
                return Err(wrong("a patient stands there twice"));
            }
        }
        Ok(Subjects(table))
    }

    /// The entry of a patient id.
    pub fn get(&self, patient: &str) -> Option<&Subject> {
        self.0.get(&fold(patient))
    }
}

/// Cells of a CSV line, quoted ones unquoted; `None` where a quotation mark is left open.
fn cells(line: &str) -> Option<Vec<String>> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' | ';' if !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    (!quoted).then_some(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_are_found_and_faults_named_by_line() {
        let table = Subjects::parse(
            "patient id,subject id,days\n\"77, x\",SUBJ-1,-12\n# note\n0815;SUBJ-2\n",
        )
        .unwrap();
        let first = table.get(" 77, X ").unwrap();
        assert_eq!((first.name.as_str(), first.days), ("SUBJ-1", Some(-12)));
        assert_eq!(table.get("0815").unwrap().days, None);
        assert!(table.get("815").is_none() && table.get("patient id").is_none());
        assert_eq!(format!("{table:?}"), "Subjects(2)");
        for wrong in [
            "1,a\n1,b", "1,", "1,../x", "1,a,soon", ",a", "\"1,a", "1,a,2,3", "x7,X7",
        ] {
            let error = Subjects::parse(wrong).unwrap_err().to_string();
            assert!(error.contains("line "), "{wrong}: {error}");
        }
    }
}
