// One cell: a box with the clip's shape from the first moment, in it what happens or the clip, under it the marks.

import { useRef } from "preact/hooks";
import { useNow } from "../../core/clock";
import { formatLine, spokenLine } from "../../core/line";
import { Bar, Waiting } from "../../core/ui/box";
import { useKeptFocus } from "../../core/ui/focus";
import { Icon, IconButton } from "../../core/ui/icons";
import { StateIcon } from "../../core/ui/state-icon";
import { useSight } from "../../core/ui/visibility";
import type { CellAction, GridCell, GridClip, Shape } from "../../protocol.gen";
import type { Spot } from "../axes";
import { type GridContext, type Marks, usePlayer } from "../context";
import { ClipPicture, useAudible, usePoster } from "../player/clip";
import { CELL_LABELS } from "../summary";
import { MarksRow, marksText } from "./marks";

/** What a cell can ask of its grid. The same object throughout, so that cells need not be drawn again for it. */
export interface CellActions {
  focus: (id: string) => void;
  enlarge: (id: string) => void;
  choose: (id: string) => void;
  rate: (id: string, rating: number) => void;
  star: (id: string) => void;
  note: (id: string) => void;
  steer: (action: CellAction, cell: GridCell) => void;
}

const NOT_PART = "Not part of this sweep";

interface CellProps {
  spot: Spot;
  shape: Shape;
  /** The cell's place in words. */
  place: string;
  /** What stands over the cell where there is no head above it. */
  heading: string;
  active: boolean;
  /** `A` or `B` when it is chosen for comparing. */
  chosen: string;
  marks: Marks;
  /** Whether a larger view covers the grid, so that the clips here rest. */
  covered: boolean;
  context: GridContext;
  actions: CellActions;
}

export function Cell(props: CellProps) {
  const { spot, shape, place, heading, active, chosen, marks, covered, context, actions } = props;
  const { cell, sample } = spot;
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const audible = useAudible(context, spot.id);
  const clip = cell?.clips[sample];
  const live = cell?.progress != null || (cell?.line.some((part) => typeof part !== "string") ?? false);
  const now = useNow(context.clock, useSight(context.near, frame, live));
  const text = formatLine(cell?.line ?? [], now);
  const spoken = spokenLine(cell?.line ?? [], now);
  const named = useRef({ state: cell?.state, text: spoken });
  // The name of what has the focus is read out each time that it changes: meanwhile it stands.
  if (named.current.state !== cell?.state || box.current?.matches(":focus") !== true) {
    named.current = { state: cell?.state, text: spoken };
  }
  const said = [
    clip !== undefined ? "done" : cell === undefined ? NOT_PART : named.current.text,
    marksText(marks),
    chosen && `chosen as ${chosen}`,
    audible ? "its sound is on" : "",
  ];
  const name = [place, said.filter((word) => word !== "").join(", ")]
    .filter((word) => word !== "")
    .join(": ");
  // A button that has done what it was there for goes.
  useKeptFocus(box, () => box.current);
  return (
    // What has a name and the focus is a group in the cell: the name of a cell itself would have to begin with all that
    // is written in it, its buttons too.
    <div role="gridcell" class="veo-place" aria-selected={chosen !== ""}>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the grid listens to the keys of all its cells */}
      <div
        ref={box}
        role="group"
        class="veo-cell"
        data-spot={spot.id}
        data-state={cell?.state ?? "empty"}
        tabIndex={active ? 0 : -1}
        aria-label={name}
        onFocusIn={() => actions.focus(spot.id)}
        onDblClick={() => cell?.job && actions.enlarge(spot.id)}
        onClick={(event) => (event.target as Element).closest("button") ?? box.current?.focus()}
      >
        {heading !== "" && (
          <div class="veo-cell-head" title={heading}>
            {heading}
          </div>
        )}
        <div ref={frame} class="veo-box" data-shape={cell?.shape ?? shape}>
          {cell === undefined || clip === undefined ? (
            <Undone cell={cell} text={text} spoken={spoken} now={now} active={active} actions={actions} />
          ) : (
            <Done
              id={spot.id}
              cell={cell.key}
              sample={sample}
              clip={clip}
              label={place}
              covered={covered}
              box={box}
              context={context}
            />
          )}
          {chosen !== "" && <span class="veo-chosen">{chosen}</span>}
          {audible && (
            <span class="veo-heard" title="Its sound is on">
              <Icon name="sound" />
            </span>
          )}
        </div>
        <div class="veo-cell-foot" data-marked={marksText(marks) !== "" || chosen !== ""}>
          {clip !== undefined && (
            <>
              <MarksRow
                marks={marks}
                tabIndex={active ? 0 : -1}
                onRate={(rating) => actions.rate(spot.id, rating)}
                onStar={() => actions.star(spot.id)}
                onNote={() => actions.note(spot.id)}
              />
              {cell?.actions.includes("finalize") && (
                <IconButton
                  name="final"
                  label={[CELL_LABELS.finalize, cell.final_cost].filter(Boolean).join(": ")}
                  tabIndex={active ? 0 : -1}
                  onClick={() => actions.steer("finalize", cell)}
                />
              )}
              <IconButton
                name="choose"
                label={chosen === "" ? "Choose for comparing" : "Do not compare"}
                pressed={chosen !== ""}
                tabIndex={active ? 0 : -1}
                onClick={() => actions.choose(spot.id)}
              />
              <IconButton
                name="enlarge"
                label="Enlarge"
                tabIndex={active ? 0 : -1}
                onClick={() => actions.enlarge(spot.id)}
              />
            </>
          )}
        </div>
      </div>
    </div>
  );
}

interface DoneProps {
  id: string;
  cell: string;
  sample: number;
  clip: GridClip;
  label: string;
  covered: boolean;
  /** What comes in sight. */
  box: { current: HTMLElement | null };
  context: GridContext;
}

/** The clip: alone drawn again as it comes in sight and goes, which while scrolling happens to dozens of cells a second. */
function Done({ id, cell, sample, clip, label, covered, box, context }: DoneProps) {
  const near = useSight(context.near, box);
  const onScreen = useSight(context.sight, box);
  const engaged = usePlayer(context.player, (player) => player.engaged);
  const poster = usePoster(context, cell, sample, clip, near);
  const live = onScreen && engaged && !covered;
  return (
    <ClipPicture id={id} clip={clip} small label={label} poster={poster} live={live} context={context} />
  );
}

interface UndoneProps {
  cell: GridCell | undefined;
  text: string;
  /** The same for the ear. */
  spoken: string;
  now: number;
  active: boolean;
  actions: CellActions;
}

/** What stands in the box of a clip that is not there: why, since when, and what can be done. */
function Undone({ cell, text, spoken, now, active, actions }: UndoneProps) {
  if (cell === undefined || cell.state === "empty") {
    return <p class="veo-empty">{cell === undefined ? NOT_PART : text}</p>;
  }
  const { state } = cell;
  return (
    <>
      <Waiting state={state} backdrop="" icon={false} />
      <div class="veo-undone">
        <p title={text}>
          <StateIcon state={state} label={state} />
          <span>{text}</span>
        </p>
        {cell.actions.map((action) => (
          <button
            key={action}
            type="button"
            class="veo-button"
            tabIndex={active ? 0 : -1}
            onClick={() => actions.steer(action, cell)}
          >
            {CELL_LABELS[action]}
          </button>
        ))}
      </div>
      {cell.progress !== null && <Bar key={state} progress={cell.progress} now={now} text={spoken} />}
    </>
  );
}
