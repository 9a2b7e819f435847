// The two clips of a pair, without anything that says which is which: no name, no address, no length.

import { useLayoutEffect, useState } from "preact/hooks";
import type { Stills } from "../core/media/stills";
import { NOTHING, type Sources } from "../core/media/videos";
import { Icon } from "../core/ui/icons";
import { usePlayer } from "../grid/context";
import { InStep } from "../grid/player/clip";
import type { BoxShape, ShownClip } from "../protocol.gen";
import { type Showing, SIDES, type Side } from "./showing";

/** What loads the clips of a page. */
export interface Media {
  stills: Stills;
  sources: Sources;
}

const NAMES: Readonly<Record<Side, string>> = { left: "Left clip", right: "Right clip" };

interface PairViewProps {
  showing: Showing;
  frame: BoxShape;
  media: Media;
}

export function PairView({ showing, frame, media }: PairViewProps) {
  const { pair } = showing;
  const [drawn, setDrawn] = useState<ReadonlySet<Side>>(new Set());
  const stills = { left: useStill(media.stills, pair.left), right: useStill(media.stills, pair.right) };
  // Both appear at one moment: the one that came first would be looked at longer.
  const ready = drawn.size === SIDES.length || SIDES.every((side) => stills[side] !== "");
  return (
    <div class="veo-compare-sides" data-frame={frame} data-ready={ready}>
      {SIDES.map((side) => (
        <OneSide
          key={side}
          side={side}
          clip={pair[side]}
          still={stills[side]}
          showing={showing}
          sources={media.sources}
          onDrawn={() => setDrawn((now) => new Set(now).add(side))}
        />
      ))}
    </div>
  );
}

interface OneSideProps {
  side: Side;
  clip: ShownClip;
  still: string;
  showing: Showing;
  sources: Sources;
  onDrawn: () => void;
}

function OneSide({ side, clip, still, showing, sources, onDrawn }: OneSideProps) {
  const { url, percent, failed } = useBytes(sources, clip);
  const [broken, setBroken] = useState(false);
  const audible = usePlayer(showing.player, (it) => it.audible === side);
  const trouble = broken ? "This browser can't play the clip." : failed;
  useLayoutEffect(() => {
    if (trouble === "") return;
    showing.settle(side, false);
    onDrawn();
  }, [trouble]);
  return (
    <div
      class="veo-compare-side"
      role="group"
      aria-label={audible ? `${NAMES[side]}, with sound` : NAMES[side]}
    >
      {still !== "" && <img src={still} alt="" draggable={false} />}
      {url !== "" && trouble === "" && (
        <InStep
          id={side}
          url={url}
          label={NAMES[side]}
          player={showing.player}
          onBroken={() => setBroken(true)}
          onLoaded={() => {
            showing.settle(side, true);
            onDrawn();
          }}
        />
      )}
      {trouble !== "" && <p class="veo-compare-trouble">{trouble} Skip this pair.</p>}
      {trouble === "" && url === "" && percent > 0 && (
        <p class="veo-compare-trouble">Fetching the clip · {percent} %</p>
      )}
      {audible && (
        <span class="veo-compare-audible">
          <Icon name="sound" />
        </span>
      )}
    </div>
  );
}

/** A clip's bytes, as an address that names nothing. */
function useBytes(sources: Sources, { key, here }: ShownClip) {
  const [fetched, setFetched] = useState(NOTHING);
  useLayoutEffect(() => (here ? sources.hold(key, setFetched) : undefined), [sources, key, here]);
  return here ? fetched : { ...NOTHING, failed: "Its file is not there any more." };
}

function useStill(stills: Stills, { key, here }: ShownClip): string {
  const [, redraw] = useState("");
  useLayoutEffect(() => (here ? stills.want(key, redraw) : undefined), [stills, key, here]);
  return stills.get(key);
}
