// The blind comparison: a question, two clips in step, and what a voter says of them.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import "../core/ui/theme.css";
import "../core/ui/controls.css";
import "./compare.css";
import { leaveOnEscape, ownKeys } from "../core/ui/focus";
import { useId } from "../core/ui/id";
import { usePlayer } from "../grid/context";
import type { Comparing, Preference, Turn } from "../protocol.gen";
import { Playing, Tool, VoteButton } from "./controls";
import { intentOf } from "./keys";
import { NameForm } from "./name-form";
import { OutcomeView } from "./outcome";
import { type Media, PairView } from "./pair";
import { Showing } from "./showing";
import { nameOf, rememberedVoter, rememberVoter } from "./voter";
import type { AskComparison, Voting } from "./voting";

/** Milliseconds after a pair has come in which a key was meant for the one before. */
export const SETTLE_MS = 250;

interface CompareProps {
  comparing: Comparing;
  voting: Voting;
  media: Media;
  request: AskComparison;
  /** Whether the kernel has gone: nothing can be asked any more. */
  lost: boolean;
  /** Whether the person is here already, so that the keys are theirs at once. */
  entered?: boolean;
}

export function CompareView({ comparing, voting, media, request, lost, entered = false }: CompareProps) {
  const voter = usePlayer(voting, (it) => it.voter);
  const turn = usePlayer(voting, (it) => it.turn);
  const pending = usePlayer(voting, (it) => it.pending);
  const problem = usePlayer(voting, (it) => it.problem);
  const spoken = usePlayer(voting, (it) => it.spoken);
  const [naming, setNaming] = useState(false);
  const [inside, setInside] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const showing = useShowing(turn);
  const shownAt = useRef(0);
  const id = useId();
  useLayoutEffect(() => {
    shownAt.current = performance.now();
  }, [showing]);
  useEffect(() => {
    if (voting.voter !== "") return;
    const known = nameOf(comparing.voter) || rememberedVoter() || nameOf(comparing.usual);
    if (known !== "") void voting.begin(known).then(() => entered && toStage());
    else if (entered) root.current?.querySelector<HTMLElement>("input")?.focus();
  }, [voting]);

  const toStage = () =>
    root.current?.querySelector<HTMLElement>(".veo-compare-stage")?.focus({ preventScroll: true });
  const vote = (choice: Preference) => {
    if (!lost && voting.vote(choice, showing?.seconds ?? null)) toStage();
  };
  const undo = () => {
    if (!lost && voting.undo()) toStage();
  };
  const enlarge = () => {
    if (document.fullscreenElement === root.current) void document.exitFullscreen();
    else void root.current?.requestFullscreen().catch(() => {});
  };
  const press = (event: KeyboardEvent) => {
    const intent = event.defaultPrevented || voter === "" || naming ? undefined : intentOf(event);
    if (intent === undefined) return leaveOnEscape(event);
    event.preventDefault();
    // Held down, a key means no second vote.
    if (event.repeat) return;
    if (intent.kind === "vote") {
      if (performance.now() - shownAt.current >= SETTLE_MS) vote(intent.choice);
    } else if (intent.kind === "undo") undo();
    else if (intent.kind === "large") enlarge();
    else if (intent.kind === "play") showing?.player.toggle();
    else if (intent.kind === "replay") showing?.replay();
    else if (hasSound(turn)) showing?.hear();
  };
  const begin = (name: string) => {
    rememberVoter(name);
    setNaming(false);
    void voting.begin(name).then(toStage);
  };

  return (
    <div
      ref={root}
      class="veo-compare"
      {...ownKeys}
      data-jp-suppress-context-menu
      role="group"
      aria-labelledby={id}
      onKeyDown={press}
      onFocusIn={(event) => {
        ownKeys.onFocusIn(event);
        setInside(true);
      }}
      onFocusOut={(event) => setInside(root.current?.contains(event.relatedTarget as Node | null) ?? false)}
    >
      <div class="veo-compare-head">
        <h2 id={id} dir="auto">
          {comparing.question}
        </h2>
        {voter !== "" && !naming && (
          <p class="veo-compare-who">
            <span>
              Voting as <bdi>{voter}</bdi>
            </span>
            <button
              type="button"
              class="veo-quiet"
              aria-label="Vote under another name"
              onClick={() => setNaming(true)}
            >
              change
            </button>
            <span class="veo-compare-progress">{turn?.progress}</span>
          </p>
        )}
      </div>
      {lost && (
        <p class="veo-compare-lost" role="status">
          The kernel was restarted or has ended. Every vote that was saved is kept. {comparing.again}
        </p>
      )}
      {voter === "" || naming ? (
        <NameForm name={voter} onName={begin} onBack={voter === "" ? undefined : () => setNaming(false)} />
      ) : (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: its keys are those of the whole view */}
          <div class="veo-compare-stage" role="group" tabIndex={0} aria-label={stageLabel(turn)}>
            {showing !== undefined ? (
              <PairView key={showing.pair.id} showing={showing} frame={comparing.frame} media={media} />
            ) : (
              <Between turn={turn} waiting={pending === "turn"} frame={comparing.frame} />
            )}
          </div>
          {showing !== undefined && (
            <div class="veo-compare-votes">
              <VoteButton choice="left" keys="←" onVote={vote} pending={pending}>
                The left one is better
              </VoteButton>
              <VoteButton choice="right" keys="→" onVote={vote} pending={pending}>
                The right one is better
              </VoteButton>
              <div>
                <VoteButton choice="tie" keys="T" onVote={vote} pending={pending}>
                  About the same
                </VoteButton>
                <VoteButton choice="skip" keys="S" onVote={vote} pending={pending}>
                  Skip
                </VoteButton>
              </div>
            </div>
          )}
          <div class="veo-compare-bar">
            {showing !== undefined && <Playing showing={showing} sound={hasSound(turn)} />}
            {showing !== undefined && document.fullscreenEnabled && (
              <Tool keys="F" onClick={enlarge}>
                Full screen
              </Tool>
            )}
            <Tool keys="U" disabled={!turn?.given} onClick={undo}>
              Undo last vote
            </Tool>
          </div>
          {turn?.over && <OutcomeView comparison={comparing.id} request={request} given={turn.given} />}
          <p class="veo-compare-status">
            {problem !== "" && !lost ? (
              <span role="alert">
                {problem}{" "}
                <button type="button" class="veo-button" onClick={() => voting.again()}>
                  Try again
                </button>
              </span>
            ) : (
              showing !== undefined && !inside && "Click into this view, or Tab to it, and vote by key."
            )}
          </p>
        </>
      )}
      <div class="veo-unseen" aria-live="polite">
        {spoken}
      </div>
    </div>
  );
}

/** The showing of the pair that is a voter's turn; it ends with the pair. */
function useShowing(turn: Turn | undefined): Showing | undefined {
  const pair = turn?.pair ?? undefined;
  const showing = useMemo(() => {
    // Nothing moves by itself where that is not wanted.
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    return pair && new Showing(pair, !still);
  }, [pair?.id]);
  useEffect(() => () => showing?.end(), [showing]);
  return showing;
}

function hasSound(turn: Turn | undefined): boolean {
  return turn?.pair?.left.sound === true || turn?.pair?.right.sound === true;
}

function stageLabel(turn: Turn | undefined): string {
  return turn?.pair ? `Pair ${turn.given + 1}: two clips, one left and one right` : "No pair";
}

/** What stands where the clips are while there is no pair: as high as they, so that nothing moves when they come. */
function Between({ turn, waiting, frame }: { turn: Turn | undefined; waiting: boolean; frame: string }) {
  if (turn === undefined) {
    return (
      <div class="veo-compare-sides" data-frame={frame}>
        <p class="veo-soft">{waiting ? "Looking for a pair…" : ""}</p>
      </div>
    );
  }
  return <p class="veo-compare-ended">{turn.ended}</p>;
}
