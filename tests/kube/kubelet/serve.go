package kubelet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
)

// serveLogs answers the API server's questions for logs, and nobody else's: a client certificate is wanted.
func (kubelet *kubelet) serveLogs(ctx context.Context) error {
	pki := filepath.Join(kubelet.folder, "pki")
	certificate, err := tls.LoadX509KeyPair(filepath.Join(pki, "kubelet.crt"), filepath.Join(pki, "kubelet.key"))
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(filepath.Join(pki, "ca.crt"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS12,
	})
	if err != nil {
		return err
	}
	kubelet.logsPort = int32(listener.Addr().(*net.TCPAddr).Port)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", kubelet.answerLogs)
	server := &http.Server{Handler: mux, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			klog.ErrorS(err, "logs are served no more")
		}
	}()
	return nil
}

func (kubelet *kubelet) answerLogs(answer http.ResponseWriter, request *http.Request) {
	options, err := parseLogOptions(request.URL.Query(), time.Now())
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	pod, err := kubelet.pods.Pods(request.PathValue("namespace")).Get(request.PathValue("pod"))
	if err != nil {
		http.Error(answer, err.Error(), http.StatusNotFound)
		return
	}
	output := newLogWriter(answer, options)
	name := request.PathValue("container")
	if runner := kubelet.runner(pod.Namespace + "/" + pod.Name); runner != nil {
		serveProcessLog(request.Context(), answer, output, runner, name)
		return
	}
	output.write([]byte(playedLine(pod, kubelet.defaultsOf(pod), name)))
	for options.follow && kubelet.runs(pod) && waitFor(request.Context(), followInterval) {
	}
}

func serveProcessLog(
	ctx context.Context, answer http.ResponseWriter, output *logWriter, runner *runner, container string,
) {
	log := runner.logOf(container, output.options.previous)
	if log == nil {
		http.Error(answer, fmt.Sprintf("container %q in pod %q is waiting to start", container, runner.pod.Name),
			http.StatusBadRequest)
		return
	}
	if err := log.serve(ctx, output); err != nil {
		klog.ErrorS(err, "a log was cut", "log", log.path)
	}
}

// playedLine is what a container that does not run has written.
func playedLine(pod *v1.Pod, defaults map[string]string, container string) string {
	text := setting(pod, defaults, logAnnotation)
	if text == "" {
		text = fmt.Sprintf("container %s is played by the test's kubelet", container)
	}
	since := pod.CreationTimestamp.UTC().Format(time.RFC3339Nano)
	return stampLines(since, text)
}

func (kubelet *kubelet) runs(pod *v1.Pod) bool {
	current, err := kubelet.pods.Pods(pod.Namespace).Get(pod.Name)
	return err == nil && current.UID == pod.UID && !isFinished(current)
}
