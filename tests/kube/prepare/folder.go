// Package prepare fills an instance's folder with what its programs share: keys, certificates, tokens, a
// port and the kubeconfig.
package prepare

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
)

// Folder writes into `folder`:
//
//	pki/         the authority, one certificate for the API server, one for the kubelet, and its client's
//	tokens.csv   the API server's users
//	port         where the API server is to listen on 127.0.0.1
//	kubeconfig   contexts `admin` (current) and `limited`
func Folder(folder string) error {
	pki := filepath.Join(folder, "pki")
	if err := os.MkdirAll(pki, 0o700); err != nil {
		return err
	}
	authority, err := certificates(pki)
	if err != nil {
		return fmt.Errorf("certificates in %s: %w", pki, err)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	tokens := tokens{admin: newToken(), limited: newToken()}
	files := map[string]string{
		"port":       fmt.Sprintln(port),
		"tokens.csv": tokens.table(),
		"kubeconfig": kubeconfig(port, authority, tokens),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// freePort is below the range from which Linux takes the ports of outgoing connections: nobody gets it by
// chance between this look and the server's start.
func freePort() (int64, error) {
	const lowest, count = 20_000, 12_000
	for range 100 {
		offset, err := rand.Int(rand.Reader, big.NewInt(count))
		if err != nil {
			return 0, err
		}
		port := lowest + offset.Int64()
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("no free port of loopback between %d and %d", lowest, lowest+count)
}

func newToken() string {
	return hex.EncodeToString([]byte(rand.Text()))
}
