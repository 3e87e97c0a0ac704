#!/bin/sh
# Scores every scan of a folder: predict.sh TASK DATASET IN OUT. One thread, so that equal input gives equal bits.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH="/workspace:$PYTHONPATH"
exec python3 -m mood_reference.predict --task "$1" --weights "/workspace/weights/$2.npz" -i "$3" -o "$4"
