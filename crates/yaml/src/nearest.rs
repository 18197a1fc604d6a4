/// The candidate that a misspelt `word` most likely meant: at most a third of its letters differ.
///
/// ```
/// assert_eq!(towpath_yaml::nearest("comands", ["commands", "finally"]), Some("commands"));
/// assert_eq!(towpath_yaml::nearest("pre-build", ["pre_build", "build"]), Some("pre_build"));
/// assert_eq!(towpath_yaml::nearest("zebra", ["commands"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A key of a thousand letters is not a typing error, and the distance costs the product of lengths.
    if word.len() > 64 {
        return None;
    }
    let allowed = word.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                distance(&word.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
