"""Mutants: each check of each verifier is taken out in turn, and some test has to fail for it.

`find` lists the checks of the modules that verify, by their syntax (`checks`) and the inputs of every
digest, challenge and signature (`bindings`); `apply` takes one of them out while pytest imports the
module; `record` learns which tests run which lines; `run` puts it together. A check that no test can tell
is listed in `equivalent.toml`, with the reason.

The Rust kernel is compiled once, with a switch at every check (`kernel`).
"""
