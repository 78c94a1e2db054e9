package graph

import (
	_ "embed"
	"fmt"
	"html"
	"math"
	"strings"
	"text/template"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/emit/graph/layered"
)

const (
	margin    = 16.0
	tintCount = 10 // colours of kinds in picture.css.tmpl

	manyArrows = 100 // of more they are drawn fainter
)

//go:embed picture.css.tmpl
var pictureStyle string

// tips are the heads of arrows.
const tips = `<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 .8 8 4 0 7.2z"/></marker>` +
	`<marker id="tip-lit" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="5" markerHeight="5" orient="auto"><path d="M0 .8 8 4 0 7.2z"/></marker></defs>` + "\n"

// theme is the colours of a picture.
type theme struct {
	Within                                                    string // selector of what it holds in, with a blank after it
	Paper, Frame, FrameLine, Box, BoxLine, Text, Faint, Arrow string
	Many, Lit                                                 string // Many: of arrows that are many
}

func light() theme {
	return theme{"", "#ffffff", "#f4f6f8", "#c3cad3", "#ffffff", "#8a94a3", "#16202c", "#56606d", "#717d8c", "#8b95a3", "#b34700"}
}

func dark(within string) theme {
	return theme{within, "#12171e", "#1a212b", "#3a4554", "#222b37", "#66748a", "#e8edf3", "#a9b4c2", "#8592a3", "#5f6c7f", "#ff9a4d"}
}

// style is the style sheet of a picture; where it is dark says a selector, or a media query as "@media …".
func style(where string) (string, error) {
	t, err := template.New("picture.css.tmpl").Option("missingkey=error").Parse(pictureStyle)
	if err != nil {
		return "", fmt.Errorf("read the style of pictures: %w", err)
	}
	var b strings.Builder
	query := strings.HasPrefix(where, "@")
	within := where
	if query {
		within = ""
	}
	if err := t.Execute(&b, light()); err != nil {
		return "", fmt.Errorf("write the style of pictures: %w", err)
	}
	if !query {
		where = "@media screen"
	}
	b.WriteString(where + " {\n")
	if err := t.Execute(&b, dark(within)); err != nil {
		return "", fmt.Errorf("write the style of pictures: %w", err)
	}
	b.WriteString("}\n")
	return b.String(), nil
}

// SVG is the graph as a picture in layers, in light and dark colours: components in frames by namespace, those of hubs
// as text. Of more than 300 components it shows the namespaces alone. head is its first line; "": none.
func SVG(g *ir.Graph, o Options, head string) ([]byte, error) {
	css, err := style("@media screen and (prefers-color-scheme: dark)")
	if err != nil {
		return nil, err
	}
	v := look(g, o)
	s := sceneOf(v, o)
	if len(s.boxes) > legible {
		s = overviewOf(v)
	}
	var b strings.Builder
	if head != "" {
		b.WriteString(head + "\n")
	}
	s.draw(&b, g.PartOf(), "<style>\n"+css+"</style>\n"+tips, false)
	return []byte(b.String()), nil
}

// draw writes the scene; inside is what stands before it. named gives each part what a script knows it by.
func (s scene) draw(b *strings.Builder, name, inside string, named bool) {
	d := s.place()
	w, h := math.Ceil(d.W+2*margin), math.Ceil(d.H+2*margin)
	if s.note != "" {
		w, h = max(w, math.Ceil(textWidth(s.note, rowSize)+2*margin)), h+24
	}
	title := fmt.Sprintf("%s: %s, %s", name, count(len(s.boxes), "box", "boxes"), count(len(s.arrows), "line", "lines"))
	if s.note == "" {
		title = fmt.Sprintf("%s: %s in %s", name, count(len(s.boxes), "component", "components"), count(len(s.frames), "namespace", "namespaces"))
	}
	size := fmt.Sprintf(` width="%.0f" height="%.0f" role="img"`, w, h)
	if named {
		size = ` role="group"`
	}
	fmt.Fprintf(b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\"%s aria-label=\"%s\">\n%s", w, h, size, html.EscapeString(title), inside)
	if !named {
		fmt.Fprintf(b, "<rect class=\"paper\" width=\"%.0f\" height=\"%.0f\"/>\n", w, h)
	}
	fmt.Fprintf(b, "<g transform=\"translate(%.0f %.0f)\">\n", margin, margin)
	for i, r := range d.Groups {
		if s.frames[i] != "" && r.W > 0 {
			fmt.Fprintf(b, "<g class=\"frame\"%s><rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" rx=\"8\"/><text x=\"%.0f\" y=\"%.0f\">%s</text></g>\n",
				attribute(named, "data-namespace", s.frames[i]), r.X, r.Y, r.W, r.H, r.X+boxPad, r.Y+20, html.EscapeString(s.frames[i]))
		}
	}
	class := "arrows"
	if len(s.arrows) > manyArrows {
		class += " many"
	}
	fmt.Fprintf(b, "<g class=\"%s\">\n", class)
	for _, lit := range []bool{false, true} { // what stands out is above the rest
		for i, a := range s.arrows {
			if a.lit == lit && d.Routes[i] != nil {
				s.arrow(b, a, d.Routes[i], named)
			}
		}
	}
	b.WriteString("</g>\n")
	for i, box := range s.boxes {
		box.draw(b, d.Boxes[i], s.frames[box.frame], named)
	}
	b.WriteString("</g>\n")
	if s.note != "" {
		fmt.Fprintf(b, "<text class=\"note\" x=\"%.0f\" y=\"%.0f\">%s</text>\n", margin, h-margin, html.EscapeString(s.note))
	}
	b.WriteString("</svg>\n")
}

