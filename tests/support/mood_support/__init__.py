"""What tests and benchmarks build their worlds of: small editions, contests, attacks, storms."""
