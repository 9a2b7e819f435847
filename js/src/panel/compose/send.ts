// Sends a draft, once for each time that a person asks for it.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { refusalOf } from "../../core/connection";
import type { Draft } from "../../protocol.gen";
import { usePanel } from "../context";
import { asked } from "./draft";

/** Milliseconds after an answer in which another click is the second half of a double one. */
export const REST_MS = 700;
const DEADLINE_MS = 30_000;
const UNANSWERED =
  "No answer from the kernel: it may be busy. It is sent once it is free; pressing again does not send it twice.";

export interface Sending {
  sending: boolean;
  /** Why it was not sent. */
  text: string;
  /** What a large sweep is asked about before it is sent. */
  question: string;
  send: (draft: Draft, confirm: boolean) => void;
  /** Leave it. */
  forget: () => void;
}

export function useSend(onSent: (jobs: readonly string[]) => void): Sending {
  const { request, say, signal } = usePanel();
  const [sending, setSending] = useState(false);
  const [said, setSaid] = useState({ text: "", question: "" });
  const closed = useRef(false);
  const rest = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(rest.current), []);

  const send = useCallback(
    async (draft: Draft, confirm: boolean) => {
      if (closed.current || signal.aborted) return;
      closed.current = true;
      setSending(true);
      setSaid({ text: "", question: "" });
      try {
        const command = { draft: asked(draft), confirm };
        const { question, jobs } = await request("generate", command, { timeout: DEADLINE_MS });
        if (question !== "") {
          setSaid({ text: "", question });
          return;
        }
        say(sentText(jobs), true);
        onSent(jobs);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal.code === "closed") return;
        const text = refusal.code === "timeout" ? UNANSWERED : refusal.text;
        setSaid({ text, question: "" });
        say(text, true);
      } finally {
        setSending(false);
        rest.current = setTimeout(() => {
          closed.current = false;
        }, REST_MS);
      }
    },
    [request, say, signal, onSent],
  );
  const forget = useCallback(() => setSaid({ text: "", question: "" }), []);
  return { sending, ...said, send: (...what) => void send(...what), forget };
}

function sentText(jobs: readonly string[]): string {
  if (jobs.length === 0) return "Nothing had to be sent.";
  return jobs.length === 1 ? `On its way: ${jobs[0]}` : `On their way: ${jobs.length} jobs`;
}
