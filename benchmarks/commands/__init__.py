"""People's first hour: its conditions, the benchmark, and commands in processes of their own."""
