package load

import "math/big"

// basicCheck is the test of one of CUE's basic types, nil for another name.
func basicCheck(name string) func(any) bool {
	switch name {
	case "_":
		return func(any) bool { return true }
	case "string":
		return func(v any) bool { _, ok := v.(string); return ok }
	case "int":
		return isInt
	case "float":
		return func(v any) bool { _, ok := v.(float64); return ok }
	case "number":
		return func(v any) bool { _, ok := v.(float64); return ok || isInt(v) }
	case "bool":
		return func(v any) bool { _, ok := v.(bool); return ok }
	case "null":
		return func(v any) bool { return v == nil }
	}
	return nil
}

func isInt(v any) bool {
	switch v.(type) {
	case int64, *big.Int:
		return true
	}
	return false
}
