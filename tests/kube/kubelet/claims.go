package kubelet

import (
	"context"
	"os"
	"path/filepath"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
)

// reconcileClaim makes a volume, a folder here, for a claim with the annotation kube.test/bound. Binding the
// two is the controller manager's work.
func (kubelet *kubelet) reconcileClaim(claims corelisters.PersistentVolumeClaimLister) reconcile {
	return func(ctx context.Context, namespace, name string) (time.Duration, error) {
		claim, err := claims.PersistentVolumeClaims(namespace).Get(name)
		if err != nil {
			return 0, err
		}
		if claim.Annotations[claimAnnotation] != "true" || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil {
			return 0, nil
		}
		volume := kubelet.volumeFor(claim)
		if err := os.MkdirAll(volume.Spec.HostPath.Path, 0o755); err != nil {
			return 0, err
		}
		_, err = kubelet.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return 0, nil
		}
		return 0, err
	}
}

func (kubelet *kubelet) volumeFor(claim *v1.PersistentVolumeClaim) *v1.PersistentVolume {
	name := "played-" + string(claim.UID)
	volume := &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{playedLabel: "true"}},
		Spec: v1.PersistentVolumeSpec{
			Capacity:    v1.ResourceList{v1.ResourceStorage: claim.Spec.Resources.Requests[v1.ResourceStorage]},
			AccessModes: claim.Spec.AccessModes,
			VolumeMode:  claim.Spec.VolumeMode,
			ClaimRef: &v1.ObjectReference{
				Kind: "PersistentVolumeClaim", APIVersion: "v1",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeReclaimPolicy: v1.PersistentVolumeReclaimRetain,
		},
	}
	volume.Spec.HostPath = &v1.HostPathVolumeSource{Path: filepath.Join(kubelet.folder, "volumes", name)}
	if class := claim.Spec.StorageClassName; class != nil {
		volume.Spec.StorageClassName = *class
	}
	return volume
}

// reconcileVolume removes what reconcileClaim made when its claim is gone.
func (kubelet *kubelet) reconcileVolume(volumes corelisters.PersistentVolumeLister) reconcile {
	return func(ctx context.Context, _, name string) (time.Duration, error) {
		volume, err := volumes.Get(name)
		if err != nil {
			return 0, err
		}
		if volume.Labels[playedLabel] != "true" || volume.Status.Phase != v1.VolumeReleased {
			return 0, nil
		}
		if err := os.RemoveAll(filepath.Join(kubelet.folder, "volumes", name)); err != nil {
			return 0, err
		}
		return 0, kubelet.client.CoreV1().PersistentVolumes().Delete(ctx, name, metav1.DeleteOptions{})
	}
}
