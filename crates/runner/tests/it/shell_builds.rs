use towpath_model::Outcome;
use towpath_runner::Program;
use towpath_testkit::require;

use crate::cases::plain;
use crate::place::{Place, context, run_in};

#[test]
fn scripts_run_in_their_own_interpreter_whatever_their_mode() {
    let files = [
        (
            "ci/build.sh",
            "#!/bin/bash\n[[ a == a ]] && echo built | tee app\n",
        ),
        ("ci/test.sh", "echo tested\nexit 3\n"),
    ];
    let ran = run_in(Place::Plain, &files, &Program::scripts(), &context());
    let reason = "phase build: `ci/test.sh` failed: exit code 3".to_owned();
    assert_eq!(ran.result.outcome, Outcome::Failed { reason });
    assert!(
        plain(&ran.log).contains("$ ci/build.sh\nbuilt\n$ ci/test.sh\ntested\n[exit code 3]\n")
    );
    assert_eq!(ran.artifact, ["README", "app", "ci/build.sh", "ci/test.sh"]);
}

#[test]
fn a_makefile_builds_and_then_tests() {
    if require("make").is_none() {
        return;
    }
    let files = [("Makefile", "build:\n\t@echo built\ntest:\n\t@echo tested\n")];
    let ran = run_in(Place::Sandbox, &files, &Program::makefile(), &context());
    assert_eq!(ran.result.outcome, Outcome::Succeeded);
    assert!(plain(&ran.log).starts_with("$ make build\nbuilt\n$ make test\ntested\n"));
}
