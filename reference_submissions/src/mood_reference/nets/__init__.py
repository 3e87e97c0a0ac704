"""Layers and nets that know no method: blocks, flows, codes, the arithmetic they are computed in."""
