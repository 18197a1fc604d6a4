// Package container turns this program into a container's process: a private root made of overlays, the
// volumes where the pod wants them, then the command in its place.
package container

// Command is the argument under which the kubelet starts this program as a container.
const Command = "container"

// ErrorsFD is where a container that could not start writes why. End of file without a word: it runs.
const ErrorsFD = 3

// Spec is read as JSON from standard input.
type Spec struct {
	// Root is the folder that plays the image's root; empty: this machine's own root.
	Root string
	// Scratch is an empty folder; what the container writes to its root is kept there, in memory, while it runs.
	Scratch  string
	Hostname string
	// Mounts, of which a later one may lie within an earlier one.
	Mounts     []Mount
	Argv       []string
	Env        []string
	WorkingDir string
	UID, GID   int
}

// Mount shows a file or folder of this machine inside.
type Mount struct {
	Source   string
	Path     string
	ReadOnly bool
}
