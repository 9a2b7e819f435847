// One clip in the gallery: its still, the video over it while somebody points at it, and what is thought of it.

import { Component } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { releaseVideo } from "../../core/sources";
import { Icon } from "../../core/ui/icons";
import { StateIcon } from "../../core/ui/state-icon";
import type { Item } from "../../protocol.gen";
import { useStill, useVideoSource } from "../media/media";

/** What dragging a clip carries: its key. */
export const CLIP_TYPE = "application/x-veo-clip";

/** In few words why there is no clip; empty where there is one. */
export function lackOf({ kind, state, here }: Item): string {
  if (kind !== "none") return here ? "" : "Its file is not there";
  const text: Partial<Record<Item["state"], string>> = {
    failed: "Failed",
    blocked: "Blocked by the safety filter",
    cancelled: "Stopped",
    uncertain: "Its answer was lost",
  };
  return text[state] ?? "Not made yet";
}

/** What a tile can ask of its gallery; the same object throughout. */
export interface TileActions {
  open: (index: number) => void;
  /** `range`: all from the one chosen last; `add`: this one too, or no more. */
  pick: (index: number, how: "range" | "add") => void;
  /** `seen`: by the keyboard, so that it shows. */
  focus: (index: number, seen: boolean) => void;
  point: (key: string, on: boolean) => void;
}

interface TileProps {
  /** Undefined while its page is on its way. */
  item: Item | undefined;
  index: number;
  count: number;
  x: number;
  y: number;
  width: number;
  picture: number;
  active: boolean;
  chosen: boolean;
  playing: boolean;
  actions: TileActions;
}

/** Drawn only when something of it has changed: while it scrolls, most stay as they are. */
export class Tile extends Component<TileProps> {
  override shouldComponentUpdate(next: TileProps): boolean {
    const names = Object.keys(next) as (keyof TileProps)[];
    return names.some((name) => next[name] !== this.props[name]);
  }

  override render() {
    return <TileView {...this.props} />;
  }
}

function TileView(props: TileProps) {
  const { item, index, count, x, y, width, picture, active, chosen, playing, actions } = props;
  const style = { transform: `translate(${x}px,${y}px)`, width: `${width}px` };
  const box = { height: `${picture}px` };
  if (item === undefined) {
    return (
      <div class="veo-tile" style={style} aria-hidden="true">
        <div class="veo-tile-box veo-tile-blank" style={box} />
      </div>
    );
  }
  const { key } = item;
  const lack = lackOf(item);
  const choose = (event: MouseEvent) =>
    event.shiftKey ? "range" : event.ctrlKey || event.metaKey ? "add" : undefined;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the gallery listens to the keys of all its tiles
    <div
      class="veo-tile"
      style={style}
      role="option"
      id={idOf(key)}
      data-key={key}
      aria-selected={chosen}
      aria-setsize={count}
      aria-posinset={index + 1}
      tabIndex={active ? 0 : -1}
      draggable={item.kind !== "none"}
      onFocus={(event) => actions.focus(index, event.currentTarget.matches(":focus-visible"))}
      onBlur={() => actions.point(key, false)}
      onPointerEnter={(event) => event.pointerType !== "touch" && actions.point(key, true)}
      onPointerLeave={() => actions.point(key, false)}
      onDragStart={(event) => {
        event.dataTransfer?.setData(CLIP_TYPE, key);
        if (event.dataTransfer) event.dataTransfer.effectAllowed = "copyLink";
        actions.point(key, false);
      }}
      onMouseDown={(event) => {
        // Else the browser marks text as far as the tile that had the focus.
        if (event.shiftKey) event.preventDefault();
      }}
      onClick={(event) => {
        const how = choose(event);
        if (how === undefined) actions.open(index);
        else actions.pick(index, how);
      }}
    >
      {/* All of it in words, in the order in which it is heard best. */}
      <span class="veo-unseen">{labelOf(item)}</span>
      <div class="veo-tile-box" style={box} data-shape={item.shape} aria-hidden="true">
        {lack === "" ? (
          <TilePicture item={item} playing={playing} />
        ) : (
          <p class="veo-tile-lack">
            {item.kind === "none" && <StateIcon state={item.state} />}
            {lack}
          </p>
        )}
        {item.kind !== "none" && (
          <>
            <span class="veo-tile-length">{lengthOf(item)}</span>
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: the key is X, on the tile */}
            {/* biome-ignore lint/a11y/noStaticElementInteractions: for the mouse; an option holds no controls */}
            <span
              class="veo-tile-pick"
              title="Choose (X)"
              onClick={(event) => {
                event.stopPropagation();
                actions.pick(index, event.shiftKey ? "range" : "add");
              }}
            >
              <i>
                <Icon name="check" />
              </i>
            </span>
          </>
        )}
      </div>
      <div class="veo-tile-foot" title={item.prompt} aria-hidden="true">
        <p class="veo-tile-prompt">
          <bdi>{item.prompt || item.key}</bdi>
        </p>
        <p class="veo-tile-about">
          <span class="veo-tile-set">
            {shortDate(item.made)} · {item.settings}
          </span>
          {item.note !== "" && <Icon name="note" filled />}
          {item.rating > 0 && (
            <span class="veo-tile-rating">
              {item.rating}
              <i class="veo-tile-point" />
            </span>
          )}
          {item.star && <Icon name="star" filled />}
        </p>
      </div>
    </div>
  );
}

