use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;
use towpath_model::{Diagnostic, Diagnostics, Location};
use towpath_yaml::Resolution;

use crate::chart::Chart;
use crate::kustomization::{At, Kustomization, OpenApi};
use crate::merge::Schema;
use crate::options::LoadRestrictor;
use crate::resource::Resource;
use crate::scope::Scopes;
use crate::tree::{File, FileTree, Remote, is_within, join};

/// Bases of bases; each takes stack.
const DEEPEST: usize = 64;

/// What one kustomization may read: files by path relative to its folder.
#[derive(Clone, Debug)]
pub(crate) struct Loader<'t> {
    tree: &'t FileTree,
    /// The kustomization's folder; the empty text is the tree's root.
    folder: String,
    restrictor: LoadRestrictor,
    /// Folders from the root's to this one's parent.
    ancestors: Vec<String>,
    /// The first that a kustomization of this build names counts, for all of them. None is the builtin one.
    schema: Rc<OnceCell<Option<Schema>>>,
    /// What upstream would have done with the builtin schema before another one is named.
    builtin: Rc<Cell<Builtin>>,
    /// What is passed over in files that a kustomization names.
    warnings: Rc<RefCell<Vec<Diagnostic>>>,
    /// Charts that nobody has rendered; none where they are not to be noted.
    unrendered: Option<Rc<RefCell<Vec<At<Chart>>>>>,
}

impl<'t> Loader<'t> {
    pub(crate) fn new(tree: &'t FileTree, folder: String, restrictor: LoadRestrictor) -> Self {
        Self {
            tree,
            folder,
            restrictor,
            ancestors: Vec::new(),
            schema: Rc::default(),
            builtin: Rc::default(),
            warnings: Rc::default(),
            unrendered: None,
        }
    }

    /// Notes what upstream passes over without a word; the same is told once.
    pub(crate) fn warn(&self, passed_over: Vec<Diagnostic>) {
        let mut warnings = self.warnings.borrow_mut();
        for mut warning in passed_over {
            warning.message.push_str("; it changes nothing");
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }

    pub(crate) fn warnings(&self) -> Vec<Diagnostic> {
        self.warnings.borrow().clone()
    }

    /// The same, noting in `charts` what nobody has rendered.
    pub(crate) fn noting(self, charts: Rc<RefCell<Vec<At<Chart>>>>) -> Self {
        Self {
            unrendered: Some(charts),
            ..self
        }
    }

    /// Whether a chart that nobody has rendered is no error.
    pub(crate) fn notes_charts(&self) -> bool {
        self.unrendered.is_some()
    }

    /// What helm has rendered for a chart of this kustomization.
    pub(crate) fn rendered(&self, chart: &At<Chart>) -> Option<&'t str> {
        let wanted = Chart {
            folder: self.folder.clone(),
            ..chart.value.clone()
        };
        let rendered = self.tree.chart(&wanted);
        if let (None, Some(unrendered)) = (rendered, &self.unrendered) {
            unrendered.borrow_mut().push(At {
                value: wanted,
                at: chart.at.clone(),
            });
        }
        rendered
    }

    /// For messages: the tree's root is `.`.
    pub(crate) fn folder(&self) -> &str {
        shown(&self.folder)
    }

    /// Path of a file relative to the tree's root, for locations in it.
    pub(crate) fn path_of(&self, relative: &str) -> String {
        self.resolve(relative)
            .unwrap_or_else(|| relative.to_owned())
    }

