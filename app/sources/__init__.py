"""Sources of frames; `open_source` decides which.

open_source.py   from what --source names to a source
webcam.py        cameras, and their list;  permissions.py: macOS's camera permission
webcam.py         cameras, and their list;  permissions.py: macOS's camera permission
capture.py       the camera's child process, restarted when it hangs;  worker.py runs in it;  shared.py: shared memory
"""
