//! `COPY` and `ADD`.

use std::time::Instant;

use serde_json::json;
use towpath_model::Diagnostic;
use towpath_oci::Layer;
use towpath_oci::layer::Entry;

use super::blocking::blocking;
use super::cache;
use super::engine::Engine;
use super::error::Stop;
use super::progress::Label;
use super::state::State;
use crate::copy::{self, Chmod, CopyError, Destination, Gathered, Inline};
use crate::dockerfile::{Copy, CopyFrom, CopyVerb, Step, Word};
use crate::expand::{Variables, expand_body};
use crate::image_files;
use crate::tree::Tree;

/// A `COPY` with its variables expanded.
struct Expanded {
    sources: Vec<(Word, String)>,
    inline: Vec<Inline>,
    dest: String,
    chown: Option<(Word, String)>,
    chmod: Option<(Word, String)>,
}

/// Where the files come from.
enum From {
    Context,
    /// Layers of another stage or image.
    Layers(Vec<Layer>),
}

impl Engine<'_> {
    pub(crate) async fn copy(
        &mut self,
        step: &Step,
        copy: &Copy,
        state: &mut State,
        label: &Label,
    ) -> Result<(), Stop> {
        let since = Instant::now();
        let expanded = self.expanded(copy, &state.variables())?;
        let from = self.from(copy).await?;
        let mut gathered = None;
        let content = match &from {
            From::Context => {
                let (found, digest) = gather_and_digest(&self.context, &expanded).await?;
                gathered = Some(found);
                digest
            }
            From::Layers(layers) => json!(diff_ids(layers)),
        };
        let key = cache::key("copy", &inputs(copy, &expanded, state, content));
        if self.reuse(&key, step, state, label).await? {
            return Ok(());
        }
        let gathered = match (gathered, &from) {
            (Some(gathered), _) => gathered,
            (None, From::Layers(layers)) => {
                gather(&self.tree(step, layers).await?, &expanded).await?
            }
            (None, From::Context) => gather(&self.context, &expanded).await?,
        };
        check(step, copy, &expanded, &gathered)?;
        let entries = self.entries(step, copy, expanded, gathered, state).await?;
        let layer = self.write(step, entries).await?;
        self.add(&key, layer, state).await?;
        self.progress.done(label, &step.text, since);
        Ok(())
    }

    fn expanded(&self, copy: &Copy, variables: &Variables) -> Result<Expanded, Diagnostic> {
        let expand = |word: &Word| Ok((word.clone(), word.expand(variables, self.scope.escape)?));
        let inline = |heredoc: &crate::Heredoc| {
            let body = heredoc.body();
            let content = match heredoc.expand {
                true => expand_body(&body, variables, self.scope.escape).map_err(|error| {
                    let message = format!("in the heredoc `{}`: {error}", heredoc.name);
                    Diagnostic::new(copy.dest.location.clone(), message)
                })?,
                false => body,
            };
            let name = heredoc.name.clone();
            Ok(Inline { name, content })
        };
        Ok(Expanded {
            sources: copy
                .sources
                .iter()
                .map(expand)
                .collect::<Result<_, Diagnostic>>()?,
            inline: copy
                .heredocs
                .iter()
                .map(inline)
                .collect::<Result<_, Diagnostic>>()?,
            dest: copy.dest.expand(variables, self.scope.escape)?,
            chown: copy.chown.as_ref().map(expand).transpose()?,
            chmod: copy.chmod.as_ref().map(expand).transpose()?,
        })
    }

    async fn from(&self, copy: &Copy) -> Result<From, Stop> {
        Ok(match &copy.from {
            None => From::Context,
            Some(CopyFrom::Stage(index)) => {
                let stage = self.stages.get(index);
                From::Layers(stage.map(|stage| stage.layers.clone()).unwrap_or_default())
            }
            Some(CopyFrom::Image(word)) => From::Layers(self.image(word, &word.raw).await?.layers),
        })
    }

    /// Finds the places in the image. Only now its files have to be here, unpacked.
    async fn entries(
        &self,
        step: &Step,
        copy: &Copy,
        expanded: Expanded,
        gathered: Vec<Gathered>,
        state: &State,
    ) -> Result<Vec<Entry>, Stop> {
        let image = self.tree(step, &state.layers).await?;
        let below = if copy.link {
            Tree::nothing()
        } else {
            image.clone()
        };
        let path = state.in_working_dir(&expanded.dest);
        let location = copy.dest.location.clone();
        blocking(move || {
            let destination = Destination {
                location: &location,
                path,
                is_folder: names_a_folder(&expanded.dest),
                owner: expanded
                    .chown
                    .map(|chown| owner(&image, &chown))
                    .transpose()?,
                chmod: expanded
                    .chmod
                    .map(|(word, text)| Chmod::parse(&word, &text))
                    .transpose()?,
            };
            copy::place(&below, &destination, &gathered, &expanded.inline)
        })
        .await
    }
}

