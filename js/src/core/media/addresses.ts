// The addresses of clips that this page can fetch, found out by trying: a host says nothing of it, and its name would be a
// guess. What is found out the kernel is told, so that the saved output is one that plays here.

import type { CardClip, Reached } from "../../protocol.gen";
import { releaseVideo, videoSource } from "../sources";

/** Where a clip may be fetched from. */
export type Addressed = Pick<CardClip, "url" | "beside" | "size">;

/** Milliseconds in sight without an answer after which an address is given up: a host may swallow what is asked. */
export const SILENT_MS = 8000;

/** What a notebook has around its outputs, and a page of outputs alone has not: the code of its cells. */
const NOTEBOOK = ".cm-editor, .CodeMirror, .jp-Notebook";
/** What turns an address beside the notebook into one of the server before it is fetched, wherever the page itself is. */
const RESOLVES = ".jp-Notebook";

export class Addresses {
  private readonly failed = new Set<string>();
  private readonly served = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private reached = "";

  /** `tell` is called with what is found out, once for each finding. */
  constructor(private readonly tell: (reached: Reached) => unknown) {}

  /** Have `listener` called whenever something was found out. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The address to try for a clip; empty where only its bytes are left, or its file is gone. */
  of({ url, beside, size }: Addressed): string {
    if (size === 0) return "";
    const tried = has(RESOLVES) ? [url, beside] : [beside, url];
    return tried.map(videoSource).find((address) => address !== "" && !this.isHopeless(address)) ?? "";
  }

  /** A clip has come from this address. */
  noteServed(clip: Addressed, address: string): void {
    this.served.add(folderOf(address));
    this.found(address === clip.beside || has(RESOLVES));
  }

  /** A clip has not come from this address. */
  noteFailed(clip: Addressed, address: string): void {
    this.failed.add(address);
    this.failed.add(folderOf(address));
    this.check(clip);
  }

  /** Tell the kernel where nothing is left to be tried. */
  check(clip: Addressed): void {
    // Where others have come, one that is damaged says nothing of them.
    if (clip.size > 0 && this.of(clip) === "" && this.served.size === 0) this.found(false);
    else this.notify();
  }

  private isHopeless(address: string): boolean {
    const folder = folderOf(address);
    return this.failed.has(address) || (this.failed.has(folder) && !this.served.has(folder));
  }

  private found(plays: boolean): void {
    const reached = { plays, apart: !has(NOTEBOOK) };
    const said = JSON.stringify(reached);
    if (said !== this.reached) {
      this.reached = said;
      this.tell(reached);
    }
    this.notify();
  }

  private notify(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

function folderOf(address: string): string {
  return address.slice(0, address.lastIndexOf("/") + 1);
}

function has(selector: string): boolean {
  return document.querySelector(selector) !== null;
}

/** Find out by this element, which loads the address, whether that is served; what is returned ends it. */
export function attempt(
  addresses: Addresses,
  clip: Addressed,
  address: string,
  video: HTMLVideoElement,
): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    controller.abort();
    clearTimeout(timer);
  };
  const failed = () => {
    end();
    addresses.noteFailed(clip, address);
  };
  // A browser loads nothing for a page that nobody has looked at yet.
  const wait = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(failed, SILENT_MS);
  };
  const served = () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", wait);
    addresses.noteServed(clip, address);
  };
  video.addEventListener("loadedmetadata", served, { signal, once: true });
  video.addEventListener("error", () => video.hasAttribute("src") && failed(), { signal });
  document.addEventListener("visibilitychange", wait, { signal });
  wait();
  return end;
}

/** Try all that there is for a clip of which nothing is shown yet, until the signal is aborted. */
export function probe(addresses: Addresses, clip: Addressed, signal: AbortSignal): void {
  const address = addresses.of(clip);
  if (address === "" || address.startsWith("blob:")) {
    addresses.check(clip);
    return;
  }
  const video = Object.assign(document.createElement("video"), { preload: "metadata", muted: true });
  const stop = attempt(addresses, clip, address, video);
  const end = () => {
    signal.removeEventListener("abort", end);
    leave();
    stop();
    releaseVideo(video);
  };
  const leave = addresses.subscribe(() => {
    end();
    if (addresses.of(clip) !== address && !signal.aborted) probe(addresses, clip, signal);
  });
  signal.addEventListener("abort", end);
  video.src = address;
}
