// The comparison's own bundle, which the panel fetches once somebody compares blind: most who open a panel do not.

import type { AskComparison } from "../../../compare/voting";
import type { Comparing } from "../../../protocol.gen";
import type { PanelRequest } from "../../request";

/** Draws a comparison into an element until the signal is aborted; what is returned has it look anew. */
export type ShowComparison = (
  el: HTMLElement,
  comparing: Comparing,
  request: AskComparison,
  signal: AbortSignal,
) => () => void;

/** How a script's text becomes a module; tests have another way. */
export const script = {
  load: async (text: string): Promise<{ showComparison: ShowComparison }> => {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
      return await import(/* @vite-ignore */ url);
    } finally {
      URL.revokeObjectURL(url);
    }
  },
};

let loading: Promise<ShowComparison> | undefined;

/** What shows a comparison; fetched once for a page, and anew after a refusal, which is thrown. */
export function fetchComparison(request: PanelRequest): Promise<ShowComparison> {
  loading ??= fetchOnce(request).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function fetchOnce(request: PanelRequest): Promise<ShowComparison> {
  const { script: text, style } = await request("compare-bundle", {});
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  return (await script.load(text)).showComparison;
}
