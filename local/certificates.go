package local

import (
	"bytes"
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
	"slices"
	"time"
)

// Certificate is one that clients verify. Its authority is of this machine alone, and in memory like its key.
type Certificate struct {
	Path      string // of its folder, from the root of the tree; slash-separated
	Authority string // what has the same is signed by the same
	Common    string
	Names     []string // of hosts
	Usages    []string // as Kubernetes names them, such as "server auth"
}

// As cert-manager has it: keys of servers are new with each certificate, the one of an authority stays.
const (
	lifetime          = 90 * 24 * time.Hour
	renewed           = 30 * 24 * time.Hour // before the end
	authorityLifetime = 10 * 365 * 24 * time.Hour
	early             = time.Hour // clocks of containers are those of a virtual machine
)

// issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte // of the certificate
}

// authoritiesFolder is where authorities are in the folder of secrets: no container has a file of it.
const authoritiesFolder = ".authorities"

// certify makes the certificates that are not there, are about to end, or are for other names, and adds the files of all to those that containers get.
func (p *Project) certify(now time.Time) error {
	for _, c := range p.Certificates {
		authority, err := p.authority(c.Authority, now)
		if err != nil {
			return fmt.Errorf("make an authority: %w", err)
		}
		cert, key, err := p.certificate(c, authority, now)
		if err != nil {
			return fmt.Errorf("make the certificate %s: %w", c.Path, err)
		}
		for name, data := range map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": authority.pem} {
			p.Files = append(p.Files, File{c.Path + "/" + name, data})
		}
	}
	return nil
}

// authority is the one of a name: that which signed before, or a new one.
func (p *Project) authority(name string, now time.Time) (*issued, error) {
	folder := filepath.Join(p.Memory, authoritiesFolder, filepath.FromSlash(name))
	if old := p.stored(folder); old != nil && now.Add(lifetime).Before(old.cert.NotAfter) {
		return old, nil
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-early), NotAfter: now.Add(authorityLifetime), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	made, err := p.sign(template, nil)
	if err != nil {
		return nil, err
	}
	key, err := keyText(made.key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	for name, data := range map[string][]byte{"tls.crt": made.pem, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// certificate is the text of a certificate and its key: those that are there, if they hold.
func (p *Project) certificate(c Certificate, authority *issued, now time.Time) (cert, key []byte, err error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: c.Common}, NotBefore: now.Add(-early), NotAfter: now.Add(lifetime), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	for _, usage := range c.Usages {
		switch usage {
		case "server auth":
			template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
			template.DNSNames = c.Names
			template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback} // for a program on the machine itself
		case "client auth":
			template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
		}
	}
	made := p.stored(filepath.Join(p.Memory, filepath.FromSlash(c.Path)))
	if made == nil || !made.holds(template, authority, now) {
		if made, err = p.sign(template, authority); err != nil {
			return nil, nil, err
		}
	}
	key, err = keyText(made.key)
	return made.pem, key, err
}

// holds says whether a certificate is still the one that is wanted.
func (i *issued) holds(wanted *x509.Certificate, authority *issued, now time.Time) bool {
	return i.cert.CheckSignatureFrom(authority.cert) == nil && now.Add(renewed).Before(i.cert.NotAfter) && i.cert.Subject.CommonName == wanted.Subject.CommonName &&
		slices.Equal(i.cert.DNSNames, wanted.DNSNames) && slices.Equal(i.cert.ExtKeyUsage, wanted.ExtKeyUsage)
}

// stored is the certificate of a folder, nil where there is none that can be read.
func (p *Project) stored(folder string) *issued {
	text, err := os.ReadFile(filepath.Join(folder, "tls.crt"))
	if err != nil {
		return nil
	}
	secret, err := os.ReadFile(filepath.Join(folder, "tls.key"))
	if err != nil {
		return nil
	}
	block, _ := pem.Decode(text)
	keyBlock, _ := pem.Decode(secret)
	if block == nil || keyBlock == nil {
		return nil
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || !key.PublicKey.Equal(cert.PublicKey) {
		return nil
	}
	return &issued{cert, key, text}
}

// sign makes a certificate with a key of its own; without an authority, it is signed by itself.
func (p *Project) sign(template *x509.Certificate, authority *issued) (*issued, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), p.Random)
	if err != nil {
		return nil, err
	}
	template.SerialNumber, err = rand.Int(p.Random, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	parent, signer := template, key
	if authority != nil {
		parent, signer = authority.cert, authority.key
	}
	der, err := x509.CreateCertificate(p.Random, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &issued{cert, key, text("CERTIFICATE", der)}, nil
}

// keyText is a key in the form that every server reads.
func keyText(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return text("PRIVATE KEY", der), err
}

func text(what string, der []byte) []byte {
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: what, Bytes: der}) // a buffer takes all
	return b.Bytes()
}
