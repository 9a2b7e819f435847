// What the votes come to, for who wants to see it at the end.

import { useEffect, useState } from "preact/hooks";
import { refusalOf } from "../core/connection";
import type { AskComparison } from "./voting";

interface OutcomeProps {
  comparison: string;
  request: AskComparison;
  /** Votes given: after another one what was shown holds no more. */
  given: number;
}

export function OutcomeView({ comparison, request, given }: OutcomeProps) {
  const [html, setHtml] = useState("");
  const [problem, setProblem] = useState("");
  const [asking, setAsking] = useState(false);
  useEffect(() => setHtml(""), [given]);
  const ask = async () => {
    if (asking) return;
    setAsking(true);
    setProblem("");
    try {
      setHtml((await request("outcome", { comparison })).html);
    } catch (error) {
      setProblem(refusalOf(error).text);
    }
    setAsking(false);
  };
  return (
    <div class="veo-compare-outcome">
      <button type="button" class="veo-button" aria-disabled={asking} onClick={() => void ask()}>
        {html === "" ? "Show the ranking" : "Rank again"}
      </button>
      {problem !== "" && <p role="alert">{problem}</p>}
      {/* The ranking's own page: what is from outside is escaped where it is made. */}
      {html !== "" && <div tabIndex={-1} dangerouslySetInnerHTML={{ __html: html }} />}
    </div>
  );
}
