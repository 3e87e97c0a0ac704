"""Runs untrusted images, one container a case, and checks image archives; knows neither database nor web."""
