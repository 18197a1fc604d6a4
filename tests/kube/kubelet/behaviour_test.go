package kubelet

import (
	"testing"

	v1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestParseBehaviour(t *testing.T) {
	for text, want := range map[string]behaviour{
		"ready":      {ready, 0},
		"failing":    {failing, 1},
		"failing=9":  {failing, 9},
		"exit=0":     {exits, 0},
		"exit=255":   {exits, 255},
		"oom-killed": {oomKilled, 137},
		"process":    {process, 0},
	} {
		if got, err := parseBehaviour(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "redy", "ready=1", "exit", "exit=", "exit=256", "exit=-1", "exit=x"} {
		if got, err := parseBehaviour(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func node(name string, edit func(*v1.Node)) *v1.Node {
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"zone": name}}}
	node.Status.Allocatable = v1.ResourceList{v1.ResourceCPU: resource.MustParse("4")}
	if edit != nil {
		edit(node)
	}
	return node
}

func TestFit(t *testing.T) {
	nodes := []*v1.Node{
		node("a", nil),
		node("b", func(node *v1.Node) { node.Spec.Unschedulable = true }),
		node("c", func(node *v1.Node) { node.Labels[ownLabel] = "true" }),
	}
	pin := func(name string) *v1.Affinity {
		return &v1.Affinity{NodeAffinity: &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{
			NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchFields: []v1.NodeSelectorRequirement{{
				Key: "metadata.name", Operator: v1.NodeSelectorOpIn, Values: []string{name},
			}}}},
		}}}
	}
	requests := func(cpu string) []v1.Container {
		return []v1.Container{{Resources: v1.ResourceRequirements{
			Requests: v1.ResourceList{v1.ResourceCPU: resource.MustParse(cpu)},
		}}}
	}
	for _, example := range []struct {
		spec      v1.PodSpec
		name, why string
	}{
		{v1.PodSpec{}, "a", ""},
		{v1.PodSpec{NodeSelector: map[string]string{"zone": "a"}}, "a", ""},
		{v1.PodSpec{Affinity: pin("b")}, "b", ""},
		{v1.PodSpec{Containers: requests("4")}, "a", ""},
		{v1.PodSpec{Containers: requests("5")}, "", "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable."},
		{v1.PodSpec{NodeSelector: map[string]string{"zone": "x"}}, "", "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable."},
	} {
		name, why := fit(&v1.Pod{Spec: example.spec}, nodes)
		if name != example.name || why != example.why {
			t.Errorf("got %q, %q; want %q, %q", name, why, example.name, example.why)
		}
	}
}

func TestExpand(t *testing.T) {
	variables := map[string]string{"A": "1", "B": "$(A)"}
	for text, want := range map[string]string{
		"$(A)-$(A)": "1-1",
		"$(B)":      "$(A)",
		"$$(A)":     "$(A)",
		"$(C) $(":   "$(C) $(",
		"$A cost $": "$A cost $",
	} {
		if got := expand(text, variables); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// A status that is already told must compare as equal: else it is told again and again.
func TestPlayedStatusIsStable(t *testing.T) {
	sidecar := v1.ContainerRestartPolicyAlways
	pod := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", UID: "u"},
		Spec: v1.PodSpec{
			RestartPolicy:  v1.RestartPolicyAlways,
			InitContainers: []v1.Container{{Name: "i"}, {Name: "s", RestartPolicy: &sidecar}},
			Containers:     []v1.Container{{Name: "c"}},
		},
	}
	first, later := metav1.Unix(1, 0), metav1.Unix(2, 0)
	for _, kind := range []kind{ready, unready, failing, oomKilled, pullError} {
		how := behaviour{kind, codes[kind]}
		told := pod.DeepCopy()
		told.Status = played(pod, how, first)
		again := played(told, how, later)
		if !apiequality.Semantic.DeepEqual(told.Status, again) {
			t.Errorf("%s:\n%v\n%v", kind, told.Status, again)
		}
	}
}

func TestLastMessage(t *testing.T) {
	for output, want := range map[string]string{
		"time=\"2026-11-20T00:00:00Z\" level=fatal msg=\"reading manifest 1 in a/b: unauthorized: \\\"x\\\"\"\n": `reading manifest 1 in a/b: unauthorized: "x"`,
		"a\nplain\n": "plain",
		"":           "",
	} {
		if got := lastMessage(output); got != want {
			t.Errorf("%q: %q", output, got)
		}
	}
}
