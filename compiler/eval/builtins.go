package eval

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cuelang.org/go/cue/token"
)

// builtin is a function of CUE. Its arguments are concrete, and of the classes that it asks for.
type builtin struct {
	arity int
	any   bool   // the order of a list does not matter
	takes string // a letter an argument: s text, b bytes or text, i integer, n number, l list, t boolean, v anything
	f     func(c *ctx, at token.Pos, a []value) value

	counts bool // it is len
	whole  bool // it looks at all that is in a list or struct
}

// eval calls a function. Its result comes from all of its arguments.
func (n *call) eval(c *ctx, e *env) value {
	args := make([]value, len(n.args))
	for i, x := range n.args {
		args[i] = c.operand(x, e)
		if args[i].class == bottom {
			return args[i]
		}
		if !fitting(n.f.takes[i], args[i]) {
			return fault(wrong, "an argument that does not fit").from(args[i])
		}
		if v := args[i].v; v != nil && v.body != nil && v.body.open {
			return fault(refused, "a list that may have more items as an argument")
		}
		if isLoose(args[i]) && !n.f.any {
			return fault(refused, "an order that only CUE knows")
		}
	}
	if c.trail != nil {
		if n.f.whole || !slices.ContainsFunc(args, func(v value) bool { return v.v != nil }) {
			if v, ok := c.openly(n.f, func(c *ctx, a []value) value { return n.f.f(c, n.at, a) }, args...); ok {
				return v.from(args...)
			}
		}
		for i, v := range args {
			args[i] = c.into(v)
		}
	}
	return n.f.f(c, n.at, args).from(args...)
}

func fitting(want byte, v value) bool {
	switch want {
	case 's':
		return v.class == text
	case 'b':
		return v.class == text || v.class == binaryText
	case 'i':
		return v.class == integer
	case 'n':
		return v.isNumber()
	case 'l':
		return v.class == list
	case 't':
		return v.class == boolean
	}
	return true
}

func takes(kinds string, f func(c *ctx, a []value) value) *builtin {
	return &builtin{arity: len(kinds), takes: kinds, f: func(c *ctx, _ token.Pos, a []value) value { return f(c, a) }}
}

// builtins are all functions that may be called, by package and name.
func builtins() map[string]*builtin {
	all := map[string]*builtin{}
	for _, group := range []map[string]*builtin{basicFuncs(), stringFuncs(), runeFuncs(), strconvFuncs(), regexpFuncs(), listFuncs(), mathFuncs(), hashFuncs(), netFuncs()} {
		maps.Copy(all, group)
	}
	for _, name := range []string{".len", "list.Contains", "list.SortStrings", "list.Max", "list.Min"} {
		all[name].any = true
	}
	for _, name := range []string{"list.SortStrings", "list.IsSortedStrings", "encoding/json.Marshal"} {
		all[name].whole = true
	}
	return all
}

func basicFuncs() map[string]*builtin {
	whole := func(op func(x, y int64) int64) *builtin {
		return takes("ii", func(_ *ctx, a []value) value {
			if a[1].n == 0 {
				return fault(wrong, "a division by zero")
			}
			if a[1].n == -1 {
				return fault(refused, "a division by -1")
			}
			return intOf(op(a[0].n, a[1].n))
		})
	}
	return map[string]*builtin{
		".len": {arity: 1, takes: "v", f: func(c *ctx, _ token.Pos, a []value) value { return length(c, a) }, counts: true},
		".div": whole(floorDiv),
		".mod": whole(func(x, y int64) int64 { return x - y*floorDiv(x, y) }),
		".quo": whole(func(x, y int64) int64 { return x / y }),
		".rem": whole(func(x, y int64) int64 { return x % y }),
	}
}

// floorDiv is Euclid's division: what remains is never negative.
func floorDiv(x, y int64) int64 {
	q, r := x/y, x%y
	switch {
	case r >= 0:
		return q
	case y > 0:
		return q - 1
	}
	return q + 1
}

func length(c *ctx, a []value) value {
	switch v := a[0]; v.class {
	case text, binaryText:
		return intOf(int64(len(v.s)))
	case list:
		return intOf(int64(len(c.items(v.v)))).from(value{deps: shapeOf(v.v)})
	case structure:
		return intOf(int64(len(c.fields(v.v)))).from(value{deps: shapeOf(v.v)})
	default:
		return fault(wrong, "a length of what has none")
	}
}

