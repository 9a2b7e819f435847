"""The panel: its widget, what it shows, and what it does when somebody clicks.

`panel` is the widget of one view. `state` gathers, on a thread of its own, what all panels of a kernel show (`draft`,
`entries`, `images`, `stills`), in the shapes of `protocol`; `store` keeps what should be so again after a restart.
`commands` is all that a page can ask for, `handlers` does it; `validation` says what is wrong with a draft.
"""
