"""The quick road from frames to words: road.py is the way, the other files its stations.

frame ──▶ features ──▶ prompt ──▶ decode ◀── draft
          kept for     words as   passes     what was said
          that frame   rows once  through    before
                                  language
                                  and context
"""
