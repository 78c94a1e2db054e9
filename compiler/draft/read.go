package draft

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/override"
	"github.com/compose-spec/compose-go/v2/paths"
	"github.com/compose-spec/compose-go/v2/transform"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/compose-spec/compose-go/v2/validation"
	"github.com/go-viper/mapstructure/v2"
	"github.com/sirupsen/logrus"
	"go.yaml.in/yaml/v4"
)

// project is what a Compose file says, with what it includes and extends. The parts of the library of Compose read it, without its loader: that
// compiles schemas when the program starts, be a Compose file read or not.
func (d *Draft) project(file string, data []byte) (*types.Project, error) {
	logrus.SetOutput(io.Discard) // what the library would log is in the notes
	environment, err := d.environment(file, data)
	if err != nil {
		return nil, err
	}
	r := reader{lookup: func(name string) (string, bool) { v, ok := environment[name]; return v, ok }}
	model, err := r.file(file, data, nil)
	if err != nil {
		return nil, err
	}
	for _, complete := range []func(map[string]any) (map[string]any, error){override.EnforceUnicity, transform.SetDefaultValues} {
		if model, err = complete(model); err != nil {
			return nil, err
		}
	}
	if err := validation.Validate(model); err != nil {
		return nil, err
	}
	if name, _ := model["name"].(string); name != "" {
		d.Name = dnsName(name)
	}
	project := &types.Project{Services: types.Services{}, Secrets: types.Secrets{}, Configs: types.Configs{}}
	for name, v := range object(model["services"]) {
		s := types.ServiceConfig{}
		unused, err := decode(v, &s)
		if err != nil {
			return nil, fmt.Errorf("services.%s: %w", name, err)
		}
		s.Name = name
		project.Services[name] = s
		if len(unused) > 0 {
			d.Notes = append(d.Notes, fmt.Sprintf("fields of the service %s that are not those of a Compose file: %s", name, strings.Join(unused, ", ")))
		}
	}
	slices.Sort(d.Notes)
	if _, err := decode(orEmpty(model["secrets"]), &project.Secrets); err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	if _, err := decode(orEmpty(model["configs"]), &project.Configs); err != nil {
		return nil, fmt.Errorf("configs: %w", err)
	}
	if len(project.Services) == 0 {
		return nil, errors.New("it has no services")
	}
	return project, nil
}

// reader reads Compose files.
type reader struct{ lookup func(string) (string, bool) }

// file is the model of a Compose file in the long form, with absolute paths; open are the files that are read for it.
func (r reader) file(name string, data []byte, open []string) (map[string]any, error) {
	if slices.Contains(open, name) {
		return nil, fmt.Errorf("%s includes itself", filepath.Base(name))
	}
	open = append(slices.Clone(open), name)
	model := map[string]any{}
	if err := yaml.Unmarshal(data, &model); err != nil {
		return nil, err
	}
	model, err := interpolation.Interpolate(model, interpolation.Options{LookupValue: r.lookup})
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(name)
	services := object(model["services"])
	for _, service := range slices.Sorted(maps.Keys(services)) {
		if services[service], err = r.extended(services, service, dir, nil); err != nil {
			return nil, err
		}
	}
	includes, _ := model["include"].([]any)
	delete(model, "include")
	if model, err = transform.Canonical(model, false); err != nil {
		return nil, err
	}
	if err := paths.ResolveRelativePaths(model, dir, nil); err != nil {
		return nil, err
	}
	for _, include := range includes {
		for _, path := range included(include) {
			other, err := r.read(filepath.Join(dir, path), open)
			if err != nil {
				return nil, fmt.Errorf("include %s: %w", path, err)
			}
			if model, err = override.Merge(other, model); err != nil {
				return nil, fmt.Errorf("include %s: %w", path, err)
			}
		}
	}
	return model, nil
}

func (r reader) read(name string, open []string) (map[string]any, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, cause(err)
	}
	return r.file(name, data, open)
}

