use std::collections::BTreeSet;

/// The targets that a Makefile has explicit rules for (GNU make manual, "Rule Syntax"). Included files and
/// what functions make up are not seen.
pub(crate) fn targets(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter(|line| !line.starts_with('\t'))
        .flat_map(rule_targets)
        .collect()
}

/// The names before the colon of a rule; nothing for other lines.
fn rule_targets(line: &str) -> Vec<&str> {
    let line = line.split('#').next().unwrap_or(line);
    let Some((names, rest)) = line.split_once(':') else {
        return Vec::new();
    };
    // `=` on either side: a variable, `A := x`, `A ::= x`, `A = b:c`. A target's own variable
    // (`build: X = 1`) defines no rule either, but no Makefile has only that.
    let assigns = names.contains('=') || rest.trim_start_matches(':').starts_with('=');
    if assigns {
        Vec::new()
    } else {
        names.split_whitespace().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        assert_eq!(
            targets(text).into_iter().collect::<Vec<_>>(),
            expect,
            "{text}"
        );
    }

    #[test]
    fn finds_explicit_rules() {
        check(
            "build: deps\n\tcargo build\ntest:\n\techo a: b\n",
            &["build", "test"],
        );
        check("build test:: x ; echo\n", &["build", "test"]);
        check("test : build # also test2:\n", &["test"]);
        check(".PHONY: build\n", &[".PHONY"]);
        check("CC := gcc\nX ::= y\nURL = http://x\n# build:\n", &[]);
        check("", &[]);
    }
}
