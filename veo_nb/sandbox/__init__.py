"""A local server that speaks the provider's wire and renders real videos: to try, to test, to work without a key.

`python -m veo_nb.sandbox` starts it. It is a program of its own: other parts of the package start it and talk
to it over HTTP, and none imports it.

Words in the prompt make it misbehave, to see what happens then:

    sandbox:block    the request is refused for its content (400, a policy violation)
    sandbox:filter   the operation ends with its video filtered away
    sandbox:fail     the operation ends with an error

Other words steer the picture: places (lake, sea, forest, desert, city, hills, mountains), times of day (dawn, day,
golden, dusk, night), weather (snow, rain, mist, dust, fireflies, embers, birds), someone in it (fox, wolf, deer,
owl, horse, cat, person, boat, lighthouse), a photograph's camera (slow, fast, static, pan left, tilt up) and sound
(wind, waves, hum, silent). What is left open is drawn by lot from the prompt and the seed.
"""
