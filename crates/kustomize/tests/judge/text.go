package main

import (
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// rewritten is what a replacement within a text that is YAML makes of the rest of the text: it parses the text
// into nodes and writes them again, as serializeAsYAML of sigs.k8s.io/kustomize/api/filters/replacement does.
func rewritten(text string) (string, error) {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		return "", err
	}
	written, err := yaml.NewRNode(&node).String()
	return strings.TrimSpace(written), err
}
