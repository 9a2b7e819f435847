"""What a prompt leaves open, and words to say it with: help that needs no model and sends nothing.

`elements` is data: what Google's prompt guides name, phrases for each in our words, and the guides with their dates.
`reading` tells what a prompt says already, `placing` puts a phrase into it. All pure; the front end has a twin of
`placing` (`js/src/panel/compose/tips.tsx`), and both are held to `tests/fixtures/tips.json`.
"""

from veo_nb.catalog.tips.elements import ELEMENTS, GUIDES, Element, Guide
from veo_nb.catalog.tips.placing import put_in
from veo_nb.catalog.tips.reading import Reading, open_questions

__all__ = ["ELEMENTS", "GUIDES", "Element", "Guide", "Reading", "open_questions", "put_in"]
