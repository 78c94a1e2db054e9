package kind

import "strings"

// Pin is a requirement of Python at an exact version: "psycopg2[binary,pool]==2.9.13".
type Pin struct {
	Name         string // as written
	Distribution string // the name, normalised as PEP 503 says: two pins of one distribution are two versions of one thing
	Extras       []string
	Version      string // "" of a name alone
	Marker       string // where it is installed: `sys_platform == "linux"`; "" is everywhere
}

// ParsePin reads a pin, or the name of a distribution.
func ParsePin(text string) Pin {
	text, marker, _ := strings.Cut(text, ";")
	name, version, _ := strings.Cut(text, "==")
	name, extras, _ := strings.Cut(strings.TrimSpace(name), "[")
	p := Pin{Name: name, Distribution: normalised(name), Version: strings.TrimSpace(version), Marker: strings.TrimSpace(marker)}
	for extra := range strings.SplitSeq(strings.TrimSuffix(extras, "]"), ",") {
		if extra = strings.TrimSpace(extra); extra != "" {
			p.Extras = append(p.Extras, extra)
		}
	}
	return p
}

func (p Pin) String() string {
	text := p.Name
	if len(p.Extras) > 0 {
		text += "[" + strings.Join(p.Extras, ",") + "]"
	}
	if p.Version != "" {
		text += "==" + p.Version
	}
	if p.Marker != "" {
		text += "; " + p.Marker
	}
	return text
}

// normalised is a name in lower case, with one hyphen for each run of hyphens, underscores and dots.
func normalised(name string) string {
	isSeparator := func(r rune) bool { return r == '-' || r == '_' || r == '.' }
	return strings.ToLower(strings.Join(strings.FieldsFunc(name, isSeparator), "-"))
}
