package kubelet

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// environment gives the container's variables, also as a map for `$(NAME)`.
func (runner *runner) environment(container *v1.Container) ([]string, map[string]string, error) {
	variables := map[string]string{
		"PATH":     "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME":     "/root",
		"HOSTNAME": hostname(runner.pod),
		// The Service's own address is reachable from nowhere here.
		"KUBERNETES_SERVICE_HOST":       runner.kubelet.server.Hostname(),
		"KUBERNETES_SERVICE_PORT":       runner.kubelet.server.Port(),
		"KUBERNETES_SERVICE_PORT_HTTPS": runner.kubelet.server.Port(),
	}
	for i := range container.EnvFrom {
		if err := runner.addAll(variables, &container.EnvFrom[i]); err != nil {
			return nil, nil, err
		}
	}
	for i := range container.Env {
		value, found, err := runner.variable(container, &container.Env[i], variables)
		if err != nil {
			return nil, nil, fmt.Errorf("env %s: %w", container.Env[i].Name, err)
		}
		if found {
			variables[container.Env[i].Name] = value
		}
	}
	var env []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		env = append(env, name+"="+variables[name])
	}
	return env, variables, nil
}

func (runner *runner) addAll(variables map[string]string, source *v1.EnvFromSource) error {
	var data map[string]string
	var err error
	switch {
	case source.SecretRef != nil:
		data, err = runner.secret(source.SecretRef.Name, source.SecretRef.Optional)
	case source.ConfigMapRef != nil:
		data, err = runner.configMap(source.ConfigMapRef.Name, source.ConfigMapRef.Optional)
	}
	for name, value := range data {
		variables[source.Prefix+name] = value
	}
	return err
}

func (runner *runner) variable(
	container *v1.Container, variable *v1.EnvVar, variables map[string]string,
) (value string, found bool, err error) {
	from := variable.ValueFrom
	if from == nil {
		return expand(variable.Value, variables), true, nil
	}
	switch {
	case from.FieldRef != nil:
		value, err = runner.field(from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		return resourceField(container, from.ResourceFieldRef.Resource), true, nil
	case from.SecretKeyRef != nil:
		data, err := runner.secret(from.SecretKeyRef.Name, from.SecretKeyRef.Optional)
		return pick(data, "Secret", from.SecretKeyRef.Name, from.SecretKeyRef.Key, from.SecretKeyRef.Optional, err)
	case from.ConfigMapKeyRef != nil:
		data, err := runner.configMap(from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Optional)
		return pick(data, "ConfigMap", from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key, from.ConfigMapKeyRef.Optional, err)
	default:
		return "", false, fmt.Errorf("this source of a value is not played")
	}
}

func pick(
	data map[string]string, kind, name, key string, optional *bool, err error,
) (value string, found bool, _ error) {
	if err != nil {
		return "", false, err
	}
	value, found = data[key]
	if !found && !isTrue(optional) {
		return "", false, fmt.Errorf("couldn't find key %s in %s %s", key, kind, name)
	}
	return value, found, nil
}

func (runner *runner) secret(name string, optional *bool) (map[string]string, error) {
	secret, err := runner.kubelet.client.CoreV1().Secrets(runner.pod.Namespace).
		Get(runner.ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, unlessOptional(err, optional)
	}
	data := map[string]string{}
	for key, value := range secret.Data {
		data[key] = string(value)
	}
	return data, nil
}

func (runner *runner) configMap(name string, optional *bool) (map[string]string, error) {
	configMap, err := runner.kubelet.client.CoreV1().ConfigMaps(runner.pod.Namespace).
		Get(runner.ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, unlessOptional(err, optional)
	}
	data := maps.Clone(configMap.Data)
	if data == nil {
		data = map[string]string{}
	}
	for key, value := range configMap.BinaryData {
		data[key] = string(value)
	}
	return data, nil
}

func unlessOptional(err error, optional *bool) error {
	if apierrors.IsNotFound(err) && isTrue(optional) {
		return nil
	}
	return err
}

func isTrue(value *bool) bool {
	return value != nil && *value
}

// field is what the downward API gives for a path.
func (runner *runner) field(path string) (string, error) {
	pod := runner.pod
	if key, found := bracketed(path, "metadata.labels"); found {
		return pod.Labels[key], nil
	}
	if key, found := bracketed(path, "metadata.annotations"); found {
		return pod.Annotations[key], nil
	}
	fields := map[string]string{
		"metadata.name":           pod.Name,
		"metadata.namespace":      pod.Namespace,
		"metadata.uid":            string(pod.UID),
		"metadata.labels":         listed(pod.Labels),
		"metadata.annotations":    listed(pod.Annotations),
		"spec.nodeName":           pod.Spec.NodeName,
		"spec.serviceAccountName": pod.Spec.ServiceAccountName,
		"status.hostIP":           nodeAddress,
		"status.hostIPs":          nodeAddress,
		"status.podIP":            podAddress(pod.UID),
		"status.podIPs":           podAddress(pod.UID),
	}
	value, found := fields[path]
	if !found {
		return "", fmt.Errorf("the field %s is not played", path)
	}
	return value, nil
}

func bracketed(path, prefix string) (string, bool) {
	rest, found := strings.CutPrefix(path, prefix+"['")
	if !found {
		return "", false
	}
	return strings.CutSuffix(rest, "']")
}

func listed(values map[string]string) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, fmt.Sprintf("%s=%q", key, values[key]))
	}
	return strings.Join(lines, "\n")
}

// resourceField: limits and requests in whole units, as with the divisor 1; 0 where there is none.
func resourceField(container *v1.Container, path string) string {
	list, name, _ := strings.Cut(path, ".")
	quantities := container.Resources.Limits
	if list == "requests" {
		quantities = container.Resources.Requests
	}
	quantity := quantities[v1.ResourceName(name)]
	return fmt.Sprint(quantity.Value())
}

// expand replaces $(NAME); $$ is a dollar, and a name that is not known stays.
func expand(text string, variables map[string]string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		if strings.HasPrefix(rest, "$$") {
			out.WriteByte('$')
			i++
			continue
		}
		end := strings.IndexByte(rest, ')')
		if !strings.HasPrefix(rest, "$(") || end < 0 {
			out.WriteByte(text[i])
			continue
		}
		if value, found := variables[rest[2:end]]; found {
			out.WriteString(value)
		} else {
			out.WriteString(rest[:end+1])
		}
		i += end
	}
	return out.String()
}
