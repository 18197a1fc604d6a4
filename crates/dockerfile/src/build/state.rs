//! A stage while it is built, and what the instructions that make no layer do to it. Pure.

use std::collections::BTreeMap;

use towpath_model::{Diagnostic, Digest, Location};
use towpath_oci::image::{History, ImageConfiguration, Layer, ResolvedImage};

use super::settings::Settings;
use super::{ports, variables};
use crate::dockerfile::{Arg, CommandLine, Escape, Healthcheck, Instruction, Word};
use crate::expand::Variables;
use crate::tree_path::TreePath;

/// Bytes that all expanded variables, labels, ports and volumes of an image may have together: as much as
/// Linux takes for a program's arguments and environment.
const MAX_SETTINGS: usize = 2 * 1024 * 1024;

/// Most variables, arguments and labels, each.
const MAX_NAMES: usize = 2000;

/// What all stages of a build share.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) escape: Escape,
    pub(crate) build_args: &'a BTreeMap<String, String>,
    /// What `FROM` lines see.
    pub(crate) global: Variables,
}

/// An image in the making.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) author: Option<String>,
    /// What the shell form is run by.
    pub(crate) shell: Vec<String>,
    /// The `ARG`s declared so far that have a value.
    pub(crate) args: Variables,
    /// Bottom first.
    pub(crate) layers: Vec<Layer>,
    pub(crate) history: Vec<History>,
    /// `CMD` was given in this stage, so `ENTRYPOINT` leaves it alone.
    cmd_is_own: bool,
    /// Bytes of [`MAX_SETTINGS`] that are used up.
    spent: usize,
}

impl State {
    pub(crate) fn scratch() -> Self {
        Self {
            settings: Settings::scratch(),
            author: None,
            shell: vec!["/bin/sh".to_owned(), "-c".to_owned()],
            args: Variables::new(),
            layers: Vec::new(),
            history: Vec::new(),
            cmd_is_own: false,
            spent: 0,
        }
    }

    /// On top of an image from a registry.
    pub(crate) fn of_image(image: &ResolvedImage) -> Self {
        let config: &ImageConfiguration = &image.config;
        Self {
            settings: Settings::of_image(config.config().as_ref()),
            author: config.author().clone(),
            layers: image.layers.clone(),
            history: history(image),
            ..Self::scratch()
        }
    }

    /// On top of another stage, whose `ARG`s it inherits (Docker documentation, "Build variables", "Scoping").
    pub(crate) fn of_stage(stage: &State) -> Self {
        Self {
            cmd_is_own: false,
            ..stage.clone()
        }
    }

    /// What the next instruction sees. `ENV` always wins over `ARG`.
    pub(crate) fn variables(&self) -> Variables {
        let mut variables = self.args.clone();
        variables.extend(self.settings.env.iter().cloned());
        variables
    }

    /// Identifies the files of the stage so far: the digests of its layers, all of them.
    pub(crate) fn chain(&self) -> Digest {
        let ids: String = self
            .layers
            .iter()
            .map(|layer| layer.diff_id.hex())
            .collect();
        Digest::of(ids.as_bytes())
    }

    /// A path relative to the working folder.
    pub(crate) fn in_working_dir(&self, path: &str) -> TreePath {
        TreePath::new(&self.settings.working_dir).join(path)
    }

    /// The program and its arguments for a command.
    pub(crate) fn argv(&self, command: &CommandLine) -> Vec<String> {
        match command {
            CommandLine::Exec(argv) => argv.clone(),
            CommandLine::Shell(text) => self.shell.iter().chain([text]).cloned().collect(),
        }
    }

