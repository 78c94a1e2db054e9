package load

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// unreadable is the mistake of a type of an attribute that has none of the forms that a type may have.
func unreadable(at ast.Node, message, help string) error {
	d := diag.Diagnostic{Code: "E0101", Message: message, Help: help}
	if at != nil {
		d.Pos = position(at.Pos())
	}
	return &kind.Mistakes{Found: []diag.Diagnostic{d}}
}

func fixedList(at ast.Expr) error {
	return unreadable(at, "the list "+source(at)+" has a fixed length", "write it as [...T], a list of any length; a list of literals may be its default: [...string] | *[\"a\"]")
}

func twiceWritten(at ast.Node, name string) error {
	return unreadable(at, fmt.Sprintf("the attribute %s is declared twice", name), "write it as one field")
}

func notMap(at ast.Node) error {
	return unreadable(at, "a pattern stands beside fields, or is not for all names", "write it as {[string]: T} @keys(\"regexp\"), in an attribute of its own")
}

// unknownType is what an expression is that is no form of a type.
func unknownType(e ast.Expr) error {
	text := source(e)
	return unreadable(e, text+" is not a form that the type of an attribute may have", otherForm(text))
}

// otherForm is how the same type may be written.
func otherForm(text string) string {
	switch name, _, _ := strings.Cut(text, "("); {
	case name == "uint":
		return "write it as int & >=0"
	case strings.HasPrefix(name, "uint"), strings.HasPrefix(name, "int"):
		return "write it as int with bounds, such as int & >=0 & <=65535"
	case name == "bytes":
		return "write it as string"
	case name == "close":
		return "write it as the struct itself: attributes are closed"
	case strings.HasPrefix(name, "strings."):
		return "write it as a pattern, such as =~\"^.{2,}$\""
	}
	return "write it as a basic type, a literal, a bound, a pattern, a definition of the kind or of the schema, or several of these with | and &"
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' {
		return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s[1 : len(s)-1])
	}
	return s
}

func display(v cue.Value) string { return fmt.Sprint(v) }
