"""Files for other programs: vectors and maps as parquet, runs and judgements, arrays, tables, cut moments."""
