// One clip with all that is known of it, and what can be made of it from here.

import { useState } from "preact/hooks";
import { useNow } from "../../../core/clock";
import { formatLine } from "../../../core/line";
import { imageSource } from "../../../core/sources";
import { Waiting } from "../../../core/ui/box";
import { IconButton } from "../../../core/ui/icons";
import { StateIcon } from "../../../core/ui/state-icon";
import type { Intent } from "../../../grid/keys";
import { NoteEditor } from "../../../grid/layers/layers";
import { MeasureTable } from "../../../grid/layers/measures";
import { Panes } from "../../../grid/layers/panes";
import { AT_REST, look, sizeText } from "../../../grid/layers/zoom";
import { playBy } from "../../../grid/player/player";
import { TransportBar } from "../../../grid/player/transport";
import { MarksRow } from "../../../grid/table/marks";
import type { Details, Item, Lineage } from "../../../protocol.gen";
import { usePanel } from "../../context";
import { Action, type Opened } from "../action";
import { useLayer } from "../layer-context";
import { LayerDialog } from "../layer-dialog";
import { ClipVideo, Thumb } from "../picture";
import { useDetails, useItemMarks, useNeighbours, useOwnPlayer } from "../state";
import { Actions } from "./actions";
import { Change } from "./change";
import { Steps } from "./steps";

/** A long clip of 4k takes minutes. */
const MEASURING_MS = 10 * 60_000;

const KINDS: Readonly<Record<Item["kind"], string>> = { clip: "Clip", joined: "Joined clip", none: "Job" };

export function ClipDetails({ clip }: { clip: string }) {
  const { say } = usePanel();
  const { library, view, swap } = useLayer();
  const { details, refusal, again } = useDetails(clip, library.version);
  const [marks, mark] = useItemMarks(details?.item);
  const beside = useNeighbours(clip, view, library.version);
  const player = useOwnPlayer();
  const [zoomed, setZoomed] = useState(AT_REST);
  const [noting, setNoting] = useState(false);
  const [open, setOpen] = useState<Opened>("");
  const item = details?.item;
  const name = `${KINDS[item?.kind ?? "clip"]} ${nameOf(clip, item)}`;

  const steps = new Set(details?.steps.map(({ key }) => key));
  const isNoStep = ({ key }: Lineage) => !steps.has(key);

  const turn = (to: string | undefined) => {
    if (to === undefined || to === "") return false;
    swap({ kind: "details", clip: to });
    return true;
  };
  const act = (intent: Intent): boolean => {
    if (intent.kind === "move") {
      return intent.row === 0 && turn(intent.column < 0 ? beside?.before : beside?.after);
    }
    if (item === undefined || item.kind === "none") return false;
    if (playBy(player, intent, item.fps, say)) return true;
    if (intent.kind === "rate") mark({ rating: intent.rating });
    else if (intent.kind === "star") mark({ star: !marks.star });
    else if (intent.kind === "note") setNoting(true);
    else if (intent.kind === "sound") player.hear(player.audible === "" ? item.key : "");
    else if (intent.kind === "zoom" || intent.kind === "pan") {
      const next = look(zoomed, intent);
      setZoomed(next);
      if (intent.kind === "zoom") say(sizeText(next), true);
    } else if (intent.kind === "compare") setOpen("compare");
    else return false;
    return true;
  };

  return (
    <LayerDialog
      label={name}
      heading={
        <>
          <h2>{name}</h2>
          {item !== undefined && <span class="veo-hint">{item.settings}</span>}
          <span class="veo-turns">
            {beside !== undefined && (
              <>
                <Turn name="before" label="Previous clip (←)" to={beside.before} turn={turn} />
                <Turn name="after" label="Next clip (→)" to={beside.after} turn={turn} />
              </>
            )}
          </span>
        </>
      }
      onIntent={act}
      onBack={() => {
        if (noting) setNoting(false);
        else if (open !== "") setOpen("");
        else return false;
        return true;
      }}
      over={
        noting && (
          <NoteEditor
            place={name}
            note={marks.note}
            moves={0}
            onSave={(note) => mark({ note })}
            onClose={() => setNoting(false)}
          />
        )
      }
    >
      {refusal !== "" && (
        <p class="veo-refusal" role="alert">
          <StateIcon state="uncertain" label="not done" />
          <span>{refusal}</span>
          <button type="button" class="veo-button" onClick={again}>
            Try again
          </button>
        </p>
      )}
      {details === undefined || item === undefined ? (
        <div class="veo-details" data-shape="16:9">
          <div class="veo-details-clip">
            <div class="veo-panes" data-shape="16:9">
              <Waiting state="running" backdrop="" icon={false} />
            </div>
          </div>
          <p class="veo-hint">{refusal === "" ? "Asking the kernel about it" : ""}</p>
        </div>
      ) : (
        <div class="veo-details" data-shape={item.shape}>
          <div class="veo-details-clip">
            {item.kind === "none" ? (
              <div class="veo-panes" data-shape={item.shape}>
                <Waiting state={item.state} backdrop="" />
              </div>
            ) : (
              <>
                <Panes
                  panes={[
                    {
                      id: item.key,
                      shape: item.shape,
                      label: name,
                      picture: <ClipVideo item={item} label={name} player={player} />,
                    },
                  ]}
                  mode="single"
                  labels={false}
                  view={zoomed}
                  onView={setZoomed}
                  onTap={() => player.toggle()}
                />
                <TransportBar
                  player={player}
                  fps={item.fps}
                  text={{ play: "Play", hear: "Hear it" }}
                  onSound={() => player.hear(player.audible === "" ? item.key : "")}
                />
                <Change details={details} player={player} onSent={again} />
              </>
            )}
          </div>
          <div class="veo-details-words">
            <p class="veo-details-prompt" dir="auto">
              {details.prompt}
            </p>
            <LiveLine details={details} />
            {item.kind !== "none" && (
              <div class="veo-details-marks">
                <MarksRow
                  marks={marks}
                  tabIndex={0}
                  onRate={(rating) => mark({ rating })}
                  onStar={() => mark({ star: !marks.star })}
                  onNote={() => setNoting(true)}
                />
                {marks.note !== "" && <p class="veo-details-note">{marks.note}</p>}
              </div>
            )}
            <Actions details={details} player={player} open={open} onOpen={setOpen} onSent={again} />
            <Steps details={details} player={player} />
            <Measures details={details} onMeasured={again} />
            <Recipe details={details} />
            <Family label="It came from" links={details.came_from.filter(isNoStep)} />
            <Family label="Made from it" links={details.became.filter(isNoStep)} />
          </div>
        </div>
      )}
    </LayerDialog>
  );
}

