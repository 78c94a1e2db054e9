package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// results are all figures of one run.
type results struct {
	Machine string    `json:"machine"`
	Figures []*figure `json:"figures"`
}

// figure is what was measured of one architecture.
type figure struct {
	Form  string              `json:"form"`
	Size  int                 `json:"size"`
	Files int                 `json:"files"` // of the output
	Other bool                `json:"other"` // programs of others ran in the same rounds
	Rows  map[string][]sample `json:"rows"`  // by what was run; one sample a round
}

func (r *results) figure(form string, n int) *figure {
	f := &figure{Form: form, Size: n, Rows: map[string][]sample{}}
	r.Figures = append(r.Figures, f)
	return f
}

// of are the figures of a form, by size.
func (r *results) of(form string) []*figure {
	var all []*figure
	for _, f := range r.Figures {
		if f.Form == form {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *figure) int { return a.Size - b.Size })
	return all
}

func seconds(all []sample) []float64 {
	var list []float64
	for _, s := range all {
		list = append(list, s.Seconds)
	}
	return list
}

func memory(all []sample) []float64 {
	var list []float64
	for _, s := range all {
		list = append(list, s.MB)
	}
	return list
}

func processor(all []sample) []float64 {
	var list []float64
	for _, s := range all {
		list = append(list, s.CPU)
	}
	return list
}

// median is that of a list, NaN of an empty one.
func median(list []float64) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	list = slices.Sorted(slices.Values(list))
	middle := len(list) / 2
	if len(list)%2 == 1 {
		return list[middle]
	}
	return (list[middle-1] + list[middle]) / 2
}

// ratio is the median, over rounds, of what one row took in terms of another.
func (f *figure) ratio(row, beside string) float64 {
	a, b := f.Rows[row], f.Rows[beside]
	var list []float64
	for i := range min(len(a), len(b)) {
		list = append(list, a[i].Seconds/b[i].Seconds)
	}
	return median(list)
}

// exponent is how time grows with size, from 100 components (or else the smallest size) to the largest; NaN with fewer than two sizes.
func exponent(figures []*figure, row string) float64 {
	var from, to *figure
	for _, f := range figures {
		if len(f.Rows[row]) == 0 {
			continue
		}
		if from == nil || f.Size <= 100 {
			from = f
		}
		to = f
	}
	if from == nil || from == to {
		return math.NaN()
	}
	return math.Log(median(seconds(to.Rows[row]))/median(seconds(from.Rows[row]))) / math.Log(float64(to.Size)/float64(from.Size))
}

// comparison is a ratio that the project has a target for.
type comparison struct {
	row, beside string
	target      float64
	size        int // that the target is for; 0: any
}

func comparisons() []comparison {
	return []comparison{
		{"build", "cp -r", 2, 1000},
		{"no-op", "build", 0.2, 1000},
		{"one change", "build", 0.3, 1000},
		{"check", "cue export", 3, 1000},
		{"check again", "cue export", 3, 1000},
		{"check", "cue vet", 2, 1},
		{"check again", "cue vet", 2, 1},
		{"graph", "check", 0, 0},
		{"why", "check", 0, 0},
	}
}

func ours() []string {
	return []string{"check", "check again", "build", "no-op", "one change", "graph", "why"}
}

func theirs() []string {
	return []string{"helm template", "kustomize build", "kompose convert", "cdk8s synth"}
}

