// The entry of an exported page: the same grid, on state and clips that are in the page, without a kernel.
//
// Python writes the state as JSON into `script#state`, and each clip as base64 into a `script[data-clip]` of its own
// (veo_nb/notebook/export/page.py); a page whose clips lie beside it has their addresses in it. Ratings and notes
// live in the page's memory: a file has nowhere to write them.

import { h, render } from "preact";
import { RequestError } from "./core/connection";
import { type Ask, type Marks, makeContext, type Origin } from "./grid/context";
import { GridView } from "./grid/view";
import type { GridCell, GridCommand, GridCommands, PageState } from "./protocol.gen";
import "./page.css";

/** Draws the page's grid into `place`, until `signal` is aborted. */
export function openPage(place: HTMLElement, state: PageState, signal: AbortSignal): void {
  let cells = withClips(state.cells, takeClips(signal));
  const change = (cell: string, sample: number, changes: Partial<Marks>) => {
    cells = withChanged(cells, cell, sample, changes);
    draw();
  };

  const request = async (command: GridCommand, payload: GridCommands[GridCommand]) => {
    switch (command) {
      case "details": {
        const { cell } = payload as GridCommands["details"];
        return { ...state.details[cell] };
      }
      case "rate":
      case "star":
      case "note": {
        const { cell, sample, ...marks } = payload as GridCommands["rate" | "star" | "note"];
        change(cell, sample, marks);
        return {};
      }
      default:
        throw new RequestError("page", "This page can't do that.", "The notebook it comes from can.");
    }
  };
  const origin: Origin = {
    poster: async (cell, sample) => state.stills[`${cell}/${sample}`] ?? "",
    piece: async () => {
      throw new RequestError("page", "Its file is not beside this page.", "");
    },
    reached: () => {},
  };
  const context = makeContext(origin, { now: () => Date.now() / 1000 }, signal);

  const draw = () => {
    const { grid, summary } = state;
    render(
      h(GridView, { grid, summary, cells, request: request as Ask, context, moves: 0, exported: true }),
      place,
    );
  };
  place.replaceChildren();
  draw();
  signal.addEventListener("abort", () => render(null, place), { once: true });
}

/** The addresses of the clips that are in the page; their base64 is thrown away, or all would be held twice. */
function takeClips(signal: AbortSignal): Map<string, string> {
  const found = new Map<string, string>();
  for (const element of document.querySelectorAll<HTMLElement>("script[data-clip]")) {
    const clip = new Blob([bytesOf(element.textContent)], { type: "video/mp4" });
    found.set(element.dataset["clip"] ?? "", URL.createObjectURL(clip));
    element.remove();
  }
  signal.addEventListener("abort", () => found.forEach((url) => void URL.revokeObjectURL(url)), {
    once: true,
  });
  return found;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function withClips(cells: readonly GridCell[], urls: ReadonlyMap<string, string>): GridCell[] {
  return cells.map((cell) => ({
    ...cell,
    clips: cell.clips.map((clip, sample) => ({
      ...clip,
      url: urls.get(`${cell.key}/${sample}`) ?? clip.url,
      beside: "",
    })),
  }));
}

function withChanged(
  cells: readonly GridCell[],
  key: string,
  sample: number,
  changes: Partial<Marks>,
): GridCell[] {
  return cells.map((cell) => {
    if (cell.key !== key) return cell;
    return { ...cell, clips: cell.clips.map((clip, at) => (at === sample ? { ...clip, ...changes } : clip)) };
  });
}

const json = document.getElementById("state");
const place = document.getElementById("grid");
if (json !== null && place !== null) {
  openPage(place, JSON.parse(json.textContent) as PageState, new AbortController().signal);
}
