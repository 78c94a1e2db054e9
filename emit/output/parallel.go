package output

import "sync"

// parallel calls do for 0 to n-1 with some workers, and returns the first error by number. It starts nothing new once one failed.
func parallel(workers, n int, do func(int) error) error {
	errs := make([]error, n)
	next, failed := 0, false
	var mu sync.Mutex
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= n && !failed
	}
	var group sync.WaitGroup
	for range min(workers, n) {
		group.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				if errs[i] = do(i); errs[i] != nil {
					mu.Lock()
					failed = true
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
