"""Is this archive fit to be loaded: an untrusted image, checked in one streaming pass and never unpacked."""
