package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificates writes ca.crt, server.crt, server.key and, for the tokens of service accounts, sa.key and sa.pub.
func certificates(dir string) error {
	now := time.Now() //nolint:forbidigo // a certificate is valid from now on
	authority := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "platc end-to-end"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    authority.NotBefore,
		NotAfter:     authority.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost", "kubernetes.default.svc"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	var keys [3]*ecdsa.PrivateKey
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return fmt.Errorf("make a key: %w", err)
		}
		keys[i] = key
	}
	for _, each := range []struct {
		name     string
		template *x509.Certificate
		key      *ecdsa.PrivateKey
	}{{"ca", authority, keys[0]}, {"server", server, keys[1]}} {
		der, err := x509.CreateCertificate(rand.Reader, each.template, authority, each.key.Public(), keys[0])
		if err != nil {
			return fmt.Errorf("sign the certificate %s: %w", each.name, err)
		}
		if err := writePEM(filepath.Join(dir, each.name+".crt"), "CERTIFICATE", der); err != nil {
			return err
		}
	}
	if err := writeKey(filepath.Join(dir, "server.key"), keys[1]); err != nil {
		return err
	}
	if err := writeKey(filepath.Join(dir, "sa.key"), keys[2]); err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(keys[2].Public())
	if err != nil {
		return fmt.Errorf("encode the key of service accounts: %w", err)
	}
	return writePEM(filepath.Join(dir, "sa.pub"), "PUBLIC KEY", public)
}

func writeKey(path string, key crypto.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	return writePEM(path, "PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
