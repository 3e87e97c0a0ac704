"""From the platform's export to the numbers of the page."""
