// Search and filters above the gallery: small menus, each of which says what it is set to.

import type { JSX } from "preact";
import { Icon } from "../../core/ui/icons";
import type { GalleryView } from "../../protocol.gen";
import type { Library } from "../context";

export const ALL: GalleryView = {
  search: "",
  models: [],
  states: [],
  rating: 0,
  sweep: "",
  days: 0,
  order: "newest",
};

/** Whether something narrows what is shown. */
export function narrowed(view: GalleryView): boolean {
  return view.search.trim() !== "" || narrowedByMenu(view);
}

function narrowedByMenu({ models, states, rating, sweep, days }: GalleryView): boolean {
  return models.length + states.length + rating + days > 0 || sweep !== "";
}

/** Both say the same. */
export function sameView(one: GalleryView, other: GalleryView): boolean {
  const text = (view: GalleryView) =>
    JSON.stringify([view.search, view.models, view.states, view.rating, view.sweep, view.days, view.order]);
  return text(one) === text(other);
}

type Options = readonly (readonly [value: string, text: string])[];

const KINDS: Options = [
  ["", "All clips"],
  ["joined", "Joined"],
  ["failed", "Failed"],
  ["blocked", "Blocked"],
  ["cancelled", "Stopped"],
  ["uncertain", "Answer lost"],
];
const DAYS: Options = [
  ["0", "Any date"],
  ["1", "Last 24 hours"],
  ["7", "Last 7 days"],
  ["30", "Last 30 days"],
  ["365", "Last year"],
];
const ORDERS: Options = [
  ["newest", "Newest first"],
  ["oldest", "Oldest first"],
  ["rating", "Best first"],
];
const STAR = "starred";
const RATINGS: Options = [
  ["0", "Any rating"],
  [STAR, "Starred"],
  ["1", "Rated"],
  ["2", "2 and more"],
  ["3", "3 and more"],
  ["4", "4 and more"],
  ["5", "Rated 5"],
];

interface FiltersProps {
  view: GalleryView;
  library: Library;
  onChange: (change: Partial<GalleryView>) => void;
}

export function Filters({ view, library, onChange }: FiltersProps) {
  const kinds = view.states.filter((state) => state !== STAR);
  const starred = view.states.includes(STAR);
  const rating = starred && view.rating > 0 ? `${STAR} ${view.rating}` : starred ? STAR : String(view.rating);
  const models: Options = [["", "All models"], ...library.models.map((one) => textOf(one.value, one.label))];
  const sweeps: Options = [
    ["", "All sweeps"],
    ...library.sweeps.map(({ id, title }) => textOf(id, title || id)),
  ];
  return (
    <div class="veo-filters" role="group" aria-label="Search">
      <label class="veo-search">
        <Icon name="search" />
        <input
          type="search"
          value={view.search}
          placeholder="Search"
          aria-label="Search prompts and notes"
          onInput={(event) => onChange({ search: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key !== "Escape" || view.search === "") return;
            // The first clears, the next leaves.
            event.preventDefault();
            onChange({ search: "" });
          }}
        />
      </label>
      {(library.models.length > 1 || view.models.length > 0) && (
        <Filter
          label="Model"
          value={view.models.join(" ")}
          several={`${view.models.length} models`}
          options={models}
          onPick={(value) => onChange({ models: value === "" ? [] : [value] })}
        />
      )}
      <Filter
        label="Date"
        value={String(view.days)}
        several={`Last ${view.days} days`}
        options={DAYS}
        onPick={(value) => onChange({ days: Number(value) })}
      />
      <Filter
        label="Kind"
        value={kinds.join(" ")}
        several={kinds.join(", ")}
        options={KINDS}
        onPick={(value) =>
          onChange({ states: [...(value === "" ? [] : [value]), ...(starred ? [STAR] : [])] })
        }
      />
      <Filter
        label="Rating"
        value={rating}
        several={`Starred, ${view.rating} and more`}
        options={RATINGS}
        onPick={(value) =>
          onChange({
            rating: value === STAR ? 0 : Number(value),
            states: [...kinds, ...(value === STAR ? [STAR] : [])],
          })
        }
      />
      {(library.sweeps.length > 0 || view.sweep !== "") && (
        <Filter
          label="Sweep"
          value={view.sweep}
          several={view.sweep}
          options={sweeps}
          onPick={(sweep) => onChange({ sweep })}
        />
      )}
    </div>
  );
}

/** In which order they stand. */
export function OrderMenu({ view, onChange }: Pick<FiltersProps, "view" | "onChange">) {
  return (
    <Filter
      label="Order"
      value={view.order}
      usual="newest"
      several={view.order}
      options={ORDERS}
      onPick={(order) => onChange({ order: order as GalleryView["order"] })}
    />
  );
}

const textOf = (value: unknown, text: string): [string, string] => [String(value), text];

interface FilterProps {
  label: string;
  value: string;
  /** Words for a value that the menu does not have: code can set what no menu offers. */
  several: string;
  usual?: string;
  options: Options;
  onPick: (value: string) => void;
}

function Filter({ label, value, several, usual, options, onPick }: FilterProps): JSX.Element {
  const known = options.some(([one]) => one === value);
  return (
    <select
      class="veo-filter"
      aria-label={label}
      title={label}
      data-set={value !== (usual ?? options[0]?.[0])}
      value={value}
      onChange={(event) => onPick(event.currentTarget.value)}
    >
      {options.map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
      {!known && <option value={value}>{several}</option>}
    </select>
  );
}
