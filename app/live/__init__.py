"""The live run: frames in, sentences out, and the commands that steer it."""
