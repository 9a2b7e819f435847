// The menu that takes the sweep away: the kernel writes it beside the notebook and says where.

import type { GridCommands } from "../protocol.gen";

type Ending = GridCommands["export"]["ending"];

const KINDS: readonly (readonly [text: string, ending: Ending])[] = [
  ["Page", ".html"],
  ["Video", ".mp4"],
  ["Picture", ".png"],
  ["Table", ".csv"],
  ["Folder", ""],
];

export function ExportMenu({ onExport }: { onExport: (ending: Ending) => void }) {
  return (
    <select
      class="veo-export"
      aria-label="Export"
      value="Export"
      onChange={(event) => {
        const chosen = KINDS.find(([text]) => text === event.currentTarget.value);
        // It is a button with choices, and shows none of them as the one that holds.
        event.currentTarget.value = "Export";
        if (chosen !== undefined) onExport(chosen[1]);
      }}
    >
      <option hidden>Export</option>
      {KINDS.map(([text]) => (
        <option key={text}>{text}</option>
      ))}
    </select>
  );
}
