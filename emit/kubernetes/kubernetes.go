package kubernetes

import (
	"cmp"
	"fmt"
	"slices"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit/encode"
)

// Objects is a file of objects, one document each, by kind and name (OUTPUT.md, K8S-18). name is the file's, for the syntax of its header.
func Objects(name string, objects kind.Objects) ([]byte, error) {
	return documents(name, sorted(objects))
}

// Kustomization is a kustomization, as it is given.
func Kustomization(name string, k kind.Kustomization) ([]byte, error) {
	return documents(name, []any{k.Object})
}

// Document is any other document in YAML, as it is given.
func Document(name string, d kind.Document) ([]byte, error) {
	return documents(name, []any{d.Object})
}

func documents(name string, docs []any) ([]byte, error) {
	data, err := encode.YAML(docs...)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	header, _ := encode.Header(name)
	return encode.WithHeader(header, data), nil
}

// sorted are the documents of a file, by kind and name (OUTPUT.md, K8S-18).
func sorted(objects []kind.Object) []any {
	all := slices.Clone(objects)
	slices.SortStableFunc(all, func(a, b kind.Object) int {
		return cmp.Or(cmp.Compare(text(a["kind"]), text(b["kind"])), cmp.Compare(objectName(a), objectName(b)))
	})
	docs := make([]any, len(all))
	for i, o := range all {
		docs[i] = o
	}
	return docs
}

func text(v any) string { s, _ := v.(string); return s }

func objectName(o kind.Object) string {
	meta, _ := o["metadata"].(kind.Object)
	return text(meta["name"])
}
