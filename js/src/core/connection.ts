// Asks the kernel for something and waits for its answer, for as long as the caller's signal is not aborted.
//
// Not anywidget's own `experimental.invoke`: marimo has none (it throws), an error in Python is never answered (the page
// waits for three seconds and hears of a timeout), and each call has a new id, while what costs money must be asked
// for again under its first one. Seen in anywidget 0.11.0.

import type { AnyModel } from "@anywidget/types";
import type {
  CardCommand,
  Command,
  ComparisonCommand,
  ErrorText,
  GridCommand,
  PanelCommand,
  Reply,
} from "../protocol.gen";

/** What can be asked for, in any view. */
export type Kind = CardCommand | ComparisonCommand | GridCommand | PanelCommand;

export const TIMEOUT_MS = 10_000;

/** Why a request was not granted: one sentence, and what to do. */
export class RequestError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }

  /** The sentence and what to do, in one. */
  get text(): string {
    return `${this.message} ${this.hint}`.trim();
  }
}

/** What was thrown as the refusal that it is; anything else is a fault, and is thrown on. */
export function refusalOf(error: unknown): RequestError {
  if (!(error instanceof RequestError)) throw error;
  return error;
}

/** A function that asks as `request` does, but says a refusal to the person and answers with undefined then. */
export function askWith<Ask>(
  request: (...command: never[]) => Promise<unknown>,
  say: (text: string) => void,
): Ask {
  return (async (...command: never[]) => {
    try {
      return await request(...command);
    } catch (error) {
      const { code, text } = refusalOf(error);
      if (code !== "closed") say(text);
      return undefined;
    }
  }) as Ask;
}

/** What goes beside a request: bytes that come along, and another deadline than usual. */
export interface Extras {
  buffers?: ArrayBuffer[];
  timeout?: number;
}

/** The answer; where bytes came along, they are its `buffers`. */
export type Request = (
  kind: Kind,
  payload?: object,
  extras?: Extras,
) => Promise<Record<string, unknown> & { buffers?: DataView[] }>;

interface Waiting {
  settle: () => void;
  resolve: (ok: Record<string, unknown> & { buffers?: DataView[] }) => void;
  reject: (error: RequestError) => void;
}

/**
 * A function that sends a request and gives the answer. After `signal` is aborted nothing of it is left.
 *
 * What got no answer may still be done, once the kernel is free. Asked for again, it has the id of the first time, by
 * which a kernel knows that it is the same and not one more.
 */
export function connect(model: AnyModel, signal: AbortSignal): Request {
  const open = new Map<string, Waiting>();
  const unanswered = new Map<string, string>();

  const receive = (content: unknown, buffers?: DataView[]) => {
    if (!isReply(content)) return;
    for (const [what, id] of unanswered) if (id === content.id) unanswered.delete(what);
    // Another view's or browser's answer: every one that shows this model hears it.
    const waiting = open.get(content.id);
    if (waiting === undefined) return;
    waiting.settle();
    const { ok = {}, error } = content;
    if (error !== undefined) waiting.reject(new RequestError(error.code, error.message, error.hint));
    else waiting.resolve(buffers?.length ? { ...ok, buffers } : ok);
  };
  model.on("msg:custom", receive);

  const close = () => {
    model.off("msg:custom", receive);
    for (const { settle, reject } of [...open.values()]) {
      settle();
      reject(new RequestError("closed", "The view was closed.", ""));
    }
  };
  signal.addEventListener("abort", close, { once: true });

  return (kind, payload = {}, { buffers, timeout = TIMEOUT_MS } = {}) =>
    new Promise((resolve, reject) => {
      const what = JSON.stringify([kind, payload]);
      const message: Command = { kind, id: unanswered.get(what) ?? newId(), payload: { ...payload } };
      unanswered.delete(what);
      const timer = setTimeout(() => {
        open.delete(message.id);
        unanswered.set(what, message.id);
        const hint = kind === "video" ? "" : "The job goes on.";
        reject(new RequestError("timeout", "No answer from the kernel: it may be busy.", hint));
      }, timeout);
      const settle = () => {
        clearTimeout(timer);
        open.delete(message.id);
      };
      open.set(message.id, { settle, resolve, reject });
      if (buffers === undefined) model.send(message);
      else model.send(message, undefined, buffers);
    });
}

/** Unique among all browsers that look at one model. `randomUUID` is missing on plain http. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");
}

/** Whether this is an answer to one of our messages. Everything else that arrives is not for us. */
export function isReply(content: unknown): content is Reply {
  if (typeof content !== "object" || content === null) return false;
  const message = content as Record<string, unknown>;
  if (message["kind"] !== "reply" || typeof message["id"] !== "string") return false;
  return isObject(message["ok"]) !== isErrorText(message["error"]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isErrorText(value: unknown): value is ErrorText {
  return isObject(value) && ["code", "message", "hint"].every((key) => typeof value[key] === "string");
}
