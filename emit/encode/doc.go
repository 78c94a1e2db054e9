// Package encode writes YAML, JSON and dotenv: one key order, one quoting, one header.
// It never knows what an object means, and never writes a secret.
package encode
