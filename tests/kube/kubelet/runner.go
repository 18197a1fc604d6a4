package kubelet

import (
	"context"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

// runner runs one pod's containers as processes, from its start to its end.
type runner struct {
	kubelet *kubelet
	pod     *v1.Pod
	folder  string
	// ctx ends when the pod is to be gone at once; nothing is reported then.
	ctx  context.Context
	kill context.CancelFunc
	// stopping ends when nothing is to be started any more.
	stopping context.Context
	stopOnce func()
	done     chan struct{}
	dirty    chan struct{}

	mutex      sync.Mutex
	phase      v1.PodPhase
	reason     string
	message    string
	inits      []v1.ContainerStatus
	containers []v1.ContainerStatus
	children   map[string]*child
	logs       map[string][]*containerLog
}

func newRunner(kubelet *kubelet, pod *v1.Pod) *runner {
	ctx, kill := context.WithCancel(context.Background())
	stopping, stop := context.WithCancel(ctx)
	runner := &runner{
		kubelet: kubelet, pod: pod, folder: filepath.Join(kubelet.folder, "pods", string(pod.UID)),
		ctx: ctx, kill: kill, stopping: stopping, stopOnce: stop,
		done: make(chan struct{}), dirty: make(chan struct{}, 1),
		phase: v1.PodPending, children: map[string]*child{}, logs: map[string][]*containerLog{},
	}
	for i := range pod.Spec.InitContainers {
		runner.inits = append(runner.inits, notStarted(pod, &pod.Spec.InitContainers[i]))
	}
	for i := range pod.Spec.Containers {
		runner.containers = append(runner.containers, notStarted(pod, &pod.Spec.Containers[i]))
	}
	return runner
}

func notStarted(pod *v1.Pod, container *v1.Container) v1.ContainerStatus {
	status := containerStatus(pod, container)
	status.ContainerID, status.ImageID = "", ""
	status.State.Waiting = &v1.ContainerStateWaiting{Reason: "ContainerCreating"}
	if len(pod.Spec.InitContainers) > 0 {
		status.State.Waiting.Reason = "PodInitializing"
	}
	return status
}

func (runner *runner) run() {
	// Whoever waits for the end looks at the pod again.
	defer runner.kubelet.podLoop.add(runner.pod)
	defer close(runner.done)
	defer runner.stopOnce()
	finished, reported := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(reported)
		runner.reportChanges(finished)
	}()
	runner.changed(func() {})
	runner.finish(runner.runPod())
	close(finished)
	<-reported
}

// runPod gives whether all went well.
func (runner *runner) runPod() bool {
	defer runner.enforceDeadline()()
	mounts, ok := runner.mountVolumes()
	if !ok {
		return false
	}
	var sidecars sync.WaitGroup
	defer sidecars.Wait()
	for i := range runner.pod.Spec.InitContainers {
		init := &runner.pod.Spec.InitContainers[i]
		if isSidecar(init) {
			sidecars.Go(func() { runner.runContainer(init, &runner.inits[i], v1.RestartPolicyAlways, mounts) })
			continue
		}
		if code := runner.runContainer(init, &runner.inits[i], initPolicy(runner.pod), mounts); code != 0 {
			runner.stop(0)
			return false
		}
		runner.changed(func() { runner.inits[i].Ready = true })
	}
	ok = runner.runMain(mounts)
	// Sidecars end after the containers that they served.
	runner.stop(0)
	return ok
}

func initPolicy(pod *v1.Pod) v1.RestartPolicy {
	if pod.Spec.RestartPolicy == v1.RestartPolicyAlways {
		return v1.RestartPolicyOnFailure
	}
	return pod.Spec.RestartPolicy
}

func (runner *runner) runMain(mounts map[string]string) bool {
	codes := make([]int32, len(runner.pod.Spec.Containers))
	var group sync.WaitGroup
	for i := range runner.pod.Spec.Containers {
		container := &runner.pod.Spec.Containers[i]
		group.Go(func() {
			codes[i] = runner.runContainer(container, &runner.containers[i], runner.pod.Spec.RestartPolicy, mounts)
		})
	}
	group.Wait()
	for _, code := range codes {
		if code != 0 {
			return false
		}
	}
	return true
}

func (runner *runner) finish(well bool) {
	runner.changed(func() {
		runner.phase = v1.PodFailed
		if well && runner.reason == "" {
			runner.phase = v1.PodSucceeded
		}
	})
}

// stop asks the processes to end, and kills them after `grace`. It returns at once; calling it again is free.
func (runner *runner) stop(grace time.Duration) {
	if runner.stopping.Err() != nil {
		return
	}
	runner.mutex.Lock()
	runner.stopOnce()
	for _, child := range runner.children {
		child.signal(syscall.SIGTERM)
	}
	runner.mutex.Unlock()
	time.AfterFunc(grace, runner.killChildren)
}

func (runner *runner) killChildren() {
	runner.mutex.Lock()
	defer runner.mutex.Unlock()
	for _, child := range runner.children {
		child.signal(syscall.SIGKILL)
	}
}

func (runner *runner) ended() bool {
	select {
	case <-runner.done:
		return true
	default:
		return false
	}
}

func (runner *runner) wait(limit time.Duration) {
	select {
	case <-runner.done:
	case <-time.After(limit):
	}
}

// enforceDeadline: the pod's activeDeadlineSeconds are the kubelet's to enforce.
func (runner *runner) enforceDeadline() (cancel func()) {
	seconds := runner.pod.Spec.ActiveDeadlineSeconds
	if seconds == nil {
		return func() {}
	}
	timer := time.AfterFunc(time.Duration(*seconds)*time.Second, func() {
		runner.changed(func() {
			runner.reason = "DeadlineExceeded"
			runner.message = "Pod was active on the node longer than the specified deadline"
		})
		runner.stop(graceOf(runner.pod))
	})
	return func() { timer.Stop() }
}

func (runner *runner) changed(change func()) {
	runner.mutex.Lock()
	defer runner.mutex.Unlock()
	change()
	select {
	case runner.dirty <- struct{}{}:
	default:
	}
}

// reportAgain is how soon a status is told again that the API server did not take.
const reportAgain = 200 * time.Millisecond

// reportChanges tells the API server each newer status, and the last one when the pod has finished.
func (runner *runner) reportChanges(finished <-chan struct{}) {
	for {
		select {
		case <-runner.dirty:
			runner.reportNow()
		case <-finished:
			runner.reportNow()
			return
		}
	}
}

// reportNow tries until the status is told, or there is nobody any more to tell it of.
func (runner *runner) reportNow() {
	for runner.ctx.Err() == nil {
		err := runner.kubelet.report(runner.ctx, runner.pod, runner.status())
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return
		}
		klog.ErrorS(err, "a status will be told again", "pod", klog.KObj(runner.pod))
		waitFor(runner.ctx, reportAgain)
	}
}

func (runner *runner) status() v1.PodStatus {
	pod := runner.pod
	if current, err := runner.kubelet.pods.Pods(pod.Namespace).Get(pod.Name); err == nil && current.UID == pod.UID {
		pod = current
	}
	runner.mutex.Lock()
	defer runner.mutex.Unlock()
	inits := append([]v1.ContainerStatus(nil), runner.inits...)
	containers := append([]v1.ContainerStatus(nil), runner.containers...)
	status := withContainers(pod, metav1.Now(), runner.phase, inits, containers)
	status.Reason, status.Message = runner.reason, runner.message
	return status
}
