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
// end. What follows in the API (Ready=Unknown, taints, eviction) is the controller manager's work.
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
		if neighbour.Spec.NodeName == node.Name {
			kubelet.forget(neighbour.Namespace+"/"+neighbour.Name, "")
		}
	}
	return kubelet.markNode(ctx, node.Name, v1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status.")
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
