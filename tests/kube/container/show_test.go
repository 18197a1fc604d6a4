package container

import (
	"os"
	"path/filepath"
	"testing"
)

func TestInsideFollowsLinksWithinTheRoot(t *testing.T) {
	root := t.TempDir()
	for link, to := range map[string]string{
		"absolute": "/run", "relative": "a/../run", "escaping": "../../../etc", "loop": "loop",
	} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"/plain/new":    "plain/new",
		"/absolute/x":   "run/x",
		"/relative/x":   "run/x",
		"/escaping/x":   "etc/x",
		"/../../x":      "x",
		"//absolute/./": "run",
	} {
		if got, err := inside(root, path); err != nil || got != filepath.Join(root, want) {
			t.Errorf("%s: %s, %v", path, got, err)
		}
	}
	if got, err := inside(root, "/loop/x"); err == nil {
		t.Errorf("a loop ends at %s", got)
	}
}
