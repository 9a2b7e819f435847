// One voter's way through a comparison: which pair is theirs now, what was said of it, and what went wrong.
//
// A vote is about the pair by its id. So one that was asked for again, since no answer came in time, is the same vote,
// and one that comes too late for its pair is none.

import { type Extras, type RequestError, refusalOf } from "../core/connection";
import type {
  ComparisonAnswers,
  ComparisonCommand,
  ComparisonCommands,
  Preference,
  Turn,
} from "../protocol.gen";

/** Asks the kernel; a refusal is thrown (a RequestError). */
export type AskComparison = <W extends ComparisonCommand>(
  command: W,
  payload: ComparisonCommands[W],
  extras?: Extras,
) => Promise<ComparisonAnswers[W] & { buffers?: DataView[] }>;

const SAVED: Readonly<Record<Preference, string>> = {
  left: "Vote saved: left.",
  right: "Vote saved: right.",
  tie: "Vote saved: a tie.",
  skip: "Skipped.",
};

export class Voting {
  /** Who votes; empty until somebody has said it. */
  voter = "";
  turn: Turn | undefined;
  /** What is being asked for just now. */
  pending: Preference | "undo" | "turn" | "" = "";
  /** Why the last thing was not done, and what to do; empty where it was. */
  problem = "";
  /** For those who hear the page: what came of the last vote. */
  spoken = "";
  private readonly listeners = new Set<() => void>();
  /** What is asked again after a refusal. */
  private refused: (() => Promise<void>) | undefined;
  private stale = false;

  constructor(
    private readonly comparison: string,
    private readonly request: AskComparison,
    private readonly signal: AbortSignal,
  ) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Be this voter, and see their pair. */
  async begin(voter: string): Promise<void> {
    this.voter = voter;
    this.turn = undefined;
    this.spoken = "";
    await this.ask(
      "turn",
      () => this.request("turn", this.who),
      () => "",
    );
  }

  /** Somebody has voted, here or elsewhere: the pair stays, unless it was this voter's own. */
  async refresh(): Promise<void> {
    if (this.voter === "") return;
    if (this.pending !== "") {
      this.stale = true;
      return;
    }
    const before = this.turn?.pair?.id;
    try {
      const turn = await this.request("turn", this.who);
      // What was asked for meanwhile is answered with what is newer.
      if (this.pending !== "" || this.signal.aborted) return;
      this.turn = turn;
      // A vote that was given up on has come through after all.
      if (turn.pair?.id !== before) this.problem = "";
      this.notify();
    } catch (error) {
      // Nothing was asked by the person, who need not hear of it.
      refusalOf(error);
    }
  }

  /** Say something of the pair that is shown; whether it is on its way. */
  vote(choice: Preference, seconds: number | null): boolean {
    const pair = this.turn?.pair;
    if (!pair || this.pending !== "") return false;
    const payload = { ...this.who, pair: pair.id, choice, seconds };
    void this.ask(
      choice,
      () => this.request("vote", payload),
      (turn) =>
        turn.ended === "" ? `${SAVED[choice]} Pair ${turn.given + 1}.` : `${SAVED[choice]} ${turn.ended}`,
    );
    return true;
  }

  undo(): boolean {
    if (this.pending !== "" || !this.turn?.given) return false;
    void this.ask(
      "undo",
      () => this.request("undo", this.who),
      () => "The last vote is taken back.",
    );
    return true;
  }

  /** Ask again for what was refused. */
  again(): void {
    void this.refused?.();
  }

  private get who() {
    return { comparison: this.comparison, voter: this.voter };
  }

  private async ask(
    what: Voting["pending"],
    request: () => Promise<Turn>,
    spoken: (turn: Turn) => string,
  ): Promise<void> {
    if (this.signal.aborted) return;
    this.pending = what;
    this.problem = "";
    this.refused = () => this.ask(what, request, spoken);
    this.notify();
    try {
      this.turn = await request();
      this.spoken = spoken(this.turn);
      this.refused = undefined;
    } catch (error) {
      this.problem = wordsFor(refusalOf(error), what);
    }
    this.pending = "";
    this.notify();
    if (!this.stale) return;
    this.stale = false;
    await this.refresh();
  }

  private notify(): void {
    if (this.signal.aborted) return;
    for (const listener of [...this.listeners]) listener();
  }
}

/** What went wrong, and that nothing is lost by it. */
function wordsFor(error: RequestError, what: Voting["pending"]): string {
  if (error.code === "closed") return "";
  const why = error.code === "timeout" ? "No answer from the kernel: it may be busy." : error.text;
  const kept = what === "undo" || what === "turn" ? "" : " Your vote is not saved yet: the pair stays.";
  return `${why}${kept}`;
}
