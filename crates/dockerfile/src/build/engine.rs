//! Stage by stage, step by step.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use towpath_model::workspace::Output;
use towpath_model::{Diagnostic, Digest};
use towpath_oci::layer::Entry;
use towpath_oci::{ImageError, ImageReference, Layer, RegistryError, ResolvedImage};

use super::blocking::blocking;
use super::error::Stop;
use super::plan::{self, Base, PlannedStage};
use super::progress::{Label, Progress};
use super::state::{Scope, State};
use super::{Builder, FILE_TIME, Image, Request, cache, context, finish, variables};
use crate::dockerfile::{Instruction, Step, Word};
use crate::tree::{OwnersOnDisk, Tree};

/// A build under way.
pub(crate) struct Engine<'a> {
    pub(crate) builder: &'a Builder,
    pub(crate) request: &'a Request<'a>,
    pub(crate) scope: Scope<'a>,
    pub(crate) context: Tree,
    pub(crate) progress: Progress<'a>,
    /// Stages that are done, by their index.
    pub(crate) stages: BTreeMap<usize, State>,
    steps: usize,
    cached: usize,
}

pub(crate) async fn build(
    builder: &Builder,
    request: &Request<'_>,
    log: &mut (dyn Output + Send),
) -> Result<Image, Stop> {
    let (folder, name) = (request.context.to_owned(), request.dockerfile.to_owned());
    let (dockerfile, context) = blocking(move || context::read(&folder, &name)).await?;
    let global = variables::global(&dockerfile, request.build_args)?;
    let stages = plan::plan(&dockerfile, request.dockerfile, request.target, &global)?;
    let mut engine = Engine {
        builder,
        request,
        scope: Scope {
            escape: dockerfile.escape,
            build_args: request.build_args,
            global,
        },
        context,
        progress: Progress::new(log),
        stages: BTreeMap::new(),
        steps: 0,
        cached: 0,
    };
    for warning in &dockerfile.warnings {
        engine.progress.warning(&warning.to_string());
    }
    for name in variables::unused(&dockerfile, request.build_args) {
        let warning = format!("no ARG in the Dockerfile takes the build argument `{name}`");
        engine.progress.warning(&warning);
    }
    let several = stages.len() > 1;
    let mut last = State::scratch();
    for planned in &stages {
        last = engine.stage(planned, several).await?;
        engine.stages.insert(planned.index, last.clone());
    }
    engine.finish(&last).await
}

