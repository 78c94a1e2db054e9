package draft

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"

	"platc.dev/platc/compiler/kind"
)

// Options are what a draft is made with.
type Options struct {
	Library *kind.Library
	Name    string // of the architecture, where the file has no name
	Package string // of arch.cue
	Schema  bool   // it imports the types of all kinds, for editors
	Dir     string // where arch.cue will be: paths in the draft are relative to it
	Shown   string // the Compose file as the user names it
}

// Compose drafts an architecture from a Compose file, with the variables of the .env beside it.
//
// Errors: a file that cannot be read, or is no Compose file.
func Compose(file string, o Options) (*Draft, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", o.Shown, cause(err))
	}
	d := &Draft{Name: o.Name, Source: o.Shown}
	project, err := d.project(file, data)
	if err != nil {
		return nil, fmt.Errorf("%s is not a Compose file that can be read: %s", o.Shown, oneLine(err.Error()))
	}
	w := &writer{secrets: secretsOf(project, d.given), Options: o, draft: d, project: project, components: map[string]*Component{}, kinds: map[string]*kind.Kind{}}
	if err := w.write(); err != nil {
		return nil, err
	}
	return d, nil
}

// variable is a reference to a variable in a Compose file: ${NAME}, with what follows the name, or $NAME.
var variable = regexp.MustCompile(`\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)([^}]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)

// environment are the variables of a Compose file: those of .env, and its own name for one that has to be set and is not. What the environment of the
// process says does not matter, so that a draft is the same for everyone.
func (d *Draft) environment(file string, data []byte) (map[string]string, error) {
	environment := map[string]string{}
	if name := filepath.Join(filepath.Dir(file), ".env"); exists(name) {
		var err error
		if environment, err = dotenv.Read(name); err != nil {
			return nil, fmt.Errorf(".env: %w", err)
		}
	}
	d.given = maps.Clone(environment)
	missing := map[string]bool{}
	for _, found := range variable.FindAllStringSubmatch(string(data), -1) {
		name, after := found[1]+found[3], found[2]
		if _, set := environment[name]; set || name == "" {
			continue
		}
		if strings.HasPrefix(strings.TrimPrefix(after, ":"), "?") {
			environment[name] = name
			missing[name] = true
		} else if after == "" {
			missing[name] = true
		}
	}
	if len(missing) > 0 {
		d.Notes = append(d.Notes, "variables that the Compose file reads and that no .env beside it sets: "+strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
	}
	return environment, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// cause is what went wrong with a file, without its name.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// writer makes the components of a draft.
type writer struct {
	Options

	draft      *Draft
	project    *types.Project
	components map[string]*Component // by the name of the service
	kinds      map[string]*kind.Kind
	secrets    map[string]bool // texts that are secrets, and nothing else
	users      []string        // components whose image may want another user
	asked      []string        // components whose health check has times
}

func (w *writer) write() error {
	for _, name := range w.project.ServiceNames() {
		s := w.project.Services[name]
		k, err := w.kindOf(s)
		if err != nil {
			return err
		}
		c := &Component{Name: w.unused(dnsName(name)), Kind: k.Name, Attrs: map[string]any{"namespace": w.draft.Name}, Links: map[string]map[string]any{}}
		w.components[name], w.kinds[name] = c, k
		w.draft.Components = append(w.draft.Components, c)
	}
	slices.SortFunc(w.draft.Components, func(a, b *Component) int { return strings.Compare(a.Name, b.Name) })
	for _, name := range w.project.ServiceNames() {
		if w.server(name) {
			w.writeServer(name)
		} else {
			w.image(name)
			w.ports(name) // whether a link can end at it
		}
	}
	for _, name := range w.project.ServiceNames() {
		if !w.server(name) {
			w.writeApplication(name)
		}
		w.unknown(name)
	}
	networks := map[string]bool{}
	for _, s := range w.project.Services {
		for name := range s.Networks {
			networks[name] = true
		}
	}
	delete(networks, "default")
	if len(networks) > 0 {
		w.draft.Notes = append(w.draft.Notes, "networks are not taken over, since a component reaches what it links to and nothing else: "+strings.Join(slices.Sorted(maps.Keys(networks)), ", "))
	}
	if len(w.users) > 0 {
		slices.Sort(w.users)
		w.draft.Notes = append(w.draft.Notes, "containers run as user 10001, and their own files are read-only: set user_id and writable where an image needs another: "+strings.Join(w.users, ", "))
	}
	if len(w.asked) > 0 {
		slices.Sort(w.asked)
		w.draft.Notes = append(w.draft.Notes, "pods are probed at fixed times, and interval, timeout and retries of a health check are not taken over: "+strings.Join(w.asked, ", "))
	}
	return nil
}

// server says whether a service is something that a kind of its own stands for, rather than an application.
func (w *writer) server(name string) bool {
	return !slices.Contains(w.kinds[name].StandsFor.Images, "*")
}

// kindOf is the kind that stands for the image of a service, or the one for every image.
func (w *writer) kindOf(s types.ServiceConfig) (*kind.Kind, error) {
	repository, _ := splitImage(s.Image)
	var general *kind.Kind
	for _, name := range slices.Sorted(maps.Keys(w.Library.Kinds)) {
		k := w.Library.Kinds[name]
		if k.StandsFor == nil {
			continue
		}
		if s.Build == nil && slices.Contains(k.StandsFor.Images, repository) {
			return k, nil
		}
		if slices.Contains(k.StandsFor.Images, "*") {
			general = k
		}
	}
	if general == nil {
		return nil, errors.New("no kind stands for every image")
	}
	return general, nil
}

// splitImage is the repository of an image, without the host and the folder that Docker adds, and its tag.
func splitImage(image string) (repository, tag string) {
	image, _, _ = strings.Cut(image, "@")
	if at := strings.LastIndexByte(image, ':'); at > strings.LastIndexByte(image, '/') {
		image, tag = image[:at], image[at+1:]
	}
	for _, prefix := range []string{"index.docker.io/", "docker.io/", "library/"} {
		image = strings.TrimPrefix(image, prefix)
	}
	return image, tag
}

// unused is a name that no component has yet.
func (w *writer) unused(name string) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(w.draft.Components, func(c *Component) bool { return c.Name == name })
	}
	for n, base := 2, name; taken(name); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}

// dnsName is a DNS-1123 label made of a name.
func dnsName(name string) string {
	name = regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-")
	name = strings.Trim(name[:min(len(name), 40)], "-")
	if name == "" {
		return "app"
	}
	if name[0] >= '0' && name[0] <= '9' {
		name = "app-" + name
	}
	return name
}

// fieldsOf are the fields that a service has.
func fieldsOf(s types.ServiceConfig) []string {
	data, err := json.Marshal(s)
	if err != nil {
		return nil
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil
	}
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
	return slices.Sorted(maps.Keys(fields))
}