/// Everything that decides what the layer holds.
fn inputs(
    copy: &Copy,
    expanded: &Expanded,
    state: &State,
    content: serde_json::Value,
) -> serde_json::Value {
    let text = |pair: &Option<(Word, String)>| pair.as_ref().map(|(_, text)| text.clone());
    let sources = expanded.sources.iter().map(|(_, source)| source);
    let inline = expanded.inline.iter();
    json!({
        "below": state.chain(),
        "content": content,
        "sources": sources.collect::<Vec<_>>(),
        "inline": inline.map(|file| (&file.name, &file.content)).collect::<Vec<_>>(),
        "dest": expanded.dest,
        "in": state.settings.working_dir,
        "chown": text(&expanded.chown),
        "chmod": text(&expanded.chmod),
        "link": copy.link,
    })
}

fn diff_ids(layers: &[Layer]) -> Vec<String> {
    layers
        .iter()
        .map(|layer| layer.diff_id.to_string())
        .collect()
}

async fn gather(tree: &Tree, expanded: &Expanded) -> Result<Vec<Gathered>, Stop> {
    let (tree, sources) = (tree.clone(), expanded.sources.clone());
    blocking(move || gather_all(&tree, &sources)).await
}

async fn gather_and_digest(
    tree: &Tree,
    expanded: &Expanded,
) -> Result<(Vec<Gathered>, serde_json::Value), Stop> {
    let (tree, sources) = (tree.clone(), expanded.sources.clone());
    blocking(move || {
        let gathered = gather_all(&tree, &sources)?;
        let digest = copy::digest(&gathered)?;
        Ok::<_, CopyError>((gathered, json!(digest)))
    })
    .await
}

fn gather_all(tree: &Tree, sources: &[(Word, String)]) -> Result<Vec<Gathered>, CopyError> {
    let mut gathered = Vec::new();
    for (word, path) in sources {
        gathered.extend(copy::gather(tree, word, path)?);
    }
    Ok(gathered)
}

fn check(step: &Step, copy: &Copy, expanded: &Expanded, gathered: &[Gathered]) -> Result<(), Stop> {
    if gathered.is_empty() && expanded.inline.is_empty() {
        let patterns: Vec<&str> = expanded.sources.iter().map(|(_, s)| s.as_str()).collect();
        let message = format!("nothing matches {}", patterns.join(", "));
        return Err(Diagnostic::new(step.location.clone(), message)
            .help("a pattern may match nothing only beside a source that is there")
            .into());
    }
    let sources = copy.sources.len() + copy.heredocs.len();
    if sources > 1 && !names_a_folder(&expanded.dest) {
        let message = format!("{sources} sources cannot all be `{}`", expanded.dest);
        return Err(Diagnostic::new(copy.dest.location.clone(), message)
            .help("end the destination with `/`: it is a folder then")
            .into());
    }
    match copy.verb {
        CopyVerb::Add => Ok(copy::refuse_archives(step, gathered)?),
        CopyVerb::Copy => Ok(()),
    }
}

/// `.` and what ends in a slash.
fn names_a_folder(dest: &str) -> bool {
    matches!(dest, "" | "." | "..") || ["/", "/.", "/.."].iter().any(|end| dest.ends_with(end))
}

fn owner(image: &Tree, (word, spec): &(Word, String)) -> Result<(u32, u32), CopyError> {
    let accounts = image_files::accounts(image).map_err(CopyError::io("/etc/passwd"))?;
    accounts.owner(spec).map_err(|error| {
        Diagnostic::new(word.location.clone(), error.to_string())
            .help("create it in a RUN before, or give numbers")
            .into()
    })
}
