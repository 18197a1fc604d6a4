package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	coordination "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

const (
	playedLabel = "kube.test/played"
	// ownLabel is on the nodes that were made for a pod; as a taint it keeps others' DaemonSets away.
	ownLabel       = "kube.test/own"
	lostAnnotation = "kube.test/lost"

	heartbeat     = 10 * time.Second
	leaseDuration = 40
	// idle is how long a node that was made for a pod may be without one: the pod is bound only afterwards.
	idle = 10 * time.Second
)

var sharedNodes = []string{"node-1", "node-2"}

func (kubelet *kubelet) registerNodes(ctx context.Context) error {
	for _, name := range sharedNodes {
		if err := kubelet.register(ctx, name, nil); err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
	}
	return nil
}

// register makes the node if it is not there, and marks it ready.
func (kubelet *kubelet) register(ctx context.Context, name string, own *v1.Taint) error {
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		playedLabel:                "true",
		v1.LabelHostname:           name,
		v1.LabelOSStable:           "linux",
		v1.LabelArchStable:         "amd64",
		v1.LabelTopologyZone:       "zone-" + name,
		v1.LabelInstanceTypeStable: "played",
	}}}
	if own != nil {
		node.Labels[ownLabel] = own.Value
		node.Spec.Taints = []v1.Taint{*own}
	}
	_, err := kubelet.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	if err := kubelet.markNode(ctx, name, v1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"); err != nil {
		return err
	}
	return kubelet.renewLease(ctx, name)
}

func (kubelet *kubelet) markNode(
	ctx context.Context, name string, isReady v1.ConditionStatus, reason, message string,
) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		node, err := kubelet.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		kubelet.fillNodeStatus(&node.Status)
		setNodeCondition(&node.Status, v1.NodeCondition{
			Type: v1.NodeReady, Status: isReady, Reason: reason, Message: message,
		})
		_, err = kubelet.client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
		return err
	})
}

func (kubelet *kubelet) fillNodeStatus(status *v1.NodeStatus) {
	status.Addresses = []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: nodeAddress}}
	status.DaemonEndpoints.KubeletEndpoint.Port = kubelet.logsPort
	status.Capacity = v1.ResourceList{
		v1.ResourceCPU:              resource.MustParse("64"),
		v1.ResourceMemory:           resource.MustParse("256Gi"),
		v1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		v1.ResourcePods:             resource.MustParse("10000"),
	}
	status.Allocatable = status.Capacity
	status.NodeInfo.KubeletVersion = "v1.35.4-played"
	status.NodeInfo.OperatingSystem, status.NodeInfo.Architecture = "linux", "amd64"
	status.NodeInfo.ContainerRuntimeVersion = "played://1"
}

func setNodeCondition(status *v1.NodeStatus, condition v1.NodeCondition) {
	now := metav1.Now()
	condition.LastHeartbeatTime, condition.LastTransitionTime = now, now
	for i := range status.Conditions {
		if status.Conditions[i].Type != condition.Type {
			continue
		}
		if status.Conditions[i].Status == condition.Status {
			condition.LastTransitionTime = status.Conditions[i].LastTransitionTime
		}
		status.Conditions[i] = condition
		return
	}
	status.Conditions = append(status.Conditions, condition)
}

func (kubelet *kubelet) renewNodes(ctx context.Context) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			kubelet.visitNodes(ctx)
		}
	}
}

func (kubelet *kubelet) visitNodes(ctx context.Context) {
	nodes, err := kubelet.nodes.List(labels.SelectorFromSet(labels.Set{playedLabel: "true"}))
	if err != nil {
		klog.ErrorS(err, "nodes")
		return
	}
	for _, node := range nodes {
		if err := kubelet.visitNode(ctx, node); err != nil {
			klog.ErrorS(err, "will be tried again", "node", node.Name)
		}
	}
}

func (kubelet *kubelet) visitNode(ctx context.Context, node *v1.Node) error {
	if kubelet.isIdle(node) {
		return kubelet.client.CoreV1().Nodes().Delete(ctx, node.Name, metav1.DeleteOptions{})
	}
	if isLost(node) && isReady(node) {
		return kubelet.markLost(ctx, node.Name)
	}
	if isLost(node) {
		return nil
	}
	if !isReady(node) {
		return kubelet.register(ctx, node.Name, nil)
	}
	return kubelet.renewLease(ctx, node.Name)
}

func (kubelet *kubelet) isIdle(node *v1.Node) bool {
	if _, own := node.Labels[ownLabel]; !own || time.Since(node.CreationTimestamp.Time) < idle {
		return false
	}
	for _, pod := range kubelet.podsIn(metav1.NamespaceAll) {
		if pod.Spec.NodeName == node.Name {
			return false
		}
	}
	return true
}

func (kubelet *kubelet) renewLease(ctx context.Context, node string) error {
	leases := kubelet.client.CoordinationV1().Leases(v1.NamespaceNodeLease)
	spec := coordination.LeaseSpec{
		HolderIdentity:       ptr.To(node),
		LeaseDurationSeconds: ptr.To[int32](leaseDuration),
		RenewTime:            ptr.To(metav1.NowMicro()),
	}
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return err
	}
	_, err = leases.Patch(ctx, node, types.MergePatchType, patch, metav1.PatchOptions{})
	if !apierrors.IsNotFound(err) {
		return err
	}
	lease := &coordination.Lease{ObjectMeta: metav1.ObjectMeta{Name: node}, Spec: spec}
	_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
	if apierrors.IsNotFound(err) {
		// The API server makes the leases' namespace a moment after its start; the status is fresh enough until then.
		return nil
	}
	return err
}

func isPlayed(node *v1.Node) bool {
	return node.Labels[playedLabel] == "true"
}

func isLost(node *v1.Node) bool {
	return node.Annotations[lostAnnotation] != ""
}

func isReady(node *v1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == v1.NodeReady {
			return condition.Status == v1.ConditionTrue
		}
	}
	return false
}
