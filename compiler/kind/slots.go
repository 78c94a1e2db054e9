package kind

// Slots lists the part slots that a condition depends on.
func (w *When) Slots() []string {
	if w == nil {
		return nil
	}
	var all []string
	if w.Part != "" {
		all = append(all, w.Part)
	}
	for _, a := range w.Any {
		all = append(all, a.Slots()...)
	}
	return all
}
