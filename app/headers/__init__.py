"""What model files say of themselves: safetensors and GGUF headers, read on the standard library, without their data.

Common ground of the store, which makes such files, and the check, which judges them.
"""
