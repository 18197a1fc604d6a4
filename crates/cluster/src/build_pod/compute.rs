use std::fmt;
use std::str::FromStr;

/// How much of a machine a build gets (CodeBuild user guide, "Build environment compute modes and types").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ComputeType {
    #[default]
    Small,
    Medium,
    Large,
    XLarge,
    DoubleXLarge,
}

const ALL: [(ComputeType, &str, u32, u32); 5] = [
    (ComputeType::Small, "BUILD_GENERAL1_SMALL", 2, 4),
    (ComputeType::Medium, "BUILD_GENERAL1_MEDIUM", 4, 8),
    (ComputeType::Large, "BUILD_GENERAL1_LARGE", 8, 16),
    (ComputeType::XLarge, "BUILD_GENERAL1_XLARGE", 36, 72),
    (ComputeType::DoubleXLarge, "BUILD_GENERAL1_2XLARGE", 72, 144),
];

impl ComputeType {
    /// CPUs and GiB of memory.
    pub(crate) fn size(self) -> (u32, u32) {
        let [small, ..] = ALL;
        let found = ALL.into_iter().find(|(kind, ..)| *kind == self);
        let (_, _, cpus, memory) = found.unwrap_or(small);
        (cpus, memory)
    }

    pub fn as_str(self) -> &'static str {
        let [small, ..] = ALL;
        let found = ALL.into_iter().find(|(kind, ..)| *kind == self);
        found.unwrap_or(small).1
    }
}

impl fmt::Display for ComputeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no compute type; there is BUILD_GENERAL1_SMALL, _MEDIUM, _LARGE, _XLARGE and _2XLARGE"
)]
pub struct UnknownComputeType(String);

impl FromStr for ComputeType {
    type Err = UnknownComputeType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ALL.into_iter()
            .find(|(_, name, ..)| *name == text)
            .map(|(kind, ..)| kind)
            .ok_or_else(|| UnknownComputeType(text.to_owned()))
    }
}
