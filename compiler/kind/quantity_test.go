package kind

import "testing"

func TestQuantity(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"100m": "1/10", "1": "1/1", "1.5": "3/2", ".5": "1/2", "1Ki": "1024/1", "10Gi": "10737418240/1", "2k": "2000/1", "1e3": "1000/1", "1E-2": "1/100", "1E": "1000000000000000000/1", "1Ei": "1152921504606846976/1",
	} {
		q, ok := Quantity(text)
		if !ok || q.String() != want {
			t.Errorf("%s is %v, want %s", text, q, want)
		}
	}
	for _, text := range []string{"", ".", "Gi", "1GiB", "-1", "1 Gi", "1,5", "1.2.3", "1e", "1e+", "0x10", "1K", "99999999999999999999999999999999999999"} {
		if q, ok := Quantity(text); ok {
			t.Errorf("%q is taken for %v", text, q)
		}
	}
}
