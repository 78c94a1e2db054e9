package editor

import ("testing";"os";"encoding/json";"time";"strings")

func TestProbe(t *testing.T){
 dir:=os.Getenv("PROBE")
 c:=start(t, os.Getenv("CUE"), dir)
 raw,_:=os.ReadFile(dir+"/a.cue")
 text:=string(raw)
 uri:="file://"+dir+"/a.cue"
 c.notify("textDocument/didOpen", map[string]any{"textDocument":map[string]any{"uri":uri,"languageId":"cue","version":1,"text":text}})
 c.notify("textDocument/didSave", map[string]any{"textDocument":map[string]any{"uri":uri}})

 for i,line:=range strings.Split(text,"\n") { for col:=range line { if col!=0 && col!=1 && col!=2 && col!=len(line)-1 {continue}
 var r struct{Items []struct{Label string; Documentation any}}
 var h json.RawMessage
 at:=map[string]any{"textDocument":map[string]any{"uri":uri},"position":map[string]any{"line":i,"character":col}}
 c.call("textDocument/completion", at, &r)
 var l []string
 for _,x:=range r.Items { l=append(l,x.Label) }
 c.call("textDocument/hover", at, &h)
 t.Logf("%q %d %v\n%s", line, col, l, string(h))
 }}
 time.Sleep(1*time.Second)
 c.mu.Lock(); t.Log(c.published); c.mu.Unlock()
}
