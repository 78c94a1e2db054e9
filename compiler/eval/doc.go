// Package eval evaluates the part of CUE that kinds are written in, and says of every value where it comes from.
// What is outside of that part is refused when it is compiled, and what fails is left to CUE, which then answers or says what is wrong.
package eval
