//go:build !linux && !darwin

package output

import "errors"

func stampAt(int, string) (stamp, error) { return stamp{}, errors.ErrUnsupported }

func stampOf(string) (stamp, error) { return stamp{}, errors.ErrUnsupported }
