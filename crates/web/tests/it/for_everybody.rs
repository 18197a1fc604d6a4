//! Every page, for those who use it by keyboard, by finger, with little sight, or hear it.
//! What is asked for is WCAG 2.2, level AA.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use towpath_model::Status;
use towpath_store::RunOutcome;
use towpath_testkit::eventually_async;

use crate::browser::Browser;
use crate::fixture::Server;
use crate::gallery::Gallery;
use crate::scene::{Scene, building};

const AUDIT: &str = include_str!("audit.js");
const PHONE: (u32, u32) = (390, 844);
const WIDE: (u32, u32) = (1280, 900);

/// What has the focus, as `audit.js` tells.
#[derive(Deserialize)]
struct Focused {
    at: usize,
    is: String,
    complaints: Vec<String>,
}

impl Browser {
    /// What `audit.js` has to say, such as `overflow()`.
    async fn audit(&self, call: &str) -> Vec<String> {
        let found = self.run(&format!("{AUDIT}; return audit.{call}")).await;
        serde_json::from_value(found).unwrap()
    }

    async fn press(&self, key: &str, code: u32) {
        let cdp = self.driver.cdp();
        for kind in ["rawKeyDown", "keyUp"] {
            let event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            cdp.send_raw("Input.dispatchKeyEvent", event).await.unwrap();
        }
    }

    async fn tab(&self) {
        self.press("Tab", 9).await;
    }

    async fn has_focus(&self, css: &str) {
        let there = format!("return document.activeElement.matches('{css}')");
        let focused = || async { self.run(&there).await.as_bool().filter(|there| *there) };
        eventually_async(&format!("the focus on {css}"), focused).await;
    }

    /// As assistive technology is told it. A page that has just changed may have no name yet for what has the focus.
    async fn has_a_name(&self, focused: &str) {
        let name = async || Some(self.told_name().await).filter(|name| !name.is_empty());
        eventually_async(&format!("{focused} to have a name"), name).await;
    }

    async fn told_name(&self) -> String {
        let cdp = self.driver.cdp();
        let expression = json!({ "expression": "document.activeElement" });
        let element = cdp.send_raw("Runtime.evaluate", expression).await.unwrap();
        let object = json!({ "objectId": element["result"]["objectId"], "fetchRelatives": false });
        let tree = cdp.send_raw("Accessibility.getPartialAXTree", object);
        let tree = tree.await.unwrap();
        let name = &tree["nodes"][0]["name"]["value"];
        name.as_str().unwrap_or_default().trim().to_owned()
    }

    /// Goes through a page by Tab, and says what is wrong on the way.
    async fn walk(&self) -> Vec<String> {
        let stops = self.audit("stops()").await;
        let mut complaints = Vec::new();
        let mut reached: Vec<usize> = Vec::new();
        // A page that begins within itself goes on at its top once.
        for _ in 0..=stops.len() + 1 {
            self.tab().await;
            let focused = self.run("return audit.focused()").await;
            let Ok(focused) = serde_json::from_value::<Focused>(focused) else {
                continue;
            };
            if reached.contains(&focused.at) {
                break;
            }
            let wrong = focused.complaints.iter();
            complaints.extend(wrong.map(|wrong| format!("{}: {wrong}", focused.is)));
            self.has_a_name(&focused.is).await;
            reached.push(focused.at);
        }
        let began = reached.iter().position(|at| *at == 0).unwrap_or_default();
        reached.rotate_left(began);
        if !reached.iter().copied().eq(0..stops.len()) {
            complaints.push(format!("of {stops:#?} it comes to {reached:?}"));
        }
        complaints
    }
}

