package world

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// hosts follows names of Services: wherever one stands in full, and in short in the variables and settings that are known to hold a host.
func (at place) hosts(o unstructured.Unstructured) {
	inFull := regexp.MustCompile(`([a-z0-9][a-z0-9-]*)\.([a-z0-9][a-z0-9-]*)\.svc(?:\.cluster\.local)?(?::([0-9]+))?`)
	at.strings("", o.Object, func(field, value string) {
		for _, m := range inFull.FindAllStringSubmatch(value, -1) {
			at.host(field, key{"Service", m[2], m[1]}, m[3])
		}
	})
	at.pairs("", o.Object)
}

// strings visits every text of an object; those of a Secret are decoded.
func (at place) strings(field string, v any, visit func(field, value string)) {
	switch v := v.(type) {
	case string:
		if at.object.kind == "Secret" && strings.HasPrefix(field, ".data.") {
			decoded, err := base64.StdEncoding.DecodeString(v)
			if err != nil {
				at.find(field, "is not base64")
				return
			}
			v = string(decoded)
		}
		visit(field, v)
	case []any:
		for i, one := range v {
			at.strings(field+"["+strconv.Itoa(i)+"]", one, visit)
		}
	case map[string]any:
		for name, one := range v {
			at.strings(field+"."+name, one, visit)
		}
	}
}

// host asks for a Service and, if there is a port, for that.
func (at place) host(field string, k key, number string) {
	at.needIn(field, k)
	s, there := at.w.services[k]
	if !there || number == "" {
		return
	}
	at.w.asked++
	if !slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return strconv.Itoa(int(p.Port)) == number }) {
		at.find(field, "%s has no port %s", k, number)
	}
}

// pairs looks at settings that stand beside each other in a map, or in a list of variables: a host and its port, or a host alone.
func (at place) pairs(field string, v any) {
	switch v := v.(type) {
	case []any:
		variables := map[string]string{}
		for i, one := range v {
			if m, ok := one.(map[string]any); ok {
				if value, ok := m["value"].(string); ok {
					variables[text(m, "name")] = value
				}
			}
			at.pairs(field+"["+strconv.Itoa(i)+"]", one)
		}
		at.settings(field, variables)
	case map[string]any:
		settings := map[string]string{}
		for name, one := range v {
			if s, ok := one.(string); ok {
				if at.object.kind == "Secret" && field == ".data" {
					if decoded, err := base64.StdEncoding.DecodeString(s); err == nil {
						s = string(decoded)
					}
				}
				settings[name] = s
			}
			at.pairs(field+"."+name, one)
		}
		at.settings(field, settings)
	}
}

// settings: a name that ends like a host's holds one, and the name of its port follows from it.
func (at place) settings(field string, all map[string]string) {
	portOf := map[string]string{
		"_HOST": "_PORT", "PGHOST": "PGPORT", "serverName": "serverPort",
		"bootstrapServers": "", "_BOOTSTRAP_SERVERS": "", "_ENDPOINT": "", "_URL": "",
	}
	for name, value := range all {
		for suffix, beside := range portOf {
			// beside the name of an object store, serverName is a folder of an archive
			if !strings.HasSuffix(name, suffix) || strings.HasPrefix(value, "ENC[") || all["barmanObjectName"] != "" {
				continue
			}
			if _, rest, scheme := strings.Cut(value, "://"); scheme {
				value = rest[strings.LastIndexByte(rest, '@')+1:]
			}
			value, _, _ = strings.Cut(value, "/")
			for one := range strings.SplitSeq(value, ",") {
				host, number, _ := strings.Cut(one, ":")
				if beside != "" && number == "" {
					number = all[strings.TrimSuffix(name, suffix)+beside]
				}
				at.named(field+"."+name, host, number)
			}
		}
	}
}

// named asks for a host: a Service of another namespace in full, or one of the own in short. Names outside of the cluster are the user's.
func (at place) named(field, host, number string) {
	bare := strings.TrimSuffix(host, ".cluster.local")
	inCluster, full := strings.CutSuffix(bare, ".svc")
	switch {
	case host == "", host == "localhost", strings.HasPrefix(host, "127."), strings.HasPrefix(host, "$"), strings.ContainsAny(host, " {}"):
	case full:
		parts := strings.Split(inCluster, ".")
		if len(parts) < 2 {
			at.find(field, "%s has no namespace", host)
			return
		}
		at.host(field, key{"Service", parts[len(parts)-1], parts[len(parts)-2]}, number)
	case !strings.Contains(host, "."):
		at.host(field, key{"Service", at.object.namespace, host}, number)
	}
}
