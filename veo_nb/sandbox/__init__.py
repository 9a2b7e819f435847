"""A local server that speaks the provider's wire and renders real videos: to try, to test, to work without a key.

`veo-nb sandbox` starts it, or `python -m veo_nb.sandbox`. It speaks Veo's two dialects, Gemini's and Vertex AI's, Omni's (`interactions`) and that of gateways (`videos`), and refuses what the service
refuses: a wrong key, an unknown model, fields that don't go together, a broken image, an operation or a file that is not
there or not any more, too many requests.

Words in the prompt make it misbehave, to see what happens then:

    sandbox:block        the request is refused for its content (400, a policy violation)
    sandbox:filter       the operation ends with all its videos filtered away
    sandbox:filter-one   one of its videos is filtered away; the others, if any, are there
    sandbox:fail         the operation ends with an error

--retention, --per-minute and --in-flight make its limits narrow enough to meet them. For all that can go wrong on the
way, --faults reads a table: `python -m pydoc veo_nb.sandbox.faults`.

Other words steer the picture: places (lake, sea, forest, desert, city, hills, mountains), times of day (dawn, day,
golden, dusk, night), weather (snow, rain, mist, dust, fireflies, embers, birds), someone in it (fox, wolf, deer,
owl, horse, cat, person, boat, lighthouse), a photograph's camera (slow, fast, static, pan left, tilt up) and sound
(wind, waves, hum, silent). What is left open is drawn by lot from the prompt and the seed.

How it is built: it is a program of its own, which other parts of the package start and talk to over HTTP, and none imports it.
`server` has the routes and `gate` lets requests in; `wire` reads a submit into an `Order`, `vertex` what differs in the
second dialect; `recipe` and `reading` make of an order what is to be painted, `pool` has `render` paint it, to
the noises of `sound`, and `store` remembers it. A field that both dialects have is one of `wire.Parameters`, one that
only the second has of `vertex.Parameters`.
"""
