"""What a prompt can say, by Google's guides to prompts, with phrases for it in our own words.

The Veo guides take a prompt apart into subject, action, setting, camera, composition, lens, style, ambiance (light and
colour), pace and sound; that of Gemini Omni into framing and motion, style, lighting, location and action, and says
that Omni needs to be told less. Read on 2026-11-29, Omni's and the newest state of the first in others' summaries.
"""

from __future__ import annotations

from veo_nb.records.late import dataclass


@dataclass(frozen=True)
class Guide:
    """A page that the elements are taken from."""

    title: str
    url: str
    date: str
    """When it was last changed, as far as that is known; else when it was read."""


GUIDES = (
    Guide(
        "Google Cloud's video prompt guide",
        "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/video/video-gen-prompt-guide",
        "2026-10-01",
    ),
    Guide(
        "Google's prompting guide for Veo 3.1",
        "https://cloud.google.com/blog/products/ai-machine-learning/ultimate-prompting-guide-for-veo-3-1",
        "2025-10-15",
    ),
    Guide(
        "Google DeepMind's prompt guide for Gemini Omni",
        "https://deepmind.google/models/gemini-omni/prompt-guide/",
        "2026-11-29",
    ),
)


@dataclass(frozen=True)
class Element:
    """Something that a prompt can say or leave to the model."""

    name: str
    """As an axis of a sweep has it."""
    question: str
    phrases: tuple[str, ...] = ()
    """Each is a sentence without its full stop, and holds neither `||` nor quotes."""
    words: str = ""
    """What says it in an English prompt: a regular expression of whole words, in small letters."""
    names: tuple[str, ...] = ()
    """What a `{{variable}}` or a key of JSON is called that says it, beside its own name."""
    fine: bool = False
    """Whether it is seldom missed: the guides call it optional."""
    first: bool = False
    """Whether it goes before the rest of a prompt: the guides begin with how a scene is filmed."""
    in_picture: bool = False
    """Whether a first frame says it."""


SUBJECT = Element(
    "subject",
    "Who or what is to be seen?",
    names=("character", "characters", "person", "people", "animal", "object", "product"),
    in_picture=True,
)

