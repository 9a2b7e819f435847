// Where a comparison is drawn: over the words that the notebook keeps of it, or over a panel.

import { render } from "preact";
import { type Request, RequestError, refusalOf } from "../core/connection";
import { Stills } from "../core/media/stills";
import { Sources } from "../core/media/videos";
import type { Stage, ViewKind } from "../core/stage";
import { overSaved } from "../core/tree";
import type { Comparing } from "../protocol.gen";
import type { Media } from "./pair";
import { CompareView } from "./view";
import { type AskComparison, Voting } from "./voting";

/** The attribute of the saved words that carries the token. */
export const SAVED = "data-veo-compare";

/** The kind of view that puts clips before a voter. */
export function openComparisons(): ViewKind {
  return overSaved({
    saved: SAVED,
    root: "veo-compare-root",
    tokenOf: (model) => (model.get("comparison") as Comparing).token,
    eventsOf: () => ["change:comparison", "change:version", "comm_live_update"],
    shown: settle,
    make({ model }, request, signal) {
      const comparing = model.get("comparison") as Comparing;
      let lost = false;
      // Lab says so of each of its models when the kernel goes; other hosts say nothing, and requests time out there.
      const disconnected = () => {
        lost = true;
      };
      const asking = ((...what: Parameters<Request>) =>
        lost
          ? Promise.reject(
              new RequestError("lost", "The kernel was restarted or has ended.", comparing.again),
            )
          : request(...what)) as AskComparison;
      const { voting, media } = begin(comparing, asking, signal);
      const changed = () => void voting.refresh();
      model.on("change:version", changed);
      model.on("comm_live_update", disconnected);
      signal.addEventListener("abort", () => {
        model.off("change:version", changed);
        model.off("comm_live_update", disconnected);
      });
      return () => (
        <CompareView comparing={comparing} voting={voting} media={media} request={asking} lost={lost} />
      );
    },
  });
}

/** A comparison that somebody else asks for: drawn into `el` until the signal is aborted. What is returned has it look anew. */
export function showComparison(
  el: HTMLElement,
  comparing: Comparing,
  request: AskComparison,
  signal: AbortSignal,
): () => void {
  const { voting, media } = begin(comparing, request, signal);
  render(
    <CompareView
      comparing={comparing}
      voting={voting}
      media={media}
      request={request}
      lost={false}
      entered
    />,
    el,
  );
  signal.addEventListener("abort", () => render(null, el), { once: true });
  return () => void voting.refresh();
}

/** A voter's way, and what loads the clips: from the server where it has them, without their address ever being seen. */
function begin(
  comparing: Comparing,
  request: AskComparison,
  signal: AbortSignal,
): { voting: Voting; media: Media } {
  const voting = new Voting(comparing.id, request, signal);
  const addresses = new Map<string, string>();
  voting.subscribe(() => {
    const { pair } = voting.turn ?? {};
    for (const clip of pair ? [pair.left, pair.right] : []) addresses.set(clip.key, clip.url);
  });
  const sources = new Sources(request, signal, (clip) => addresses.get(clip) ?? "");
  return { voting, media: { stills: new Stills(request, signal), sources } };
}

/** Have the saved words take the widget's place in a page that can lay the living one over them. */
function settle({ request }: Stage): void {
  if (document.querySelector(".jp-OutputArea") === null) return;
  request("settle").catch(refusalOf);
}
