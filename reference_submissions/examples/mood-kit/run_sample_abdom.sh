#!/bin/sh
python3 /workspace/simple.py -i "$1" -o "$2" -mode sample
