"""What API and pages share of HTTP: the context, one transaction a request, errors, headers, limits."""
