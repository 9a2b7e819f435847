// What can be done with a clip: made again, varied, gone on from, compared, copied, taken away.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { videoSource } from "../../../core/sources";
import { hasNoFocus } from "../../../core/ui/focus";
import type { Player } from "../../../grid/player/player";
import type { Details } from "../../../protocol.gen";
import { type Panel, usePanel } from "../../context";
import { useVideoSource } from "../../media/media";
import { Action, type Opened, Question } from "../action";
import { goCompose, goOn, useLayer } from "../layer-context";
import { ClipStrip } from "../strip";
import { FrameChooser } from "./frame-chooser";

interface ActionsProps {
  details: Details;
  player: Player;
  open: Opened;
  onOpen: (open: Opened) => void;
  /** A step was sent. */
  onSent: () => void;
}

export function Actions({ details, player, open, onOpen, onSent }: ActionsProps) {
  const { item, actions, cannot_extend, extend_model } = details;
  const own = usePanel();
  const { panel } = useLayer();
  const [byHand, setByHand] = useState({ name: "", text: "" });
  const { key: clip, job, kind } = item;
  const has = (action: Details["actions"][number]) => actions.includes(action);
  const isClip = kind !== "none";
  const gone = item.here ? "" : "Its file is not there.";
  const row = useRef<HTMLDivElement>(null);
  const opener = useRef<Opened>("");
  const toggle = (which: Opened) => onOpen(open === which ? "" : which);
  // What was open takes the focus with it: back to the button that opened it.
  useLayoutEffect(() => {
    const from = opener.current;
    opener.current = open;
    if (open !== "" || !hasNoFocus(row.current)) return;
    row.current?.querySelector<HTMLElement>(`[data-opens="${from}"]`)?.focus();
  }, [open]);

  const another = async () => {
    const answer = await own.ask("another", { clip });
    if (answer !== undefined) own.say(`Another take is on its way as ${answer.job}: it is in the queue.`);
  };
  const finalize = async () => {
    const answer = await own.ask("finalize", { clip });
    if (answer === undefined) return;
    own.say(`Its final is on its way as ${answer.job}: it is among the steps.`);
    onSent();
  };
  const rerun = async () => {
    const answer = await own.ask("rerun", { job });
    if (answer !== undefined) own.say(`Asked again as ${answer.job}: it is in the queue.`);
  };
  const vary = async () => {
    const answer = await own.ask("vary", { clip });
    if (answer === undefined) return;
    goCompose(panel, "What made this clip is in Compose now: change what you like.", () => answer.draft);
  };
  const simple = async (command: "retry" | "resubmit", text: string) => {
    if ((await own.ask(command, { job })) !== undefined) own.say(text);
  };
  const remove = async () => {
    if ((await own.ask("delete", { clips: [clip] })) === undefined) return;
    panel.close();
    panel.offer(`Deleted ${job}.`, "Undo", () => void restore(panel, clip, job));
  };
  const copy = async (name: string, text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      own.say(`Copied: paste it into ${name === "cell" ? "an empty cell" : "your code"}.`);
    } catch {
      // Refused, or missing on plain http: then by hand.
      setByHand({ name, text });
      onOpen("text");
    }
  };

  return (
    <section class="veo-actions" aria-label="What to do with it">
      <div ref={row} class="veo-action-row">
        {has("finalize") && (
          <Action onAct={finalize} busy="Asking for it in full…">
            {["Make it final", details.final_cost].filter(Boolean).join(" · ")}
          </Action>
        )}
        {has("another") && (
          <Action onAct={another} busy="Asking…">
            Another take
          </Action>
        )}
        {has("rerun") && (
          <Action onAct={rerun} busy="Asking again…">
            Try again
          </Action>
        )}
        {has("retry") && (
          <Action
            onAct={() => simple("retry", "Fetching it from the provider: nothing is made anew.")}
            busy="Asking…"
          >
            Fetch it
          </Action>
        )}
        {has("resubmit") && (
          <Action opens="resubmit" expanded={open === "resubmit"} onAct={() => toggle("resubmit")}>
            Send it again
          </Action>
        )}
        {has("vary") && (
          <Action onAct={vary} busy="Reading…">
            Vary
          </Action>
        )}
        {isClip && (
          <>
            <Action opens="frame" reason={gone} expanded={open === "frame"} onAct={() => toggle("frame")}>
              Use frame
            </Action>
            <Action reason={cannot_extend} onAct={() => goOn(panel, item, extend_model)}>
              Extend
            </Action>
            <Action
              opens="compare"
              reason={gone}
              expanded={open === "compare"}
              onAct={() => toggle("compare")}
            >
              Compare
            </Action>
            <Action reason={gone} onAct={() => own.open({ kind: "join", clips: [clip] })}>
              Join
            </Action>
          </>
        )}
        {details.cell !== "" && (
          <Action onAct={() => copy("cell", details.cell)} busy="Copying…">
            Copy as cell
          </Action>
        )}
        {details.python !== "" && (
          <Action onAct={() => copy("python", details.python)} busy="Copying…">
            Copy as Python
          </Action>
        )}
        {isClip && (
          <>
            <Download details={details} />
            <Action opens="delete" expanded={open === "delete"} onAct={() => toggle("delete")}>
              Delete
            </Action>
          </>
        )}
      </div>
      {open === "resubmit" && (
        <Question
          text="It may have been accepted the first time: then you pay twice. Look at your provider's dashboard before."
          yes="Send it again"
          no="Leave it"
          onYes={() => simple("resubmit", "Sent again.").then(() => onOpen(""))}
          onNo={() => onOpen("")}
        />
      )}
      {open === "frame" && <FrameChooser item={item} player={player} />}
      {open === "compare" && (
        <ClipStrip
          label="Compare it with"
          except={[clip]}
          onPick={(other) => {
            player.pause();
            own.open({ kind: "compare", clips: [clip, other.key] });
          }}
        />
      )}
      {open === "delete" && (
        <Question
          text={`Delete this ${kind === "joined" ? "joined clip" : "clip"}? It can be undone for a week.`}
          yes="Delete"
          onYes={remove}
          onNo={() => onOpen("")}
        />
      )}
      {open === "text" && <ByHand key={byHand.name} text={byHand.text} />}
    </section>
  );
}

async function restore(panel: Panel, clip: string, job: string): Promise<void> {
  if ((await panel.ask("restore", { clips: [clip] })) !== undefined) panel.say(`${job} is back.`);
}

/** The file, from the server or from the bytes that came through the kernel. */
function Download({ details: { item } }: { details: Details }) {
  const source = useVideoSource(item);
  const name = item.path.split(/[\\/]/).at(-1) || `${item.job}.mp4`;
  const url = videoSource(source.url);
  if (url === "") {
    const reason = source.state === "fetching" ? `Its bytes are coming: ${source.percent} %.` : source.text;
    return (
      <Action reason={reason || "It is not here yet."} onAct={() => {}}>
        Download
      </Action>
    );
  }
  return (
    <a class="veo-button" href={url} download={name}>
      Download
    </a>
  );
}

/** Text to be copied by hand, where the page may not write to the clipboard. */
function ByHand({ text }: { text: string }) {
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    box.current?.focus();
    box.current?.select();
  }, []);
  return (
    <label class="veo-by-hand">
      <span>This page may not write to the clipboard. The text is selected: copy it with Ctrl+C or ⌘C.</span>
      <textarea ref={box} readOnly rows={Math.min(10, text.split("\n").length + 1)} value={text} />
    </label>
  );
}
