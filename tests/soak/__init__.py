"""The load and fault trials: `make soak`. Bounded, over loopback only, and ends by itself."""
