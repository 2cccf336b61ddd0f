"""One module for each section; `measure(bench)` yields its tables."""