function nameOf(clip: string, item: Item | undefined): string {
  const [job = clip, sample = "0"] = clip.split("/");
  return (item?.job || job) + (sample === "0" ? "" : `, sample ${Number(sample) + 1}`);
}

interface TurnProps {
  name: "before" | "after";
  label: string;
  to: string;
  turn: (to: string) => boolean;
}

function Turn({ name, label, to, turn }: TurnProps) {
  return (
    <span data-off={to === ""}>
      <IconButton
        name={name}
        label={to === "" ? `${label}: this is the ${name === "before" ? "first" : "last"}` : label}
        onClick={() => turn(to)}
      />
    </span>
  );
}

/** What happens to it, or what came of it. */
function LiveLine({ details: { line, item } }: { details: Details }) {
  const { clock } = usePanel();
  const now = useNow(
    clock,
    line.some((part) => typeof part !== "string"),
  );
  return (
    <p class="veo-line">
      <StateIcon state={item.state} label={item.state} />
      <span>{formatLine(line, now)}</span>
    </p>
  );
}

function Recipe({ details: { recipe, pictures } }: { details: Details }) {
  return (
    <section aria-label="Recipe">
      <h3>Recipe</h3>
      <dl class="veo-recipe-table">
        {recipe.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {pictures.length > 0 && (
        <ul class="veo-given" aria-label="Pictures">
          {pictures.map(({ key, name, width, height, still }, place) => (
            <li key={`${key} ${place}`}>
              <img src={imageSource(still)} alt="" />
              <span title={`${width} × ${height}`}>{name}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What a program says of it; before it was measured, a button that has it done. */
function Measures({ details: { item, measures }, onMeasured }: { details: Details; onMeasured: () => void }) {
  const { ask } = usePanel();
  if (item.kind === "none") return null;
  const measure = async () => {
    const answer = await ask("measure", { clip: item.key }, { timeout: MEASURING_MS });
    if (answer !== undefined) onMeasured();
  };
  return (
    <section aria-label="Measures">
      <h3>Measures</h3>
      {measures.length > 0 ? (
        <MeasureTable measures={measures} />
      ) : (
        <Action reason={item.here ? "" : "Its file is not there."} busy="Measuring…" onAct={measure}>
          Measure
        </Action>
      )}
    </section>
  );
}

/** The clips on one side of it, to go to. */
function Family({ label, links }: { label: string; links: readonly Lineage[] }) {
  const { open } = usePanel();
  if (links.length === 0) return null;
  return (
    <section aria-label={label}>
      <h3>{label}</h3>
      <ul class="veo-family">
        {links.map(({ key, how, prompt, here, note }) => (
          <li key={`${key} ${how}`}>
            <Thumb
              clip={key}
              label={`${how}${note && ` · ${note}`}: ${prompt}`}
              here={here}
              reason={here ? "" : note === "gone" ? "it is no longer there" : "it is not there"}
              onPick={() => open({ kind: "details", clip: key })}
            >
              {`${how}${note && ` · ${note}`}`}
            </Thumb>
          </li>
        ))}
      </ul>
    </section>
  );
}
