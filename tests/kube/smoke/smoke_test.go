// Package smoke uses what `start` has started as any client does.
package smoke

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	v1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const variable = "TOWPATH_TEST_KUBECONFIG"

// world is a namespace of the test's own.
type world struct {
	*testing.T
	client    kubernetes.Interface
	namespace string
}

func newWorld(t *testing.T, annotations map[string]string) world {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		if os.Getenv("TOWPATH_REQUIRE_REAL") == "1" {
			t.Fatalf("%s is not set", variable)
		}
		t.Skipf("%s is not set: nothing was started", variable)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	must(t, err)
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	must(t, err)
	namespace, err := client.CoreV1().Namespaces().Create(t.Context(), &v1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "smoke-", Annotations: annotations},
	}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		must(t, client.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{}))
	})
	return world{t, client, namespace.Name}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually polls, since there is nothing that tells.
func (world world) eventually(what string, holds func() bool) {
	world.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			world.Fatalf("not within 30 s: %s", what)
		}
	}
}

func (world world) create(pod *v1.Pod) {
	world.Helper()
	_, err := world.client.CoreV1().Pods(world.namespace).Create(world.Context(), pod, metav1.CreateOptions{})
	must(world.T, err)
}

func (world world) pod(name string) *v1.Pod {
	pod, err := world.client.CoreV1().Pods(world.namespace).Get(world.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	must(world.T, err)
	return pod
}

func (world world) logs(name string, options *v1.PodLogOptions) string {
	world.Helper()
	stream, err := world.client.CoreV1().Pods(world.namespace).GetLogs(name, options).Stream(world.Context())
	must(world.T, err)
	defer stream.Close()
	text, err := io.ReadAll(stream)
	must(world.T, err)
	return string(text)
}

func pod(name, behaviour string, spec v1.PodSpec) *v1.Pod {
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}
	if behaviour != "" {
		pod.Annotations = map[string]string{"kube.test/behaviour": behaviour}
	}
	return pod
}

func image(command ...string) v1.PodSpec {
	return v1.PodSpec{Containers: []v1.Container{{Name: "main", Image: "app.test/app:1", Command: command}}}
}

func never(spec v1.PodSpec) v1.PodSpec {
	spec.RestartPolicy = v1.RestartPolicyNever
	return spec
}

