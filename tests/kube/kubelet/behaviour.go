package kubelet

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Annotations, on a pod or, as the default of its pods, on a namespace. README.md tells what each does.
const (
	behaviourAnnotation = "kube.test/behaviour"
	delayAnnotation     = "kube.test/delay"
	logAnnotation       = "kube.test/log"
	nodeAnnotation      = "kube.test/node"
	addressAnnotation   = "kube.test/address"
	claimAnnotation     = "kube.test/bound"
	pullAnnotation      = "kube.test/pull"
)

type kind string

const (
	ready     kind = "ready"
	unready   kind = "unready"
	failing   kind = "failing"
	pullError kind = "pull-error"
	exits     kind = "exit"
	oomKilled kind = "oom-killed"
	evicted   kind = "evicted"
	nodeLost  kind = "node-lost"
	process   kind = "process"
)

// codes are the exit codes of those behaviours that have one of their own.
var codes = map[kind]int32{oomKilled: 137, evicted: 137}

// behaviour is what a pod does; code belongs to `exit` and `failing`.
type behaviour struct {
	kind kind
	code int32
}

func parseBehaviour(text string) (behaviour, error) {
	name, number, hasNumber := strings.Cut(text, "=")
	kind := kind(name)
	switch kind {
	case ready, unready, pullError, oomKilled, evicted, nodeLost, process:
		if hasNumber {
			return behaviour{}, fmt.Errorf("%s: %q takes no number", behaviourAnnotation, name)
		}
		return behaviour{kind, codes[kind]}, nil
	case failing, exits:
		if !hasNumber && kind == failing {
			return behaviour{kind, 1}, nil
		}
		code, err := strconv.ParseUint(number, 10, 8)
		if err != nil {
			return behaviour{}, fmt.Errorf("%s: %q needs an exit code, as in %s=3", behaviourAnnotation, text, name)
		}
		return behaviour{kind, int32(code)}, nil
	default:
		return behaviour{}, fmt.Errorf(
			"%s: %q is none of ready, unready, failing[=N], pull-error, exit=N, oom-killed, evicted, node-lost, process",
			behaviourAnnotation, text)
	}
}

// behaviourOf: a Job's pods end well unless something else is asked for, any other pod becomes ready.
func behaviourOf(pod *v1.Pod, defaults map[string]string) (behaviour, error) {
	if text := setting(pod, defaults, behaviourAnnotation); text != "" {
		return parseBehaviour(text)
	}
	for _, owner := range pod.OwnerReferences {
		if owner.Kind == "Job" && owner.Controller != nil && *owner.Controller {
			return behaviour{kind: exits}, nil
		}
	}
	return behaviour{kind: ready}, nil
}

// delayOf is how long after its creation the pod starts to do something.
func delayOf(pod *v1.Pod, defaults map[string]string) (time.Duration, error) {
	text := setting(pod, defaults, delayAnnotation)
	if text == "" {
		return 0, nil
	}
	delay, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", delayAnnotation, err)
	}
	return delay, nil
}

func setting(pod *v1.Pod, defaults map[string]string, name string) string {
	if text, found := pod.Annotations[name]; found {
		return text
	}
	return defaults[name]
}
