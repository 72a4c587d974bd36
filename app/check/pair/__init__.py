"""GGUF pairs: are these a language model and its mmproj, and does the installed llama.cpp take them?"""
