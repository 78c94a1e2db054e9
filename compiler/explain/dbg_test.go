package explain
import ("testing";"fmt";"os")
func TestDbg(t *testing.T){
 w := newWorld(t, os.Getenv("DBGDIR")); p := w.without(); all := allFiles(p)
 f := all[os.Getenv("DBGFILE")]
 if f == nil { for n := range all { fmt.Println(n) }; return }
 o := newOrigins(p)
 ls, err := o.lines(f)
 fmt.Println(err)
 for i, l := range ls {
   n, e := causesOf(all2(o.file(f), l.on))
   var ns []string
   for _, c := range n { ns = append(ns, thingOf(c.of).String()) }
   ns = append(ns, "|")
   for _, c := range e { ns = append(ns, thingOf(c.of).String()) }
   fmt.Println(i+1, l.text, "   @", l.at, ns)
   if os.Getenv("DBGSRC") != "" && l.path != nil { s := f.row.Trace(l.path...); fmt.Printf("      %v R%v E%v\n", l.path, s.Read, s.Exists) }
 }
 if f.row.Trace == nil { fmt.Println("no trace") }
}
