package draft

import (
	"net/url"
	"regexp"

	"github.com/compose-spec/compose-go/v2/types"
)

// secret says whether a variable is one: by its name, or because its value is a URL with a password in it.
func secret(name string, value *string) bool {
	named := regexp.MustCompile(`(?i)(pass|passwd|pwd|token|salt|credentials?|key|dsn)$|password|secret`)
	return named.MatchString(name) || value != nil && passwordIn(*value) != ""
}

// passwordIn is the password in a URL, "" without.
func passwordIn(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return ""
	}
	password, _ := u.User.Password()
	return password
}

// secretsOf are the texts that only variables with secrets have.
func secretsOf(project *types.Project, given map[string]string) map[string]bool {
	secrets, plain := map[string]bool{}, map[string]bool{}
	take := func(name string, value string) {
		switch {
		case passwordIn(value) != "":
			secrets[passwordIn(value)] = true
		case secret(name, &value):
			secrets[value] = true
		default:
			plain[value] = true
		}
	}
	for name, value := range given {
		take(name, value)
	}
	for _, s := range project.Services {
		plain[s.Name] = true
		for name, value := range s.Environment {
			if value != nil {
				take(name, *value)
			}
		}
	}
	delete(secrets, "")
	for text := range plain {
		delete(secrets, text)
	}
	return secrets
}

// holdsSecret says whether a secret is one of the words of a text.
func (w *writer) holdsSecret(text string) bool {
	for secret := range w.secrets {
		if regexp.MustCompile(`(^|[^A-Za-z0-9])` + regexp.QuoteMeta(secret) + `($|[^A-Za-z0-9])`).MatchString(text) {
			return true
		}
	}
	return false
}