// summary is a pod's status in a line.
func summary(pod *v1.Pod) string {
	if pod == nil {
		return "gone"
	}
	words := []string{string(pod.Status.Phase), pod.Status.Reason}
	for _, container := range pod.Status.ContainerStatuses {
		switch state := container.State; {
		case state.Running != nil:
			words = append(words, fmt.Sprintf("running ready=%t", container.Ready))
		case state.Waiting != nil:
			words = append(words, state.Waiting.Reason)
		case state.Terminated != nil:
			words = append(words, fmt.Sprintf("%s %d", state.Terminated.Reason, state.Terminated.ExitCode))
		}
		if last := container.LastTerminationState.Terminated; last != nil {
			words = append(words, fmt.Sprintf("after %s %d", last.Reason, last.ExitCode))
		}
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

func TestBehaviours(t *testing.T) {
	world := newWorld(t, nil)
	for i, example := range []struct {
		behaviour string
		spec      v1.PodSpec
		want      string
	}{
		{"", image(), "Running running ready=true"},
		{"ready", image(), "Running running ready=true"},
		{"unready", image(), "Running running ready=false"},
		{"failing", image(), "Running CrashLoopBackOff after Error 1"},
		{"failing=7", image(), "Running CrashLoopBackOff after Error 7"},
		{"exit=3", never(image()), "Failed Error 3"},
		{"exit=0", never(image()), "Succeeded Completed 0"},
		{"exit=3", image(), "Running CrashLoopBackOff after Error 3"},
		{"oom-killed", image(), "Running CrashLoopBackOff after OOMKilled 137"},
		{"pull-error", image(), "Pending ImagePullBackOff"},
		{"evicted", image(), "Failed Evicted"},
		{"process", never(image("sh", "-c", "exit 4")), "Failed Error 4"},
		{"process", never(image("/no/such/program")), "Failed StartError 128"},
		{"process", image("sleep", "60"), "Running running ready=true"},
	} {
		name := fmt.Sprintf("p%d", i)
		world.create(pod(name, example.behaviour, example.spec))
		var got string
		world.eventually(example.behaviour+" to be "+example.want, func() bool {
			got = summary(world.pod(name))
			return got == example.want
		})
	}
}

func TestDeploymentServiceIngressJobAndClaim(t *testing.T) {
	world := newWorld(t, nil)
	labels := map[string]string{"app": "web"}
	replicas := int32(3)
	_, err := world.client.AppsV1().Deployments(world.namespace).Create(t.Context(), &apps.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: apps.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: v1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: image()},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	_, err = world.client.CoreV1().Services(world.namespace).Create(t.Context(), &v1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       v1.ServiceSpec{Type: v1.ServiceTypeLoadBalancer, Selector: labels, Ports: []v1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{})
	must(t, err)
	_, err = world.client.NetworkingV1().Ingresses(world.namespace).Create(t.Context(), &networking.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: networking.IngressSpec{DefaultBackend: &networking.IngressBackend{
			Service: &networking.IngressServiceBackend{Name: "web", Port: networking.ServiceBackendPort{Number: 80}},
		}},
	}, metav1.CreateOptions{})
	must(t, err)
	_, err = world.client.BatchV1().Jobs(world.namespace).Create(t.Context(), &batch.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "migrate"},
		Spec:       batch.JobSpec{Template: v1.PodTemplateSpec{Spec: never(image())}},
	}, metav1.CreateOptions{})
	must(t, err)
	class := ""
	_, err = world.client.CoreV1().PersistentVolumeClaims(world.namespace).Create(t.Context(), &v1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data", Annotations: map[string]string{"kube.test/bound": "true"}},
		Spec: v1.PersistentVolumeClaimSpec{
			StorageClassName: &class,
			AccessModes:      []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce},
			Resources: v1.VolumeResourceRequirements{
				Requests: v1.ResourceList{v1.ResourceStorage: resource.MustParse("1Gi")},
			},
		},
	}, metav1.CreateOptions{})
	must(t, err)

	world.eventually("the Deployment to be available", func() bool {
		web, err := world.client.AppsV1().Deployments(world.namespace).Get(t.Context(), "web", metav1.GetOptions{})
		return err == nil && web.Status.AvailableReplicas == replicas
	})
	world.eventually("the Service to have endpoints and an address", func() bool {
		slices, err := world.client.DiscoveryV1().EndpointSlices(world.namespace).List(t.Context(), metav1.ListOptions{})
		must(t, err)
		service, err := world.client.CoreV1().Services(world.namespace).Get(t.Context(), "web", metav1.GetOptions{})
		must(t, err)
		return len(slices.Items) == 1 && len(slices.Items[0].Endpoints) == 3 && len(service.Status.LoadBalancer.Ingress) == 1
	})
	world.eventually("the Ingress to have an address", func() bool {
		ingress, err := world.client.NetworkingV1().Ingresses(world.namespace).Get(t.Context(), "web", metav1.GetOptions{})
		return err == nil && len(ingress.Status.LoadBalancer.Ingress) == 1
	})
	world.eventually("the Job to be complete", func() bool {
		job, err := world.client.BatchV1().Jobs(world.namespace).Get(t.Context(), "migrate", metav1.GetOptions{})
		return err == nil && job.Status.Succeeded == 1 && job.Status.CompletionTime != nil
	})
	world.eventually("the claim to be bound", func() bool {
		claim, err := world.client.CoreV1().PersistentVolumeClaims(world.namespace).Get(t.Context(), "data", metav1.GetOptions{})
		return err == nil && claim.Status.Phase == v1.ClaimBound
	})
	foreground := metav1.DeletePropagationForeground
	must(t, world.client.AppsV1().Deployments(world.namespace).
		Delete(t.Context(), "web", metav1.DeleteOptions{PropagationPolicy: &foreground}))
	world.eventually("the Deployment and its pods to be gone", func() bool {
		pods, err := world.client.CoreV1().Pods(world.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
		must(t, err)
		_, err = world.client.AppsV1().Deployments(world.namespace).Get(t.Context(), "web", metav1.GetOptions{})
		return len(pods.Items) == 0 && apierrors.IsNotFound(err)
	})
}

