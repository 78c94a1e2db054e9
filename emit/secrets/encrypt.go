package secrets

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/encode"
)

// ConfigFile is the file of the output that says how SOPS encrypts the others, and for whom.
const ConfigFile = ".sops.yaml"

// Input is one file that holds secrets. Its name ends in .env, and Groups is its content; or in .json, and JSON is.
type Input struct {
	Path, Component string       // slash-separated, relative to the output directory; the component that it belongs to
	Groups          []kind.Group // in order; those without variables are left out
	JSON            any          // maps, lists, scalars and values; a map that is a reference (value.IsReference) is a value too
}

// Options is everything from outside. The zero value knows no old file, no key and no environment.
type Options struct {
	Old        func(path string) ([]byte, error)      // a file of the output tree, fs.ErrNotExist where there is none; nil: there are none
	ArchDir    string                                 // folder of arch.cue; .sops.yaml and .platc/dev.agekey stand there
	OutDir     string                                 // the output directory, from the same place as ArchDir; "": "out" in ArchDir
	Recipients []string                               // config.secrets.recipients
	Env        func(name string) (string, bool)       // the environment; nil: empty
	Home       string                                 // of the user, for the keys that SOPS keeps there; "": none
	Random     io.Reader                              // of passwords and salts; nil: crypto/rand, as it is for keys and nonces
	Now        func() time.Time                       // of the files that change; nil: time.Now
	Given      map[string]func() string               // texts that the user gave, by ID of the secret
	Written    func(path string) (emit.Written, bool) // what the record says of a file of the output; nil: there is no record, and no file counts as edited
	Force      bool                                   // files that were edited are made as wanted all the same
	Rotate     func(id string) bool                   // credentials that get a new text though an old file has one, by ID of the secret or of the turns; nil: none
	Set        map[string]func() string               // the same, with the text that the user gave
	Rekey      bool                                   // new data keys for all files: who lost access shall not read what comes after
	ReadOnly   bool                                   // nothing will be written: where a development identity is missing, one is made and thrown away, without a word
	NoDevKey   bool                                   // E0401 in place of a development identity
	Drawn      func(Drawn)                            // is told every credential that was drawn, by name; nil: nobody
	DevKey     []byte                                 // a development identity that another call of this build has made; nil: none

	Environment  string   // that the files are of; "": there are none
	Environments []string // all of them, in order
	Config       []byte   // .sops.yaml with the rules of the other environments, as another call has made it, or as it is in the output; nil: none

	Outside func() // is told that what Sources lists does not decide alone: another program has a say; nil: nobody
}

