package kind

import (
	"errors"
	"fmt"
	"strings"

	"platc.dev/platc/compiler/diag"
)

// Mistakes is the error of what a user wrote, as findings at its places. It is that of a kind that cannot be evaluated, or says what no kind may say
// (in a built-in kind that is a broken invariant, and another error), and of a file that cannot be copied after it was listed.
type Mistakes struct{ Found []diag.Diagnostic }

func (m *Mistakes) Error() string {
	lines := make([]string, len(m.Found))
	for i, d := range m.Found {
		lines[i] = fmt.Sprintf("%s: %s: %s", d.Pos, d.Code, d.Message)
	}
	return strings.Join(lines, "\n")
}

// Mistake is the error of a kind, or of a rule, that says something wrong at a place. own is whether a user wrote it.
func Mistake(own bool, pos diag.Pos, message, help string) error {
	if !own {
		return errors.New(message)
	}
	return &Mistakes{[]diag.Diagnostic{{Code: "E0101", Message: message, Help: help, Pos: pos}}}
}
