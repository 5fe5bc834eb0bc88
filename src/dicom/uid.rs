//! New UIDs from old ones (dicom.md §2.4, PS3.5 B.2).

use crate::key::Key;

/// The UID that replaces `old` under this key: `2.25.` and the decimal form of a version 8 UUID made of the first 16 bytes
/// of a keyed digest. The same old UID gives the same new one in every file, process and run with the same key.
pub fn replacement(key: &Key, old: &str) -> String {
    let mac = key.mac("uid", old.as_bytes());
    let mut value = mac
        .iter()
        .take(16)
        .fold(0_u128, |v, b| v << 8 | u128::from(*b));
    // RFC 9562 section 5.8: version in bits 76–79, variant in bits 62–63 counted from the least significant.
    value = value & !(0xF << 76) | 8 << 76;
    value = value & !(0b11 << 62) | 0b10 << 62;
    format!("2.25.{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_valid_repeatable_and_keyed() {
        let a = Key::from_content(&[b'x'; 40]).unwrap();
        let b = Key::from_content(&[b'y'; 40]).unwrap();
        let uid = replacement(&a, "1.2.3");
        assert_eq!(uid, replacement(&a, "1.2.3"));
        assert_ne!(uid, replacement(&a, "1.2.4"));
        assert_ne!(uid, replacement(&b, "1.2.3"));
        assert!(uid.len() <= 44);
        let value: u128 = uid.strip_prefix("2.25.").unwrap().parse().unwrap();
        assert_eq!((value >> 76 & 0xF, value >> 62 & 0b11), (8, 0b10));
    }
}
