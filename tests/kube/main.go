// towpath-kube is what the tests need of a Kubernetes cluster, in one program: upstream's API server and
// controller manager, and a kubelet that is played. README.md tells how it is used.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"towpath.dev/towpath-kube/container"
	"towpath.dev/towpath-kube/kubelet"
	"towpath.dev/towpath-kube/prepare"
)

const usage = `usage: towpath-kube prepare FOLDER
       towpath-kube apiserver [option]...
       towpath-kube controller-manager [option]...
       towpath-kube kubelet FOLDER`

func main() {
	if len(os.Args) < 2 {
		fail(2, usage)
	}
	part, arguments := os.Args[1], os.Args[2:]
	switch {
	case part == "apiserver":
		os.Exit(upstream(apiserver.NewAPIServerCommand(), arguments))
	case part == "controller-manager":
		os.Exit(upstream(controllermanager.NewControllerManagerCommand(), arguments))
	case part == "prepare" && len(arguments) == 1:
		exit(prepare.Folder(arguments[0]))
	case part == "kubelet" && len(arguments) == 1:
		exit(kubelet.Run(arguments[0]))
	case part == container.Command && len(arguments) == 0:
		exit(container.Become(os.Stdin))
	default:
		fail(2, usage)
	}
}

func upstream(command *cobra.Command, arguments []string) int {
	command.SetArgs(arguments)
	return cli.Run(command)
}

func exit(err error) {
	if err != nil {
		fail(1, "towpath-kube: "+err.Error())
	}
	os.Exit(0)
}

func fail(code int, message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(code)
}
