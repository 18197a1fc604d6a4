use askama::Template;
use axum::extract::State;
use futures_util::future::join_all;
use serde::Deserialize;
use towpath_cluster::status::AppStatus;
use towpath_model::{Project, Timestamp};
use towpath_pipeline::view::ExecutionView;
use towpath_store::StoreError;

use super::markup::{Ago, Badge, Command, HealthBadge, Id};
use super::page::{Chrome, PageResult, Query, Viewer, render};
use crate::{App, clock::now, query};

const LIMIT: usize = 50;

#[derive(Deserialize)]
pub(super) struct ProjectsQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: Sort,
    /// How many projects come before the page.
    #[serde(default)]
    from: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Name,
    /// Those first where something happened last.
    Recent,
}

#[derive(Template)]
#[template(path = "projects.html")]
struct ProjectsPage {
    chrome: Chrome,
    search: String,
    sort: Sort,
    rows: Vec<Row>,
    /// The queries of the pages before and after.
    previous: Option<String>,
    next: Option<String>,
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
    is_being_deleted: bool,
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
    Query(query): Query<ProjectsQuery>,
) -> PageResult {
    let all = app.store.projects().await?;
    let teach = all.is_empty().then(|| teach(&app));
    let mut rows = found(&app, all, &query).await?;
    let total = rows.len();
    let mut rows: Vec<Row> = rows.drain(..).skip(query.from).take(LIMIT).collect();
    // At once: clusters may be far away.
    let asking = rows.iter().map(|row| query::app_glance(&app, &row.project));
    let statuses = join_all(asking).await;
    for (row, status) in rows.iter_mut().zip(statuses) {
        row.app = Some(status);
    }
    let end = query.from.saturating_add(LIMIT);
    render(&ProjectsPage {
        chrome: Chrome::of_list("Projects", &query.q, viewer),
        previous: (query.from > 0).then(|| query.link(query.from.saturating_sub(LIMIT))),
        next: (end < total).then(|| query.link(end)),
        sort: query.sort,
        search: query.q,
        rows,
        teach,
    })
}

/// The projects that were asked for, in the order that was asked for.
async fn found(
    app: &App,
    projects: Vec<Project>,
    query: &ProjectsQuery,
) -> Result<Vec<Row>, StoreError> {
    let search = query.q.trim().to_ascii_lowercase();
    let mut rows = Vec::new();
    for project in projects {
        let row = Row {
            latest: query::latest_execution(app, &project.name).await?,
            app: None,
            is_being_deleted: app.store.project_deletion(&project.name).await?.is_some(),
            project,
            now: now(),
        };
        if row.holds(&search) {
            rows.push(row);
        }
    }
    if query.sort == Sort::Recent {
        rows.sort_by_key(|row| std::cmp::Reverse(row.latest_at()));
    }
    Ok(rows)
}

impl ProjectsQuery {
    /// The same list from another place on.
    fn link(&self, from: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        if self.sort == Sort::Recent {
            query.append_pair("sort", "recent");
        }
        query.append_pair("from", &from.to_string()).finish()
    }
}

impl ProjectsPage {
    fn is_by_name(&self) -> bool {
        self.sort == Sort::Name
    }
}

impl Row {
    fn holds(&self, search: &str) -> bool {
        let latest = self.latest.as_ref().map(|latest| &latest.execution);
        let commit = latest.is_some_and(|latest| latest.commit.as_str().starts_with(search));
        let title = latest.is_some_and(|latest| latest.title.to_ascii_lowercase().contains(search));
        self.project.name.as_str().contains(search) || commit || title
    }

    fn latest_at(&self) -> Option<Timestamp> {
        let latest = self.latest.as_ref()?;
        Some(latest.execution.triggered_at)
    }
}

fn teach(app: &App) -> Teach {
    let base = app.config.base_url();
    Teach {
        create: Command("towpath project create hello".to_owned()),
        push: Command(format!("git push {base}/git/hello.git HEAD:main")),
    }
}
