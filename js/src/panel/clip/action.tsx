// A button for something that takes a while, and a question with two of them.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useId } from "../../core/ui/id";
import { usePanel } from "../context";

/** What is open under the actions; only one thing at a time. */
export type Opened = "" | "frame" | "compare" | "delete" | "resubmit" | "text";

interface ActionProps {
  /** Why it can't be done now; empty where it can. */
  reason?: string;
  /** What it says while it is asked for. */
  busy?: string;
  /** Whether what it opens is open. */
  expanded?: boolean;
  /** What that is. */
  opens?: Opened;
  onAct: () => unknown;
  children: ComponentChildren;
}

/** A button that is asked once at a time, and that says why it can't be pressed. */
export function Action({ reason = "", busy, expanded, opens, onAct, children }: ActionProps) {
  const { say } = usePanel();
  const [asked, setAsked] = useState(false);
  const id = useId();
  const press = async () => {
    if (reason !== "") say(reason);
    if (reason !== "" || asked) return;
    setAsked(true);
    try {
      await onAct();
    } finally {
      setAsked(false);
    }
  };
  return (
    <>
      <button
        type="button"
        class="veo-button"
        aria-disabled={reason !== "" || asked}
        data-opens={opens}
        {...(expanded !== undefined && { "aria-expanded": expanded })}
        {...(reason !== "" && { title: reason, "aria-describedby": id })}
        onClick={press}
      >
        {asked && busy !== undefined ? busy : children}
      </button>
      {reason !== "" && (
        <span id={id} hidden>
          {reason}
        </span>
      )}
    </>
  );
}

interface QuestionProps {
  text: string;
  yes: string;
  no?: string;
  onYes: () => unknown;
  onNo: () => void;
}

/** Asked where it was pressed; the keyboard is on the answer that does nothing. */
export function Question({ text, yes, no: keep = "Keep it", onYes, onNo }: QuestionProps) {
  const no = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => no.current?.focus(), []);
  return (
    <div class="veo-question" role="group" aria-labelledby={id}>
      <p id={id}>{text}</p>
      <Action onAct={onYes} busy="One moment…">
        {yes}
      </Action>
      <button ref={no} type="button" class="veo-button" onClick={onNo}>
        {keep}
      </button>
    </div>
  );
}
