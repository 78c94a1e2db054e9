package load

func (a *Asking) Refusal(name string) string {
	_, r := a.questions[name].own()
	if r == nil {
		return ""
	}
	return r.Pos.String() + ": " + r.Reason
}
