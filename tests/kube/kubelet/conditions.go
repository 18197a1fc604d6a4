package kubelet

import (
	"fmt"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// conditions are those that a kubelet sets; the other former ones stay.
func conditions(
	former []v1.PodCondition, now metav1.Time, phase v1.PodPhase, inits, containers []v1.ContainerStatus,
) []v1.PodCondition {
	isReady, reason, message := readiness(phase, containers)
	initialized, initReason, initMessage := initialization(phase, inits)
	conditions := append([]v1.PodCondition(nil), former...)
	set := func(kind v1.PodConditionType, isTrue bool, reason, message string) {
		conditions = setCondition(conditions, v1.PodCondition{
			Type: kind, Status: conditionStatus(isTrue), Reason: reason, Message: message, LastTransitionTime: now,
		})
	}
	set(v1.PodReadyToStartContainers, phase != v1.PodSucceeded && phase != v1.PodFailed, "", "")
	set(v1.PodInitialized, initialized, initReason, initMessage)
	set(v1.PodReady, isReady, reason, message)
	set(v1.ContainersReady, isReady, reason, message)
	return conditions
}

func readiness(phase v1.PodPhase, containers []v1.ContainerStatus) (bool, string, string) {
	switch phase {
	case v1.PodSucceeded:
		return false, "PodCompleted", ""
	case v1.PodFailed:
		return false, "PodFailed", ""
	}
	var names []string
	for _, container := range containers {
		if !container.Ready {
			names = append(names, container.Name)
		}
	}
	if len(names) > 0 {
		return false, "ContainersNotReady", fmt.Sprintf("containers with unready status: [%s]", strings.Join(names, " "))
	}
	return true, "", ""
}

func initialization(phase v1.PodPhase, inits []v1.ContainerStatus) (bool, string, string) {
	if phase == v1.PodSucceeded {
		return true, "PodCompleted", ""
	}
	var names []string
	for _, init := range inits {
		if !init.Ready {
			names = append(names, init.Name)
		}
	}
	if len(names) > 0 {
		return false, "ContainersNotInitialized",
			fmt.Sprintf("containers with incomplete status: [%s]", strings.Join(names, " "))
	}
	return true, "", ""
}

func setCondition(conditions []v1.PodCondition, condition v1.PodCondition) []v1.PodCondition {
	for i := range conditions {
		if conditions[i].Type != condition.Type {
			continue
		}
		if conditions[i].Status == condition.Status {
			condition.LastTransitionTime = conditions[i].LastTransitionTime
		}
		condition.ObservedGeneration = conditions[i].ObservedGeneration
		condition.LastProbeTime = conditions[i].LastProbeTime
		conditions[i] = condition
		return conditions
	}
	return append(conditions, condition)
}

func conditionStatus(isTrue bool) v1.ConditionStatus {
	if isTrue {
		return v1.ConditionTrue
	}
	return v1.ConditionFalse
}
