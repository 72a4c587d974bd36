"""The check: what this machine has and lacks, and whether a model can be used, each with its reason.

stages.py         the stages for a model's folder: files.py, fit.py (the loader's dry run), processor.py
vision_test.py    does the model see?
gguf_pair.py      a GGUF pair;  projector_probe.py: does the installed llama.cpp open its projector?
machine.py        this machine
findings.py       what is found, and all codes;  report.py: as text or JSON;  verdict_cache.py: remembered
"""
