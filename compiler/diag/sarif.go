package diag

import (
	"io"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool `json:"tool"`
	ColumnKind string    `json:"columnKind"`

	OriginalURIBaseIDs map[string]sarifBase `json:"originalUriBaseIds"`

	Results []sarifResult `json:"results"`
}

type sarifBase struct {
	Description sarifText `json:"description"`
}

// sourceRoot stands for the folder that relative URIs are of: the root of the repository, which has another place on every machine.
const sourceRoot = "SRCROOT"

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   string       `json:"id"`
	ShortDescription     sarifText    `json:"shortDescription"`
	FullDescription      sarifText    `json:"fullDescription"`
	Help                 sarifText    `json:"help"`
	DefaultConfiguration sarifSetting `json:"defaultConfiguration"`
}

type sarifSetting struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID           string          `json:"ruleId"`
	RuleIndex        int             `json:"ruleIndex"`
	Level            string          `json:"level"`
	Message          sarifText       `json:"message"`
	Locations        []sarifLocation `json:"locations,omitempty"`
	RelatedLocations []sarifLocation `json:"relatedLocations,omitempty"`

	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification"`
}

type sarifLocation struct {
	ID               int                    `json:"id,omitempty"`
	Message          *sarifText             `json:"message,omitempty"`
	PhysicalLocation *sarifPhysicalLocation `json:"physicalLocation,omitempty"`
	LogicalLocations []sarifLogicalLocation `json:"logicalLocations,omitempty"`
}

type sarifPhysicalLocation struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifLogicalLocation struct {
	FullyQualifiedName string `json:"fullyQualifiedName"`
}

// SARIF writes findings as a log of version 2.1.0 (OASIS, "Static Analysis Results Interchange Format"). Its columns are
// code points, so the sources are read to count them. Accepted ones are suppressed in the source. version is platc's own and may be empty. below is the folder that
// the names of files are relative to, as a path from the root of the repository; "" is the root.
func SARIF(w io.Writer, findings []Diagnostic, read Sources, version, below string) error {
	src := newLines(read)
	src.below = below
	driver := sarifDriver{Name: "platc", Version: version, Rules: []sarifRule{}}
	index := map[string]int{}
	for _, c := range Codes() {
		if usesCode(findings, c.ID) {
			index[c.ID] = len(driver.Rules)
			driver.Rules = append(driver.Rules, sarifRule{
				ID: c.ID, ShortDescription: sarifText{c.Title}, FullDescription: sarifText{c.Cause},
				Help: sarifText{c.Fix}, DefaultConfiguration: sarifSetting{c.Severity().String()},
			})
		}
	}
	results := make([]sarifResult, 0, len(findings))
	for _, d := range findings {
		r := result(d, src)
		if i, ok := index[d.Code]; ok {
			r.RuleIndex = i
		} else {
			r.RuleIndex = -1 // the published default: not among the rules
		}
		results = append(results, r)
	}
	run := sarifRun{
		Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: results,
		OriginalURIBaseIDs: map[string]sarifBase{sourceRoot: {sarifText{"the root of the repository, or else the working directory"}}},
	}
	return document(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func usesCode(findings []Diagnostic, code string) bool {
	for _, d := range findings {
		if d.Code == code {
			return true
		}
	}
	return false
}

func result(d Diagnostic, src *lines) sarifResult {
	text := d.Where() + d.Message
	if others := d.Others(); others != "" {
		text += "; " + others
	}
	if d.Help != "" {
		text += "; " + d.Help
	}
	r := sarifResult{RuleID: d.Code, Level: d.Severity.String(), Message: sarifText{text}}
	if d.Accepted != "" {
		r.Suppressions = []sarifSuppression{{Kind: "inSource", Justification: d.Accepted}}
	}
	place := sarifLocation{PhysicalLocation: physical(d.Pos, src)}
	if d.Path != "" {
		place.LogicalLocations = []sarifLogicalLocation{{d.Path}}
	}
	if place.PhysicalLocation != nil || d.Path != "" {
		r.Locations = []sarifLocation{place}
	}
	for i, related := range d.Related {
		message := sarifText{related.Message}
		r.RelatedLocations = append(r.RelatedLocations, sarifLocation{ID: i + 1, Message: &message, PhysicalLocation: physical(related.Pos, src)})
	}
	for _, a := range d.Also {
		message := sarifText{a.Message}
		also := sarifLocation{ID: len(r.RelatedLocations) + 1, Message: &message, PhysicalLocation: physical(d.Pos, src)}
		if a.Path != "" {
			also.LogicalLocations = []sarifLogicalLocation{{a.Path}}
		}
		r.RelatedLocations = append(r.RelatedLocations, also)
	}
	return r
}

// physical is a place in a file, nil without one.
func physical(pos Pos, src *lines) *sarifPhysicalLocation {
	if pos.File == "" {
		return nil
	}
	at := &sarifPhysicalLocation{ArtifactLocation: artifact(pos.File, src.below)}
	if !pos.IsValid() {
		return at
	}
	at.Region = &sarifRegion{StartLine: pos.Line}
	if pos.Column <= 0 {
		return at
	}
	at.Region.StartColumn = pos.Column
	if line, ok := src.at(pos); ok {
		offset := min(pos.Column-1, len(line))
		end := min(offset+token(line, offset), len(line))
		at.Region.StartColumn = utf8.RuneCountInString(line[:offset]) + 1
		at.Region.EndColumn = at.Region.StartColumn + max(utf8.RuneCountInString(line[offset:end]), 1)
	}
	return at
}

// artifact is a file: relative to the root of the repository where it is in it.
func artifact(file, below string) sarifArtifact {
	if filepath.IsAbs(file) {
		return sarifArtifact{URI: fileURI(file)}
	}
	name := path.Join(below, filepath.ToSlash(file))
	if name == ".." || strings.HasPrefix(name, "../") {
		return sarifArtifact{URI: fileURI(name)}
	}
	return sarifArtifact{URI: fileURI(name), URIBaseID: sourceRoot}
}

// fileURI is the name of a file as a reference: relative where the name is.
func fileURI(file string) string {
	slashed := filepath.ToSlash(file)
	u := url.URL{Path: slashed}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