    /// What the caller has fetched for this URL.
    pub(crate) fn remote(&self, url: &str) -> Option<&'t Remote> {
        self.tree.remote(url)
    }

    fn resolve(&self, relative: &str) -> Option<String> {
        match self.tree.remote(relative) {
            Some(remote) => Some(remote.path.clone()),
            None if relative.starts_with('/') => None,
            None => join(&self.folder, relative),
        }
    }

    /// A kustomization file that may be missing, none then.
    pub(crate) fn find(&self, name: &str) -> Option<&'t File> {
        let path = join(&self.folder, name)?;
        self.tree.get(&path).filter(|_| self.may_read(&path))
    }

    /// What a file of [`Self::find`] says.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn kustomization(
        &self,
        name: &str,
        file: &File,
    ) -> Result<Arc<Kustomization>, Diagnostics> {
        let path = self.path_of(name);
        let text = std::str::from_utf8(&file.content)
            .map_err(|_| Diagnostic::new(start_of(&path), "not UTF-8"))?;
        self.tree.kustomization(&path, file, text)
    }

    /// # Errors
    /// When there is no such file, or when the load restrictor forbids it.
    pub(crate) fn load(&self, relative: &str, at: &Location) -> Result<&'t [u8], Diagnostic> {
        Ok(&self.load_file(relative, at)?.1.content)
    }

    /// With its path in the tree.
    fn load_file(&self, relative: &str, at: &Location) -> Result<(String, &'t File), Diagnostic> {
        let wrong = |message: String| Err(Diagnostic::new(at.clone(), message));
        if relative.is_empty() {
            return wrong("a file's path is expected, found nothing".to_owned());
        }
        let Some(path) = self.resolve(relative) else {
            return wrong(format!("`{relative}` leaves the root of the tree"));
        };
        let is_given = self.tree.remote(relative).is_some();
        match self.tree.get(&path) {
            Some(_) if !is_given && !self.may_read(&path) => Err(self.forbidden(&path, at)),
            Some(file) => Ok((path, file)),
            None => wrong(format!("there is no file `{path}`")),
        }
    }

    /// The same as [`Self::load`], as text.
    ///
    /// # Errors
    /// As [`Self::load`], and when the file is not UTF-8.
    pub(crate) fn load_text(&self, relative: &str, at: &Location) -> Result<&'t str, Diagnostic> {
        std::str::from_utf8(self.load(relative, at)?)
            .map_err(|_| Diagnostic::new(at.clone(), format!("`{relative}` is not UTF-8")))
    }

    /// The objects of a file.
    ///
    /// # Errors
    /// As [`Self::load_text`], and when something else stands in it.
    pub(crate) fn load_objects(
        &self,
        relative: &str,
        at: &Location,
    ) -> Result<Vec<Resource>, Diagnostic> {
        let text = self.load_text(relative, at)?;
        let (path, file) = self.load_file(relative, at)?;
        self.tree.objects(&path, file, text)
    }

    /// A JSON or YAML file.
    ///
    /// # Errors
    /// As [`Self::load_text`], and when the file is neither.
    pub(crate) fn load_document(&self, path: &At<String>) -> Result<Value, Diagnostic> {
        let text = self.load_text(&path.value, &path.at)?;
        if text.starts_with('{') {
            let wrong = |error| format!("`{}` is not JSON: {error}", path.value);
            return serde_json::from_str(text)
                .map_err(|error| Diagnostic::new(path.at.clone(), wrong(error)));
        }
        let documents =
            towpath_yaml::parse_with(&self.path_of(&path.value), text, Resolution::GoYaml2)?;
        let first = documents.first();
        Ok(first
            .map(|document| document.root.to_json())
            .unwrap_or_default())
    }

    /// What says how lists merge.
    pub(crate) fn schema(&self) -> &Schema {
        self.builtin.set(Builtin::Read);
        let own = self.schema.get().and_then(Option::as_ref);
        own.unwrap_or_else(|| Schema::builtin())
    }

    /// To be called with all objects that are read: asking whether an unknown type has namespaces makes upstream
    /// load the builtin schema when it needs one.
    pub(crate) fn note_type(&self, object: &Resource) {
        if self.builtin.get() == Builtin::Unused && self.schema.get().is_none() {
            let gvk = object.gvk();
            if !Schema::builtin().knows(&gvk.api_version(), &gvk.kind) {
                self.builtin.set(Builtin::Due);
            }
        }
    }

    /// What the build's own schema tells of the scopes of types.
    pub(crate) fn scopes(&self) -> Option<&Arc<Scopes>> {
        self.schema.get()?.as_ref()?.scopes()
    }

    /// Makes a kustomization's schema that of the build, where none before named one.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub(crate) fn use_schema(&self, openapi: &At<OpenApi>) -> Result<(), Diagnostic> {
        if self.schema.get().is_some() {
            return Ok(());
        }
        let schema = match &openapi.value {
            OpenApi::Builtin => None,
            OpenApi::Path(path) => {
                let at = At {
                    value: path.clone(),
                    at: openapi.at.clone(),
                };
                let own = Schema::own(self.load_document(&at)?);
                let own = own.map_err(|wrong| {
                    Diagnostic::new(at.at, format!("the schema `{path}`: {wrong}"))
                })?;
                Some(match self.builtin.get() {
                    Builtin::Unused => own,
                    Builtin::Due => own.under_builtin(),
                    Builtin::Read => own.over_builtin(),
                })
            }
        };
        self.schema.get_or_init(|| schema);
        Ok(())
    }

    /// Whether `relative` names a folder.
    pub(crate) fn is_folder(&self, relative: &str) -> bool {
        self.resolve(relative)
            .is_some_and(|path| self.tree.is_folder(&self.tree.follow(path)))
    }

    /// The loader of another kustomization's folder.
    ///
    /// # Errors
    /// When there is no such folder, or when it is this one or one that led here.
    pub(crate) fn descend(&self, relative: &At<String>) -> Result<Self, Diagnostic> {
        let wrong = |message: String| Err(Diagnostic::new(relative.at.clone(), message));
        let name = &relative.value;
        let Some(folder) = self.resolve(name) else {
            return wrong(format!("`{name}` leaves the root of the tree"));
        };
        let folder = self.tree.follow(folder);
        if !self.tree.is_folder(&folder) {
            return wrong(format!("there is no file or folder `{}`", shown(&folder)));
        }
        let led_here = |ancestor: &String| is_within(ancestor, &folder);
        if led_here(&self.folder) || self.ancestors.iter().any(led_here) {
            return wrong(format!(
                "cycle detected: `{}` leads to itself",
                shown(&folder)
            ));
        }
        if self.ancestors.len() >= DEEPEST {
            return wrong(format!("bases are nested deeper than {DEEPEST}"));
        }
        let mut ancestors = self.ancestors.clone();
        ancestors.push(self.folder.clone());
        Ok(Self {
            folder,
            ancestors,
            ..self.clone()
        })
    }

    fn may_read(&self, path: &str) -> bool {
        self.restrictor == LoadRestrictor::None || is_within(path, &self.folder)
    }

    fn forbidden(&self, path: &str, at: &Location) -> Diagnostic {
        let message = format!(
            "security; file `{path}` is not in or below `{}`",
            self.folder()
        );
        Diagnostic::new(at.clone(), message)
            .help("move it there, or build with --load-restrictor LoadRestrictionsNone")
    }
}

/// What has become of the builtin schema before a kustomization brings one of its own: of two definitions of
/// a type, the one that is read later counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Builtin {
    #[default]
    Unused,
    /// It will be read behind the other.
    Due,
    Read,
}

/// A folder of the tree, for messages.
fn shown(folder: &str) -> &str {
    match folder {
        "" => ".",
        folder => folder,
    }
}

/// Where a file begins.
pub(crate) fn start_of(file: &str) -> Location {
    Location {
        file: file.to_owned(),
        line: 1,
        column: 1,
    }
}
