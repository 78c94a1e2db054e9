package main

import (
	"fmt"
	"math"
	"strings"
)

// The measures of a plot, in pixels.
const (
	width, height           = 640, 360
	left, right, top, under = 64, 170, 30, 40
)

// line is one curve of a plot.
type line struct {
	name, colour string
	points       [][2]float64 // components and seconds
}

// beside are the rows that stand in the plot of one of ours.
func beside(row string) []string {
	switch row {
	case "check", "check again":
		return []string{"cue export", "cue vet"}
	case "build":
		return append([]string{"cp -r"}, theirs()...)
	case "no-op", "one change":
		return []string{"build", "cp -r"}
	}
	return []string{"check"}
}

func (r *results) lines(row string) []line {
	colours := []string{"#0b6e4f", "#7fb069", "#c1121f", "#f4a261", "#3a86ff", "#8338ec", "#6c757d"}
	var all []line
	add := func(name, form, row string) {
		l := line{name: name, colour: colours[len(all)%len(colours)]}
		for _, f := range r.of(form) {
			if s := median(seconds(f.Rows[row])); !math.IsNaN(s) {
				l.points = append(l.points, [2]float64{float64(f.Size), s})
			}
		}
		if len(l.points) > 0 {
			all = append(all, l)
		}
	}
	add("platc, literal", "literal", row)
	add("platc, structured", "structured", row)
	for _, other := range beside(row) {
		add(other, "literal", other)
	}
	return all
}

// plot draws a row of the tables as SVG.
func (r *results) plot(row string) string {
	lines := r.lines(row)
	x0, x1, y0, y1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, p := range l.points {
			x0, x1 = min(x0, math.Floor(math.Log10(p[0]))), max(x1, math.Ceil(math.Log10(p[0])))
			y0, y1 = min(y0, math.Floor(math.Log10(p[1]))), max(y1, math.Ceil(math.Log10(p[1])))
		}
	}
	x1, y1 = max(x1, x0+1), max(y1, y0+1)
	x := func(v float64) float64 { return left + (math.Log10(v)-x0)/(x1-x0)*(width-left-right) }
	y := func(v float64) float64 { return height - under - (math.Log10(v)-y0)/(y1-y0)*(height-top-under) }
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", width, height)
	fmt.Fprintf(&b, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n<text x=\"%d\" y=\"18\" font-weight=\"bold\">%s: time against components</text>\n", left, row)
	for e := x0; e <= x1; e++ {
		v := math.Pow(10, e)
		fmt.Fprintf(&b, "<path d=\"M%.1f %d V%d\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x(v), top, height-under, x(v), height-under+18, count(int(v)))
	}
	for e := y0; e <= y1; e++ {
		v := math.Pow(10, e)
		fmt.Fprintf(&b, "<path d=\"M%d %.1f H%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left, y(v), width-right, left-6, y(v)+4, axis(v))
	}
	for i, l := range lines {
		var path []string
		for _, p := range l.points {
			path = append(path, fmt.Sprintf("%.1f,%.1f", x(p[0]), y(p[1])))
			fmt.Fprintf(&b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x(p[0]), y(p[1]), l.colour)
		}
		fmt.Fprintf(&b, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", strings.Join(path, " "), l.colour)
		at := top + 14 + i*18
		fmt.Fprintf(&b, "<path d=\"M%d %d h18\" stroke=\"%s\" stroke-width=\"2\"/><text x=\"%d\" y=\"%d\">%s</text>\n", width-right+12, at-4, l.colour, width-right+36, at, l.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func axis(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%g ms", s*1000)
	}
	return fmt.Sprintf("%g s", s)
}
