//! How much one build may use.

use std::str::FromStr;
use std::time::Duration;

use towpath_pipeline::kept::KeepFailed;

/// Bytes: `512Mi`, `4Gi`, `2G`, `1073741824`; the suffixes are Kubernetes'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory(pub u64);

const UNITS: [(&str, u64); 6] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
];

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unit = UNITS.into_iter().find(|(suffix, _)| text.ends_with(suffix));
        let (suffix, factor) = unit.unwrap_or(("", 1));
        let number: Option<u64> = text
            .strip_suffix(suffix)
            .and_then(|number| number.parse().ok());
        let bytes = number.and_then(|number| number.checked_mul(factor));
        bytes
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(|| format!("{text:?}: expected bytes, such as 512Mi or 4Gi"))
    }
}

/// CPUs: `2`, `1.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus {
    pub millis: u64,
}

impl FromStr for Cpus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let cpus: Option<f64> = text.parse().ok();
        match cpus.filter(|cpus| (0.01..=4096.0).contains(cpus)) {
            // At least 10 and at most 4,096,000: nothing is lost.
            Some(cpus) => Ok(Self {
                millis: (cpus * 1000.0).round() as u64,
            }),
            None => Err(format!(
                "{text:?}: expected a number of CPUs, such as 2 or 1.5"
            )),
        }
    }
}

/// `90s`, `15m`, `2h`, `1d`; `0` is not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep(pub Duration);

const LONGEST_KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let units = [("s", 1), ("m", 60), ("h", 60 * 60), ("d", 24 * 60 * 60)];
        let seconds = units.into_iter().find_map(|(suffix, factor)| {
            let number: u64 = text.strip_suffix(suffix)?.parse().ok()?;
            number.checked_mul(factor)
        });
        seconds
            .or((text == "0").then_some(0))
            .map(Duration::from_secs)
            .filter(|time| *time <= LONGEST_KEEP)
            .map(Self)
            .ok_or_else(|| {
                format!("{text:?}: expected 0 or a time of at most 7d, such as 90s, 15m or 2h")
            })
    }
}

impl From<Keep> for KeepFailed {
    fn from(Keep(time): Keep) -> Self {
        match time.is_zero() {
            true => Self::No,
            false => Self::For(time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_kubernetes_suffixes() {
        for (text, bytes) in [
            ("512Mi", 512 << 20),
            ("4Gi", 4 << 30),
            ("2G", 2_000_000_000),
            ("1", 1),
        ] {
            assert_eq!(text.parse(), Ok(Memory(bytes)), "{text}");
        }
        for bad in ["", "Mi", "0", "-1", "1.5Gi", "4Q", "99999999999Gi"] {
            assert!(bad.parse::<Memory>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_have_a_unit() {
        for (text, seconds) in [
            ("0", 0),
            ("90s", 90),
            ("15m", 900),
            ("2h", 7200),
            ("7d", 604_800),
        ] {
            assert_eq!(
                text.parse(),
                Ok(Keep(Duration::from_secs(seconds))),
                "{text}"
            );
        }
        for bad in ["", "15", "m", "-1m", "8d", "1w", "99999999999999999999h"] {
            assert!(bad.parse::<Keep>().is_err(), "{bad}");
        }
    }

    #[test]
    fn cpus_may_be_parts() {
        assert_eq!("1.5".parse(), Ok(Cpus { millis: 1500 }));
        for bad in ["", "0", "-1", "many", "inf", "NaN"] {
            assert!(bad.parse::<Cpus>().is_err(), "{bad}");
        }
    }
}
