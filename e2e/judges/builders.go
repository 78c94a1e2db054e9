package judges

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// builders compares the arguments of the build Jobs with what is there: the folder in the repository, the Dockerfile in it, the image that the
// Deployment runs, and the credentials where the builder looks for them.
func builders(_ context.Context, c *Case) ([]string, error) {
	var findings []string
	for _, component := range c.Graph.Components {
		if component.Kind != "fastapi" {
			continue
		}
		image := c.image("Deployment", component.Name)
		for _, engine := range []string{"buildkit", "kaniko"} {
			name := component.Name + "-" + engine
			find := func(format string, args ...any) { findings = append(findings, name+": "+fmt.Sprintf(format, args...)) }
			o := c.object("Job", name)
			if o == nil {
				find("there is no such Job")
				continue
			}
			var job batchv1.Job
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &job); err != nil {
				return nil, err
			}
			builder := job.Spec.Template.Spec.Containers[0]
			folder, file, target := reads(engine, builder.Args)
			if want := path.Join(c.setting("path"), component.Name); folder != want {
				find("it builds %q, and the component stands at %q", folder, want)
			}
			if _, err := os.Stat(filepath.Join(c.Tree.Out, component.Name, file)); err != nil {
				find("there is no %s in %s", file, component.Name)
			}
			if target != image {
				find("it pushes %q, and the Deployment runs %q", target, image)
			}
			for _, problem := range c.credentials(job.Spec.Template.Spec, builder) {
				find("%s", problem)
			}
		}
		if day2 := c.image("Job", component.Name+"-day2"); day2 != image {
			findings = append(findings, fmt.Sprintf("%s-day2: it runs %q, and the Deployment %q", component.Name, day2, image))
		}
	}
	return findings, nil
}

// reads gives the folder in the repository, the Dockerfile in it and the image that arguments name.
func reads(engine string, args []string) (folder, file, image string) {
	value := func(prefix string) string {
		for _, a := range args {
			if rest, found := strings.CutPrefix(a, prefix); found {
				return rest
			}
		}
		return ""
	}
	if engine == "kaniko" {
		return value("--context-sub-path="), value("--dockerfile="), value("--destination=")
	}
	// context=URL#REF:FOLDER; without filename= the frontend takes Dockerfile
	_, fragment, _ := strings.Cut(value("context="), "#")
	_, folder, _ = strings.Cut(fragment, ":")
	file = value("filename=")
	if file == "" {
		file = "Dockerfile"
	}
	image, _, _ = strings.Cut(strings.TrimPrefix(value("type=image,"), "name="), ",")
	return folder, file, image
}

// credentials: the registry's are the file config.json in DOCKER_CONFIG, and those for the clone are variables.
func (c *Case) credentials(pod corev1.PodSpec, builder corev1.Container) []string {
	var findings []string
	variables := map[string]corev1.EnvVar{}
	for _, e := range builder.Env {
		variables[e.Name] = e
	}
	mounted := slices.ContainsFunc(builder.VolumeMounts, func(m corev1.VolumeMount) bool {
		return m.MountPath == variables["DOCKER_CONFIG"].Value && slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool {
			return v.Name == m.Name && v.Secret != nil && slices.ContainsFunc(v.Secret.Items, func(i corev1.KeyToPath) bool {
				return i.Key == corev1.DockerConfigJsonKey && i.Path == "config.json"
			})
		})
	})
	if !mounted {
		findings = append(findings, "no config.json of a Secret is mounted at its DOCKER_CONFIG")
	}
	if c.setting("password") == "" {
		return findings
	}
	wanted := []string{"GIT_USERNAME", "GIT_PASSWORD"}
	if strings.Contains(builder.Image, "buildkit") {
		wanted = []string{"GIT_AUTH_TOKEN"}
		if !slices.Contains(builder.Args, "id=GIT_AUTH_HEADER,env=GIT_AUTH_TOKEN") {
			findings = append(findings, "it does not hand GIT_AUTH_TOKEN on")
		}
	}
	for _, name := range wanted {
		if from := variables[name].ValueFrom; from == nil || from.SecretKeyRef == nil {
			findings = append(findings, "it has no "+name+" of a Secret")
		}
	}
	return findings
}

// setting is one of config.git; "" without it. A secret one is only known to be there.
func (c *Case) setting(name string) string {
	git, _ := c.Graph.Arch["git"].(map[string]any)
	if v, there := git[name]; there && v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

func (c *Case) object(kind, name string) *unstructured.Unstructured {
	for i, o := range c.objects {
		if o.GetKind() == kind && o.GetName() == name {
			return &c.objects[i]
		}
	}
	return nil
}

// image is what the first container of a workload runs.
func (c *Case) image(kind, name string) string {
	o := c.object(kind, name)
	if o == nil {
		return ""
	}
	containers, _, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
	if len(containers) == 0 {
		return ""
	}
	first, _ := containers[0].(map[string]any)
	image, _ := first["image"].(string)
	return image
}