impl Engine<'_> {
    async fn stage(&mut self, planned: &PlannedStage<'_>, several: bool) -> Result<State, Stop> {
        let labels = Labels::new(planned, several);
        let mut state = self.base(planned, &labels.step(1)).await?;
        let mut number = 1;
        for step in &planned.stage.steps {
            let makes_layer = plan::makes_layer(&step.instruction);
            number += usize::from(makes_layer);
            self.step(step, &mut state, &labels.step(number)).await?;
            state.remember(&step.text, &self.request.created.to_string(), makes_layer);
        }
        Ok(state)
    }

    async fn base(&mut self, planned: &PlannedStage<'_>, label: &Label) -> Result<State, Stop> {
        let since = Instant::now();
        let state = match &planned.base {
            Base::Scratch => State::scratch(),
            Base::Stage(index) => match self.stages.get(index) {
                Some(stage) => State::of_stage(stage),
                None => State::scratch(),
            },
            Base::Image(name) => {
                // Fetching may take its time.
                self.progress.started(label, &planned.stage.text);
                let image = self.image(&planned.stage.base, name).await?;
                self.progress.finished(label, since);
                return Ok(State::of_image(&image));
            }
        };
        self.progress.done(label, &planned.stage.text, since);
        Ok(state)
    }

    /// Finds an image, ours or another registry's.
    pub(crate) async fn image(&self, word: &Word, name: &str) -> Result<ResolvedImage, Stop> {
        let refused = |message: String| Stop::from(Diagnostic::new(word.location.clone(), message));
        let reference: ImageReference =
            name.parse().map_err(|error| refused(format!("{error}")))?;
        match self.builder.images.resolve(&reference).await {
            Ok(image) => Ok(image),
            Err(ImageError::Registry(RegistryError::Store(error))) => Err(error.into()),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    async fn step(&mut self, step: &Step, state: &mut State, label: &Label) -> Result<(), Stop> {
        match &step.instruction {
            Instruction::Copy(copy) => self.copy(step, copy, state, label).await,
            Instruction::Run(run) => self.run(step, run, state, label).await,
            instruction => {
                if let Some(warning) = state.apply(instruction, &self.scope)? {
                    let warning = Diagnostic::new(step.location.clone(), warning);
                    self.progress.warning(&warning.to_string());
                }
                match instruction {
                    Instruction::Workdir(word) => self.workdir(step, word, state, label).await,
                    _ => Ok(()),
                }
            }
        }
    }

    /// A layer from the cache, added to the state.
    pub(crate) async fn reuse(
        &mut self,
        key: &Digest,
        step: &Step,
        state: &mut State,
        label: &Label,
    ) -> Result<bool, Stop> {
        self.steps += 1;
        let (store, blobs) = (&self.builder.store, self.builder.registry().blobs());
        let Some(layer) = cache::find(store, blobs, key, self.request.now).await? else {
            return Ok(false);
        };
        self.cached += 1;
        self.progress.cached(label, &step.text);
        state.layers.push(layer);
        Ok(true)
    }

    /// Writes a layer of these entries.
    pub(crate) async fn write(&self, step: &Step, entries: Vec<Entry>) -> Result<Layer, Stop> {
        let blobs = self.builder.registry().blobs();
        let layer = towpath_oci::layer::write(blobs, entries, FILE_TIME).await;
        layer.map_err(|error| Stop::writing(error, &step.location))
    }

    /// Adds a layer that was made anew, and remembers it.
    pub(crate) async fn add(
        &mut self,
        key: &Digest,
        layer: Layer,
        state: &mut State,
    ) -> Result<(), Stop> {
        cache::remember(&self.builder.store, key, &layer, self.request.now).await?;
        state.layers.push(layer);
        Ok(())
    }

    /// The layers unpacked, the top one first.
    pub(crate) async fn unpacked(
        &self,
        step: &Step,
        layers: &[Layer],
    ) -> Result<Vec<PathBuf>, Stop> {
        let folders = self.builder.layers.lower_folders(layers).await;
        folders.map_err(|error| Stop::unpacking(error, &step.location))
    }

    /// The files of the layers.
    pub(crate) async fn tree(&self, step: &Step, layers: &[Layer]) -> Result<Tree, Stop> {
        let folders = self.unpacked(step, layers).await?;
        let owners = if self.builder.host.is_rootless() {
            OwnersOnDisk::AreRoot
        } else {
            OwnersOnDisk::AreReal
        };
        Ok(Tree::layers(folders, owners))
    }

    /// Writes the image.
    async fn finish(mut self, state: &State) -> Result<Image, Stop> {
        let since = Instant::now();
        let config = finish::configuration(state, self.request.created);
        let digest = self
            .builder
            .registry()
            .put_image(
                self.request.repository,
                &config,
                &state.layers,
                self.request.tags,
            )
            .await?;
        self.progress
            .exported(&format!("{}@{digest}", self.request.repository), since);
        Ok(Image {
            digest,
            steps: self.steps,
            cached: self.cached,
        })
    }
}

struct Labels<'a> {
    stage: Option<std::borrow::Cow<'a, str>>,
    steps: usize,
}

impl<'a> Labels<'a> {
    fn new(planned: &PlannedStage<'a>, several: bool) -> Self {
        let name = || match &planned.stage.name {
            Some(name) => name.as_str().into(),
            None => format!("stage-{}", planned.index).into(),
        };
        let steps = planned.stage.steps.iter();
        let layers = steps.filter(|step| plan::makes_layer(&step.instruction));
        Self {
            stage: several.then(name),
            steps: layers.count() + 1,
        }
    }

    fn step(&self, number: usize) -> Label {
        Label::new(self.stage.as_deref(), number, self.steps)
    }
}
