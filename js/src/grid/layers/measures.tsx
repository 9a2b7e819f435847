// What was measured of a clip: label and value, and what each is as the title of its label.

import type { Measured } from "../../protocol.gen";

export function MeasureTable({ measures }: { measures: readonly Measured[] }) {
  return (
    <dl class="veo-measures">
      {measures.map(({ label, value, about }) => (
        <div key={label} title={about}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
