"""What an experiment found out, on one page that needs no server: its question, its clips, the votes and what they come to.

`contents` gathers what goes in, with `cells`, the text that makes it all again; `page` and `markdown` write it. It is given
away as an export is, and by the same rules: its clips, its grid and what is left out of it are those of `notebook/export`.
"""
