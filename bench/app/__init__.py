"""The application of the workload behind each contender: `make bench-app`."""
