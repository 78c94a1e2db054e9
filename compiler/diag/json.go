package diag

import (
	"encoding/json"
	"io"
	"maps"
)

type jsonDiagnostic struct {
	Code     string        `json:"code"`
	Severity string        `json:"severity"`
	Message  string        `json:"message"`
	Path     string        `json:"path"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Column   int           `json:"column"`
	Help     string        `json:"help"`
	Related  []jsonRelated `json:"related"`

	Environments []string `json:"environments,omitempty"`
	Denied       bool     `json:"denied,omitempty"`
	Reason       string   `json:"reason,omitempty"` // why it is accepted
}

type jsonRelated struct {
	Message string `json:"message"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

// JSON writes findings in the schema of the command line's contract: every key is always there.
func JSON(w io.Writer, findings []Diagnostic) error { return JSONWith(w, findings, nil) }

// JSONWith writes findings beside what else a command has to say.
func JSONWith(w io.Writer, findings []Diagnostic, more map[string]any) error {
	doc := map[string]any{"diagnostics": InJSON(findings)}
	maps.Copy(doc, more)
	return document(w, doc)
}

// InJSON is findings in that schema, for a part of a document.
func InJSON(findings []Diagnostic) any {
	all := make([]jsonDiagnostic, 0, len(findings))
	for _, d := range findings {
		related := make([]jsonRelated, 0, len(d.Related))
		for _, r := range d.Related {
			related = append(related, jsonRelated{Message: r.Message, File: r.Pos.File, Line: r.Pos.Line, Column: r.Pos.Column})
		}
		all = append(all, jsonDiagnostic{
			Code: d.Code, Severity: d.Severity.String(), Message: d.Message, Path: d.Path,
			File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Column, Help: d.Help, Related: related, Environments: d.Environments,
			Denied: d.Denied, Reason: d.Accepted,
		})
	}
	return all
}

// document writes a value as indented JSON.
func document(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