// table writes rows with a cell for each figure, and the growth behind them.
func table(b *strings.Builder, title string, figures []*figure, rows []string, cell func(f *figure, row string) string, grows bool) {
	fmt.Fprintf(b, "| %s |", title)
	for _, f := range figures {
		fmt.Fprintf(b, " %s |", count(f.Size))
	}
	if grows {
		b.WriteString(" exponent |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(figures)))
	if grows {
		b.WriteString("---|")
	}
	b.WriteByte('\n')
	for _, row := range rows {
		fmt.Fprintf(b, "| %s |", row)
		for _, f := range figures {
			fmt.Fprintf(b, " %s |", cell(f, row))
		}
		if grows {
			fmt.Fprintf(b, " %s |", number("%.2f", exponent(figures, row)))
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

func number(format string, v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return fmt.Sprintf(format, v)
}

// count is 10,000 for 10000.
func count(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// duration is a time with three digits that matter.
func duration(s float64) string {
	switch {
	case math.IsNaN(s):
		return "–"
	case s < 1:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 10:
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}

func timeAndMemory(f *figure, row string) string {
	if len(f.Rows[row]) == 0 {
		return "–"
	}
	return fmt.Sprintf("%s; %.0f MB", duration(median(seconds(f.Rows[row]))), median(memory(f.Rows[row])))
}

// markdown is the tables of the page.
func (r *results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s, on a tmpfs. Each cell is a whole process: median time; median peak of resident memory.\n\n", r.Machine)
	for _, form := range []string{"literal", "structured"} {
		figures := r.of(form)
		if len(figures) == 0 {
			continue
		}
		rows := append(ours(), "cp -r", "cue export", "cue vet")
		table(&b, form+" files, components", figures, rows, timeAndMemory, true)
	}
	r.ratios(&b)
	if figures := r.of("literal"); slices.ContainsFunc(figures, func(f *figure) bool { return f.Other }) {
		b.WriteString("Time for each component, or for each workload of five objects:\n\n")
		rows := append([]string{"check", "build"}, theirs()...)
		table(&b, "each, at", figures, rows, func(f *figure, row string) string {
			return number("%.2f ms", median(seconds(f.Rows[row]))*1000/float64(f.Size))
		}, true)
	}
	r.environments(&b)
	if figures := r.of("queues"); len(figures) > 0 {
		table(&b, "one application, queues", figures, []string{"check", "build"}, timeAndMemory, true)
	}
	return b.String()
}

func (r *results) ratios(b *strings.Builder) {
	figures := r.of("literal")
	if len(figures) == 0 {
		return
	}
	b.WriteString("| ratio (literal files) |")
	for _, f := range figures {
		fmt.Fprintf(b, " %s |", count(f.Size))
	}
	b.WriteString(" target |\n|---|" + strings.Repeat("---|", len(figures)) + "---|\n")
	for _, c := range comparisons() {
		fmt.Fprintf(b, "| %s / %s |", c.row, c.beside)
		for _, f := range figures {
			fmt.Fprintf(b, " %s |", number("%.2f", f.ratio(c.row, c.beside)))
		}
		target := "–"
		if c.target > 0 {
			target = fmt.Sprintf("≤ %g at %s", c.target, count(c.size))
		}
		fmt.Fprintf(b, " %s |\n", target)
	}
	b.WriteByte('\n')
}

// environments is the table of builds of several environments. Processor time says what is computed: a ratio of times on the clock depends on what runs side by side.
func (r *results) environments(b *strings.Builder) {
	figures := r.of("environments")
	if len(figures) == 0 {
		return
	}
	const clock, work = "three / one, time", "three / one, processor time (target ≤ 1.5)"
	rows := []string{oneEnvironment, threeEnvironments, clock, work}
	table(b, "literal files, components", figures, rows, func(f *figure, row string) string {
		switch row {
		case clock:
			return number("%.2f", f.ratio(threeEnvironments, oneEnvironment))
		case work:
			return number("%.2f", median(processor(f.Rows[threeEnvironments]))/median(processor(f.Rows[oneEnvironment])))
		}
		return timeAndMemory(f, row)
	}, false)
}

const (
	begin = "<!-- figures: written by make bench -->"
	end   = "<!-- end of figures -->"
)

// publish writes the tables into a page, between its marks, and a plot for each row into a folder beside it.
func (r *results) publish(page string) error {
	if page == "" {
		_, err := os.Stdout.WriteString(r.markdown())
		return err
	}
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q", page, begin, end)
	}
	folder := strings.TrimSuffix(page, filepath.Ext(page))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString(r.markdown() + "Time against components, both axes logarithmic:\n\n")
	for _, row := range ours() {
		name := strings.ReplaceAll(row, " ", "-") + ".svg"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(r.plot(row)), 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&text, "![%s](%s/%s)\n", row, filepath.Base(folder), name)
	}
	return os.WriteFile(page, []byte(before+begin+"\n\n"+text.String()+"\n"+end+after), 0o644)
}
