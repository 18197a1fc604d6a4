package kubelet

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
)

var scheme = clientscheme.Scheme

type event struct {
	kind, reason, message string
}

func newEventSink(client kubernetes.Interface) record.EventSink {
	return &typedcore.EventSinkImpl{Interface: client.CoreV1().Events("")}
}

// eventsOf are told only where something is wrong: a thousand pods that start are no news.
func eventsOf(pod *v1.Pod, how behaviour) []event {
	var events []event
	warn := func(reason, format string, arguments ...any) {
		events = append(events, event{v1.EventTypeWarning, reason, fmt.Sprintf(format, arguments...)})
	}
	for _, container := range pod.Spec.Containers {
		switch how.kind {
		case unready:
			warn("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
		case pullError:
			warn("Failed", "Failed to pull image %q: %s", container.Image, pullFailure(container.Image))
			warn("Failed", "Error: ErrImagePull")
		case failing, exits, oomKilled:
			if startsAgain(pod.Spec.RestartPolicy, how.code) {
				warn("BackOff", "Back-off restarting failed container %s in pod %s_%s(%s)",
					container.Name, pod.Name, pod.Namespace, pod.UID)
			}
		}
	}
	if how.kind == evicted {
		warn("Evicted", "The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi. ")
	}
	return events
}