function TilePicture({ item, playing }: { item: Item; playing: boolean }) {
  const still = useStill(item.key);
  return (
    <>
      {still === "" ? (
        <div class="veo-tile-blank" />
      ) : (
        <img src={still} alt="" decoding="async" draggable={false} />
      )}
      {playing && <Playing item={item} />}
    </>
  );
}

function Playing({ item }: { item: Item }) {
  const { url, state, percent, text, onBroken, onLoaded } = useVideoSource(item);
  const [drawn, setDrawn] = useState(false);
  const video = useRef<HTMLVideoElement>(null);
  useLayoutEffect(() => {
    const element = video.current;
    if (url === "" || element === null) return undefined;
    element.muted = true;
    // Refused where a page may not play by itself, or when it is taken away meanwhile: its still is enough.
    element.play()?.catch(() => {});
    return () => {
      releaseVideo(element);
    };
  }, [url]);
  if (state === "fetching") {
    return (
      <div class="veo-bar">
        <div style={{ transform: `scaleX(${percent / 100})` }} />
      </div>
    );
  }
  if (state === "failed") return <p class="veo-tile-failed">{text}</p>;
  return (
    <video
      ref={video}
      key={url}
      src={url}
      data-drawn={drawn}
      muted
      loop
      playsInline
      disableRemotePlayback
      tabIndex={-1}
      aria-hidden="true"
      onLoadedData={() => {
        setDrawn(true);
        onLoaded();
      }}
      onError={(event) => event.currentTarget.hasAttribute("src") && onBroken()}
    />
  );
}

const idOf = (key: string) => `veo-tile-${key.replace("/", "-")}`;

const lengthOf = ({ kind, duration }: Item) =>
  `${kind === "joined" ? "joined · " : ""}${Number(duration.toFixed(1))} s`;

// Made once: each costs more than a screenful of tiles.
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** The time of today, the day of this year, else the date. */
export function shortDate(made: number, now = new Date()): string {
  const date = new Date(made * 1000);
  if (date.toDateString() === now.toDateString()) return CLOCK.format(date);
  return (date.getFullYear() === now.getFullYear() ? DAY : YEAR).format(date);
}

/** A tile in words, for those who can't see it. */
export function labelOf(item: Item): string {
  const text = [
    item.prompt || item.key,
    lackOf(item),
    item.kind === "none" ? "" : lengthOf(item),
    item.settings,
    `made ${FULL.format(new Date(item.made * 1000))}`,
    item.rating > 0 ? `rated ${item.rating} of 5` : "",
    item.star ? "starred" : "",
    item.note === "" ? "" : `note: ${item.note}`,
  ];
  return text
    .filter((word) => word !== "")
    .map((word) => word.replace(/\.$/, ""))
    .join(". ");
}
