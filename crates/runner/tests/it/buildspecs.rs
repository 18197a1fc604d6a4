use towpath_runner::{Shell, buildspec};

fn errors(text: &str) -> String {
    buildspec::parse("buildspec.yml", text)
        .unwrap_err()
        .to_string()
}

#[test]
fn reads_all_that_is_supported() {
    let text = r#"
version: "0.2"
env:
  shell: bash
  variables: {A: yes, B: 1.10, C: "$PATH", D: }
phases:
  build:
    on-failure: CONTINUE
    commands: echo one
    finally: ["echo f"]
  install:
    commands:
      - |
        one
        two
      - true
artifacts:
  files: target/app
  base-directory: out
  discard-paths: yes
  exclude-paths: ["**/*.log"]
  name: app-$(date)
"#;
    let program = buildspec::parse("buildspec.yml", text).unwrap();
    assert_eq!(program.shell, Shell::Bash);
    insta::assert_debug_snapshot!(program);
}

#[test]
fn what_is_missing_or_wrong() {
    let texts = [
        "",
        "# nothing\n",
        "version: 0.1\nphases: {}\n",
        "version: 3\nphases: {}\n",
        "env: {}\n",
        "- version: 0.2\n",
        "version: 0.2\nphases: {}\n---\nmore: 1\n",
        "version: 0.2\nphases:\n  build:\n\tcommands: x\n",
        "version: 0.2\nphases: {}\nartifacts: {name: a}\n",
        "version: 0.2\nversion: 0.2\nphases: {}\n",
    ];
    let all = texts.map(|text| format!("{text}=> {}\n", errors(text)));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn too_many_commands() {
    let text = format!(
        "version: 0.2\nphases:\n  build:\n    commands:\n{}",
        "      - a\n".repeat(5_001)
    );
    assert_eq!(
        errors(&text),
        "buildspec.yml:3:3: 5001 commands are too many, 5000 is the limit"
    );
}

#[test]
fn unknown_and_unsupported_keys() {
    let text = "version: 0.2
run-as: root
env:
  varables: {}
  parameter-store: {A: /a}
  secrets-manager: {B: b}
  exported-variables: [A]
  git-credential-helper: no
proxy: {logs: yes}
batch: {}
phases:
  install:
    runtime-versions: {nodejs: 20}
    comands: [a]
  prebuild: {commands: [a]}
  build:
    run-as: me
    runtime-versions: {}
    on-failure: RETRY-3
  post_build:
    on-failure: continue
reports: {r: {files: a}}
artifacts:
  file: a
  s3-prefix: x
  enable-symlinks: yes
  secondary-artifacts: {}
  discard-paths: maybe
cache: {paths: [a]}
zebra: 1
";
    insta::assert_snapshot!(errors(text));
}

#[test]
fn commands_and_variables_that_cannot_be() {
    let text = "version: 0.2
env:
  shell: powershell.exe
  variables: {1A: a, a-b: c, CODEBUILD_X: y, OK: [1], N: \"\\0\"}
phases:
  build:
    commands:
      - echo a: b
      - [a]
      -
      - \"a\\0b\"
    finally: {a: b}
";
    insta::assert_snapshot!(errors(text));
}

#[test]
fn files_of_windows_are_read() {
    let text = "\u{feff}version: 0.2\r\nphases:\r\n  build:\r\n    commands:\r\n      - |\r\n        a\r\n        b\r\n      - c\r\n";
    let program = buildspec::parse("buildspec.yml", text).unwrap();
    let commands: Vec<_> = program.phases[0]
        .commands
        .iter()
        .map(|c| c.text.as_str())
        .collect();
    assert_eq!(commands, ["a\nb\n", "c"]);
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_program_or_an_error(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "version: 0.2\n", "phases:\n", "  build:\n", "    commands:\n", "      - a\n", "env:\n", "  variables:\n",
            "    A: b\n", "artifacts:\n", "  files: x\n", "    on-failure: ABORT\n", "- ", "{", "}", "\n", "? ", "~",
        ]), 0..20)
    ) {
        let _ = buildspec::parse("buildspec.yml", &parts.concat());
    }
}
