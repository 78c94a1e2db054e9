package compiler_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// recorded runs the emitted day 2 against an application that answers everything, and prints what it sends messages to.
const recorded = `
import sys
day2 = {"__name__": "day2"}
exec(compile(open(sys.argv[1]).read(), "day2.py", "exec"), day2)

class Answer:
    def json(self):
        return {"partitions": 1, "messages": 0, "consumers": 1, "published": True, "routed": True, "offset": 0}

class Application:
    def want(self, status, method, path, body=None, **options):
        if path.endswith(("/publish", "/produce")):
            print(path.removeprefix("/api/v1/"))
        return Answer()

checks = day2["Day2"](Application(), None, None)
for access in ("write", "readwrite"):
    checks.trip_exchange("events", "exchange", "all", access)
    checks.trip_queue("events", "queue", "placed", access)
    checks.trip_topic("log", "topic", "orders", access)
`

// TestDay2SendsNothingToOthers: exchanges and topics have readers that day 2 knows nothing of, and a queue with consumers has them too.
func TestDay2SendsNothingToOthers(t *testing.T) {
	t.Parallel()
	files := tree(t, check(t, `
name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "shop", port: 8080, links: {"events/exchange/all": {}, "events/queue/placed": {}, "log/topic/orders": {}}}
	events: {kind: "rabbitmq", namespace: "data", exchange: all: {}, queue: placed: {}}
	log: {kind: "kafka", namespace: "data", topic: orders: {}}
}
`))
	script := t.TempDir() + "/day2.py"
	if err := os.WriteFile(script, []byte(files["orders/day2/fastapi-test.py"]), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		publish string
		sent    []string
	}{
		{"", nil},
		{"DAY2_PUBLISH=true", []string{"kafka/topics/log.orders/produce", "rabbitmq/exchanges/events.all/publish"}},
	} {
		command := exec.CommandContext(t.Context(), "python3", "-c", recorded, script)
		command.Env = append(os.Environ(), c.publish)
		said, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		sent := strings.Fields(string(said))
		slices.Sort(sent)
		if sent = slices.Compact(sent); !slices.Equal(sent, c.sent) {
			t.Errorf("with %q, day 2 sends to %v, want %v", c.publish, sent, c.sent)
		}
	}
}
