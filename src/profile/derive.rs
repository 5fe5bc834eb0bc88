//! Values made from the project key: pseudonyms, days to shift by, opaque names. The same key and original give the same
//! value in every file, process and run; without the key nothing can be told from them.

use crate::key::Key;

/// Letters and digits that are not mistaken for each other and spell no words.
const ALPHABET: &[u8; 32] = b"0123456789BCDFGHJKLMNPQRSTVWXYZ_";
/// Longest shift into the past, in days.
const MOST_DAYS: u64 = 3650;
/// Characters of a pseudonym behind its first letter: 60 bits.
const LENGTH: usize = 12;

/// Twelve characters from a keyed digest, a letter before them.
pub fn opaque(key: &Key, first: char, purpose: &str, data: &[u8]) -> String {
    let mac = key.mac(purpose, data);
    let mut bits = mac
        .iter()
        .take(8)
        .fold(0_u64, |v, b| v << 8 | u64::from(*b));
    let mut name = String::from(first);
    for _ in 0..LENGTH {
        // The last letter of the alphabet never stands: 31 is prime, and every value is a valid file name.
        name.push(char::from(ALPHABET[(bits % 31) as usize]));
        bits /= 31;
    }
    name
}

/// Who an object is about: what its pseudonym and days are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientKey(Vec<u8>);

impl PatientKey {
    /// From (0010,0021) and (0010,0020) as they are read; white space around them and case do not count.
    pub fn of_patient(issuer: &str, id: &str) -> PatientKey {
        PatientKey(format!("patient\0{}\0{}", fold(issuer), fold(id)).into_bytes())
    }

    /// Where there is no patient id: the study stands for the patient.
    pub fn of_study(study: &str) -> PatientKey {
        PatientKey(format!("study\0{}", study.trim()).into_bytes())
    }

    /// The pseudonym of (0010,0010) and (0010,0020).
    pub fn pseudonym(&self, key: &Key) -> String {
        opaque(key, 'P', "pseudonym", &self.0)
    }

    /// Days by which dates are shifted: 1 to 3650 into the past.
    pub fn days(&self, key: &Key) -> i64 {
        let mac = key.mac("date offset", &self.0);
        let number = mac
            .iter()
            .take(8)
            .fold(0_u64, |v, b| v << 8 | u64::from(*b));
        -1 - i64::try_from(number % MOST_DAYS).unwrap_or_default()
    }
}

/// White space and case do not make another patient.
pub fn fold(text: &str) -> String {
    text.trim().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_values_are_repeatable_keyed_and_harmless() {
        let (a, b) = (
            Key::from_content(&[b'x'; 40]).unwrap(),
            Key::from_content(&[b'y'; 40]).unwrap(),
        );
        let patient = PatientKey::of_patient("", " id-7 ");
        assert_eq!(patient, PatientKey::of_patient(" ", "ID-7"));
        assert_ne!(patient, PatientKey::of_patient("SITE", "ID-7"));
        let name = patient.pseudonym(&a);
        assert_eq!(name, patient.pseudonym(&a));
        assert_ne!(name, patient.pseudonym(&b));
        assert!(
            name.len() == 13
                && name
                    .bytes()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        );
        let days: Vec<i64> = (0..200)
            .map(|i| PatientKey::of_patient("", &i.to_string()).days(&a))
            .collect();
        assert!(days.iter().all(|d| (-3650..=-1).contains(d)));
        assert!(days.iter().collect::<std::collections::BTreeSet<_>>().len() > 150);
        assert_ne!(patient.days(&a), patient.days(&b));
    }
}
