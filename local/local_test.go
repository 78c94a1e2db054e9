package local

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func shop() *Project {
	return &Project{
		Services: map[string]*Service{
			"api":   {Component: "api", Hosts: []string{"api", "api.app.svc.cluster.local"}, Ports: []int{80}},
			"db":    {Component: "db", Hosts: []string{"db", "db.data.svc", "db.data.svc.cluster.local"}, Ports: []int{5432}},
			"other": {Component: "other", Ports: []int{80, 5432}},
			"app": {Component: "app", EnvFiles: []string{"app/secret/cloud.env"}, Environment: map[string]string{
				"API_URL": "http://api.app.svc.cluster.local", "BOTH": "http://api.app.svc.cluster.local:80/x?db=db.data.svc.cluster.local:5432",
				"PASSWORD": "a$$b${PLATC_DB__X__Y:?platc up sets it}", "WORD": "a db",
				"CA_FILE": "/etc/ca/db.crt", "URL": "postgresql://db.data.svc.cluster.local:5432/x?sslrootcert=/etc/ca/db.crt", "OTHER": "/etc/ca/db.crt.old",
			}, Mounts: []Mount{{Path: "app/ca.d/ca.crt", Secret: true, Target: "/etc/ca/db.crt"}}},
		},
		Memory:    "/run/shop",
		Variables: map[string]string{"PLATC_DB__X__Y": "s$cret"},
		Files: []File{
			{Path: "app/secret/cloud.env.d/DB_HOST", Data: []byte("db.data.svc.cluster.local")},
			{Path: "app/secret/cloud.env.d/DB_PORT", Data: []byte("5432")},
		},
	}
}

func TestPortsAreTheUsualOnesUnlessTheyAreInUse(t *testing.T) {
	t.Parallel()
	p := shop()
	inUse := map[int]bool{8080: true}
	got := map[[2]any]int{}
	for _, port := range p.ports(map[string]map[int]int{"other": {5432: 7000}}, func(port int) bool { return !inUse[port] }) {
		got[[2]any{port.Service, port.Container}] = port.Machine
	}
	want := map[[2]any]int{{"api", 80}: 8081, {"db", 5432}: 5432, {"other", 80}: 8082, {"other", 5432}: 7000}
	if !maps.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestAProgramOnTheMachineReachesServices(t *testing.T) {
	t.Parallel()
	p := shop()
	p.Ports = []Port{{"api", 80, 8081, false}, {"db", 5432, 15432, false}}
	want := map[string]string{
		"API_URL": "http://127.0.0.1:8081", "BOTH": "http://127.0.0.1:8081/x?db=127.0.0.1:15432", "PASSWORD": "a$bs$cret", "WORD": "a db",
		"DB_HOST": "127.0.0.1", "DB_PORT": "15432",
		"CA_FILE": "/run/shop/app/ca.d/ca.crt", "URL": "postgresql://127.0.0.1:15432/x?sslrootcert=/run/shop/app/ca.d/ca.crt", "OTHER": "/etc/ca/db.crt.old",
	}
	if got := p.Host("app"); !maps.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestSecretsAreHandedOverToNobodyElse(t *testing.T) {
	t.Parallel()
	folder := Memory(t.TempDir(), "shop-1")
	name := filepath.Join(folder, "db", "a.env")
	for _, text := range []string{"one", "two"} {
		if err := private(folder); err != nil {
			t.Fatal(err)
		}
		if err := handOver(folder, []File{{Path: "db/a.env", Data: []byte(text)}}); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != text {
			t.Errorf("%s, %v", got, err)
		}
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := private(folder); err == nil {
		t.Error("a folder that others may enter is taken")
	}
}

func TestEachFolderHasAProjectOfItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	here, there, same := filepath.Join(dir, "here"), filepath.Join(dir, "there"), filepath.Join(dir, "same")
	for _, folder := range []string{here, there} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(here, same); err != nil {
		t.Fatal(err)
	}
	if Name("shop", here) == Name("shop", there) {
		t.Error("two folders share containers")
	}
	if Name("shop", here) != Name("shop", same) {
		t.Error("a folder has two projects")
	}
}

func TestAContainerWhoseFilesChangeIsMarked(t *testing.T) {
	t.Parallel()
	p := &Project{Tree: t.TempDir(), Memory: t.TempDir(), Services: map[string]*Service{
		"db": {Mounts: []Mount{{Path: "a.sql", Target: "/a.sql"}, {Path: "a.key", Secret: true, Target: "/a.key"}}}, "cache": {},
	}}
	before := string(p.override())
	if strings.Contains(before, "cache") {
		t.Error("a container without files is marked")
	}
	for _, name := range []string{filepath.Join(p.Tree, "a.sql"), filepath.Join(p.Memory, "a.key")} {
		if err := os.WriteFile(name, []byte("new"), 0o600); err != nil {
			t.Fatal(err)
		}
		now := string(p.override())
		if now == before || now != string(p.override()) {
			t.Errorf("%s: %s, and %s", name, before, now)
		}
		before = now
	}
}

func TestPodmanKeepsHealthChecksWhole(t *testing.T) {
	t.Parallel()
	services := map[string]*Service{
		"code":  {Health: []string{"CMD", "python", "-c", "print('$$a  b')"}},
		"none":  {},
		"plain": {Health: []string{"CMD", "wget", "-q", "http://127.0.0.1/"}},
		"shell": {Health: []string{"CMD-SHELL", "test -f  /x"}},
	}
	want := `{"services":{"code":{"healthcheck":{"test":["CMD-SHELL","'python' '-c' 'print('\\''$$a  b'\\'')'"]}}}}`
	for program, want := range map[string]string{"podman": want, "docker": `{"services":{}}`} {
		p := &Project{Engine: Engine{Program: program}, Services: services}
		if got := string(p.override()); got != want {
			t.Errorf("%s: %s, not %s", program, got, want)
		}
	}
}

func TestOldComposeIsRefused(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"2.30.0": true, "v5.6.0": true, "2.29.7": false, "1.29.2": false, "": false, "podman-compose version 1.0.6": false} {
		if recent(version) != want {
			t.Errorf("%q: %t", version, !want)
		}
	}
}
