package kubelet

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
)

// balancer is the address of every load balancer and ingress. Nothing listens there on their behalf.
const balancer = "127.0.0.1"

// pending is the value of kube.test/address with which no address is given.
const pending = "pending"

func (kubelet *kubelet) reconcileService(services corelisters.ServiceLister) reconcile {
	return func(ctx context.Context, namespace, name string) (time.Duration, error) {
		service, err := services.Services(namespace).Get(name)
		if err != nil {
			return 0, err
		}
		if service.Spec.Type != v1.ServiceTypeLoadBalancer || service.Annotations[addressAnnotation] == pending ||
			len(service.Status.LoadBalancer.Ingress) > 0 {
			return 0, nil
		}
		service = service.DeepCopy()
		service.Status.LoadBalancer.Ingress = []v1.LoadBalancerIngress{{IP: balancer}}
		_, err = kubelet.client.CoreV1().Services(namespace).UpdateStatus(ctx, service, metav1.UpdateOptions{})
		return 0, err
	}
}

func (kubelet *kubelet) reconcileIngress(ingresses networkinglisters.IngressLister) reconcile {
	return func(ctx context.Context, namespace, name string) (time.Duration, error) {
		ingress, err := ingresses.Ingresses(namespace).Get(name)
		if err != nil {
			return 0, err
		}
		if ingress.Annotations[addressAnnotation] == pending || len(ingress.Status.LoadBalancer.Ingress) > 0 {
			return 0, nil
		}
		ingress = ingress.DeepCopy()
		ingress.Status.LoadBalancer.Ingress = []networking.IngressLoadBalancerIngress{{IP: balancer}}
		_, err = kubelet.client.NetworkingV1().Ingresses(namespace).UpdateStatus(ctx, ingress, metav1.UpdateOptions{})
		return 0, err
	}
}
