package prepare

import (
	"encoding/base64"
	"fmt"
)

type tokens struct {
	admin, limited string
}

// table is what `--token-auth-file` reads: token, user, uid, groups.
func (tokens tokens) table() string {
	return fmt.Sprintf("%s,admin,admin,system:masters\n%s,limited,limited,limited\n", tokens.admin, tokens.limited)
}

func kubeconfig(port int64, authority []byte, tokens tokens) string {
	return fmt.Sprintf(kubeconfigText, base64.StdEncoding.EncodeToString(authority), port, tokens.admin, tokens.limited)
}

const kubeconfigText = `apiVersion: v1
kind: Config
clusters:
- name: towpath-kube
  cluster:
    certificate-authority-data: %s
    server: https://127.0.0.1:%d
users:
- name: admin
  user:
    token: %s
- name: limited
  user:
    token: %s
contexts:
- name: admin
  context:
    cluster: towpath-kube
    user: admin
- name: limited
  context:
    cluster: towpath-kube
    user: limited
current-context: admin
`
