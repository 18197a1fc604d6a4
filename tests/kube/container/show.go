package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

func show(root string, mount Mount) error {
	target, err := inside(root, mount.Path)
	if err != nil {
		return err
	}
	if err := mountPoint(mount.Source, target); err != nil {
		return err
	}
	if err := unix.Mount(mount.Source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind %s: %w", mount.Source, err)
	}
	if mount.ReadOnly {
		return unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	}
	return nil
}

func mountPoint(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}

// maxLinks is Linux's own limit.
const maxLinks = 40

// inside follows links as a process whose root is `root` would: /var/run is the container's /run.
func inside(root, path string) (string, error) {
	resolved, rest := root, split(path)
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == ".." {
			resolved = parent(root, resolved)
			continue
		}
		next := filepath.Join(resolved, name)
		to, err := os.Readlink(next)
		if err != nil {
			// Not a link, or not there yet: both are the way to go.
			resolved = next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("too many links")
		}
		if filepath.IsAbs(to) {
			resolved = root
		}
		rest = append(split(to), rest...)
	}
	return resolved, nil
}

func parent(root, resolved string) string {
	if resolved == root {
		return root
	}
	return filepath.Dir(resolved)
}

func split(path string) []string {
	var names []string
	for name := range strings.SplitSeq(path, "/") {
		if name != "" && name != "." {
			names = append(names, name)
		}
	}
	return names
}
