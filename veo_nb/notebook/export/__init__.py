"""A sweep as it is taken away: one page, a video, a picture, a table, or a folder with all of it.

`writer` chooses by the ending and writes; `material` gathers what goes in, `names` names the clips, `page` draws the page;
`sections` is what stands around its grid, `evidence` what was voted.
An export is given away: every text passes `redaction`, which takes out keys and this machine's paths.
"""
