use std::pin::pin;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::watch_object;
use serde_json::Value;
use tokio::time::{Instant, timeout};
use towpath_store::Secret;

use super::KubernetesCluster;
use super::failure::Failure;
use crate::build_pod::{self, BUILD, BuildPodSpec, INSTALLATION, PodEnd, PullSecret};
use crate::error::ClusterError;

/// A pod that is watched is looked at this often, too: a watch may end in silence.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// A node that comes up, an autoscaler, a large image: so long a pod may take to find a node.
const UNSCHEDULABLE: Duration = Duration::from_secs(10 * 60);

/// A build's pod. Nothing of it is left when [`BuildPod::delete`] is done; what a killed server leaves,
/// [`KubernetesCluster::delete_leftover_builds`] removes.
#[derive(Clone)]
pub struct BuildPod {
    cluster: KubernetesCluster,
    namespace: String,
    name: String,
}

impl KubernetesCluster {
    /// Creates a build's pod and the secret with its token, which goes with it.
    pub async fn start_build(
        &self,
        spec: &BuildPodSpec,
        token: &Secret,
    ) -> Result<BuildPod, ClusterError> {
        let pod = BuildPod {
            cluster: self.clone(),
            namespace: spec.namespace.to_string(),
            name: spec.name(),
        };
        pod.check_pull_secret(spec).await?;
        let made = pod.create(spec, token).await;
        if made.is_err() {
            pod.delete().await;
        }
        made.map(|()| pod)
    }

    /// Deletes the builds' pods that a server of this installation has left, in all namespaces; says how many.
    /// `is_wanted` tells by a pod's job whether it is one of this server's.
    pub async fn delete_leftover_builds(
        &self,
        is_wanted: impl Fn(&str) -> bool + Send,
    ) -> Result<usize, ClusterError> {
        let asking = &self.0.asking;
        let pods: Api<DynamicObject> = Api::all_with(asking.client.clone(), &resource("Pod"));
        let ours = format!("{BUILD},{INSTALLATION}={}", self.0.installation);
        let list = ListParams::default().labels(&ours);
        let found = asking
            .again(|| pods.list(&list))
            .await
            .map_err(|failure| asking.error("listing the pods of earlier builds", failure))?;
        let mut count = 0;
        for pod in found.items {
            let pod = BuildPod {
                cluster: self.clone(),
                namespace: pod.metadata.namespace.unwrap_or_default(),
                name: pod.metadata.name.unwrap_or_default(),
            };
            if !pod.job().is_some_and(&is_wanted) {
                pod.delete().await;
                count += 1;
            }
        }
        Ok(count)
    }

    fn build_api(&self, kind: &str, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.0.asking.client.clone(), namespace, &resource(kind))
    }
}

impl BuildPod {
    /// `namespace/name`, for people.
    pub fn name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The end of its name: see [`BuildPodSpec::name`].
    fn job(&self) -> Option<&str> {
        self.name.rsplit('-').next()
    }

