// Package secrets writes every file that holds a secret, encrypted with SOPS and age, and keeps the values that exist already.
// It never puts plaintext on disk, nor into an error, a finding or a name.
//
// The file format is SOPS's own: its packages read and write the stores, encrypt and decrypt the tree, compute its code, and wrap the data key
// (docs/adr/0007-sops-as-a-library.md). format.go and stored.go stand between: files that SOPS would refuse are still read for what they hold.
//
// Neither dotenv nor JSON has room for the IDs of secrets, so the old text of a secret is found by the form of what is wanted in its place:
// the variable or the way through the document, and within a text the literals around it. See recover.go.
package secrets
