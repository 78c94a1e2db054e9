// Package secrets writes every file that holds a secret, encrypted with SOPS and age, and keeps the values that exist already.
// It never puts plaintext on disk, nor into an error, a finding or a name.
//
// The file format is that of SOPS, by code of our own (docs/adr/0013-the-format-of-sops-by-our-own-code.md): format.go is the stores and the metadata,
// cipher.go the values and the code of a file, age.go the wraps of its data key. stored.go reads also files that SOPS would refuse, for what they hold.
//
// Neither dotenv nor JSON has room for the IDs of secrets, so the old text of a secret is found by the form of what is wanted in its place:
// the variable or the way through the document, and within a text the literals around it. See recover.go.
package secrets
