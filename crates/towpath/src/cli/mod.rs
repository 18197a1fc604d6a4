//! The command line as users see it. Wiring only: each command has a file of its own in `commands`.

pub mod build_place;
pub mod check;
pub mod cluster;
pub mod kustomize;
mod limits;
pub mod outbound;
pub mod remote;
pub mod run;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use towpath_model::{ClusterName, ExecutionNumber, Namespace, ProjectName};
use towpath_oci::Mirror;
use url::Url;

pub use build_place::{BuildPlaceOptions, ProjectBuildOptions};
use cluster::ClusterCommand;
use kustomize::KustomizeCommand;
use limits::{Cpus, Memory};
use remote::{DeliveryCommand, ProjectRemoteOptions, RemoteOptions, WebhookCommand};

/// The command that was given; a usage error ends the program.
///
/// Rendering takes milliseconds and a dozen megabytes, of which the description of all the other commands would be one:
/// for `towpath kustomize` only its own is made.
pub fn parse() -> Command {
    match std::env::args_os().nth(1) {
        Some(first) if first == "kustomize" => {
            let arguments = std::env::args_os().skip(1);
            Command::Kustomize(KustomizeAlone::parse_from(arguments).command)
        }
        _ => Cli::parse().command,
    }
}

/// Carries a change from `git push` to a running, verified deployment.
///
/// Exit codes: 0 fine, 1 problems found, 2 usage or could not run.
#[derive(Debug, Parser)]
#[command(name = "towpath", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// Builds manifests from bases and overlays, as kustomize 5.8.1 does.
#[derive(Debug, Parser)]
#[command(
    name = "towpath-kustomize",
    bin_name = "towpath kustomize",
    version,
    propagate_version = true
)]
struct KustomizeAlone {
    #[command(subcommand)]
    command: KustomizeCommand,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the server: git, registry, API, pages, pipelines and the local cluster.
    Serve(Box<ServeOptions>),
    /// Shows all of it on this machine: pushes a project, changes it, and watches it roll out.
    Demo(DemoOptions),
    /// Stores the token with which the other commands reach a server.
    Login(LoginOptions),
    /// Creates, lists and shows projects.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Adds, lists, shows, checks and removes the clusters that projects are deployed to.
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// Shows and changes how git hosts call this server.
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Lists, shows and replays what git hosts sent.
    #[command(subcommand)]
    Delivery(DeliveryCommand),
    /// Shows how a project stands: its latest execution and its app.
    Status(StatusOptions),
    /// Prints the log of an execution's actions.
    Logs(LogsOptions),
    /// Enters the sandbox of a failed build, for as long as the server keeps it.
    Exec(ExecOptions),
    /// Ends an execution.
    Cancel(CancelOptions),
    /// Removes what retention no longer keeps.
    Gc(GcOptions),
    /// Builds manifests from bases and overlays, as kustomize 5.8.1 does.
    #[command(subcommand)]
    Kustomize(KustomizeCommand),
    /// Runs the pipeline of a working tree on this machine, uncommitted changes included, without a server.
    Run(run::RunOptions),
    /// Checks the build file, the Dockerfile and the manifests of a folder; changes and runs nothing.
    Check(check::CheckOptions),
}

#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Where everything is kept.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    #[command(flatten)]
    pub network: NetworkOptions,
    /// Writes the admin token here (mode 0600) when the first start makes it.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Makes a new admin token and ends all sessions: for a token that was lost or leaked.
    #[arg(long)]
    pub new_token: bool,
    #[command(flatten)]
    pub build: BuildOptions,
    /// Executions kept per project.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_executions: u32,
    /// How long the sandbox of a failed build can be entered with `towpath exec`; at most 4 are kept. 0: not at all.
    #[arg(long, value_name = "TIME", default_value = "15m")]
    pub keep_failed: limits::Keep,
    /// How often it is looked whether webhooks that were registered at git hosts are still there, such as 1h, or `off`.
    #[arg(long, value_name = "INTERVAL", default_value = "1h")]
    pub check_webhooks: remote::Poll,
}

#[derive(Debug, Clone, Args)]
pub struct NetworkOptions {
    /// Address to listen on; port 0 picks a free one. Off loopback TLS or --behind-proxy is needed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8480")]
    pub listen: SocketAddr,
    /// Under which URL others reach this server.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// Certificate chain (PEM) to serve HTTPS with.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Certificate authorities (PEM) that builds on clusters trust beside the well-known ones when they call --public-url.
    #[arg(long, value_name = "FILE")]
    pub public_ca: Option<PathBuf>,
    /// A proxy in front speaks HTTPS: plain HTTP is fine off loopback.
    #[arg(long)]
    pub behind_proxy: bool,
    #[command(flatten)]
    pub outbound: outbound::OutboundOptions,
}

/// What a buildspec finds on CodeBuild.
pub const POD_IMAGE: &str = "public.ecr.aws/codebuild/amazonlinux-x86_64-standard:5.0";