// Encrypt makes the files that hold a secret (ownership State), in the order of the inputs, and .sops.yaml (Generated) after them, unless that of the user
// stands in its place.
// devKey is the content of a new .platc/dev.agekey, to be written beside arch.cue with mode 0600; nil where none was made.
// Nothing is written here.
//
// What exists is kept (OUTPUT.md, SEC-04): a text that an old file has for a secret stays its text, in every file; a file whose plaintext and
// recipients are the same stays byte for byte; in one that changed, the data key and the ciphertexts of what did not change stay.
//
// What was edited since it was written is E0501, but for the secrets that Options.Rotate names: what a build changes on purpose is not compared.
//
// Findings: W0116, E0401, E0402, E0501; with an error among them, files and devKey are nil.
// Errors: an input that cannot be written (see Input and value.Hash), an old file that cannot be read, no randomness. They never show a value.
func Encrypt(inputs []Input, o Options, findings *diag.List) (files []emit.File, devKey []byte, err error) {
	b, err := newBuild(inputs, o)
	if err != nil {
		return nil, nil, err
	}
	if b.findings.HasErrors() {
		findings.AddAll(&b.findings)
		return nil, nil, nil
	}
	devKey, err = b.chooseRecipients()
	if err != nil {
		return nil, nil, err
	}
	b.checkConflicts()
	if !b.findings.HasErrors() {
		b.checkConfig()
		b.openOld()
		b.planRotation()
		b.checkEdited()
	}
	if !b.findings.HasErrors() {
		if err := b.findTexts(); err != nil {
			return nil, nil, err
		}
	}
	if b.findings.HasErrors() {
		findings.AddAll(&b.findings)
		return nil, nil, nil
	}
	files, err = b.files()
	if program, ok := errors.AsType[*errProgram](err); ok {
		findings.Add(diag.Diagnostic{Code: "E0401", Message: program.message, Help: program.help})
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	b.reportDrawn()
	b.reportOutside()
	if devKey != nil {
		findings.Add(diag.Diagnostic{
			Code:    "W0116",
			Message: "config.secrets.recipients is empty and no key was found, so secrets are encrypted to a new development identity, " + devKeyFile + " beside arch.cue",
			Help:    `keep a copy of it: nothing else can decrypt the secrets; for sops, export SOPS_AGE_KEY_FILE=$PWD/` + devKeyFile + ` there; for a team, set config.secrets.recipients: ["age1…"]`,
		})
	}
	return files, devKey, nil
}

// build is one run of Encrypt.
type build struct {
	options      Options
	random       io.Reader
	now          time.Time
	rules        []*rule
	docs         []*document
	olds         []*stored // each content once
	keys         *keyring
	cloud        cloud       // keys that the program sops handles
	to           []recipient // sorted
	outConfig    []byte      // .sops.yaml of the output, where it says who they are
	configEdited []string    // what changed in it
	findings     diag.List
	texts        map[string]string // by ID of the secret
	hashes       map[string]string // by ID of the hash
	drawn        map[string]bool   // IDs of the secrets that were drawn
	memory       *memory
	rotation     rotation
}

func newBuild(inputs []Input, o Options) (*build, error) {
	b := &build{options: o, rules: newRules(), keys: &keyring{options: o}, texts: map[string]string{}, hashes: map[string]string{}, drawn: map[string]bool{}}
	b.random = &lockedReader{reader: bufio.NewReader(cmp.Or(o.Random, rand.Reader))}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	b.now = now().UTC()
	for _, in := range inputs {
		d, err := newDocument(in, b.rules)
		if err != nil {
			return nil, err
		}
		b.docs = append(b.docs, d)
	}
	if err := markEncrypted(b.docs); err != nil {
		return nil, err
	}
	return b, b.readOld()
}

// lockedReader lets several goroutines draw.
type lockedReader struct {
	mutex  sync.Mutex
	reader io.Reader
}

func (r *lockedReader) Read(p []byte) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return io.ReadFull(r.reader, p)
}

func (o Options) old(path string) ([]byte, error) {
	if o.Old == nil {
		return nil, fs.ErrNotExist
	}
	return o.Old(path)
}

// seenFromArch is a file of the output as sops matches it with the rules of .sops.yaml beside arch.cue: by the path from there, and by the whole path
// where it stands elsewhere.
func (o Options) seenFromArch(name string) string {
	out := o.OutDir
	if out == "" {
		out = filepath.Join(o.ArchDir, "out")
	}
	file, err1 := filepath.Abs(filepath.Join(out, filepath.FromSlash(name)))
	folder, err2 := filepath.Abs(o.ArchDir)
	if errors.Join(err1, err2) != nil {
		return name
	}
	return filepath.ToSlash(strings.TrimPrefix(file, folder+string(filepath.Separator)))
}

// configIsOfUser says whether the output is the folder of arch.cue, and has a .sops.yaml that we did not write: it serves the files then.
func (o Options) configIsOfUser() bool {
	if o.seenFromArch("x") != "x" {
		return false
	}
	data, err := o.old(sopsConfig)
	header, _ := encode.Header(sopsConfig)
	return err == nil && !bytes.HasPrefix(data, []byte(header))
}

