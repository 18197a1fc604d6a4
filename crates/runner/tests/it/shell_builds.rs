use towpath_model::Outcome;
use towpath_runner::{Program, Shell};
use towpath_testkit::require;

use crate::cases::{context, plain, run_in};
use crate::workspace::TestWorkspace;

#[test]
fn scripts_run_in_their_own_interpreter_whatever_their_mode() {
    let workspace = TestWorkspace::new();
    workspace.write_source("ci/build.sh", "#!/bin/bash\n[[ a == a ]] && echo built\n");
    workspace.write_source("ci/test.sh", "echo tested\nexit 3\n");
    let ran = run_in(&workspace, &Program::scripts(), &context());
    let reason = "phase build: `ci/test.sh` failed: exit code 3".to_owned();
    assert_eq!(ran.result.outcome, Outcome::Failed { reason });
    assert!(
        plain(&ran.log).contains("$ ci/build.sh\nbuilt\n$ ci/test.sh\ntested\n[exit code 3]\n")
    );
}

#[test]
fn a_makefile_builds_and_then_tests() {
    if require("make").is_none() {
        return;
    }
    let workspace = TestWorkspace::new();
    workspace.write_source("Makefile", "build:\n\t@echo built\ntest:\n\t@echo tested\n");
    let program = Program {
        shell: Shell::Sh,
        artifacts: None,
        ..Program::makefile()
    };
    let ran = run_in(&workspace, &program, &context());
    assert_eq!(ran.result.outcome, Outcome::Succeeded);
    assert_eq!(
        plain(&ran.log),
        "$ make build\nbuilt\n$ make test\ntested\n"
    );
}
