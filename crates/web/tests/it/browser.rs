//! A real browser on the real server.

use std::path::PathBuf;
use std::process::Stdio;

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use thirtyfour::ChromeCapabilities;
use thirtyfour::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{Mutex, MutexGuard};
use towpath_model::Status;
use towpath_store::RunOutcome;
use towpath_testkit::{eventually_async, require};

use crate::clusters::{prod, send};
use crate::fixture::Server;
use crate::scene::{Scene, building};

/// Browsers are large: one at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Chromium under chromedriver, ended when dropped.
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    process: Child,
    /// Kept open: who writes into a closed pipe is killed.
    _output: Lines<BufReader<ChildStdout>>,
    _profile: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Browser {
    /// None, and said so, when this machine has no browser.
    pub(crate) async fn start() -> Option<Self> {
        let (program, chromium) = (require("chromedriver")?, require("chromium")?);
        let alone = ALONE.lock().await;
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = port(&mut output).await;
        let profile = tempfile::tempdir().unwrap();
        let capabilities = capabilities(chromium, &profile);
        let url = format!("http://127.0.0.1:{port}");
        let driver = WebDriver::new(url, capabilities).await.unwrap();
        Some(Self {
            _alone: alone,
            driver,
            process,
            _output: output,
            _profile: profile,
        })
    }

    pub(crate) async fn go(&self, server: &Server, path: &str) {
        self.driver.goto(server.url(path)).await.unwrap();
    }

    pub(crate) async fn find(&self, css: &str) -> WebElement {
        let found = || async { self.driver.find(By::Css(css)).await.ok() };
        eventually_async(css, found).await
    }

    /// Clicks an element, found anew when the page was just replacing it.
    pub(crate) async fn click(&self, css: &str) {
        let clicked = || async { self.find(css).await.click().await.ok() };
        eventually_async(&format!("a click on {css}"), clicked).await;
    }

    /// Waits until an element holds some text.
    pub(crate) async fn sees(&self, css: &str, text: &str) {
        let what = format!("`{text}` in {css}");
        let seen = || async {
            let element = self.driver.find(By::Css(css)).await.ok()?;
            element
                .text()
                .await
                .ok()
                .filter(|shown| shown.contains(text))
        };
        eventually_async(&what, seen).await;
    }

    pub(crate) async fn run(&self, script: &str) -> serde_json::Value {
        let result = self.driver.execute(script, Vec::new()).await.unwrap();
        result.json().clone()
    }

    /// Shows the page anew as a machine of this size and taste does.
    pub(crate) async fn look_as(&self, (width, height): (u32, u32), scheme: &str) {
        let cdp = self.driver.cdp();
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" }] });
        for (command, parameters) in [
            ("Emulation.setDeviceMetricsOverride", metrics),
            ("Emulation.setEmulatedMedia", media),
        ] {
            cdp.send_raw(command, parameters).await.unwrap();
        }
        self.driver.refresh().await.unwrap();
    }

    pub(crate) async fn log_in(&self, server: &Server, next: &str) {
        self.go(server, &format!("/login?next={next}")).await;
        self.find("#token")
            .await
            .send_keys(&server.token)
            .await
            .unwrap();
        self.click("button.primary").await;
        self.find("form[action='/logout']").await;
    }

    pub(crate) async fn end(mut self) {
        self.driver.quit().await.unwrap();
        self.process.kill().await.unwrap();
    }
}

fn capabilities(chromium: PathBuf, profile: &TempDir) -> ChromeCapabilities {
    let mut capabilities = DesiredCapabilities::chrome();
    capabilities
        .set_binary(&chromium.display().to_string())
        .unwrap();
    let profile = format!("--user-data-dir={}", profile.path().display());
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--window-size=1280,900",
        &profile,
    ] {
        capabilities.add_arg(argument).unwrap();
    }
    capabilities
        .set("goog:loggingPrefs", json!({ "browser": "ALL" }))
        .unwrap();
    capabilities
}