// included are the files of an entry of include.
func included(entry any) []string {
	if long := object(entry); long != nil {
		entry = long["path"]
	}
	if all, ok := entry.([]any); ok {
		var names []string
		for _, v := range all {
			names = append(names, fmt.Sprint(v))
		}
		return names
	}
	return []string{fmt.Sprint(entry)}
}

// extended is a service with what it extends, in its own file or another one.
func (r reader) extended(services map[string]any, name, dir string, open []string) (map[string]any, error) {
	service := object(services[name])
	extends, ok := service["extends"]
	if !ok {
		return service, nil
	}
	if slices.Contains(open, dir+":"+name) {
		return nil, fmt.Errorf("the service %s extends itself", name)
	}
	open = append(slices.Clone(open), dir+":"+name)
	base, file := fmt.Sprint(extends), ""
	if long := object(extends); long != nil {
		base = fmt.Sprint(long["service"])
		file, _ = long["file"].(string)
	}
	from := dir
	if file != "" {
		file = filepath.Join(dir, file)
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("the service %s extends one of a file that cannot be read: %w", name, cause(err))
		}
		other := map[string]any{}
		if err := yaml.Unmarshal(data, &other); err != nil {
			return nil, err
		}
		if other, err = interpolation.Interpolate(other, interpolation.Options{LookupValue: r.lookup}); err != nil {
			return nil, err
		}
		services, from = object(other["services"]), filepath.Dir(file)
	}
	if object(services[base]) == nil {
		return nil, fmt.Errorf("the service %s extends %s, which does not exist", name, base)
	}
	below, err := r.extended(services, base, from, open)
	if err != nil {
		return nil, err
	}
	own := maps.Clone(service)
	delete(own, "extends")
	if below, err = long(below, from); err != nil {
		return nil, err
	}
	if own, err = long(own, dir); err != nil {
		return nil, err
	}
	return override.ExtendService(below, own)
}

// long is a service in the long form, with absolute paths.
func long(service map[string]any, dir string) (map[string]any, error) {
	const name = "service"
	model, err := transform.Canonical(map[string]any{"services": map[string]any{name: service}}, false)
	if err != nil {
		return nil, err
	}
	if err := paths.ResolveRelativePaths(model, dir, nil); err != nil {
		return nil, err
	}
	return object(object(model["services"])[name]), nil
}

func object(v any) map[string]any { o, _ := v.(map[string]any); return o }

func orEmpty(v any) any {
	if v == nil {
		return map[string]any{}
	}
	return v
}

// decode fills a value of the library, and gives the fields that it does not have, but for extensions.
func decode(from, to any) (unused []string, err error) {
	var found mapstructure.Metadata
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{DecodeHook: mapstructure.DecodeHookFuncValue(decoded), Result: to, TagName: "yaml", Squash: true, WeaklyTypedInput: true, Metadata: &found})
	if err != nil {
		return nil, err
	}
	if err := decoder.Decode(from); err != nil {
		return nil, err
	}
	for _, name := range found.Unused {
		if !strings.Contains(name, "x-") {
			unused = append(unused, name)
		}
	}
	slices.Sort(unused)
	return unused, nil
}

// decoded lets types of the library read themselves.
func decoded(from, to reflect.Value) (any, error) {
	type reads interface{ DecodeMapstructure(any) error }
	if to.Kind() == reflect.Pointer && to.IsNil() && to.CanSet() && to.Type().Implements(reflect.TypeFor[reads]()) {
		to.Set(reflect.New(to.Type().Elem()))
	}
	own, ok := reflect.TypeAssert[reads](to)
	if !ok && to.CanAddr() {
		own, ok = reflect.TypeAssert[reads](to.Addr())
	}
	if !ok {
		return from.Interface(), nil
	}
	err := own.DecodeMapstructure(from.Interface())
	return to.Interface(), err
}
