"""What a pass costs beside other feed readers on this machine: see docs/benchmark.md."""
