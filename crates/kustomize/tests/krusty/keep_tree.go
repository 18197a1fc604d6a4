package krusty

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// keepTree appends a request for the judge to $KRUSTY_TREES: what a test of this package is about to build.
// Trees on a disk are left out; they belong to tests of git, helm and functions.
func keepTree(options *Options, files filesys.FileSystem, path string) {
	if files == filesys.MakeFsOnDisk() {
		return
	}
	request := map[string]any{
		"test":    runningTest(),
		"files":   texts(files),
		"path":    filepath.Clean(strings.TrimPrefix(path, "/")),
		"reorder": options.Reorder,
	}
	if options.LoadRestrictions == types.LoadRestrictionsNone {
		request["load_restrictor"] = "none"
	}
	line, err := json.Marshal(request)
	failOn(err)
	kept, err := os.OpenFile(os.Getenv("KRUSTY_TREES"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	failOn(err)
	_, err = kept.Write(append(line, '\n'))
	failOn(err)
	failOn(kept.Close())
}

func texts(files filesys.FileSystem) map[string]string {
	texts := map[string]string{}
	failOn(files.Walk("/", func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		text, err := files.ReadFile(path)
		texts[strings.TrimPrefix(path, "/")] = string(text)
		return err
	}))
	return texts
}

var testFunction = regexp.MustCompile(`/krusty(?:_test)?\.(Test\w+)`)

func runningTest() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	for {
		frame, more := frames.Next()
		if found := testFunction.FindStringSubmatch(frame.Function); found != nil {
			return found[1]
		}
		if !more {
			return ""
		}
	}
}

func failOn(err error) {
	if err != nil {
		panic(err)
	}
}
