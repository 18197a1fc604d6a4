package prepare

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const valid = 30 * 24 * time.Hour

// ServiceAddress is the first address of the API server's service range, which the `kubernetes` Service gets.
const ServiceAddress = "10.0.0.1"

type signer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// certificates gives the authority's own certificate as PEM.
func certificates(folder string) ([]byte, error) {
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	ca := pemOf("CERTIFICATE", authority.certificate.Raw)
	if err := os.WriteFile(filepath.Join(folder, "ca.crt"), ca, 0o600); err != nil {
		return nil, err
	}
	leaves := []struct {
		name     string
		template *x509.Certificate
	}{
		{"apiserver", serverTemplate("kube-apiserver")},
		{"kubelet", serverTemplate("kubelet")},
		{"kubelet-client", clientTemplate("kube-apiserver-kubelet-client")},
	}
	for _, leaf := range leaves {
		if err := authority.sign(folder, leaf.name, leaf.template); err != nil {
			return nil, err
		}
	}
	return ca, serviceAccountKey(folder)
}

func newAuthority() (signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signer{}, err
	}
	template := template("towpath-kube")
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return signer{}, err
	}
	certificate, err := x509.ParseCertificate(raw)
	return signer{certificate, key}, err
}

func (authority signer) sign(folder, name string, template *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, authority.certificate, key.Public(), authority.key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, name+".crt"), pemOf("CERTIFICATE", raw), 0o600); err != nil {
		return err
	}
	return writeKey(filepath.Join(folder, name+".key"), key)
}

func serverTemplate(name string) *x509.Certificate {
	template := template(name)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(ServiceAddress)}
	template.DNSNames = []string{
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}
	return template
}

func clientTemplate(name string) *x509.Certificate {
	template := template(name)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return template
}

func template(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(valid),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

// serviceAccountKey signs the tokens of service accounts.
func serviceAccountKey(folder string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	return writeKey(filepath.Join(folder, "service-account.key"), key)
}

func writeKey(path string, key crypto.Signer) error {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pemOf("PRIVATE KEY", raw), 0o600)
}

func pemOf(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}