func stringFuncs() map[string]*builtin {
	test := func(f func(s, t string) bool) *builtin {
		return takes("ss", func(_ *ctx, a []value) value { return boolOf(f(a[0].s, a[1].s)) })
	}
	change := func(f func(s string) string) *builtin {
		return takes("s", func(_ *ctx, a []value) value { return textOf(f(a[0].s)) })
	}
	trim := func(f func(s, t string) string) *builtin {
		return takes("ss", func(_ *ctx, a []value) value { return textOf(f(a[0].s, a[1].s)) })
	}
	find := func(f func(s, t string) int) *builtin {
		return takes("ss", func(_ *ctx, a []value) value { return intOf(int64(f(a[0].s, a[1].s))) })
	}
	split := func(f func(s, t string) []string) *builtin {
		return takes("ss", func(c *ctx, a []value) value { return c.texts(f(a[0].s, a[1].s), a...) })
	}
	splitN := func(f func(s, t string, n int) []string) *builtin {
		return takes("ssi", func(c *ctx, a []value) value { return c.texts(f(a[0].s, a[1].s, int(a[2].n)), a...) })
	}
	return map[string]*builtin{
		"strings.Compare": find(strings.Compare), "strings.Count": find(strings.Count), "strings.Index": find(strings.Index),
		"strings.LastIndex": find(strings.LastIndex), "strings.IndexAny": find(strings.IndexAny), "strings.LastIndexAny": find(strings.LastIndexAny),
		"strings.Contains": test(strings.Contains), "strings.ContainsAny": test(strings.ContainsAny),
		"strings.HasPrefix": test(strings.HasPrefix), "strings.HasSuffix": test(strings.HasSuffix),
		"strings.ToUpper": change(strings.ToUpper), "strings.ToLower": change(strings.ToLower), "strings.TrimSpace": change(strings.TrimSpace),
		"strings.Trim": trim(strings.Trim), "strings.TrimLeft": trim(strings.TrimLeft), "strings.TrimRight": trim(strings.TrimRight),
		"strings.TrimPrefix": trim(strings.TrimPrefix), "strings.TrimSuffix": trim(strings.TrimSuffix),
		"strings.Split": split(strings.Split), "strings.SplitAfter": split(strings.SplitAfter),
		"strings.SplitN": splitN(strings.SplitN), "strings.SplitAfterN": splitN(strings.SplitAfterN),
		"strings.Fields":  takes("s", func(c *ctx, a []value) value { return c.texts(strings.Fields(a[0].s), a...) }),
		"strings.Replace": takes("sssi", func(_ *ctx, a []value) value { return textOf(strings.Replace(a[0].s, a[1].s, a[2].s, int(a[3].n))) }),
		"strings.Repeat":  takes("si", func(_ *ctx, a []value) value { return repeat(a[0].s, a[1].n) }),
		"strings.Join":    {arity: 2, takes: "ls", f: joined},
	}
}

func runeFuncs() map[string]*builtin {
	return map[string]*builtin{
		"strings.MinRunes": takes("si", func(_ *ctx, a []value) value { return boolOf(int64(utf8.RuneCountInString(a[0].s)) >= a[1].n) }),
		"strings.MaxRunes": takes("si", func(_ *ctx, a []value) value { return boolOf(int64(utf8.RuneCountInString(a[0].s)) <= a[1].n) }),
		"strings.ToTitle":  takes("s", func(_ *ctx, a []value) value { return textOf(firstOfWords(a[0].s, unicode.ToTitle)) }),
		"strings.ToCamel":  takes("s", func(_ *ctx, a []value) value { return textOf(firstOfWords(a[0].s, unicode.ToLower)) }),
		"strings.SliceRunes": takes("sii", func(_ *ctx, a []value) value {
			runes := []rune(a[0].s)
			if a[1].n < 0 || a[1].n > a[2].n || a[2].n > int64(len(runes)) {
				return fault(wrong, "an index out of range")
			}
			return textOf(string(runes[a[1].n:a[2].n]))
		}),
	}
}

func firstOfWords(s string, f func(rune) rune) string {
	prev := ' '
	return strings.Map(func(r rune) rune {
		first := unicode.IsSpace(prev)
		prev = r
		if first {
			return f(r)
		}
		return r
	}, s)
}

