package kubelet

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// containerLog keeps what one run of a container wrote: each line with the time before it.
type containerLog struct {
	path   string
	closed chan struct{}

	mutex   sync.Mutex
	file    *os.File
	partial []byte
}

func (runner *runner) newLog(container string) (*containerLog, error) {
	runner.mutex.Lock()
	defer runner.mutex.Unlock()
	folder := filepath.Join(runner.folder, container)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	log := &containerLog{
		path:   filepath.Join(folder, fmt.Sprintf("%d.log", len(runner.logs[container]))),
		closed: make(chan struct{}),
	}
	var err error
	log.file, err = os.Create(log.path)
	if err != nil {
		return nil, err
	}
	runner.logs[container] = append(runner.logs[container], log)
	return log, nil
}

// logOf is the newest log of a container, or the one before.
func (runner *runner) logOf(container string, previous bool) *containerLog {
	runner.mutex.Lock()
	defer runner.mutex.Unlock()
	logs := runner.logs[container]
	if previous && len(logs) > 0 {
		logs = logs[:len(logs)-1]
	}
	if len(logs) == 0 {
		return nil
	}
	return logs[len(logs)-1]
}

// maxPartial is the longest line that is kept back until its end comes.
const maxPartial = 16 << 10

func (log *containerLog) Write(text []byte) (int, error) {
	log.mutex.Lock()
	defer log.mutex.Unlock()
	log.partial = append(log.partial, text...)
	var out bytes.Buffer
	for {
		end := bytes.IndexByte(log.partial, '\n')
		if end < 0 && len(log.partial) > maxPartial {
			end = maxPartial
		}
		if end < 0 {
			break
		}
		stamp(&out, log.partial[:end])
		log.partial = log.partial[min(end+1, len(log.partial)):]
	}
	if _, err := log.file.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}

func stamp(out *bytes.Buffer, line []byte) {
	out.WriteString(time.Now().UTC().Format(time.RFC3339Nano))
	out.WriteByte(' ')
	out.Write(line)
	out.WriteByte('\n')
}

// As a kubelet keeps them of a log that stands in for a termination message.
const (
	tailLines = 80
	tailBytes = 2048
)

// tail is the end of what was written, without the times.
func (log *containerLog) tail() string {
	log.mutex.Lock()
	defer log.mutex.Unlock()
	content, err := os.ReadFile(log.path)
	if err != nil {
		return ""
	}
	lines := strings.SplitAfter(string(content), "\n")
	lines = lines[max(0, len(lines)-1-tailLines):]
	var text strings.Builder
	for _, line := range lines {
		_, said, _ := strings.Cut(line, " ")
		text.WriteString(said)
	}
	text.Write(log.partial)
	said := text.String()
	return said[max(0, len(said)-tailBytes):]
}

func (log *containerLog) close() {
	log.mutex.Lock()
	defer log.mutex.Unlock()
	var out bytes.Buffer
	if len(log.partial) > 0 {
		stamp(&out, log.partial)
	}
	_, _ = log.file.Write(out.Bytes())
	_ = log.file.Close()
	close(log.closed)
}
