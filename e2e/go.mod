module platc.dev/platc/e2e

go 1.26.0

require platc.dev/platc v0.0.0

replace platc.dev/platc => ../
