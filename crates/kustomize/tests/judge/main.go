// kustomize-judge builds many kustomizations in one process with upstream's own packages, those of
// kustomize v5.8.1, as its command line builds one.
//
// It reads one request a line from stdin and writes one answer a line to stdout, both JSON:
//
//	{"folder": "/tmp/x", "path": "overlay", "reorder": "legacy", "load_restrictor": "none"}
//	{"files": {"kustomization.yaml": "..."}, "binary": {"icon.png": "iVBO..."}, "path": "overlay"}
//	{"text": "a:   1 # one\n"}
//	{"output": "apiVersion: ..."} or {"error": "..."}
//
// `folder` is read from disk; `files`, and `binary` in base64, are built in memory. Without `path` the root
// itself is built. `text` is a text that is YAML within another, which is only written again. No answer depends on what was asked before.
//
// `kustomize-judge record CORPUS` writes the expected output of every case of a corpus instead.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	// The program's own module: its version is what the label of `managedByLabel` shows.
	_ "sigs.k8s.io/kustomize/kustomize/v5/commands/build"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

type request struct {
	Folder         string            `json:"folder"`
	Files          map[string]string `json:"files"`
	Binary         map[string][]byte `json:"binary"`
	Path           string            `json:"path"`
	Reorder        string            `json:"reorder"`
	LoadRestrictor string            `json:"load_restrictor"`
	Text           *string           `json:"text"`
}

type answer struct {
	Output string `json:"output,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	// Upstream warns of deprecated fields on stderr.
	log.SetFlags(0)
	if len(os.Args) == 3 && os.Args[1] == "record" {
		if err := record(os.Args[2]); err != nil {
			log.Fatal(err)
		}
		return
	}
	serve()
}

func serve() {
	// The schema stays in memory, and would be looked through again for each few trees.
	debug.SetGCPercent(400)
	requests := bufio.NewReaderSize(os.Stdin, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	answers.SetEscapeHTML(false)
	for {
		line, err := requests.ReadBytes('\n')
		if len(line) > 1 {
			if err := answers.Encode(judgeLine(line)); err != nil {
				log.Fatal(err)
			}
		}
		if err != nil {
			return
		}
	}
}

func judgeLine(line []byte) answer {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: "not a request: " + err.Error()}
	}
	return judge(asked)
}

func judge(asked request) (given answer) {
	defer func() {
		if cause := recover(); cause != nil {
			debug.PrintStack()
			given = answer{Error: fmt.Sprintf("upstream panicked: %v", cause)}
		}
	}()
	output, err := answerTo(asked)
	if err != nil {
		return answer{Error: relative(err.Error(), asked.Folder)}
	}
	return answer{Output: output}
}

func answerTo(asked request) (string, error) {
	if asked.Text != nil {
		return rewritten(*asked.Text)
	}
	useFreshSchema(asked)
	return build(asked)
}

// broughtSchema says whether the build before may have brought a schema of its own.
var broughtSchema bool

// useFreshSchema keeps builds apart. Upstream has one schema a process, and what a kustomization brings is
// added to what is there. A build that may bring one, and the one after it, start anew. All others share the
// built-in one, which takes a tenth of a second to read and changes nothing.
func useFreshSchema(asked request) {
	brings := mayBringSchema(asked)
	if brings || broughtSchema {
		openapi.ResetOpenAPI()
	}
	broughtSchema = brings
}

func mayBringSchema(asked request) bool {
	if asked.Files == nil {
		return true
	}
	for _, text := range asked.Files {
		if strings.Contains(strings.ToLower(text), "openapi") {
			return true
		}
	}
	return false
}

// relative keeps the place of the checkout, and of things in memory, out of an error's text.
func relative(text, folder string) string {
	if folder == "" {
		return text
	}
	text = strings.ReplaceAll(text, folder+"/", "")
	return pointer.ReplaceAllString(strings.ReplaceAll(text, folder, "."), "0x..")
}

// pointer is an address, of which upstream's errors print a few; it differs from run to run.
var pointer = regexp.MustCompile("0x[0-9a-f]{9,}")

func build(asked request) (string, error) {
	files, path, err := tree(asked)
	if err != nil {
		return "", err
	}
	resources, err := krusty.MakeKustomizer(options(asked)).Run(files, path)
	if err != nil {
		return "", err
	}
	output, err := resources.AsYaml()
	return string(output), err
}

func tree(asked request) (filesys.FileSystem, string, error) {
	if asked.Files == nil {
		return filesys.MakeFsOnDisk(), filepath.Join(asked.Folder, asked.Path), nil
	}
	files := filesys.MakeFsInMemory()
	for name, text := range asked.Files {
		if err := files.WriteFile(filepath.Join("/", name), []byte(text)); err != nil {
			return nil, "", err
		}
	}
	for name, bytes := range asked.Binary {
		if err := files.WriteFile(filepath.Join("/", name), bytes); err != nil {
			return nil, "", err
		}
	}
	return files, filepath.Join("/", asked.Path), nil
}

// options are those of the command line without flags, which differ from krusty's defaults.
func options(asked request) *krusty.Options {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	if asked.Reorder != "" {
		options.Reorder = krusty.ReorderOption(asked.Reorder)
	}
	if asked.LoadRestrictor == "none" {
		options.LoadRestrictions = types.LoadRestrictionsNone
	}
	return options
}
