//go:build platc_generate

package load

func storedPackages() map[string]stored { return nil }
