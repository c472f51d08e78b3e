"""`python -m tests.mutants`: what `make mutants` runs."""

from tests.mutants.run import main

raise SystemExit(main())
