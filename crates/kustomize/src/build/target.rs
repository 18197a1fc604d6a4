use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use towpath_model::{Diagnostic, Diagnostics, Location};

use crate::kustomization::{At, BuildMetadata, Kind, Kustomization};
use crate::loader::{Loader, start_of};
use crate::resource::Origin;

/// Kustomizations that one build may read: bases that many overlays share are read for each of them.
const MOST_KUSTOMIZATIONS: usize = 100_000;

const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A kustomization that is being built.
#[derive(Debug)]
pub(super) struct Target<'t> {
    pub(super) loader: Loader<'t>,
    pub(super) kustomization: Arc<Kustomization>,
    /// The name of its file.
    pub(super) file_name: &'static str,
    /// Where it is, when origins are tracked.
    pub(super) origin: Option<Origin>,
    /// That of the kustomization that is built: those of bases do not count.
    pub(super) metadata: BuildMetadata,
    /// The nearest one of those that have led here, which charts get.
    outer_namespace: String,
    build: Rc<Shared>,
}

/// What all kustomizations of a build have in common.
#[derive(Debug, Default)]
struct Shared {
    read: Cell<usize>,
    warnings: RefCell<Vec<Diagnostic>>,
}

impl<'t> Target<'t> {
    pub(super) fn top(loader: Loader<'t>) -> Result<Self, Diagnostics> {
        let (file_name, kustomization) = load(&loader, None)?;
        let metadata = kustomization.metadata;
        let build = Rc::new(Shared::default());
        build.note(&kustomization);
        Ok(Self {
            loader,
            kustomization,
            file_name,
            origin: metadata.any.then(Origin::default),
            metadata,
            outer_namespace: String::new(),
            build,
        })
    }

    /// The kustomization of another folder.
    ///
    /// # Errors
    /// When there is none of this kind, or when it cannot be read.
    pub(super) fn descend(&self, path: &At<String>, kind: Kind) -> Result<Self, Diagnostics> {
        let wrong = |message: String| Diagnostic::new(path.at.clone(), message);
        let loader = self.loader.descend(path)?;
        if self.build.read.get() >= MOST_KUSTOMIZATIONS {
            let message = format!("more than {MOST_KUSTOMIZATIONS} kustomizations in one build");
            return Err(wrong(message).into());
        }
        let (file_name, kustomization) = load(&loader, Some(&path.at))?;
        self.build.note(&kustomization);
        match (kustomization.kind, kind) {
            (Kind::Component, Kind::Kustomization) => {
                let message = format!("`{}` is a Component", path.value);
                Err(wrong(message).help("name it in `components`").into())
            }
            (Kind::Kustomization, Kind::Component) => {
                let message = format!(
                    "expected kind Component in `{}`, found Kustomization",
                    path.value
                );
                Err(wrong(message).help("name it in `resources`").into())
            }
            _ => Ok(Self {
                loader,
                kustomization,
                file_name,
                origin: self.origin_of(&path.value),
                metadata: self.metadata,
                outer_namespace: self.namespace_of_charts().to_owned(),
                build: self.build.clone(),
            }),
        }
    }

    /// Of those that name none.
    pub(super) fn namespace_of_charts(&self) -> &str {
        match &*self.kustomization.namespace {
            "" => &self.outer_namespace,
            own => own,
        }
    }

    /// That of something this kustomization names, when origins are tracked.
    pub(super) fn origin_of(&self, path: &str) -> Option<Origin> {
        let origin = self.origin.as_ref()?;
        let remote = self.loader.remote(path);
        Some(match remote.filter(|remote| !remote.repo.is_empty()) {
            Some(remote) => Origin {
                path: remote.folder.clone(),
                repo: remote.repo.clone(),
                git_ref: remote.git_ref.clone(),
                ..origin.clone()
            },
            None => origin.append(path),
        })
    }

    /// What was deprecated in all that has been read so far.
    pub(super) fn warnings(&self) -> Vec<Diagnostic> {
        let mut warnings = self.build.warnings.borrow().clone();
        warnings.extend(self.loader.warnings());
        warnings
    }

    /// A diagnostic about an object: where it stands, or `resources` for one that was generated.
    pub(super) fn problem_of(&self, object: Option<&Location>, message: String) -> Diagnostic {
        match object {
            Some(at) => Diagnostic::new(at.clone(), message),
            None => self.problem("resources", message),
        }
    }

    /// A diagnostic about a field of the kustomization.
    pub(super) fn problem(&self, field: &str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.kustomization.at(field), message)
    }
}

impl Shared {
    /// A base that is read twice warns once.
    fn note(&self, kustomization: &Kustomization) {
        self.read.set(self.read.get() + 1);
        let mut warnings = self.warnings.borrow_mut();
        for warning in kustomization.warnings() {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
}

/// The one kustomization file of a folder.
fn load(
    loader: &Loader<'_>,
    named_at: Option<&Location>,
) -> Result<(&'static str, Arc<Kustomization>), Diagnostics> {
    let files = NAMES
        .iter()
        .filter_map(|name| Some((*name, loader.find(name)?)));
    match files.collect::<Vec<_>>()[..] {
        [(name, file)] => {
            let kustomization = loader.kustomization(name, file)?;
            if let Some(openapi) = &kustomization.openapi {
                loader.use_schema(openapi)?;
            }
            Ok((name, kustomization))
        }
        [] => {
            let at = named_at.cloned();
            let at = at.unwrap_or_else(|| start_of(&loader.path_of(NAMES[0])));
            let message = format!(
                "there is no kustomization.yaml, kustomization.yml or Kustomization in `{}`",
                loader.folder()
            );
            Err(Diagnostic::new(at, message).into())
        }
        [(name, _), ..] => {
            let at = start_of(&loader.path_of(name));
            let message = format!(
                "found multiple kustomization files in `{}`",
                loader.folder()
            );
            Err(Diagnostic::new(at, message).into())
        }
    }
}