    /// Does what an instruction says that makes no layer. `COPY`, `RUN` and the folder of `WORKDIR` are
    /// left to the caller. Gives a warning where something is not kept.
    pub(crate) fn apply(
        &mut self,
        instruction: &Instruction,
        scope: &Scope<'_>,
    ) -> Result<Option<&'static str>, Diagnostic> {
        let mut expansion = Expansion {
            variables: self.variables(),
            escape: scope.escape,
            spent: self.spent,
        };
        match instruction {
            Instruction::Entrypoint(command) => self.set_entrypoint(command),
            Instruction::Cmd(command) => {
                self.settings.cmd = Some(self.argv(command));
                self.cmd_is_own = true;
            }
            Instruction::Shell(argv) => self.shell.clone_from(argv),
            Instruction::Maintainer(name) => self.author = Some(name.clone()),
            Instruction::Healthcheck(healthcheck) => return Ok(not_kept(healthcheck)),
            Instruction::Arg(args) => self.declare(args, scope, &mut expansion)?,
            _ => self.set(instruction, &mut expansion)?,
        }
        self.spent = expansion.spent;
        Ok(None)
    }

    /// The instructions that do nothing but expand words and keep them.
    fn set(&mut self, instruction: &Instruction, with: &mut Expansion) -> Result<(), Diagnostic> {
        let settings = &mut self.settings;
        match instruction {
            Instruction::Env(pairs) => {
                for (name, value) in pairs {
                    settings.set_env(with.word(name)?, with.word(value)?);
                    check_count(settings.env.len(), &name.location)?;
                }
            }
            Instruction::Label(pairs) => {
                for (name, value) in pairs {
                    settings.labels.insert(with.word(name)?, with.word(value)?);
                    check_count(settings.labels.len(), &name.location)?;
                }
            }
            Instruction::Workdir(path) => {
                let path = self.in_working_dir(&with.some(path)?);
                self.settings.working_dir = path.to_string();
            }
            Instruction::User(user) => settings.user = Some(with.some(user)?),
            Instruction::Stopsignal(signal) => settings.stop_signal = Some(with.some(signal)?),
            Instruction::Volume(words) => {
                for word in words {
                    settings.volumes.insert(with.some(word)?);
                }
            }
            Instruction::Expose(words) => {
                for word in words {
                    settings.exposed_ports.extend(with.ports(word)?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What the base says about arguments means nothing to another program.
    fn set_entrypoint(&mut self, command: &CommandLine) {
        self.settings.entrypoint = Some(self.argv(command));
        if !self.cmd_is_own {
            self.settings.cmd = None;
        }
    }

    fn declare(
        &mut self,
        args: &[Arg],
        scope: &Scope<'_>,
        with: &mut Expansion,
    ) -> Result<(), Diagnostic> {
        for arg in args {
            let (global, own) = (&scope.global, &with.variables);
            let value = variables::value(arg, scope.build_args, global, own, scope.escape)?;
            if let (Some(value), Some(default)) = (&value, &arg.default) {
                with.spend(value.len(), default)?;
            }
            match value {
                Some(value) => self.args.insert(arg.name.clone(), value),
                None => self.args.remove(&arg.name),
            };
            check_count(self.args.len(), &arg.location)?;
        }
        Ok(())
    }

    pub(crate) fn remember(&mut self, text: &str, created: &str, makes_layer: bool) {
        let mut entry = History::default();
        entry
            .set_created(Some(created.to_owned()))
            .set_created_by(Some(text.to_owned()));
        if !makes_layer {
            entry.set_empty_layer(Some(true));
        }
        self.history.push(entry);
    }
}

/// The base's history, as long as it has an entry for each layer, which readers of images rely on; else one
/// that has.
fn history(image: &ResolvedImage) -> Vec<History> {
    let known = image.config.history().clone().unwrap_or_default();
    let of_layers = known
        .iter()
        .filter(|entry| entry.empty_layer() != Some(true));
    if of_layers.count() == image.layers.len() {
        return known;
    }
    let mut entry = History::default();
    entry.set_created_by(Some(format!("FROM {}", image.digest)));
    vec![entry; image.layers.len()]
}

fn not_kept(healthcheck: &Healthcheck) -> Option<&'static str> {
    match healthcheck {
        Healthcheck::None => None,
        Healthcheck::Command { .. } => Some(
            "HEALTHCHECK is not kept: an OCI image configuration has no place for it; give the container a probe",
        ),
    }
}

fn check_count(count: usize, location: &Location) -> Result<(), Diagnostic> {
    if count <= MAX_NAMES {
        return Ok(());
    }
    let message = format!("there are more than {MAX_NAMES} of these");
    Err(Diagnostic::new(location.clone(), message))
}

/// Expands the words of one instruction, all with the variables that were there before it.
struct Expansion {
    variables: Variables,
    escape: Escape,
    /// Bytes of [`MAX_SETTINGS`] that are used up.
    spent: usize,
}

impl Expansion {
    fn word(&mut self, word: &Word) -> Result<String, Diagnostic> {
        let text = word.expand(&self.variables, self.escape)?;
        self.spend(text.len(), word)?;
        Ok(text)
    }

    /// A word that must not be empty.
    fn some(&mut self, word: &Word) -> Result<String, Diagnostic> {
        let text = self.word(word)?;
        if text.is_empty() {
            let message = format!("`{}` expands to nothing", word.raw);
            return Err(Diagnostic::new(word.location.clone(), message).help(
                "declare its variable with ARG in this stage, or give it a default: ${name:-default}",
            ));
        }
        Ok(text)
    }

    fn ports(&mut self, word: &Word) -> Result<Vec<String>, Diagnostic> {
        let mut all = Vec::new();
        for text in word.expand_words(&self.variables, self.escape)? {
            let ports = ports::parse(word, &text)?;
            self.spend(ports.iter().map(String::len).sum(), word)?;
            all.extend(ports);
        }
        Ok(all)
    }

    fn spend(&mut self, bytes: usize, word: &Word) -> Result<(), Diagnostic> {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent <= MAX_SETTINGS {
            return Ok(());
        }
        let message =
            format!("with this, the image's settings have more than {MAX_SETTINGS} bytes");
        Err(Diagnostic::new(word.location.clone(), message)
            .help("put what is so large into a file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies the instructions of a Dockerfile with one stage.
    fn applied(text: &str, build_args: &[(&str, &str)]) -> Result<State, Diagnostic> {
        let dockerfile = crate::parse("Dockerfile", text).unwrap();
        let build_args = build_args
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let scope = Scope {
            escape: dockerfile.escape,
            build_args: &build_args,
            global: variables::global(&dockerfile, &build_args)?,
        };
        let mut state = State::scratch();
        for step in &dockerfile.stages[0].steps {
            state.apply(&step.instruction, &scope)?;
        }
        Ok(state)
    }

    fn env(text: &str, build_args: &[(&str, &str)]) -> Vec<String> {
        let state = applied(text, build_args).unwrap();
        let env = state.settings.env.iter().skip(1);
        env.map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn variables_have_the_values_that_docker_gives_them() {
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
        let cases: &[Case<'_>] = &[
            (
                "FROM scratch\nENV a=1 b=$a\nENV c=$a",
                &[],
                &["a=1", "b=", "c=1"],
            ),
            (
                "FROM scratch\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc",
                &[],
                &["abc=bye", "def=hello", "ghi=bye"],
            ),
            ("FROM scratch\nARG a=1\nENV b=$a", &[], &["b=1"]),
            ("FROM scratch\nARG a=1\nENV b=$a", &[("a", "2")], &["b=2"]),
            ("FROM scratch\nENV b=$a", &[("a", "2")], &["b="]),
            ("ARG a=1\nFROM scratch\nENV b=$a", &[], &["b="]),
            ("ARG a=1\nFROM scratch\nARG a\nENV b=$a", &[], &["b=1"]),
            ("ARG a=1\nFROM scratch\nARG a=3\nENV b=$a", &[], &["b=3"]),
            (
                "FROM scratch\nARG a=1\nENV a=2\nENV b=$a",
                &[("a", "3")],
                &["a=2", "b=2"],
            ),
            ("FROM scratch\nARG a\nENV b=${a:-d}", &[], &["b=d"]),
            (
                "FROM scratch\nARG TARGETOS\nENV b=$TARGETOS",
                &[],
                &["b=linux"],
            ),
            ("FROM scratch\nENV a 'x y'  z", &[], &["a=x y  z"]),
        ];
        for (text, build_args, expected) in cases {
            assert_eq!(env(text, build_args), *expected, "{text}");
        }
    }

    #[test]
    fn settings_are_as_docker_makes_them() {
        let text = "FROM scratch\nARG p=8080\nWORKDIR /app\nWORKDIR sub/../x\nUSER 1:2\nEXPOSE $p 53/udp\n\
                    LABEL a=b \"c d\"='e f'\nVOLUME /data\nSTOPSIGNAL SIGINT\nSHELL [\"/bin/bash\", \"-ec\"]\n\
                    CMD run\nENTRYPOINT [\"/app/x\"]\nMAINTAINER me";
        let state = applied(text, &[]).unwrap();
        let settings = &state.settings;
        assert_eq!(settings.working_dir, "/app/x");
        assert_eq!(settings.user.as_deref(), Some("1:2"));
        let ports: Vec<_> = settings.exposed_ports.iter().collect();
        assert_eq!(ports, ["53/udp", "8080/tcp"]);
        assert_eq!(settings.labels["c d"], "e f");
        assert_eq!(settings.cmd.as_ref().unwrap(), &["/bin/bash", "-ec", "run"]);
        assert_eq!(settings.entrypoint.as_ref().unwrap(), &["/app/x"]);
        assert_eq!(state.author.as_deref(), Some("me"));
        assert_eq!(Settings::of_image(Some(&settings.to_config())), *settings);
    }

    #[test]
    fn an_entrypoint_drops_the_command_of_the_base() {
        let base = applied("FROM scratch\nCMD [\"base\"]", &[]).unwrap();
        let mut state = State::of_stage(&base);
        state.set_entrypoint(&CommandLine::Exec(vec!["/x".into()]));
        assert_eq!(state.settings.cmd, None);
    }

    #[test]
    fn settings_do_not_grow_without_bound() {
        let x = format!("FROM scratch\nENV x={}\n", "y".repeat(100_000));
        for more in [
            "ENV a=$x\n",
            "LABEL a=$x\n",
            "ARG a=$x\n",
            "EXPOSE 1-65535\n",
        ] {
            let error = applied(&(x.clone() + &more.repeat(30)), &[]).unwrap_err();
            assert!(error.to_string().contains("2097152 bytes"), "{error}");
        }
    }

    #[test]
    fn what_expands_to_nothing_is_refused() {
        for text in ["USER $u", "WORKDIR $w", "STOPSIGNAL ${s}"] {
            let error = applied(&format!("FROM scratch\n{text}"), &[]).unwrap_err();
            assert!(error.to_string().contains("expands to nothing"), "{error}");
        }
    }
}
