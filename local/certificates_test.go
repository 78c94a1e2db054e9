package local

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// encrypting is a project with a server and a client of it.
func encrypting(t *testing.T) *Project {
	t.Helper()
	return &Project{
		Memory: t.TempDir(), Random: rand.Reader,
		Certificates: []Certificate{
			{Path: "db/db-tls.d", Authority: "shop-db", Names: []string{"db.data.svc", "*.db-headless.data.svc"}, Usages: []string{"digital signature", "server auth"}},
			{Path: "app/app-ca-db.d", Authority: "shop-db", Common: "app", Usages: []string{"digital signature", "client auth"}},
			{Path: "cache/cache-tls.d", Authority: "shop-cache", Names: []string{"cache.data.svc"}, Usages: []string{"digital signature", "server auth"}},
		},
	}
}

// handed are the files of certificates after `platc up` at a time.
func handed(t *testing.T, p *Project, now time.Time) map[string]string {
	t.Helper()
	p.Files = nil
	if err := p.certify(now); err != nil {
		t.Fatal(err)
	}
	if err := handOver(p.Memory, p.Files); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range p.Files {
		all[f.Path] = string(f.Data)
	}
	return all
}

// verified is whether a client that trusts an authority takes a server under a name.
func verified(t *testing.T, files map[string]string, authority, server, name string, now time.Time) error {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(files[server+"/tls.crt"]), []byte(files[server+"/tls.key"]))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(files[authority+"/ca.crt"])) {
		t.Fatalf("%s has no authority", authority)
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return err
}

func TestClientsVerifyServers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	files := handed(t, encrypting(t), now)
	for _, name := range []string{"db.data.svc", "db-0.db-headless.data.svc", "127.0.0.1"} {
		if err := verified(t, files, "app/app-ca-db.d", "db/db-tls.d", name, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, err := range map[string]error{
		"another name":           verified(t, files, "app/app-ca-db.d", "db/db-tls.d", "cache.data.svc", now),
		"another authority":      verified(t, files, "cache/cache-tls.d", "db/db-tls.d", "db.data.svc", now),
		"the client as a server": verified(t, files, "app/app-ca-db.d", "app/app-ca-db.d", "", now),
		"a year later":           verified(t, files, "app/app-ca-db.d", "db/db-tls.d", "db.data.svc", now.Add(365*24*time.Hour)),
	} {
		if err == nil {
			t.Errorf("%s is verified", what)
		}
	}
}

func TestCertificatesAreRenewedBeforeTheyEnd(t *testing.T) {
	t.Parallel()
	p, now := encrypting(t), time.Now()
	first := handed(t, p, now)
	again := handed(t, p, now.Add(59*24*time.Hour))
	late := now.Add(61 * 24 * time.Hour)
	renewed := handed(t, p, late)
	for _, name := range []string{"tls.crt", "tls.key"} {
		path := "db/db-tls.d/" + name
		if first[path] != again[path] {
			t.Errorf("%s is new before its time", path)
		}
		if again[path] == renewed[path] {
			t.Errorf("%s is not renewed", path)
		}
	}
	// a client that has read the authority before takes the new one
	renewed["before/ca.crt"] = first["app/app-ca-db.d/ca.crt"]
	if err := verified(t, renewed, "before", "db/db-tls.d", "db.data.svc", late); err != nil {
		t.Error(err)
	}
	years := now.Add(10 * 365 * 24 * time.Hour)
	if err := verified(t, handed(t, p, years), "app/app-ca-db.d", "db/db-tls.d", "db.data.svc", years); err != nil {
		t.Errorf("the authority is not renewed: %v", err)
	}
}

func TestCertificatesFollowNames(t *testing.T) {
	t.Parallel()
	p, now := encrypting(t), time.Now()
	first := handed(t, p, now)
	p.Certificates[0].Names = append(p.Certificates[0].Names, "other.data.svc")
	files := handed(t, p, now)
	if err := verified(t, files, "app/app-ca-db.d", "db/db-tls.d", "other.data.svc", now); err != nil {
		t.Error(err)
	}
	if first["cache/cache-tls.d/tls.crt"] != files["cache/cache-tls.d/tls.crt"] {
		t.Error("a certificate whose names are the same is new")
	}
}

func TestABrokenCertificateIsMadeAnew(t *testing.T) {
	t.Parallel()
	p, now := encrypting(t), time.Now()
	handed(t, p, now)
	for _, path := range []string{"db/db-tls.d/tls.key", authoritiesFolder + "/shop-cache/tls.crt"} {
		if err := os.WriteFile(filepath.Join(p.Memory, filepath.FromSlash(path)), []byte("broken"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := handed(t, p, now)
	for _, server := range []string{"db", "cache"} {
		folder := server + "/" + server + "-tls.d"
		if err := verified(t, files, folder, folder, server+".data.svc", now); err != nil {
			t.Errorf("%s: %v", server, err)
		}
	}
}

func TestKeysOfAuthoritiesAreForNoContainer(t *testing.T) {
	t.Parallel()
	p := encrypting(t)
	for path := range handed(t, p, time.Now()) {
		if strings.HasPrefix(path, authoritiesFolder) {
			t.Errorf("%s is handed over", path)
		}
	}
	info, err := os.Stat(filepath.Join(p.Memory, authoritiesFolder, "shop-db", "tls.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
