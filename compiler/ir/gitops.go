package ir

import "platc.dev/platc/compiler/kind"

// GitOps is every decision about what an engine reconciles the cluster with; empty where config names none.
type GitOps struct {
	Of         map[*Node]*Delivery // of components that are deployed
	Namespaces []Decided[string]   // theirs, sorted
	Types      []Decided[Ref]      // of all that is applied, without names and versions
	Files      map[string]Decided[bool]
	Rows       []kind.Row // the files, by path
}

// Delivery is what an engine is told of a component.
type Delivery struct {
	Folder  Decided[string]            // what is applied, from the root of the tree
	Name    string                     // of the object that says so
	After   []Decided[*Node]           // components that are ready before, by name
	Space   Decided[*Node]             // the component that brings the Namespace before; zero: this one does, or nobody
	Wave    int                        // after those of After and Space
	Checks  []Decided[Check]           // by API version and kind
	Scaled  []Decided[Ref]             // workloads whose number of pods something in the cluster decides
	Late    []Decided[Ref]             // workloads that wait for Jobs of the same component, and their autoscalers
	Secrets []Decided[GeneratedSecret] // in the order of the kustomization
}

// Ref names an object of a component.
type Ref struct{ APIVersion, Kind, Name string }

// Check is when a custom resource is ready: by a condition of its status, or by a value at a path.
type Check struct{ APIVersion, Kind, Condition, Path, Value string }

// GeneratedSecret is a Secret that a kustomization makes of encrypted files.
type GeneratedSecret struct {
	Name, Type  string
	Hashed      bool // its name has a hash of what is in it
	Envs, Files []SecretFile
}

// SecretFile is an encrypted file, from the root of the tree, and the key that it has in the Secret; "" where it holds the keys.
type SecretFile struct{ Key, Path string }
