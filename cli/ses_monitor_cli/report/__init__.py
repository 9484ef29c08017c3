"""The table as one page: what was read (`reading`), what is shown of it (`model`), and how (`page`, `plots`)."""
