"""The pages: server-rendered, without scripts, on the same services as the API."""
