use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use towpath_model::{BuildPlace, ExecutionNumber, Project, ProjectName, Timestamp, Trigger};
use towpath_pipeline::view::ExecutionView;
use towpath_store::ExecutionFilter;

use super::app_parts::AppParts;
use super::markup::{Ago, Badge, Command, Id, Took};
use super::page::{Chrome, PageError, PageResult, Path, Query, Viewer, render};
use super::project_deletion::DeletionParts;
use super::remote_parts::RemoteParts;
use crate::{App, change, clock::now, query};

const LIMIT: u32 = 25;

#[derive(Deserialize)]
pub(super) struct ProjectQuery {
    #[serde(default)]
    q: String,
    before: Option<i64>,
}

#[derive(Template)]
#[template(path = "project.html")]
struct ProjectPage {
    chrome: Chrome,
    project: Project,
    branch: String,
    search: String,
    rows: Vec<Row>,
    /// The query of the next page.
    older: Option<String>,
    is_first_page: bool,
    app: AppParts,
    clone_url: String,
    push: Command,
    remote: Option<RemoteParts>,
    build_place: Option<BuildPlace>,
    deletion: Option<DeletionParts>,
}

impl ProjectPage {
    /// Nothing was pushed yet.
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.search.is_empty() && self.is_first_page
    }
}

struct Row {
    view: ExecutionView,
    now: Timestamp,
}

impl Row {
    fn badge(&self) -> Badge {
        Badge(self.view.status)
    }

    fn age(&self) -> Ago {
        let at = self.view.execution.triggered_at;
        Ago { at, now: self.now }
    }

    fn took(&self) -> Took {
        let execution = &self.view.execution;
        Took {
            from: execution.started_at,
            to: execution.finished_at,
            now: self.now,
        }
    }

    fn commit(&self) -> Id {
        let commit = &self.view.execution.commit;
        Id {
            short: commit.short().to_owned(),
            full: commit.to_string(),
        }
    }

    fn cause(&self) -> &'static str {
        match self.view.execution.trigger {
            Trigger::Push => "push",
            Trigger::Manual => "by hand",
        }
    }
}

/// A project: what it did, newest first, how its application stands, and how to push to it.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(name): Path<ProjectName>,
    Query(parameters): Query<ProjectQuery>,
) -> PageResult {
    let project = query::project(&app, &name).await?;
    let search = parameters.q.trim().to_owned();
    let filter = ExecutionFilter {
        before: parameters.before.map(ExecutionNumber),
        search: Some(search.clone()).filter(|search| !search.is_empty()),
        limit: LIMIT,
    };
    let page = query::executions(&app, &name, filter).await?;
    let now = now();
    let last = page.items.last().map(|view| view.execution.key.number);
    let status = query::app_status(&app, &project).await;
    let branch = crate::api::wire::branch(&project).to_owned();
    let clone_url = app.config.clone_url(&name);
    render(&ProjectPage {
        chrome: Chrome::of_list(name.as_str(), &search, viewer),
        push: Command(format!(
            "git remote add towpath {clone_url}\ngit push towpath HEAD:{branch}"
        )),
        older: last.filter(|_| page.more).map(|last| older(&search, last)),
        rows: page
            .items
            .into_iter()
            .map(|view| Row { view, now })
            .collect(),
        deletion: DeletionParts::read(&app, &project, &status, now).await?,
        app: AppParts::new(status, now),
        is_first_page: parameters.before.is_none(),
        remote: RemoteParts::read(&app, &project, now).await?,
        build_place: app.store.build_place(&name).await?,
        project,
        branch,
        search,
        clone_url,
    })
}

/// The button "Release change".
pub(super) async fn start(
    State(app): State<App>,
    Path(name): Path<ProjectName>,
) -> Result<Response, PageError> {
    change::start(&app, &name, None).await?;
    Ok(Redirect::to(&format!("/projects/{name}")).into_response())
}

fn older(search: &str, last: ExecutionNumber) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("q", search);
    }
    query.append_pair("before", &last.to_string()).finish()
}
