"""The check: what this machine has and lacks, and whether a model can be used, each with its reason.

stages.py         the stages for a model's folder: checkpoint.py (its files), fit.py (the loader's dry run),
                  image_processor.py (and tokenizer, chat template)
vision_test.py    does the model see?
gguf_pair.py      a GGUF pair;  projector_probe.py: does the installed llama.cpp open its projector?
machine.py        this machine
findings.py       what is found, all codes, and the report;  verdict_cache.py: what is remembered
"""
