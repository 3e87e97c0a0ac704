#!/bin/sh
exec sh /workspace/predict.sh pixel abdom "$1" "$2"
