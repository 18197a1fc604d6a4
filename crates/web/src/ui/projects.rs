use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use towpath_cluster::status::AppStatus;
use towpath_model::{Project, Timestamp};
use towpath_pipeline::view::ExecutionView;

use super::markup::{Ago, Badge, Command, HealthBadge, Id};
use super::page::{Chrome, PageResult, Query, Viewer, render};
use crate::{App, clock::now, query};

#[derive(Deserialize)]
pub(super) struct ProjectsQuery {
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "projects.html")]
struct ProjectsPage {
    chrome: Chrome,
    search: String,
    rows: Vec<Row>,
    /// There is no project at all: the commands to make the first.
    teach: Option<Teach>,
}

struct Teach {
    create: Command,
    push: Command,
}

struct Row {
    project: Project,
    latest: Option<ExecutionView>,
    app: Option<AppStatus>,
    now: Timestamp,
}

impl Row {
    fn badge(&self) -> Option<Badge> {
        self.latest.as_ref().map(|latest| Badge(latest.status))
    }

    fn health(&self) -> Option<HealthBadge> {
        self.app.as_ref().map(|app| HealthBadge(app.health))
    }

    fn age(&self) -> Option<Ago> {
        self.latest.as_ref().map(|latest| Ago {
            at: latest.execution.triggered_at,
            now: self.now,
        })
    }

    fn commit(&self) -> Option<Id> {
        self.latest.as_ref().map(|latest| Id {
            short: latest.execution.commit.short().to_owned(),
            full: latest.execution.commit.to_string(),
        })
    }

    fn urls(&self) -> Vec<String> {
        self.app.as_ref().map(query::urls).unwrap_or_default()
    }
}

/// All projects, how they stand, and where they answer.
pub(super) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Query(parameters): Query<ProjectsQuery>,
) -> PageResult {
    let all = app.store.projects().await?;
    let teach = all.is_empty().then(|| teach(&app));
    let search = parameters.q.trim().to_ascii_lowercase();
    let mut rows = Vec::new();
    for project in all {
        let row = row(&app, project).await?;
        if row.holds(&search) {
            rows.push(row);
        }
    }
    render(&ProjectsPage {
        chrome: Chrome::new("Projects", viewer),
        search: parameters.q,
        rows,
        teach,
    })
}

impl Row {
    fn holds(&self, search: &str) -> bool {
        let latest = self.latest.as_ref().map(|latest| &latest.execution);
        let commit = latest.is_some_and(|latest| latest.commit.as_str().starts_with(search));
        let title = latest.is_some_and(|latest| latest.title.to_ascii_lowercase().contains(search));
        self.project.name.as_str().contains(search) || commit || title
    }
}

async fn row(app: &App, project: Project) -> Result<Row, towpath_store::StoreError> {
    Ok(Row {
        latest: query::latest_execution(app, &project.name).await?,
        app: query::app_status(app, &project.name).await,
        project,
        now: now(),
    })
}

fn teach(app: &App) -> Teach {
    let base = app.config.base_url();
    Teach {
        create: Command("towpath project create hello".to_owned()),
        push: Command(format!("git push {base}/git/hello.git HEAD:main")),
    }
}
