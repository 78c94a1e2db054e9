package load

import (
	"fmt"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// accept reads which warnings a component, or the config where owner is "", accepts: CODE: "reason". list takes what is wrong with the reasons.
func (l *lowering) accept(owner string, of kind.Place, given *kind.Given, list *diag.List) {
	if given == nil {
		return
	}
	at := kind.Place{Path: of.Path + ".accept", Subject: kind.Own(of.Subject) + " accept", KeyPos: given.KeyPos}
	reasons, _ := l.library.Config.Field("accept").Complete(given, at, list).(kind.Object)
	for _, f := range given.Fields {
		d := diag.Diagnostic{Path: at.Path + "." + ir.Label(f.Key), Pos: f.KeyPos}
		switch code, known := diag.Lookup(f.Key); {
		case f.Invalid:
		case !known || code.ID != f.Key:
			d.Code, d.Message, d.Help = "E0102", fmt.Sprintf("%s accepts %q, which is no code of a warning", of.Subject, f.Key), `write the code as it is reported, such as accept: W0112: "internal only"`
			if near := nearestCode(f.Key, code); near != "" {
				d.Help = fmt.Sprintf("did you mean %s?", near)
			}
			l.add(d)
		case code.Severity() == diag.Error:
			d.Code, d.Message, d.Help = "E0104", fmt.Sprintf("%s accepts %s, which is an error: only warnings can be accepted", of.Subject, code.ID), fmt.Sprintf("remove it, and mend what %s reports", code.ID)
			l.add(d)
		default:
			if reason, ok := reasons[f.Key].(string); ok {
				l.graph.Accepts = append(l.graph.Accepts, ir.Accept{Owner: owner, Code: code.ID, Reason: reason, Path: d.Path, Pos: f.KeyPos})
			}
		}
	}
}

// nearestCode is the warning that a misspelt code most likely means, "" without: code is the one that differs only in case.
func nearestCode(given string, code diag.Code) string {
	if code.ID != "" && code.Severity() == diag.Warning {
		return code.ID
	}
	return diag.Nearest(given, diag.Warnings())
}
