package load

import (
	"reflect"
	"testing"
)

// TestDataIsRecorded: plain data is read as it was written, the sum of other data is another one, and what is cut off is broken, not a panic.
func TestDataIsRecorded(t *testing.T) {
	t.Parallel()
	all := []any{nil, true, false, int64(0), int64(-1), int64(1 << 62), int64(-1 << 63), 1.0, 0.1, "", "ä\x00", []any{}, []any{nil, "x"}, map[string]any{}, map[string]any{"b": []any{int64(1)}, "a": "", "": nil}}
	all = append(all, append([]any{}, all...))
	seen := map[string]int{}
	for i, v := range all {
		data, ok := appendData(nil, v)
		if !ok {
			t.Fatalf("%v is not plain data", v)
		}
		if other, ok := seen[string(data)]; ok {
			t.Errorf("%v is the same as %v", v, all[other])
		}
		seen[string(data)] = i
		r := recorded{text: string(data)}
		if got := r.value(); r.broken || r.text != "" || !reflect.DeepEqual(got, v) {
			t.Errorf("%#v is read as %#v", v, got)
		}
		for n := range data {
			r := recorded{text: string(data[:n])}
			if r.value(); !r.broken {
				t.Errorf("%d of %d bytes of %v are taken for the whole", n, len(data), v)
			}
		}
	}
	same := []any{map[string]any{"a": []any{"x"}, "b": map[string]any{"c": "d"}, "n": int64(1)}, map[string]any{"n": 1, "b": map[string]string{"c": "d"}, "a": []string{"x"}}}
	x, _ := appendData(nil, same[0])
	y, _ := appendData(nil, same[1])
	if string(x) != string(y) {
		t.Error("the same data of other Go types is another")
	}
	if _, ok := appendData(nil, []any{struct{}{}}); ok {
		t.Error("a struct is plain data")
	}
}
