package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	pullTimeout     = 60 * time.Second
	firstPullPause  = time.Second
	longestPullWait = 10 * time.Second
)

// pulling is how far a pod's images have come.
type pulling struct {
	uid      types.UID
	pulled   map[string]bool
	failures int
	next     time.Time
	// image and why are of the last failure.
	image, why string
}

// ensurePulled pulls what the pod runs with a real client, one image after the other, when the annotation asks for it:
// with the secrets that the pod names, as the API server has them. It gives whether the pod can start.
func (kubelet *kubelet) ensurePulled(
	ctx context.Context, pod *v1.Pod, defaults map[string]string,
) (bool, time.Duration, error) {
	if setting(pod, defaults, pullAnnotation) != "true" || pod.Status.Phase != v1.PodPending {
		return true, 0, nil
	}
	pull := kubelet.pullingOf(pod)
	if left := time.Until(pull.next); left > 0 {
		message := fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", pull.image, pull.why)
		return false, left, kubelet.reportNotPulled(ctx, pod, pull.image, "ImagePullBackOff", message)
	}
	for _, image := range imagesOf(pod) {
		if pull.pulled[image] {
			continue
		}
		if err := kubelet.pullImage(ctx, pod, image); err != nil {
			return false, pull.failed(image, err), kubelet.tellNotPulled(ctx, pod, image, err)
		}
		pull.pulled[image] = true
		kubelet.events.Event(pod, v1.EventTypeNormal, "Pulled", fmt.Sprintf("Successfully pulled image %q", image))
	}
	return true, 0, nil
}

// pullingOf is only used by the pod's own turn in the loop, but the map is everybody's.
func (kubelet *kubelet) pullingOf(pod *v1.Pod) *pulling {
	kubelet.mutex.Lock()
	defer kubelet.mutex.Unlock()
	key := pod.Namespace + "/" + pod.Name
	known := kubelet.pulls[key]
	if known == nil || known.uid != pod.UID {
		known = &pulling{uid: pod.UID, pulled: map[string]bool{}}
		kubelet.pulls[key] = known
	}
	return known
}

func (pull *pulling) failed(image string, err error) time.Duration {
	wait := min(firstPullPause<<min(pull.failures, 10), longestPullWait)
	pull.failures++
	pull.image, pull.why, pull.next = image, err.Error(), time.Now().Add(wait)
	return wait
}

func imagesOf(pod *v1.Pod) []string {
	var images []string
	for _, containers := range [][]v1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			images = append(images, containers[i].Image)
		}
	}
	return images
}

// pullImage tries each login that the pod has, then none. What the machine itself knows of registries is not used.
func (kubelet *kubelet) pullImage(ctx context.Context, pod *v1.Pod, image string) error {
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	folder, err := os.MkdirTemp(kubelet.folder, "pull-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	var failures []error
	for i, login := range append(kubelet.loginsOf(ctx, pod), []byte("{}")) {
		file := filepath.Join(folder, fmt.Sprintf("auth-%d.json", i))
		if err := os.WriteFile(file, login, 0o600); err != nil {
			return err
		}
		if err = skopeo(ctx, file, image, filepath.Join(folder, fmt.Sprintf("image-%d", i))); err == nil {
			return nil
		}
		failures = append(failures, err)
	}
	// The first login is the one that was meant to do.
	return fmt.Errorf("failed to pull and unpack image %q: %w", image, failures[0])
}

// loginsOf: a secret that is missing is told, and pulling goes on without it, as a kubelet does.
func (kubelet *kubelet) loginsOf(ctx context.Context, pod *v1.Pod) [][]byte {
	var logins [][]byte
	for _, reference := range pod.Spec.ImagePullSecrets {
		secret, err := kubelet.client.CoreV1().Secrets(pod.Namespace).Get(ctx, reference.Name, metav1.GetOptions{})
		if err == nil && secret.Type != v1.SecretTypeDockerConfigJson {
			err = fmt.Errorf("it is of type %s", secret.Type)
		}
		if err != nil {
			kubelet.events.Event(pod, v1.EventTypeWarning, "FailedToRetrieveImagePullSecret", fmt.Sprintf(
				"Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed: %v",
				reference.Name, err))
			continue
		}
		logins = append(logins, secret.Data[v1.DockerConfigJsonKey])
	}
	return logins
}

// skopeo fetches all of an image, over plain HTTP too: the registries of tests are on loopback.
func skopeo(ctx context.Context, logins, image, folder string) error {
	command := exec.CommandContext(ctx, "skopeo", "copy", "--quiet", "--src-tls-verify=false", "--authfile", logins,
		"docker://"+image, "dir:"+folder)
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return errors.New(lastMessage(string(output)))
	}
	return err
}

// lastMessage is what a line of the client's log says: time="..." level=fatal msg="...".
func lastMessage(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	line := lines[len(lines)-1]
	if _, quoted, found := strings.Cut(line, "msg="); found {
		if message, err := strconv.Unquote(quoted); err == nil {
			return message
		}
	}
	return line
}

func (kubelet *kubelet) tellNotPulled(ctx context.Context, pod *v1.Pod, image string, why error) error {
	kubelet.events.Event(pod, v1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %v", image, why))
	kubelet.events.Event(pod, v1.EventTypeWarning, "Failed", "Error: ErrImagePull")
	return kubelet.reportNotPulled(ctx, pod, image, "ErrImagePull", why.Error())
}

func (kubelet *kubelet) reportNotPulled(ctx context.Context, pod *v1.Pod, image, reason, message string) error {
	waiting := func(containers []v1.Container) []v1.ContainerStatus {
		var statuses []v1.ContainerStatus
		for i := range containers {
			status := notStarted(pod, &containers[i])
			if status.Image == image {
				status.State.Waiting = &v1.ContainerStateWaiting{Reason: reason, Message: message}
			}
			statuses = append(statuses, status)
		}
		return statuses
	}
	inits, containers := waiting(pod.Spec.InitContainers), waiting(pod.Spec.Containers)
	status := withContainers(pod, metav1.Now(), v1.PodPending, inits, containers)
	if apiequality.Semantic.DeepEqual(pod.Status, status) {
		return nil
	}
	return kubelet.report(ctx, pod, status)
}
