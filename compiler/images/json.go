package images

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
)

// maxSize bounds the file: ten thousand components are about 2 MB.
const maxSize = 8 << 20

// Parse reads the file. name is what positions call it. What is wrong with it is E0115, of a reference E0104; the rest of the file is read all the same.
func Parse(data []byte, name string) (File, []diag.Diagnostic) {
	r := &reader{data: data, name: name, in: json.NewDecoder(bytes.NewReader(data))}
	if len(data) > maxSize {
		return File{}, []diag.Diagnostic{r.broken(0, fmt.Sprintf("has %d MiB, more than the limit of %d MiB", len(data)>>20, maxSize>>20))}
	}
	var f File
	err := r.object(func(key string, at int64) error {
		c := Component{Name: key, At: r.pos(at), Entry: Entry{Pos: r.pos(at)}}
		if err := r.component(&c); err != nil {
			return err
		}
		f.Components = append(f.Components, c)
		return nil
	})
	if err == nil && r.more() {
		err = r.fail(r.next(), "has something behind its last }")
	}
	if err != nil {
		r.found = append(r.found, r.explained(err))
		return File{}, r.found
	}
	return f, r.found
}

// reader reads the file and notes what is wrong with references.
type reader struct {
	data  []byte
	name  string
	in    *json.Decoder
	found []diag.Diagnostic
}

// failure ends the reading.
type failure struct {
	at   int64
	what string
}

func (f failure) Error() string { return f.what }

func (r *reader) fail(at int64, what string) error { return failure{at, what} }

func (r *reader) component(c *Component) error {
	err := r.object(func(key string, at int64) error {
		if key != "environments" {
			return r.part(&c.Entry, key, at, "tag, digest and environments")
		}
		return r.object(func(key string, at int64) error {
			e := Environment{Name: key, At: r.pos(at), Entry: Entry{Pos: r.pos(at)}}
			err := r.object(func(key string, at int64) error { return r.part(&e.Entry, key, at, "tag and digest") })
			if err != nil {
				return err
			}
			r.check(c.Name+" in "+e.Name, e.Entry)
			c.Environments = append(c.Environments, e)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if c.Ref != (Ref{}) || len(c.Environments) == 0 {
		r.check(c.Name, c.Entry)
	}
	return nil
}

// part reads a tag or a digest; its place is that of the entry from then on.
func (r *reader) part(e *Entry, key string, at int64, known string) error {
	field := map[string]*string{"tag": &e.Tag, "digest": &e.Digest}[key]
	if field == nil {
		return r.fail(at, fmt.Sprintf("has a field %q, and the fields here are %s", key, known))
	}
	start := r.next()
	t, err := r.in.Token()
	if err != nil {
		return err
	}
	text, ok := t.(string)
	if !ok || text == "" {
		return r.fail(start, fmt.Sprintf("has a %s that is not a text", key))
	}
	if *field = text; key == "tag" || e.Tag == "" {
		e.Pos = r.pos(start)
	}
	return nil
}

func (r *reader) check(of string, e Entry) {
	if err := e.Check(); err != nil {
		r.found = append(r.found, diag.Diagnostic{Code: "E0104", Pos: e.Pos, Message: fmt.Sprintf("%s: %s %v", r.name, of, err), Help: "`platc image set COMPONENT TAG`, `@DIGEST` or `TAG@DIGEST` writes it"})
	}
}

// object reads an object; each reads the value of one of its keys.
func (r *reader) object(each func(key string, at int64) error) error {
	at := r.next()
	t, err := r.in.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return r.fail(at, fmt.Sprintf("has %v where an object has to be", shown(t)))
	}
	var keys []string
	for r.in.More() {
		at := r.next()
		t, err := r.in.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string)
		if slices.Contains(keys, key) {
			return r.fail(at, fmt.Sprintf("has %q twice", key))
		}
		keys = append(keys, key)
		if err := each(key, at); err != nil {
			return err
		}
	}
	_, err = r.in.Token() // the closing brace
	return err
}

func shown(t json.Token) string {
	switch t := t.(type) {
	case string:
		return "a text"
	case json.Delim:
		return "a list"
	default:
		return fmt.Sprint(t)
	}
}

// more says whether anything but white space is left.
func (r *reader) more() bool { return r.next() < int64(len(r.data)) }

// next is where the next token begins.
func (r *reader) next() int64 {
	at := r.in.InputOffset()
	return at + int64(len(r.data[at:])-len(bytes.TrimLeft(r.data[at:], " \t\r\n,:")))
}

func (r *reader) pos(at int64) diag.Pos {
	before := r.data[:min(at, int64(len(r.data)))]
	return diag.Pos{File: r.name, Line: 1 + bytes.Count(before, []byte("\n")), Column: len(before) - bytes.LastIndexByte(before, '\n')}
}

func (r *reader) broken(at int64, what string) diag.Diagnostic {
	return diag.Diagnostic{Code: "E0115", Pos: r.pos(at), Message: r.name + " " + what, Help: "it is {\"COMPONENT\": {\"tag\": \"1.4.0\"}}, as `platc image set` writes it; take it from version control"}
}

// explained is an error of reading as a finding.
func (r *reader) explained(err error) diag.Diagnostic {
	var own failure
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &own):
		return r.broken(own.at, own.what)
	case conflict(r.data) >= 0:
		d := r.broken(int64(conflict(r.data)), "has conflict markers from an unresolved merge")
		d.Help = "take either side, and set the images that the other one has with `platc image set`"
		return d
	case len(bytes.TrimSpace(r.data)) == 0:
		return r.broken(0, "is empty")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return r.broken(int64(len(bytes.TrimRight(r.data, " \t\r\n"))), "is not valid JSON: it ends too early")
	case errors.As(err, &syntax):
		return r.broken(max(syntax.Offset-1, 0), "is not valid JSON: "+strings.TrimPrefix(syntax.Error(), "json: "))
	}
	return r.broken(r.next(), "is not valid JSON: "+err.Error())
}

