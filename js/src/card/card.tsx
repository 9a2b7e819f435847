// The card under a `%%veo` cell: what was asked for, what is happening now, and the clip when it is there.

import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import "../core/ui/theme.css";
import "../core/ui/controls.css";
import "../core/ui/box.css";
import "./card.css";
import { announce } from "../core/announce";
import { type Clock, useNow } from "../core/clock";
import { type Request, refusalOf } from "../core/connection";
import { formatLine, spokenLine } from "../core/line";
import { Addresses } from "../core/media/addresses";
import { type AskPiece, Sources } from "../core/media/videos";
import type { ViewKind } from "../core/stage";
import { overSaved } from "../core/tree";
import { CommandButton } from "../core/ui/command-button";
import { leaveOnEscape, ownKeys, passFocusOn, returnFocus } from "../core/ui/focus";
import { useId } from "../core/ui/id";
import { StateIcon } from "../core/ui/state-icon";
import type { Card, CardAction, State } from "../protocol.gen";
import { Media, type Origins } from "./media";

const LABELS: Readonly<Record<CardAction, { idle: string; asked: string }>> = {
  cancel: { idle: "Cancel", asked: "Stopping…" },
  rerun: { idle: "Try again", asked: "Asking again…" },
  finalize: { idle: "Make it final", asked: "Asking for it in full…" },
};

/** Seconds for which the words of a refusal stand in the live line's place. */
const REFUSAL_SHOWN = 20;

/** The traits of a card: all that it showed first, and what is otherwise by now. They change with one message. */
const TRAITS = ["opened", "changed"] as const;

/** The attribute of a saved output that carries the token of its card. */
const SAVED = "data-veo-card";

/** The kind of view that shows a job or a clip; it lies over its saved output where that can't play here. */
export function openCards(): ViewKind {
  return overSaved({
    saved: SAVED,
    root: "veo-card-root",
    tokenOf: (model) => (model.get("opened") as Card).token,
    eventsOf: () => TRAITS.map((name) => `change:${name}`),
    make({ model, clock }, request, signal) {
      const origins = originsOf(request, signal);
      return () => {
        const [opened, changed] = TRAITS.map((name) => model.get(name));
        const card = { ...(opened as Card), ...(changed as Partial<Card>) };
        return <JobCard card={card} clock={clock} request={request} origins={origins} />;
      };
    },
    shown: ({ el, signal }) => passFocusOn(el, signal),
  });
}

/** Where the clips of a card come from, until the signal is aborted. */
export function originsOf(request: Request, signal: AbortSignal): Origins {
  return {
    addresses: new Addresses((reached) => void request("reached", reached).catch(refusalOf)),
    sources: new Sources(pieceOf(request), signal),
  };
}

/** Asks for a piece of a clip named `JOB/PLACE`. */
const pieceOf =
  (request: Request): AskPiece =>
  (kind, { clip, offset }, extras) =>
    request(kind, { video: Number(clip.slice(clip.lastIndexOf("/") + 1)), offset }, extras) as Promise<never>;

interface CardProps {
  card: Card;
  clock: Clock;
  request: Request;
  origins: Origins;
}

export function JobCard({ card, clock, request, origins }: CardProps) {
  const [refusal, setRefusal] = useState<Refusal>();
  const refused = stillShown(refusal, card.state, clock.now()) ? refusal : undefined;
  const ticking = card.progress !== null || card.line.some((part) => typeof part !== "string");
  const now = useNow(clock, ticking || refused !== undefined);
  const text = formatLine(card.line, now);
  useAnnouncement(card, now, refused);
  const ask = async (action: CardAction, rest: () => void) => {
    setRefusal(undefined);
    try {
      await request(action);
    } catch (error) {
      setRefusal({ text: refusalOf(error).text, state: card.state, at: clock.now() });
      rest();
    }
  };

  return (
    <div
      class="veo-card"
      data-state={card.state}
      {...ownKeys}
      role="group"
      aria-label={`Job ${card.id}`}
      onKeyDown={leaveOnEscape}
    >
      <Media card={card} now={now} text={spokenLine(card.line, now)} request={request} origins={origins} />
      {card.prompt !== "" && <Prompt text={card.prompt} />}
      {card.settings.length > 0 && <Settings card={card} />}
      <div class="veo-status">
        <p class="veo-line">
          {refused === undefined ? (
            <StateIcon state={card.state} label={card.state} />
          ) : (
            <StateIcon state="uncertain" label="not done" />
          )}
          <span>{refused?.text ?? text}</span>
        </p>
        <div class="veo-end">
          {card.actions.map((action) => (
            // The job is in the key: another one's button has not been pressed.
            <CommandButton
              key={`${action} ${card.id}`}
              label={refused === undefined ? labelOf(action, card) : "Try again"}
              asked={LABELS[action].asked}
              run={(rest) => ask(action, rest)}
              onGone={returnFocus}
            />
          ))}
          <code class="veo-id">{card.id}</code>
        </div>
      </div>
    </div>
  );
}

/** What stands on a button, and what pressing it costs. */
function labelOf(action: CardAction, { final_cost }: Card): string {
  const { idle } = LABELS[action];
  return action === "finalize" && final_cost !== "" ? `${idle} · ${final_cost}` : idle;
}

/** Why the kernel did not do what was asked, and in which state of the job that was. */
interface Refusal {
  text: string;
  state: State;
  at: number;
}

function stillShown(refusal: Refusal | undefined, state: State, now: number): boolean {
  return refusal !== undefined && refusal.state === state && now - refusal.at < REFUSAL_SHOWN;
}

/** Two lines of the prompt, and all of it on demand. */
function Prompt({ text }: { text: string }) {
  const [open, setOpen] = useState(false);
  const [cut, setCut] = useState(false);
  const box = useRef<HTMLParagraphElement>(null);
  const id = useId();

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || open) return undefined;
    const measure = () => setCut(element.scrollHeight > element.clientHeight + 1);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [open, text]);

  return (
    <div class="veo-prompt">
      <p ref={box} id={id} dir="auto" data-open={open} {...(open && { tabIndex: 0 })}>
        {text}
      </p>
      {cut && (
        <button
          type="button"
          class="veo-quiet"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
        >
          {open ? "less" : "more"}
        </button>
      )}
    </div>
  );
}

function Settings({ card }: { card: Card }) {
  return (
    <div class="veo-settings">
      {card.tag !== "" && <span class="veo-tag">{card.tag}</span>}
      <span class="veo-set">
        {card.settings.map((setting, place) => (
          // bdi: a file name written from right to left must not turn its neighbours around.
          <Fragment key={place}>
            {place > 0 && " · "}
            <bdi>{setting}</bdi>
          </Fragment>
        ))}
      </span>
      <span class="veo-cost">{card.cost}</span>
    </div>
  );
}

/** States that pass in a moment: what comes of them is read out. */
const PASSING: ReadonlySet<State> = new Set(["submitting", "downloading"]);

/** Has a change of state read out, not each second, and nothing when the page is opened. */
function useAnnouncement({ id, state, line, videos }: Card, now: number, refused: Refusal | undefined): void {
  const last = useRef({ state, refused });
  useEffect(() => {
    const before = last.current;
    last.current = { state, refused };
    if (refused !== undefined && refused !== before.refused) announce(refused.text);
    else if (before.state !== state && !PASSING.has(state)) {
      // Where the file is can be read in the card; heard, it is a row of letters.
      const parts = line.filter((part) => !videos.some(({ path }) => path === part));
      announce(`Job ${id}: ${spokenLine(parts, now)}`);
    }
  });
}
