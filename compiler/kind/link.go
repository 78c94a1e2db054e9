package kind

import (
	"strings"
)

// EveryLink are the attributes of every link, whatever its rules.
func EveryLink() []Field {
	isBool := &Check{Basic: "bool"}
	nameOrNull := &Check{Any: []*Check{{Basic: "null"}, {Pattern: &Pattern{Text: "^[A-Z][A-Z0-9_]*$"}}}}
	return []Field{
		{Name: "primary", Type: &Type{Doc: "Whether this instance also has the plain variable names, if there are several of the same kind.", Help: "true or false", Text: "bool", Optional: true, Check: isBool}},
		{Name: "env", Type: &Type{Doc: "New names for variables of the link; null omits one.", Help: "a name such as DATABASE_HOST, or null", Text: "{[NAME]: NAME | null}", IsMap: true, Optional: true, Elem: &Type{Help: "a name of upper-case letters, digits and _, or null", Text: "string | null", Check: nameOrNull}}},
		{Name: "required", Type: &Type{Doc: "Whether a new pod of the source gets requests only once the target has answered it; true where nothing is said.", Help: "true or false", Text: "bool", Optional: true, Check: isBool}},
		{Name: "startup", Type: &Type{Doc: "Whether the target starts before the source.", Help: "true or false", Text: "bool", Optional: true, Check: isBool}},
	}
}

// LinkVariables is the attribute of links that offer fields: variables of the user's own, composed of them.
func LinkVariables(fields []string) Field {
	isText := &Check{Pattern: &Pattern{Text: "\\p{Cc}"}, NotMatch: true}
	return Field{Name: "variables", Type: &Type{
		Doc:  "Variables composed of what the link offers, such as DATABASE_URL: \"{url}\". Fields: " + strings.Join(fields, ", ") + ".",
		Help: "names of variables, each with a text of one line such as \"{url}\"", Text: "{[NAME]: TEXT}", IsMap: true, Optional: true, Keys: &Pattern{Text: "^[A-Z][A-Z0-9_]*$"},
		Elem: &Type{Help: "a text of one line with fields in braces, such as \"{host}:{port}\"", Text: "string", Check: isText},
	}}
}

// IsVariable says whether a name can be that of an environment variable: upper-case letters, digits and _, with a letter first.
func IsVariable(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && s[0] != '_'
}
