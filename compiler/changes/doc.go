// Package changes compares two plans: what a reviewer has to know of a change, beside the files.
package changes