// conflict is where a line of git's conflict markers begins, -1 without.
func conflict(data []byte) int {
	for _, marker := range []string{"<<<<<<< ", "=======\n", ">>>>>>> "} {
		if bytes.HasPrefix(data, []byte(marker)) {
			return 0
		}
		if at := bytes.Index(data, []byte("\n"+marker)); at >= 0 {
			return at + 1
		}
	}
	return -1
}

// Encode is the file as it is written: components and environments in their order, one field a line.
func (f File) Encode() []byte {
	var b bytes.Buffer
	b.WriteString("{")
	for i, c := range f.Components {
		open(&b, i, 1, c.Name)
		fields := c.encode(&b, 2)
		for j, e := range c.Environments {
			if j == 0 {
				open(&b, fields, 2, "environments")
			}
			open(&b, j, 3, e.Name)
			e.encode(&b, 4)
			shut(&b, 3)
		}
		if len(c.Environments) > 0 {
			shut(&b, 2)
		}
		shut(&b, 1)
	}
	if len(f.Components) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// encode writes the fields of an entry, and says how many there are.
func (e Entry) encode(b *bytes.Buffer, depth int) int {
	fields := 0
	for _, f := range []struct{ key, text string }{{"tag", e.Tag}, {"digest", e.Digest}} {
		if f.text != "" {
			line(b, fields, depth, f.key)
			b.WriteString(quoted(f.text))
			fields++
		}
	}
	return fields
}

func open(b *bytes.Buffer, before, depth int, key string) {
	line(b, before, depth, key)
	b.WriteString("{")
}

func shut(b *bytes.Buffer, depth int) { b.WriteString("\n" + strings.Repeat("  ", depth) + "}") }

// line begins the line of a key, behind the comma of what is before it.
func line(b *bytes.Buffer, before, depth int, key string) {
	if before > 0 {
		b.WriteString(",")
	}
	b.WriteString("\n" + strings.Repeat("  ", depth) + quoted(key) + ": ")
}

func quoted(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return string(data)
}
