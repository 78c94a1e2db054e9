// node synth.js N DIR: N web services of five objects each, written to DIR.
const { App, ApiObject, Chart } = require('cdk8s')

const [count, outdir] = [Number(process.argv[2]), process.argv[3]]
const app = new App({ outdir })
const chart = new Chart(app, 'bench')
for (let i = 0; i < count; i++) {
  const name = `app-${i}`
  const labels = { app: name }
  const metadata = { name, labels }
  const object = (apiVersion, kind, rest) => new ApiObject(chart, `${name}-${kind}`, { apiVersion, kind, metadata, ...rest })
  object('v1', 'ServiceAccount', { automountServiceAccountToken: false })
  object('v1', 'ConfigMap', { data: { LOG_LEVEL: 'info', PORT: '8000' } })
  object('v1', 'Service', { spec: { selector: labels, ports: [{ name: 'http', port: 8000, targetPort: 8000 }] } })
  object('networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: { matchLabels: labels }, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 8000 }] }] } })
  object('apps/v1', 'Deployment', {
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: name,
          containers: [{ name, image: `registry.example.com/${name}:1`, ports: [{ containerPort: 8000 }], envFrom: [{ configMapRef: { name } }], resources: { limits: { cpu: '500m', memory: '256Mi' } } }],
        },
      },
    },
  })
}
app.synth()
