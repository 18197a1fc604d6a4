//! Numbers in words.

use std::time::Duration;

use towpath_model::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `0.2 s`, `4.8 s`, `1 min 12 s`, `2 h 5 min`, `3 d 4 h`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..MINUTE => format!("{:.1} s", duration.as_millis() as f64 / 1000.0),
        MINUTE..HOUR => two(seconds / MINUTE, "min", seconds % MINUTE, "s"),
        HOUR..DAY => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        _ => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
    }
}

/// `just now`, `31 s ago`, `5 min ago`, `3 h ago`, `2 d ago`; beyond a month the date.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        0..5 => "just now".to_owned(),
        5..MINUTE => format!("{seconds} s ago"),
        MINUTE..HOUR => format!("{} min ago", seconds / MINUTE),
        HOUR..DAY => format!("{} h ago", seconds / HOUR),
        _ if seconds < 30 * DAY => format!("{} d ago", seconds / DAY),
        _ => at.to_string()[..10].to_owned(),
    }
}

/// `812 B`, `2.1 MB`: powers of 1000.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (millis, words) in [
            (40, "0.0 s"),
            (4_810, "4.8 s"),
            (60_000, "1 min"),
            (72_000, "1 min 12 s"),
            (7_500_000, "2 h 5 min"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), words);
        }
    }

    #[test]
    fn ages() {
        let now = Timestamp(1_709_210_096_789);
        for (seconds, words) in [
            (0, "just now"),
            (-5, "just now"),
            (31, "31 s ago"),
            (300, "5 min ago"),
            (7200, "2 h ago"),
            (172_800, "2 d ago"),
            (4_000_000, "2024-01-14"),
        ] {
            assert_eq!(ago(Timestamp(now.0 - seconds * 1000), now), words);
        }
    }

    #[test]
    fn sizes() {
        for (bytes, words) in [
            (12, "12 B"),
            (1_000, "1.0 kB"),
            (2_100_000, "2.1 MB"),
            (45_600_000, "46 MB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }
}
