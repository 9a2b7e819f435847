"""What a saved notebook keeps of its outputs: drawn once more where a batch run missed them, and stills for pages that play nothing.

Views say that they are shown by `LIVE.add(view)`; nothing here sends or changes anything of a job.
"""
