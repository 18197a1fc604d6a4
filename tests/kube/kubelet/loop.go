package kubelet

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

const workers = 16

// loop brings one object at a time one step further, by its key; an error is tried again.
type loop struct {
	name      string
	queue     workqueue.TypedRateLimitingInterface[string]
	reconcile reconcile
}

// reconcile gives when it wants to be called again; 0: when the object changes.
type reconcile func(ctx context.Context, namespace, name string) (time.Duration, error)

func newLoop(name string, reconcile reconcile) *loop {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[string](20*time.Millisecond, 5*time.Second)
	return &loop{name: name, queue: workqueue.NewTypedRateLimitingQueue(limiter), reconcile: reconcile}
}

func (loop *loop) handler() cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    loop.add,
		UpdateFunc: func(_, changed any) { loop.add(changed) },
		DeleteFunc: loop.add,
	}
}

func (loop *loop) add(object any) {
	key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object)
	if err != nil {
		klog.ErrorS(err, "an object without a key", "loop", loop.name)
		return
	}
	loop.queue.Add(key)
}

func (loop *loop) run(ctx context.Context) {
	for range workers {
		go wait.UntilWithContext(ctx, func(ctx context.Context) {
			for loop.one(ctx) {
			}
		}, time.Second)
	}
	go func() {
		<-ctx.Done()
		loop.queue.ShutDown()
	}()
}

func (loop *loop) one(ctx context.Context) bool {
	key, shutdown := loop.queue.Get()
	if shutdown {
		return false
	}
	defer loop.queue.Done(key)
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		klog.ErrorS(err, "a key that is none", "loop", loop.name, "key", key)
		return true
	}
	again, err := loop.reconcile(ctx, namespace, name)
	switch {
	case err == nil || apierrors.IsNotFound(err):
		loop.queue.Forget(key)
		if again > 0 {
			loop.queue.AddAfter(key, again)
		}
	case ctx.Err() != nil:
	default:
		if !apierrors.IsConflict(err) {
			klog.ErrorS(err, "will be tried again", "loop", loop.name, "key", key)
		}
		loop.queue.AddRateLimited(key)
	}
	return true
}
