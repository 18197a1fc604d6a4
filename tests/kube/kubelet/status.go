package kubelet

import (
	"fmt"
	"hash/fnv"
	"net"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

const (
	nodeAddress = "127.0.0.1"
	// restarts is how often a container in its back-off has been started again.
	restarts = 3
)

// played is the status that a kubelet reports of a pod which behaves so. Times of what has not changed stay.
func played(pod *v1.Pod, how behaviour, now metav1.Time) v1.PodStatus {
	switch how.kind {
	case unready:
		return running(pod, now, false)
	case failing:
		return ended(pod, now, how.code, "Error")
	case exits:
		return ended(pod, now, how.code, exitReason(how.code))
	case oomKilled:
		return ended(pod, now, how.code, "OOMKilled")
	case pullError:
		return notPulled(pod, now)
	case evicted:
		return evictedStatus(pod, now)
	default:
		return running(pod, now, true)
	}
}

func running(pod *v1.Pod, now metav1.Time, isReady bool) v1.PodStatus {
	var containers []v1.ContainerStatus
	for i := range pod.Spec.Containers {
		status := containerStatus(pod, &pod.Spec.Containers[i])
		status.State.Running = &v1.ContainerStateRunning{StartedAt: runningSince(pod.Status.ContainerStatuses, status.Name, now)}
		status.Ready, status.Started = isReady, ptr.To(true)
		containers = append(containers, status)
	}
	return assemble(pod, now, v1.PodRunning, containers)
}

// ended: a container that its pod starts again is in its back-off, any other stays ended.
func ended(pod *v1.Pod, now metav1.Time, code int32, reason string) v1.PodStatus {
	again := startsAgain(pod.Spec.RestartPolicy, code)
	var containers []v1.ContainerStatus
	for i := range pod.Spec.Containers {
		status := containerStatus(pod, &pod.Spec.Containers[i])
		state := &v1.ContainerStateTerminated{
			ExitCode: code, Reason: reason, StartedAt: now, FinishedAt: now, ContainerID: status.ContainerID,
		}
		if again {
			status.State.Waiting = backOff(pod, status.Name)
			status.LastTerminationState.Terminated = keepTimes(state, lastTermination(pod, status.Name))
			status.RestartCount = restarts
		} else {
			status.State.Terminated = state
		}
		containers = append(containers, status)
	}
	return assemble(pod, now, phaseAfter(again, code), containers)
}

func startsAgain(policy v1.RestartPolicy, code int32) bool {
	return policy == v1.RestartPolicyAlways || policy == v1.RestartPolicyOnFailure && code != 0
}

func phaseAfter(again bool, code int32) v1.PodPhase {
	switch {
	case again:
		return v1.PodRunning
	case code == 0:
		return v1.PodSucceeded
	default:
		return v1.PodFailed
	}
}

func exitReason(code int32) string {
	if code == 0 {
		return "Completed"
	}
	return "Error"
}

func backOff(pod *v1.Pod, container string) *v1.ContainerStateWaiting {
	return &v1.ContainerStateWaiting{
		Reason: "CrashLoopBackOff",
		Message: fmt.Sprintf("back-off 40s restarting failed container=%s pod=%s_%s(%s)",
			container, pod.Name, pod.Namespace, pod.UID),
	}
}

func notPulled(pod *v1.Pod, now metav1.Time) v1.PodStatus {
	var containers []v1.ContainerStatus
	for i := range pod.Spec.Containers {
		status := containerStatus(pod, &pod.Spec.Containers[i])
		status.ImageID, status.ContainerID = "", ""
		status.State.Waiting = &v1.ContainerStateWaiting{
			Reason:  "ImagePullBackOff",
			Message: fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", status.Image, pullFailure(status.Image)),
		}
		containers = append(containers, status)
	}
	return assemble(pod, now, v1.PodPending, containers)
}

func pullFailure(image string) string {
	return fmt.Sprintf("failed to pull and unpack image %q: %s: not found", image, image)
}

func evictedStatus(pod *v1.Pod, now metav1.Time) v1.PodStatus {
	status := ended(pod, now, codes[evicted], "Error")
	status.Phase, status.Reason = v1.PodFailed, "Evicted"
	status.Message = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. "
	status.ContainerStatuses = nil
	return status
}

// assemble: the init containers have ended well, those that go on as sidecars run.
func assemble(pod *v1.Pod, now metav1.Time, phase v1.PodPhase, containers []v1.ContainerStatus) v1.PodStatus {
	var inits []v1.ContainerStatus
	for i := range pod.Spec.InitContainers {
		inits = append(inits, initialized(pod, &pod.Spec.InitContainers[i], now))
	}
	return withContainers(pod, now, phase, inits, containers)
}

func initialized(pod *v1.Pod, container *v1.Container, now metav1.Time) v1.ContainerStatus {
	status := containerStatus(pod, container)
	status.Ready = true
	since := runningSince(pod.Status.InitContainerStatuses, status.Name, now)
	if isSidecar(container) {
		status.Started = ptr.To(true)
		status.State.Running = &v1.ContainerStateRunning{StartedAt: since}
		return status
	}
	state := &v1.ContainerStateTerminated{
		Reason: "Completed", StartedAt: now, FinishedAt: now, ContainerID: status.ContainerID,
	}
	status.Started = ptr.To(false)
	status.State.Terminated = keepTimes(state, find(pod.Status.InitContainerStatuses, status.Name).State.Terminated)
	return status
}

func isSidecar(container *v1.Container) bool {
	return container.RestartPolicy != nil && *container.RestartPolicy == v1.ContainerRestartPolicyAlways
}

// withContainers is the pod's status around those of its containers.
func withContainers(
	pod *v1.Pod, now metav1.Time, phase v1.PodPhase, inits, containers []v1.ContainerStatus,
) v1.PodStatus {
	status := *pod.Status.DeepCopy()
	status.Phase = phase
	status.ObservedGeneration = pod.Generation
	status.HostIP, status.HostIPs = nodeAddress, []v1.HostIP{{IP: nodeAddress}}
	status.PodIP = podAddress(pod.UID)
	status.PodIPs = []v1.PodIP{{IP: status.PodIP}}
	if status.StartTime == nil {
		status.StartTime = &now
	}
	status.InitContainerStatuses, status.ContainerStatuses = inits, containers
	status.Conditions = conditions(pod.Status.Conditions, now, phase, inits, containers)
	return status
}

func containerStatus(pod *v1.Pod, container *v1.Container) v1.ContainerStatus {
	return v1.ContainerStatus{
		Name:        container.Name,
		Image:       container.Image,
		ImageID:     container.Image,
		ContainerID: fmt.Sprintf("played://%s/%s", pod.UID, container.Name),
		Started:     ptr.To(false),
	}
}

func find(statuses []v1.ContainerStatus, name string) v1.ContainerStatus {
	for _, status := range statuses {
		if status.Name == name {
			return status
		}
	}
	return v1.ContainerStatus{}
}

func runningSince(statuses []v1.ContainerStatus, name string, now metav1.Time) metav1.Time {
	if running := find(statuses, name).State.Running; running != nil {
		return running.StartedAt
	}
	return now
}

func lastTermination(pod *v1.Pod, name string) *v1.ContainerStateTerminated {
	return find(pod.Status.ContainerStatuses, name).LastTerminationState.Terminated
}

func keepTimes(state, former *v1.ContainerStateTerminated) *v1.ContainerStateTerminated {
	if former != nil && former.ExitCode == state.ExitCode && former.Reason == state.Reason {
		state.StartedAt, state.FinishedAt = former.StartedAt, former.FinishedAt
	}
	return state
}

// podAddress is in 10.128.0.0/9. Nothing listens there.
func podAddress(uid types.UID) string {
	hash := fnv.New32a()
	hash.Write([]byte(uid))
	sum := hash.Sum32()
	return net.IPv4(10, 128|byte(sum>>16), byte(sum>>8), byte(sum)).String()
}
