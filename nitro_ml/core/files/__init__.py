"""Files by their names: where they are, parquet, files that appear whole, and which of them are videos."""
