package editor

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
)

// client is an editor as the language server sees it: one document at a time, by the Language Server Protocol over the streams of a process.
type client struct {
	t   *testing.T
	in  io.WriteCloser
	dir string

	mu        sync.Mutex
	told      *sync.Cond
	next      int
	answers   map[int]message
	published map[string][]diagnostic // by document and version
	ended     error
}

type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      *int            `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type diagnostic struct {
	Range struct {
		Start position `json:"start"`
	} `json:"range"`
	Message string `json:"message"`
}

// start starts the server in a folder, and introduces the editor to it.
func start(t *testing.T, server, dir string) *client {
	t.Helper()
	cmd := exec.Command(server, "lsp", "-vv")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, in: in, dir: dir, answers: map[int]message{}, published: map[string][]diagnostic{}}
	c.told = sync.NewCond(&c.mu)
	go c.read(out)
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	uri := "file://" + dir
	c.call("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": uri, "workspaceFolders": []any{map[string]any{"uri": uri, "name": "shop"}},
		"capabilities": map[string]any{"textDocument": map[string]any{"publishDiagnostics": map[string]any{"versionSupport": true}}},
	}, nil)
	c.notify("initialized", map[string]any{})
	return c
}

// read takes in what the server says, until it ends.
func (c *client) read(out io.Reader) {
	r := bufio.NewReader(out)
	for {
		m, err := receive(r)
		c.mu.Lock()
		switch {
		case err != nil:
			c.ended = err
		case m.ID != nil && m.Method == "":
			c.answers[*m.ID] = m
		case m.ID != nil: // a question of the server
			go c.send(message{ID: m.ID, Result: json.RawMessage("null")})
		case m.Method == "window/logMessage" && os.Getenv("DEBUG") != "":
			fmt.Println(string(m.Params))
		case m.Method == "textDocument/publishDiagnostics":
			var p struct {
				URI         string       `json:"uri"`
				Version     int          `json:"version"`
				Diagnostics []diagnostic `json:"diagnostics"`
			}
			if c.ended = json.Unmarshal(m.Params, &p); c.ended == nil {
				c.published[fmt.Sprint(p.URI, p.Version)] = p.Diagnostics
			}
		}
		ended := c.ended
		c.told.Broadcast()
		c.mu.Unlock()
		if ended != nil {
			return
		}
	}
}

func receive(r *bufio.Reader) (message, error) {
	var m message
	header, err := textproto.NewReader(r).ReadMIMEHeader()
	if err != nil {
		return m, err
	}
	n, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		return m, err
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return m, err
	}
	return m, json.Unmarshal(body, &m)
}

func (c *client) send(m message) {
	m.JSONRPC = "2.0"
	body, err := json.Marshal(m)
	if err == nil {
		c.mu.Lock()
		_, err = fmt.Fprintf(c.in, "Content-Length: %d\r\n\r\n%s", len(body), body)
		c.mu.Unlock()
	}
	if err != nil && !errors.Is(err, os.ErrClosed) {
		c.t.Errorf("%s: %v", m.Method, err)
	}
}

func (c *client) notify(method string, params any) {
	data, err := json.Marshal(params)
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(message{Method: method, Params: data})
}

// call asks the server, and waits for its answer.
func (c *client) call(method string, params, result any) {
	c.t.Helper()
	data, err := json.Marshal(params)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	c.next++
	id := c.next
	c.mu.Unlock()
	c.send(message{ID: &id, Method: method, Params: data})
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		m, ok := c.answers[id]
		switch {
		case ok && m.Error != nil:
			c.t.Fatalf("%s: %s", method, m.Error.Message)
		case ok && result == nil:
			return
		case ok:
			if err := json.Unmarshal(m.Result, result); err != nil {
				c.t.Fatalf("%s: %v", method, err)
			}
			return
		case c.ended != nil:
			c.t.Fatalf("%s: the server ended: %v", method, c.ended)
		}
		c.told.Wait()
	}
}
