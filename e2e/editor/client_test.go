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
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// client is an editor as the language server sees it: one document at a time, by the Language Server Protocol over the streams of a process.
type client struct {
	t   *testing.T
	in  io.WriteCloser
	uri string // of the document

	mu        sync.Mutex
	told      *sync.Cond
	next      int
	answers   map[int]message
	published map[int][]diagnostic // of the document, by its version
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

// start starts the server in a folder, introduces the editor to it, and opens a document, as version 1.
func start(t *testing.T, server, dir, document string) *client {
	t.Helper()
	cmd := exec.Command(server, "lsp")
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
	c := &client{t: t, in: in, uri: "file://" + filepath.Join(dir, document), answers: map[int]message{}, published: map[int][]diagnostic{}}
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
	text, err := os.ReadFile(filepath.Join(dir, document))
	if err != nil {
		t.Fatal(err)
	}
	c.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": c.uri, "languageId": "cue", "version": 1, "text": string(text)}})
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
		case m.Method == "textDocument/publishDiagnostics":
			var p struct {
				Version     int          `json:"version"`
				Diagnostics []diagnostic `json:"diagnostics"`
			}
			if c.ended = json.Unmarshal(m.Params, &p); c.ended == nil {
				c.published[p.Version] = p.Diagnostics
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

// save changes the document to a text and saves it; the answer is what the server then says about it.
func (c *client) save(version int, text string) []diagnostic {
	c.t.Helper()
	c.notify("textDocument/didChange", map[string]any{
		"textDocument": map[string]any{"uri": c.uri, "version": version}, "contentChanges": []any{map[string]any{"text": text}},
	})
	c.notify("textDocument/didSave", map[string]any{"textDocument": map[string]any{"uri": c.uri}})
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if found, ok := c.published[version]; ok {
			return found
		}
		if c.ended != nil {
			c.t.Fatalf("the server ended: %v", c.ended)
		}
		c.told.Wait()
	}
}

// at is a place of the document.
func (c *client) at(p position) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": c.uri}, "position": p}
}

// completions are the words that the server offers at a place.
func (c *client) completions(p position) []string {
	c.t.Helper()
	var answer struct {
		Items []struct {
			Label string `json:"label"`
		} `json:"items"`
	}
	c.call("textDocument/completion", c.at(p), &answer)
	var labels []string
	for _, item := range answer.Items {
		labels = append(labels, item.Label)
	}
	return labels
}

// hover is what the server says about the word at a place.
func (c *client) hover(p position) string {
	c.t.Helper()
	var answer struct {
		Contents struct {
			Value string `json:"value"`
		} `json:"contents"`
	}
	c.call("textDocument/hover", c.at(p), &answer)
	return answer.Contents.Value
}
