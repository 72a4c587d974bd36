"""What this machine has and lacks, and whether a model can be used, each with its reason.

Nothing is imported here: a start asks verdict_cache.py, and mostly needs no more.

stages.py      the stages for a model's folder: files, loader, eyes, fit, processor
gguf_pair.py   a GGUF pair: gguf_find.py, projector.py, projector_probe.py
vision_test.py does the model see?  sight_pictures.py, sight_verdict.py
machine.py     this machine: gather.py, parts.py, device.py, packages.py;  report.py: findings as text or JSON
"""
