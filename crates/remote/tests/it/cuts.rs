//! A job goes on behind a cut: nothing is lost or doubled.

use towpath_model::workspace::{Exit, Selection, Workspace};
use towpath_testkit::workspace_suite::{run, sh};

use crate::endpoint::{Place, timing};
use crate::proxy::Proxy;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_goes_on_behind_cuts() {
    let place = Place::new(timing()).await;
    let lines = 400_000;
    let mut said = Vec::new();
    let proxy = place.proxy.clone();
    let mut output = |chunk: &[u8]| {
        said.extend_from_slice(chunk);
        if said.len() / 500_000 > proxy.connections() - 1 {
            cut_and_wait(&proxy);
        }
    };
    let script = format!("seq {lines}");
    let exit = place.workspace().exec(&sh(&script), &mut output).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    let expected: String = (1..=lines).map(|line| format!("{line}\n")).collect();
    assert!(String::from_utf8(said).unwrap() == expected);
    assert!(
        place.proxy.connections() > 3,
        "{}",
        place.proxy.connections()
    );
    place.close().await;
}

fn cut_and_wait(proxy: &Proxy) {
    let before = proxy.connections();
    proxy.cut();
    tokio::task::block_in_place(|| {
        towpath_testkit::eventually("the next call", || {
            (proxy.connections() > before).then_some(())
        });
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_silent_while_cut_off_is_not_run_twice() {
    let place = Place::new(timing()).await;
    let mark = place.outside().join("ran");
    let script = format!(
        "echo x >> {mark}; sleep 1; cat {mark}",
        mark = mark.display()
    );
    let cut = async {
        let mark = &mark;
        towpath_testkit::eventually_async("the command", async || mark.exists().then_some(()))
            .await;
        place.proxy.cut();
    };
    let command = sh(&script);
    let ((said, exit), ()) = tokio::join!(run(place.workspace(), &command), cut);
    assert_eq!((said.as_str(), exit), ("x\n", Exit::Code(0)));
    assert_eq!(place.proxy.connections(), 2);
    place.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_arrive_whole_through_cuts() {
    let place = Place::new(timing()).await;
    let script = "mkdir out; head -c 20000000 /dev/urandom > out/big; sha256sum < out/big";
    let (sum, _) = run(place.workspace(), &sh(script)).await;
    let selection = Selection {
        files: vec!["out/**".into()],
        ..Selection::default()
    };
    let archive = place.outside().join("out.zip");
    let proxy = place.proxy.clone();
    let cutting = tokio::spawn(async move {
        for cuts in 1..=10 {
            proxy.cut();
            let called = async || (proxy.connections() > cuts).then_some(());
            towpath_testkit::eventually_async("the next call", called).await;
        }
    });
    place.workspace().pack(&selection, &archive).await.unwrap();
    run(place.workspace(), &sh("rm -r out")).await;
    place.workspace().unpack(&archive).await.unwrap();
    cutting.await.unwrap();
    let (again, _) = run(place.workspace(), &sh("sha256sum < out/big")).await;
    assert_eq!(again, sum);
    place.close().await;
}

/// What is printed waits in the command's pipe, not in somebody's memory: the command is never far ahead of
/// whoever reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_slows_the_command_down() {
    let place = Place::new(timing()).await;
    let mark = place.outside().join("printed");
    let script = format!("head -c 8000000 /dev/zero; touch {}", mark.display());
    let mut printed = 0;
    let mut early = false;
    let mut output = |chunk: &[u8]| {
        printed += chunk.len();
        early |= printed < 4_000_000 && mark.exists();
    };
    let exit = place.workspace().exec(&sh(&script), &mut output).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert!(!early, "all was printed before half of it was read");
    assert_eq!(printed, 8_000_000);
    place.close().await;
}
