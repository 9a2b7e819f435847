// Keys to intents. The same list is what `?` shows, so no key goes unsaid.

export type Intent =
  | { kind: "move"; row: number; column: number }
  | { kind: "enlarge" }
  | { kind: "play" }
  | { kind: "step"; frames: number }
  | { kind: "skip"; seconds: number }
  | { kind: "start" }
  | { kind: "sound" }
  | { kind: "loop" }
  | { kind: "rate"; rating: number }
  | { kind: "star" }
  | { kind: "note" }
  | { kind: "choose" }
  | { kind: "compare" }
  | { kind: "wipe" }
  | { kind: "difference" }
  | { kind: "labels" }
  | { kind: "zoom"; by: number }
  | { kind: "pan"; x: number; y: number }
  | { kind: "help" }
  | { kind: "back" };

const ZOOM_STEP = 1.25;
/** The share of a pane by which a key moves what is zoomed in it. */
const PAN_STEP = 0.1;

/** The keys as they are shown: which, and what for. */
export const SHOWN: readonly (readonly [keys: string, what: string])[] = [
  ["← ↑ ↓ →", "move between cells"],
  ["Enter", "enlarge"],
  ["Space  K", "play or pause all"],
  [",  .", "one frame back or on"],
  ["J  L", "one second back or on"],
  ["Home", "to the start"],
  ["M", "sound of this cell"],
  ["O", "loop"],
  ["1 … 5", "rate"],
  ["0", "clear the rating"],
  ["S", "star"],
  ["N", "note"],
  ["X", "choose for comparing"],
  ["C", "compare the two chosen"],
  ["W", "wipe, or side by side"],
  ["D", "difference"],
  ["H", "labels on or off"],
  ["+  −", "larger or smaller cells; zoom"],
  ["Shift ← ↑ ↓ →", "another part of what is zoomed"],
  ["?", "these keys"],
  ["Esc", "back"],
];

const INTENTS: ReadonlyMap<string, Intent> = new Map<string, Intent>(
  Object.entries({
    ArrowUp: { kind: "move", row: -1, column: 0 },
    ArrowDown: { kind: "move", row: 1, column: 0 },
    ArrowLeft: { kind: "move", row: 0, column: -1 },
    ArrowRight: { kind: "move", row: 0, column: 1 },
    Enter: { kind: "enlarge" },
    " ": { kind: "play" },
    k: { kind: "play" },
    ",": { kind: "step", frames: -1 },
    ".": { kind: "step", frames: 1 },
    j: { kind: "skip", seconds: -1 },
    l: { kind: "skip", seconds: 1 },
    Home: { kind: "start" },
    m: { kind: "sound" },
    o: { kind: "loop" },
    s: { kind: "star" },
    n: { kind: "note" },
    x: { kind: "choose" },
    c: { kind: "compare" },
    w: { kind: "wipe" },
    d: { kind: "difference" },
    h: { kind: "labels" },
    "+": { kind: "zoom", by: ZOOM_STEP },
    "=": { kind: "zoom", by: ZOOM_STEP },
    "-": { kind: "zoom", by: 1 / ZOOM_STEP },
    "?": { kind: "help" },
    Escape: { kind: "back" },
  } satisfies Record<string, Intent>),
);

interface Press {
  key: string;
  ctrlKey?: boolean;
  metaKey?: boolean;
  altKey?: boolean;
  shiftKey?: boolean;
}

/**
 * What a key means on an element: `text` fields keep all but Escape, a `slider` or a `menu` its arrows and Home,
 * a `button` or a menu Enter and Space. Undefined leaves it to the page.
 */
export function intentOf(
  press: Press,
  on: "cell" | "text" | "slider" | "menu" | "button",
): Intent | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey) return undefined;
  const { key } = press;
  if (on === "text" && key !== "Escape") return undefined;
  if ((on === "button" || on === "menu") && (key === "Enter" || key === " ")) return undefined;
  if ((on === "slider" || on === "menu") && (key.startsWith("Arrow") || key === "Home")) return undefined;
  // A menu's letters jump to its options.
  if (on === "menu" && key !== "Escape" && key !== "?") return undefined;
  if (/^[0-5]$/.test(key)) return { kind: "rate", rating: Number(key) };
  const intent = INTENTS.get(key.length === 1 ? key.toLowerCase() : key);
  // The picture goes the other way.
  return press.shiftKey && intent?.kind === "move"
    ? { kind: "pan", x: -intent.column * PAN_STEP, y: -intent.row * PAN_STEP }
    : intent;
}

/** What kind of element a key was pressed on. */
export function kindOfTarget(target: Element): Parameters<typeof intentOf>[1] {
  if (target.matches("textarea, input:not([type=range], [type=checkbox], [type=radio])")) return "text";
  if (target.matches("input[type=range], [role=slider]")) return "slider";
  if (target.matches("select")) return "menu";
  return target.matches("button, a, summary") ? "button" : "cell";
}
