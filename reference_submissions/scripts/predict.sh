#!/bin/sh
# Scores every scan of a folder: predict.sh TASK DATASET IN OUT.
# One thread, so that equal input gives equal bits. Nothing is kept: the root file system is read-only, and
# the user may have neither name nor home. PyTorch wants a cache folder that exists, even if it stays empty.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
export HOME=/tmp USER=mood TORCHINDUCTOR_CACHE_DIR=/tmp PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="/workspace:$PYTHONPATH"
exec python3 -m mood_reference.scores.predict --task "$1" --weights "/workspace/weights/$2.npz" -i "$3" -o "$4"
