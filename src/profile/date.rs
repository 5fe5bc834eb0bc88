//! Dates and times of PS3.5 section 6.2, shifted by whole days or refused.

/// Days since 1970-01-01 of a date of the Gregorian calendar.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    // Counted from March, so that the leap day is the last of its year.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let era = y.div_euclid(400);
    let of_era = y - era * 400;
    let of_year = (153 * m + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z - era * 146_097;
    let y = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * y + y / 4 - y / 100);
    let m = (5 * of_year + 2) / 153;
    let day = of_year - (153 * m + 2) / 5 + 1;
    let (month, carry) = if m < 10 { (m + 3, 0) } else { (m - 9, 1) };
    (y + era * 400 + carry, month, day)
}

/// Reads `YYYYMMDD`, a date that there is.
pub fn parse(text: &str) -> Option<i64> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n = |r: std::ops::Range<usize>| text.get(r)?.parse::<i64>().ok();
    let (y, m, d) = (n(0..4)?, n(4..6)?, n(6..8)?);
    let number = days(y, m, d);
    ((1..=12).contains(&m) && civil(number) == (y, m, d)).then_some(number)
}

fn written(number: i64) -> Option<String> {
    let (y, m, d) = civil(number);
    (1..=9999)
        .contains(&y)
        .then(|| format!("{y:04}{m:02}{d:02}"))
}

/// A DA value, shifted. `None` where it is no date.
pub fn shift_da(text: &str, by: i64) -> Option<String> {
    written(parse(text)? + by)
}

/// A DT value, shifted; the time part and the offset stay. With less than a day of precision it is cut to the year of the
/// shifted first day. `None` where it is no date.
pub fn shift_dt(text: &str, by: i64) -> Option<String> {
    if !valid_dt(text) {
        return None;
    }
    let end = text.find(['+', '-']).unwrap_or(text.len());
    let whole = match end {
        4 => format!("{}0101", text.get(..4)?),
        6 => format!("{}01", text.get(..6)?),
        _ => return Some(written(parse(text.get(..8)?)? + by)? + text.get(8..)?),
    };
    written(parse(&whole)? + by)?.get(..4).map(str::to_owned)
}

/// Whether a DT value has the form of the standard and a date that there is.
pub fn valid_dt(text: &str) -> bool {
    let (body, zone) = text.split_at(text.find(['+', '-']).unwrap_or(text.len()));
    let zone_ok =
        zone.is_empty() || zone.len() == 5 && zone.bytes().skip(1).all(|b| b.is_ascii_digit());
    let date_ok = match body.len() {
        4 => parse(&format!("{body}0101")).is_some(),
        6 => parse(&format!("{body}01")).is_some(),
        n if n >= 8 => {
            body.get(..8).and_then(parse).is_some()
                && body.get(8..).is_some_and(|t| t.is_empty() || valid_tm(t))
        }
        _ => false,
    };
    zone_ok && date_ok
}

/// Whether a TM value has the form `HH`, `HHMM`, `HHMMSS` or `HHMMSS.F…`.
pub fn valid_tm(text: &str) -> bool {
    let (clock, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let limits = ["24", "60", "61"];
    let in_range = clock
        .as_bytes()
        .chunks(2)
        .zip(limits)
        .all(|(pair, limit)| pair < limit.as_bytes());
    let fraction_ok = fraction.is_empty()
        || clock.len() == 6 && (2..=7).contains(&fraction.len()) && digits(&fraction[1..]);
    matches!(clock.len(), 2 | 4 | 6) && digits(clock) && in_range && fraction_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree_over_centuries() {
        assert_eq!(
            (days(1970, 1, 1), days(2000, 3, 1), days(1969, 12, 31)),
            (0, 11_017, -1)
        );
        for n in (-800_000..800_000).step_by(37) {
            let (y, m, d) = civil(n);
            assert_eq!(days(y, m, d), n);
        }
    }

    #[test]
    fn dates_move_and_false_ones_are_none() {
        assert_eq!(shift_da("20240301", -1).as_deref(), Some("20240229"));
        assert_eq!(shift_da("20230301", -1).as_deref(), Some("20230228"));
        for wrong in [
            "2024.01.05",
            "20230229",
            "20241301",
            "2024",
            "",
            "20240101-20240103",
            "２０２４０１０１",
            "00010101",
        ] {
            assert_eq!(shift_da(wrong, -400), None, "{wrong}");
        }
        assert_eq!(
            shift_dt("20240301120000.123456+0100", -1).as_deref(),
            Some("20240229120000.123456+0100")
        );
        assert_eq!(shift_dt("2024", -1).as_deref(), Some("2023"));
        assert_eq!(shift_dt("202403-0500", -70).as_deref(), Some("2023"));
        for wrong in [
            "2024.01.05",
            "20240101x",
            "2024010199",
            "202401011200+1",
            "MUSTER",
        ] {
            assert_eq!(shift_dt(wrong, -1), None, "{wrong}");
        }
        assert!(
            ["12", "1230", "123059", "235960.5", "000000.123456"]
                .iter()
                .all(|t| valid_tm(t))
        );
        assert!(
            [
                "", "1", "12:30", "250000", "126000", "1230.5", "120000.", "Anna"
            ]
            .iter()
            .all(|t| !valid_tm(t))
        );
    }
}
