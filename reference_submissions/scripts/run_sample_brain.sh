#!/bin/sh
exec sh /workspace/predict.sh sample brain "$1" "$2"
