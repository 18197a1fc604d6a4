// Package kubelet plays the kubelets, the scheduler and the load balancer of a test's cluster: it reads what
// is to run, and reports what a behaviour asks for. Only with the behaviour `process` does something run.
package kubelet

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
)

type kubelet struct {
	client     kubernetes.Interface
	server     *url.URL
	folder     string
	logsPort   int32
	pods       corelisters.PodLister
	nodes      corelisters.NodeLister
	namespaces corelisters.NamespaceLister
	events     record.EventRecorder
	podLoop    *loop

	mutex   sync.Mutex
	runners map[string]*runner
	pulls   map[string]*pulling
}

// Run plays until SIGTERM or SIGINT, then ends the processes that it started.
func Run(folder string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(folder, "kubeconfig"))
	if err != nil {
		return err
	}
	kubelet, err := newKubelet(folder, config)
	if err != nil {
		return err
	}
	// What is there is of processes that ended with an earlier kubelet.
	if err := os.RemoveAll(filepath.Join(folder, "pods")); err != nil {
		return err
	}
	if err := kubelet.serveLogs(ctx); err != nil {
		return err
	}
	if err := kubelet.play(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	kubelet.killAll()
	return nil
}

func newKubelet(folder string, config *rest.Config) (*kubelet, error) {
	// The tests' load is no reason to be slow.
	config.QPS = -1
	config.UserAgent = "towpath-kube-kubelet"
	server, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &kubelet{
		client: client, server: server, folder: folder,
		runners: map[string]*runner{}, pulls: map[string]*pulling{},
	}, nil
}

func (kubelet *kubelet) play(ctx context.Context) error {
	kubelet.events = recorder(ctx, kubelet.client)
	factory := informers.NewSharedInformerFactory(kubelet.client, 0)
	core := factory.Core().V1()
	kubelet.pods, kubelet.nodes, kubelet.namespaces = core.Pods().Lister(), core.Nodes().Lister(), core.Namespaces().Lister()

	pods := newLoop("pods", kubelet.reconcilePod)
	kubelet.podLoop = pods
	services := newLoop("services", kubelet.reconcileService(core.Services().Lister()))
	ingresses := newLoop("ingresses", kubelet.reconcileIngress(factory.Networking().V1().Ingresses().Lister()))
	claims := newLoop("claims", kubelet.reconcileClaim(core.PersistentVolumeClaims().Lister()))
	volumes := newLoop("volumes", kubelet.reconcileVolume(core.PersistentVolumes().Lister()))
	watched := []struct {
		informer cache.SharedIndexInformer
		loop     *loop
	}{
		{core.Pods().Informer(), pods},
		{core.Services().Informer(), services},
		{factory.Networking().V1().Ingresses().Informer(), ingresses},
		{core.PersistentVolumeClaims().Informer(), claims},
		{core.PersistentVolumes().Informer(), volumes},
	}
	for _, watched := range watched {
		if _, err := watched.informer.AddEventHandler(watched.loop.handler()); err != nil {
			return err
		}
	}
	if err := kubelet.requeueOnDefaults(core.Namespaces().Informer(), pods); err != nil {
		return err
	}
	core.Nodes().Informer()
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%v could not be listed", kind)
		}
	}
	if err := kubelet.registerNodes(ctx); err != nil {
		return err
	}
	go kubelet.renewNodes(ctx)
	for _, watched := range watched {
		watched.loop.run(ctx)
	}
	klog.InfoS("playing", "server", kubelet.server, "logsPort", kubelet.logsPort)
	return nil
}

// requeueOnDefaults looks at a namespace's pods again when its annotations, their defaults, change.
func (kubelet *kubelet) requeueOnDefaults(informer cache.SharedIndexInformer, pods *loop) error {
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, changed any) {
			namespace, ok := changed.(*v1.Namespace)
			if !ok {
				return
			}
			for _, pod := range kubelet.podsIn(namespace.Name) {
				pods.add(pod)
			}
		},
	})
	return err
}

func recorder(ctx context.Context, client kubernetes.Interface) record.EventRecorder {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(newEventSink(client))
	return broadcaster.NewRecorder(scheme, v1.EventSource{Component: "kubelet"})
}

// killAll leaves the pods' objects as they are: it is the machine that ends, not the pods.
func (kubelet *kubelet) killAll() {
	kubelet.mutex.Lock()
	runners := make([]*runner, 0, len(kubelet.runners))
	for _, runner := range kubelet.runners {
		runners = append(runners, runner)
	}
	kubelet.mutex.Unlock()
	for _, runner := range runners {
		runner.kill()
	}
	for _, runner := range runners {
		runner.wait(5 * time.Second)
	}
}