ELEMENTS: tuple[Element, ...] = (
    SUBJECT,
    Element(
        "action",
        "What happens?",
        (
            "It turns slowly towards the camera",
            "It moves away into the distance",
            "It stays still while the wind moves around it",
        ),
        r"""(?!(?:king|ring|wing|string|spring|ceiling|morning|evening|lightning|thing|nothing|something|everything
        |anything|building|painting|lighting|clothing|wedding|being|during|setting|sibling|duckling|darling)\b)
        [a-z]+ing
        |(?:\w+[^\Ws]s)\s+(?:an?|the|its|his|her|their|to|from|into?|on|at|through|over|onto|out|up|down|across|along
        |around|towards?|slowly|softly|gently|quickly|suddenly|past|behind|away|off|back|by|forward)
        |(?:is|are|gets?|becomes?|begins?|starts?|stops?|stays?|stands?|waits?|looks?|turns?|sees?|watch(?:es)?|walks?
        |runs?|moves?|comes?|goes|falls?|rises?|lifts?|drops?|jumps?|leaps?|fl(?:y|ies)|swims?|drifts?|floats?|spins?
        |rolls?|cross(?:es)?|pass(?:es)?|open(?:s|ed)?|clos(?:e|es|ed)|blinks?|smiles?|nods?|waves|laughs?|cr(?:y|ies)
        |dances?|sings?|plays?|eats?|drinks?|sits?|sleeps?|wakes?|climbs?|drives?|rides?|flickers?|curls?|blooms?|grows?
        |melts?|burns?|explodes?|breaks?|pours?|drips?|splash(?:es)?|slides?|sinks?|hovers?|circles?|chases?|follows?
        |enters?|leaves?|reaches?|touch(?:es)?|holds?|throws?|catch(?:es)?|transforms?|morphs?|unfolds?|dissolves?
        |pours?|blows?|sways?|swirls?|ripples?|shimmers?|sparkles?|darkens?|brightens?|snows?|rains?)""",
        ("actions", "motion", "movement", "movements", "event", "events", "happens", "beats", "sequence"),
    ),
    Element(
        "setting",
        "Where is it, and when?",
        (
            "At the edge of a pine forest",
            "On a wet city street",
            "In a kitchen with tall windows",
            "On a wide beach at low tide",
        ),
        r"""(?:in|on|at|under|above|across|through|over|near|beside|inside|outside|along|into|behind|beneath|between
        |against|around|amid|among|within|atop|onto|beyond)\s+(?:an?|the|his|her|its|their|some|two|three|\w+(?:ed|en|y|ing)
        |snow|water|grass|sand|ice|space|mars|town|bed|stage|paris|london|tokyo|rome|berlin|new\syork)
        |(?:forests?|woods?|jungle|street|city|town|village|beach|sea|ocean|lake|river|canal|pond|mountains?|hills?|valley
        |cliff|desert|dunes?|meadow|fields?|garden|park|kitchen|room|bedroom|office|studio|bar|caf[eé]|restaurant|market
        |station|train|airport|bridge|harbou?r|island|castle|church|temple|cave|alley|rooftop|sky|space|planet|moon|mars
        |indoors?|outdoors?|underwater|countryside|landscape|skyline|horizon|backdrop|background)""",
        (
            "context", "scene", "place", "location", "locations", "where", "when", "time", "weather", "environment",
            "background", "world", "city", "room", "season",
        ),
        in_picture=True,
    ),
    Element(
        "camera",
        "From where is it filmed, and how does the camera move?",
        (
            "Slow dolly in",
            "Tracking shot from the side",
            "Locked-off camera",
            "Crane shot that rises",
            "Handheld at eye level",
            "Low angle",
        ),
        r"""cameras?|camerawork|doll(?:y|ies)(?:\s(?:in|out|shot|zoom|forward|back))|doll(?:y|ying)|tilt(?:s|ing)?\s(?:up|down)
        |zoom(?:s|ing|ed)?|tracking|track(?:s|ing)?\s(?:shot|in|out|left|right)|crane\s(?:shot|up|down)|push(?:es|ing)?[\s-]in
        |pull(?:s|ing)?[\s-](?:back|out)|hand-?held|steadicam|gimbal|drone|aerial|orbit(?:s|ing)?|arc\sshot
        |truck(?:s|ing)?\s(?:left|right|shot)|pedestal\s(?:up|down|shot)|panning|pans?\s(?:left|right|across|up|down|over|to|around|shot|along)
        |(?:slow|whip|fast|quick|smooth|gentle)\spans?|static|locked[\s-](?:off|down)|tripod|fixed\s(?:shot|frame|angle)|pov
        |point[\s-]of[\s-]view|first[\s-]person|(?:low|high|eye|ground|canted|dutch)[\s-](?:angle|level)|bird['\u2019]?s[\s-]eye|worm['\u2019]?s[\s-]eye
        |overhead|top[\s-]down|from\s(?:above|below)|over[\s-]the[\s-]shoulder|fly[\s-]?(?:through|over|by)|oner|one[\s-](?:take|shot)
        |(?:continuous|single)\s(?:\w+\s)?(?:shot|take)|selfie|vertigo""",
        ("cinematography", "shot", "shots", "angle", "move", "moves", "viewpoint", "pov", "filming"),
        first=True,
    ),
    Element(
        "light",
        "What lights it?",
        (
            "Golden hour light from the side",
            "Soft light from a window",
            "Harsh noon sun",
            "Neon signs at night",
            "Lit by candles alone",
        ),
        r"""light(?:s|ing|ed)?(?!\s(?:breeze|rain|snow|wind|drizzle|dusting|blue|green|brown|gr[ae]y|pink))|lightning|lit
        |(?:back|under|side|sun|moon|star|candle|fire|torch|lamp|spot|day|head|flash|sky|rim|key|back)-?(?:light|lit)(?:s|ing)?
        |sun(?:s|ny|rise|set|down|beams?|rays?|drenched)?|moon|dawn|dusk|noon|midday|midnight|night(?:time|fall|s)?|twilight|gloaming
        |morning|afternoon|evening|(?:golden|blue|magic)\shour|shad(?:e|ows?|owy)|candles?|torch(?:es)?|lamps?|lanterns?|neon
        |glow(?:s|ing)?|fluorescent|bright(?:ly)?|dark(?:ness|ly)?|dim(?:ly)?|silhouettes?|rays?|overcast|(?:high|low)[\s-]key|rembrandt
        |chiaroscuro|illuminat\w+|luminous|gleam\w*|shimmer\w*|bonfire|campfire|fireplace|headlights?|strobe\w*""",
        ("lights", "lighting", "hour", "daytime", "illumination"),
        in_picture=True,
    ),
    Element(
        "style",
        "Which look or genre?",
        (
            "Photorealistic",
            "Documentary on 16 mm film",
            "Film noir in black and white",
            "Hand-painted watercolor animation",
            "Stop-motion with paper figures",
        ),
        r"""styl(?:e|es|ed|ized|ised)|look\sof|cinematic\w*|noir|photo-?real\w*|real(?:istic|ism)|hyper-?real\w*|documentary|animat\w+|anime|cartoons?
        |clay(?:mation)?|stop[\s-]motion|watercolou?rs?|paint(?:ing|ings|ed|erly)|sketch\w*|pixel\sart|3-?d|cgi|render(?:s|ed|ing)?|pixar|ghibli
        |low[\s-]poly|voxel|cel[\s-]shad\w+|vintage|retro|\d+\s?mm\sfilm|(?:8|16|35|70)\s?mm|super\s8|vhs|film\sgrain|grain(?:y|s)?|hollywood|imax
        |surreal\w*|impressionis\w+|art\s(?:deco|nouveau)|bauhaus|pop\sart|ukiyo-e|(?:cyber|steam)punk|sci-?fi|science\sfiction|fantasy|horror
        |western|thriller|comedy|sitcom|commercial|advert(?:isement)?|music\svideo|found\sfootage|news(?:reel)?|vlog|home\svideo|origami
        |paper[\s-]?(?:cut|craft)\w*|line\sart|charcoal|comic|graphic\snovel|manga|isometric|minimalist|blueprint|puppets?|collage|mosaic
        |(?:19|20)\d0s|fashion\sfilm|travel\sfilm|trailer|black[\s-]and[\s-]white""",
        ("styles", "look", "looks", "genre", "aesthetic", "aesthetics", "medium", "visual", "visuals", "art"),
        in_picture=True,
    ),
    Element(
        "sound",
        "What is to be heard?",
        (
            "SFX: wind and distant birds",
            "SFX: footsteps close by",
            "Ambient noise: a busy street",
            "Music: a slow piano",
            "Nobody speaks and there is no music",
        ),
        r"""sounds?|audio|sfx|hear(?:s|d|ing)?|music(?:al)?|silen(?:t|ce|tly)|mute|noises?|nois(?:y|ily)|whisper\w*|sa(?:y|ys|id|ying)|shout\w*|s[iau]ng(?:s|ing)?
        |hum(?:s|ming)?|roar\w*|rustl\w+|creak\w*|crackl\w+|chirp\w*|bark(?:s|ing)|meow\w*|purr\w*|thunder\w*|echo\w*|melod\w+|piano|guitar|violins?
        |orchestra\w*|drum(?:s|ming)?|applau\w+|laugh\w*|voices?|voice-?over|narrat\w+|speak(?:s|ing)?|spoken|talk(?:s|ing)?|murmur\w*|mutter\w*
        |splash\w*|tick(?:s|ing)|ring(?:s|ing)\b|buzz\w*|howl\w*|growl\w*|scream\w*|click(?:s|ing)?|loud(?:ly)?|soundtrack|dialogue?|speech|song|choir
        |lyrics|asmr|quiet\svoices?|wordless""",
        (
            "sounds", "audio", "sfx", "music", "dialogue", "dialog", "voice", "voiceover", "voices", "speech", "ambience",
            "ambient", "noise", "soundtrack", "soundscape", "score", "says", "line", "lines",
        ),
    ),
    Element(
        "composition",
        "How much of it is in the frame?",
        ("Wide shot", "Medium shot", "Close-up", "Extreme close-up", "Over the shoulder"),
        r"""(?:extreme(?:ly)?|medium|full|long|wide|close|establishing|two|group|tight|cowboy|insert|mid|bust|master)[\s-](?:\w+\s)?(?:shots?|view)
        |close[\s-]?ups?|wide[\s-]?angle|macro|fram(?:ed|ing)|in\s(?:the\s)?frame|compos(?:ition|ed)|rule\sof\sthirds|symmetr\w+|cent(?:er|re)ed|foreground
        |portrait|over[\s-]the[\s-]shoulder|panoram\w+|negative\sspace|full[\s-]body|profile|aerial|bird['\u2019]?s[\s-]eye|overhead|top[\s-]down|pov""",
        ("framing", "frame", "shot", "shots", "size", "view"),
        fine=True,
        first=True,
        in_picture=True,
    ),
    Element(
        "lens",
        "Through which lens, and what is sharp?",
        (
            "Shallow depth of field",
            "Wide-angle lens",
            "Telephoto lens",
            "Rack focus from front to back",
            "Macro lens",
        ),
        r"""lens(?:es)?|\d+\s?mm|depth\sof\sfield|dof|bokeh|(?:rack|soft|deep|sharp|shallow|in|out\sof|pull|into)\sfocus|focus(?:es|ed|ing)?|blur(?:s|red|ry)?
        |fish-?eye|telephoto|wide[\s-]angle|macro|anamorphic|f/\d\S*|dolly\szoom|vertigo|tilt-shift|shallow|pinhole""",
        ("lenses", "focus", "optics", "dof", "aperture"),
        fine=True,
        first=True,
    ),
    Element(
        "ambiance",
        "Which colors and which mood?",
        ("Warm muted tones", "Cool blue tones", "Bright saturated colors", "Tense and foggy", "Calm and hazy"),
        r"""tones?|toned|palettes?|colou?r(?:s|ed|ful|less)?|moods?|moody|atmospher\w+|ambian?ce|ambien(?:ce|t\slight)|warm(?:th|ly)?|cool|muted|vibrant|pastels?
        |saturated|desaturated|monochrom\w+|black[\s-]and[\s-]white|sepia|teal|fog(?:gy)?|mist(?:y)?|haz(?:e|y)|smok(?:e|y)|dust(?:y)?|steam(?:y)?|rain(?:y|s|ing)?|snow(?:y|s|fall|ing)?
        |storm(?:y)?|tens(?:e|ion)|seren(?:e|ity)|peaceful|calm|eerie|ominous|melanchol\w+|joy(?:ful|ous)?|romantic|nostalgi\w+|dream(?:y|like)|gloomy
        |co[sz]y|epic|myster(?:y|ious)|somber|sombre|dramatic|playful|whimsical|lonely|suspense\w*|happy|sad|hopeful|majestic|ethereal|glow(?:s|ing)?|neon""",
        ("ambience", "atmosphere", "mood", "moods", "tone", "tones", "color", "colors", "colour", "colours", "palette", "grade", "emotion", "feeling"),
        fine=True,
        in_picture=True,
    ),
    Element(
        "pace",
        "How does time pass?",
        ("Slow motion", "Time-lapse from day to night", "In real time as one continuous shot"),
        r"""slow[\s-]?mo(?:tion)?|time-?lapse|hyperlapse|fast[\s-](?:forward|motion|paced)|speed\sramp\w*|real[\s-]time|freez\w+|bullet\stime|rhythm\w*|slow(?:ly)?
        |quick(?:ly)?|sudden(?:ly)?|gradual(?:ly)?|gently|then|rapid(?:ly)?|loop(?:s|ing|ed)?|revers\w+|\[?\d+:\d\d|\d+\s?s(?:ec|econds?)?|frantic\w*
        |continuous|single\stake|meanwhile|before|after|until|brisk(?:ly)?|hectic|leisurely""",
        ("pacing", "speed", "tempo", "timing", "rhythm", "timeline"),
        fine=True,
    ),
)  # fmt: skip
"""In the order in which the guides have a prompt written."""
