// Package output compares a rendered tree with the disk, writes and prunes it, and keeps the record of what it wrote.
// It never touches a file that it did not write, and nothing outside the output directory.
//
// A build is all or nothing. New files are written below .platc/new, where a full disk or a missing right stops the build and nothing has
// happened. Then .platc/journal.json says what will be done, old files move to .platc/old, and new ones to their places. Removing the journal
// is the commit. A failure, or Recover after a crash, undoes what the journal says: the tree is the old or the new one.
package output
