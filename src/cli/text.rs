//! Words for people: names made safe for a terminal, numbers with units.

use std::borrow::Cow;
use std::fmt::Write;

/// A name with control characters, line separators and characters that change the reading direction written as escapes,
/// so that a file name can neither steer the terminal nor show itself as another one.
pub fn shown(name: &str) -> Cow<'_, str> {
    if !name.chars().any(is_hidden) {
        return Cow::Borrowed(name);
    }
    let mut safe = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        if is_hidden(c) {
            // Writing to a string cannot fail.
            let _ = write!(safe, "\\u{{{:x}}}", c as u32);
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Control characters, Unicode's bidirectional controls, separators, and other characters of no width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A count with its noun in the right number.
pub fn count(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// A duration in a form that suits its size.
pub fn duration(seconds: f64) -> String {
    let whole = seconds as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(shown("straße/ä ö.dcm"), "straße/ä ö.dcm");
        assert_eq!(shown("a\x1b[2Jb\nc"), "a\\u{1b}[2Jb\\u{a}c");
        assert_eq!(shown("x\u{202e}mcd.exe"), "x\\u{202e}mcd.exe");
        assert_eq!(shown("\u{9b}31m"), "\\u{9b}31m");
    }

    #[test]
    fn durations_and_counts() {
        assert_eq!(duration(3.25), "3.2 s");
        assert_eq!(duration(61.9), "1 min 1 s");
        assert_eq!(duration(7260.0), "2 h 1 min");
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
    }
}
