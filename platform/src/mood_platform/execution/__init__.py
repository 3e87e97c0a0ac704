"""Runs untrusted images, one container a case; knows neither database nor web."""
