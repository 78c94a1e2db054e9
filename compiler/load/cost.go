package load

import (
	"cmp"
	"slices"

	"platc.dev/platc/compiler/kind"
)

// costs says who answers each question. Questions are compiled for that.
func (l *lib) costs() []kind.Cost {
	var all []kind.Cost
	for _, q := range l.questions {
		c := kind.Cost{Question: q.Sort, Of: q.Of}
		if _, refused := q.own(); refused != nil {
			c.CUE, c.Reason, c.Pos = true, refused.Reason, refused.Pos
		}
		if rule := l.out.Rules[q.Of]; rule != nil && rule.Marks != nil {
			marks := c
			marks.Question = "marks"
			all = append(all, marks)
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b kind.Cost) int { return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.Question, b.Question)) })
	return all
}
