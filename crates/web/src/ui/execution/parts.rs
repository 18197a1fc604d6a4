use askama::Template;
use towpath_model::pipeline::ArtifactName;
use towpath_model::{Artifact, Status, Timestamp, Trigger};
use towpath_pipeline::view::{ActionView, ExecutionView, StageView};
use towpath_store::{Phase, Release};

use super::path;
use super::selection::Selected;
use crate::api::ApiError;
use crate::ui::graph::graph;
use crate::ui::markup::{Ago, Badge, Id, Took};
use crate::ui::page::text;
use crate::ui::words;
use crate::{App, query};

/// What the parts of the page are drawn from. Each part is replaced on its own when it changes.
pub(super) struct Parts<'a> {
    view: &'a ExecutionView,
    selected: Option<&'a Selected>,
    artifacts: Vec<(ArtifactName, Artifact)>,
    release: Option<Release>,
    app_urls: Vec<String>,
    now: Timestamp,
}

#[derive(Template)]
#[template(path = "parts/head.html")]
struct Head<'a> {
    view: &'a ExecutionView,
    badge: Badge,
    commit: Id,
    branch: &'a str,
    triggered: Ago,
    took: Took,
    image: Option<Id>,
    app_urls: &'a [String],
    failure: Option<Failure<'a>>,
}

/// The sentence that a failed execution's page begins with.
struct Failure<'a> {
    reason: &'a str,
    stage: Option<&'a StageView>,
    action: Option<&'a ActionView>,
}

#[derive(Template)]
#[template(path = "parts/controls.html")]
struct Controls<'a> {
    view: &'a ExecutionView,
    path: String,
    can_cancel: bool,
}

#[derive(Template)]
#[template(path = "parts/steps.html")]
struct Steps<'a> {
    view: &'a ExecutionView,
    selected: Option<&'a Selected>,
    artifacts: &'a [(ArtifactName, Artifact)],
    release: bool,
    api: String,
    now: Timestamp,
}

impl<'a> Parts<'a> {
    pub(super) async fn load(
        app: &App,
        view: &'a ExecutionView,
        selected: Option<&'a Selected>,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let key = &view.execution.key;
        let release = app.store.release(key).await?;
        let app_urls = match release {
            Some(_) => query::app_urls(app, &query::project(app, &key.project).await?).await,
            None => Vec::new(),
        };
        Ok(Self {
            artifacts: app.store.artifacts(key).await?.into_iter().collect(),
            view,
            selected,
            release,
            app_urls,
            now,
        })
    }

    pub(super) fn head(&self) -> Result<String, ApiError> {
        let execution = &self.view.execution;
        let image = self
            .release
            .as_ref()
            .and_then(|release| release.image.as_deref());
        text(&Head {
            view: self.view,
            badge: Badge(self.view.status),
            commit: Id {
                short: execution.commit.short().to_owned(),
                full: execution.commit.to_string(),
            },
            branch: execution
                .ref_name
                .branch_name()
                .unwrap_or(execution.ref_name.as_str()),
            triggered: Ago {
                at: execution.triggered_at,
                now: self.now,
            },
            took: Took {
                from: execution.started_at,
                to: execution.finished_at,
                now: self.now,
            },
            image: image.map(short_image),
            app_urls: &self.app_urls,
            failure: self.failure(),
        })
    }

    pub(super) fn controls(&self) -> Result<String, ApiError> {
        text(&Controls {
            view: self.view,
            path: path(&self.view.execution.key),
            can_cancel: !self.view.status.is_final()
                && self.view.execution.cancel_requested_at.is_none(),
        })
    }

    pub(super) fn graph(&self) -> String {
        graph(self.view, self.selected.map(Selected::names), self.now)
    }

    pub(super) fn steps(&self) -> Result<String, ApiError> {
        let steps = text(&Steps {
            view: self.view,
            selected: self.selected,
            artifacts: &self.artifacts,
            release: self.release.is_some(),
            api: format!("/api/v1{}", path(&self.view.execution.key)),
            now: self.now,
        })?;
        // Nothing at all is told from white space by the style.
        Ok(steps.trim().to_owned())
    }

    fn failure(&self) -> Option<Failure<'_>> {
        let failed = self.view.failed_action();
        let of_action = failed.and_then(|(_, action)| action.reason.as_deref());
        let reason = of_action.or(self.view.execution.reason.as_deref())?;
        Some(Failure {
            reason,
            stage: failed.map(|(stage, _)| stage),
            action: failed.map(|(_, action)| action),
        })
    }
}

impl Head<'_> {
    fn cause(&self) -> &'static str {
        match self.view.execution.trigger {
            Trigger::Push => "by push",
            Trigger::Manual => "by hand",
        }
    }

    fn is_failed(&self) -> bool {
        self.view.status == Status::Failed
    }
}

impl Steps<'_> {
    fn badge(&self, action: &ActionView) -> Badge {
        Badge(action.status)
    }

    fn took(&self, action: &ActionView) -> Took {
        Took {
            from: action.started_at,
            to: action.finished_at,
            now: self.now,
        }
    }

    fn phase_took(&self, phase: &Phase) -> Took {
        Took {
            from: Some(phase.started_at),
            to: phase.finished_at,
            now: self.now,
        }
    }

    fn is_selected(&self, stage: &StageView, action: &ActionView) -> bool {
        let names = self.selected.map(Selected::names);
        names == Some((stage.name.as_str(), action.name.as_str()))
    }

    fn size(&self, artifact: &Artifact) -> String {
        words::size(artifact.size)
    }
}

/// `127.0.0.1:8480/hello@sha256:9b1e…` is mostly digits that nobody reads.
fn short_image(image: &str) -> Id {
    let short = match image.split_once("@sha256:") {
        Some((name, hex)) => {
            let name = name.rsplit('/').next().unwrap_or(name);
            let digits: String = hex.chars().take(12).collect();
            format!("{name}@{digits}")
        }
        None => image.to_owned(),
    };
    Id {
        short,
        full: image.to_owned(),
    }
}
