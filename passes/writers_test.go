package passes_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/passes"
)

// Each field of the plan is written by one pass: whoever looks for a decision looks in one file.
func TestEachFieldOfThePlanHasOneWriter(t *testing.T) {
	t.Parallel()
	writers := map[string][]string{}
	w := town(t)
	w.sort()
	c := &pass.Context{Graph: w.graph, Plan: ir.NewPlan(w.graph), Findings: &diag.List{}}
	before := fields(c.Plan)
	pass.Run(passes.Table(), c, func(p pass.Pass, _ map[string]bool) {
		after := fields(c.Plan)
		for name, content := range after {
			if before[name] != content {
				writers[name] = append(writers[name], p.Name)
			}
		}
		before = after
	})
	for name := range before {
		if all := writers[name]; len(all) != 1 {
			t.Errorf("%s is written by %q", name, all)
		}
	}
	if !c.Plan.Sealed || len(before) < 20 {
		t.Errorf("%d fields", len(before))
	}
}

// fields is the content of each field of the plan, and of the plans of all components together.
func fields(p *ir.Plan) map[string]string {
	all := map[string]string{}
	take := func(prefix string, v reflect.Value) {
		for i := range v.NumField() {
			all[prefix+v.Type().Field(i).Name] += content(v.Field(i))
		}
	}
	take("Plan.", reflect.ValueOf(p).Elem())
	for _, n := range p.Graph.Components() {
		take("NodePlan.", reflect.ValueOf(p.Of[n]).Elem())
	}
	delete(all, "Plan.Graph")
	delete(all, "Plan.Of") // its content is the fields of NodePlan
	return all
}

// content is data as text. What the graph and the library have is no part of the plan: it is told apart by its address.
func content(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if slices.Contains([]reflect.Type{reflect.TypeFor[*ir.Policy](), reflect.TypeFor[*ir.Namespace](), reflect.TypeFor[*ir.Variables]()}, v.Type()) {
			return content(v.Elem())
		}
		return fmt.Sprint(v.Pointer())
	case reflect.Func:
		return fmt.Sprint(v.Pointer())
	case reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return content(v.Elem())
	case reflect.Struct:
		var all []string
		for _, field := range v.Fields() {
			all = append(all, content(field))
		}
		return "{" + strings.Join(all, " ") + "}"
	case reflect.Slice, reflect.Array:
		var all []string
		for i := range v.Len() {
			all = append(all, content(v.Index(i)))
		}
		return "[" + strings.Join(all, " ") + "]"
	case reflect.Map:
		var all []string
		for items := v.MapRange(); items.Next(); {
			all = append(all, content(items.Key())+":"+content(items.Value()))
		}
		slices.Sort(all)
		return "(" + strings.Join(all, " ") + ")"
	default:
		return fmt.Sprint(v)
	}
}
