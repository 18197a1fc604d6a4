//! Small Dockerfiles and what is made of them.

use proptest::prelude::*;

use super::parse;
use crate::dockerfile::{
    CommandLine, Copy, CopyFrom, Dockerfile, Healthcheck, Instruction, RunNetwork, Word,
};

fn parsed(text: &str) -> Dockerfile {
    parse("Dockerfile", text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The instructions of `FROM scratch` and `text`, each in one short line.
fn shown(text: &str) -> Vec<String> {
    let dockerfile = parsed(&format!("FROM scratch\n{text}"));
    let steps = &dockerfile.stages[0].steps;
    steps.iter().map(|step| show(&step.instruction)).collect()
}

fn show(instruction: &Instruction) -> String {
    match instruction {
        Instruction::Arg(args) => {
            let arg = |arg: &crate::dockerfile::Arg| match &arg.default {
                Some(default) => format!("{}=<{}>", arg.name, default.raw),
                None => arg.name.clone(),
            };
            format!("arg {}", args.iter().map(arg).collect::<Vec<_>>().join(" "))
        }
        Instruction::Env(pairs) => format!("env {}", show_pairs(pairs)),
        Instruction::Label(pairs) => format!("label {}", show_pairs(pairs)),
        Instruction::Copy(copy) => show_copy(copy),
        Instruction::Run(run) => {
            let network = match run.network {
                RunNetwork::Host => "",
                RunNetwork::None => " without network",
            };
            let heredocs: String = run
                .heredocs
                .iter()
                .map(|heredoc| format!(" {}:{:?}", heredoc.name, heredoc.body()))
                .collect();
            format!("run{network} {}{heredocs}", show_command(&run.command))
        }
        Instruction::Workdir(word) => format!("workdir {}", show_word(word)),
        Instruction::User(word) => format!("user {}", show_word(word)),
        Instruction::Stopsignal(word) => format!("stopsignal {}", show_word(word)),
        Instruction::Expose(words) => format!("expose {}", show_words(words)),
        Instruction::Volume(words) => format!("volume {}", show_words(words)),
        Instruction::Entrypoint(command) => format!("entrypoint {}", show_command(command)),
        Instruction::Cmd(command) => format!("cmd {}", show_command(command)),
        Instruction::Shell(argv) => format!("shell {argv:?}"),
        Instruction::Healthcheck(Healthcheck::None) => "healthcheck none".into(),
        Instruction::Healthcheck(Healthcheck::Command {
            command,
            interval,
            retries,
            ..
        }) => format!(
            "healthcheck {} {interval:?} {retries:?}",
            show_command(command)
        ),
        Instruction::Maintainer(name) => format!("maintainer {name}"),
    }
}

fn show_word(word: &Word) -> String {
    format!("<{}>", word.raw)
}

fn show_words(words: &[Word]) -> String {
    words.iter().map(show_word).collect::<Vec<_>>().join(" ")
}

fn show_pairs(pairs: &[(Word, Word)]) -> String {
    let pair = |(name, value): &(Word, Word)| format!("<{}>=<{}>", name.raw, value.raw);
    pairs.iter().map(pair).collect::<Vec<_>>().join(" ")
}

fn show_command(command: &CommandLine) -> String {
    match command {
        CommandLine::Exec(argv) => format!("{argv:?}"),
        CommandLine::Shell(text) => format!("sh {text}"),
    }
}

fn show_copy(copy: &Copy) -> String {
    let mut text = format!("{:?}", copy.verb).to_lowercase();
    match &copy.from {
        Some(CopyFrom::Stage(index)) => text += &format!(" from stage {index}"),
        Some(CopyFrom::Image(image)) => text += &format!(" from {}", image.raw),
        None => {}
    }
    for (name, word) in [("chown", &copy.chown), ("chmod", &copy.chmod)] {
        text += &word
            .as_ref()
            .map_or(String::new(), |word| format!(" {name}={}", word.raw));
    }
    if copy.link {
        text += " link";
    }
    for heredoc in &copy.heredocs {
        text += &format!(" {}:{:?}", heredoc.name, heredoc.body());
    }
    format!("{text} {} -> {}", show_words(&copy.sources), copy.dest.raw)
}

#[test]
fn reads_every_supported_instruction() {
    let cases: &[(&str, &str)] = &[
        ("ARG a", "arg a"),
        ("ARG a=1 b c='x y'", "arg a=<1> b c=<'x y'>"),
        ("ENV a=1 b=\"x y\"", "env <a>=<1> <b>=<\"x y\">"),
        ("ENV a x  y=z ", "env <a>=<x  y=z>"),
        ("env a=", "env <a>=<>"),
        (r"ENV a=x\ y", r"env <a>=<x\ y>"),
        ("ENV a=1 \\\n  b=2", "env <a>=<1> <b>=<2>"),
        ("LABEL \"a.b\"=c d='e'", "label <\"a.b\">=<c> <d>=<'e'>"),
        ("LABEL a b c", "label <a>=<b c>"),
        ("COPY a b", "copy <a> -> b"),
        ("COPY a b c/", "copy <a> <b> -> c/"),
        (r#"COPY ["a b", "c d/"]"#, "copy <a b> -> c d/"),
        (
            "COPY --chown=1:2 --chmod=755 a b",
            "copy chown=1:2 chmod=755 <a> -> b",
        ),
        ("COPY --link a b", "copy link <a> -> b"),
        ("COPY --link=false a b", "copy <a> -> b"),
        (
            "COPY --from=busybox:1 /a b",
            "copy from busybox:1 </a> -> b",
        ),
        ("COPY <<EOF /a\nx $y\nEOF", "copy EOF:\"x $y\\n\"  -> /a"),
        (
            "COPY <<A <<-B /a/\nx\nA\n\ty\n\tB",
            "copy A:\"x\\n\" B:\"y\\n\"  -> /a/",
        ),
        ("ADD a b", "add <a> -> b"),
        ("RUN echo a  b", "run sh echo a  b"),
        (r#"RUN ["a", "b c"]"#, r#"run ["a", "b c"]"#),
        ("RUN --network=none a", "run without network sh a"),
        ("RUN --network=host a --flag", "run sh a --flag"),
        ("RUN a \\\n # comment\n\n && b", "run sh a  && b"),
        ("RUN [ -f a ] && b", "run sh [ -f a ] && b"),
        ("RUN <<EOF\na\nb\nEOF", "run sh <<EOF EOF:\"a\\nb\\n\""),
        (
            "RUN cat <<EOF > /a\nx\nEOF",
            "run sh cat <<EOF > /a EOF:\"x\\n\"",
        ),
        (
            "RUN cat <<-'E' > /a\n\tx\n\tE",
            "run sh cat <<-'E' > /a E:\"x\\n\"",
        ),
        ("RUN echo $((1<<2))", "run sh echo $((1<<2))"),
        ("WORKDIR /a b", "workdir </a b>"),
        ("USER app:app", "user <app:app>"),
        ("EXPOSE 80 443/tcp $P", "expose <80> <443/tcp> <$P>"),
        ("ENTRYPOINT [\"/a\"]", "entrypoint [\"/a\"]"),
        ("ENTRYPOINT /a b", "entrypoint sh /a b"),
        ("CMD [\"a\"]", "cmd [\"a\"]"),
        ("CMD []", "cmd []"),
        ("CMD a", "cmd sh a"),
        (
            "SHELL [\"/bin/bash\", \"-c\"]",
            "shell [\"/bin/bash\", \"-c\"]",
        ),
        ("STOPSIGNAL SIGINT", "stopsignal <SIGINT>"),
        ("VOLUME /a /b", "volume </a> </b>"),
        ("VOLUME [\"/a b\"]", "volume </a b>"),
        ("HEALTHCHECK NONE", "healthcheck none"),
        (
            "HEALTHCHECK --interval=1m30s --retries=3 CMD a b",
            "healthcheck sh a b Some(90000000000) Some(3)",
        ),
        ("HEALTHCHECK CMD [\"a\"]", "healthcheck [\"a\"] None None"),
        ("MAINTAINER A B <c@d>", "maintainer A B <c@d>"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(text), [*expected], "{text}");
    }
}

#[test]
fn reads_stages() {
    let dockerfile = parsed(
        "ARG V=1\nFROM --platform=$BUILDPLATFORM rust:$V AS Build\nRUN a\nFROM scratch\nCOPY --from=build /a /a\nCOPY --from=0 /b /b\n",
    );
    assert_eq!(dockerfile.global_args[0].name, "V");
    let [build, last] = dockerfile.stages.as_slice() else {
        panic!("{:?}", dockerfile.stages)
    };
    assert_eq!(build.name.as_deref(), Some("build"));
    assert_eq!(build.base.raw, "rust:$V");
    assert_eq!(build.platform.as_ref().unwrap().raw, "$BUILDPLATFORM");
    for step in &last.steps {
        assert!(show(&step.instruction).starts_with("copy from stage 0"));
    }
    assert_eq!(
        (last.steps[1].location.line, last.steps[1].location.column),
        (6, 1)
    );
}

#[test]
fn refuses_with_place_and_reason() {
    let cases: &[(&str, &[&str])] = &[
        ("", &["Dockerfile:1:1: the Dockerfile has no FROM"]),
        (
            "RUN a",
            &["Dockerfile:1:1: there is no FROM before this instruction"],
        ),
        ("FROM", &["1:1: FROM names no image"]),
        ("FROM a b", &["1:8: `b` is not expected here"]),
        ("FROM a AS", &["1:8: `AS` is not expected here"]),
        ("FROM a AS 1x", &["1:11: `1x` cannot name a stage"]),
        ("FROM a AS scratch", &["is reserved"]),
        (
            "FROM a AS x\nFROM b AS X",
            &["2:11: there is a stage `x` already"],
        ),
        (
            "FROM --platfrom=x a",
            &["1:6: unknown flag `--platfrom`; did you mean `--platform`?"],
        ),
        (
            "FROM scratch\nRNU a",
            &["2:1: unknown instruction `RNU`; did you mean `RUN`?"],
        ),
        (
            "FROM scratch\nRUN a\n && b",
            &["3:2: unknown instruction `&&`; a line goes on"],
        ),
        (
            "FROM scratch\nONBUILD RUN a",
            &["2:1: ONBUILD is not supported yet"],
        ),
        ("FROM scratch\nRUN", &["2:1: RUN has no arguments"]),
        ("FROM scratch\nRUN []", &["RUN has an empty command"]),
        (
            "FROM scratch\nRUN [1]",
            &["2:5: every element must be a string"],
        ),
        (
            "FROM scratch\nRUN --mount=type=cache,target=/c a",
            &["2:5: RUN --mount is not supported yet"],
        ),
        (
            "FROM scratch\nRUN --security=insecure a",
            &["RUN --security is not supported yet"],
        ),
        (
            "FROM scratch\nRUN --network=x a",
            &["2:5: this is no network"],
        ),
        (
            "FROM scratch\nRUN <<EOF\na",
            &["2:5: the heredoc `<<EOF` is never closed"],
        ),
        ("FROM scratch\nCOPY a", &["2:6: there is only one path"]),
        (
            "FROM scratch\nCOPY --parents a b",
            &["2:6: the flag `--parents` is not supported yet"],
        ),
        (
            "FROM scratch\nCOPY --exclude=x a b",
            &["`--exclude` is not supported yet"],
        ),
        (
            "FROM scratch\nCOPY --form=x a b",
            &["did you mean `--from`?"],
        ),
        (
            "FROM scratch\nCOPY --chown a b",
            &["2:6: the flag `--chown` has no value"],
        ),
        (
            "FROM scratch\nCOPY --from=0 a b",
            &["there is no stage 0 before"],
        ),
        (
            "FROM scratch AS x\nCOPY --from=x a b",
            &["stage `x` cannot copy from itself"],
        ),
        (
            "FROM scratch\nADD https://x/y z",
            &["2:5: ADD of `https://x/y` is not supported yet"],
        ),
        (
            "FROM scratch\nADD --checksum=a b c",
            &["`--checksum` is not supported yet"],
        ),
        ("FROM scratch\nENV a", &["2:5: `a` has no value"]),
        ("FROM scratch\nENV a=1 \\\n  b", &["3:3: `b` has no `=`"]),
        ("FROM scratch\nENV =1", &["no name before the `=`"]),
        (
            "FROM scratch\nENV --x a=1",
            &["2:5: unknown flag `--x`; this instruction takes no flags"],
        ),
        ("FROM scratch\nARG =1", &["cannot name an ARG"]),
        (
            "FROM scratch\nUSER a b",
            &["2:8: `b` is one argument too many"],
        ),
        (
            "FROM scratch\nSHELL bash",
            &["2:7: SHELL takes the exec form"],
        ),
        (
            "FROM scratch\nHEALTHCHECK a",
            &["2:13: `a` is not expected here"],
        ),
        (
            "FROM scratch\nHEALTHCHECK --interval=5 CMD a",
            &["--interval is no duration"],
        ),
        (
            "FROM scratch\nCMD [\"a\"] b",
            &["2:5: there is text after the `]`"],
        ),
        ("FROM a\0", &["1:1: holds a NUL byte"]),
        (
            "# escape=x\nFROM a",
            &["1:1: `x` cannot be the escape character"],
        ),
        (
            "FROM a\nRNU b\nFRO c\nENV d",
            &["2:1: unknown", "3:1: unknown", "4:5: `d`"],
        ),
        ("FROM\nRUN a", &["1:1: FROM names no image"]),
    ];
    for (text, expected) in cases {
        let error = parse("Dockerfile", text).unwrap_err();
        assert_eq!(error.0.len(), expected.len(), "{text}\n{error}");
        for (diagnostic, expected) in error.0.iter().zip(*expected) {
            assert!(
                diagnostic.to_string().contains(expected),
                "{text}\n{diagnostic}"
            );
        }
    }
}

#[test]
fn a_file_that_is_no_dockerfile_is_given_up_on() {
    let error = parse("Dockerfile", &"abc\n".repeat(100_000)).unwrap_err();
    assert_eq!(error.0.len(), 50);
    let error = parse(
        "Dockerfile",
        &format!("FROM a\n{}", "USER b\n".repeat(10_000)),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Dockerfile:5001:1: there are more than 5000 instructions"
    );
    let error = parse("Dockerfile", &"FROM a\n".repeat(200)).unwrap_err();
    assert!(
        error.0[0]
            .to_string()
            .ends_with("there are more than 128 stages")
    );
}

#[test]
fn warns_of_what_is_probably_not_meant() {
    let dockerfile = parsed("FROM scratch\nCMD ['a', 'b']\n");
    let warning = dockerfile.warnings[0].to_string();
    assert!(
        warning.starts_with("Dockerfile:2:5: this looks like the exec form"),
        "{warning}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_parsed_or_refused(text in "(?s).{0,200}") {
        let _ = parse("Dockerfile", &text);
    }

    #[test]
    fn anything_that_looks_like_a_dockerfile_is_parsed_or_refused(
        lines in proptest::collection::vec(
            r#"(FROM|RUN|COPY|ENV|ARG|LABEL|CMD|ADD|USER|EXPOSE|HEALTHCHECK|#) ?(--[a-z]{0,5}=?)?[ a=$'"\[\]{}:\\<\-,é\t]{0,20}"#,
            0..12,
        )
    ) {
        let _ = parse("Dockerfile", &lines.join("\n"));
    }

    #[test]
    fn any_word_is_expanded_or_refused(raw in r#"[a$'"{}:\\#%?*+\- é]{0,40}"#) {
        let location = towpath_model::Location { file: "Dockerfile".into(), line: 1, column: 1 };
        let word = Word { raw, location };
        let variables = [("a".to_owned(), "aa/b*".to_owned())].into();
        let _ = word.expand(&variables, crate::Escape::Backslash);
        let _ = word.expand_words(&variables, crate::Escape::Backslash);
    }
}
