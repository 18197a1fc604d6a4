package kubelet

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// lose makes the pod's node one that is heard of no more: its processes are gone and nobody reports their
// end. That the node and its pods are marked is the controller manager's work, after 50 s of silence: here it
// is done at once. What follows, taints and eviction, the controller manager does.
func (kubelet *kubelet) lose(ctx context.Context, pod *v1.Pod, node *v1.Node) error {
	if _, own := node.Labels[ownLabel]; !own {
		kubelet.events.Event(pod, v1.EventTypeWarning, "InvalidBehaviour", fmt.Sprintf(
			"%s is shared by other tests: only a node of its own can be lost; give the pod or its namespace the annotation %s",
			node.Name, nodeAnnotation))
		return nil
	}
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:"true"}}}`, lostAnnotation)
	_, err := kubelet.client.CoreV1().Nodes().
		Patch(ctx, node.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	for _, neighbour := range kubelet.podsIn(metav1.NamespaceAll) {
		if neighbour.Spec.NodeName != node.Name || isFinished(neighbour) {
			continue
		}
		kubelet.forget(neighbour.Namespace+"/"+neighbour.Name, "")
		if err := kubelet.report(ctx, neighbour, unheardOf(neighbour, metav1.Now())); err != nil {
			return err
		}
	}
	return kubelet.markLost(ctx, node.Name)
}

func (kubelet *kubelet) markLost(ctx context.Context, node string) error {
	return kubelet.markNode(ctx, node, v1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status.")
}

// unheardOf: the containers are told as they were last seen, as the controller manager leaves them too.
func unheardOf(pod *v1.Pod, now metav1.Time) v1.PodStatus {
	status := *pod.Status.DeepCopy()
	status.Conditions = setCondition(status.Conditions, v1.PodCondition{
		Type: v1.PodReady, Status: v1.ConditionFalse, LastTransitionTime: now,
	})
	return status
}

// outlive: nobody ends a pod on a lost node, except that a test's namespace must go when the test is over.
func (kubelet *kubelet) outlive(ctx context.Context, pod *v1.Pod) (time.Duration, error) {
	if pod.DeletionTimestamp == nil {
		return 0, nil
	}
	namespace, err := kubelet.namespaces.Get(pod.Namespace)
	if err != nil {
		return 0, err
	}
	if namespace.DeletionTimestamp == nil {
		return time.Second, nil
	}
	return 0, kubelet.remove(ctx, pod)
}
