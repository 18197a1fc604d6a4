package container

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Become returns only when the command could not be started. The caller has made the mount, pid and host
// name namespaces: this is process 1.
func Become(input io.Reader) error {
	errors := os.NewFile(ErrorsFD, "errors")
	if errors == nil {
		return fmt.Errorf("`%s` is for the kubelet, which passes a pipe as descriptor %d", Command, ErrorsFD)
	}
	unix.CloseOnExec(ErrorsFD)
	err := become(input)
	fmt.Fprint(errors, err)
	return err
}

func become(input io.Reader) error {
	var spec Spec
	if err := json.NewDecoder(input).Decode(&spec); err != nil {
		return fmt.Errorf("the container's spec: %w", err)
	}
	if err := unix.Sethostname([]byte(spec.Hostname)); err != nil {
		return fmt.Errorf("host name %s: %w", spec.Hostname, err)
	}
	if err := enterRoot(spec); err != nil {
		return err
	}
	if err := enterWorkingDir(spec.WorkingDir); err != nil {
		return err
	}
	program, err := find(spec.Argv[0], spec.Env)
	if err != nil {
		return err
	}
	if err := nullInput(); err != nil {
		return err
	}
	if err := becomeUser(spec.UID, spec.GID); err != nil {
		return err
	}
	if err := unix.Exec(program, spec.Argv, spec.Env); err != nil {
		return fmt.Errorf("exec: %q: %w", program, err)
	}
	return nil
}

func enterWorkingDir(folder string) error {
	if folder == "" {
		folder = "/"
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.Chdir(folder)
}

// find looks in the container's PATH, not in the kubelet's.
func find(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, folder := range filepath.SplitList(value(env, "PATH")) {
		candidate := filepath.Join(folder, name)
		if unix.Access(candidate, unix.X_OK) == nil {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("exec: %q: executable file not found in $PATH", name)
}

func value(env []string, name string) string {
	for _, entry := range env {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value
		}
	}
	return ""
}

func nullInput() error {
	null, err := unix.Open("/dev/null", unix.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("/dev/null: %w", err)
	}
	return unix.Dup2(null, 0)
}

func becomeUser(uid, gid int) error {
	if uid == 0 && gid == 0 {
		return nil
	}
	if err := unix.Setgroups([]int{gid}); err != nil {
		return fmt.Errorf("groups: %w", err)
	}
	if err := unix.Setresgid(gid, gid, gid); err != nil {
		return fmt.Errorf("group %d: %w", gid, err)
	}
	if err := unix.Setresuid(uid, uid, uid); err != nil {
		return fmt.Errorf("user %d: %w", uid, err)
	}
	return nil
}
