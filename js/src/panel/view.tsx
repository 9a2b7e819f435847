// The panel: Compose at the left, Queue and Gallery at the right, and what is opened over them.

import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import type { Clock } from "../core/clock";
import { askWith } from "../core/connection";
import { Stills } from "../core/media/stills";
import { Sources } from "../core/media/videos";
import { leaveOnEscape, ownKeys } from "../core/ui/focus";
import type { PanelRequest } from "./request";
import "../core/ui/theme.css";
// What the parts that it shares with the card and the grid look like.
import "../core/ui/controls.css";
import "../core/ui/box.css";
import "../grid/bars.css";
import "../grid/layers/layers.css";
import "./panel.css";
import { useNotices } from "../core/ui/notices";
import type { GalleryView, Queue, Row, Setup, SharedDraft } from "../protocol.gen";
import { OpenLayer } from "./clip/layer";
import { Compose } from "./compose/compose";
import type { Library } from "./context";
import { type AskPanel, type Layer, type Panel, PanelContext } from "./context";
import { Gallery } from "./gallery/gallery";
import { NoticePlace } from "./notices";
import { QueueList } from "./queue/queue";
import { useChosen } from "./selection";
import { useDraft } from "./shared-draft";

interface PanelProps {
  setup: Setup;
  shared: SharedDraft;
  queue: Queue;
  rows: readonly Row[];
  library: Library;
  chosen: readonly string[];
  view: GalleryView;
  clock: Clock;
  request: PanelRequest;
  /** Whether the kernel has gone: nothing can be asked any more. */
  lost: boolean;
  signal: AbortSignal;
}

export function PanelView({ setup, shared, queue, rows, library, chosen, view, ...stage }: PanelProps) {
  const { clock, request, lost, signal } = stage;
  const root = useRef<HTMLDivElement>(null);
  const { notice, say, offer, clear } = useNotices();
  const [layer, setLayer] = useState<Layer>();
  const ask = useMemo(() => askWith<AskPanel>(request, say), [request, say]);
  const [picked, choose] = useChosen(chosen, ask);
  const [media] = useState(() => ({
    stills: new Stills(request, signal),
    sources: new Sources(request, signal),
  }));
  const [draft, change] = useDraft(shared, request, signal);

  const compose = useCallback<Panel["compose"]>(
    (next, show) => {
      change(next);
      if (show === true) root.current?.querySelector<HTMLElement>(".veo-compose textarea")?.focus();
    },
    [change],
  );
  const panel = useMemo<Panel>(
    () => ({
      ask,
      request,
      say,
      offer,
      open: setLayer,
      close: () => setLayer(undefined),
      compose,
      chosen: picked,
      choose,
      ...media,
      clock,
      signal,
    }),
    [ask, request, say, offer, compose, picked, choose, media, clock, signal],
  );

  return (
    <PanelContext.Provider value={panel}>
      <div
        ref={root}
        class="veo-panel"
        {...ownKeys}
        role="group"
        aria-label="Veo panel"
        onKeyDown={leaveOnEscape}
      >
        {lost && (
          <p class="veo-lost" role="status">
            The kernel was restarted or has ended. Run this cell again: what you wrote, chose and made is
            there.
          </p>
        )}
        <div class="veo-panel-parts" data-lost={lost}>
          <Compose setup={setup} draft={draft} running={queue.order.length > 0} library={library} />
          <QueueList queue={queue} rows={rows} />
          <Gallery library={library} view={view} />
        </div>
        {layer !== undefined && <OpenLayer layer={layer} library={library} view={view} />}
        <NoticePlace notice={notice} clear={clear} />
      </div>
    </PanelContext.Provider>
  );
}
