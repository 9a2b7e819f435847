// Drawings for the grid's buttons, in the colour of their text.

const DRAWINGS = {
  add: "M8 3v10M3 8h10",
  crop: "M4.5 1.5v10h10M1.5 4.5h10v10",
  down: "M4 6l4 4l4-4",
  tick: "M3 8.5l3.5 3.5l6.5-8",
  play: "M4.5 2.5v11l9-5.5z",
  back: "M12 3v10L5.5 8zM3.5 3v10",
  on: "M4 3v10l6.5-5zM12.5 3v10",
  loop: "M3 8.5V7a3 3 0 0 1 3-3h6.5M10.5 1.75L12.75 4L10.5 6.25M13 7.5V9a3 3 0 0 1-3 3H3.5M5.5 14.25L3.25 12L5.5 9.75",
  silent: "M2.5 6v4H5l3.5 3V3L5 6zM11 6l3.5 4M14.5 6L11 10",
  sound: "M2.5 6v4H5l3.5 3V3L5 6zM11 5.5a3.5 3.5 0 0 1 0 5M12.75 3.5a6.25 6.25 0 0 1 0 9",
  star: "M8 1.75l1.95 3.95l4.3.65l-3.1 3.05l.7 4.35L8 11.7l-3.85 2.05l.7-4.35l-3.1-3.05l4.3-.65z",
  note: "M3 2.5h10v7.5l-3.5 3.5H3zM13 10H9.5v3.5M5.5 5.5h5M5.5 8h3",
  choose: "M2.5 3.5h4.75v9H2.5zM8.75 3.5h4.75v9H8.75z",
  pause: "M4.5 2.75v10.5M11.5 2.75v10.5",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  before: "M10 3L5 8l5 5",
  after: "M6 3l5 5l-5 5",
  earlier: "M3 10l5-5l5 5",
  later: "M3 6l5 5l5-5",
  up: "M4 10l4-4l4 4",
  grip: "M6 3.5v.01M6 8v.01M6 12.5v.01M10 3.5v.01M10 8v.01M10 12.5v.01",
  enlarge: "M9.5 2.5h4v4M13.25 2.75L9 7M6.5 13.5h-4v-4M2.75 13.25L7 9",
  check: "M3 8.5l3.5 3.5L13 4.5",
  final: "M2.5 8l2.5 2.5l5-6M7.5 10.5L13.5 4M3 13.5h10",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9zM10.25 10.25L13.75 13.75",
} as const;
export type Drawing = keyof typeof DRAWINGS;

/** Decoration: the button around it carries the words. */
export function Icon({ name, filled = false }: { name: Drawing; filled?: boolean }) {
  return (
    <svg class="veo-icon" data-filled={filled} viewBox="0 0 16 16" aria-hidden="true">
      <path d={DRAWINGS[name]} />
    </svg>
  );
}

interface IconButtonProps {
  name: Drawing;
  label: string;
  /** Whether it is on, for a button that switches something. */
  pressed?: boolean;
  filled?: boolean;
  tabIndex?: number;
  onClick: () => void;
}

export function IconButton({ name, label, pressed, filled, tabIndex, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      class="veo-quiet veo-icon-button"
      aria-label={label}
      title={label}
      {...(pressed !== undefined && { "aria-pressed": pressed })}
      {...(tabIndex !== undefined && { tabIndex })}
      onClick={onClick}
    >
      <Icon name={name} filled={filled ?? false} />
    </button>
  );
}
