use rand::RngExt;

use crate::rollout::TemplateHash;

/// No vowels, and nothing that looks like another (Kubernetes' `rand.SafeEncodeString`).
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// So that the name is a host name with what follows.
const LONGEST_PREFIX: usize = 46;

/// `web-4f1d2c3b5a-x7k2p`.
pub(super) fn pod(deployment: &str, hash: &TemplateHash) -> String {
    let prefix = deployment.get(..LONGEST_PREFIX).unwrap_or(deployment);
    let prefix = prefix.trim_end_matches(['-', '.']);
    let mut rng = rand::rng();
    let suffix: String = (0..5)
        .map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]))
        .collect();
    format!("{prefix}-{}-{suffix}", hash.0)
}

/// A random UUID (RFC 9562, version 4).
pub(super) fn uid() -> String {
    let bits: u128 = rand::rng().random();
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_host_names() {
        let hash = TemplateHash("0123456789".into());
        assert!(pod("web", &hash).starts_with("web-0123456789-"));
        assert_eq!(pod(&"x".repeat(253), &hash).len(), 63);
        let uid = uid();
        assert_eq!((uid.len(), &uid[14..15]), (36, "4"));
        assert!("89ab".contains(&uid[19..20]));
    }
}
