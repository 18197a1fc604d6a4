use towpath_model::Outcome;
use towpath_runner::buildspec;

use crate::cases::plain;
use crate::place::{Place, context, run_in};

#[test]
fn a_build_sees_its_source_and_leaves_its_artifact() {
    let text = r#"
version: 0.2
phases:
  install: {commands: ['mkdir -p /go/src && echo made']}
  build:
    commands:
      - echo "$CODEBUILD_SRC_DIR"
      - mkdir -p out/sub && cp data/a out/sub/a.txt && echo b >out/b.log
      - exit 5
  post_build: {commands: [cat out/sub/a.txt]}
artifacts:
  base-directory: out
  files: '**/*'
  exclude-paths: '**/*.log'
"#;
    let program = buildspec::parse("buildspec.yml", text).unwrap();
    let ran = run_in(
        Place::Sandbox,
        &[("data/a", "content\n")],
        &program,
        &context(),
    );
    let log = plain(&ran.log);
    assert!(log.contains("&& echo made\nmade\n"), "{log}");
    assert!(log.contains("\n/codebuild/output/src\n"), "{log}");
    assert!(log.contains("$ cat out/sub/a.txt\ncontent\n"), "{log}");
    assert!(matches!(ran.result.outcome, Outcome::Failed { .. }));
    assert_eq!(ran.artifact, ["sub/a.txt"]);
}
