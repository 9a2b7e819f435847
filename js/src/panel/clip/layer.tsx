// What lies over the panel: one clip with all that is known of it, two compared, several put together. What is
// opened from there lies over it in turn, and Escape takes away the topmost.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { askWith } from "../../core/connection";
import { useNotices } from "../../core/ui/notices";
import type { GalleryView } from "../../protocol.gen";
import { type AskPanel, type Layer, type Library, type Panel, PanelContext, usePanel } from "../context";
import "./layer.css";
import "./details/details.css";
import "./join/join.css";
import { Blind } from "./blind/blind";
import { Compare } from "./compare";
import { ClipDetails } from "./details/details";
import { Join } from "./join/join";
import { LayerContext } from "./layer-context";

interface OpenLayerProps {
  layer: Layer;
  library: Library;
  /** How the gallery is shown: the next clip is the next one there. */
  view: GalleryView;
}

export function OpenLayer({ layer, library, view }: OpenLayerProps) {
  const panel = usePanel();
  const [stack, setStack] = useState<readonly Layer[]>([layer]);
  const shown = useRef(layer);
  // What is opened from elsewhere takes the place of all.
  useEffect(() => {
    if (shown.current !== layer) setStack([layer]);
    shown.current = layer;
  }, [layer]);
  const put = useMemo(
    () => (depth: number, next: readonly Layer[]) => setStack((all) => [...all.slice(0, depth), ...next]),
    [],
  );
  return (
    <>
      {stack.map((one, depth) => (
        <OneLayer
          key={`${depth} ${nameOf(one)}`}
          layer={one}
          depth={depth}
          put={put}
          panel={panel}
          library={library}
          view={view}
        />
      ))}
    </>
  );
}

function nameOf(layer: Layer): string {
  return `${layer.kind} ${layer.kind === "details" ? layer.clip : layer.clips.join(" ")}`;
}

interface OneLayerProps extends OpenLayerProps {
  depth: number;
  put: (depth: number, next: readonly Layer[]) => void;
  panel: Panel;
}

function OneLayer({ layer, depth, put, panel, library, view }: OneLayerProps) {
  // Said below a dialog, words would neither be seen nor read out.
  const notices = useNotices();
  const { say, offer } = notices;
  const { close } = panel;
  const own = useMemo<Panel>(
    () => ({
      ...panel,
      ask: askWith<AskPanel>(panel.request, say),
      say,
      offer,
      open: (next) => put(depth + 1, [next]),
      close: () => (depth === 0 ? close() : put(depth, [])),
    }),
    [panel, say, offer, put, depth, close],
  );
  const walked = layer.kind === "details" && layer.walked === true;
  const swap = useMemo(() => (next: Layer) => put(depth, [next]), [put, depth]);
  return (
    <PanelContext.Provider value={own}>
      <LayerContext.Provider value={{ panel, notices, library, view, walked, swap }}>
        {layer.kind === "details" && <ClipDetails clip={layer.clip} />}
        {layer.kind === "compare" && <Compare clips={layer.clips} />}
        {layer.kind === "blind" && <Blind clips={layer.clips} />}
        {layer.kind === "join" && <Join clips={layer.clips} />}
      </LayerContext.Provider>
    </PanelContext.Provider>
  );
}