#[derive(Debug, Clone, Args)]
pub struct BuildOptions {
    /// How builds are kept apart from this machine.
    #[arg(long, value_enum, default_value_t = Isolation::Sandbox)]
    pub isolation: Isolation,
    /// Memory that one build may use, such as 4Gi; by default seven eighths of the machine's.
    #[arg(long, value_name = "SIZE")]
    pub build_memory: Option<Memory>,
    /// CPUs that one build may use, such as 1.5; by default all.
    #[arg(long, value_name = "N")]
    pub build_cpus: Option<Cpus>,
    /// The container image in which builds on a cluster run that name none.
    #[arg(long, value_name = "IMAGE", default_value = POD_IMAGE)]
    pub pod_image: String,
    /// Where images of a foreign registry are fetched instead, e.g. docker.io=http://127.0.0.1:5000. Repeatable.
    #[arg(long, value_name = "HOST=URL")]
    pub registry_mirror: Vec<Mirror>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Isolation {
    /// Namespaces over the machine's tools.
    Sandbox,
    /// Plain processes: a build can do whatever the server can.
    None,
}

#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Leaves the server up at the end, to look around.
    #[arg(long)]
    pub keep: bool,
    /// Keeps the data here instead of in a fresh temporary folder.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    #[arg(long, value_enum, default_value_t = Isolation::Sandbox)]
    pub isolation: Isolation,
    /// Deploys to this Kubernetes cluster instead of this machine.
    #[arg(long, value_name = "NAME", requires = "kubeconfig")]
    pub cluster: Option<ClusterName>,
    /// How the cluster is reached.
    #[arg(long, value_name = "FILE", requires = "cluster")]
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig; by default its current one.
    #[arg(long, requires = "kubeconfig")]
    pub context: Option<String>,
    /// The namespace in the cluster; by default `hello`.
    #[arg(long, requires = "cluster")]
    pub namespace: Option<Namespace>,
    /// Under which URL the cluster's nodes reach this server, to pull the image.
    #[arg(long, value_name = "URL", requires = "cluster")]
    pub public_url: Option<Url>,
}

/// Which server a command talks to.
#[derive(Debug, Clone, Args)]
pub struct ServerOptions {
    /// The server's URL; else the one of `towpath login`, else http://127.0.0.1:8480.
    #[arg(long, value_name = "URL", env = "TOWPATH_SERVER", global = true)]
    pub server: Option<Url>,
    /// The token; else the one of `towpath login`.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "TOWPATH_TOKEN",
        hide_env_values = true,
        global = true
    )]
    pub token: Option<String>,
    /// Prints data as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct LoginOptions {
    #[command(flatten)]
    pub server: ServerOptions,
    /// Reads the token from this file instead of asking for it.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Creates a project and says how to push to it.
    Create(Box<ProjectCreateOptions>),
    /// Lists all projects.
    List(ServerOptions),
    /// Shows one project.
    Show(ProjectShowOptions),
    /// Says where a project's builds run, or changes it from its next execution on.
    Build(ProjectBuildOptions),
    /// Lets a project follow a repository elsewhere, or changes how; what is left out stays as it is.
    Remote(Box<ProjectRemoteOptions>),
    /// Deletes a project with all that is its: executions, repository, images, and what runs of it.
    Delete(ProjectDeleteOptions),
    /// Lists what deleted projects have left in Kubernetes clusters with --leave-app.
    Left(ServerOptions),
    /// Ends what a left app pulls its images with, and removes these. What runs of it in the cluster stays.
    Forget(ProjectForgetOptions),
}

#[derive(Debug, Args)]
pub struct ProjectCreateOptions {
    pub name: ProjectName,
    /// The branch whose pushes are built and deployed.
    #[arg(long, default_value = "main")]
    pub branch: String,
    /// Where it is deployed.
    #[arg(long, default_value = "local")]
    pub cluster: ClusterName,
    /// Where its objects go that name no namespace; by default the project's name.
    #[arg(long)]
    pub namespace: Option<Namespace>,
    /// Where its repository lives, when that is not here: https://, ssh:// or git@host:path.
    #[arg(long, value_name = "URL")]
    pub remote: Option<String>,
    #[command(flatten)]
    pub access: RemoteOptions,
    #[command(flatten)]
    pub build: BuildPlaceOptions,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct ProjectDeleteOptions {
    pub name: ProjectName,
    /// Does not ask.
    #[arg(long)]
    pub yes: bool,
    /// Leaves what it has in its cluster where it is, with its images and what it pulls them with.
    #[arg(long)]
    pub leave_app: bool,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct ProjectForgetOptions {
    /// Of the project that was deleted.
    pub name: ProjectName,
    /// Only in this cluster.
    #[arg(long)]
    pub cluster: Option<ClusterName>,
    /// Only in this namespace.
    #[arg(long)]
    pub namespace: Option<Namespace>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct ProjectShowOptions {
    pub name: ProjectName,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct StatusOptions {
    /// Without one, all projects.
    pub project: Option<ProjectName>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct LogsOptions {
    pub project: ProjectName,
    /// By default the latest.
    #[arg(value_parser = execution_number)]
    pub execution: Option<ExecutionNumber>,
    /// `ACTION` or `STAGE/ACTION`; by default all, one after another.
    pub action: Option<String>,
    /// Goes on until the execution has ended.
    #[arg(short, long)]
    pub follow: bool,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct ExecOptions {
    pub project: ProjectName,
    #[arg(value_parser = execution_number)]
    pub execution: ExecutionNumber,
    /// `ACTION` or `STAGE/ACTION`.
    pub action: String,
    /// A command instead of a shell; its exit code is this command's.
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<String>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct CancelOptions {
    pub project: ProjectName,
    /// By default the latest.
    #[arg(value_parser = execution_number)]
    pub execution: Option<ExecutionNumber>,
    #[command(flatten)]
    pub server: ServerOptions,
}

#[derive(Debug, Args)]
pub struct GcOptions {
    #[command(flatten)]
    pub server: ServerOptions,
}

fn execution_number(text: &str) -> Result<ExecutionNumber, String> {
    match text.trim_start_matches('#').parse() {
        Ok(number) if number > 0 => Ok(ExecutionNumber(number)),
        _ => Err(format!(
            "{text:?} is not an execution's number: expected 1, 2, ..."
        )),
    }
}
