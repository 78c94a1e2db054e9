package passes

import (
	"path"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// certificateOf is what a Certificate of cert-manager asks for.
func certificateOf(o kind.Object, namespace string) (ir.Certificate, bool) {
	if o["kind"] != "Certificate" || !strings.HasPrefix(word(o, "apiVersion"), "cert-manager.io/") {
		return ir.Certificate{}, false
	}
	spec, _ := o["spec"].(kind.Object)
	issuer, _ := spec["issuerRef"].(kind.Object)
	authority := word(issuer, "name")
	if word(issuer, "kind") != "ClusterIssuer" {
		authority = namespace + "/" + authority
	}
	return ir.Certificate{Authority: authority, Common: word(spec, "commonName"), Names: strs(spec["dnsNames"]), Usages: strs(spec["usages"])}, true
}

// secretFiles are the files of a Secret, by key. What cert-manager makes in the cluster, `platc up` makes on one machine.
func (s *localService) secretFiles(name string) map[string]madeFile {
	if made, ok := s.sources.made["secretGenerator "+name]; ok {
		return made
	}
	certificate, ok := s.sources.certificates[name]
	if !ok {
		return nil
	}
	row := kind.Row{Path: path.Join(s.sources.folder, "secret", name), Secret: true}
	certificate.Place, _ = s.c.Plan.Place(s.n, row)
	s.certificates[certificate.Place] = certificate.Certificate
	made := map[string]madeFile{}
	for _, key := range []string{"tls.crt", "tls.key", "ca.crt"} {
		made[key] = madeFile{row, key, certificate.of}
	}
	return made
}

// saidFile is a file that a kind names for a container: one of the component, or one of a Certificate that it emits.
func (s *localService) saidFile(target string, said kind.Object) (madeFile, bool) {
	if from := word(said, "from"); from != "" {
		return madeFile{s.row(from), word(said, "key"), ir.Line{Node: s.n, File: from}}, true
	}
	f, ok := s.secretFiles(word(said, "certificate"))[word(said, "key")]
	if !ok {
		s.wrong(s.n, s.locals.said(s.n), []any{"services", s.name, "files", target}, "give it from, a file of the component, or certificate, the Secret of a Certificate, and key: tls.crt, tls.key or ca.crt",
			"has the file %s of neither a file nor a certificate of the component", target)
	}
	return f, ok
}
