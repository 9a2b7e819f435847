// Clips put in order, each cut to what is wanted of it, seen as one, and saved as one.

import { useEffect, useRef, useState } from "preact/hooks";
import { refusalOf } from "../../../core/connection";
import type { Intent } from "../../../grid/keys";
import { formatPosition } from "../../../grid/player/sync";
import type { Item } from "../../../protocol.gen";
import { usePanel } from "../../context";
import { Action, Question } from "../action";
import { useLayer } from "../layer-context";
import { LayerDialog } from "../layer-dialog";
import { ClipStrip } from "../strip";
import { PieceList } from "./piece";
import { type JoinPart, toPiece, totalOf, wholeOf } from "./pieces";
import { Preview } from "./preview";
import { Sequence } from "./sequence";

/** Milliseconds that putting clips together may take: they may have to be encoded again. */
export const DEADLINE_MS = 300_000;
/** Pieces in one clip; the kernel takes no more. */
const MOST = 100;

export function Join({ clips }: { clips: readonly string[] }) {
  const own = usePanel();
  const { panel, swap } = useLayer();
  const [parts, setParts] = useState<readonly JoinPart[]>([]);
  const [title, setTitle] = useState("");
  const [saving, setSaving] = useState(false);
  const [refusal, setRefusal] = useState("");
  /** Whether something was done that leaving would lose, and whether that was said. */
  const touched = useRef(false);
  const [asking, setAsking] = useState(false);
  const count = useRef(0);
  const open = useRef(true);
  const [sequence] = useState(() => new Sequence());
  const newPart = (item: Item) => wholeOf(item, `piece ${count.current++}`);

  useEffect(() => {
    open.current = true;
    return () => {
      open.current = false;
      sequence.end();
    };
  }, [sequence]);
  const change = (next: readonly JoinPart[], byHand = true) => {
    touched.current ||= byHand;
    sequence.setParts(next);
    setParts(next);
  };

  // Where the library does not know how long a clip is, its video does.
  const learn = ({ id, item }: JoinPart, duration: number) => {
    if (item.duration > 0 || !Number.isFinite(duration)) return;
    change(
      parts.map((one) => (one.id === id ? wholeOf({ ...item, duration }, id) : one)),
      false,
    );
  };

  const { request } = own;
  useEffect(() => {
    let wanted = true;
    const look = async (clip: string) => (await own.ask("details", { clip }))?.item;
    void Promise.all(clips.map(look)).then((items) => {
      if (!wanted) return;
      const usable = items.filter((item) => item?.here === true && item.kind !== "none");
      const missing = items.length - usable.length;
      if (missing > 0) own.say(`${missing} of them can't be put together: the file is not there.`);
      change(
        usable.flatMap((item) => (item === undefined ? [] : [newPart(item)])),
        false,
      );
    });
    return () => {
      wanted = false;
    };
  }, []);

  const save = async () => {
    setSaving(true);
    setRefusal("");
    setAsking(false);
    sequence.pause();
    const text = `${parts.length === 1 ? "One piece" : `${parts.length} pieces`} saved as one clip.`;
    try {
      const pieces = parts.map(toPiece);
      const answer = await request("join", { pieces, title: title.trim() }, { timeout: DEADLINE_MS });
      const layer = { kind: "details", clip: answer.clip } as const;
      if (open.current) swap(layer);
      else panel.offer(text, "Open it", () => panel.open(layer));
    } catch (error) {
      const { code, text } = refusalOf(error);
      if (open.current) setRefusal(text);
      else if (code !== "closed") panel.say(text);
    } finally {
      setSaving(false);
    }
  };

  const act = (intent: Intent): boolean => {
    if (intent.kind === "play") sequence.toggle();
    else if (intent.kind === "skip") sequence.seek(sequence.position + intent.seconds);
    else if (intent.kind === "step") {
      sequence.pause();
      sequence.seek(sequence.position + intent.frames / (parts[sequence.index]?.item.fps || 24));
    } else if (intent.kind === "start") sequence.seek(0);
    else if (intent.kind === "sound") sequence.mute();
    else return false;
    return true;
  };
  const empty = parts.length === 0 ? "Add a clip first." : "";

  return (
    <LayerDialog
      label="Put clips together"
      heading={<h2>Put clips together</h2>}
      onIntent={act}
      onBack={() => {
        setAsking(false);
        return asking;
      }}
      onLeave={() => {
        const stay = touched.current && parts.length > 0 && !saving;
        setAsking(stay);
        return stay;
      }}
    >
      {asking && (
        <Question
          text="What you put together here is not saved."
          yes="Leave"
          no="Go on"
          onYes={own.close}
          onNo={() => setAsking(false)}
        />
      )}
      <div class="veo-join">
        <Preview parts={parts} sequence={sequence} onLength={learn} />
        <div class="veo-join-side">
          <PieceList
            parts={parts}
            onChange={change}
            onLook={(part, seconds) => sequence.look(part.id, seconds)}
            onSay={(text) => own.say(text, true)}
          />
          <div class="veo-join-end">
            <label class="veo-title">
              <span>Title</span>
              <input
                type="text"
                maxLength={200}
                placeholder={`${parts.length || "No"} clips joined`}
                value={title}
                onInput={(event) => {
                  touched.current = true;
                  setTitle(event.currentTarget.value);
                }}
              />
            </label>
            <span class="veo-total">{formatPosition(totalOf(parts))} in all</span>
            <Action reason={empty} onAct={save} busy="Saving…">
              Save as one clip
            </Action>
          </div>
          <p class="veo-join-words" role="status">
            {saving && "Putting them together. It may take a minute; you can close this and go on."}
            {refusal}
          </p>
        </div>
      </div>
      <ClipStrip
        label="Add a clip"
        onPick={(item) => {
          if (parts.length >= MOST) return own.say(`No more than ${MOST} pieces go into one clip.`);
          change([...parts, newPart(item)]);
          own.say(`Added ${item.job} as piece ${parts.length + 1}.`, true);
        }}
      />
    </LayerDialog>
  );
}
