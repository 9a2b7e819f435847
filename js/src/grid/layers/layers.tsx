// What lies over the table: one clip enlarged, two compared, a note, the keys.

import { useEffect, useState } from "preact/hooks";
import { formatLine } from "../../core/line";
import { Dialog } from "../../core/ui/dialog";
import { StateIcon } from "../../core/ui/state-icon";
import type { CellDetails, GridAxis, GridCell, GridClip } from "../../protocol.gen";
import { placeText, type Spot } from "../axes";
import type { Ask, GridContext, Marks } from "../context";
import { SHOWN } from "../keys";
import { ClipPicture, usePoster } from "../player/clip";
import { TransportBar } from "../player/transport";
import { CELL_LABELS } from "../summary";
import { MarksRow } from "../table/marks";
import { MeasureTable } from "./measures";
import { type Mode, type Pane, Panes } from "./panes";
import type { Zoom } from "./zoom";

interface LayerProps {
  context: GridContext;
  view: Zoom;
  onView: (view: Zoom) => void;
  moves: number;
  onClose: () => void;
  onSound: () => void;
}

interface EnlargedProps extends LayerProps {
  spot: Spot & { cell: GridCell };
  axes: readonly GridAxis[];
  marks: Marks;
  ask: Ask;
  onRate: (rating: number) => void;
  onStar: () => void;
  onNote: () => void;
}

export function Enlarged(props: EnlargedProps) {
  const { spot, axes, marks, ask, context, view, onView, moves, onClose, onSound } = props;
  const { cell, sample } = spot;
  const clip = cell.clips[sample];
  const place = placeText(axes, cell, sample);
  const details = useDetails(ask, cell);
  const text = formatLine(details?.line ?? cell.line, context.clock.now());
  const [action] = cell.actions;
  const measures = details?.measures[sample] ?? [];
  return (
    <Dialog label={`Enlarged: ${place}`} size="full" moves={moves} onClose={onClose}>
      <h2>{place}</h2>
      {clip === undefined ? (
        <div class="veo-panes veo-nothing" data-shape={cell.shape}>
          <p>{text}</p>
        </div>
      ) : (
        <Panes
          panes={[largePane({ id: spot.id, cell, sample, clip, label: place }, context)]}
          mode="single"
          labels={false}
          view={view}
          onView={onView}
        />
      )}
      <div class="veo-about">
        {cell.state !== "empty" && (
          <p class="veo-about-line">
            <StateIcon state={cell.state} label={cell.state} />
            <span>{text}</span>
          </p>
        )}
        {clip !== undefined && (
          <MarksRow
            marks={marks}
            tabIndex={0}
            onRate={props.onRate}
            onStar={props.onStar}
            onNote={props.onNote}
          />
        )}
        {action !== undefined && (
          <button
            type="button"
            class="veo-button"
            onClick={() => void ask(`${action}-job`, { job: cell.job })}
          >
            {CELL_LABELS[action]}
          </button>
        )}
      </div>
      {marks.note !== "" && <p class="veo-note-shown">{marks.note}</p>}
      {details !== undefined && (
        <div class="veo-recipe">
          <p dir="auto">{details.prompt}</p>
          <p>{details.settings.join(" · ")}</p>
        </div>
      )}
      {measures.length > 0 && (
        <section aria-label="Measures">
          <MeasureTable measures={measures} />
        </section>
      )}
      {clip !== undefined && <TransportBar player={context.player} fps={clip.fps} onSound={onSound} />}
    </Dialog>
  );
}

/** What was asked for in a cell, in full. It is not sent with the cells: 200 prompts would be. */
function useDetails(ask: Ask, cell: GridCell): CellDetails | undefined {
  const [found, setFound] = useState<{ key: string; details: CellDetails }>();
  // What happens to the cell changes its words, so the state is among these.
  useEffect(() => {
    let wanted = cell.job !== "";
    if (wanted) {
      void ask("details", { cell: cell.key }).then((answer) => {
        if (wanted && isDetails(answer)) setFound({ key: cell.key, details: answer });
      });
    }
    return () => {
      wanted = false;
    };
  }, [ask, cell.key, cell.state]);
  return found?.key === cell.key ? found.details : undefined;
}

function isDetails(answer: unknown): answer is CellDetails {
  const it = answer as Partial<CellDetails> | undefined;
  return typeof it?.prompt === "string" && [it.settings, it.line, it.measures].every(Array.isArray);
}

