"""How a clip gets from its file into a page, and what a saved notebook keeps of it.

In this order: by the file's address, if the page can fetch that; by its bytes through the kernel, when someone plays it
(`pieces`, and js/src/core/media); in the notebook itself, if it is small or that was asked for; else a still that says where
the file is (`source`). Which of them it is, a page finds out by trying and says (`reach`), and the output under the
cell becomes what plays there (`output`).
"""