func attribute(yes bool, name, value string) string {
	if !yes {
		return ""
	}
	return " " + name + `="` + html.EscapeString(value) + `"`
}

func (s scene) arrow(b *strings.Builder, a arrow, route []layered.Point, named bool) {
	class := ""
	if a.dashed {
		class = " later"
	}
	if a.lit {
		class += " lit"
	}
	if class != "" {
		class = ` class="` + class[1:] + `"`
	}
	ends := attribute(named, "data-from", s.boxes[a.from].id) + attribute(named, "data-to", s.boxes[a.to].id)
	fmt.Fprintf(b, "<path%s%s d=\"%s\"/>\n", class, ends, path(route))
}

// path joins points by curves that begin and end horizontally, and by straight lines where they are level.
func path(points []layered.Point) string {
	var b strings.Builder
	var at layered.Point
	level := false // a straight line is still to be drawn to where it is
	for i, p := range points {
		to := layered.Point{X: math.Round(p.X), Y: math.Round(p.Y)}
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%.0f %.0f", to.X, to.Y)
		case to == at:
		case to.Y == at.Y:
			level = true
		default:
			if level {
				fmt.Fprintf(&b, "H%.0f", at.X)
				level = false
			}
			middle := math.Round((at.X + to.X) / 2)
			fmt.Fprintf(&b, "C%.0f %.0f %.0f %.0f %.0f %.0f", middle, at.Y, middle, to.Y, to.X, to.Y)
		}
		at = to
	}
	if level {
		fmt.Fprintf(&b, "H%.0f", at.X)
	}
	return b.String()
}

func (x box) draw(b *strings.Builder, r layered.Rect, frame string, named bool) {
	class := "box"
	if x.lit {
		class += " lit"
	}
	if x.external {
		class += " external"
	}
	known := attribute(named, "data-id", x.id) + attribute(named, "data-namespace", frame)
	if named {
		texts := []string{x.title, x.kind}
		for _, row := range x.rows {
			texts = append(texts, row.text)
		}
		known += ` role="button" tabindex="-1"` + attribute(true, "aria-label", strings.Join(texts, " ")+" in "+frame)
	}
	fmt.Fprintf(b, "<g class=\"%s\" transform=\"translate(%.0f %.0f)\"%s><rect width=\"%.0f\" height=\"%.0f\" rx=\"5\"/><path class=\"t%d\" d=\"M5 0H4Q0 0 0 5V%.0fQ0 %.0f 4 %.0fH5z\"/>",
		class, r.X, r.Y, known, r.W, r.H, x.tint, r.H-5, r.H, r.H)
	apart := map[bool]string{true: " "}[named] // between texts that are read one after the other
	fmt.Fprintf(b, "<text class=\"title\" x=\"%.0f\" y=\"%.0f\">%s</text>"+apart+"<text class=\"kind\" x=\"%.0f\" y=\"%.0f\">%s</text>", boxPad, titleY, html.EscapeString(x.title), boxPad, kindY, html.EscapeString(x.kind))
	for i, row := range x.rows {
		class, left := "row", boxPad
		if row.sub != nil {
			class = "sub"
		}
		if row.lit {
			class += " lit"
		}
		if row.indent {
			left += indentBy
		}
		fmt.Fprintf(b, apart+"<text class=\"%s\" x=\"%.0f\" y=\"%.0f\">%s</text>", class, left, rowsY+float64(i)*rowHeight, html.EscapeString(row.text))
	}
	b.WriteString("</g>\n")
}
