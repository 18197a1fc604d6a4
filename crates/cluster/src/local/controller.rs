use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use towpath_model::{ProjectName, Timestamp};
use towpath_store::{Store, StoreError};

use super::addresses::{self, Addresses};
use super::names;
use super::net::{ClusterNetworkError, ServiceEntry};
use super::pods::{Identity, Machine, Pod, now};
use super::replica_sets::ReplicaSets;
use super::services;
use super::snapshot::{self, Snapshot};
use super::start_network;
use super::wanted::{Key, Wanted};
use crate::rollout::{Action, Counts, Desired, ObservedPod, Progress, plan};
use crate::status::{AppStatus, Health};

/// Without being told, it looks again after so long.
const TICK: Duration = Duration::from_secs(5);
/// After an error of the store.
const RETRY: Duration = Duration::from_secs(1);

/// Told from outside.
pub(super) struct Calls {
    pub(super) notify: Arc<Notify>,
    /// The rows have changed.
    pub(super) reload: AtomicBool,
    pub(super) shut_down: AtomicBool,
}

/// The loop that makes pods and Services as the rows say.
pub(super) struct Controller {
    store: Store,
    machine: Arc<Machine>,
    calls: Arc<Calls>,
    published: watch::Sender<Arc<Snapshot>>,
    wanted: Wanted,
    sets: ReplicaSets,
    addresses: Addresses,
    progress: BTreeMap<Key, Progress>,
    pods: Vec<Pod>,
    entries: Vec<ServiceEntry>,
    network_errors: Vec<ClusterNetworkError>,
}

impl Controller {
    pub(super) async fn new(
        store: Store,
        machine: Arc<Machine>,
        calls: Arc<Calls>,
        published: watch::Sender<Arc<Snapshot>>,
    ) -> Result<Self, StoreError> {
        let controller = Self {
            sets: ReplicaSets::load(&store).await?,
            addresses: Addresses::load(&store).await?,
            wanted: Wanted::load(&store).await?,
            progress: BTreeMap::new(),
            pods: Vec::new(),
            entries: Vec::new(),
            network_errors: Vec::new(),
            store,
            machine,
            calls,
            published,
        };
        // What is in use must be known before anything runs, lest it is collected.
        controller
            .published
            .send_replace(Arc::new(controller.at_rest()));
        Ok(controller)
    }

    pub(super) async fn run(mut self) {
        while !self.calls.shut_down.load(Ordering::Acquire) {
            let wait = match self.pass().await {
                Ok(next) => next.map_or(TICK, |next| next.since(now())).min(TICK),
                Err(error) => {
                    tracing::error!(%error, "the local cluster cannot read its rows");
                    self.calls.reload.store(true, Ordering::Release);
                    RETRY
                }
            };
            tokio::select! {
                () = self.calls.notify.notified() => {}
                () = sleep(wait) => {}
                () = self.machine.network.ended() => self.start_network_again().await,
            }
        }
        self.stop_all().await;
    }

    /// The helper that held the network has ended, and no pod can be reached: all of them start again.
    async fn start_network_again(&mut self) {
        tracing::error!("the network helper has ended: the network and all pods start again");
        let network = match start_network(&self.machine.host).await {
            Ok(network) => network,
            Err(error) => {
                tracing::error!(%error, "the network cannot be started again");
                return sleep(RETRY).await;
            }
        };
        self.pods.iter_mut().for_each(Pod::leave);
        // Frees the ports on the machine.
        self.machine.network.update(&[]).await;
        self.entries.clear();
        self.progress.clear();
        self.machine = Arc::new(self.machine.with(network));
    }

    /// Does one step everywhere; gives when the next is due if nothing happens before.
    async fn pass(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.reload().await?;
        self.pods.retain(|pod| !pod.is_gone());
        self.pods.iter_mut().for_each(Pod::look);
        self.end_strays().await?;
        let deployments: Vec<Key> = self.wanted.deployments.keys().cloned().collect();
        for key in &deployments {
            self.step(key).await?;
        }
        self.update_services().await?;
        // Only now: they have left their Services.
        self.pods
            .iter()
            .filter(|pod| pod.seen.stopping)
            .for_each(Pod::stop);
        Ok(self.publish())
    }

    async fn reload(&mut self) -> Result<(), StoreError> {
        if !self.calls.reload.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        self.wanted = Wanted::load(&self.store).await?;
        let configs = Arc::new(std::mem::take(&mut self.wanted.configs));
        self.machine.configs.send_if_modified(|old| {
            let changed = **old != *configs;
            *old = configs;
            changed
        });
        Ok(())
    }

