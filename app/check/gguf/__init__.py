"""GGUF pairs (language model and mmproj): their headers, whether they are a pair, and what llama.cpp takes."""
