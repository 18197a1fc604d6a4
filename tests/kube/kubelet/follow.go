package kubelet

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const followInterval = 50 * time.Millisecond

// logOptions are those of the API's `pods/log`.
type logOptions struct {
	follow, previous, timestamps bool
	since                        time.Time
	// tail and limit are -1 where nothing was asked for.
	tail, limit int64
}

func parseLogOptions(query url.Values, now time.Time) (logOptions, error) {
	options := logOptions{
		follow:     query.Get("follow") == "true",
		previous:   query.Get("previous") == "true",
		timestamps: query.Get("timestamps") == "true",
		tail:       -1,
		limit:      -1,
	}
	var err error
	number := func(name string, into *int64) {
		text := query.Get(name)
		if text == "" || err != nil {
			return
		}
		*into, err = strconv.ParseInt(text, 10, 64)
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	seconds := int64(-1)
	number("tailLines", &options.tail)
	number("limitBytes", &options.limit)
	number("sinceSeconds", &seconds)
	if seconds >= 0 {
		options.since = now.Add(-time.Duration(seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" && err == nil {
		options.since, err = time.Parse(time.RFC3339Nano, text)
	}
	return options, err
}

// logWriter sends stamped lines as the options want them.
type logWriter struct {
	options logOptions
	out     io.Writer
	flush   func()
	left    int64
}

func newLogWriter(answer http.ResponseWriter, options logOptions) *logWriter {
	flush := func() {}
	if flusher, ok := answer.(http.Flusher); ok {
		flush = flusher.Flush
	}
	return &logWriter{options: options, out: answer, flush: flush, left: options.limit}
}

// write gives false when no more is wanted, or the reader has gone.
func (writer *logWriter) write(stamped []byte) bool {
	defer writer.flush()
	for line := range bytes.Lines(stamped) {
		stamp, text, _ := bytes.Cut(line, []byte(" "))
		at, err := time.Parse(time.RFC3339Nano, string(stamp))
		if err == nil && at.Before(writer.options.since) {
			continue
		}
		if writer.options.timestamps {
			text = line
		}
		if writer.left >= 0 {
			text = text[:min(int64(len(text)), writer.left)]
			writer.left -= int64(len(text))
		}
		if _, err := writer.out.Write(text); err != nil || writer.left == 0 {
			return false
		}
	}
	return true
}

func (log *containerLog) serve(ctx context.Context, output *logWriter) error {
	file, err := os.Open(log.path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := seekTail(file, output.options.tail); err != nil {
		return err
	}
	var text []byte
	for {
		// Asked before reading: what was written until then is read below.
		isClosed := log.isClosed()
		more, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		text = append(text, more...)
		whole := bytes.LastIndexByte(text, '\n') + 1
		isWanted := output.write(text[:whole])
		text = text[whole:]
		if !isWanted || !output.options.follow || isClosed {
			return nil
		}
		if !waitFor(ctx, followInterval) {
			return nil
		}
	}
}

func (log *containerLog) isClosed() bool {
	select {
	case <-log.closed:
		return true
	default:
		return false
	}
}

// seekTail leaves the file at the beginning of its last lines. A log only ever gets whole lines.
func seekTail(file *os.File, lines int64) error {
	if lines < 0 {
		return nil
	}
	var ends []int64
	position := int64(0)
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadSlice('\n')
		position += int64(len(line))
		if err == nil {
			ends = append(ends, position)
		} else if err != bufio.ErrBufferFull {
			break
		}
	}
	start := int64(0)
	if first := int64(len(ends)) - lines; first > 0 {
		start = ends[first-1]
	}
	_, err := file.Seek(start, io.SeekStart)
	return err
}

func stampLines(at, text string) string {
	var out strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		out.WriteString(at + " " + line + "\n")
	}
	return out.String()
}

// waitFor gives false when nobody waits any more.
func waitFor(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}
