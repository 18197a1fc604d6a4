//! Which stages have to be built, and how many layers they make. Pure.

use towpath_model::{Diagnostic, Location};

use crate::dockerfile::{CopyFrom, Dockerfile, Instruction, Stage};
use crate::expand::Variables;
use crate::nearest::nearest;

/// What a stage stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Scratch,
    Stage(usize),
    /// A reference as written, variables expanded.
    Image(String),
}

/// A stage that the target needs.
#[derive(Clone, Debug)]
pub(crate) struct PlannedStage<'a> {
    pub(crate) index: usize,
    pub(crate) stage: &'a Stage,
    pub(crate) base: Base,
}

/// The stages to build in their order; the last is the target. Stages that the target does not need are
/// left out, as BuildKit does.
pub(crate) fn plan<'a>(
    dockerfile: &'a Dockerfile,
    file: &str,
    target: Option<&str>,
    global: &Variables,
) -> Result<Vec<PlannedStage<'a>>, Diagnostic> {
    let target = target_index(dockerfile, file, target)?;
    let mut bases = Vec::new();
    for index in 0..=target {
        bases.push(base(dockerfile, index, global)?);
    }
    let needed = needed(dockerfile, &bases, target);
    Ok(bases
        .into_iter()
        .enumerate()
        .filter(|(index, _)| needed[*index])
        .map(|(index, base)| PlannedStage {
            index,
            stage: &dockerfile.stages[index],
            base,
        })
        .collect())
}

fn target_index(
    dockerfile: &Dockerfile,
    file: &str,
    target: Option<&str>,
) -> Result<usize, Diagnostic> {
    let stages = &dockerfile.stages;
    let last = stages.len().saturating_sub(1);
    let Some(target) = target else {
        return Ok(last);
    };
    let lower = target.to_lowercase();
    let named = stages
        .iter()
        .position(|stage| stage.name.as_deref() == Some(&lower));
    let numbered = target.parse().ok().filter(|index| *index <= last);
    named.or(numbered).ok_or_else(|| {
        let location = Location {
            file: file.to_owned(),
            line: 1,
            column: 1,
        };
        let names = stages.iter().filter_map(|stage| stage.name.as_deref());
        let help = match nearest(&lower, names.clone()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("its stages are: {}", names.collect::<Vec<_>>().join(", ")),
        };
        Diagnostic::new(location, format!("there is no stage `{target}`")).help(help)
    })
}

fn base(dockerfile: &Dockerfile, index: usize, global: &Variables) -> Result<Base, Diagnostic> {
    let stage = &dockerfile.stages[index];
    check_platform(stage, dockerfile, global)?;
    let name = stage.base.expand(global, dockerfile.escape)?;
    if name.is_empty() {
        let message = format!("`{}` expands to nothing", stage.base.raw);
        return Err(Diagnostic::new(stage.base.location.clone(), message)
            .help("give its variable a default with an ARG before the first FROM"));
    }
    let lower = name.to_lowercase();
    let earlier = dockerfile.stages[..index]
        .iter()
        .rposition(|stage| stage.name.as_deref() == Some(&lower));
    Ok(match earlier {
        Some(earlier) => Base::Stage(earlier),
        None if name == "scratch" => Base::Scratch,
        None => Base::Image(name),
    })
}

fn check_platform(
    stage: &Stage,
    dockerfile: &Dockerfile,
    global: &Variables,
) -> Result<(), Diagnostic> {
    let Some(word) = &stage.platform else {
        return Ok(());
    };
    let wanted = word.expand(global, dockerfile.escape)?;
    let ours = global.get("BUILDPLATFORM").cloned().unwrap_or_default();
    if wanted == ours || wanted.is_empty() {
        return Ok(());
    }
    let message = format!("images for {wanted} cannot be built here: this machine is {ours}");
    Err(Diagnostic::new(word.location.clone(), message)
        .help("other platforms are not supported yet; take --platform away"))
}

fn needed(dockerfile: &Dockerfile, bases: &[Base], target: usize) -> Vec<bool> {
    let mut needed = vec![false; bases.len()];
    let mut todo = vec![target];
    while let Some(index) = todo.pop() {
        if std::mem::replace(&mut needed[index], true) {
            continue;
        }
        if let Base::Stage(base) = bases[index] {
            todo.push(base);
        }
        todo.extend(copied_stages(&dockerfile.stages[index]));
    }
    needed
}

fn copied_stages(stage: &Stage) -> impl Iterator<Item = usize> {
    stage
        .steps
        .iter()
        .filter_map(|step| match &step.instruction {
            Instruction::Copy(copy) => match copy.from {
                Some(CopyFrom::Stage(index)) => Some(index),
                _ => None,
            },
            _ => None,
        })
}

/// Whether an instruction makes a layer.
pub(crate) fn makes_layer(instruction: &Instruction) -> bool {
    matches!(
        instruction,
        Instruction::Copy(_) | Instruction::Run(_) | Instruction::Workdir(_)
    )
}

#[cfg(test)]
mod tests {
    use super::super::variables;
    use super::*;

    fn planned(text: &str, target: Option<&str>) -> Result<Vec<(usize, Base)>, String> {
        let dockerfile = crate::parse("Dockerfile", text).unwrap();
        let global = variables::global(&dockerfile, &Default::default()).unwrap();
        plan(&dockerfile, "Dockerfile", target, &global)
            .map(|stages| stages.into_iter().map(|s| (s.index, s.base)).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn only_what_the_target_needs_is_built() {
        let text = "ARG v=1\nFROM a:$v AS a\nFROM scratch AS unused\nFROM a AS b\nFROM scratch\nCOPY --from=b /x /x\n";
        let image = || Base::Image("a:1".into());
        assert_eq!(
            planned(text, None).unwrap(),
            [(0, image()), (2, Base::Stage(0)), (3, Base::Scratch)]
        );
        assert_eq!(planned(text, Some("A")).unwrap(), [(0, image())]);
        assert_eq!(planned(text, Some("1")).unwrap(), [(1, Base::Scratch)]);
    }

    #[test]
    fn refuses_what_cannot_be_built() {
        let cases = [
            ("FROM scratch AS one", Some("onee"), "did you mean `one`?"),
            ("FROM $nothing", None, "1:6: `$nothing` expands to nothing"),
            (
                "FROM --platform=plan9/mips a",
                None,
                "1:6: images for plan9/mips",
            ),
        ];
        for (text, target, expected) in cases {
            let error = planned(text, target).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(planned("FROM --platform=$BUILDPLATFORM a", None).is_ok());
    }
}
