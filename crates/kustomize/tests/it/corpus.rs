use std::collections::BTreeSet;

use crate::case;

/// Cases that are not exact yet, one a line.
const PENDING: &str = include_str!("../pending.txt");

/// Cases that we answer otherwise on purpose, one a line; docs/compatibility.md says why.
const BETTER: &str = include_str!("../better.txt");

#[test]
fn every_case_is_built_as_upstream_builds_it() {
    let differing: BTreeSet<&str> = PENDING.lines().chain(BETTER.lines()).collect();
    let cases = case::all();
    assert!(cases.len() >= 300, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        match (case.difference(), differing.contains(case.name.as_str())) {
            (Some(difference), false) => wrong.push(format!("{}: {difference}", case.name)),
            (None, true) => wrong.push(format!(
                "{}: is as upstream's; drop it from the list of those that differ",
                case.name
            )),
            (Some(_), true) | (None, false) => {}
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn listed_cases_exist() {
    let names: BTreeSet<String> = case::all().into_iter().map(|case| case.name).collect();
    let unknown: Vec<&str> = PENDING
        .lines()
        .chain(BETTER.lines())
        .filter(|name| !names.contains(*name))
        .collect();
    assert!(unknown.is_empty(), "no such cases {unknown:?}");
}