// joined is strings.Join, whose result knows what each part of it comes from.
func joined(c *ctx, at token.Pos, a []value) value {
	elems := c.items(a[0].v)
	all := make([]piece, 0, len(elems))
	for _, el := range elems {
		v := c.value(el)
		switch v.class {
		case text:
		case bottom:
			return v
		case open:
			return fault(missing, "a text that is open").from(v)
		default:
			return fault(wrong, "a list of other things than texts").from(v)
		}
		p := piece{val: v, at: el.pos()}
		if !p.at.IsValid() {
			p.at = at
		}
		p.val.ctl = join(p.val.ctl, presence(el))
		all = append(all, p)
	}
	if len(all) == 0 {
		return textOf("").from(value{ctl: goneOf(a[0].v)})
	}
	v := put(all, a[1].s)
	t := v.deps.put
	t.gaps = gapsOf(a[0].v)
	first, _, ends := strings.Cut(a[1].s, "\n")
	t.lines, t.closes = ends, first != ""
	return v
}

// texts is a list of strings that come from values.
func (c *ctx) texts(all []string, from ...value) value {
	elems := make([]*vertex, len(all))
	var deps *deps
	for i, s := range all {
		v := textOf(s).from(from...)
		elems[i] = c.constant(v)
		deps = v.deps
	}
	return c.list(elems, gapFor(deps))
}

func strconvFuncs() map[string]*builtin {
	return map[string]*builtin{
		"strconv.Atoi":         takes("s", func(_ *ctx, a []value) value { return parsed(strconv.ParseInt(a[0].s, 10, 64)) }),
		"strconv.ParseBool":    takes("s", func(_ *ctx, a []value) value { b, err := strconv.ParseBool(a[0].s); return orFault(boolOf(b), err) }),
		"strconv.FormatBool":   takes("t", func(_ *ctx, a []value) value { return textOf(strconv.FormatBool(a[0].n == 1)) }),
		"strconv.Quote":        takes("s", func(_ *ctx, a []value) value { return textOf(strconv.Quote(a[0].s)) }),
		"strconv.QuoteToASCII": takes("s", func(_ *ctx, a []value) value { return textOf(strconv.QuoteToASCII(a[0].s)) }),
		"strconv.FormatInt":    takes("ii", formatInt),
		"strconv.FormatUint":   takes("ii", formatInt),
		"strconv.ParseInt": takes("sii", func(_ *ctx, a []value) value {
			if a[2].n < 0 || a[2].n > 64 {
				return fault(refused, "a number beyond 64 bits")
			}
			return parsed(strconv.ParseInt(a[0].s, int(a[1].n), int(a[2].n)))
		}),
	}
}

func parsed(n int64, err error) value {
	if err != nil { // also for what CUE can hold
		return fault(refused, "a text that is not a number of 64 bits")
	}
	return intOf(n)
}

func orFault(v value, err error) value {
	if err != nil {
		return fault(wrong, err.Error())
	}
	return v
}

func formatInt(_ *ctx, a []value) value {
	if a[1].n < 2 || a[1].n > 36 {
		return fault(refused, "a base that is not known here")
	}
	return textOf(strconv.FormatInt(a[0].n, int(a[1].n)))
}

func regexpFuncs() map[string]*builtin {
	replace := func(literally bool) *builtin {
		return takes("sss", func(c *ctx, a []value) value {
			re, err := c.regexp(a[0].s)
			if err != nil {
				return fault(wrong, err.Error())
			}
			if literally {
				return textOf(re.ReplaceAllLiteralString(a[1].s, a[2].s))
			}
			return textOf(re.ReplaceAllString(a[1].s, a[2].s))
		})
	}
	return map[string]*builtin{
		"regexp.ReplaceAll":        replace(false),
		"regexp.ReplaceAllLiteral": replace(true),
		"regexp.QuoteMeta":         takes("s", func(_ *ctx, a []value) value { return textOf(regexp.QuoteMeta(a[0].s)) }),
		"regexp.Match": takes("ss", func(c *ctx, a []value) value {
			re, err := c.regexp(a[0].s)
			return orFault(boolOf(err == nil && re.MatchString(a[1].s)), err)
		}),
		"regexp.Find": takes("ss", func(c *ctx, a []value) value {
			re, err := c.regexp(a[0].s)
			if err != nil || !re.MatchString(a[1].s) {
				return fault(wrong, "no match")
			}
			return textOf(re.FindString(a[1].s))
		}),
		"regexp.FindAll": takes("ssi", func(c *ctx, a []value) value {
			re, err := c.regexp(a[0].s)
			if err != nil || !re.MatchString(a[1].s) || a[2].n == 0 {
				return fault(wrong, "no match")
			}
			return c.texts(re.FindAllString(a[1].s, int(a[2].n)), a...)
		}),
		"regexp.FindSubmatch": takes("ss", func(c *ctx, a []value) value {
			re, err := c.regexp(a[0].s)
			if err != nil || !re.MatchString(a[1].s) {
				return fault(wrong, "no match")
			}
			return c.texts(re.FindStringSubmatch(a[1].s), a...)
		}),
	}
}