func TestDaemonSetRunsOnTheSharedNodesOnly(t *testing.T) {
	world := newWorld(t, nil)
	world.create(&v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "alone", Annotations: map[string]string{"kube.test/node": world.namespace}},
		Spec:       image(),
	})
	labels := map[string]string{"app": "agent"}
	_, err := world.client.AppsV1().DaemonSets(world.namespace).Create(t.Context(), &apps.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "agent"},
		Spec: apps.DaemonSetSpec{
			Selector:       &metav1.LabelSelector{MatchLabels: labels},
			UpdateStrategy: apps.DaemonSetUpdateStrategy{RollingUpdate: &apps.RollingUpdateDaemonSet{MaxUnavailable: &intstr.IntOrString{IntVal: 1}}},
			Template:       v1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: image()},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	world.eventually("the DaemonSet to be ready on two nodes", func() bool {
		set, err := world.client.AppsV1().DaemonSets(world.namespace).Get(t.Context(), "agent", metav1.GetOptions{})
		return err == nil && set.Status.NumberAvailable == 2 && set.Status.DesiredNumberScheduled == 2
	})
}

func TestPodThatFitsNowhere(t *testing.T) {
	world := newWorld(t, nil)
	spec := image()
	spec.NodeSelector = map[string]string{"disk": "fast"}
	world.create(pod("picky", "", spec))
	world.eventually("the reason", func() bool {
		for _, condition := range world.pod("picky").Status.Conditions {
			if condition.Reason == v1.PodReasonUnschedulable {
				return strings.Contains(condition.Message, "didn't match Pod's node affinity/selector")
			}
		}
		return false
	})
}

// A program copied by an init container into a volume runs from there in the main one, as its user.
func TestProcessSeesVolumesAndEnvironment(t *testing.T) {
	world := newWorld(t, map[string]string{"kube.test/behaviour": "process"})
	_, err := world.client.CoreV1().Secrets(world.namespace).Create(t.Context(), &v1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "job"}, StringData: map[string]string{"token": "s3cret"},
	}, metav1.CreateOptions{})
	must(t, err)
	user := int64(12345)
	tools := []v1.VolumeMount{{Name: "tools", MountPath: "/towpath/bin"}}
	spec := never(v1.PodSpec{
		SecurityContext: &v1.PodSecurityContext{RunAsUser: &user, RunAsGroup: &user},
		Volumes: []v1.Volume{
			{Name: "tools", VolumeSource: v1.VolumeSource{EmptyDir: &v1.EmptyDirVolumeSource{}}},
			{Name: "job", VolumeSource: v1.VolumeSource{Secret: &v1.SecretVolumeSource{SecretName: "job"}}},
		},
		InitContainers: []v1.Container{{
			Name: "copy", Image: "tools", Command: []string{"cp", "/bin/cat", "/towpath/bin/worker"}, VolumeMounts: tools,
		}},
		Containers: []v1.Container{{
			Name: "main", Image: "app",
			Command: []string{"sh", "-c", `/towpath/bin/worker /job/token; echo " $TOKEN $WHERE $(id -u) $(pwd)"`},
			Env: []v1.EnvVar{
				{Name: "NS", ValueFrom: &v1.EnvVarSource{FieldRef: &v1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
				{Name: "WHERE", Value: "in:$(NS)"},
				{Name: "TOKEN", ValueFrom: &v1.EnvVarSource{SecretKeyRef: &v1.SecretKeySelector{
					LocalObjectReference: v1.LocalObjectReference{Name: "job"}, Key: "token",
				}}},
			},
			WorkingDir:   "/work/space",
			VolumeMounts: append(tools, v1.VolumeMount{Name: "job", MountPath: "/job", ReadOnly: true}),
		}},
	})
	world.create(pod("build", "", spec))
	world.eventually("the pod to succeed", func() bool { return summary(world.pod("build")) == "Succeeded Completed 0" })
	if got, want := world.logs("build", &v1.PodLogOptions{}), "s3cret s3cret in:build 12345 /work/space\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := os.Stat("/towpath/bin"); err == nil {
		t.Error("the container's folder is on this machine")
	}
}

