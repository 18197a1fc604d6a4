package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// record writes what upstream makes of every case of a corpus: `expected.yaml`, or `expected-error.txt`
// where upstream refuses. A case is a folder with `input/` and, where it is not a plain build of
// `input/`, `options.json` with the other fields of a request.
func record(corpus string) error {
	cases, err := os.ReadDir(corpus)
	if err != nil {
		return err
	}
	for _, entry := range cases {
		if err := recordCase(filepath.Join(corpus, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func recordCase(folder string) error {
	asked, err := readCase(folder)
	if err != nil {
		return err
	}
	given := judge(asked)
	output, failure := filepath.Join(folder, "expected.yaml"), filepath.Join(folder, "expected-error.txt")
	if given.Error != "" {
		return replace(failure, given.Error+"\n", output)
	}
	return replace(output, given.Output, failure)
}

func readCase(folder string) (request, error) {
	var asked request
	text, err := os.ReadFile(filepath.Join(folder, "options.json"))
	if err == nil {
		err = json.Unmarshal(text, &asked)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return asked, err
	}
	asked.Folder, err = filepath.Abs(filepath.Join(folder, "input"))
	return asked, err
}

func replace(path, text, stale string) error {
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return err
	}
	if err := os.Remove(stale); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
