package kubelet

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	v1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
)

func (kubelet *kubelet) reconcilePod(ctx context.Context, namespace, name string) (time.Duration, error) {
	pod, err := kubelet.pods.Pods(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		kubelet.forget(namespace+"/"+name, "")
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	kubelet.forget(namespace+"/"+name, pod.UID)
	if pod.Spec.NodeName == "" {
		return kubelet.schedule(ctx, pod)
	}
	node, err := kubelet.nodes.Get(pod.Spec.NodeName)
	if apierrors.IsNotFound(err) {
		// Just made, or of nobody: then the controller manager collects the pod.
		return time.Second, nil
	}
	switch {
	case err != nil:
		return 0, err
	case !isPlayed(node):
		return 0, nil
	case isLost(node):
		return kubelet.outlive(ctx, pod)
	case pod.DeletionTimestamp != nil:
		return 0, kubelet.end(ctx, pod)
	case isFinished(pod):
		return 0, nil
	default:
		return kubelet.behave(ctx, pod, node)
	}
}

func (kubelet *kubelet) behave(ctx context.Context, pod *v1.Pod, node *v1.Node) (time.Duration, error) {
	defaults := kubelet.defaultsOf(pod)
	how, invalid := behaviourOf(pod, defaults)
	delay, invalidDelay := delayOf(pod, defaults)
	if err := errors.Join(invalid, invalidDelay); err != nil {
		kubelet.events.Event(pod, v1.EventTypeWarning, "InvalidBehaviour", err.Error())
		return 0, nil
	}
	if left := time.Until(pod.CreationTimestamp.Add(delay)); delay > 0 && left > 0 {
		return left, nil
	}
	if pulled, again, err := kubelet.ensurePulled(ctx, pod, defaults); !pulled {
		return again, err
	}
	switch {
	case how.kind == process:
		return 0, kubelet.ensureRunner(ctx, pod)
	case how.kind == nodeLost && pod.Status.Phase == v1.PodPending:
		return 0, kubelet.report(ctx, pod, played(pod, behaviour{kind: ready}, metav1.Now()))
	case how.kind == nodeLost:
		return 0, kubelet.lose(ctx, pod, node)
	default:
		return 0, kubelet.playBehaviour(ctx, pod, how)
	}
}

func (kubelet *kubelet) playBehaviour(ctx context.Context, pod *v1.Pod, how behaviour) error {
	status := played(pod, how, metav1.Now())
	if apiequality.Semantic.DeepEqual(pod.Status, status) {
		return nil
	}
	if err := kubelet.report(ctx, pod, status); err != nil {
		return err
	}
	for _, event := range eventsOf(pod, how) {
		kubelet.events.Event(pod, event.kind, event.reason, event.message)
	}
	return nil
}

// report never changes another pod of the same name: the uid is a precondition. Lists are replaced as a whole.
func (kubelet *kubelet) report(ctx context.Context, pod *v1.Pod, status v1.PodStatus) error {
	status.ObservedGeneration = pod.Generation
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.UID},
		"status":   status,
	})
	if err != nil {
		return err
	}
	_, err = kubelet.client.CoreV1().Pods(pod.Namespace).
		Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// end lets the pod's processes end, in their grace period, and then the object.
func (kubelet *kubelet) end(ctx context.Context, pod *v1.Pod) error {
	key := pod.Namespace + "/" + pod.Name
	if runner := kubelet.runner(key); runner != nil {
		runner.stop(graceOf(pod))
		if !runner.ended() {
			// It asks for this pod again when it has ended.
			return nil
		}
		kubelet.forget(key, "")
	}
	return kubelet.remove(ctx, pod)
}

func (kubelet *kubelet) remove(ctx context.Context, pod *v1.Pod) error {
	options := metav1.NewDeleteOptions(0)
	options.Preconditions = metav1.NewUIDPreconditions(string(pod.UID))
	err := kubelet.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, *options)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func graceOf(pod *v1.Pod) time.Duration {
	if seconds := pod.DeletionGracePeriodSeconds; seconds != nil {
		return time.Duration(*seconds) * time.Second
	}
	return v1.DefaultTerminationGracePeriodSeconds * time.Second
}

// defaultsOf are the annotations of the pod's namespace.
func (kubelet *kubelet) defaultsOf(pod *v1.Pod) map[string]string {
	namespace, err := kubelet.namespaces.Get(pod.Namespace)
	if err != nil {
		return nil
	}
	return namespace.Annotations
}

func (kubelet *kubelet) podsIn(namespace string) []*v1.Pod {
	pods, err := kubelet.pods.Pods(namespace).List(labels.Everything())
	if err != nil {
		klog.ErrorS(err, "pods of a namespace", "namespace", namespace)
	}
	return pods
}

func isFinished(pod *v1.Pod) bool {
	return pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed
}
