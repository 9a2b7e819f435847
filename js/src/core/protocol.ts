// What crosses the border between Python and this front end; the twin of veo_nb/notebook/protocol.py.
//
// Facts come as the trait `card`: one JSON object, written by Python alone, a fresh snapshot each time.
// Wishes go as messages `{kind, id, payload}`, each answered by `{kind: "reply", id, ok | error}`.
// tests/fixtures/protocol holds examples that both sides read in their tests.

import type { Wish } from "../grid/protocol";
import type { PanelWish } from "../panel/protocol";

export const STATES = [
  "queued",
  "submitting",
  "running",
  "downloading",
  "succeeded",
  "failed",
  "blocked",
  "cancelled",
  "uncertain",
] as const;
export type State = (typeof STATES)[number];

/** Time gone by since `at`, as `0:42`, put where `text` has `{}`. */
export interface Since {
  clock: "since";
  at: number;
  text?: string;
}

/** Time left until `at`, as `40 s` or `3 min`, put where `text` has `{}`; `past` once it is over. */
export interface Until {
  clock: "until";
  at: number;
  text: string;
  past: string;
}

export type Part = string | Since | Until;

/** How far something is: guessed from past runs, or counted. */
export type Progress = { since: number; expected: number } | { done: number; total: number };

export interface Clip {
  /** Where the page can fetch it; empty when it can't. */
  url: string;
  poster: string;
  path: string;
  label: string;
}

/** What a person can have done with the job of a card. */
export type Action = "cancel" | "again";

export interface Card {
  id: string;
  state: State;
  prompt: string;
  settings: string[];
  cost: string;
  tag: string;
  shape: "16:9" | "9:16";
  backdrop: string;
  line: Part[];
  progress: Progress | null;
  actions: Action[];
  videos: Clip[];
}

export type Kind = "cancel" | "again" | "clock";

export interface Message {
  kind: Kind | Wish | PanelWish;
  id: string;
  payload: Record<string, unknown>;
}

export interface ErrorWords {
  code: string;
  message: string;
  hint: string;
}

export type Reply = { kind: "reply"; id: string } & ({ ok: Record<string, unknown> } | { error: ErrorWords });

/** Whether this is an answer to one of our messages. Everything else that arrives is not for us. */
export function isReply(content: unknown): content is Reply {
  if (typeof content !== "object" || content === null) return false;
  const message = content as Record<string, unknown>;
  if (message["kind"] !== "reply" || typeof message["id"] !== "string") return false;
  return isObject(message["ok"]) !== isErrorWords(message["error"]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isErrorWords(value: unknown): value is ErrorWords {
  return isObject(value) && ["code", "message", "hint"].every((key) => typeof value[key] === "string");
}

/** The live line as text, at this moment (seconds since 1970). Python's `format_line` says the same. */
export function formatLine(parts: readonly Part[], now: number): string {
  return parts
    .map((part) => formatPart(part, now))
    .filter((text) => text !== "")
    .join(" · ");
}

function formatPart(part: Part, now: number): string {
  if (typeof part === "string") return part;
  if (part.clock === "since") return (part.text ?? "{}").replace("{}", formatElapsed(now - part.at));
  return part.at > now ? part.text.replace("{}", formatLeft(part.at - now)) : part.past;
}

/** `0:42`, `12:05`, `1:02:03`. */
export function formatElapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(s).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

/** `12 s`, `40 s`, `3 min`, `1 h 5 min`. Coarser when it is long, since nobody knows it that well. */
export function formatLeft(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole <= 20) return `${whole} s`;
  if (whole <= 90) return `${Math.ceil(whole / 5) * 5} s`;
  const minutes = Math.ceil(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
