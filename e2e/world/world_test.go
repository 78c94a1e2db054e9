package world_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"platc.dev/platc/e2e/world"
)

// shop is a closed world: an application with all that it refers to.
const shop = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: orders, namespace: shop}
imagePullSecrets: [{name: registry}]
---
apiVersion: v1
kind: Secret
metadata: {name: registry, namespace: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: cloud, namespace: shop}
data: {DB_HOST: b3JkZXJzLnNob3Auc3ZjLmNsdXN0ZXIubG9jYWw=, DB_PORT: ODA=, TOKEN: eA==}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {PEER_URL: "http://orders.shop.svc.cluster.local:80/x", start.sh: "", VHOST: nothing}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders, app.kubernetes.io/managed-by: platc}}
    spec:
      serviceAccountName: orders
      containers:
      - name: app
        ports: [{name: http, containerPort: 8080}]
        livenessProbe: {httpGet: {port: http}}
        envFrom: [{secretRef: {name: cloud}}, {configMapRef: {name: settings}}]
        env:
        - {name: TOKEN, valueFrom: {secretKeyRef: {name: cloud, key: TOKEN}}}
        - {name: SELF_HOST, value: orders}
        - {name: SELF_PORT, value: "80"}
        volumeMounts: [{name: files, mountPath: /start.sh, subPath: start.sh}]
      volumes: [{name: files, configMap: {name: settings}}]
---
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop, labels: {app: orders}}
spec: {selector: {app: orders}, ports: [{name: web, port: 80, targetPort: http}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: orders, namespace: shop}
spec: {selector: {matchLabels: {app: orders}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: orders, namespace: shop}
spec:
  podSelector: {matchLabels: {app: orders}}
  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, podSelector: {matchLabels: {app: orders}}}]}]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: kong}
spec: {controller: ingress-controllers.konghq.com/kong}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: cors, namespace: shop}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: orders, namespace: shop, annotations: {konghq.com/plugins: "cors"}}
spec:
  ingressClassName: kong
  rules: [{host: api.example.org, http: {paths: [{backend: {service: {name: orders, port: {name: web}}}}]}}]
---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: prom, namespace: shop}
spec:
  serviceMonitorSelector: {matchLabels: {scrape: "yes"}}
  serviceMonitorNamespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: orders, namespace: shop, labels: {scrape: "yes"}}
spec: {selector: {matchLabels: {app: orders}}, endpoints: [{port: web}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/orders]}}], to: [{operation: {ports: ["8080"]}}]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: orders, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: orders, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: orders}
subjects: [{kind: ServiceAccount, name: orders, namespace: shop}]
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: pg, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: pg, namespace: shop}
data: {PG_HOST: pg-rw.shop.svc.cluster.local, PG_PORT: "5432"}
`

func objects(t *testing.T, text string) []unstructured.Unstructured {
	t.Helper()
	var all []unstructured.Unstructured
	for d := range strings.SplitSeq(text, "\n---\n") {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(d), &o.Object); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

func TestAClosedWorldHasNoFindings(t *testing.T) {
	t.Parallel()
	r := world.Check(objects(t, shop))
	if len(r.Findings) > 0 || r.References < 30 {
		t.Errorf("%d references, %v", r.References, r.Findings)
	}
}

func TestEveryReferenceIsFollowed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, from, to, want string }{
		{"account", "serviceAccountName: orders", "serviceAccountName: order", "there is no ServiceAccount shop/order"},
		{"pull secret", "imagePullSecrets: [{name: registry}]", "imagePullSecrets: [{name: registri}]", "there is no Secret shop/registri"},
		{"envFrom secret", "secretRef: {name: cloud}", "secretRef: {name: clod}", "there is no Secret shop/clod"},
		{"envFrom config map", "configMapRef: {name: settings}", "configMapRef: {name: x}", "there is no ConfigMap shop/x"},
		{"key of a secret", "key: TOKEN", "key: TOKN", "Secret shop/cloud has no key TOKN"},
		{"volume", "configMap: {name: settings}", "configMap: {name: files}", "there is no ConfigMap shop/files"},
		{"single mount", "subPath: start.sh", "subPath: begin.sh", "ConfigMap shop/settings has no key begin.sh"},
		{"probe", "httpGet: {port: http}", "httpGet: {port: htp}", "the container has no port htp"},
		{"selector of a Service", "spec: {selector: {app: orders}, ports", "spec: {selector: {app: order}, ports", "selects no pod: app=order"},
		{"target port", "targetPort: http", "targetPort: web", "have no port web"},
		{"scale target", "kind: Deployment, name: orders", "kind: Deployment, name: order", "there is no Deployment shop/order"},
		{"budget", "{selector: {matchLabels: {app: orders}}}", "{selector: {matchLabels: {app: o}}}", "spec.selector: selects no pod: app=o"},
		{"policy", "podSelector: {matchLabels: {app: orders}}\n", "podSelector: {matchLabels: {app: o}}\n", "spec.podSelector: selects no pod: app=o"},
		{"peer", "podSelector: {matchLabels: {app: orders}}}]}]", "podSelector: {matchLabels: {app: o}}}]}]", "spec.ingress[0].from[0]: selects no pod: app=o"},
		{"ingress class", "ingressClassName: kong", "ingressClassName: king", "there is no IngressClass king"},
		{"plugin", `konghq.com/plugins: "cors"`, `konghq.com/plugins: "cors,limit"`, "there is no KongPlugin shop/limit"},
		{"backend", "service: {name: orders, port", "service: {name: order, port", "there is no Service shop/order"},
		{"backend's port", "port: {name: web}}}}", "port: {name: http}}}}", "Service shop/orders has no port http"},
		{"monitor's port", "endpoints: [{port: web}]", "endpoints: [{port: metrics}]", "the port metrics is on 0 Services"},
		{"monitor's selector", `labels: {scrape: "yes"}`, `labels: {scrape: "no"}`, "no Prometheus selects it"},
		{"principal", "sa/orders]", "sa/order]", "there is no ServiceAccount shop/order"},
		{"port in a mesh", `ports: ["8080"]`, `ports: ["80"]`, "have no port 80"},
		{"role", "kind: Role, name: orders", "kind: Role, name: order", "there is no Role shop/order"},
		{"subject", "subjects: [{kind: ServiceAccount, name: orders", "subjects: [{kind: ServiceAccount, name: order", "there is no ServiceAccount shop/order"},
		{"host in full", "http://orders.shop.svc", "http://orders.shp.svc", "there is no Service shp/orders"},
		{"its port", "svc.cluster.local:80/x", "svc.cluster.local:8080/x", "Service shop/orders has no port 8080"},
		{"host in short", "value: orders}", "value: order}", "there is no Service shop/order"},
		{"port beside a host", `value: "80"}`, `value: "81"}`, "Service shop/orders has no port 81"},
		{"port in a secret", "DB_PORT: ODA=", "DB_PORT: ODE=", "Service shop/orders has no port 81"},
		{"operator's service", "pg-rw.shop", "pg-write.shop", "there is no Service shop/pg-write"},
		{"its port", `PG_PORT: "5432"`, `PG_PORT: "5433"`, "Service shop/pg-rw has no port 5433"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(shop, c.from) {
				t.Fatalf("the world has no %q", c.from)
			}
			r := world.Check(objects(t, strings.Replace(shop, c.from, c.to, 1)))
			if !slices.ContainsFunc(r.Findings, func(f world.Finding) bool { return strings.Contains(f.String(), c.want) }) {
				t.Errorf("no finding %q among %v", c.want, r.Findings)
			}
		})
	}
}
