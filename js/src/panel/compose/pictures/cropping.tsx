// Chooses the part of a picture that is kept: dragged, or moved and sized with the keyboard.

import { useRef, useState } from "preact/hooks";
import { imageSource } from "../../../core/sources";
import { Dialog } from "../../../core/ui/dialog";
import type { PictureState } from "../../../protocol.gen";
import { shareOf } from "../draft";
import { type Anchor, type Area, largest, moved, SMALLEST, sized } from "./crop";

/** Shares of the picture that a key moves it by; with Shift the larger one. */
const STEP = 0.01;
const STRIDE = 0.1;

/** Corners one drags, each with the one opposite, which stays. */
const CORNERS: readonly (Anchor & { drags: string })[] = [
  { drags: "nw", x: 1, y: 1 },
  { drags: "ne", x: 0, y: 1 },
  { drags: "sw", x: 1, y: 0 },
  { drags: "se", x: 0, y: 0 },
];

interface CropProps {
  picture: PictureState;
  /** The clip's shape, `16:9`. */
  ratio: string;
  onCrop: (area: Area) => void;
  onClose: () => void;
}

export function CropDialog({ picture, ratio, onCrop, onClose }: CropProps) {
  const full = largest(shareOf(ratio), picture);
  const [area, setArea] = useState(full);
  const stage = useRef<HTMLDivElement>(null);
  const grip = useRef<{ from: Area; x: number; y: number; anchor: Anchor | undefined } | undefined>(
    undefined,
  );
  const size = area.width / full.width;
  const pixels = `${Math.round(area.width * picture.width)} × ${Math.round(area.height * picture.height)}`;

  const hold = (event: PointerEvent, anchor?: Anchor) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    stage.current?.setPointerCapture(event.pointerId);
    grip.current = { from: area, x: event.clientX, y: event.clientY, anchor };
  };
  const drag = (event: PointerEvent) => {
    const held = grip.current;
    const room = stage.current?.getBoundingClientRect();
    if (held === undefined || room === undefined || room.width === 0) return;
    const right = (event.clientX - held.x) / room.width;
    const down = (event.clientY - held.y) / room.height;
    if (held.anchor === undefined) return setArea(moved(held.from, right, down));
    const { from, anchor } = held;
    // Along the edge that was dragged further.
    const wider = (anchor.x === 0 ? right : -right) / full.width;
    const higher = (anchor.y === 0 ? down : -down) / full.height;
    const more = Math.abs(wider) > Math.abs(higher) ? wider : higher;
    setArea(sized(from, full, from.width / full.width + more, anchor));
  };
  const press = (event: KeyboardEvent) => {
    const step = event.shiftKey ? STRIDE : STEP;
    const acts: Record<string, () => Area> = {
      ArrowLeft: () => moved(area, -step, 0),
      ArrowRight: () => moved(area, step, 0),
      ArrowUp: () => moved(area, 0, -step),
      ArrowDown: () => moved(area, 0, step),
      "+": () => sized(area, full, size + 0.05),
      "=": () => sized(area, full, size + 0.05),
      "-": () => sized(area, full, size - 0.05),
    };
    const act = acts[event.key];
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    setArea(act());
  };
  const percent = (share: number) => `${(share * 100).toFixed(3)}%`;

  return (
    <Dialog label={`Crop ${picture.name}`} size="small" moves={0} onClose={onClose}>
      <h2>Crop to {ratio}</h2>
      <div
        ref={stage}
        class="veo-crop"
        style={{ "--veo-shape": String(picture.width / picture.height) }}
        onPointerMove={drag}
        onPointerUp={() => {
          grip.current = undefined;
        }}
        onPointerCancel={() => {
          grip.current = undefined;
        }}
      >
        <img src={imageSource(picture.still)} alt={picture.name} draggable={false} />
        <div
          class="veo-crop-area"
          role="group"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move it
          tabIndex={0}
          aria-label={`The part that is kept, ${pixels} pixels. Arrow keys move it, plus and minus size it`}
          style={{
            left: percent(area.x),
            top: percent(area.y),
            width: percent(area.width),
            height: percent(area.height),
          }}
          onPointerDown={(event) => hold(event)}
          onKeyDown={press}
        >
          {CORNERS.map((corner) => (
            <span
              key={corner.drags}
              class="veo-crop-corner"
              data-corner={corner.drags}
              onPointerDown={(event) => hold(event, corner)}
            />
          ))}
        </div>
      </div>
      <label class="veo-crop-size">
        Size
        <input
          type="range"
          min={SMALLEST * 100}
          max={100}
          step={1}
          value={Math.round(size * 100)}
          aria-valuetext={`${pixels} pixels`}
          onInput={(event) => setArea(sized(area, full, event.currentTarget.valueAsNumber / 100))}
        />
        <span class="veo-soft">
          {pixels} of {picture.width} × {picture.height}
        </span>
      </label>
      <div class="veo-buttons">
        <button type="button" class="veo-button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="veo-button veo-primary" onClick={() => onCrop(area)}>
          Crop
        </button>
      </div>
    </Dialog>
  );
}
