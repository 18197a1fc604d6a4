//! All pages, for people to look at.

use std::path::PathBuf;

use crate::browser::Browser;
use crate::fixture::Server;
use crate::gallery::Gallery;

/// Draws every page, to be looked at: `cargo test -p towpath-web --test it pictures -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "for people to look at"]
async fn pictures() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let server = Server::start().await;
    let gallery = Gallery::hang(&server).await;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    browser.log_in(&server, "/").await;
    let (wide, phone) = ((1440, 900), (390, 844));
    let looks = [
        ("light", wide, "light"),
        ("dark", wide, "dark"),
        ("phone", phone, "light"),
        ("phone-dark", phone, "dark"),
    ];
    for (name, path) in &gallery.pages {
        browser.go(&server, path).await;
        for (look, size, scheme) in looks {
            let file = folder.join(format!("{name}-{look}.png"));
            browser.look_as(size, scheme).await;
            browser.driver.screenshot(&file).await.unwrap();
        }
    }
    for (look, size, scheme) in looks {
        browser.go(&server, "/projects/hello").await;
        browser.look_as(size, scheme).await;
        browser.click(".facts-more > summary").await;
        browser.click(".confirm.up > summary").await;
        let file = folder.join(format!("delete-{look}.png"));
        browser.driver.screenshot(&file).await.unwrap();
    }
    println!("the pictures are in {}", folder.display());
    browser.end().await;
}
