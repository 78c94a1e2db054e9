package python

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// Requirement is a pin of a list of requirements, as pip reads it.
type Requirement struct {
	Pin  string // "uvicorn[standard]==0.54.0", perhaps with "; marker"
	Line int
}

// Problem is a line that is not a pin.
type Problem struct {
	Line       int
	What, Help string
}

// Requirements reads a requirements.txt. hashes says whether pins have some, which are not part of a Requirement.
func Requirements(data []byte) (pins []Requirement, hashes bool, problems []Problem) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, false, []Problem{{1, "is UTF-16", "save it as UTF-8; in PowerShell: pip freeze | Out-File -Encoding utf8 requirements.txt"}}
	}
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(data), "\ufeff"))
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		number, line := i+1, comment.ReplaceAllString(lines[i], "")
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + " " + comment.ReplaceAllString(lines[i], "")
		}
		line = strings.TrimSpace(line)
		if line == "" || line == "--require-hashes" {
			hashes = hashes || line != ""
			continue
		}
		requirement, hashed, _ := strings.Cut(line, "--hash")
		hashes = hashes || hashed != ""
		pin, problem := pinned(strings.TrimSpace(requirement))
		if problem.What != "" {
			problem.Line = number
			problems = append(problems, problem)
			continue
		}
		pins = append(pins, Requirement{Pin: pin, Line: number})
	}
	return pins, hashes, problems
}

const name = `[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`

var (
	comment = regexp.MustCompile(`(^|\s+)#.*$`)
	exact   = regexp.MustCompile(`^(` + name + `)\s*(\[\s*[A-Za-z0-9._-]+(?:\s*,\s*[A-Za-z0-9._-]+)*\s*\])?\s*==\s*([0-9][A-Za-z0-9.!+_-]*)\s*(?:;\s*(.+))?$`)
	option  = regexp.MustCompile(`^(-[A-Za-z]|--[A-Za-z-]+)`)
	loose   = regexp.MustCompile(`^` + name + `\s*(\[[^]]*\])?\s*([<>=!~;].*)?$`)
	space   = regexp.MustCompile(`\s+`)
)

// pinned is a line as a pin in one spelling, or what is wrong with it.
func pinned(line string) (string, Problem) {
	if parts := exact.FindStringSubmatch(line); parts != nil {
		pin := parts[1] + space.ReplaceAllString(parts[2], "") + "==" + parts[3]
		if parts[4] != "" {
			pin += "; " + strings.TrimSpace(parts[4])
		}
		return pin, Problem{}
	}
	switch given := option.FindString(line); {
	case given == "-r" || given == "--requirement" || given == "-c" || given == "--constraint":
		return "", Problem{What: fmt.Sprintf("has the option %s, which names another file", given), Help: "write the pins of that file here"}
	case given != "":
		return "", Problem{What: fmt.Sprintf("has the option %s, which is not a pin", given), Help: "remove it; an index other than PyPI is a setting of the build, such as PIP_INDEX_URL"}
	case strings.Contains(line, "://") || strings.Contains(line, "@"):
		return "", Problem{What: "has a requirement at an address, which is not a pin", Help: "pin a release of the package, such as httpx==0.28.1"}
	case loose.MatchString(line):
		return "", Problem{What: fmt.Sprintf("does not pin %s to one version", regexp.MustCompile(name).FindString(line)), Help: "pin it exactly, such as httpx==0.28.1; `pip freeze` and `uv export` write exact pins"}
	}
	return "", Problem{What: "has a line that is not a requirement", Help: "write one exact pin a line, such as httpx==0.28.1"}
}
