//! One line a case: the object as YAML, and how it stands.

use super::{State, judge};
use State::{Current, Failed, InProgress};

#[track_caller]
fn check(head: &str, cases: &[(&str, State, &str)]) {
    for (yaml, state, message) in cases {
        let text = format!("{{{head}, {yaml}}}");
        let documents = towpath_yaml::parse("case.yaml", &text).unwrap();
        let judged = judge(&documents[0].root.to_json());
        assert_eq!(judged.state, *state, "{text}\n{judged:?}");
        assert!(judged.message.contains(message), "{text}\n{judged:?}");
    }
}

#[test]
fn deployments() {
    check(
        "apiVersion: apps/v1, kind: Deployment",
        &[
            ("spec: {replicas: 1}", InProgress, "not seen it"),
            (
                "metadata: {generation: 2}, status: {observedGeneration: 1}",
                InProgress,
                "newest version",
            ),
            (
                "spec: {replicas: 2}, status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1}",
                InProgress,
                "1/2 updated",
            ),
            (
                "spec: {replicas: 1}, status: {observedGeneration: 1, replicas: 2, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1}",
                InProgress,
                "1 old to end",
            ),
            (
                "spec: {replicas: 2}, status: {observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 1, readyReplicas: 2}",
                InProgress,
                "1/2 ready",
            ),
            (
                "spec: {replicas: 1, progressDeadlineSeconds: 600}, status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1, conditions: [{type: Available, status: 'True'}, {type: Progressing, status: 'True', reason: NewReplicaSetAvailable}]}",
                Current,
                "1/1 ready",
            ),
            (
                "spec: {replicas: 1, progressDeadlineSeconds: 600}, status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1, conditions: [{type: Available, status: 'True'}, {type: Progressing, status: 'True', reason: ReplicaSetUpdated}]}",
                InProgress,
                "long enough",
            ),
            (
                "spec: {replicas: 1}, status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1, conditions: [{type: Available, status: 'True'}]}",
                Current,
                "",
            ),
            (
                "spec: {replicas: 0}, status: {observedGeneration: 1, conditions: [{type: Available, status: 'True'}]}",
                Current,
                "0/0",
            ),
            (
                "spec: {replicas: 1}, status: {observedGeneration: 1, conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded}]}",
                Failed,
                "progressDeadlineSeconds",
            ),
            (
                "spec: {paused: true}, status: {observedGeneration: 1}",
                Current,
                "paused",
            ),
            (
                "metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}",
                InProgress,
                "being deleted",
            ),
        ],
    );
}

#[test]
fn stateful_sets() {
    check(
        "apiVersion: apps/v1, kind: StatefulSet",
        &[
            ("spec: {replicas: 1}", InProgress, "not seen"),
            (
                "spec: {replicas: 2}, status: {observedGeneration: 1, replicas: 2, readyReplicas: 1}",
                InProgress,
                "1/2 ready",
            ),
            (
                "spec: {replicas: 1}, status: {observedGeneration: 1, replicas: 2, readyReplicas: 2}",
                InProgress,
                "1 old to end",
            ),
            (
                "spec: {replicas: 2}, status: {observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 1}",
                InProgress,
                "1/2 updated",
            ),
            (
                "spec: {replicas: 2}, status: {observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 2, currentRevision: a, updateRevision: b}",
                InProgress,
                "old revision",
            ),
            (
                "spec: {replicas: 2}, status: {observedGeneration: 1, replicas: 2, readyReplicas: 2, updatedReplicas: 2, currentRevision: b, updateRevision: b}",
                Current,
                "2/2",
            ),
            (
                "spec: {replicas: 3, updateStrategy: {rollingUpdate: {partition: 2}}}, status: {observedGeneration: 1, replicas: 3, readyReplicas: 3, updatedReplicas: 1, currentRevision: a, updateRevision: b}",
                Current,
                "3/3",
            ),
            (
                "spec: {replicas: 1, updateStrategy: {type: OnDelete}}, status: {observedGeneration: 1, replicas: 1, readyReplicas: 0}",
                InProgress,
                "0/1",
            ),
            (
                "spec: {replicas: 1, updateStrategy: {type: OnDelete}}, status: {observedGeneration: 1, replicas: 1, readyReplicas: 1}",
                Current,
                "",
            ),
        ],
    );
}

#[test]
fn daemon_and_replica_sets() {
    check(
        "apiVersion: apps/v1, kind: DaemonSet",
        &[
            ("spec: {}", InProgress, "not seen"),
            (
                "status: {observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 1}",
                InProgress,
                "1/2 updated",
            ),
            (
                "status: {observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 2, currentNumberScheduled: 2, numberReady: 2, numberAvailable: 1}",
                InProgress,
                "1/2 ready",
            ),
            (
                "status: {observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 2, currentNumberScheduled: 2, numberReady: 2, numberAvailable: 2}",
                Current,
                "2/2",
            ),
            (
                "status: {observedGeneration: 1, desiredNumberScheduled: 0}",
                Current,
                "0/0",
            ),
        ],
    );
    check(
        "apiVersion: apps/v1, kind: ReplicaSet",
        &[
            (
                "spec: {replicas: 1}, status: {conditions: [{type: ReplicaFailure, status: 'True', message: exceeded quota}]}",
                InProgress,
                "exceeded quota",
            ),
            (
                "spec: {replicas: 1}, status: {replicas: 1, readyReplicas: 1, availableReplicas: 1}",
                Current,
                "1/1",
            ),
            (
                "spec: {replicas: 1}, status: {replicas: 1}",
                InProgress,
                "0/1",
            ),
        ],
    );
}

