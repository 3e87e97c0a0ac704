#!/bin/sh
exec sh /workspace/predict.sh sample abdom "$1" "$2"
