"""One printable file per model: configuration, nets, loss, scores."""
