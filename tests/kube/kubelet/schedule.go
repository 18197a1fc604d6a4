package kubelet

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// unschedulableAgain is how soon a pod that fits nowhere is looked at again.
const unschedulableAgain = 2 * time.Second

func (kubelet *kubelet) schedule(ctx context.Context, pod *v1.Pod) (time.Duration, error) {
	if pod.DeletionTimestamp != nil || len(pod.Spec.SchedulingGates) > 0 {
		return 0, nil
	}
	node, why, err := kubelet.choose(ctx, pod)
	if err != nil {
		return 0, err
	}
	if why != "" {
		return unschedulableAgain, kubelet.unschedulable(ctx, pod, why)
	}
	binding := &v1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
		Target:     v1.ObjectReference{Kind: "Node", Name: node},
	}
	err = kubelet.client.CoreV1().Pods(pod.Namespace).Bind(ctx, binding, metav1.CreateOptions{})
	if apierrors.IsConflict(err) {
		// It is bound, and the watch has not told yet.
		return 0, nil
	}
	return 0, err
}

func (kubelet *kubelet) choose(ctx context.Context, pod *v1.Pod) (node, why string, err error) {
	if name := ownNode(pod, kubelet.defaultsOf(pod)); name != "" {
		taint := &v1.Taint{Key: ownLabel, Value: "true", Effect: v1.TaintEffectNoSchedule}
		return name, "", kubelet.ensureOwnNode(ctx, name, taint)
	}
	nodes, err := kubelet.nodes.List(labels.SelectorFromSet(labels.Set{playedLabel: "true"}))
	if err != nil {
		return "", "", err
	}
	slices.SortFunc(nodes, func(a, b *v1.Node) int { return compare(a.Name, b.Name) })
	node, why = fit(pod, nodes)
	return node, why, nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// ownNode: a pod that starts by losing its node gets one of its own, since that is all it can lose.
func ownNode(pod *v1.Pod, defaults map[string]string) string {
	if name := setting(pod, defaults, nodeAnnotation); name != "" {
		return name
	}
	if setting(pod, defaults, behaviourAnnotation) == string(nodeLost) {
		return "lost-" + string(pod.UID)
	}
	return ""
}

func (kubelet *kubelet) ensureOwnNode(ctx context.Context, name string, taint *v1.Taint) error {
	if _, err := kubelet.nodes.Get(name); err == nil {
		return nil
	}
	return kubelet.register(ctx, name, taint)
}

// fit chooses among the nodes that the pod may run on, or tells in the scheduler's words why there is none.
// A pod is weighed against a whole node, not against what others have left of it.
func fit(pod *v1.Pod, nodes []*v1.Node) (name, why string) {
	var fitting []string
	refusals := map[string]int{}
	for _, node := range nodes {
		if refusal := refuses(node, pod); refusal != "" {
			refusals[refusal]++
		} else {
			fitting = append(fitting, node.Name)
		}
	}
	if len(fitting) == 0 {
		return "", explain(len(nodes), refusals)
	}
	hash := fnv.New32a()
	hash.Write([]byte(pod.UID))
	return fitting[int(hash.Sum32())%len(fitting)], ""
}

func explain(nodes int, refusals map[string]int) string {
	why := fmt.Sprintf("0/%d nodes are available:", nodes)
	var parts []string
	for refusal, count := range refusals {
		parts = append(parts, fmt.Sprintf(" %d %s", count, refusal))
	}
	slices.Sort(parts)
	for i, part := range parts {
		if i > 0 {
			why += ","
		}
		why += part
	}
	return why + "."
}

func refuses(node *v1.Node, pod *v1.Pod) string {
	_, own := node.Labels[ownLabel]
	switch {
	case own || isLost(node):
		return "node(s) had untolerated taint(s)"
	case node.Spec.Unschedulable && !isPinned(pod, node.Name):
		return "node(s) were unschedulable"
	case !matches(pod, node):
		return "node(s) didn't match Pod's node affinity/selector"
	default:
		return lacks(pod, node)
	}
}

// matches reads the node selector and what the DaemonSet controller writes; no other affinity is known.
func matches(pod *v1.Pod, node *v1.Node) bool {
	if !labels.SelectorFromSet(pod.Spec.NodeSelector).Matches(labels.Set(node.Labels)) {
		return false
	}
	pinned := pins(pod)
	return len(pinned) == 0 || slices.Contains(pinned, node.Name)
}

func isPinned(pod *v1.Pod, node string) bool {
	return slices.Contains(pins(pod), node)
}

func pins(pod *v1.Pod) []string {
	affinity := pod.Spec.Affinity
	if affinity == nil || affinity.NodeAffinity == nil ||
		affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	var names []string
	for _, term := range affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, field := range term.MatchFields {
			if field.Key == metav1.ObjectNameField && field.Operator == v1.NodeSelectorOpIn {
				names = append(names, field.Values...)
			}
		}
	}
	return names
}

func lacks(pod *v1.Pod, node *v1.Node) string {
	total := v1.ResourceList{}
	for _, container := range pod.Spec.Containers {
		for name, quantity := range container.Resources.Requests {
			sum := total[name]
			sum.Add(quantity)
			total[name] = sum
		}
	}
	for name, quantity := range total {
		allocatable := node.Status.Allocatable[name]
		if quantity.Cmp(allocatable) > 0 {
			return "Insufficient " + string(name)
		}
	}
	return ""
}

func (kubelet *kubelet) unschedulable(ctx context.Context, pod *v1.Pod, why string) error {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == v1.PodScheduled && condition.Message == why {
			return nil
		}
	}
	status := *pod.Status.DeepCopy()
	status.Conditions = setCondition(status.Conditions, v1.PodCondition{
		Type: v1.PodScheduled, Status: v1.ConditionFalse, Reason: v1.PodReasonUnschedulable,
		Message: why, LastTransitionTime: metav1.Now(),
	})
	if err := kubelet.report(ctx, pod, status); err != nil {
		return err
	}
	kubelet.events.Event(pod, v1.EventTypeWarning, "FailedScheduling", why)
	return nil
}
