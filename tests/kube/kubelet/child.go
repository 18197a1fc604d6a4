package kubelet

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"towpath.dev/towpath-kube/container"
)

// child is a container's process. It is process 1 of its own namespace: with it ends all that it started.
type child struct {
	command *exec.Cmd
	exited  chan struct{}
	code    int32
}

func launch(spec container.Spec, log io.Writer) (*child, error) {
	input, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	failures, failuresOfChild, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer failures.Close()
	command := exec.Command("/proc/self/exe", container.Command)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), log, log
	command.ExtraFiles = []*os.File{failuresOfChild}
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	child := &child{command: command, exited: make(chan struct{})}
	started := make(chan error, 1)
	go child.live(started)
	err = <-started
	failuresOfChild.Close()
	if err != nil {
		return nil, err
	}
	why, err := io.ReadAll(failures)
	if len(why) > 0 {
		<-child.exited
		return nil, errors.New(string(why))
	}
	return child, err
}

func (child *child) live(started chan<- error) {
	// The death signal is sent when the thread ends that started the process: it must live as long.
	runtime.LockOSThread()
	defer close(child.exited)
	err := child.command.Start()
	started <- err
	if err != nil {
		return
	}
	// The exit code is told by the state, also where copying the output failed.
	_ = child.command.Wait()
	child.code = exitCode(child.command.ProcessState)
}

func exitCode(state *os.ProcessState) int32 {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int32(status.Signal())
	}
	return int32(state.ExitCode())
}

func (child *child) wait() int32 {
	<-child.exited
	return child.code
}

func (child *child) signal(signal syscall.Signal) {
	// It may have ended already: that is what is wanted.
	_ = child.command.Process.Signal(signal)
}
