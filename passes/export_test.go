package passes

// UnusedIn is what a component of a user's own kind is warned of.
var UnusedIn = unusedIn
