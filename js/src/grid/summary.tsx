// The line above the table: what is done, how long still, what it costs; and what can be done about all of it.

import { useEffect, useRef } from "preact/hooks";
import { type Clock, useNow } from "../core/clock";
import { formatLine } from "../core/line";
import { CommandButton } from "../core/ui/command-button";
import { returnFocus } from "../core/ui/focus";
import type { CellAction, GridAxis, GridSummary, SweepAction } from "../protocol.gen";
import { type AxisChoice, heldAxes, turn } from "./axes";
import type { Ask } from "./context";
import { SIZE_OPTIONS } from "./table/size";

interface SummaryProps {
  summary: GridSummary;
  tag: string;
  clock: Clock;
  /** Words that stand in the line's place for a while. */
  notice: string;
  ask: Ask;
}

const LABELS: Readonly<Record<SweepAction, readonly [label: string, asked: string]>> = {
  finalize: ["Make starred final", "Asking for them in full…"],
  pause: ["Pause", "Pausing…"],
  resume: ["Go on", "Going on…"],
  rerun: ["Try failed again", "Trying again…"],
  "cancel-all": ["Cancel all", "Stopping…"],
};

/** What stands on the button of a cell. */
export const CELL_LABELS: Readonly<Record<CellAction, string>> = {
  cancel: "Cancel",
  retry: "Fetch",
  rerun: "Try again",
  finalize: "Make it final",
};

export function SummaryLine({ summary, tag, clock, notice, ask }: SummaryProps) {
  const live = [...summary.line, ...summary.cost].some((part) => typeof part !== "string");
  const now = useNow(clock, live);
  return (
    <div class="veo-summary">
      <p class="veo-summary-line">
        {tag !== "" && <span class="veo-tag">{tag}</span>}
        <span>{notice || formatLine(summary.line, now)}</span>
      </p>
      <p class="veo-summary-cost">{formatLine(summary.cost, now)}</p>
      <div class="veo-summary-end">
        {summary.actions.map((action) => (
          <CommandButton
            key={action}
            label={(action === "finalize" && summary.finals) || LABELS[action][0]}
            asked={LABELS[action][1]}
            run={(rest) => ask(action, {}).then(rest)}
            onGone={focusCell}
          />
        ))}
      </div>
    </div>
  );
}

/** Reads out that all is done, once: what happens to each of 200 cells would never end. */
export function useEndNotice(summary: GridSummary, say: (text: string, unseen: boolean) => void): void {
  const running = summary.actions.includes("cancel-all");
  const before = useRef(running);
  useEffect(() => {
    if (before.current && !running) {
      say(summary.line.filter((part) => typeof part === "string").join(" · "), true);
    }
    before.current = running;
  }, [running, summary, say]);
}

/** What it asked for is done and the button goes: the focus stays with the grid. */
function focusCell(button: HTMLElement): void {
  const cell = button.closest(".veo-grid")?.querySelector<HTMLElement>('.veo-cell[tabindex="0"]');
  if (cell) cell.focus({ preventScroll: true });
  else returnFocus(button);
}

interface AxisPickerProps {
  axes: readonly GridAxis[];
  choice: AxisChoice;
  onChoice: (choice: AxisChoice) => void;
  /** Pixels of a cell's width, in words; empty for what the room allows. */
  size: string;
  onSize: (size: string) => void;
}

/** Which axis is rows, which is columns, and the value of each other one; and how large the cells are. */
export function AxisPicker({ axes, choice, onChoice, size, onSize }: AxisPickerProps) {
  const pick = (side: "rows" | "columns") => (
    <Menu
      label={side}
      value={choice[side]}
      options={axes.map(({ name }) => [name, name])}
      onPick={(name) => onChoice(turn(choice, side, name))}
    />
  );
  return (
    <div class="veo-axes">
      {axes.length > 1 && (
        <>
          {pick("rows")}
          {pick("columns")}
          {heldAxes(axes, choice).map(({ name, values }) => (
            <Menu
              key={name}
              label={name}
              value={String(choice.held[name] ?? 0)}
              options={values.map((value, index) => [String(index), value])}
              onPick={(index) => onChoice({ ...choice, held: { ...choice.held, [name]: Number(index) } })}
            />
          ))}
        </>
      )}
      <Menu label="cell size" value={size} options={SIZE_OPTIONS} onPick={onSize} />
    </div>
  );
}

export interface MenuProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  onPick: (value: string) => void;
}

export function Menu({ label, value, options, onPick }: MenuProps) {
  return (
    <label class="veo-menu">
      <span>{label}</span>
      <select value={value} onChange={(event) => onPick(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
