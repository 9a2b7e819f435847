// A clip changed by saying how: a line to type into, and what that would do and cost; or why it can't be done.

import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useId } from "../../../core/ui/id";
import type { Player } from "../../../grid/player/player";
import type { Details } from "../../../protocol.gen";
import { useCheck } from "../../compose/check";
import { EMPTY, variablesOf } from "../../compose/draft";
import { useSend } from "../../compose/send";
import { usePanel } from "../../context";
import type { PanelRequest } from "../../request";
import { Action } from "../action";
import { goCompose, goOn, useLayer } from "../layer-context";
import { withPicture } from "./frame-chooser";

/** What was typed and not sent, by clip: it is there again when somebody comes back. */
const unsent = new WeakMap<PanelRequest, Map<string, string>>();
/** Stands for what nobody has typed yet: it costs the same. */
const ANYTHING = "…";

interface ChangeProps {
  details: Details;
  player: Player;
  /** A step was sent. */
  onSent: () => void;
}

export function Change({ details, player, onSent }: ChangeProps) {
  const { change } = details;
  const [other, setOther] = useState("");
  if (change.reason !== "" && other === "") {
    return <NoChange details={details} player={player} onOther={setOther} />;
  }
  return (
    <ChangeForm details={details} model={other || change.model} entered={other !== ""} onSent={onSent} />
  );
}

interface FormProps extends Pick<ChangeProps, "details" | "onSent"> {
  model: string;
  /** Whether the line has just come in place of its reason, and is where the keyboard goes on. */
  entered: boolean;
}

function ChangeForm({ details: { item, steps }, model, entered, onSent }: FormProps) {
  const { request, say } = usePanel();
  const { library, swap } = useLayer();
  const { key: clip } = item;
  const [text, write] = useUnsent(request, clip);
  const [nudged, setNudged] = useState(false);
  const line = useRef<HTMLInputElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    if (entered) line.current?.focus();
  }, [entered]);
  const said = text.trim();
  const draft = useMemo(
    () => ({ ...EMPTY, prompt: said || ANYTHING, edit: clip, fields: { model: [model] } }),
    [said, clip, model],
  );
  const checked = useCheck(draft, [library.version]);
  const { check, fresh } = checked;
  const sent = useSend(([job = ""]) => {
    write("");
    const made = steps.find(({ key, here }) => here && key.startsWith(`${job}/`));
    if (made !== undefined) swap({ kind: "details", clip: made.key, walked: true });
    else say(`On its way as ${job}: it is among the steps.`);
    onSent();
  });

  const problem = fresh ? check?.problems[0] : undefined;
  const why =
    said === ""
      ? "Say what should be different."
      : variablesOf(said).length > 0
        ? "Nothing is filled in for {{words}} in braces here: write it out."
        : problem === undefined
          ? ""
          : `${problem.message} ${problem.hint}`.trim();
  const send = () => {
    setNudged(why !== "");
    if (why !== "") say(why, true);
    else if (!sent.sending) sent.send(draft, false);
  };
  const trouble = sent.text || (said !== "" || nudged ? why : "");
  const costs = check === undefined || check.cost === "" ? "" : ` · ${check.cost}`;
  return (
    <div class="veo-change" role="group" aria-label="Change it">
      <label for={id}>Change it</label>
      <input
        ref={line}
        id={id}
        type="text"
        autocomplete="off"
        dir="auto"
        maxLength={20_000}
        placeholder="Make it snow"
        value={text}
        aria-describedby={`${id}-said`}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.isComposing || event.repeat) return;
          // By hand: in Lab, Enter sends no form.
          event.preventDefault();
          send();
        }}
        onInput={(event) => {
          write(event.currentTarget.value);
          setNudged(false);
          if (sent.text !== "") sent.forget();
        }}
      />
      <button
        type="button"
        class="veo-button veo-primary"
        aria-disabled={sent.sending || why !== ""}
        title={why || "Enter"}
        onClick={send}
      >
        {sent.sending ? "Sending…" : `${check?.button ?? "Change it"}${costs}`}
      </button>
      <p id={`${id}-said`} class="veo-change-said" data-old={!fresh} aria-busy={!fresh}>
        {trouble !== "" ? (
          <b>{trouble}</b>
        ) : (
          checked.text || [check?.line, ...(check?.notes ?? [])].filter(Boolean).join(" · ") || "\u00a0"
        )}
        {checked.failed && trouble === "" && (
          <button type="button" class="veo-quiet" onClick={checked.askAgain}>
            Ask again
          </button>
        )}
      </p>
    </div>
  );
}

/** The words for a clip that were not sent yet, and a way to write them. */
function useUnsent(request: PanelRequest, clip: string): [string, (text: string) => void] {
  const kept = unsent.get(request) ?? new Map<string, string>();
  unsent.set(request, kept);
  const [text, setText] = useState(kept.get(clip) ?? "");
  const write = (next: string) => {
    if (next === "") kept.delete(clip);
    else kept.set(clip, next);
    setText(next);
  };
  return [text, write];
}

interface NoChangeProps extends Omit<ChangeProps, "onSent"> {
  onOther: (model: string) => void;
}

/** The line that takes nothing, why, and what can be done instead. */
function NoChange({
  details: { item, change, cannot_extend, extend_model },
  player,
  onOther,
}: NoChangeProps) {
  const { ask } = usePanel();
  const { panel } = useLayer();
  const id = useId();
  const fromItsEnd = async () => {
    player.pause();
    const answer = await ask("frame", { clip: item.key, seconds: null });
    if (answer === undefined) return;
    goCompose(panel, `The last frame of ${item.job} is the first frame now.`, (draft) =>
      withPicture(draft, "image", answer.key),
    );
  };
  return (
    <div class="veo-change" role="group" aria-label="Change it">
      <label for={id}>Change it</label>
      <input
        id={id}
        type="text"
        readOnly
        aria-disabled="true"
        placeholder="Make it snow"
        aria-describedby={`${id}-said`}
      />
      <p id={`${id}-said`} class="veo-change-said">
        {change.reason}
      </p>
      <div class="veo-action-row">
        {change.other !== "" && (
          <Action onAct={() => onOther(change.other)}>{`Change it with ${change.other}`}</Action>
        )}
        <Action reason={item.here ? "" : "Its file is not there."} onAct={fromItsEnd} busy="Taking it…">
          Start from its last frame
        </Action>
        <Action reason={cannot_extend} onAct={() => goOn(panel, item, extend_model)}>
          Extend it
        </Action>
      </div>
    </div>
  );
}
