use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use towpath_archive::{EntryPath, zip};
use towpath_model::workspace::Workspace;
use towpath_model::{Outcome, Status};
use towpath_runner::{
    Archives, BuildContext, BuildOutcome, DEFAULT_LOG_LIMIT, DEFAULT_TIMEOUT, PhaseStatus, Program,
    Progress, buildspec, detect, run_build,
};
use towpath_sandbox::{PlainWorkspace, SandboxWorkspace};

use super::context::Context;
use super::keep::close_or_keep;
use super::{ActionError, Done, pod_build};
use crate::engine::now;
use crate::kept::Place;
use crate::plan::{self, SOURCE_ARTIFACT};
use crate::spares::workspace_spec;

/// A buildspec larger than this is not one.
const BUILDSPEC_LIMIT: u64 = 1 << 20;
type SourceReader = zip::Reader<BufReader<File>>;

/// Runs the build file's commands over the source and keeps what it says is to be kept.
pub(super) async fn run(context: &mut Context<'_>) -> Result<Done, ActionError> {
    let source = context
        .file(&context.required_input(SOURCE_ARTIFACT)?)
        .await?;
    let program = program(&source)?;
    let artifact = context.folder()?.join("artifact.zip");
    let archives = Archives {
        source: &source,
        artifact: &artifact,
    };
    let outcome = build(context, &program, archives).await?;
    keep(context, outcome, &artifact).await
}

/// Reads the build file that the plan chose, again from the source: what was planned is what is built.
fn program(source: &Path) -> Result<Program, ActionError> {
    let mut archive = zip::Reader::open(source)?;
    let entries = archive.entries()?;
    let files = entries.iter().map(|entry| entry.path.to_string()).collect();
    let makefile = match plan::needs_makefile(&files) {
        true => Some(makefile(&mut archive)?),
        false => None,
    };
    match detect::detect(&files, makefile.as_deref()) {
        Some(detect::BuildFile::Buildspec { path }) => {
            let text = read(&mut archive, &path, BUILDSPEC_LIMIT)?;
            buildspec::parse(&path, &text).map_err(ActionError::refused)
        }
        Some(detect::BuildFile::Scripts) => Ok(Program::scripts()),
        Some(detect::BuildFile::Makefile) => Ok(Program::makefile()),
        None => Err(ActionError::Invalid(
            "the source holds no build file".to_owned(),
        )),
    }
}

/// As the plan read it: make takes other bytes than UTF-8, and targets are ASCII.
fn makefile(archive: &mut SourceReader) -> Result<String, ActionError> {
    let content = content(archive, plan::MAKEFILE, plan::MAKEFILE_LIMIT)?;
    Ok(String::from_utf8_lossy(&content).into_owned())
}

/// A text file of the source.
fn read(archive: &mut SourceReader, path: &str, limit: u64) -> Result<String, ActionError> {
    let content = content(archive, path, limit)?;
    String::from_utf8(content).map_err(|_| ActionError::refused(format!("{path}: is not UTF-8")))
}

fn content(archive: &mut SourceReader, path: &str, limit: u64) -> Result<Vec<u8>, ActionError> {
    let refused =
        |problem: &dyn std::fmt::Display| ActionError::refused(format!("{path}: {problem}"));
    let entry: EntryPath = path.parse().map_err(|error| refused(&error))?;
    let content = archive.read(&entry, limit);
    let content = content.map_err(|error| refused(&error))?;
    Ok(content.unwrap_or_default())
}

async fn build(
    context: &mut Context<'_>,
    program: &Program,
    archives: Archives<'_>,
) -> Result<BuildOutcome, ActionError> {
    let place = context
        .services
        .store
        .build_place(&context.project.name)
        .await?;
    if let Some(place) = place {
        return pod_build::run(context, &place, program, archives).await;
    }
    let host = &context.services.build_host;
    let work = context.workspace_folder();
    let build = build_context(context);
    let (outcome, place) = if host.sandboxed {
        let workspace = match context.spares.take(&context.execution.key).await {
            Some(workspace) => workspace,
            None => {
                let spec = workspace_spec(context.services, work);
                SandboxWorkspace::start(&host.host, spec).await?
            }
        };
        let notes = workspace.notes();
        let outcome = in_workspace(context, &workspace, notes, program, &build, archives).await;
        (outcome, Place::Sandboxed(workspace))
    } else {
        let workspace = PlainWorkspace::start(&host.host, &work, &host.limits).await?;
        let notes = workspace.notes();
        let outcome = in_workspace(context, &workspace, notes, program, &build, archives).await;
        (outcome, Place::Plain(workspace))
    };
    close_or_keep(context, place, program, &build, &outcome).await?;
    outcome
}

pub(super) async fn in_workspace<W: Workspace>(
    context: &mut Context<'_>,
    workspace: &W,
    notes: &[String],
    program: &Program,
    build: &BuildContext,
    archives: Archives<'_>,
) -> Result<BuildOutcome, ActionError> {
    for note in notes {
        context.log.line(format!("note: {note}"));
    }
    let (log, phases) = (&mut context.log, &mut context.phases);
    let mut progress = |progress: Progress| match progress {
        Progress::PhaseStarted { phase } => phases.start(phase.as_str()),
        Progress::CommandStarted { .. } => {}
        Progress::PhaseFinished { status, .. } => phases.finish(match status {
            PhaseStatus::Succeeded => Status::Succeeded,
            PhaseStatus::Failed => Status::Failed,
        }),
    };
    Ok(run_build(workspace, program, build, archives, log, &mut progress).await?)
}

pub(super) fn build_context(context: &Context<'_>) -> BuildContext {
    let (services, execution) = (context.services, &context.execution);
    let (project, url) = (&context.project.name, &services.public_url);
    let host = &services.build_host;
    BuildContext {
        execution: execution.key.clone(),
        commit: execution.commit.clone(),
        reference: execution.ref_name.clone(),
        source_repo_url: format!("{url}/git/{project}.git"),
        build_url: Some(format!(
            "{url}/projects/{project}/executions/{}",
            execution.key.number
        )),
        started_at: now(),
        path: host.path.clone(),
        home: host.home.to_string_lossy().into_owned(),
        lang: host.lang.clone(),
        timeout: DEFAULT_TIMEOUT,
        log_limit: DEFAULT_LOG_LIMIT,
    }
}

/// Puts the artifact into the blob store. A failed build keeps its artifact too, for whoever looks into it.
async fn keep(
    context: &mut Context<'_>,
    outcome: BuildOutcome,
    archive: &Path,
) -> Result<Done, ActionError> {
    let done = match outcome.outcome {
        Outcome::Succeeded => Done::succeeded(),
        Outcome::Failed { reason } => Done::failed(reason),
        Outcome::Cancelled => Done::ended(towpath_store::RunOutcome::Cancelled),
    };
    match (outcome.artifact, context.output().cloned()) {
        (Some(_), Some(name)) => {
            let artifact = context.services.blobs.put_file(archive).await?;
            Ok(done.with_artifact(name, artifact))
        }
        _ => Ok(done),
    }
}
