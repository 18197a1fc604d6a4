package kubelet

import (
	"context"
	"os"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
)

func (kubelet *kubelet) runner(key string) *runner {
	kubelet.mutex.Lock()
	defer kubelet.mutex.Unlock()
	return kubelet.runners[key]
}

// forget kills what runs for a pod that is gone, or that another of the same name has followed.
func (kubelet *kubelet) forget(key string, except types.UID) {
	kubelet.mutex.Lock()
	if pull := kubelet.pulls[key]; pull != nil && pull.uid != except {
		delete(kubelet.pulls, key)
	}
	runner := kubelet.runners[key]
	if runner == nil || runner.pod.UID == except {
		kubelet.mutex.Unlock()
		return
	}
	delete(kubelet.runners, key)
	kubelet.mutex.Unlock()
	runner.kill()
	go func() {
		<-runner.done
		if err := os.RemoveAll(runner.folder); err != nil {
			klog.ErrorS(err, "a pod's folder is left", "folder", runner.folder)
		}
	}()
}

func (kubelet *kubelet) ensureRunner(ctx context.Context, pod *v1.Pod) error {
	key := pod.Namespace + "/" + pod.Name
	kubelet.mutex.Lock()
	defer kubelet.mutex.Unlock()
	if kubelet.runners[key] != nil {
		return nil
	}
	if pod.Status.Phase != v1.PodPending {
		// Its processes ended with the kubelet that started them.
		return kubelet.report(ctx, pod, interrupted(pod, metav1.Now()))
	}
	runner := newRunner(kubelet, pod)
	kubelet.runners[key] = runner
	go runner.run()
	return nil
}

// interrupted is the end of a pod whatever its restart policy: a test that restarts the kubelet sees its pods fail.
func interrupted(pod *v1.Pod, now metav1.Time) v1.PodStatus {
	never := pod.DeepCopy()
	never.Spec.RestartPolicy = v1.RestartPolicyNever
	status := ended(never, now, killedCode, "ContainerStatusUnknown")
	status.Message = "The kubelet was restarted, and the pod's processes ended with it."
	return status
}
