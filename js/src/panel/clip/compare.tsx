// Two clips in step: side by side, one over the other with a wipe, or their difference.

import { useState } from "preact/hooks";
import { IconButton } from "../../core/ui/icons";
import { usePlayer } from "../../grid/context";
import type { Intent } from "../../grid/keys";
import { MODES, Modes, NoteEditor } from "../../grid/layers/layers";
import { type Mode, Panes } from "../../grid/layers/panes";
import { AT_REST, look, sizeText } from "../../grid/layers/zoom";
import { type Player, playBy } from "../../grid/player/player";
import { TransportBar } from "../../grid/player/transport";
import { MarksRow } from "../../grid/table/marks";
import type { Item } from "../../protocol.gen";
import { usePanel } from "../context";
import { useLayer } from "./layer-context";
import { LayerDialog } from "./layer-dialog";
import { ClipVideo } from "./picture";
import { useDetails, useItemMarks, useOwnPlayer } from "./state";
import { ClipStrip } from "./strip";

type Place = 0 | 1;
const NAMES = ["A", "B"] as const;

export function Compare({ clips }: { clips: readonly [string, string] }) {
  const { say } = usePanel();
  const { library, swap } = useLayer();
  const a = useDetails(clips[0], library.version);
  const b = useDetails(clips[1], library.version);
  const player = useOwnPlayer();
  const [mode, setMode] = useState<Exclude<Mode, "single">>("beside");
  const [labels, setLabels] = useState(true);
  const [view, setView] = useState(AT_REST);
  const [noting, setNoting] = useState<{ place: Place; note: string; save: (note: string) => void }>();
  const [picking, setPicking] = useState<Place>();
  const items = [a.details?.item, b.details?.item] as const;
  const audible = usePlayer(player, (it) => it.audible);
  const refusal = a.refusal || b.refusal;

  // Silence, A, B and silence again.
  const next = audible === "" ? 0 : items[0] !== undefined && audible === paneId(items[0], 0) ? 1 : undefined;
  const hear = () => {
    const item = next === undefined ? undefined : items[next];
    player.hear(item === undefined || next === undefined ? "" : paneId(item, next));
  };
  const act = (intent: Intent): boolean => {
    if (playBy(player, intent, items[0]?.fps ?? 24, say)) return true;
    if (intent.kind === "wipe" || intent.kind === "difference") {
      const next = mode === intent.kind ? "beside" : intent.kind;
      setMode(next);
      say(MODES[next], true);
    } else if (intent.kind === "labels") {
      setLabels(!labels);
      say(labels ? "Labels are off" : "Labels are on", true);
    } else if (intent.kind === "zoom" || intent.kind === "pan") {
      const next = look(view, intent);
      setView(next);
      if (intent.kind === "zoom") say(sizeText(next), true);
    } else if (intent.kind === "sound") hear();
    else return false;
    return true;
  };
  const panes = items.flatMap((item, place) => {
    if (item === undefined) return [];
    const label = labelOf(item);
    const picture = <ClipVideo item={item} id={paneId(item, place as Place)} label={label} player={player} />;
    return [{ id: paneId(item, place as Place), shape: item.shape, label, picture }];
  });

  return (
    <LayerDialog
      label="Two clips compared"
      heading={<h2>Compare</h2>}
      onIntent={act}
      onBack={() => {
        if (noting !== undefined) setNoting(undefined);
        else if (picking !== undefined) setPicking(undefined);
        else return false;
        return true;
      }}
      over={
        noting !== undefined && (
          <NoteEditor
            place={NAMES[noting.place]}
            note={noting.note}
            moves={0}
            onSave={noting.save}
            onClose={() => setNoting(undefined)}
          />
        )
      }
    >
      <Modes mode={mode} labels={labels} onMode={setMode} onLabels={() => setLabels((now) => !now)} />
      {refusal !== "" && (
        <p class="veo-refusal" role="alert">
          <span>{refusal}</span>
          <button
            type="button"
            class="veo-button"
            onClick={() => {
              a.again();
              b.again();
            }}
          >
            Try again
          </button>
        </p>
      )}
      <Panes
        panes={panes}
        mode={mode}
        labels={labels}
        view={view}
        onView={setView}
        onTap={() => player.toggle()}
      />
      <div class="veo-judge">
        {items.map((item, place) => (
          <Judge
            key={NAMES[place]}
            item={item}
            place={place as Place}
            player={player}
            picking={picking === place}
            onPick={() => setPicking(picking === place ? undefined : (place as Place))}
            onNote={(note, save) => setNoting({ place: place as Place, note, save })}
          />
        ))}
      </div>
      {picking !== undefined && (
        <ClipStrip
          label={`Show in place of ${NAMES[picking]}`}
          except={clips}
          onPick={({ key }) =>
            swap({ kind: "compare", clips: picking === 0 ? [key, clips[1]] : [clips[0], key] })
          }
        />
      )}
      <TransportBar
        player={player}
        fps={items[0]?.fps ?? 24}
        text={{ play: "Play both", hear: "Hear A" }}
        onSound={hear}
      />
    </LayerDialog>
  );
}

/** Its own for each place: a clip may be compared with itself. */
function paneId(item: Item, place: Place): string {
  return `${NAMES[place]} ${item.key}`;
}

function labelOf({ job, key, prompt }: Item): string {
  const sample = Number(key.split("/")[1] ?? 0);
  return `${job}${sample > 0 ? `, sample ${sample + 1}` : ""} · ${prompt}`;
}

interface JudgeProps {
  item: Item | undefined;
  place: Place;
  player: Player;
  picking: boolean;
  onPick: () => void;
  onNote: (note: string, save: (note: string) => void) => void;
}

function Judge({ item, place, player, picking, onPick, onNote }: JudgeProps) {
  const [marks, mark] = useItemMarks(item);
  const id = item === undefined ? "" : paneId(item, place);
  const audible = usePlayer(player, (it) => it.audible === id);
  const name = NAMES[place];
  return (
    <span role="group" aria-label={item === undefined ? name : `${name}: ${labelOf(item)}`}>
      <b>{name}</b>
      {item !== undefined && (
        <>
          <MarksRow
            marks={marks}
            tabIndex={0}
            onRate={(rating) => mark({ rating })}
            onStar={() => mark({ star: !marks.star })}
            onNote={() => onNote(marks.note, (note) => mark({ note }))}
          />
          <IconButton
            name={audible ? "sound" : "silent"}
            label={audible ? `Mute ${name}` : `Hear ${name}`}
            pressed={audible}
            onClick={() => player.hear(audible ? "" : id)}
          />
        </>
      )}
      <button
        type="button"
        class="veo-quiet"
        aria-expanded={picking}
        aria-label={`Another clip in place of ${name}`}
        onClick={onPick}
      >
        another clip
      </button>
    </span>
  );
}
