// A job in the queue: what it is, what happens to it, and the buttons for what can be done.

import { useLayoutEffect, useRef } from "preact/hooks";
import { type Clock, useNow } from "../../core/clock";
import { formatLine, spokenLine } from "../../core/line";
import { Bar } from "../../core/ui/box";
import { CommandButton } from "../../core/ui/command-button";
import { Icon, IconButton } from "../../core/ui/icons";
import { StateIcon } from "../../core/ui/state-icon";
import type { Row, RowAction } from "../../protocol.gen";
import { usePanel } from "../context";
import type { Order } from "./order";

type RowCommand = Exclude<RowAction, "move" | "dismiss">;

const LABELS: Readonly<Record<RowCommand, readonly [label: string, asked: string]>> = {
  rerun: ["Try again", "Asking again…"],
  retry: ["Fetch", "Fetching…"],
  resubmit: ["Send again", "Sending…"],
  cancel: ["Cancel", "Stopping…"],
};
const COMMANDS = Object.keys(LABELS) as RowCommand[];

interface JobRowProps {
  row: Row;
  clock: Clock;
  order: Order;
  /** Whether the person is asked if it should really be sent a second time. */
  asking: boolean;
  onAsking: (asks: boolean) => void;
}

export function JobRow({ row, clock, order, asking, onAsking }: JobRowProps) {
  const { job, state, prompt, settings, line, progress, actions } = row;
  const { ask } = usePanel();
  const box = useRef<HTMLLIElement>(null);
  const now = useNow(clock, progress !== null || line.some((part) => typeof part !== "string"));
  const text = formatLine(line, now);
  const moves = actions.includes("move");
  const at = order.jobs.indexOf(job);
  const mark =
    order.dragged !== "" && order.dragged !== job && order.before === job
      ? "before"
      : order.dragged !== "" && order.before === "" && at === order.jobs.length - 1
        ? "after"
        : "";

  const onKeyDown = (event: KeyboardEvent) => {
    if (!moves || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    order.step(job, event.key === "ArrowUp" ? -1 : 1);
  };
  useKeptFocus(box, at);

  return (
    <li
      ref={box}
      class="veo-job"
      data-job={job}
      data-state={state}
      data-mark={mark}
      data-dragged={order.dragged === job}
      tabIndex={-1}
      aria-label={`Job ${job}`}
      onKeyDown={onKeyDown}
    >
      {moves ? (
        <button
          type="button"
          class="veo-quiet veo-icon-button veo-job-grip"
          aria-label={`Move ${job}: drag, or Alt with the arrow keys`}
          title="Drag to move (Alt+↑ ↓)"
          onPointerDown={(event) => order.grab(job, event)}
        >
          <Icon name="grip" />
        </button>
      ) : (
        <span class="veo-job-grip" />
      )}
      <StateIcon state={state} label={state} />
      <div class="veo-job-words">
        <p class="veo-job-prompt" title={prompt}>
          <bdi>{prompt}</bdi>
        </p>
        {asking ? (
          <p>It may have been accepted and charged already. Send it a second time?</p>
        ) : (
          <p class="veo-job-line">{text}</p>
        )}
        <p class="veo-job-set veo-soft">
          <code>{job}</code> <bdi>{settings}</bdi>
        </p>
      </div>
      <div class="veo-job-end">
        {asking ? (
          <>
            <CommandButton
              key="sure"
              label={LABELS.resubmit[0]}
              asked={LABELS.resubmit[1]}
              run={async (rest) => {
                const answer = await ask("resubmit", { job });
                onAsking(false);
                if (answer === undefined) rest();
              }}
              focused
              onGone={focusRow}
            />
            <button type="button" class="veo-button" onClick={() => onAsking(false)}>
              Leave it
            </button>
          </>
        ) : (
          COMMANDS.filter((action) => actions.includes(action)).map((action) => (
            <CommandButton
              key={action}
              label={action === "resubmit" ? "Send again…" : LABELS[action][0]}
              asked={LABELS[action][1]}
              run={async (rest) => {
                const answer = action === "resubmit" ? onAsking(true) : await ask(action, { job });
                if (answer === undefined) rest();
              }}
              onGone={focusRow}
            />
          ))
        )}
        {actions.includes("dismiss") && !asking && (
          <IconButton name="close" label={`Dismiss ${job}`} onClick={() => void ask("dismiss", { job })} />
        )}
      </div>
      {progress !== null && <Bar key={state} progress={progress} now={now} text={spokenLine(line, now)} />}
    </li>
  );
}

/** What it asked for is happening and the button goes: the focus stays with its row. */
function focusRow(button: HTMLElement): void {
  button.closest<HTMLElement>(".veo-job")?.focus({ preventScroll: true });
}

/** Keeps the focus in a row that is put elsewhere: a browser takes it from what is moved. */
function useKeptFocus(box: { current: HTMLElement | null }, at: number): void {
  const focused = useRef<Element | null>(null);
  if (box.current?.contains(document.activeElement)) focused.current = document.activeElement;
  else if (document.activeElement !== document.body) focused.current = null;
  useLayoutEffect(() => {
    const element = focused.current as HTMLElement | null;
    if (at >= 0 && element?.isConnected && element !== document.activeElement) element.focus();
  }, [at]);
}
