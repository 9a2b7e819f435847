// What the draft would do and cost, and the button that does it.

import type { Problem } from "../../protocol.gen";
import type { Checked } from "./check";
import { Problems } from "./problems";
import type { Sending } from "./send";

interface FootProps {
  checked: Checked;
  sent: Sending;
  /** What was spent so far. */
  cost: string;
  /** Those that belong to no field that is shown. */
  problems: readonly Problem[];
  onGenerate: () => void;
  onAnother: () => void;
}

export function Foot({ checked, sent, cost, problems, onGenerate, onAnother }: FootProps) {
  const { check, fresh, text, failed, askAgain } = checked;
  const stands = fresh ? check?.problems[0] : undefined;
  const why = stands === undefined ? "" : `${stands.message} ${stands.hint}`.trim();
  const made = fresh && check !== undefined && check.count === 0 && check.stored > 0;
  const refused = sent.text === "" ? [] : [{ field: "", message: sent.text, hint: "" }];
  return (
    <div class="veo-foot">
      <p class="veo-estimate" data-old={!fresh} aria-busy={!fresh}>
        {text || check?.line || (stands && todo(stands)) || "\u00a0"}
        {failed && (
          <button type="button" class="veo-quiet" onClick={askAgain}>
            Ask again
          </button>
        )}
      </p>
      {check?.notes.map((note) => (
        <p key={note} class="veo-soft">
          {note}
        </p>
      ))}
      <Problems problems={[...problems, ...refused]} />
      <div class="veo-foot-buttons">
        <button
          type="button"
          class="veo-button veo-primary"
          aria-disabled={sent.sending || why !== ""}
          aria-keyshortcuts="Control+Enter Meta+Enter"
          title={why || "Ctrl+Enter or ⌘+Enter"}
          onClick={onGenerate}
        >
          {sent.sending ? "Sending…" : (check?.button ?? "Generate")}
          {why !== "" && <span class="veo-unseen">. {why}</span>}
        </button>
        {made && (
          <button
            type="button"
            class="veo-button"
            title="The same request again, for another sample of it"
            onClick={onAnother}
          >
            Another take
          </button>
        )}
      </div>
      {cost !== "" && <p class="veo-soft">{cost}</p>}
    </div>
  );
}

/** What stands in the price's place while there is none. */
function todo({ field, hint }: Problem): string {
  return field === "prompt" && hint !== "" ? hint : "First set right what is marked above.";
}
