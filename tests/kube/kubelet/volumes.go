package kubelet

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	authentication "k8s.io/api/authentication/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"towpath.dev/towpath-kube/container"
)

// mountVolumes tries until everything that the volumes refer to is there, or the pod is stopped. It gives
// the folder of each.
func (runner *runner) mountVolumes() (map[string]string, bool) {
	folders := map[string]string{}
	for i := range runner.pod.Spec.Volumes {
		volume := &runner.pod.Spec.Volumes[i]
		for {
			folder, err := runner.volume(volume)
			if err == nil {
				folders[volume.Name] = folder
				break
			}
			runner.kubelet.events.Event(runner.pod, v1.EventTypeWarning, "FailedMount",
				fmt.Sprintf("MountVolume.SetUp failed for volume %q : %v", volume.Name, err))
			if !runner.pause(notConfiguredAgain) {
				return nil, false
			}
		}
	}
	return folders, true
}

func (runner *runner) volume(volume *v1.Volume) (string, error) {
	folder := filepath.Join(runner.folder, "volumes", volume.Name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	switch source := volume.VolumeSource; {
	case source.EmptyDir != nil:
		return folder, os.Chmod(folder, 0o777)
	case source.HostPath != nil:
		return source.HostPath.Path, nil
	case source.Secret != nil:
		data, err := runner.secret(source.Secret.SecretName, source.Secret.Optional)
		return folder, writeItems(folder, data, source.Secret.Items, source.Secret.DefaultMode, err)
	case source.ConfigMap != nil:
		data, err := runner.configMap(source.ConfigMap.Name, source.ConfigMap.Optional)
		return folder, writeItems(folder, data, source.ConfigMap.Items, source.ConfigMap.DefaultMode, err)
	case source.DownwardAPI != nil:
		return folder, runner.writeFields(folder, source.DownwardAPI.Items, source.DownwardAPI.DefaultMode)
	case source.Projected != nil:
		return folder, runner.project(folder, source.Projected)
	case source.PersistentVolumeClaim != nil:
		return runner.claimed(source.PersistentVolumeClaim.ClaimName)
	default:
		return "", fmt.Errorf("this kind of volume is not played")
	}
}

func (runner *runner) project(folder string, projected *v1.ProjectedVolumeSource) error {
	for _, source := range projected.Sources {
		if err := runner.projectSource(folder, &source, projected.DefaultMode); err != nil {
			return err
		}
	}
	return nil
}

func (runner *runner) projectSource(folder string, source *v1.VolumeProjection, mode *int32) error {
	switch {
	case source.Secret != nil:
		data, err := runner.secret(source.Secret.Name, source.Secret.Optional)
		return writeItems(folder, data, source.Secret.Items, mode, err)
	case source.ConfigMap != nil:
		data, err := runner.configMap(source.ConfigMap.Name, source.ConfigMap.Optional)
		return writeItems(folder, data, source.ConfigMap.Items, mode, err)
	case source.DownwardAPI != nil:
		return runner.writeFields(folder, source.DownwardAPI.Items, mode)
	case source.ServiceAccountToken != nil:
		return runner.writeToken(folder, source.ServiceAccountToken, mode)
	default:
		return fmt.Errorf("this kind of projection is not played")
	}
}

func (runner *runner) writeToken(folder string, source *v1.ServiceAccountTokenProjection, mode *int32) error {
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{
		ExpirationSeconds: source.ExpirationSeconds,
		BoundObjectRef: &authentication.BoundObjectReference{
			Kind: "Pod", APIVersion: "v1", Name: runner.pod.Name, UID: runner.pod.UID,
		},
	}}
	if source.Audience != "" {
		request.Spec.Audiences = []string{source.Audience}
	}
	answer, err := runner.kubelet.client.CoreV1().ServiceAccounts(runner.pod.Namespace).
		CreateToken(runner.ctx, runner.pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return writeFile(folder, source.Path, answer.Status.Token, mode)
}

func (runner *runner) writeFields(folder string, items []v1.DownwardAPIVolumeFile, mode *int32) error {
	for _, item := range items {
		if item.FieldRef == nil {
			return fmt.Errorf("%s: only a fieldRef is played", item.Path)
		}
		text, err := runner.field(item.FieldRef.FieldPath)
		if err != nil {
			return err
		}
		if err := writeFile(folder, item.Path, text, first(item.Mode, mode)); err != nil {
			return err
		}
	}
	return nil
}

func (runner *runner) claimed(name string) (string, error) {
	client := runner.kubelet.client.CoreV1()
	claim, err := client.PersistentVolumeClaims(runner.pod.Namespace).Get(runner.ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if claim.Status.Phase != v1.ClaimBound {
		return "", fmt.Errorf("persistentvolumeclaim %q is not bound", name)
	}
	volume, err := client.PersistentVolumes().Get(runner.ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if volume.Spec.HostPath == nil {
		return "", fmt.Errorf("volume %q is none of those that are made for the annotation %s", volume.Name, claimAnnotation)
	}
	return volume.Spec.HostPath.Path, nil
}

// writeItems writes all keys, or those that are asked for under the names that are asked for.
func writeItems(folder string, data map[string]string, items []v1.KeyToPath, mode *int32, err error) error {
	if err != nil {
		return err
	}
	if len(items) == 0 {
		for _, key := range slices.Sorted(maps.Keys(data)) {
			items = append(items, v1.KeyToPath{Key: key, Path: key})
		}
	}
	for _, item := range items {
		text, found := data[item.Key]
		if !found {
			return fmt.Errorf("references non-existent config key: %s", item.Key)
		}
		if err := writeFile(folder, item.Path, text, first(item.Mode, mode)); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(folder, path, text string, mode *int32) error {
	target := filepath.Join(folder, path)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	permissions := os.FileMode(0o644)
	if mode != nil {
		permissions = os.FileMode(*mode)
	}
	if err := os.WriteFile(target, []byte(text), permissions); err != nil {
		return err
	}
	return os.Chmod(target, permissions)
}

func first(mode, other *int32) *int32 {
	if mode != nil {
		return mode
	}
	return other
}

func bindMounts(wanted *v1.Container, folders, variables map[string]string) ([]container.Mount, error) {
	var mounts []container.Mount
	for _, mount := range wanted.VolumeMounts {
		folder, found := folders[mount.Name]
		if !found {
			return nil, fmt.Errorf("volume %q is not in the pod", mount.Name)
		}
		below := mount.SubPath
		if mount.SubPathExpr != "" {
			below = expand(mount.SubPathExpr, variables)
		}
		source := filepath.Join(folder, below)
		if _, err := os.Stat(source); os.IsNotExist(err) {
			if err := os.MkdirAll(source, 0o777); err != nil {
				return nil, err
			}
		}
		mounts = append(mounts, container.Mount{Source: source, Path: mount.MountPath, ReadOnly: mount.ReadOnly})
	}
	// An outer one first: it would hide an inner one.
	slices.SortStableFunc(mounts, func(a, b container.Mount) int { return len(a.Path) - len(b.Path) })
	return mounts, nil
}
