#!/bin/sh
exec sh /workspace/predict.sh pixel brain "$1" "$2"
