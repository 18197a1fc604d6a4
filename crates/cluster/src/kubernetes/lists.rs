//! Lists that many look at within a moment are asked of the server once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use super::asking::Asking;
use super::failure::Failure;

/// How old a list may be. Every browser that watches a page looks again at the same moment.
const FRESH: Duration = Duration::from_secs(2);
/// A right that is missing is not asked for by every page.
const FORBIDDEN: Duration = Duration::from_secs(60);
const PAGE: usize = 500;

pub(super) type Items = Arc<[DynamicObject]>;

/// Which objects are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) resource: ApiResource,
    /// `None` is the whole cluster.
    pub(super) namespace: Option<String>,
    pub(super) labels: String,
    /// No more than so many are looked at.
    pub(super) most: usize,
}

/// The version of an API, a kind's plural, a namespace, labels.
type Key = (String, String, Option<String>, String);

#[derive(Default)]
pub(super) struct Lists(Mutex<BTreeMap<Key, Slot>>);

/// Whoever comes while a list is on its way waits for it.
type Slot = Arc<AsyncMutex<Option<Listed>>>;

struct Listed {
    asked_at: Instant,
    answer: Result<Items, Failure>,
}

impl Lists {
    /// At most [`FRESH`] old.
    pub(super) async fn get(&self, asking: &Asking, wanted: Wanted) -> Result<Items, Failure> {
        let slot = self.slot(&wanted);
        let mut listed = slot.lock().await;
        if let Some(known) = listed.as_ref().filter(|known| known.is_fresh()) {
            return known.answer.clone();
        }
        // Whoever was here before may have learnt that nobody answers.
        if let Some(why) = asking.silent() {
            return Err(Failure::Unreachable(why));
        }
        let asked_at = Instant::now();
        let answer = list(asking, &wanted).await;
        *listed = Some(Listed {
            asked_at,
            answer: answer.clone(),
        });
        answer
    }

    /// What is asked for from now on is asked of the server: something has changed.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn slot(&self, wanted: &Wanted) -> Slot {
        let mut slots = self.lock();
        slots.retain(|_, slot| is_of_use(slot));
        slots.entry(wanted.key()).or_default().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Slot>> {
        // A map is whole after every call on it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that is locked is being filled.
fn is_of_use(slot: &Slot) -> bool {
    let Ok(listed) = slot.try_lock() else {
        return true;
    };
    Arc::strong_count(slot) > 1 || listed.as_ref().is_some_and(Listed::is_fresh)
}

impl Listed {
    fn is_fresh(&self) -> bool {
        let limit = match self.answer {
            Err(Failure::Forbidden(_)) => FORBIDDEN,
            // How long a server that does not answer is left alone, others decide.
            Err(Failure::Unreachable(_)) => Duration::ZERO,
            _ => FRESH,
        };
        self.asked_at.elapsed() < limit
    }
}

impl Wanted {
    fn key(&self) -> Key {
        (
            self.resource.api_version.clone(),
            self.resource.plural.clone(),
            self.namespace.clone(),
            self.labels.clone(),
        )
    }

    fn api(&self, client: Client) -> Api<DynamicObject> {
        match &self.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &self.resource),
            None => Api::all_with(client, &self.resource),
        }
    }
}

async fn list(asking: &Asking, wanted: &Wanted) -> Result<Items, Failure> {
    let api = wanted.api(asking.client.clone());
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let limit = u32::try_from(PAGE.min(wanted.most)).unwrap_or(u32::MAX);
        let mut page = ListParams::default().labels(&wanted.labels).limit(limit);
        page.continue_token = next.take();
        let listed = asking.once(api.list(&page)).await?;
        all.extend(listed.items);
        next = listed.metadata.continue_.filter(|token| !token.is_empty());
        if next.is_none() || all.len() >= wanted.most {
            return Ok(all.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};

    use futures_util::future::join_all;
    use kube::client::Body;
    use serde_json::{Value, json};

    use super::*;
    use crate::kubernetes::kinds;

    /// Answers every request with the same, and counts.
    #[derive(Clone)]
    struct Server {
        asked: Arc<AtomicUsize>,
        status: u16,
        answer: Value,
    }

    impl tower::Service<http::Request<Body>> for Server {
        type Response = http::Response<Body>;
        type Error = std::io::Error;
        type Future = Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<Body>) -> Self::Future {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let answer = http::Response::builder().status(self.status);
            let body = Body::from(serde_json::to_vec(&self.answer).unwrap());
            ready(answer.body(body).map_err(std::io::Error::other))
        }
    }

    /// How many requests fifty looks make, and how many fifty more once something has changed.
    async fn requests(status: u16, answer: Value) -> (usize, usize) {
        let server = Server {
            asked: Arc::default(),
            status,
            answer,
        };
        let client = Client::new(server.clone(), "default");
        let asking = Asking::new(client, "test".parse().unwrap());
        let lists = Lists::default();
        let looks = || async {
            let wanted = || Wanted {
                resource: kinds::known("v1", "Pod", "pods"),
                namespace: None,
                labels: "a=b".to_owned(),
                most: 10,
            };
            let looks = (0..50).map(|_| lists.get(&asking, wanted()));
            let looked = join_all(looks).await;
            assert!(
                looked
                    .iter()
                    .all(|looked| looked.is_ok() == (status == 200))
            );
            server.asked.load(Ordering::Relaxed)
        };
        let first = looks().await;
        lists.forget();
        (first, looks().await)
    }

    #[tokio::test]
    async fn many_looks_are_one_request() {
        let pod = json!({"metadata": {"name": "a"}});
        let list = json!({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [pod]});
        assert_eq!(requests(200, list).await, (1, 2));
    }

    #[tokio::test]
    async fn a_refusal_is_one_request_too() {
        for (code, message) in [
            (401, "Unauthorized"),
            (
                403,
                "pods is forbidden: User \"x\" cannot list resource \"pods\" in API group \"\" at the cluster scope",
            ),
        ] {
            let status = json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
                "code": code, "reason": "", "message": message});
            assert_eq!(requests(code, status).await, (1, 2), "{code}");
        }
    }
}
