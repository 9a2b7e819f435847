// The pieces in their order: moved by dragging or with buttons, cut, taken out.

import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon, IconButton } from "../../../core/ui/icons";
import { follow } from "../../../grid/layers/panes";
import { formatPosition } from "../../../grid/player/sync";
import { useStill } from "../../media/media";
import { type JoinPart, lengthOf, move } from "./pieces";
import { Trim } from "./trim";

interface PieceListProps {
  parts: readonly JoinPart[];
  onChange: (parts: readonly JoinPart[]) => void;
  /** Show this second of a piece. */
  onLook: (part: JoinPart, seconds: number) => void;
  /** Have words read out. */
  onSay: (text: string) => void;
}

export function PieceList({ parts, onChange, onLook, onSay }: PieceListProps) {
  const list = useRef<HTMLOListElement>(null);
  const latest = useRef(parts);
  latest.current = parts;
  // An element that is moved in the page loses the keyboard's focus, so it is given back.
  const focus = useRef<{ id: string; by: string } | undefined>(undefined);
  useLayoutEffect(() => {
    if (focus.current === undefined) return;
    const { id, by } = focus.current;
    focus.current = undefined;
    const row = [...(list.current?.children ?? [])].find(
      (one) => (one as HTMLElement).dataset["part"] === id,
    );
    row?.querySelector<HTMLElement>(`[data-by="${by}"] button`)?.focus();
  });

  const shift = (part: JoinPart, to: number, by: string) => {
    const from = latest.current.findIndex(({ id }) => id === part.id);
    if (to < 0 || to >= latest.current.length || to === from) return;
    if (by !== "") focus.current = { id: part.id, by };
    onChange(move(latest.current, from, to));
    onSay(`Now piece ${to + 1} of ${latest.current.length}.`);
  };
  const drag = (part: JoinPart) => (event: PointerEvent) => {
    if (event.button !== 0) return;
    event.preventDefault();
    let y = event.clientY;
    follow(event.currentTarget as HTMLElement, event, (_, dy) => {
      y += dy;
      const rows = [...(list.current?.children ?? [])].map((row) => row.getBoundingClientRect());
      const from = latest.current.findIndex(({ id }) => id === part.id);
      // Past the middle of a neighbour it takes its place.
      const to = rows.findIndex(({ top, height }, at) =>
        at < from ? y < top + height / 2 : at > from && y > top + height / 2,
      );
      if (to >= 0) shift(part, to < from ? to : from + 1, "");
    });
  };
  const remove = (part: JoinPart) => {
    onChange(latest.current.filter(({ id }) => id !== part.id));
    onSay(`Piece taken out, ${latest.current.length - 1} left.`);
    const at = latest.current.findIndex(({ id }) => id === part.id);
    const neighbour = latest.current[at + 1] ?? latest.current[at - 1];
    if (neighbour !== undefined) focus.current = { id: neighbour.id, by: "remove" };
  };

  return (
    <ol ref={list} class="veo-pieces" aria-label="Pieces, in order">
      {parts.map((part, place) => (
        <li key={part.id} data-part={part.id}>
          <span class="veo-grip" title="Drag to another place" onPointerDown={drag(part)}>
            <Icon name="grip" />
          </span>
          <PieceStill part={part} />
          <div class="veo-piece-words">
            <div class="veo-piece-name">
              <b>{place + 1}</b>
              <span title={part.item.prompt}>{part.item.prompt}</span>
              <span class="veo-piece-length">{formatPosition(lengthOf(part))}</span>
            </div>
            <Trim
              part={part}
              name={`piece ${place + 1}`}
              onTrim={(next, look) => {
                onChange(latest.current.map((one) => (one.id === next.id ? next : one)));
                onLook(next, look);
              }}
            />
          </div>
          <span class="veo-piece-buttons">
            <span data-by="up" data-off={place === 0}>
              <IconButton
                name="earlier"
                label={`Piece ${place + 1} earlier`}
                onClick={() => shift(part, place - 1, "up")}
              />
            </span>
            <span data-by="down" data-off={place === parts.length - 1}>
              <IconButton
                name="later"
                label={`Piece ${place + 1} later`}
                onClick={() => shift(part, place + 1, "down")}
              />
            </span>
            <span data-by="remove">
              <IconButton name="close" label={`Take piece ${place + 1} out`} onClick={() => remove(part)} />
            </span>
          </span>
        </li>
      ))}
    </ol>
  );
}

function PieceStill({ part }: { part: JoinPart }) {
  const still = useStill(part.item.key);
  return <span class="veo-thumb-still">{still !== "" && <img src={still} alt="" />}</span>;
}
