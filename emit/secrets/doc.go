// Package secrets writes every file that holds a secret, encrypted with SOPS and age, and keeps the values that exist already.
// It never puts plaintext on disk, nor into an error, a finding or a name.
//
// Data keys are wrapped and opened by SOPS's own age package. The rest of the file format (values, message authentication code, the two
// stores) stands in format.go: SOPS's other packages link the clients of five clouds, which doubles the start-up time of every command.
// The tests hold both equal: SOPS opens what we write, and we open what SOPS writes.
//
// Neither dotenv nor JSON has room for the IDs of secrets, so the old text of a secret is found by the form of what is wanted in its place:
// the variable or the way through the document, and within a text the literals around it. See recover.go.
package secrets