// readOld reads the file of each document; equal ones are parsed once.
func (b *build) readOld() error {
	type content struct {
		format format
		data   string
	}
	known := map[content]*stored{}
	contents := make([]content, len(b.docs))
	var fresh []content
	for i, d := range b.docs {
		data, err := b.options.old(d.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if why := emit.Refused(err); why != nil {
			b.findings.Add(diag.Diagnostic{Code: "E0402", Message: fmt.Sprintf("%s cannot be read: %v", b.options.name(d.path), why), Help: helpRestore})
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", d.path, err)
		}
		contents[i] = content{d.format, string(data)}
		if _, ok := known[contents[i]]; !ok {
			known[contents[i]] = nil
			fresh = append(fresh, contents[i])
		}
		d.old = &stored{} // there is one; its content follows
	}
	b.olds = make([]*stored, len(fresh))
	each(len(fresh), func(i int) { b.olds[i] = newStored(fresh[i].format, []byte(fresh[i].data)) })
	for i, c := range fresh {
		known[c] = b.olds[i]
	}
	for i, d := range b.docs {
		if d.old != nil {
			d.old = known[contents[i]]
		}
	}
	return nil
}

// each calls f for 0 to n-1 on all processors. A panic reaches the caller, who can recover it.
func each(n int, f func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	panics := make(chan any, n)
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panics <- p
				}
			}()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	workers.Wait()
	select {
	case p := <-panics:
		panic(p)
	default:
	}
}

// chooseRecipients finds whom the files are encrypted to, or makes a development identity (OUTPUT.md, SEC-06, SEC-11).
func (b *build) chooseRecipients() ([]byte, error) {
	paths := make([]string, len(b.docs))
	for i, d := range b.docs {
		paths[i] = d.path
	}
	if len(paths) == 0 {
		paths = []string{path.Join(b.options.folder(), "component/k8s/deploy/base/secret/cloud.env")} // any that the rules cover
	}
	var err error
	b.to, b.cloud, b.outConfig, err = recipients(b.options, paths, b.keys)
	var noRecipient *errRecipient
	var noConfig *errConfig
	switch {
	case errors.As(err, &noRecipient), errors.As(err, &noConfig):
		b.findings.Add(diag.Diagnostic{Code: "E0401", Message: err.Error(), Help: RecipientHelp})
		return nil, nil
	case err != nil:
		return nil, err
	case len(b.to) > 0 || !b.cloud.isEmpty():
		return nil, nil
	case b.options.NoDevKey:
		if len(b.docs) > 0 {
			b.findings.Add(noKey("config.secrets.recipients is empty, and no key was found to create secrets with", b.keys.searched()))
		}
		return nil, nil
	case b.keys.devKey:
		b.findings.Add(noKey(filepath.Join(b.options.ArchDir, devKeyFile)+" exists, but has no identity to create secrets with", b.keys.searched()))
		return nil, nil
	}
	key, file, err := newIdentity()
	if err != nil {
		return nil, err
	}
	b.to = []recipient{key}
	if b.options.ReadOnly {
		return nil, nil
	}
	return file, nil
}

func noKey(message, searched string) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "E0401",
		Message: message,
		Help: `create a key with "age-keygen -o keys.txt" and set config.secrets.recipients: ["age1…"] to its public key, or set SOPS_AGE_KEY_FILE=keys.txt; looked at ` +
			searched,
	}
}

// DevKeyUnwritten is the finding for a development identity that could not be written: the output may not be written either.
func DevKeyUnwritten(err error) diag.Diagnostic {
	return noKey(fmt.Sprintf("a development identity cannot be written beside arch.cue: %v", err), "config.secrets.recipients and "+sopsConfig)
}

// openOld decrypts the old files. The user's command runs only where the other places do not help.
func (b *build) openOld() {
	if !slices.ContainsFunc(b.olds, func(s *stored) bool { return !s.broken }) {
		return
	}
	b.keys.load()
	each(len(b.olds), func(i int) {
		if s := b.olds[i]; !s.broken {
			if key := b.keys.unwrap(s.meta.wraps); key != nil {
				s.open(key)
			}
		}
	})
	for _, s := range b.olds {
		if s.locked() {
			if key := b.keys.ask(s.meta.wraps); key != nil {
				s.open(key)
			}
		}
	}
	var services []*stored
	for _, s := range b.olds {
		switch {
		case !s.locked() || len(s.meta.others) == 0:
		case !b.cloud.fits(s.meta.others): // sops would show a token of ours to any server that a file names
			b.keys.places = append(b.keys.places, "the program sops (not asked: no rule of "+sopsConfig+" names "+some(identities(s.meta.others))+")")
		default:
			services = append(services, s)
		}
	}
	problems := make([]error, len(services))
	each(len(services), func(i int) { problems[i] = services[i].openWithSOPS() })
	if i := slices.IndexFunc(problems, func(err error) bool { return err != nil }); i >= 0 {
		b.keys.places = append(b.keys.places, fmt.Sprintf("the program sops (%v)", problems[i]))
	}
}

