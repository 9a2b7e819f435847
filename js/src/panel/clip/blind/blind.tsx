// The chosen clips put before a voter: first what is asked of them, then two at a time without their names.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AskComparison } from "../../../compare/voting";
import { RequestError, refusalOf } from "../../../core/connection";
import { useId } from "../../../core/ui/id";
import type { Comparing, Contest } from "../../../protocol.gen";
import { usePanel } from "../../context";
import { useLayer } from "../layer-context";
import { LayerDialog } from "../layer-dialog";
import { fetchComparison, type ShowComparison } from "./bundle";
import "./blind.css";

interface Ready {
  comparing: Comparing;
  show: ShowComparison;
}

export function Blind({ clips }: { clips: readonly string[] }) {
  const [ready, setReady] = useState<Ready>();
  return (
    <LayerDialog label="Clips compared blind" heading={<h2>Compare blind</h2>}>
      {ready === undefined ? <Asking clips={clips} onReady={setReady} /> : <Comparison {...ready} />}
    </LayerDialog>
  );
}

/** What is asked of the clips, and by what they are compared. */
function Asking({ clips, onReady }: { clips: readonly string[]; onReady: (ready: Ready) => void }) {
  const { request } = usePanel();
  const [contest, setContest] = useState<Contest>();
  const [question, setQuestion] = useState("");
  const [by, setBy] = useState("");
  const [refusal, setRefusal] = useState("");
  const [waiting, setWaiting] = useState(false);
  const id = useId();
  useEffect(() => {
    let wanted = true;
    request("contest", { clips: [...clips] }).then(
      (answer) => {
        if (!wanted) return;
        setContest(answer);
        setBy(String(answer.by[0]?.value ?? ""));
      },
      (error: unknown) => wanted && setRefusal(refusalOf(error).text),
    );
    return () => {
      wanted = false;
    };
  }, [request, clips]);

  const start = async (event: Event) => {
    event.preventDefault();
    if (waiting) return;
    setWaiting(true);
    setRefusal("");
    try {
      const comparing = await request("blind", { clips: [...clips], by, question: question.trim() });
      onReady({ comparing, show: await fetchComparison(request) });
    } catch (error) {
      setWaiting(false);
      setRefusal(error instanceof RequestError ? error.text : "The comparison could not be loaded.");
    }
  };
  return (
    // In a notebook Enter sends no form by itself.
    <form
      class="veo-blind"
      onSubmit={(event) => void start(event)}
      onKeyDown={(event) =>
        event.key === "Enter" &&
        !event.isComposing &&
        (event.target as Element).matches("input") &&
        void start(event)
      }
    >
      <p>
        {clips.length} clips, two at a time, without their names and with the sides shuffled. Every vote is
        kept.
      </p>
      <label>
        Question
        <input
          type="text"
          value={question}
          maxLength={500}
          placeholder={contest?.question ?? ""}
          onInput={(event) => setQuestion(event.currentTarget.value)}
        />
      </label>
      <label for={id}>Compare by</label>
      <select id={id} value={by} onChange={(event) => setBy(event.currentTarget.value)}>
        {contest?.by.map(({ value, label }) => (
          <option key={String(value)} value={String(value)}>
            {label}
          </option>
        ))}
        <option value="">each clip for itself</option>
      </select>
      <button type="submit" class="veo-button" aria-disabled={waiting}>
        {waiting ? "Opening…" : "Start"}
      </button>
      {refusal !== "" && <p role="alert">{refusal}</p>}
    </form>
  );
}

/** The comparison itself, drawn by its own bundle. */
function Comparison({ comparing, show }: Ready) {
  const { request } = usePanel();
  const { library } = useLayer();
  const place = useRef<HTMLDivElement>(null);
  const refresh = useRef(() => {});
  useLayoutEffect(() => {
    const life = new AbortController();
    if (place.current !== null) {
      refresh.current = show(place.current, comparing, request as unknown as AskComparison, life.signal);
    }
    return () => life.abort();
  }, [comparing, show, request]);
  // Others vote meanwhile.
  useEffect(() => refresh.current(), [library.version]);
  return <div ref={place} class="veo-blind-place" />;
}
