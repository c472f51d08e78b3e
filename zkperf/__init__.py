"""Anonymous ratings and confidential figures on a ledger that anyone can verify."""

__version__ = "0.1.0"
