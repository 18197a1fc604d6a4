//! `towpath kustomize edit`: the flags are those of upstream's program, and `--dir`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum EditCommand {
    /// Sets a field.
    #[command(subcommand)]
    Set(SetCommand),
    /// Adds to a list.
    #[command(subcommand)]
    Add(AddCommand),
    /// Removes from a list.
    #[command(subcommand)]
    Remove(RemoveCommand),
    /// Puts deprecated fields where they belong today, and adds a missing apiVersion and kind.
    Fix(FixOptions),
}

#[derive(Debug, Subcommand)]
pub enum SetCommand {
    /// IMAGE=NEWIMAGE:TAG, IMAGE=NEWIMAGE@DIGEST, IMAGE:TAG, IMAGE@DIGEST ...; `*` keeps what is there.
    Image(EditOptions),
    /// The namespace of all objects.
    Namespace(EditOptions),
    #[command(name = "nameprefix")]
    NamePrefix(EditOptions),
    #[command(name = "namesuffix")]
    NameSuffix(EditOptions),
    /// NAME=COUNT
    Replicas(EditOptions),
    /// KEY:VALUE in `commonLabels`
    Label(EditOptions),
    /// KEY:VALUE in `commonAnnotations`
    Annotation(EditOptions),
    /// OPTION,OPTION of `buildMetadata`, instead of those that are there.
    #[command(name = "buildmetadata")]
    BuildMetadata(EditOptions),
    /// Literals and the namespace of a ConfigMap that is generated.
    #[command(name = "configmap")]
    ConfigMap(SetGeneratorOptions),
    /// Literals and the namespace of a Secret that is generated.
    Secret(SetGeneratorOptions),
}

#[derive(Debug, Subcommand)]
pub enum AddCommand {
    /// Files or folders with objects; patterns such as `*.yaml` are resolved.
    Resource(AddPathOptions),
    /// Folders with a component.
    Component(EditOptions),
    /// Files with a builtin transformer.
    Transformer(EditOptions),
    /// Files with a builtin generator.
    Generator(EditOptions),
    /// KEY:VALUE in `commonLabels`; one that is there is an error.
    Label(EditOptions),
    /// KEY:VALUE in `commonAnnotations`; one that is there is an error.
    Annotation(EditOptions),
    /// FOLDER,FOLDER in `resources`
    Base(EditOptions),
    /// OPTION,OPTION of `buildMetadata`: originAnnotations, transformerAnnotations, managedByLabel.
    #[command(name = "buildmetadata")]
    BuildMetadata(EditOptions),
    /// A ConfigMap to generate, or more for one that is generated.
    #[command(name = "configmap")]
    ConfigMap(AddGeneratorOptions),
    /// A Secret to generate, or more for one that is generated.
    Secret(AddSecretOptions),
    /// An item of `patches`.
    #[command(disable_version_flag = true)]
    Patch(PatchOptions),
}

#[derive(Debug, Subcommand)]
pub enum RemoveCommand {
    /// By path or pattern.
    Resource(EditOptions),
    /// By path or pattern.
    Transformer(EditOptions),
    /// KEY,KEY of `commonLabels`
    Label(EditOptions),
    /// KEY,KEY of `commonAnnotations`
    Annotation(EditOptions),
    /// OPTION,OPTION of `buildMetadata`
    #[command(name = "buildmetadata")]
    BuildMetadata(EditOptions),
    /// NAME,NAME of `configMapGenerator`
    #[command(name = "configmap")]
    ConfigMap(RemoveGeneratorOptions),
    /// NAME,NAME of `secretGenerator`
    Secret(RemoveGeneratorOptions),
    /// The items of `patches` that say exactly this.
    #[command(disable_version_flag = true)]
    Patch(PatchOptions),
}

#[derive(Debug, Args)]
pub struct EditOptions {
    #[arg(required = true, allow_hyphen_values = true)]
    pub values: Vec<String>,
    /// The folder with the kustomization.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub struct AddPathOptions {
    #[command(flatten)]
    pub edit: EditOptions,
    /// Adds it also when there is no such file.
    #[arg(long)]
    pub no_verify: bool,
}

#[derive(Debug, Args)]
pub struct FixOptions {
    /// Upstream's program rewrites other files too; here it is refused.
    #[arg(long)]
    pub vars: bool,
    /// The folder with the kustomization.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

/// Which generated object.
#[derive(Debug, Args)]
pub struct GeneratorName {
    pub name: String,
    /// The object's; none is `default`.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub namespace: String,
    /// The folder with the kustomization.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub struct AddGeneratorOptions {
    #[command(flatten)]
    pub object: GeneratorName,
    /// A file, KEY=FILE or a pattern. Repeatable.
    #[arg(long = "from-file", value_name = "[KEY=]FILE", value_delimiter = ',')]
    pub files: Vec<String>,
    /// Repeatable.
    #[arg(long = "from-literal", value_name = "KEY=VALUE")]
    pub literals: Vec<String>,
    /// A file with a KEY=VALUE in each line.
    #[arg(long = "from-env-file", value_name = "FILE", conflicts_with_all = ["files", "literals"])]
    pub env_file: Option<String>,
    #[arg(long)]
    pub behavior: Option<Behavior>,
    /// Without a hash behind the name.
    #[arg(long = "disableNameSuffixHash")]
    pub disable_name_suffix_hash: bool,
}

#[derive(Debug, Args)]
pub struct AddSecretOptions {
    #[command(flatten)]
    pub generator: AddGeneratorOptions,
    /// Of a new Secret.
    #[arg(long = "type", value_name = "TYPE", default_value = "Opaque")]
    pub secret_type: String,
}

/// What the object does to one of the same name in a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Behavior {
    Create,
    Merge,
    Replace,
}

#[derive(Debug, Args)]
pub struct SetGeneratorOptions {
    #[command(flatten)]
    pub object: GeneratorName,
    /// The key has to be there. Repeatable.
    #[arg(
        long = "from-literal",
        value_name = "KEY=VALUE",
        required_unless_present = "new_namespace"
    )]
    pub literals: Vec<String>,
    #[arg(long)]
    pub new_namespace: Option<String>,
}

#[derive(Debug, Args)]
pub struct RemoveGeneratorOptions {
    #[arg(required = true, value_delimiter = ',', num_args = 1)]
    pub names: Vec<String>,
    #[arg(long, default_value = "", hide_default_value = true)]
    pub namespace: String,
    /// The folder with the kustomization.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub struct PatchOptions {
    /// The patch's file.
    #[arg(long, conflicts_with = "patch")]
    pub path: Option<String>,
    /// The patch itself.
    #[arg(long)]
    pub patch: Option<String>,
    #[command(flatten)]
    pub target: PatchTarget,
    /// The folder with the kustomization.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

/// What the patch is for.
#[derive(Debug, Args)]
pub struct PatchTarget {
    #[arg(long)]
    pub group: Option<String>,
    #[arg(long)]
    pub version: Option<String>,
    #[arg(long)]
    pub kind: Option<String>,
    #[arg(long)]
    pub name: Option<String>,
    #[arg(long)]
    pub namespace: Option<String>,
    #[arg(long)]
    pub annotation_selector: Option<String>,
    #[arg(long)]
    pub label_selector: Option<String>,
}
