package diag

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Concealed stands in a text where a secret stood.
const Concealed = "[secret]"

const (
	// minHidden is the shortest text that is looked for: what is shorter stands in half of all texts.
	minHidden = 4
	// minInside is the shortest one that is looked for inside a word.
	minInside = 8
	// cutAt is how much of a text is enough to know it by: messages cut long values.
	cutAt = 32
)

// Hidden is the texts that no output may show, whoever wrote the output. The zero value hides nothing and is ready;
// so is nil, which stays empty. It is safe for concurrent use.
type Hidden struct {
	mu     sync.Mutex
	texts  map[string]bool
	names  map[string]bool
	cover  func(data []byte) []byte
	sorted []string // the texts to look for, the longest first; nil where that has to be found out
}

// Add hides texts, and each line of those that have several.
func (h *Hidden) Add(texts ...string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.texts == nil {
		h.texts = map[string]bool{}
	}
	for _, text := range texts {
		h.texts[strings.TrimSpace(text)] = true
		for line := range strings.Lines(text) {
			h.texts[strings.TrimSpace(line)] = true
		}
	}
	h.sorted = nil
}

// Except says what are names in the architecture: they are shown, also where a secret has the same text.
func (h *Hidden) Except(names ...string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.names == nil {
		h.names = map[string]bool{}
	}
	for _, name := range names {
		h.names[name] = true
	}
	h.sorted = nil
}

// CoverWith sets what puts * over the secrets of a source, byte for byte.
func (h *Hidden) CoverWith(cover func(data []byte) []byte) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cover = cover
}

// forms are the texts that are looked for: as they are, and as formats write them.
func (h *Hidden) forms() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sorted != nil {
		return h.sorted
	}
	all := []string{}
	for text := range h.texts {
		if len(text) < minHidden || h.names[text] {
			continue
		}
		quoted := strconv.Quote(text)
		encoded, _ := json.Marshal(text)
		all = append(all, text, quoted[1:len(quoted)-1], string(encoded[1:len(encoded)-1]), url.QueryEscape(text), url.PathEscape(text))
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if len(text) >= minInside {
				all = append(all, e.EncodeToString([]byte(text)))
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	h.sorted = slices.Compact(all)
	return h.sorted
}

// userinfo is the user and password of a URL.
var userinfo = regexp.MustCompile(`(://)([^\s/@"'<>]*:)?[^\s/@:"'<>]+@`)

// Text is a text without what is hidden, and without the passwords of URLs.
func (h *Hidden) Text(s string) string {
	if h != nil {
		s = replaced(s, h.forms(), func(string) string { return Concealed })
	}
	return withoutUserinfo(identity.ReplaceAllString(s, Concealed))
}

// identity is a private key of age: nobody means to show one.
var identity = regexp.MustCompile(`AGE-SECRET-KEY-[0-9A-Z-]+`)

// withoutUserinfo hides the password of URLs, and what stands alone before the @ unless it is the plain user of ssh.
func withoutUserinfo(s string) string {
	if !strings.Contains(s, "://") || !strings.Contains(s, "@") {
		return s
	}
	return userinfo.ReplaceAllStringFunc(s, func(found string) string {
		if found == "://git@" || strings.Contains(found, Concealed) {
			return found
		}
		if i := strings.Index(found[3:], ":"); i >= 0 {
			return found[:3+i+1] + Concealed + "@"
		}
		return "://" + Concealed + "@"
	})
}

// Source is a source as an excerpt may show it: secrets are covered by as many bytes.
func (h *Hidden) Source(data []byte) []byte {
	if h == nil {
		return data
	}
	h.mu.Lock()
	cover := h.cover
	h.mu.Unlock()
	if cover != nil {
		data = cover(data)
	}
	covered := func(found string) string { return strings.Repeat("*", len(found)) }
	return []byte(identity.ReplaceAllStringFunc(replaced(string(data), h.forms(), covered), covered))
}

// Finding is a finding without what is hidden.
func (h *Hidden) Finding(d Diagnostic) Diagnostic {
	d.Message, d.Help, d.Accepted = h.Text(d.Message), h.Text(d.Help), h.Text(d.Accepted)
	d.Related = slices.Clone(d.Related)
	for i := range d.Related {
		d.Related[i].Message = h.Text(d.Related[i].Message)
	}
	return d
}

// Conceal takes what is hidden out of all findings.
func (l *List) Conceal(h *Hidden) {
	for i := range l.all {
		l.all[i] = h.Finding(l.all[i])
	}
}

// replaced replaces texts, the first of the list that fits at each place. Of a long text its beginning is enough.
func replaced(s string, texts []string, by func(found string) string) string {
	for _, text := range texts {
		head := text
		if len(head) > cutAt {
			head = strings.ToValidUTF8(head[:cutAt], "")
		}
		if !strings.Contains(s, head) {
			continue
		}
		var b strings.Builder
		rest := s
		for {
			i := strings.Index(rest, head)
			if i < 0 {
				break
			}
			end := i + len(head)
			for end < len(rest) && end-i < len(text) && rest[end] == text[end-i] {
				end++
			}
			b.WriteString(rest[:i])
			if found := rest[i:end]; len(text) < minInside && inWord(b.String(), rest[end:]) {
				b.WriteString(found)
			} else {
				b.WriteString(by(found))
			}
			rest = rest[end:]
		}
		s = b.String() + rest
	}
	return s
}

// inWord says whether what stands between two texts is a part of a word.
func inWord(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	return wordly(last) || wordly(first)
}

func wordly(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