/// A server with its gallery, and a browser that is logged in.
async fn each_page(look: &[((u32, u32), &str)], check: impl AsyncFn(&Browser) -> Vec<String>) {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    let gallery = Gallery::hang(&server).await;
    browser.log_in(&server, "/").await;
    let mut complaints: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, path) in &gallery.pages {
        browser.go(&server, path).await;
        for (size, scheme) in look {
            browser.look_as(*size, scheme).await;
            let found = check(&browser).await;
            if !found.is_empty() {
                complaints.insert(format!("{name}, {} {scheme}", size.0), found);
            }
        }
    }
    browser.end().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_reached_by_tab_with_a_name_and_a_visible_focus() {
    let looks = [(WIDE, "light"), (PHONE, "dark")];
    each_page(&looks, async |browser| {
        browser.audit("open('.facts-more')").await;
        browser.walk().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_sticks_out_of_a_phone_or_is_too_small_for_a_finger() {
    let looks = [(PHONE, "light"), (PHONE, "dark")];
    each_page(&looks, async |browser| {
        let mut found = browser.audit("targets()").await;
        browser.audit("open('details')").await;
        found.extend(browser.audit("overflow()").await);
        found
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_text_stands_out_from_what_is_behind_it() {
    let looks = [(WIDE, "light"), (WIDE, "dark"), (PHONE, "dark")];
    each_page(&looks, async |browser| {
        browser.audit("open('details')").await;
        browser.audit("contrast()").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_an_order_of_headings_and_a_title_of_their_own() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    let gallery = Gallery::hang(&server).await;
    browser.log_in(&server, "/").await;
    let mut titles: BTreeMap<String, &str> = BTreeMap::new();
    for (name, path) in &gallery.pages {
        browser.go(&server, path).await;
        let found = browser.audit("structure()").await;
        assert!(found.is_empty(), "{name}: {found:#?}");
        let title = browser.driver.title().await.unwrap();
        let other = titles.insert(title.clone(), path);
        assert!(other.is_none(), "{path} and {other:?} are both {title}");
    }
    browser.end().await;
}

/// The question has the focus, keeps it, and gives it back to the button that asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_keeps_the_focus_until_it_is_put_away() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    browser.log_in(&server, "/projects/hello").await;
    browser.click(".facts-more > summary").await;
    browser.click(".confirm > summary").await;
    browser.has_focus("#confirm-name").await;
    for next in [
        "[name=leave_app]",
        ".danger",
        ".confirm > summary",
        "#confirm-name",
    ] {
        browser.tab().await;
        browser.has_focus(next).await;
    }
    browser.press("Escape", 27).await;
    browser.has_focus(".confirm:not([open]) > summary").await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_one_stop_and_arrows_lead_through_its_lines() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    let (scene, _build) = building(&server, "Change the page").await;
    browser.go(&server, &scene.page()).await;
    browser.sees(".lines", "Uploading").await;
    browser
        .run("document.querySelector('.lines').focus()")
        .await;
    for (key, code, focused) in [
        ("Enter", 13, "#L1 a"),
        ("ArrowDown", 40, "#L2 a"),
        ("End", 35, "#L14 a"),
        ("ArrowUp", 38, "#L13 a"),
        ("Escape", 27, ".lines"),
    ] {
        browser.press(key, code).await;
        browser.has_focus(focused).await;
    }
    browser.end().await;
}

/// As a screen reader is told it, which sees no colour turn.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_is_told() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    let (scene, build) = building(&server, "Change the page").await;
    browser.go(&server, &scene.page()).await;
    browser.sees(".lines", "Uploading").await;
    let told = "return document.querySelector('[role=status]#told').textContent";
    assert_eq!(browser.run(told).await, "");
    let reason = "no such file `dist/server`";
    let failed = RunOutcome::Failed {
        reason: reason.to_owned(),
    };
    scene.end(build, failed).await;
    scene.finish(Status::Failed, Some(reason)).await;
    let expected = format!("Execution 1 failed: {reason}");
    eventually_async("the change to be told", || async {
        (browser.run(told).await == expected).then_some(())
    })
    .await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_drawn_anew_leaves_the_focus_where_it_was() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    server.create_project("hello").await;
    let _first = Scene::start(&server, "Paint it blue").await;
    browser.go(&server, "/projects/hello").await;
    browser.sees(".executions", "#1 Paint it blue").await;
    for (focused, title) in [("#a1", "Paint it green"), (".copy", "Paint it red")] {
        let focus = format!("document.querySelector('#live {focused}').focus()");
        browser.run(&focus).await;
        let _next = Scene::start(&server, title).await;
        browser.sees(".executions", title).await;
        browser.has_focus(&format!("#live {focused}")).await;
    }
    browser.end().await;
}
