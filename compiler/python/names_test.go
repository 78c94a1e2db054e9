package python

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		"def setup(app, settings):\n    inner = 1\n":                           {"setup"},
		"async def check(app) -> bool: return True\n":                          {"check"},
		"class Settings(BaseSettings):\n    router: int = 1\n":                 {"Settings"},
		"router = APIRouter()\n":                                               {"router"},
		"router: APIRouter = APIRouter()\n":                                    {"router"},
		"router: APIRouter\n":                                                  nil,
		"from .api import router\n":                                            {"router"},
		"from .api import (\n    router as main_router,  # x\n    setup,\n)\n": {"main_router", "setup"},
		"from .api import router as router, \\\n    lifespan\n":                {"lifespan", "router"},
		"from .api import *\n":                                                 nil,
		"import app.router\n":                                                  {"app"},
		"import app.api as router, os\n":                                       {"os", "router"},
		"\"\"\"\ndef setup(): pass\nrouter = 1\n\"\"\"\nx = 1\n":               {"x"},
		"text = '''\nrouter = 1\n'''\n":                                        {"text"},
		"if True:\n    router = 1\nelse:\n    setup = 2\n":                     nil,
		"if True: router = 1\n":                                                nil,
		"try:\n    from a import router\nexcept ImportError:\n    pass\n":      nil,
		"# router = 1\n#def setup(): pass\n":                                   nil,
		"a, (b, [c]) = 1, (2, 3)\nd.e, f[g] = 1, 2\n":                          {"a", "b", "c"},
		"a = b = f(router=1)\n":                                                {"a", "b"},
		"f(router=1)\nx.router = 2\nx[router] = 3\n":                           nil,
		"a == b\na != b\na += 1\na <= b\n":                                     nil,
		"x = 1; router = 2\n":                                                  {"router", "x"},
		"router = 1\ndel router\n":                                             nil,
		"x = f\"{d[\"a\"]}\" # '\nrouter = 1\n":                                {"router", "x"},
		"\ufeffrouter = 1\r\nsetup = 2\r\n":                                    {"router", "setup"},
		"@decorated(\n    a=1,\n)\ndef setup(app): pass\n":                     {"setup"},
		"x = (\n1,\nrouter := 2)\n":                                            {"x"},
		"type Id = int\n":                                                      {"Id"},
		"x = 'unclosed\nrouter = 1\n":                                          {"router", "x"},
		"":                                                                     nil,
	} {
		if got := Names([]byte(source)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, not %q", source, got, want)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("x = '''\\\n#(", "==\\")
	f.Fuzz(func(_ *testing.T, a, b string) {
		Names([]byte(a + b))
		Requirements([]byte(a + b))
	})
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	pins, hashes, problems := Requirements([]byte(`# all of it
httpx==0.28.1  # a client
Uvicorn [standard, x] == 0.54.0
uvloop==0.21.0 ; sys_platform != "win32"
sqlmodel==0.0.38 \
    --hash=sha256:aaaa \
    --hash=sha256:bbbb

-r other.txt
--index-url https://example.com
-e .
requests>=2
requests
x==1.*
y===1
z @ https://example.com/z.whl
!!
`))
	var got []string
	for _, p := range pins {
		got = append(got, p.Pin)
	}
	want := []string{"httpx==0.28.1", "Uvicorn[standard,x]==0.54.0", `uvloop==0.21.0; sys_platform != "win32"`, "sqlmodel==0.0.38"}
	if !slices.Equal(got, want) || !hashes || pins[3].Line != 5 {
		t.Errorf("pins %v, hashes %v", pins, hashes)
	}
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if want := []int{9, 10, 11, 12, 13, 14, 15, 16, 17}; !slices.Equal(lines, want) {
		t.Errorf("problems at %v: %v", lines, problems)
	}
}

// TestRequirementsOfWindows: what PowerShell's > writes is told as such, and not line by line; a byte order mark and line ends of Windows are none of the text.
func TestRequirementsOfWindows(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"\xff\xfeh\x00t\x00t\x00p\x00x\x00\r\x00\n\x00", "\xfe\xff\x00h\x00t\x00t\x00p\x00x"} {
		pins, _, problems := Requirements([]byte(order))
		if len(pins) > 0 || len(problems) != 1 || problems[0].Line != 1 || problems[0].What != "is UTF-16" {
			t.Errorf("%q: %v, %v", order, pins, problems)
		}
	}
	if pins, _, problems := Requirements([]byte("\ufeffhttpx==0.28.1\r\ncelery==5.7.0\r\n")); len(pins) != 2 || len(problems) > 0 {
		t.Errorf("%v, %v", pins, problems)
	}
}
