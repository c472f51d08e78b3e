"""A survey's input files, its readable report and its tables."""
