"""What a person sees: the `%%veo` and `%veo` magics, the card, the finished video, and the text in all of them.

`magics` are thin: `options` reads a cell, `commands` does what `%veo` is asked, `completion` answers Tab, `showing` puts
jobs and sweeps under the cell. While something runs it is a widget (`live`, `card`, `grid.view`, `panel.panel`), which
takes commands and shows state, both in the shapes of `protocol`; when it is done it is a plain output (`display`,
`grid.saved`). Every sentence about a job is made in `text`, in the voice that is agreed on, and everything is escaped.

To exchange something more with the page, change `protocol` (or that of `grid` or `panel`) and run
`python -m tests.write_protocol`. Nothing here may hold the kernel's main thread, or print from another one.
"""