    /// A kubelet only notes that a secret is missing, and then fails to pull without saying why.
    async fn check_pull_secret(&self, spec: &BuildPodSpec) -> Result<(), ClusterError> {
        let Some(PullSecret::Existing(name)) = &spec.pull_secret else {
            return Ok(());
        };
        let api = self.cluster.build_api("Secret", &self.namespace);
        let asking = &self.cluster.0.asking;
        match asking.again(|| api.get_metadata(name.as_str())).await {
            Err(Failure::NotFound) => Err(ClusterError::NotFound(format!(
                "secret {name} in namespace {} of cluster {}, with which the build's image is to be pulled; make it \
                 with `kubectl create secret docker-registry {name} --namespace {0}`",
                self.namespace,
                self.cluster.name()
            ))),
            Err(failure @ Failure::Unreachable(_)) => {
                Err(asking.error("looking for the pull secret", failure))
            }
            // Who may create secrets need not be allowed to read them.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn create(&self, spec: &BuildPodSpec, token: &Secret) -> Result<(), ClusterError> {
        let installation = &self.cluster.0.installation;
        let pod = build_pod::pod(spec, installation);
        let pod = match self.create_object("Pod", pod.clone()).await {
            Err(ClusterError::NotFound(_)) => {
                self.create_namespace().await?;
                self.create_object("Pod", pod).await?
            }
            made => made?,
        };
        let uid = pod.metadata.uid.unwrap_or_default();
        let secret = build_pod::secret(spec, installation, &uid, token)?;
        self.create_object("Secret", secret).await?;
        Ok(())
    }

    /// A project's first build comes before its first deployment.
    async fn create_namespace(&self) -> Result<(), ClusterError> {
        let asking = &self.cluster.0.asking;
        let api: Api<DynamicObject> = Api::all_with(asking.client.clone(), &resource("Namespace"));
        let namespace = DynamicObject::new(&self.namespace, &resource("Namespace"));
        let parameters = PostParams::default();
        match asking.once(api.create(&parameters, &namespace)).await {
            Ok(_) => Ok(()),
            // Somebody else was faster.
            Err(Failure::Refused(status)) if status.code == 409 => Ok(()),
            Err(failure) => {
                let doing = format!("creating namespace {}", self.namespace);
                Err(asking.error(&doing, failure))
            }
        }
    }

    async fn create_object(
        &self,
        kind: &str,
        object: Value,
    ) -> Result<DynamicObject, ClusterError> {
        let asking = &self.cluster.0.asking;
        let doing = format!("creating {kind} {}", self.name());
        let object: DynamicObject = serde_json::from_value(object)
            .map_err(|error| asking.error(&doing, Failure::Unreadable(error.to_string())))?;
        let api = self.cluster.build_api(kind, &self.namespace);
        let parameters = PostParams::default();
        asking
            .again(|| api.create(&parameters, &object))
            .await
            .map_err(|failure| match failure {
                Failure::NotFound => ClusterError::NotFound(format!(
                    "namespace {} in cluster {}",
                    self.namespace,
                    self.cluster.name()
                )),
                failure => asking.error(&doing, failure),
            })
    }

    /// Waits until the pod will do no more; says what it waits for when that takes long.
    pub async fn ended(&self, say: &mut (dyn FnMut(String) + Send)) -> PodEnd {
        let api = self.cluster.build_api("Pod", &self.namespace);
        let mut pods = pin!(
            watch_object(api, &self.name)
                .default_backoff()
                .chain(stream::pending())
        );
        let mut node = WaitForNode::default();
        loop {
            let pod = match timeout(LOOK_AGAIN, pods.next()).await {
                Ok(Some(Ok(pod))) => Ok(pod.and_then(|pod| serde_json::to_value(pod).ok())),
                // An account that may only get pods, and a server that cuts watches, are asked now and then.
                Ok(Some(Err(_)) | None) | Err(_) => self.look().await,
            };
            let end = match pod {
                Ok(None) => Some(PodEnd::Lost(format!("pod {} is gone", self.name()))),
                Ok(Some(pod)) => build_pod::end(&pod).or_else(|| node.looked(&pod, say)),
                // The worker has its own way to us; only it decides.
                Err(failure) => {
                    tracing::debug!(?failure, pod = %self.name(), "cannot look at it");
                    None
                }
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// The node that it is on, and what the cluster says of it when it is not heard of any more.
    pub async fn node(&self) -> Option<String> {
        let pod = self.look().await.ok()??;
        let name = pod["spec"]["nodeName"].as_str()?;
        let asking = &self.cluster.0.asking;
        let nodes: Api<DynamicObject> = Api::all_with(asking.client.clone(), &resource("Node"));
        // Few accounts may ask about nodes.
        let node = asking.once(nodes.get(name)).await.ok();
        let node = node.and_then(|node| serde_json::to_value(node).ok());
        Some(match node.as_ref().and_then(build_pod::silent_node) {
            Some(why) => format!("node {name} does not answer: {why}"),
            None => format!("it was on node {name}"),
        })
    }

    async fn look(&self) -> Result<Option<Value>, Failure> {
        let api = self.cluster.build_api("Pod", &self.namespace);
        let pod = self.cluster.0.asking.once(api.get_opt(&self.name)).await?;
        Ok(pod.and_then(|pod| serde_json::to_value(pod).ok()))
    }

    /// Deletes the pod, and its secret with it. What cannot be deleted now goes at the server's next start.
    pub async fn delete(&self) {
        let api = self.cluster.build_api("Pod", &self.namespace);
        let parameters = DeleteParams::background();
        let asking = &self.cluster.0.asking;
        match asking.again(|| api.delete(&self.name, &parameters)).await {
            Ok(_) | Err(Failure::NotFound) => {}
            Err(failure) => {
                let error = asking.error("deleting a build's pod", failure);
                tracing::error!(%error, pod = %self.name(), "a build's pod is left");
            }
        }
    }
}

/// A pod that has no node yet.
#[derive(Default)]
struct WaitForNode {
    since: Option<Instant>,
    said: String,
}

impl WaitForNode {
    /// Says why it has none when that changes, and when it was waited for long enough.
    fn looked(&mut self, pod: &Value, say: &mut (dyn FnMut(String) + Send)) -> Option<PodEnd> {
        let why = build_pod::unschedulable(pod)?;
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= UNSCHEDULABLE {
            return Some(PodEnd::Failed(format!("no node takes the pod: {why}")));
        }
        if why != self.said {
            say(format!("waiting for a node: {why}"));
            self.said = why;
        }
        None
    }
}

fn resource(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", kind))
}
