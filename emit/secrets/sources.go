package secrets

import (
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age/plugin"
)

// Sources are the variables and the files beside the output in which Encrypt may look for keys and recipients, whether or not they exist. What they
// hold decides, unless Options.Outside is told otherwise.
func Sources(o Options) (variables, files []string) {
	variables = []string{keyVariable, keyFileVariable, keyCommandVariable, sshFileVariable, sshCommandVariable, "XDG_CONFIG_HOME", "AppData"}
	k := &keyring{options: o}
	for _, name := range []string{keyFileVariable, sshFileVariable} {
		if file, ok := k.variable(name); ok {
			files = append(files, file)
		}
	}
	if file := k.userFile(); file != "" {
		files = append(files, file)
	}
	if o.Home != "" {
		files = append(files, filepath.Join(o.Home, ".ssh", "id_ed25519"), filepath.Join(o.Home, ".ssh", "id_rsa"))
	}
	return variables, append(files, filepath.Join(o.ArchDir, sopsConfig), filepath.Join(o.ArchDir, filepath.FromSlash(devKeyFile)))
}

// reportOutside tells of programs that may answer otherwise another time: sops, commands of the user, plugins of age.
func (b *build) reportOutside() {
	if b.options.Outside == nil {
		return
	}
	_, files := Sources(b.options)
	if slices.ContainsFunc(files, isSpecial) {
		b.options.Outside()
		return
	}
	b.keys.load()
	_, asksForSSH := b.keys.variable(sshCommandVariable)
	service := func(s *stored) bool { return !s.broken && len(s.meta.others) > 0 }
	byPlugin := func(r recipient) bool { _, ok := r.key.(*plugin.Recipient); return ok }
	if b.keys.command != "" || asksForSSH || !b.cloud.isEmpty() || slices.ContainsFunc(b.olds, service) || slices.ContainsFunc(b.to, byPlugin) || b.keys.hasPlugin() {
		b.options.Outside()
	}
}

// isSpecial says whether a file is one, such as a pipe, that may say something else when it is read again.
func isSpecial(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.Mode().IsRegular()
}

func (k *keyring) hasPlugin() bool {
	for _, id := range k.identities {
		if _, ok := id.(*plugin.Identity); ok {
			return true
		}
	}
	return false
}