func TestLogsAreFollowedUntilTheEnd(t *testing.T) {
	world := newWorld(t, nil)
	world.create(pod("talker", "process", never(image("sh", "-c", "for i in 1 2 3 4; do echo line $i; sleep 0.2; done"))))
	world.eventually("the first line", func() bool { return summary(world.pod("talker")) == "Running running ready=true" })
	if got := world.logs("talker", &v1.PodLogOptions{Follow: true}); got != "line 1\nline 2\nline 3\nline 4\n" {
		t.Errorf("followed: %q", got)
	}
	tail := int64(2)
	if got := world.logs("talker", &v1.PodLogOptions{TailLines: &tail}); got != "line 3\nline 4\n" {
		t.Errorf("tail: %q", got)
	}
	if got := world.logs("talker", &v1.PodLogOptions{Timestamps: true, TailLines: &tail}); !strings.HasPrefix(got, "20") {
		t.Errorf("timestamps: %q", got)
	}
}

// Deletion asks the process first, kills what it left behind, and only then the object goes.
func TestDeletionEndsTheProcessTree(t *testing.T) {
	world := newWorld(t, nil)
	file := t.TempDir() + "/said"
	must(t, os.WriteFile(file, nil, 0o666))
	spec := image("sh", "-c", `trap 'echo asked >> /said/said; exit 0' TERM; sleep 1001 & echo started; while :; do sleep 0.05; done`)
	spec.Volumes = []v1.Volume{{Name: "said", VolumeSource: v1.VolumeSource{
		HostPath: &v1.HostPathVolumeSource{Path: strings.TrimSuffix(file, "/said")},
	}}}
	spec.Containers[0].VolumeMounts = []v1.VolumeMount{{Name: "said", MountPath: "/said"}}
	world.create(pod("server", "process", spec))
	world.eventually("it to run", func() bool {
		return summary(world.pod("server")) == "Running running ready=true" &&
			strings.Contains(world.logs("server", &v1.PodLogOptions{}), "started")
	})
	must(t, world.client.CoreV1().Pods(world.namespace).Delete(t.Context(), "server", metav1.DeleteOptions{}))
	world.eventually("the pod to be gone", func() bool { return world.pod("server") == nil })
	if said, err := os.ReadFile(file); err != nil || string(said) != "asked\n" {
		t.Errorf("the process was not asked: %q, %v", said, err)
	}
	if runs("sleep\x001001\x00") {
		t.Error("a process of the pod is left")
	}
}

func runs(commandLine string) bool {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if text, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline"); err == nil && string(text) == commandLine {
			return true
		}
	}
	return false
}

func TestNodeIsLost(t *testing.T) {
	world := newWorld(t, nil)
	world.create(&v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "victim", Annotations: map[string]string{
			"kube.test/node": world.namespace, "kube.test/behaviour": "process",
		}},
		Spec: image("sleep", "1002"),
	})
	world.eventually("it to run", func() bool { return summary(world.pod("victim")) == "Running running ready=true" })
	patch := []byte(`{"metadata":{"annotations":{"kube.test/behaviour":"node-lost"}}}`)
	_, err := world.client.CoreV1().Pods(world.namespace).
		Patch(t.Context(), "victim", "application/merge-patch+json", patch, metav1.PatchOptions{})
	must(t, err)
	world.eventually("the node to be unknown", func() bool {
		node, err := world.client.CoreV1().Nodes().Get(t.Context(), world.namespace, metav1.GetOptions{})
		must(t, err)
		return conditionOf(node.Status.Conditions) == v1.ConditionUnknown
	})
	world.eventually("the controllers to say that the pod is not ready", func() bool {
		for _, condition := range world.pod("victim").Status.Conditions {
			if condition.Type == v1.PodReady {
				return condition.Status == v1.ConditionFalse
			}
		}
		return false
	})
	world.eventually("the process to be gone", func() bool { return !runs("sleep\x001002\x00") })
}

func conditionOf(conditions []v1.NodeCondition) v1.ConditionStatus {
	for _, condition := range conditions {
		if condition.Type == v1.NodeReady {
			return condition.Status
		}
	}
	return ""
}

func TestLimitedUserMayDoNothing(t *testing.T) {
	world := newWorld(t, nil)
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: os.Getenv(variable)},
		&clientcmd.ConfigOverrides{CurrentContext: "limited"},
	).ClientConfig()
	must(t, err)
	client, err := kubernetes.NewForConfig(config)
	must(t, err)
	_, err = client.CoreV1().Pods(world.namespace).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("got %v", err)
	}
}
