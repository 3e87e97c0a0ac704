"""What API and pages share: the context, one transaction a request, errors, headers, limits."""
