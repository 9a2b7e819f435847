// A strip of clips to pick from: those that are chosen first, then the newest.

import { useEffect, useState } from "preact/hooks";
import { refusalOf } from "../../core/connection";
import type { Item } from "../../protocol.gen";
import { usePanel } from "../context";
import { ALL } from "../gallery/filters";
import { Thumb } from "./picture";

/** Clips that are shown at first, and more with each press. */
export const PAGE = 24;
/** Chosen ones that are asked about one by one, where they are not among the newest. */
const MOST_CHOSEN = 12;

interface StripProps {
  label: string;
  /** Those that are not offered. */
  except?: readonly string[];
  onPick: (item: Item) => void;
}

export function ClipStrip({ label, except = [], onPick }: StripProps) {
  const { ask, request, chosen } = usePanel();
  const [found, setFound] = useState<{ items: Item[]; total: number }>();
  const [others, setOthers] = useState<Item[]>([]);
  const [limit, setLimit] = useState(PAGE);

  useEffect(() => {
    let wanted = true;
    void ask("browse", { ...ALL, offset: 0, limit: Math.min(limit, 120) }).then((answer) => {
      if (wanted && answer !== undefined) setFound(answer);
    });
    return () => {
      wanted = false;
    };
  }, [ask, limit]);

  useEffect(() => {
    if (found === undefined) return undefined;
    let wanted = true;
    const known = new Set(found.items.map(({ key }) => key));
    const missing = chosen.filter((key) => !known.has(key)).slice(0, MOST_CHOSEN);
    void Promise.all(
      missing.map(async (clip) => {
        try {
          return (await request("details", { clip })).item;
        } catch (error) {
          // Chosen once, and deleted since.
          refusalOf(error);
          return undefined;
        }
      }),
    ).then((items) => wanted && setOthers(items.filter((item) => item !== undefined)));
    return () => {
      wanted = false;
    };
  }, [request, found, chosen]);

  const all = [...others, ...(found?.items ?? [])].filter(
    ({ key, here, kind }) => !except.includes(key) && here && kind !== "none",
  );
  const place = (key: string) => (chosen.includes(key) ? chosen.indexOf(key) : chosen.length);
  const sorted = [...all].sort((a, b) => place(a.key) - place(b.key));
  return (
    <section class="veo-strip" aria-label={label}>
      <p class="veo-strip-label">{label}</p>
      {found !== undefined && sorted.length === 0 && <p class="veo-hint">There is no other clip yet.</p>}
      <div class="veo-strip-clips">
        {sorted.map((item) => (
          <Thumb
            key={item.key}
            clip={item.key}
            label={`${chosen.includes(item.key) ? "chosen " : ""}${item.prompt} (${item.job})`}
            onPick={() => onPick(item)}
          >
            {chosen.includes(item.key) && <b>chosen </b>}
            {item.prompt}
          </Thumb>
        ))}
        {found !== undefined && found.total > limit && limit < 120 && (
          <button type="button" class="veo-button" onClick={() => setLimit((now) => now + 2 * PAGE)}>
            More
          </button>
        )}
      </div>
    </section>
  );
}
