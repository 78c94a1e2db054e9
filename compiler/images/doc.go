// Package images owns images.json: which image of each component is deployed, how the file is read, with places, and how it is changed.
// It never knows what components there are.
package images
