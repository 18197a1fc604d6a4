//! The variables that are there before an instruction sets any
//! (Dockerfile reference, "Predefined ARGs" and "Automatic platform ARGs in the global scope").

use std::collections::{BTreeMap, BTreeSet};

use towpath_model::Diagnostic;
use towpath_oci::image::this_platform;

use crate::dockerfile::{Arg, Dockerfile, Escape, Instruction};
use crate::expand::Variables;

/// Arguments that a `RUN` sees without an `ARG`, and that are no part of what it is cached by.
pub(crate) const PREDEFINED: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// What `FROM` lines see: the platform, and the `ARG`s before the first `FROM`.
pub(crate) fn global(
    dockerfile: &Dockerfile,
    build_args: &BTreeMap<String, String>,
) -> Result<Variables, Diagnostic> {
    let mut variables = platform();
    for arg in &dockerfile.global_args {
        if let Some(value) = value(arg, build_args, &variables, &variables, dockerfile.escape)? {
            variables.insert(arg.name.clone(), value);
        }
    }
    Ok(variables)
}

/// What an `ARG` is: given to the build, else its default, else what it is in the global scope.
pub(crate) fn value(
    arg: &Arg,
    build_args: &BTreeMap<String, String>,
    global: &Variables,
    scope: &Variables,
    escape: Escape,
) -> Result<Option<String>, Diagnostic> {
    if let Some(given) = build_args.get(&arg.name) {
        return Ok(Some(given.clone()));
    }
    match &arg.default {
        Some(default) => default.expand(scope, escape).map(Some),
        None => Ok(global.get(&arg.name).cloned()),
    }
}

fn platform() -> Variables {
    let platform = this_platform();
    let variant = platform.variant.clone().unwrap_or_default();
    ["TARGET", "BUILD"]
        .iter()
        .flat_map(|prefix| {
            [
                (format!("{prefix}PLATFORM"), platform.to_string()),
                (format!("{prefix}OS"), platform.os.clone()),
                (format!("{prefix}ARCH"), platform.architecture.clone()),
                (format!("{prefix}VARIANT"), variant.clone()),
            ]
        })
        .collect()
}

/// Arguments given to the build that nothing in the Dockerfile declares.
pub(crate) fn unused<'a>(
    dockerfile: &Dockerfile,
    build_args: &'a BTreeMap<String, String>,
) -> Vec<&'a str> {
    let in_stages = dockerfile.stages.iter().flat_map(|stage| &stage.steps);
    let in_stages = in_stages.filter_map(|step| match &step.instruction {
        Instruction::Arg(args) => Some(args),
        _ => None,
    });
    let declared: BTreeSet<&str> = in_stages
        .chain([&dockerfile.global_args])
        .flatten()
        .map(|arg| arg.name.as_str())
        .chain(PREDEFINED)
        .collect();
    let names = build_args.keys().map(String::as_str);
    names.filter(|name| !declared.contains(name)).collect()
}
