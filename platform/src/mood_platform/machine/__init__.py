"""One machine: the engines that `mood up` and the tests start for themselves."""
