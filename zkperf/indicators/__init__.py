"""Providers' figures: their input files, whole rounds of reports, results and their readable report."""
