use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How long [`eventually`] waits before the test fails.
const DEADLINE: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_millis(10);

/// Waits until `condition` gives a value. Panics, naming `what`, when it has not within a minute.
///
/// The only place in the tests where time passes by waiting.
#[track_caller]
pub fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < DEADLINE, "waited {DEADLINE:?} for {what}");
        std::thread::sleep(INTERVAL);
    }
}

/// [`eventually`] for what has to go away. Panics with what is left of it.
#[track_caller]
pub fn eventually_none<T: Debug>(what: &str, mut left: impl FnMut() -> Vec<T>) {
    let start = Instant::now();
    loop {
        let left = left();
        if left.is_empty() {
            return;
        }
        assert!(
            start.elapsed() < DEADLINE,
            "waited {DEADLINE:?} for {what} to go away; left is {left:#?}"
        );
        std::thread::sleep(INTERVAL);
    }
}

/// [`eventually`] for asynchronous conditions.
pub async fn eventually_async<T, F>(what: &str, condition: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    eventually_within(DEADLINE, what, condition).await
}

/// [`eventually_async`] for what takes its time by itself.
pub async fn eventually_within<T, F>(
    deadline: Duration,
    what: &str,
    mut condition: impl FnMut() -> F,
) -> T
where
    F: Future<Output = Option<T>>,
{
    let start = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(start.elapsed() < deadline, "waited {deadline:?} for {what}");
        tokio::time::sleep(INTERVAL).await;
    }
}