/** A clip that is shown large, and where it is from. */
export interface LargeClip {
  id: string;
  cell: GridCell;
  sample: number;
  clip: GridClip;
  label: string;
}

function largePane(large: LargeClip, context: GridContext): Pane {
  const { id, cell, label } = large;
  return { id, shape: cell.shape, label, picture: <LargePicture large={large} context={context} /> };
}

function LargePicture({ large, context }: { large: LargeClip; context: GridContext }) {
  const { id, cell, sample, clip, label } = large;
  const poster = usePoster(context, cell.key, sample, clip, true);
  return <ClipPicture id={id} clip={clip} label={label} poster={poster} live context={context} />;
}

interface ComparedProps extends LayerProps {
  panes: readonly LargeClip[];
  mode: Exclude<Mode, "single">;
  labels: boolean;
  onMode: (mode: Exclude<Mode, "single">) => void;
  onLabels: () => void;
  marksOf: (pane: LargeClip) => Marks;
  onRate: (id: string, rating: number) => void;
  onStar: (id: string) => void;
  onNote: (id: string) => void;
}

export function Compared(props: ComparedProps) {
  const { panes, mode, labels, context, view, onView, moves, onClose, onSound, onMode, onLabels } = props;
  return (
    <Dialog label="Two clips compared" size="full" moves={moves} onClose={onClose}>
      <Modes mode={mode} labels={labels} onMode={onMode} onLabels={onLabels} />
      <Panes
        panes={panes.map((pane) => largePane(pane, context))}
        mode={mode}
        labels={labels}
        view={view}
        onView={onView}
      />
      <div class="veo-judge">
        {panes.map((pane, place) => (
          <span key={pane.id} role="group" aria-label={`${"AB"[place]}: ${pane.label}`}>
            <b>{"AB"[place]}</b>
            <MarksRow
              marks={props.marksOf(pane)}
              tabIndex={0}
              onRate={(rating) => props.onRate(pane.id, rating)}
              onStar={() => props.onStar(pane.id)}
              onNote={() => props.onNote(pane.id)}
            />
          </span>
        ))}
      </div>
      <TransportBar player={context.player} fps={panes[0]?.clip.fps ?? 24} onSound={onSound} />
    </Dialog>
  );
}

/** How two clips may be laid out, in words. */
export const MODES = { beside: "Side by side", wipe: "Wipe", difference: "Difference" } as const;
const EVERY_MODE = ["beside", "wipe", "difference"] as const;

interface ModesProps {
  mode: Exclude<Mode, "single">;
  labels: boolean;
  onMode: (mode: Exclude<Mode, "single">) => void;
  onLabels: () => void;
}

/** How two clips are laid out, to choose from. */
export function Modes({ mode, labels, onMode, onLabels }: ModesProps) {
  return (
    <div class="veo-modes" role="radiogroup" aria-label="How to compare">
      {EVERY_MODE.map((name) => (
        <button
          key={name}
          type="button"
          role="radio"
          class="veo-button"
          aria-checked={mode === name}
          onClick={() => onMode(name)}
        >
          {MODES[name]}
        </button>
      ))}
      <button type="button" class="veo-button" aria-pressed={labels} onClick={onLabels}>
        Labels
      </button>
    </div>
  );
}

interface NoteProps {
  place: string;
  note: string;
  moves: number;
  onSave: (note: string) => void;
  onClose: () => void;
}

export function NoteEditor({ place, note, moves, onSave, onClose }: NoteProps) {
  const [text, setText] = useState(note);
  const save = () => {
    onSave(text.trim());
    onClose();
  };
  return (
    <Dialog label={`Note on ${place}`} size="small" moves={moves} onClose={onClose}>
      <label class="veo-note">
        <span>Note on {place}</span>
        <textarea
          autoFocus
          rows={4}
          maxLength={2000}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            save();
          }}
        />
      </label>
      <div class="veo-buttons">
        <span class="veo-hint">Enter saves, Shift+Enter makes a line</span>
        <button type="button" class="veo-button" onClick={save}>
          Save
        </button>
      </div>
    </Dialog>
  );
}

export function Keys({ moves, onClose }: { moves: number; onClose: () => void }) {
  return (
    <Dialog label="Keys" size="small" moves={moves} onClose={onClose}>
      <h2>Keys</h2>
      <dl class="veo-keys">
        {SHOWN.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.split("  ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
