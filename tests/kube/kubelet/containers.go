package kubelet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"towpath.dev/towpath-kube/container"
)

const (
	firstBackOff = time.Second
	maxBackOff   = 10 * time.Second
	// notConfiguredAgain is how soon a container is tried again for which something was missing.
	notConfiguredAgain = time.Second

	// readyAfter: a kubelet, which looks once a second, does not see a container ready that ends at once.
	readyAfter = 500 * time.Millisecond

	startErrorCode = 128
	killedCode     = 137
)

// runContainer starts it as often as the policy wants, and gives the last exit code.
func (runner *runner) runContainer(
	container *v1.Container, status *v1.ContainerStatus, policy v1.RestartPolicy, mounts map[string]string,
) int32 {
	backOffFor := firstBackOff
	for {
		state := runner.runOnce(container, status, mounts)
		if runner.stopping.Err() != nil || !startsAgain(policy, state.ExitCode) {
			runner.changed(func() {
				status.State = v1.ContainerState{Terminated: state}
				status.Ready = false
			})
			return state.ExitCode
		}
		runner.changed(func() {
			status.State = v1.ContainerState{Waiting: backOff(runner.pod, container.Name)}
			status.LastTerminationState = v1.ContainerState{Terminated: state}
			status.Ready = false
		})
		runner.pause(backOffFor)
		runner.changed(func() { status.RestartCount++ })
		backOffFor = min(2*backOffFor, maxBackOff)
	}
}

func (runner *runner) runOnce(
	container *v1.Container, status *v1.ContainerStatus, mounts map[string]string,
) *v1.ContainerStateTerminated {
	id := containerStatus(runner.pod, container)
	ended := func(code int32, reason, message string, since metav1.Time) *v1.ContainerStateTerminated {
		return &v1.ContainerStateTerminated{
			ExitCode: code, Reason: reason, Message: message, ContainerID: id.ContainerID,
			StartedAt: since, FinishedAt: metav1.Now(),
		}
	}
	spec, ok := runner.configure(container, status, mounts)
	since := metav1.Now()
	if !ok {
		return ended(killedCode, "ContainerStatusUnknown", "the pod was stopped before the container could start", since)
	}
	log, err := runner.newLog(container.Name)
	if err != nil {
		return ended(startErrorCode, "StartError", err.Error(), since)
	}
	defer log.close()
	child, err := runner.launch(container.Name, spec, log)
	if err != nil {
		return ended(startErrorCode, "StartError", fmt.Sprintf("failed to start container: %v", err), since)
	}
	runner.changed(func() {
		runner.phase = phaseWhileRunning(runner, status)
		status.State = v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: since}}
		status.ContainerID, status.ImageID = id.ContainerID, id.ImageID
		status.Started = ptr.To(true)
	})
	select {
	case <-child.exited:
	case <-time.After(readyAfter):
		runner.changed(func() { status.Ready = true })
	}
	code := child.wait()
	runner.mutex.Lock()
	delete(runner.children, container.Name)
	runner.mutex.Unlock()
	return ended(code, exitReason(code), lastWords(container, code, log), since)
}

// lastWords: of the two ways in which a container may say why it ended, the one that asks nothing of it.
func lastWords(container *v1.Container, code int32, log *containerLog) string {
	if code == 0 || container.TerminationMessagePolicy != v1.TerminationMessageFallbackToLogsOnError {
		return ""
	}
	return log.tail()
}

// phaseWhileRunning: a pod is pending until one of its containers proper has started.
func phaseWhileRunning(runner *runner, status *v1.ContainerStatus) v1.PodPhase {
	for i := range runner.containers {
		if &runner.containers[i] == status {
			return v1.PodRunning
		}
	}
	return runner.phase
}

// launch starts nothing when the pod has been stopped meanwhile, so that stop misses no child.
func (runner *runner) launch(name string, spec container.Spec, log *containerLog) (*child, error) {
	runner.mutex.Lock()
	defer runner.mutex.Unlock()
	if err := runner.stopping.Err(); err != nil {
		return nil, err
	}
	child, err := launch(spec, log)
	if err != nil {
		return nil, err
	}
	runner.children[name] = child
	go func() {
		select {
		case <-runner.ctx.Done():
			child.signal(syscall.SIGKILL)
		case <-child.exited:
		}
	}()
	return child, nil
}

// configure tries until everything that the container refers to is there, or the pod is stopped.
func (runner *runner) configure(
	container *v1.Container, status *v1.ContainerStatus, mounts map[string]string,
) (container.Spec, bool) {
	for {
		spec, err := runner.spec(container, mounts)
		if err == nil {
			return spec, true
		}
		runner.changed(func() {
			status.State = v1.ContainerState{Waiting: &v1.ContainerStateWaiting{
				Reason: "CreateContainerConfigError", Message: err.Error(),
			}}
		})
		runner.kubelet.events.Event(runner.pod, v1.EventTypeWarning, "Failed", "Error: "+err.Error())
		if !runner.pause(notConfiguredAgain) {
			return spec, false
		}
	}
}

func (runner *runner) spec(wanted *v1.Container, mounts map[string]string) (container.Spec, error) {
	env, variables, err := runner.environment(wanted)
	if err != nil {
		return container.Spec{}, err
	}
	scratch := filepath.Join(runner.folder, wanted.Name, "scratch")
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return container.Spec{}, err
	}
	spec := container.Spec{
		Root:       runner.kubelet.imageRoot(wanted.Image),
		Scratch:    scratch,
		Hostname:   hostname(runner.pod),
		Env:        env,
		WorkingDir: wanted.WorkingDir,
	}
	for _, word := range append(append([]string(nil), wanted.Command...), wanted.Args...) {
		spec.Argv = append(spec.Argv, expand(word, variables))
	}
	if len(wanted.Command) == 0 {
		return spec, fmt.Errorf("container %q has no command: an image's own entrypoint is not played", wanted.Name)
	}
	spec.UID, spec.GID = user(runner.pod, wanted)
	spec.Mounts, err = bindMounts(wanted, mounts, variables)
	return spec, err
}

func hostname(pod *v1.Pod) string {
	name := pod.Spec.Hostname
	if name == "" {
		name = pod.Name
	}
	return name[:min(len(name), 63)]
}

// imageRoot is the folder images/NAME, where NAME is the reference with `_` for each slash, if there is one.
func (kubelet *kubelet) imageRoot(image string) string {
	root, err := filepath.EvalSymlinks(filepath.Join(kubelet.folder, "images", strings.ReplaceAll(image, "/", "_")))
	if err != nil {
		return ""
	}
	return root
}

func user(pod *v1.Pod, container *v1.Container) (uid, gid int) {
	if context := pod.Spec.SecurityContext; context != nil {
		uid, gid = override(uid, context.RunAsUser), override(gid, context.RunAsGroup)
	}
	if context := container.SecurityContext; context != nil {
		uid, gid = override(uid, context.RunAsUser), override(gid, context.RunAsGroup)
	}
	return uid, gid
}

func override(id int, by *int64) int {
	if by != nil {
		return int(*by)
	}
	return id
}

// pause gives false when the pod was stopped meanwhile.
func (runner *runner) pause(duration time.Duration) bool {
	select {
	case <-runner.stopping.Done():
		return false
	case <-time.After(duration):
		return true
	}
}