#[test]
fn jobs_are_waited_for_until_their_end() {
    check(
        "apiVersion: batch/v1, kind: Job",
        &[
            ("spec: {}", InProgress, "not started"),
            (
                "spec: {completions: 2}, status: {startTime: a, succeeded: 1}",
                InProgress,
                "1/2 succeeded",
            ),
            (
                "status: {conditions: [{type: Complete, status: 'True'}]}",
                Current,
                "complete",
            ),
            (
                "status: {conditions: [{type: Failed, status: 'True', message: Job has reached the specified backoff limit}]}",
                Failed,
                "backoff limit",
            ),
            (
                "status: {conditions: [{type: Suspended, status: 'True'}]}",
                Current,
                "suspended",
            ),
        ],
    );
}

#[test]
fn pods() {
    check(
        "apiVersion: v1, kind: Pod",
        &[
            ("spec: {}", InProgress, "nothing has happened"),
            (
                "status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 0/3 nodes are available}]}",
                InProgress,
                "0/3 nodes",
            ),
            (
                "status: {phase: Pending, containerStatuses: [{name: web, state: {waiting: {reason: ImagePullBackOff, message: Back-off pulling image a}}}]}",
                Failed,
                "container web: ImagePullBackOff: Back-off pulling image a",
            ),
            (
                "status: {phase: Running, containerStatuses: [{name: web, state: {waiting: {reason: CrashLoopBackOff}}}]}",
                Failed,
                "CrashLoopBackOff",
            ),
            (
                "status: {phase: Pending, containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]}",
                InProgress,
                "pending",
            ),
            (
                "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}",
                Current,
                "ready",
            ),
            (
                "status: {phase: Running, conditions: [{type: Ready, status: 'False'}]}",
                InProgress,
                "not ready",
            ),
            (
                "spec: {restartPolicy: Never}, status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}",
                InProgress,
                "not ended",
            ),
            ("status: {phase: Succeeded}", Current, "succeeded"),
            (
                "status: {phase: Failed, containerStatuses: [{name: web, state: {terminated: {exitCode: 3}}}]}",
                Failed,
                "exit code 3",
            ),
            (
                "status: {phase: Failed, message: The node was low on memory}",
                Failed,
                "low on memory",
            ),
        ],
    );
}

#[test]
fn the_others() {
    check(
        "apiVersion: v1, kind: Service",
        &[
            ("spec: {type: ClusterIP}", Current, ""),
            (
                "spec: {type: LoadBalancer, clusterIP: 10.0.0.1}",
                InProgress,
                "no address",
            ),
            (
                "spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}",
                Current,
                "",
            ),
        ],
    );
    check(
        "apiVersion: v1, kind: PersistentVolumeClaim",
        &[
            ("status: {phase: Pending}", InProgress, "not bound"),
            ("status: {phase: Bound}", Current, ""),
            ("status: {phase: Lost}", Failed, "lost"),
        ],
    );
    check(
        "apiVersion: networking.k8s.io/v1, kind: Ingress",
        &[
            ("spec: {}", InProgress, "no address"),
            (
                "status: {loadBalancer: {ingress: [{hostname: a}]}}",
                Current,
                "",
            ),
        ],
    );
    check(
        "apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition",
        &[
            ("spec: {}", InProgress, "being established"),
            (
                "status: {conditions: [{type: Established, status: 'False', reason: Installing}]}",
                InProgress,
                "",
            ),
            (
                "status: {conditions: [{type: NamesAccepted, status: 'False', message: taken}]}",
                Failed,
                "taken",
            ),
            (
                "status: {conditions: [{type: NamesAccepted, status: 'True'}, {type: Established, status: 'True'}]}",
                Current,
                "",
            ),
        ],
    );
    check(
        "apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler",
        &[
            ("spec: {}", InProgress, "not scaled"),
            (
                "status: {conditions: [{type: AbleToScale, status: 'True', reason: SucceededGetScale}, {type: ScalingActive, status: 'False', reason: FailedGetResourceMetric, message: no metrics}]}",
                InProgress,
                "no metrics",
            ),
            (
                "status: {conditions: [{type: AbleToScale, status: 'False', reason: FailedGetScale, message: not found}]}",
                Failed,
                "not found",
            ),
            (
                "status: {conditions: [{type: ScalingActive, status: 'True', reason: ValidMetricFound}]}",
                Current,
                "",
            ),
        ],
    );
    check(
        "apiVersion: example.com/v1, kind: Boat",
        &[
            ("spec: {}", Current, ""),
            (
                "status: {conditions: [{type: Ready, status: 'False', message: sinking}]}",
                InProgress,
                "sinking",
            ),
            (
                "status: {conditions: [{type: Ready, status: 'True'}]}",
                Current,
                "",
            ),
            (
                "status: {conditions: [{type: Stalled, status: 'True', message: no water}]}",
                Failed,
                "no water",
            ),
            (
                "status: {conditions: [{type: Reconciling, status: 'True', message: filling}, {type: Ready, status: 'True'}]}",
                InProgress,
                "filling",
            ),
        ],
    );
    check(
        "apiVersion: v1, kind: ConfigMap",
        &[("data: {a: b}", Current, "there")],
    );
}