func hashFuncs() map[string]*builtin {
	sum := func(f func([]byte) []byte) *builtin {
		return takes("b", func(_ *ctx, a []value) value { return bytesOf(f([]byte(a[0].s))) })
	}
	return map[string]*builtin{
		"crypto/sha256.Sum256": sum(func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }),
		"crypto/sha256.Sum224": sum(func(b []byte) []byte { s := sha256.Sum224(b); return s[:] }),
		"crypto/sha512.Sum512": sum(func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }),
		"crypto/sha512.Sum384": sum(func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }),
		"crypto/sha1.Sum":      sum(func(b []byte) []byte { s := sha1.Sum(b); return s[:] }),
		"crypto/md5.Sum":       sum(func(b []byte) []byte { s := md5.Sum(b); return s[:] }),
		"encoding/hex.Encode":  takes("b", func(_ *ctx, a []value) value { return textOf(hex.EncodeToString([]byte(a[0].s))) }),
		"encoding/hex.Decode":  takes("s", func(_ *ctx, a []value) value { b, err := hex.DecodeString(a[0].s); return orFault(bytesOf(b), err) }),
		"encoding/base64.Encode": takes("vb", func(_ *ctx, a []value) value {
			if a[0].class != null {
				return fault(refused, "an encoding that is not known here")
			}
			return textOf(base64.StdEncoding.EncodeToString([]byte(a[1].s)))
		}),
		"encoding/base64.Decode": takes("vs", func(_ *ctx, a []value) value {
			if a[0].class != null {
				return fault(refused, "an encoding that is not known here")
			}
			b, err := base64.StdEncoding.DecodeString(a[1].s)
			return orFault(bytesOf(b), err)
		}),
		"encoding/json.Marshal": takes("v", marshal),
	}
}

func bytesOf(b []byte) value { return value{class: binaryText, s: string(b)} }

func netFuncs() map[string]*builtin {
	test := func(f func(netip.Addr) bool) *builtin {
		return takes("s", func(_ *ctx, a []value) value {
			ip, err := netip.ParseAddr(a[0].s)
			return orFault(boolOf(err == nil && f(ip)), err)
		})
	}
	change := func(f func(string) string) *builtin {
		return takes("s", func(_ *ctx, a []value) value { return textOf(f(a[0].s)) })
	}
	back := func(f func(string) (string, error)) *builtin {
		return takes("s", func(_ *ctx, a []value) value { s, err := f(a[0].s); return orFault(textOf(s), err) })
	}
	return map[string]*builtin{
		"net.IP": test(netip.Addr.IsValid), "net.IPv4": test(netip.Addr.Is4), "net.IPv6": test(netip.Addr.Is6),
		"net.LoopbackIP": test(netip.Addr.IsLoopback), "net.MulticastIP": test(netip.Addr.IsMulticast), "net.UnspecifiedIP": test(netip.Addr.IsUnspecified),
		"net.GlobalUnicastIP": test(netip.Addr.IsGlobalUnicast), "net.LinkLocalUnicastIP": test(netip.Addr.IsLinkLocalUnicast),
		"net.IPCIDR":     takes("s", func(_ *ctx, a []value) value { _, err := netip.ParsePrefix(a[0].s); return orFault(boolOf(true), err) }),
		"net.PathEscape": change(url.PathEscape), "net.QueryEscape": change(url.QueryEscape),
		"net.PathUnescape": back(url.PathUnescape), "net.QueryUnescape": back(url.QueryUnescape),
	}
}
