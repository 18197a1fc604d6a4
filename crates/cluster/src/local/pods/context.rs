use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::{Notify, watch};
use towpath_model::{Digest, Namespace, Timestamp};
use towpath_oci::{Images, LayerStore};
use towpath_sandbox::Host;

use super::log_ring::LogRing;
use super::worker;
use crate::local::net::ClusterNetwork;
use crate::pod::{Configs, ContainerRun, PodState};
use crate::rollout::{ObservedPod, TemplateHash};
use crate::spec::{Container, PodTemplate};

/// What all pods of a cluster stand on.
pub(in crate::local) struct Machine {
    pub(in crate::local) host: Host,
    pub(in crate::local) network: ClusterNetwork,
    pub(in crate::local) images: Images,
    pub(in crate::local) layers: LayerStore,
    /// One folder a pod.
    pub(in crate::local) folder: PathBuf,
    /// Told whenever a pod changes.
    pub(in crate::local) changed: Arc<Notify>,
    pub(in crate::local) configs: watch::Sender<Arc<Configs>>,
}

impl Machine {
    /// The same with another network, for the pods to come.
    pub(in crate::local) fn with(&self, network: ClusterNetwork) -> Self {
        Self {
            network,
            host: self.host.clone(),
            images: self.images.clone(),
            layers: self.layers.clone(),
            folder: self.folder.clone(),
            changed: self.changed.clone(),
            configs: watch::Sender::new(self.configs.borrow().clone()),
        }
    }
}

pub(in crate::local) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// Who a pod is.
#[derive(Clone, Debug)]
pub(in crate::local) struct Identity {
    pub(in crate::local) namespace: Namespace,
    pub(in crate::local) deployment: String,
    pub(in crate::local) name: String,
    pub(in crate::local) uid: String,
    pub(in crate::local) hash: TemplateHash,
    pub(in crate::local) created_at: Timestamp,
}

/// A pod that runs, seen from outside. Dropping it kills what is left of it.
pub(in crate::local) struct Pod {
    pub(in crate::local) context: Arc<PodContext>,
    /// As it was at the last look: one pass of the cluster decides everything by the same state.
    pub(in crate::local) seen: PodState,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

/// A pod, seen from its own task.
pub(in crate::local) struct PodContext {
    pub(in crate::local) machine: Arc<Machine>,
    pub(in crate::local) identity: Identity,
    pub(in crate::local) template: PodTemplate,
    pub(in crate::local) logs: BTreeMap<String, Arc<LogRing>>,
    state: Mutex<PodState>,
    /// Diff ids of the layers that it stands on.
    layers: Mutex<BTreeSet<Digest>>,
    stop: watch::Receiver<bool>,
}

impl Pod {
    pub(in crate::local) fn start(
        machine: Arc<Machine>,
        identity: Identity,
        template: PodTemplate,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let context = Arc::new(PodContext::new(machine, identity, template, stopped));
        let task = tokio::spawn(worker::run(context.clone()));
        let seen = context.state().clone();
        Self {
            context,
            seen,
            stop,
            task,
        }
    }

    pub(in crate::local) fn look(&mut self) {
        self.seen = self.context.state().clone();
    }

    /// From now on it is not ready and counts as terminating. It runs on until [`Self::stop`].
    pub(in crate::local) fn leave(&mut self) {
        self.context.update(|state| state.stopping = true);
        self.look();
    }

    /// Ends it in order, when it has left its Services.
    pub(in crate::local) fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub(in crate::local) fn observed(&self) -> ObservedPod {
        let (identity, state) = (&self.context.identity, &self.seen);
        ObservedPod {
            name: identity.name.clone(),
            hash: identity.hash.clone(),
            created_at: identity.created_at,
            ready_since: state.ready_since,
            restarts: state.restarts(),
            terminating: state.stopping,
        }
    }

    /// A pod whose task has ended without a word is gone, too.
    pub(in crate::local) fn is_gone(&self) -> bool {
        self.task.is_finished() || self.context.state().gone
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl PodContext {
    fn new(
        machine: Arc<Machine>,
        identity: Identity,
        template: PodTemplate,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let runs = |containers: &[Container]| {
            let run = |container: &Container| ContainerRun::new(&container.name, &container.image);
            containers.iter().map(run).collect()
        };
        let spec = &template.spec;
        let state = PodState::new(runs(&spec.init_containers), runs(&spec.containers));
        let folder = machine.folder.join(&identity.name);
        let log = |container: &Container| {
            let name = container.name.clone();
            (
                name,
                Arc::new(LogRing::new(folder.join("logs").join(&container.name))),
            )
        };
        Self {
            logs: spec
                .init_containers
                .iter()
                .chain(&spec.containers)
                .map(log)
                .collect(),
            state: Mutex::new(state),
            layers: Mutex::default(),
            machine,
            identity,
            template,
            stop,
        }
    }

    pub(in crate::local) fn folder(&self) -> PathBuf {
        self.machine.folder.join(&self.identity.name)
    }

    /// A host name has at most 63 letters.
    pub(in crate::local) fn hostname(&self) -> &str {
        let name = self
            .template
            .spec
            .hostname
            .as_deref()
            .unwrap_or(&self.identity.name);
        let short = name.get(..63).unwrap_or(name);
        short.trim_end_matches(['-', '.'])
    }

    pub(in crate::local) fn configs(&self) -> Arc<Configs> {
        self.machine.configs.borrow().clone()
    }

    pub(in crate::local) fn state(&self) -> MutexGuard<'_, PodState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::local) fn layers(&self) -> BTreeSet<Digest> {
        self.layers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Says that these layers are not to be removed.
    pub(in crate::local) fn stands_on(&self, layers: impl Iterator<Item = Digest>) {
        self.layers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(layers);
    }

    /// Changes the state and tells the cluster, if anything changed.
    pub(in crate::local) fn update(&self, change: impl FnOnce(&mut PodState)) {
        let mut state = self.state();
        let before = state.clone();
        change(&mut state);
        state.settle(now());
        if *state != before {
            self.machine.changed.notify_one();
        }
    }

    pub(in crate::local) fn update_container(
        &self,
        name: &str,
        change: impl FnOnce(&mut ContainerRun),
    ) {
        self.update(|state| {
            let mut runs = state
                .init_containers
                .iter_mut()
                .chain(&mut state.containers);
            if let Some(run) = runs.find(|run| run.name == name) {
                change(run);
            }
        });
    }

    /// Comes back when the pod was told to end.
    pub(in crate::local) async fn stopped(&self) {
        // An error means that nobody holds the pod any more, which ends it as well.
        drop(self.stop.clone().wait_for(|stop| *stop).await);
    }

    pub(in crate::local) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Runs `work` unless the pod is told to end first.
    pub(in crate::local) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        tokio::select! {
            biased;
            () = self.stopped() => None,
            value = work => Some(value),
        }
    }
}
