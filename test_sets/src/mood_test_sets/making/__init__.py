"""Makes the test sets of a recipe: plans, cases, folders."""