    /// Pods and replica sets of deployments that are no more.
    async fn end_strays(&mut self) -> Result<(), StoreError> {
        let wanted = &self.wanted.deployments;
        self.pods
            .iter_mut()
            .filter(|pod| !wanted.contains_key(&key_of(pod)))
            .for_each(Pod::leave);
        for key in self.sets.deployments() {
            if !wanted.contains_key(&key) {
                for set in self.sets.of(&key) {
                    self.sets.forget(&self.store, &key, &set.hash).await?;
                }
            }
        }
        self.progress.retain(|key, _| wanted.contains_key(key));
        Ok(())
    }

    /// Takes one deployment a step further.
    async fn step(&mut self, key: &Key) -> Result<(), StoreError> {
        let Some(deployment) = self.wanted.deployments.get(key) else {
            return Ok(());
        };
        let desired = Desired::new(&deployment.value);
        let template = deployment.value.raw_template.clone();
        for action in plan(&desired, &self.sets.of(key), &self.observed(key), now()) {
            match action {
                Action::Scale(set) => self.sets.put(&self.store, key, set, &template).await?,
                Action::Forget(hash) => self.sets.forget(&self.store, key, &hash).await?,
                Action::Create(hash) => self.create(key, hash),
                Action::Delete(name) => self.leave(&name),
            }
        }
        Ok(())
    }

    fn create(&mut self, key: &Key, hash: crate::rollout::TemplateHash) {
        let Some(mut template) = self.sets.template(key, &hash) else {
            return;
        };
        template
            .labels
            .insert("pod-template-hash".to_owned(), hash.0.clone());
        let identity = Identity {
            namespace: key.0.clone(),
            deployment: key.1.clone(),
            name: names::pod(&key.1, &hash),
            uid: names::uid(),
            hash,
            created_at: now(),
        };
        self.pods
            .push(Pod::start(self.machine.clone(), identity, template));
    }

    fn leave(&mut self, name: &str) {
        let named = |pod: &&mut Pod| pod.context.identity.name == name;
        self.pods.iter_mut().filter(named).for_each(Pod::leave);
    }

    fn of_deployment<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Pod> {
        self.pods.iter().filter(move |pod| key_of(pod) == *key)
    }

    fn observed(&self, key: &Key) -> Vec<ObservedPod> {
        self.of_deployment(key).map(Pod::observed).collect()
    }

    async fn update_services(&mut self) -> Result<(), StoreError> {
        let wanted = self.wanted.services.iter();
        let services: addresses::Services =
            wanted.map(|(key, owned)| (key, &owned.value)).collect();
        if self.addresses.release(&self.store, &services).await? {
            // What is given up can be given to another when nobody listens there any more.
            let entries = entries(&services, &self.pods, &self.addresses);
            self.network_errors = self.machine.network.update(&entries).await;
            self.entries = entries;
        }
        self.addresses.provide(&self.store, &services).await?;
        let entries = entries(&services, &self.pods, &self.addresses);
        if entries != self.entries || !self.network_errors.is_empty() {
            self.network_errors = self.machine.network.update(&entries).await;
            self.entries = entries;
        }
        Ok(())
    }

    /// Tells what there is now.
    fn publish(&mut self) -> Option<Timestamp> {
        let (now, mut next) = (now(), Vec::new());
        let mut apps: BTreeMap<ProjectName, AppStatus> =
            self.wanted.applies.iter().map(empty_app).collect();
        let deployments: Vec<Key> = self.wanted.deployments.keys().cloned().collect();
        for key in &deployments {
            self.publish_deployment(key, now, &mut apps, &mut next);
        }
        self.publish_rest(&mut apps);
        let snapshot = Snapshot {
            logs: self.pods.iter().flat_map(logs).collect(),
            apps,
            ..self.at_rest()
        };
        self.published.send_if_modified(|old| {
            let changed = !old.tells_the_same(&snapshot);
            *old = Arc::new(snapshot);
            changed
        });
        next.into_iter().min()
    }

    /// What is in use even when nothing runs.
    fn at_rest(&self) -> Snapshot {
        let images = self.wanted.images.iter().cloned();
        Snapshot {
            layers: self
                .pods
                .iter()
                .flat_map(|pod| pod.context.layers())
                .collect(),
            images: images.chain(self.sets.images()).collect(),
            network_helper: self.machine.network.helper_id(),
            ..Snapshot::default()
        }
    }

