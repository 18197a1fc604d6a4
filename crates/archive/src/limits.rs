use crate::Exceeded;

/// Up to here a high compression ratio is not held against an archive: a small file of zeros is no bomb.
const FREE_OF_RATIO: u64 = 256 << 20;

/// How much one archive may unpack to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files, links and folders. Default: 500,000.
    pub files: u64,
    /// Bytes of all files together. Default: 16 GiB.
    pub total_bytes: u64,
    /// Unpacked bytes per byte of archive, for archives that unpack to more than 256 MiB. Default: 200.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 500_000,
            total_bytes: 16 << 30,
            ratio: 200,
        }
    }
}

/// Counts what has been unpacked so far. It counts real bytes: sizes that headers claim are not believed.
#[derive(Clone, Debug)]
pub struct Meter {
    limits: Limits,
    archive_bytes: u64,
    files: u64,
    bytes: u64,
}

impl Meter {
    /// `archive_bytes` is the compressed size.
    pub fn new(limits: Limits, archive_bytes: u64) -> Self {
        Self {
            limits,
            archive_bytes,
            files: 0,
            bytes: 0,
        }
    }

    /// Counts entries. An error from the first one above the limit on.
    pub fn add_files(&mut self, count: u64) -> Result<(), Exceeded> {
        self.files = self.files.saturating_add(count);
        if self.files > self.limits.files {
            return Err(Exceeded::Files(self.limits.files));
        }
        Ok(())
    }

    /// Counts unpacked bytes; to be asked before they are kept, so that a bomb ends early.
    pub fn add_bytes(&mut self, count: u64) -> Result<(), Exceeded> {
        self.bytes = self.bytes.saturating_add(count);
        if self.bytes > self.limits.total_bytes {
            return Err(Exceeded::Bytes(self.limits.total_bytes));
        }
        let proportionate = self.archive_bytes.saturating_mul(self.limits.ratio);
        if self.bytes > proportionate.max(FREE_OF_RATIO) {
            return Err(Exceeded::Ratio(self.limits.ratio));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_holds_and_none_comes_early() {
        let limits = Limits {
            files: 2,
            total_bytes: 1 << 40,
            ratio: 10,
        };
        let mut meter = Meter::new(limits, 100 << 20);
        assert_eq!(meter.add_files(2), Ok(()));
        assert_eq!(meter.add_files(1), Err(Exceeded::Files(2)));
        assert_eq!(meter.add_bytes(1000 << 20), Ok(()));
        assert_eq!(meter.add_bytes(1), Err(Exceeded::Ratio(10)));

        let mut meter = Meter::new(limits, 1);
        assert_eq!(meter.add_bytes(FREE_OF_RATIO), Ok(()));
        assert_eq!(meter.add_bytes(1), Err(Exceeded::Ratio(10)));

        let mut meter = Meter::new(
            Limits {
                total_bytes: 5,
                ..limits
            },
            100,
        );
        assert_eq!(meter.add_bytes(6), Err(Exceeded::Bytes(5)));
    }
}
