// What the prompt leaves open, with words that a click puts in, or that become the values of a variable.

import type { Check, Setup, Tip } from "../../protocol.gen";

/** Values that a variable begins with: each is a clip, and the others are there to be added. */
const TRIED = 3;
const AUDIO =
  /(?:^|(?<=\s))(?:SFX|Audio|Sounds?(?: effects?)?|Ambient(?: noise| sounds?)?|Music|Dialogue?)\s*[:：]/i;

interface TipsProps {
  setup: Setup;
  check: Check | undefined;
  /** Put this into the prompt; as the variable of that name where it has values. */
  put: (tip: Tip, text: string, values?: readonly string[]) => void;
}

export function Tips({ setup, check, put }: TipsProps) {
  const open = (check?.left_open ?? []).flatMap((name) => setup.tips.filter((tip) => tip.name === name));
  return (
    <details class="veo-tips">
      <summary>
        Tips <span class="veo-others-set">{check?.tips}</span>
      </summary>
      {open.map((tip) => (
        <div key={tip.name} class="veo-tip" role="group" aria-label={tip.question} title={tip.question}>
          <span>{tip.name}</span>
          {tip.phrases.map((text) => (
            <button key={text} type="button" class="veo-button" onClick={() => put(tip, text)}>
              {text}
            </button>
          ))}
          <button
            type="button"
            class="veo-quiet"
            aria-label={`Vary ${tip.name}`}
            title={`As {{${tip.name}}}, whose values make a sweep`}
            onClick={() => put(tip, `{{${tip.name}}}`, tip.phrases.slice(0, TRIED))}
          >
            Vary
          </button>
        </div>
      ))}
    </details>
  );
}

/** The prompt with a phrase more; the rules of veo_nb/catalog/tips/placing.py. */
export function putIn(prompt: string, { name, first }: Pick<Tip, "name" | "first">, phrase: string): string {
  const bare = prompt.trim();
  if (isObject(bare)) {
    const rest = bare.slice(1).trimStart();
    return `{${JSON.stringify(name)}: ${JSON.stringify(phrase)}${rest.startsWith("}") ? "" : ", "}${rest}`;
  }
  if (bare === "") return `${phrase}.`;
  if (first) return `${phrase}. ${bare}`;
  const audio = bare.search(AUDIO);
  const at = audio < 0 ? bare.length : audio;
  const before = bare.slice(0, at).replace(/[ \t\n\r,;:]+$/, "");
  const after = bare.slice(at);
  if (before === "") return `${phrase}. ${after}`;
  return `${before}${/[.!?…。！？"”»」]$/.test(before) ? "" : "."} ${phrase}.${after && ` ${after}`}`;
}

function isObject(text: string): boolean {
  try {
    return text.startsWith("{") && typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}
