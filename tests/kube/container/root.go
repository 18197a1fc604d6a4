package container

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// enterRoot pivots rather than changes root: a process in a changed root may make no user namespace.
func enterRoot(spec Spec) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := unix.Mount("tmpfs", spec.Scratch, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("tmpfs on %s: %w", spec.Scratch, err)
	}
	root := filepath.Join(spec.Scratch, "root")
	layers := layers{folder: spec.Scratch}
	if err := layers.fill(root, spec.Root); err != nil {
		return err
	}
	if err := system(root); err != nil {
		return err
	}
	if spec.Root != "" {
		if err := resolver(root); err != nil {
			return err
		}
	}
	for _, mount := range spec.Mounts {
		if err := show(root, mount); err != nil {
			return fmt.Errorf("mount %s: %w", mount.Path, err)
		}
	}
	return pivot(root)
}

type layers struct {
	folder string
	count  int
}

// fill overlays the image's root, or each folder of this machine's root: as a whole it would hide what is
// mounted below it.
func (layers *layers) fill(root, image string) error {
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	if image != "" {
		return layers.overlay(image, root)
	}
	if err := unix.Mount(root, root, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s: %w", root, err)
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := layers.copyEntry(root, entry); err != nil {
			return err
		}
	}
	return nil
}

func (layers *layers) copyEntry(root string, entry os.DirEntry) error {
	source, target := filepath.Join("/", entry.Name()), filepath.Join(root, entry.Name())
	switch {
	case entry.Type()&os.ModeSymlink != 0:
		to, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return os.Symlink(to, target)
	case entry.IsDir() && !isSystem(entry.Name()):
		if err := os.Mkdir(target, 0o755); err != nil {
			return err
		}
		if layers.overlay(source, target) == nil {
			return nil
		}
		return unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, "")
	default:
		return nil
	}
}

func (layers *layers) overlay(lower, target string) error {
	layers.count++
	layer := filepath.Join(layers.folder, strconv.Itoa(layers.count))
	upper, work := filepath.Join(layer, "upper"), filepath.Join(layer, "work")
	if err := errors.Join(os.MkdirAll(upper, 0o755), os.Mkdir(work, 0o755)); err != nil {
		return err
	}
	lower = strings.NewReplacer(`\`, `\\`, ":", `\:`, ",", `\,`).Replace(lower)
	options := "lowerdir=" + lower + ",upperdir=" + upper + ",workdir=" + work
	if err := unix.Mount("overlay", target, "overlay", 0, options); err != nil {
		return fmt.Errorf("overlay of %s: %w", lower, err)
	}
	return nil
}

func isSystem(name string) bool {
	return name == "proc" || name == "sys" || name == "dev" || name == "tmp"
}

func system(root string) error {
	mounts := []struct {
		source, name, kind string
		flags              uintptr
		options            string
	}{
		{"proc", "proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"/sys", "sys", "", unix.MS_BIND | unix.MS_REC, ""},
		{"/dev", "dev", "", unix.MS_BIND | unix.MS_REC, ""},
		{"tmpfs", "tmp", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
	}
	for _, mount := range mounts {
		target := filepath.Join(root, mount.name)
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(mount.source, target, mount.kind, mount.flags, mount.options); err != nil {
			return fmt.Errorf("/%s: %w", mount.name, err)
		}
	}
	return nil
}

// resolver gives an image's root this machine's names: its network is this machine's.
func resolver(root string) error {
	for _, name := range []string{"/etc/resolv.conf", "/etc/hosts"} {
		text, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		target, err := inside(root, name)
		if err != nil {
			return err
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(target), 0o755), os.WriteFile(target, text, 0o644)); err != nil {
			return err
		}
	}
	return nil
}

func pivot(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot to %s: %w", root, err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("detach the old root: %w", err)
	}
	return os.Chdir("/")
}
