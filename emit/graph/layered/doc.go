// Package layered places boxes in columns from left to right, in groups, and leads lines between them that cross no box.
// It never knows what a box stands for.
//
// The method is that of Sugiyama, applied twice with the same code: to the boxes of each group, and to the groups. Cycles are cut, boxes get
// columns, a line that passes a column gets a lane there, the order in each column is improved until lines cross little, and heights follow that
// order. Lines to one box share their lanes. The result depends on the input alone.
package layered
