package main

import "errors"

func initPipeline(c *console, o *initOptions, dir string) error { return errors.New("later") }