    fn publish_deployment(
        &mut self,
        key: &Key,
        now: Timestamp,
        apps: &mut BTreeMap<ProjectName, AppStatus>,
        next: &mut Vec<Timestamp>,
    ) {
        let Some(deployment) = self.wanted.deployments.get(key) else {
            return;
        };
        let (desired, observed) = (Desired::new(&deployment.value), self.observed(key));
        let counts = Counts::of(&desired, &observed, now);
        let mut progress = self
            .progress
            .remove(key)
            .unwrap_or_else(|| Progress::new(now));
        progress.observe(&desired, counts, &self.sets.of(key), now);
        next.extend(desired.next_change(&observed, now));
        next.extend(
            progress
                .deadline_at(deployment.value.progress_deadline)
                .filter(|at| *at > now),
        );
        let pods: Vec<&Pod> = self.of_deployment(key).collect();
        let status = snapshot::deployment_status(
            key,
            &desired,
            &deployment.value,
            &counts,
            &progress,
            &pods,
            now,
        );
        if let Some(app) = apps.get_mut(&deployment.project) {
            app.deployments.push(status);
            app.pods
                .extend(pods.iter().map(|pod| snapshot::pod_status(pod)));
        }
        self.progress.insert(key.clone(), progress);
    }

    fn publish_rest(&self, apps: &mut BTreeMap<ProjectName, AppStatus>) {
        for not_run in &self.wanted.not_run {
            if let Some(app) = apps.get_mut(&not_run.project) {
                app.not_run.push(not_run.value.clone());
            }
        }
        let mut errors: BTreeMap<&ProjectName, Vec<String>> = BTreeMap::new();
        for entry in &self.entries {
            let key = (entry.key.namespace.clone(), entry.key.name.clone());
            let Some(service) = self.wanted.services.get(&key) else {
                continue;
            };
            let of_service = self
                .network_errors
                .iter()
                .filter(|error| is_about(error, entry));
            errors
                .entry(&service.project)
                .or_default()
                .extend(of_service.map(ToString::to_string));
            if let Some(app) = apps.get_mut(&service.project) {
                app.services.push(snapshot::service_status(entry));
            }
        }
        for (project, app) in apps {
            snapshot::summarize(app, errors.get(project).map_or(&[], Vec::as_slice));
        }
    }

    /// Ends all pods in order and waits for it. The rows stay.
    async fn stop_all(&mut self) {
        self.pods.iter_mut().for_each(Pod::leave);
        self.machine.network.update(&[]).await;
        self.pods.iter().for_each(Pod::stop);
        while !self.pods.is_empty() {
            tokio::select! {
                () = self.calls.notify.notified() => {}
                () = sleep(TICK) => {}
            }
            self.pods.retain(|pod| !pod.is_gone());
        }
        self.published.send_replace(Arc::new(self.at_rest()));
    }
}

fn entries(
    services: &addresses::Services,
    pods: &[Pod],
    addresses: &Addresses,
) -> Vec<ServiceEntry> {
    let entry = |(key, service): (&&Key, &&_)| services::entry(key, service, pods, addresses);
    services.iter().filter_map(entry).collect()
}

fn key_of(pod: &Pod) -> Key {
    let identity = &pod.context.identity;
    (identity.namespace.clone(), identity.deployment.clone())
}

fn logs(pod: &Pod) -> Vec<((Key, String), Arc<super::pods::LogRing>)> {
    let identity = &pod.context.identity;
    let pod_key = (identity.namespace.clone(), identity.name.clone());
    let logs = pod.context.logs.iter();
    logs.map(|(container, log)| ((pod_key.clone(), container.clone()), log.clone()))
        .collect()
}

fn is_about(error: &ClusterNetworkError, entry: &ServiceEntry) -> bool {
    match error {
        ClusterNetworkError::HostPort { service, .. }
        | ClusterNetworkError::Service { service, .. } => *service == entry.key,
        ClusterNetworkError::Network(_)
        | ClusterNetworkError::Helper(_)
        | ClusterNetworkError::NoAddress => true,
    }
}

fn empty_app((project, release): (&ProjectName, &i64)) -> (ProjectName, AppStatus) {
    let app = AppStatus {
        project: project.clone(),
        release: *release,
        health: Health::Healthy,
        reason: None,
        deployments: Vec::new(),
        pods: Vec::new(),
        services: Vec::new(),
        ingresses: Vec::new(),
        not_run: Vec::new(),
    };
    (project.clone(), app)
}
