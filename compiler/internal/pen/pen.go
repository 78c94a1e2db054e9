package pen

// Pen is what ir.Decide asks for.
type Pen struct{}
