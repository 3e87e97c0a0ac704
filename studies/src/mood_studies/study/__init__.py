"""All reference methods through the platform, the thesis' orderings beside it, and the page on both."""
