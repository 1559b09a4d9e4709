#!/usr/bin/env bash
# Guess: accelerate launch --cpu --num_processes 2 starts two processes on the processor, or says why not.
# What happens (accelerate 1.15.0, torch 2.13.0): it starts one, and nothing is said: the script reports that it is
# process 0 of 1. ACCELERATE_USE_CPU=true torchrun --nproc_per_node 2 with the same script starts two that know each other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    accelerate==1.15.0 torch==2.13.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cat >"$folder/script.py" <<'PYTHON'
from accelerate import Accelerator

accelerator = Accelerator()
print(f"process {accelerator.process_index} of {accelerator.num_processes}", flush=True)
accelerator.end_training()
PYTHON
cd "$folder"
export PYTHONPATH="$folder/packages" HF_HOME="$folder/home" OMP_NUM_THREADS=1
python3 -c 'import accelerate, torch; print("accelerate", accelerate.__version__, "| torch", torch.__version__)'
launched=$(python3 -m accelerate.commands.launch --cpu --num_processes 2 script.py 2>"$folder/said" | sort)
run=$(ACCELERATE_USE_CPU=true python3 -m torch.distributed.run --nproc_per_node 2 script.py 2>/dev/null | sort)
printf 'accelerate launch --cpu --num_processes 2:\n%s\n' "$launched"
printf 'torchrun --nproc_per_node 2:\n%s\n' "$run"
[[ $launched == "process 0 of 1" ]] && [[ $run == $'process 0 of 2\nprocess 1 of 2' ]]