// files is the encrypted files and .sops.yaml.
func (b *build) files() ([]emit.File, error) {
	jobs, err := b.encryptAll()
	if err != nil {
		return nil, err
	}
	files := make([]emit.File, 0, len(b.docs)+1)
	for i, d := range b.docs {
		files = append(files, emit.File{
			Path: d.path, Component: d.component, Data: jobs[i].data, Mode: 0o644, Ownership: emit.State, Marks: b.marks(d, jobs[i]), Edited: d.edited,
		})
	}
	if len(b.to) == 0 && b.cloud.isEmpty() || b.options.configIsOfUser() {
		return files, nil
	}
	config, err := b.config()
	if err != nil {
		return nil, err
	}
	return append(files, emit.File{Path: sopsConfig, Data: config, Mode: 0o644, Ownership: emit.Generated, Edited: b.configEdited}), nil
}

// config is .sops.yaml: the rules by which a user's sops treats the same files (OUTPUT.md, SEC-02).
func (b *build) config() ([]byte, error) {
	texts := make([]string, len(b.to))
	for i, key := range b.to {
		texts[i] = key.text
	}
	var rules []any
	for _, r := range b.rules {
		fields := map[string]any{"path_regex": b.pathOf(r)}
		if len(texts) > 0 {
			fields["age"] = strings.Join(texts, ",")
		}
		for field, keys := range b.cloud.keys {
			fields[field] = strings.Join(keys, ",")
			if field == "hckms" { // the only one that sops takes as a list alone
				fields[field] = keys
			}
		}
		if b.cloud.profile != "" {
			fields["aws_profile"] = b.cloud.profile
		}
		if r.encrypted != "" {
			fields["encrypted_regex"] = r.encrypted
		}
		rules = append(rules, fields)
	}
	rules, err := b.withOthers(rules)
	if err != nil {
		return nil, err
	}
	data, err := encode.YAML(map[string]any{"creation_rules": rules})
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", sopsConfig, err)
	}
	header, _ := encode.Header(sopsConfig)
	return encode.WithHeader(header, data), nil
}

// job is one file to encrypt. Documents that would be the same file share one, so that copies are equal bytes (OUTPUT.md, SEC-07).
type job struct {
	document *document
	plain    object
	old      *stored // whose data key and ciphertexts are taken; nil: none
	data     []byte
	tree     object // of the data
	keySum   string // tells its data key from another; "" where no private key opens the file
	err      error
}

// marks are those of a file that was made. One that no key opens keeps the mark of its key.
func (b *build) marks(d *document, j *job) map[string]string {
	marks := marksOf(j.tree, d.want, j.keySum)
	if w, ok := b.options.written(d.path); ok && j.keySum == "" && w.SHA256 == sumOf(j.data) && w.Marks[keyMark] != "" {
		marks[keyMark] = w.Marks[keyMark]
	}
	return marks
}