async fn port(output: &mut Lines<BufReader<ChildStdout>>) -> u16 {
    while let Some(line) = output.next_line().await.unwrap() {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return port.trim_end_matches('.').parse().unwrap();
        }
    }
    panic!("chromedriver ended without a port");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_page_moves_without_a_reload() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    let (mut scene, mut build) = building(&server, "Change the page").await;
    browser.go(&server, &scene.page()).await;
    browser.sees(".lines", "Uploading with token ***").await;
    browser.run("window.sameDocument = true").await;

    build
        .log
        .write(b"a line that came \x1b[31mlater\x1b[0m\n")
        .unwrap();
    browser.sees(".lines .c1", "later").await;
    for line in 0..200 {
        build
            .log
            .write(format!("line {line}\n").as_bytes())
            .unwrap();
    }
    browser.sees(".lines", "line 199").await;
    let at_end = "const b = document.querySelector('.lines'); return b.scrollHeight - b.scrollTop - b.clientHeight < 40";
    let followed = || async { browser.run(at_end).await.as_bool().filter(|end| *end) };
    eventually_async("the log to follow its end", followed).await;

    // Scrolls as often as it takes: what arrives at the same moment still follows.
    let scrolled = || async {
        browser
            .run("document.querySelector('.lines').scrollTop = 0")
            .await;
        let stopped = "return !!document.querySelector('[data-toggle=follow][aria-pressed=false]')";
        browser
            .run(stopped)
            .await
            .as_bool()
            .filter(|stopped| *stopped)
    };
    eventually_async("following to stop", scrolled).await;
    build.log.write(b"unseen\n").unwrap();
    browser.sees(".lines", "unseen").await;
    assert_eq!(
        browser
            .run("return document.querySelector('.lines').scrollTop")
            .await,
        0
    );
    let numbers = "return [...document.querySelectorAll('.lines > div')].every((row, i) => row.id === 'L' + (i + 1))";
    assert_eq!(browser.run(numbers).await, true, "each line once, in order");

    browser
        .run("document.querySelector('.lines').scrollTop = 1e9")
        .await;
    browser
        .find("[data-toggle=follow][aria-pressed=true]")
        .await;
    scene.pass(500);
    scene.end(build, RunOutcome::Succeeded).await;
    let mut image = scene.action("Image", "Image").await;
    image.log.write(b"STEP 1 FROM scratch\n").unwrap();
    browser.sees(".logbar", "Image").await;
    browser.sees(".lines", "STEP 1 FROM scratch").await;
    scene
        .end(
            image,
            RunOutcome::Failed {
                reason: "no such file `dist/server`".into(),
            },
        )
        .await;
    scene
        .finish(Status::Failed, Some("no such file `dist/server`"))
        .await;
    browser.sees(".reason", "no such file `dist/server`").await;
    assert_eq!(browser.run("return window.sameDocument").await, true);
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_press_buttons_and_log_out() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    let scene = Scene::start(&server, "Change the page").await;
    browser.go(&server, "/login").await;
    browser
        .find("#token")
        .await
        .send_keys("wrong")
        .await
        .unwrap();
    browser.click("button.primary").await;
    browser.sees("#problem", "not the admin token").await;

    browser.log_in(&server, &scene.page()).await;
    browser.click(".confirm summary").await;
    browser
        .sees(".confirm form", "Ends execution hello #1")
        .await;
    browser.click(".confirm button").await;
    browser.sees(".facts", "being cancelled").await;
    let execution = server.store.execution(&scene.key).await.unwrap().unwrap();
    assert!(execution.cancel_requested_at.is_some());

    browser.click("form[action='/logout'] button").await;
    browser.find("a[href='/login']").await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_searched_by_keyboard_and_stay_up_to_date() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    browser.go(&server, "/").await;
    browser.sees("main", "towpath project create hello").await;
    server.create_project("hello").await;
    browser.sees("#list", "Nothing pushed yet").await;

    Scene::start(&server, "Paint it blue").await;
    Scene::start(&server, "Paint it lightskyblue").await;
    browser.sees("#list", "#2 Paint it lightskyblue").await;
    browser.go(&server, "/projects/hello").await;
    browser.sees(".executions", "#1 Paint it blue").await;
    browser.find("body").await.send_keys("/").await.unwrap();
    let focused = browser.driver.active_element().await.unwrap();
    assert_eq!(focused.attr("name").await.unwrap().as_deref(), Some("q"));
    focused.send_keys("LIGHTSKY" + Key::Enter).await.unwrap();
    let filtered = || async {
        let shown = browser
            .driver
            .find(By::Css(".executions"))
            .await
            .ok()?
            .text()
            .await
            .ok()?;
        (!shown.contains("#1 Paint") && shown.contains("#2 Paint")).then_some(())
    };
    eventually_async("the filtered list", filtered).await;
    assert!(
        browser
            .driver
            .current_url()
            .await
            .unwrap()
            .query()
            .unwrap()
            .contains("LIGHTSKY")
    );
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_is_searched_and_read_in_windows() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    let scene = Scene::start(&server, "Change the page").await;
    let mut build = scene.action("Build", "Build").await;
    for line in 1..=20_000 {
        build
            .log
            .write(format!("this is line {line}\n").as_bytes())
            .unwrap();
    }
    scene.end(build, RunOutcome::Succeeded).await;
    browser.go(&server, &scene.page()).await;
    browser.sees(".lines", "this is line 20000").await;
    browser.click(".more").await;
    browser.find("#L19510").await;
    browser
        .find("#logq")
        .await
        .send_keys("LINE 777" + Key::Enter)
        .await
        .unwrap();
    browser.sees(".lines .marked", "this is line 777").await;
    browser.sees(".logbar", "1 of 11").await;
    browser.click("[aria-label='Next match']").await;
    browser.sees(".logbar", "2 of 11").await;
    browser
        .run("document.querySelector('.lines').scrollTop = 1e9")
        .await;
    browser.find("#L8020").await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_load_without_a_complaint() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    let (scene, _build) = building(&server, "Change the page").await;
    let pages = [
        "/",
        "/login",
        "/projects/hello",
        "/projects/hello/app",
        "/projects/hello/images",
        "/clusters",
        "/clusters/local",
    ];
    for path in pages.into_iter().chain([&scene.page()[..]]) {
        browser.go(&server, path).await;
        browser.find("main").await;
    }
    let complaints = browser.driver.browser_log().await.unwrap();
    assert!(complaints.is_empty(), "{complaints:?}");
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_deleted_by_typing_its_name() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    browser.log_in(&server, "/projects/hello").await;
    browser.click(".facts-more > summary").await;
    browser.click(".confirm.up > summary").await;
    let name = browser.find("#confirm-name").await;
    // What is not the name the browser does not even send.
    name.send_keys("hell" + Key::Enter).await.unwrap();
    let is_valid = "return document.querySelector('#confirm-name').validity.valid";
    assert_eq!(browser.run(is_valid).await, false);
    name.send_keys("o" + Key::Enter).await.unwrap();
    browser.sees("#live", "being deleted").await;
    let hello = "hello".parse().unwrap();
    let deletion = server.store.project_deletion(&hello).await.unwrap();
    let finished = server.store.finish_deletion(&deletion.unwrap()).await;
    assert!(finished.unwrap());
    // The page was told, and leads back to the list.
    browser.sees("#live", "No project yet").await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_a_cluster_as_soon_as_it_was_looked_at() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    send(&server, Method::POST, "/api/v1/clusters", Some(&prod())).await;
    browser.go(&server, "/clusters/prod").await;
    browser.sees("#live .reason", "cannot be reached").await;
    browser.go(&server, "/clusters").await;
    browser.sees("#c-prod", "unreachable").await;
    browser.end().await;
}