// encryptAll makes each document's file.
func (b *build) encryptAll() ([]*job, error) {
	plain := make([]object, len(b.docs))
	texts := make([]string, len(b.docs))
	errs := make([]error, len(b.docs))
	each(len(b.docs), func(i int) {
		d := b.docs[i]
		if d.old != nil && d.old.locked() {
			return // it was found to be as wanted
		}
		if plain[i], errs[i] = b.plaintext(d); errs[i] == nil {
			texts[i] = fingerprint(plain[i])
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	type content struct {
		rule  *rule
		old   *stored
		plain string
	}
	jobs := map[content]*job{}
	var order []*job
	of := make([]*job, len(b.docs))
	take := func(i int, old *stored) {
		d := b.docs[i]
		c := content{d.rule, old, texts[i]}
		if jobs[c] == nil {
			jobs[c] = &job{document: d, plain: plain[i], old: old}
			order = append(order, jobs[c])
			if first := (content{d.rule, nil, texts[i]}); jobs[first] == nil {
				jobs[first] = jobs[c] // a new copy takes the bytes of one that exists
			}
		}
		of[i] = jobs[c]
	}
	reused := func(d *document) bool { return d.old != nil && !d.old.broken && !b.options.Rekey }
	for i, d := range b.docs {
		if reused(d) {
			take(i, d.old)
		}
	}
	for i, d := range b.docs {
		if !reused(d) {
			take(i, nil)
		}
	}
	each(len(order), func(i int) { order[i].err = b.encrypt(order[i]) })
	for _, j := range order {
		if j.err != nil {
			return nil, fmt.Errorf("encrypt %s: %w", j.document.path, j.err)
		}
	}
	return of, nil
}

// fingerprint tells documents of one form apart.
func fingerprint(o object) string {
	var t strings.Builder
	for _, l := range o.lines() {
		fmt.Fprintf(&t, "%q %v ", l.name, l.comment)
		if l.leaf != nil {
			fmt.Fprintf(&t, "%T %q %v", l.leaf.value, fmt.Sprint(l.leaf.value), l.leaf.encrypted)
		}
		t.WriteByte('\n')
	}
	return t.String()
}

// samePlain compares leaves of plaintext. An empty text is stored as it is, encrypted or not.
func samePlain(want, old *leaf) bool {
	return want.value == old.value && (want.encrypted == old.encrypted || want.value == "")
}

// encrypt makes the content of a file: the old one where nothing changed, or as much of it as stays.
func (b *build) encrypt(j *job) error {
	old := j.old
	if old == nil || !old.locked() && (!old.isAsWritten(b.cloud) || differences(j.plain, old.tree, samePlain) != nil) {
		return b.encryptNew(j)
	}
	j.data, j.tree, j.keySum = old.data, old.tree, keyMarkOf(old.key, old.meta)
	if old.locked() || old.isFor(b.to, b.cloud) {
		return nil
	}
	if old.key == nil {
		return b.encryptNew(j)
	}
	m := old.meta
	var err error
	if m.wraps, err = b.wraps(old.key, m.wraps); err != nil {
		return err
	}
	j.data, err = emitFile(j.document.format, old.tree, m)
	return err
}

// encryptNew encrypts the file. With the data key of the old one, what did not change gets its old ciphertext.
func (b *build) encryptNew(j *job) error {
	m := metadata{modified: b.now, encrypted: j.document.rule.encrypted}
	var key []byte
	var box *box
	var have []wrap
	var err error
	if old := j.old; old != nil && old.key != nil && (b.cloud.isEmpty() || b.cloud.fits(old.meta.others)) {
		key, box, have = old.key, old.box, old.meta.wraps
		if !b.cloud.isEmpty() {
			m.others = old.meta.others
		}
	} else {
		if key, m.others, err = b.newKey(); err != nil {
			return err
		}
		if box, err = newBox(key); err != nil {
			return err
		}
	}
	if m.encrypted == "" {
		m.suffix = unencryptedSuffix
	}
	if m.wraps, err = b.wraps(key, have); err != nil {
		return err
	}
	j.keySum = keyMarkOf(key, m)
	m.mac = box.seal(code(j.plain), m.stamp())
	j.tree, err = j.plain.replaced(func(path []string, l *leaf) (*leaf, error) {
		if !l.encrypted || l.value == "" {
			return &leaf{value: l.value}, nil
		}
		return &leaf{encrypted: true, cipher: box.seal(l.value, additional(path))}, nil
	})
	if err != nil {
		return err
	}
	j.data, err = emitFile(j.document.format, j.tree, m)
	return err
}

// newKey draws a data key; where there are keys that sops handles, sops draws it.
func (b *build) newKey() ([]byte, object, error) {
	if !b.cloud.isEmpty() {
		return b.cloud.newKey()
	}
	key := make([]byte, dataKeySize)
	_, _ = rand.Read(key) // it never fails
	return key, nil, nil
}

// wraps is the data key for each recipient; a wrap that exists stays.
func (b *build) wraps(key []byte, have []wrap) ([]wrap, error) {
	wraps := make([]wrap, len(b.to))
	for i, to := range b.to {
		if old := slices.IndexFunc(have, func(w wrap) bool { return w.recipient == to.text }); old >= 0 {
			wraps[i] = have[old]
			continue
		}
		var err error
		if wraps[i], err = to.wrap(key); err != nil {
			return nil, err
		}
	}
	return wraps, nil
}
